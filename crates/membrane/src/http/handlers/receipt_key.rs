//! `GET /receipt-key`.

use axum::Json;
use axum::extract::State;

use crate::http::App;
use crate::wire::ReceiptKeyBody;

/// The public key that receipts of releases are signed with.
///
/// For whoever holds a receipt, partner or not: no bearer is needed. It follows from the root key and stays the same for as long
/// as the hub is there. Keep it when you first have it, and compare it with what the operator tells (`membrane keys show`).
#[utoipa::path(
    get, path = "/receipt-key", tag = "operation", operation_id = "receipt_key",
    responses((status = 200, description = "The key.", body = ReceiptKeyBody))
)]
pub(in crate::http) async fn get_receipt_key(State(app): State<App>) -> Json<ReceiptKeyBody> {
    Json(ReceiptKeyBody::new(app.hub.receipt_key()))
}
