//! One log line and two metrics a request. Neither carries SQL, a body, a bearer or a path that was typed.

use std::fmt;
use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::error::Told;

const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The process's metrics, in Prometheus's text form.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Metrics {
    /// Returns the metrics of this process; the first call installs the recorder.
    #[must_use]
    pub fn of_process() -> Self {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        Self(HANDLE.get_or_init(install).clone())
    }

    /// Writes the metrics as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0
            .as_ref()
            .map(|handle| {
                handle.run_upkeep();
                handle.render()
            })
            .unwrap_or_default()
    }
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .ok()?;
    let handle = builder.install_recorder().ok()?;
    metrics::describe_counter!("membrane_requests_total", "Requests, by route and status.");
    metrics::describe_histogram!("membrane_request_seconds", "Seconds until an answer began, by route.");
    metrics::describe_counter!("membrane_rows_ingested_total", "Rows taken in, by dataset.");
    metrics::describe_counter!("membrane_rows_quarantined_total", "Rows set aside, by dataset.");
    metrics::describe_counter!(
        "membrane_releases_total",
        "Releases, by outcome: granted, replayed, over_budget."
    );
    Some(handle)
}

/// Counts and logs a request.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    metrics::counter!(
        "membrane_requests_total",
        "method" => method.clone(), "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("membrane_request_seconds", "route" => route.clone()).record(seconds);
    let duration_ms = started.elapsed().as_millis();
    let told = response.extensions().get::<Told>();
    let code = told.map_or("", |told| told.code);
    let run = told.and_then(|told| told.run).map(|run| run.to_string()).unwrap_or_default();
    tracing::info!(
        method, route, status, code, run.id = run, duration_ms = %duration_ms, "{method} {route} answered {status} {code}"
    );
    response
}
