//! `GET /openapi.json`.

use axum::Json;
use utoipa::openapi::OpenApi;

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation", operation_id = "openapi",
    responses((status = 200, description = "The description of this API, OpenAPI 3.1.", body = Object))
)]
pub(in crate::http) async fn get_openapi() -> Json<OpenApi> {
    Json(crate::http::openapi_document())
}
