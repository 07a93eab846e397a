//! `GET /v1/budget`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::PrincipalId;
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, QueryOf};
use crate::wire::{BudgetBody, ErrorBody};

/// Parameters of a look at the budgets.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct BudgetParams {
    /// Of which partner only.
    #[param(value_type = Option<String>, example = "partner:acme")]
    partner: Option<PrincipalId>,
}

/// Show the privacy budgets.
///
/// Of each scope there are two, that of this calendar month (UTC), which fills up again, and that of its lifetime, which
/// does not. A partner sees its own; who may look at the record sees all that was touched.
#[utoipa::path(
    get, path = "/v1/budget", tag = "record", operation_id = "budget", security(("bearer" = [])),
    params(BudgetParams),
    responses(
        (status = 200, description = "The budgets.", body = BudgetBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the partner.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_budget(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<BudgetParams>,
) -> Result<Json<BudgetBody>, Failure> {
    let (run, budgets) = flow::budget(&ctx, &app.hub, params.partner).await?;
    Ok(Json(BudgetBody::new(run, &budgets)))
}
