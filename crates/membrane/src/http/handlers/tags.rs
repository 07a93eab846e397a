//! `GET /v1/tags` and `GET /v1/tags/{id}`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::{Purpose, TagId};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::Failure;
use crate::flow;
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::wire::{ErrorBody, TagPageBody, TagsBody};

/// Parameters of a look at tags.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TagsParams {
    /// For what an analyst would read them.
    #[param(value_type = Option<String>)]
    purpose: Option<Purpose>,
}

/// List the tags whose values the caller may read; whoever may look at the record sees all.
#[utoipa::path(
    get, path = "/v1/tags", tag = "tags", operation_id = "list_tags",
    security(("bearer" = [])),
    params(TagsParams),
    responses(
        (status = 200, description = "The tags, and where each stands.", body = TagsBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no purpose.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the caller.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_tags(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<TagsParams>,
) -> Result<Json<TagsBody>, Failure> {
    let (run, lines) = flow::list_tags(&ctx, &app.hub, params.purpose).await?;
    Ok(Json(TagsBody::new(run, &lines)))
}

/// Show a tag, and how its builds went.
#[utoipa::path(
    get, path = "/v1/tags/{id}", tag = "tags", operation_id = "show_tag",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "The tag."), TagsParams),
    responses(
        (status = 200, description = "The tag, and its builds.", body = TagPageBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no purpose.", body = ErrorBody),
        (status = 404, description = "No such tag, for the caller.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_tag(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(id): PathOf<TagId>,
    QueryOf(params): QueryOf<TagsParams>,
) -> Result<Json<TagPageBody>, Failure> {
    let (run, page) = flow::show_tag(&ctx, &app.hub, &id, params.purpose).await?;
    Ok(Json(TagPageBody::new(run, &page)))
}
