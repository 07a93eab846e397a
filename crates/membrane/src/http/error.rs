//! Errors as answers.

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use membrane_model::RunId;

use crate::error::{Error, Failure};
use crate::wire::{ErrorBody, ErrorDetail};

/// What a caller was told, for the log of requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) code: &'static str,
    pub(super) run: Option<RunId>,
}

impl From<&Failure> for ErrorBody {
    fn from(failure: &Failure) -> Self {
        let detail = ErrorDetail {
            code: failure.error.code().to_owned(),
            message: failure.error.to_string(),
            run: failure.run.map(|run| run.to_string()),
        };
        Self { error: detail }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.error.status();
        // Causes are for the operator; the caller gets the code. Neither carries a value.
        if status.is_server_error() {
            let run = self.run.map(|run| run.to_string()).unwrap_or_default();
            let code = self.error.code();
            tracing::warn!(run.id = run, code, "request failed with `{code}`: {}", self.error.explain());
        }
        let mut response = (status, Json(ErrorBody::from(&self))).into_response();
        response.extensions_mut().insert(Told { code: self.error.code(), run: self.run });
        if status == axum::http::StatusCode::UNAUTHORIZED && !matches!(self.error, Error::HookRefused) {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(
            self.error,
            Error::Busy | Error::StreamFull | Error::StreamClosed | Error::RequestsLimit { .. }
        ) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        } else if status == axum::http::StatusCode::SERVICE_UNAVAILABLE {
            // What the hub stands on is away: it is not back at once.
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// Answers for paths that are none.
pub(super) async fn unknown_endpoint() -> Failure {
    Failure::without_run(Error::UnknownEndpoint)
}

/// Answers for methods that the path does not take.
pub(super) async fn wrong_method() -> Failure {
    Failure::without_run(Error::WrongMethod)
}
