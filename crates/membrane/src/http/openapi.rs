//! The OpenAPI document, made from the handlers.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::handlers::{
    anomalies, break_glass, budget, catalog, datasets, delegations, events, health, hooks, ingest, lineage,
    metrics, openapi, quality, query, receipt_key, release, reports, runs, sandbox, standing, streams, tags,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Membrane",
        description = "A privacy-preserving member data hub. Every answer is given under a policy and recorded as a run; \
                       errors carry a stable code and never a value."
    ),
    paths(
        query::post_query,
        release::post_release,
        standing::get_releases,
        standing::post_edition,
        sandbox::post_sandbox,
        ingest::post_ingest,
        events::post_events,
        hooks::post_hook,
        hooks::get_hook,
        datasets::get_datasets,
        catalog::get_catalog,
        catalog::get_dataset,
        catalog::get_column,
        runs::get_runs,
        runs::get_run,
        anomalies::get_anomalies,
        reports::get_report,
        lineage::get_lineage,
        tags::get_tags,
        tags::get_tag,
        lineage::get_up,
        lineage::get_down,
        quality::get_quality,
        streams::get_streams,
        streams::get_governed_metrics,
        budget::get_budget,
        budget::post_step,
        budget::get_history,
        break_glass::get_break_glass,
        break_glass::post_break_glass,
        break_glass::post_approve,
        break_glass::post_end,
        delegations::get_delegations,
        delegations::post_delegations,
        delegations::post_end,
        health::get_healthz,
        health::get_readyz,
        metrics::get_metrics,
        openapi::get_openapi,
        receipt_key::get_receipt_key,
    ),
    tags(
        (name = "data", description = "Bring data in, ask questions, receive releases."),
        (name = "catalog", description = "What data there is, whose it is, how it is kept, how fresh it is and who reads it."),
        (name = "tags", description = "What the hub says of members: tags, and how they are built."),
        (name = "record", description = "What was done, by whom, on which grounds."),
        (name = "operation", description = "Is the hub well?"),
    ),
    modifiers(&BearerScheme)
)]
struct Document;

struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".to_owned());
        scheme.description = Some("`membrane bearer PRINCIPAL` issues one.".to_owned());
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Returns the OpenAPI document of this hub.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
