//! All routes, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use super::busy::Slots;
use super::handlers::{
    anomalies, break_glass, budget, catalog, datasets, delegations, events, health, hooks, ingest, lineage,
    metrics, openapi, quality, query, receipt_key, release, reports, runs, sandbox, standing, streams, tags,
};
use super::readiness::Readiness;
use super::{Metrics, Shared, auth, busy, error, observe, timeout};
use crate::config::ServerSection;
use crate::serving::Serving;

/// JSON around the SQL text: other members, quotes, escapes.
const BODY_EXTRA_BYTES: usize = 16 << 10;

/// Builds the router of an opened hub. Everything under `/v1` refuses strangers; `/hooks` refuses what is not signed.
pub fn router(serving: Arc<Serving>, server: &ServerSection, metrics: Metrics) -> Router {
    let limits = *serving.hub().limits();
    let body_bytes_max = limits.sql_bytes_max.saturating_mul(2).saturating_add(BODY_EXTRA_BYTES);
    let shared = Shared {
        serving,
        server: Arc::new(server.clone()),
        slots: Slots::new(server),
        hooks: Arc::new(Semaphore::new(hooks::READING_MAX)),
        metrics,
        readiness: Readiness::default(),
    };
    let bounded = Router::<Shared>::new()
        .route("/v1/query", post(query::post_query))
        .route("/v1/release", post(release::post_release))
        .route("/v1/releases", get(standing::get_releases))
        .route("/v1/releases/{name}", post(standing::post_edition))
        .route("/v1/sandbox", post(sandbox::post_sandbox))
        .route("/v1/datasets", get(datasets::get_datasets))
        .route("/v1/catalog", get(catalog::get_catalog))
        .route("/v1/catalog/{dataset}", get(catalog::get_dataset))
        .route("/v1/catalog/{dataset}/{column}", get(catalog::get_column))
        .route("/v1/runs", get(runs::get_runs))
        .route("/v1/runs/{id}", get(runs::get_run))
        .route("/v1/audit/anomalies", get(anomalies::get_anomalies))
        .route("/v1/reports/{kind}", get(reports::get_report))
        .route("/v1/lineage/up", get(lineage::get_up))
        .route("/v1/lineage/down", get(lineage::get_down))
        .route("/v1/lineage/{dataset}/{column}", get(lineage::get_lineage))
        .route("/v1/tags", get(tags::get_tags))
        .route("/v1/tags/{id}", get(tags::get_tag))
        .route("/v1/quality", get(quality::get_quality))
        .route("/v1/streams", get(streams::get_streams))
        .route("/v1/metrics", get(streams::get_governed_metrics))
        .route("/v1/budget", get(budget::get_budget))
        .route("/v1/budget/steps", post(budget::post_step))
        .route("/v1/budget/history", get(budget::get_history))
        .route("/v1/break-glass", get(break_glass::get_break_glass).post(break_glass::post_break_glass))
        .route("/v1/break-glass/{number}/approve", post(break_glass::post_approve))
        .route("/v1/break-glass/{number}/end", post(break_glass::post_end))
        .route("/v1/delegations", get(delegations::get_delegations).post(delegations::post_delegations))
        .route("/v1/delegations/{number}/end", post(delegations::post_end))
        .layer(from_fn_with_state(shared.clone(), timeout::give_up));
    let unbounded = Router::<Shared>::new()
        .route("/v1/ingest/{dataset}", post(ingest::post_ingest))
        .route("/v1/events/{dataset}", post(events::post_events));
    bounded
        .merge(unbounded)
        .layer(from_fn_with_state(shared.clone(), busy::take_slot))
        .layer(from_fn_with_state(shared.clone(), auth::require_bearer))
        .route("/hooks/{source}", get(hooks::get_hook).post(hooks::post_hook))
        .route("/healthz", get(health::get_healthz))
        .route("/readyz", get(health::get_readyz))
        .route("/metrics", get(metrics::get_metrics))
        .route("/openapi.json", get(openapi::get_openapi))
        .route("/receipt-key", get(receipt_key::get_receipt_key))
        .fallback(error::unknown_endpoint)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(from_fn(observe::observe))
        .with_state(shared)
}

#[cfg(test)]
mod tests;
