//! `/v1/budget`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::PrincipalId;
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, JsonBody, QueryOf};
use crate::wire::{BudgetBody, BudgetHistoryBody, BudgetStepAnswerBody, ErrorBody, NewBudgetStepBody};

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
/// does not, and a forecast of when both are used up. A partner sees its own; who may look at the record sees all that was
/// touched.
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

/// Open, cap, refill, close or reopen the budget of a partner.
///
/// It takes somebody who may administer the hub. All hubs on the same ledger obey the step from their next reservation on; what
/// was spent stays spent. Asked for once more for the same ticket it is not taken twice.
#[utoipa::path(
    post, path = "/v1/budget/steps", tag = "record", operation_id = "take_budget_step", security(("bearer" = [])),
    request_body = NewBudgetStepBody,
    responses(
        (status = 200, description = "The step, which was taken.", body = BudgetStepAnswerBody),
        Faults,
        (status = 400, description = "Wrong parameters, or more than `[privacy] ceiling` allows.", body = ErrorBody),
        (status = 404, description = "No such dataset.", body = ErrorBody),
        (status = 409, description = "The budget does not stand where the step can be taken, or too many others took steps at the same time.", body = ErrorBody),
        (status = 413, description = "The body is too long.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn post_step(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    JsonBody(body): JsonBody<NewBudgetStepBody>,
) -> Result<Json<BudgetStepAnswerBody>, Failure> {
    let step = flow::NewBudgetStep::try_from(body).map_err(Failure::without_run)?;
    let (run, settled) = flow::take_budget_step(&ctx, &app.hub, step).await?;
    Ok(Json(BudgetStepAnswerBody::of(run, &settled)))
}

/// List what was decided about budgets.
///
/// A partner sees the steps of its own budget, without those who took them; who may look at the record sees all.
#[utoipa::path(
    get, path = "/v1/budget/history", tag = "record", operation_id = "budget_history", security(("bearer" = [])),
    params(BudgetParams),
    responses(
        (status = 200, description = "The steps.", body = BudgetHistoryBody),
        Faults,
        (status = 400, description = "Wrong parameters.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the partner.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_history(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<BudgetParams>,
) -> Result<Json<BudgetHistoryBody>, Failure> {
    let (run, history) = flow::budget_history(&ctx, &app.hub, params.partner).await?;
    Ok(Json(BudgetHistoryBody::of(run, &history)))
}
