//! `GET /v1/quality`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::DatasetName;
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow::{self, QualityRequest};
use crate::http::App;
use crate::http::extract::{AcceptsJson, QueryOf};
use crate::wire::{ErrorBody, QualityBody};

/// Days that are told of when nothing is stated.
const DAYS: u32 = 7;

/// Parameters of a look at quality.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct QualityParams {
    /// The dataset; all of them when not stated.
    #[param(value_type = Option<String>)]
    dataset: Option<DatasetName>,
    /// Days, today among them, 400 at most; 7 when not stated.
    days: Option<u32>,
    /// The share of rows that is to fit the contract, from 0 to 1; what each contract says when not stated.
    objective: Option<f64>,
}

/// Show how much of what was delivered fits its contract, by dataset and day.
///
/// `alerts` lists the promises of contracts that are broken at present.
#[utoipa::path(
    get, path = "/v1/quality", tag = "record", operation_id = "quality", security(("bearer" = [])),
    params(QualityParams),
    responses(
        (status = 200, description = "What became of deliveries.", body = QualityBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No such dataset.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_quality(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<QualityParams>,
) -> Result<Json<QualityBody>, Failure> {
    let QualityParams { dataset, days, objective } = params;
    let request = QualityRequest { dataset, days: days.unwrap_or(DAYS), objective };
    let (run, quality) = flow::quality(&ctx, &app.hub, request).await?;
    Ok(Json(QualityBody::new(run, &quality)))
}
