//! A service to which events are sent with POST.

use std::time::Duration;

use reqwest::{Client, StatusCode};

use crate::config::{OpenLineageSection, SecretText};

/// How often a pause may double.
const DOUBLINGS_MAX: u32 = 7;
/// The first pause.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A service that takes events.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    client: Client,
    url: String,
    bearer: Option<SecretText>,
}

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// Nobody answered.
    Unreachable,
    /// The service could not take it now.
    ForNow,
    /// The service does not want it, and never will.
    ForEver,
}

impl Endpoint {
    /// Makes a client; none when TLS cannot be had.
    pub(super) fn new(section: &OpenLineageSection) -> Option<Self> {
        let timeout = Duration::from_millis(section.timeout_ms);
        // No redirects: they could lead to where nobody said, and over plain HTTP.
        let client = Client::builder()
            .timeout(timeout)
            .connect_timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .ok()?;
        Some(Self { client, url: section.url.clone(), bearer: section.bearer.clone() })
    }

    /// Sends an event once.
    pub(super) async fn post(&self, event: String) -> Result<(), Missed> {
        let mut request = self.client.post(&self.url).header("content-type", "application/json").body(event);
        if let Some(bearer) = &self.bearer {
            request = request.bearer_auth(bearer.expose());
        }
        // PRIVACY: the error of the library quotes the URL. What was sent and not answered may have been taken: it is tried as often as is set.
        let missed =
            |error: reqwest::Error| if error.is_connect() { Missed::Unreachable } else { Missed::ForNow };
        let status = request.send().await.map_err(missed)?.status();
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(Missed::ForNow),
            status if status.is_server_error() => Err(Missed::ForNow),
            _ => Err(Missed::ForEver),
        }
    }
}

/// Returns the pause after so many tries.
pub(super) fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.min(DOUBLINGS_MAX)).min(PAUSE_MAX)
}
