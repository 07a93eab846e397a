//! `POST /v1/ingest/{dataset}`.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::{Extension, Json};
use membrane_catalog::{OnDifference, OnTruncated};
use membrane_ingest::{ControlTotals, Format, InputSource, Packing, Reading, Silent};
use membrane_model::DatasetName;
use serde::Deserialize;

use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, IngestRequest};
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::http::upload::upload;
use crate::wire::{ErrorBody, IngestBody};

const SOURCE_LENGTH_MAX: usize = 200;
/// Not a parameter: addresses are written down by whoever passes requests on, and a sum may be of one row.
const CONTROL_TOTALS: &str = "control-totals";

/// Parameters of an ingest.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct IngestParams {
    /// The name of the delivery, as the header `Idempotency-Key` gives it too: the same name and content add nothing
    /// the second time. Without one, the content alone decides.
    source: Option<String>,
    /// The sheet of a workbook, if it shows several.
    sheet: Option<String>,
    /// What becomes of a body that ends before its own end: `stop`, nothing is taken in, or `save`, the rows that are
    /// there. Without it, the contract says. A body whose connection is lost is never taken in.
    #[param(inline)]
    on_truncated: Option<OnTruncatedParam>,
}

/// What becomes of a body that ends before its own end.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum OnTruncatedParam {
    /// Nothing is taken in.
    Stop,
    /// The rows that are there are taken in.
    Save,
}

impl From<OnTruncatedParam> for OnTruncated {
    fn from(parameter: OnTruncatedParam) -> Self {
        match parameter {
            OnTruncatedParam::Stop => Self::Stop,
            OnTruncatedParam::Save => Self::Save,
        }
    }
}

/// Bring data in.
///
/// The body is checked against the contract row by row; rows that break it are set aside with the reason. Every column
/// is protected as its contract says before the first byte is stored. All rows become visible at once, or none. Text is
/// UTF-8, or what `charset` of the content type says.
#[utoipa::path(
    post, path = "/v1/ingest/{dataset}", tag = "data", operation_id = "ingest", security(("bearer" = [])),
    params(
        ("dataset" = String, Path, description = "The dataset."),
        IngestParams,
        ("Idempotency-Key" = Option<String>, Header, description = "The name of the delivery."),
        ("Control-Totals" = Option<String>, Header, description = "What the sender says that the body has, as JSON: `{\"rows\": 3, \"sums\": {\"amount\": \"12.50\"}}`. Of a body that has not, nothing is taken in."),
        ("Content-Encoding" = Option<String>, Header, description = "`gzip` or `zstd`; what is packed and says nothing is unpacked as well."),
    ),
    request_body(content(
        (String = "application/x-ndjson"),
        (String = "application/json"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.parquet"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
        (Vec<u8> = "application/vnd.apache.avro"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    )),
    responses(
        (status = 200, description = "What became of it.", body = IngestBody),
        (status = 400, description = "The body cannot be read as what it was said to be.", body = ErrorBody),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy refuses.", body = ErrorBody),
        (status = 404, description = "No such dataset, or none that the caller may know of.", body = ErrorBody),
        (status = 406, description = "No acceptable form.", body = ErrorBody),
        (status = 409, description = "The table no longer fits its contract, or the body has not what its sender says.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
        (status = 415, description = "Not a form in which data may come.", body = ErrorBody),
        (status = 429, description = "As many requests of the principal are being worked on as may be at once.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or storage or record cannot be used.", body = ErrorBody),
        (status = 507, description = "No space is left.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_ingest(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(dataset): PathOf<DatasetName>,
    QueryOf(params): QueryOf<IngestParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<IngestBody>, Failure> {
    let idle = Duration::from_secs(app.server.idle_seconds);
    let delivery = delivery(&ctx, dataset.clone(), params, &headers, body, idle);
    let request = delivery.map_err(Failure::without_run)?;
    // On a task of its own: when the caller goes away, the body ends with an error and nothing half-written stays.
    let hub = app.hub.clone();
    let work = move || async move { flow::ingest(&ctx, &hub, request, &Silent).await };
    let ingested = app.hub.tasks().spawn_on_thread(work).await;
    let ingested = ingested.map_err(|_| Failure::without_run(Error::Internal("the ingest stopped")))??;
    Ok(Json(IngestBody::new(&dataset, &ingested)))
}

/// Makes a delivery of a request whose body is not read yet.
fn delivery(
    ctx: &RequestCtx,
    dataset: DatasetName,
    params: IngestParams,
    headers: &HeaderMap,
    body: Body,
    idle: Duration,
) -> Result<IngestRequest, Error> {
    let (format, reading) = form(headers)?;
    let IngestParams { source, sheet, on_truncated } = params;
    if sheet.is_some() && format != Format::Excel {
        return Err(Error::BadRequest("`sheet` is for workbooks".into()));
    }
    let reading = Reading { sheet, on_truncated: on_truncated.map(Into::into), ..reading };
    let control =
        headers.get(CONTROL_TOTALS).map(|text| ControlTotals::parse(text.as_bytes(), OnDifference::Stop));
    let control = control.transpose().map_err(Error::Ingest)?;
    let source = source_name(headers, source)?;
    let bytes_max = ctx.limits.body_bytes_max;
    if body.size_hint().lower() > u64::try_from(bytes_max).unwrap_or(u64::MAX) {
        return Err(Error::TooLarge);
    }
    let reader = InputSource::Stream(upload(body, bytes_max, idle));
    Ok(IngestRequest { dataset, reader, format, reading, source, control })
}

/// Returns what headers say of the form of a body.
pub(super) fn form(headers: &HeaderMap) -> Result<(Format, Reading), Error> {
    let media = header(headers, CONTENT_TYPE.as_str());
    let format = media.and_then(Format::from_content_type).ok_or(Error::UnsupportedMedia)?;
    let charset = media.and_then(charset).filter(|_| format.is_text());
    let reading = Reading {
        packing: packing(headers)?,
        encoding: charset.map(str::parse).transpose().map_err(|_| Error::UnsupportedMedia)?,
        ..Reading::default()
    };
    Ok((format, reading))
}

/// Returns what a content type says of the encoding.
fn charset(media: &str) -> Option<&str> {
    let mut parameters = media.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"'))
}

/// Returns what a body is packed in, when its header says so.
fn packing(headers: &HeaderMap) -> Result<Option<Packing>, Error> {
    let mut codings = headers.get_all(CONTENT_ENCODING).into_iter();
    match (codings.next().map(|coding| coding.to_str()), codings.next()) {
        (None, _) => Ok(None),
        (Some(Ok(coding)), None) if coding.trim().eq_ignore_ascii_case("identity") => Ok(None),
        (Some(Ok(coding)), None) => {
            Packing::from_content_coding(coding).map(Some).ok_or(Error::UnsupportedMedia)
        }
        (Some(_), _) => Err(Error::UnsupportedMedia),
    }
}

pub(super) fn source_name(headers: &HeaderMap, parameter: Option<String>) -> Result<Option<String>, Error> {
    let key = header(headers, "idempotency-key").map(str::to_owned);
    let name = match (parameter, key) {
        (Some(_), Some(_)) => {
            return Err(Error::BadRequest(
                "name the delivery by `source` or `Idempotency-Key`, not both".into(),
            ));
        }
        (name, key) => name.or(key),
    };
    match name {
        Some(name) if name.is_empty() || name.len() > SOURCE_LENGTH_MAX => {
            Err(Error::BadRequest(format!("the name of a delivery has 1 to {SOURCE_LENGTH_MAX} bytes")))
        }
        name => Ok(name),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
