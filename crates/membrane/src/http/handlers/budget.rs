//! `GET /v1/budget`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::PrincipalId;
use serde::Deserialize;

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
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 401, description = "No valid bearer.", body = ErrorBody),
        (status = 403, description = "Policy refuses.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the partner.", body = ErrorBody),
        (status = 406, description = "No acceptable form.", body = ErrorBody),
        (status = 429, description = "As many requests of the principal are being worked on as may be at once.", body = ErrorBody),
        (status = 500, description = "The hub failed.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be used.", body = ErrorBody),
        (status = 504, description = "It took too long.", body = ErrorBody),
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
