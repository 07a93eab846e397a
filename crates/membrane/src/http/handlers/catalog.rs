//! `GET /v1/catalog`, `GET /v1/catalog/{dataset}` and `GET /v1/catalog/{dataset}/{column}`.

use axum::extract::State;
use axum::{Extension, Json};
use membrane_model::{ColumnName, DatasetName, Purpose};
use serde::Deserialize;

use super::faults::Faults;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, CatalogRequest};
use crate::http::App;
use crate::http::extract::{AcceptsJson, PathOf, QueryOf};
use crate::wire::{CatalogBody, CatalogColumnPageBody, CatalogDatasetBody, ErrorBody};

/// Parameters of a look at the catalog.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct CatalogParams {
    /// Words that must all be found, in names, descriptions, classes, owners and tags; 16 at most.
    #[param(example = "phone member")]
    search: Option<String>,
    /// For which purpose; analysts state one.
    #[param(value_type = Option<String>, example = "marketing_analysis")]
    purpose: Option<Purpose>,
}

/// Parameters of a look at one dataset.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PageParams {
    /// For which purpose; analysts state one.
    #[param(value_type = Option<String>, example = "marketing_analysis")]
    purpose: Option<Purpose>,
}

/// List what data there is, or find it.
///
/// Whoever may look at the record is told of every dataset, with version, size, freshness and use; others of what contracts say about columns that
/// policy shows them.
#[utoipa::path(
    get, path = "/v1/catalog", tag = "catalog", operation_id = "show_catalog", security(("bearer" = [])),
    params(CatalogParams),
    responses(
        (status = 200, description = "The datasets; of a search the best first.", body = CatalogBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no purpose.", body = ErrorBody),
        (status = 404, description = "No dataset exists for the caller.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_catalog(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    QueryOf(params): QueryOf<CatalogParams>,
) -> Result<Json<CatalogBody>, Failure> {
    let request = CatalogRequest { search: params.search, purpose: params.purpose };
    let (run, entries) = flow::show_catalog(&ctx, &app.hub, request).await?;
    Ok(Json(CatalogBody::new(run, &entries)))
}

/// Show all that is known of a dataset.
#[utoipa::path(
    get, path = "/v1/catalog/{dataset}", tag = "catalog", operation_id = "show_dataset", security(("bearer" = [])),
    params(("dataset" = String, Path, description = "The dataset."), PageParams),
    responses(
        (status = 200, description = "The dataset.", body = CatalogDatasetBody),
        Faults,
        (status = 400, description = "Wrong parameters, or no purpose.", body = ErrorBody),
        (status = 404, description = "No such dataset, for the caller.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_dataset(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf(dataset): PathOf<DatasetName>,
    QueryOf(params): QueryOf<PageParams>,
) -> Result<Json<CatalogDatasetBody>, Failure> {
    let (run, page) = flow::show_dataset(&ctx, &app.hub, &dataset, params.purpose).await?;
    Ok(Json(CatalogDatasetBody::new(run, &page)))
}

/// Show all that is known of a column.
#[utoipa::path(
    get, path = "/v1/catalog/{dataset}/{column}", tag = "catalog", operation_id = "show_column",
    security(("bearer" = [])),
    params(
        ("dataset" = String, Path, description = "The dataset."),
        ("column" = String, Path, description = "The column."),
        PageParams,
    ),
    responses(
        (status = 200, description = "The column.", body = CatalogColumnPageBody),
        Faults,
        (status = 400, description = "Wrong parameters, no purpose, or no such column for the caller.", body = ErrorBody),
        (status = 404, description = "No such dataset, for the caller.", body = ErrorBody),
        (status = 503, description = "Too busy, or the record cannot be written.", body = ErrorBody),
    )
)]
pub(in crate::http) async fn get_column(
    State(app): State<App>,
    Extension(ctx): Extension<RequestCtx>,
    _: AcceptsJson,
    PathOf((dataset, column)): PathOf<(DatasetName, ColumnName)>,
    QueryOf(params): QueryOf<PageParams>,
) -> Result<Json<CatalogColumnPageBody>, Failure> {
    let (run, page) = flow::show_column(&ctx, &app.hub, (&dataset, &column), params.purpose).await?;
    let unknown = || Failure { error: Error::UnknownColumn, run: Some(run) };
    CatalogColumnPageBody::new(run, &page).map(Json).ok_or_else(unknown)
}
