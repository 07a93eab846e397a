//! `GET /healthz` and `GET /readyz`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::readiness::Parts;

/// Whether the hub can work.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ReadyBody {
    /// Whether all parts can be reached.
    ready: bool,
    /// Whether the ledger can be reached.
    ledger: bool,
    /// Whether the storage of the tables can be reached.
    lake: bool,
    /// Whether what is recorded is published: the last try of this process went well. While it is not, the hub works on, unless answers wait
    /// for it (`[audit] answers`).
    log: bool,
    /// What keeps it from working, one of them: `ledger_unreachable`, `lake_unreachable`, `log_unavailable` where answers wait, or that a step stands in the record which
    /// this hub did not sign: `break_glass_altered`, nothing that is asked in one's own name is answered,
    /// `delegations_altered`, nothing that is asked on behalf of another, or `budgets_altered`, no release is.
    fault: Option<&'static str>,
}

/// Is the process alive?
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "healthz",
    responses((status = 200, description = "It is.", content_type = "text/plain", body = String))
)]
pub(in crate::http) async fn get_healthz() -> &'static str {
    "ok\n"
}

/// Can the hub work? Ledger, storage and the signatures on break-glass, delegations and budgets are looked at, every two seconds at most; nothing is written.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "readyz",
    responses(
        (status = 200, description = "It can.", body = ReadyBody),
        (status = 503, description = "A part cannot be reached, or the record is not what was written: `fault` says which.", body = ReadyBody),
    )
)]
pub(in crate::http) async fn get_readyz(State(app): State<App>) -> (StatusCode, Json<ReadyBody>) {
    let parts = app.readiness.of(&app.hub).await;
    let (Parts { ledger, lake, log, .. }, fault) = (parts, parts.fault());
    let ready = fault.is_none();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadyBody { ready, ledger, lake, log, fault }))
}
