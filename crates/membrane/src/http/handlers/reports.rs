//! `GET /v1/reports/{kind}`.

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use membrane_model::{ClassName, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, ReportFilter, ReportKind, ReportRequest};
use crate::http::App;
use crate::http::extract::{Accepted, Parsed, PathOf, QueryOf};
use crate::report_form::ReportForm;
use crate::wire::{ErrorBody, SinceBody};

/// Parameters of a report.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ReportParams {
    /// `access`: columns of this class, or of one below it.
    #[param(value_type = Option<String>, example = "pii.phone")]
    class: Option<ClassName>,
    /// `access`, `processing` and `releases`: of this dataset.
    #[param(value_type = Option<String>, example = "crm_members")]
    dataset: Option<DatasetName>,
    /// `access`: this column.
    #[param(value_type = Option<String>, example = "phone")]
    column: Option<ColumnName>,
    /// `access`: shown at this level.
    #[param(value_type = Option<String>, example = "clear")]
    level: Option<Parsed<RevealLevel>>,
    /// `access`: to this principal, or on its behalf; `releases`: to this partner.
    #[param(value_type = Option<String>, example = "analyst:ana")]
    principal: Option<PrincipalId>,
    /// `access` and `processing`: for this purpose; `impact` needs one.
    #[param(value_type = Option<String>, example = "marketing_analysis")]
    purpose: Option<Purpose>,
    /// From this day or moment on, in UTC; 30 days before the end for `access`, 365 for others, when not stated.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    since: Option<SinceBody>,
    /// Before this day or moment, in UTC; up to now when not stated.
    #[param(value_type = Option<String>, example = "2026-12-01")]
    until: Option<SinceBody>,
    /// `md`, `json`, `html` or `pdf`; `md` when not stated.
    #[param(value_type = Option<String>, example = "json")]
    format: Option<Parsed<ReportForm>>,
}

/// Make a report.
///
/// `access`: who may see which columns, who saw them, and why. `processing`: a record of processing activities. `releases`: what partners
/// received. `policy`: who may do what, what is proved, what changed. `impact`: the beginning of an impact assessment. Each is a run on
/// record and says how a third party checks it.
#[utoipa::path(
    get, path = "/v1/reports/{kind}", tag = "record", operation_id = "make_report", security(("bearer" = [])),
    params(("kind" = String, Path, description = "access, processing, releases, policy or impact."), ReportParams),
    responses(
        (status = 200, description = "The report, in the form that `format` says.", content_type = "text/markdown", body = String),
        Faults,
        (status = 400, description = "Wrong parameters, or no such report.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_report(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    accepted: Accepted,
    PathOf(Parsed(kind)): PathOf<Parsed<ReportKind>>,
    QueryOf(params): QueryOf<ReportParams>,
) -> Result<impl IntoResponse, Failure> {
    let form = params.format.map_or_else(ReportForm::default, |form| form.0);
    accepted.require(form.media_type())?;
    let request = ReportRequest { kind, filter: params.into() };
    let (run, document) = flow::make_report(&ctx, &app.hub, &request).await?;
    // A long one takes a while to be written, and nothing waits in it.
    let written = tokio::task::spawn_blocking(move || form.render(&document, None)).await;
    let failed = || Failure { error: Error::Internal("the report cannot be written"), run: Some(run) };
    let bytes = written.ok().and_then(Result::ok).ok_or_else(failed)?;
    let headers = [
        (CONTENT_TYPE, form.content_type()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes))
}

impl From<ReportParams> for ReportFilter {
    fn from(params: ReportParams) -> Self {
        let ReportParams { class, dataset, column, level, principal, purpose, since, until, format: _ } =
            params;
        Self {
            class,
            dataset,
            column,
            level: level.map(|level| level.0),
            principal,
            purpose,
            since: since.map(|since| since.0),
            until: until.map(|until| until.0),
        }
    }
}
