//! One log line and two metrics a request. Neither carries SQL, a body, a bearer, a path or a method that was typed.
//!
//! PRIVACY: /metrics is served without a bearer, so it counts requests and never rows, datasets or principals. What stood out of
//! what principals did is counted by its kind alone (`anomalies.rs`), and runs of the published log as a whole (`audit_log/standing.rs`).

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;

use super::error::Told;

const BUCKETS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The methods of HTTP; others are what somebody typed.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// How often the metrics are tidied.
const UPKEEP: Duration = Duration::from_secs(5);

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
        self.tidy();
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Tidies again and again, until what is returned is dropped: single measurements are kept until they are summed
    /// up, so a hub that nobody scrapes would keep one for every request.
    pub(super) fn keep_tidy(&self) -> Upkeep {
        let metrics = self.clone();
        Upkeep::start(UPKEEP, move || metrics.tidy())
    }

    fn tidy(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

/// Work that is done again and again, until this is dropped.
#[derive(Debug)]
pub(super) struct Upkeep(JoinHandle<()>);

impl Upkeep {
    /// Starts work that goes on by itself.
    pub(super) fn of(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    fn start(every: Duration, work: impl Fn() + Send + 'static) -> Self {
        Self(tokio::spawn(async move {
            let mut beat = tokio::time::interval(every);
            loop {
                beat.tick().await;
                work();
            }
        }))
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn install() -> Option<PrometheusHandle> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .ok()?;
    let handle = builder.install_recorder().ok()?;
    metrics::describe_counter!("membrane_requests_total", "Requests, by method, route and status.");
    metrics::describe_histogram!("membrane_request_seconds", "Seconds until an answer began, by route.");
    Some(handle)
}

/// Counts and logs a request.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    metrics::counter!(
        "membrane_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.to_string()
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

/// Names a method. PRIVACY: a method may be any word that somebody typed, and each new one would be a new series.
fn method_name(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests;
