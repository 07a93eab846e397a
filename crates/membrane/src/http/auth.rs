//! Sign-in: a bearer in the `Authorization` header becomes the context of the request.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use membrane_model::AddressClass;

use super::App;
use crate::bearer::{BearerError, SignedIn};
use crate::ctx::Channel;
use crate::error::{Error, Failure};

/// Refuses strangers; gives the others their context.
pub(super) async fn require_bearer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let verified =
        bearer(request.headers()).and_then(|text| app.hub.bearers().verify(text, app.hub.clock().now()));
    match verified {
        Ok(SignedIn { principal, session }) => {
            // Every listener says it: one that does not is taken for the farthest.
            let address = request.extensions().get().copied().unwrap_or(AddressClass::Public);
            let ctx = app.hub.ctx(principal, Channel::Http).in_session(Some(session), address);
            request.extensions_mut().insert(ctx);
            next.run(request).await
        }
        Err(error) => Failure::without_run(Error::Unauthenticated(error)).into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, BearerError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(BearerError::Absent)?;
    if values.next().is_some() {
        return Err(BearerError::Invalid);
    }
    let text = value.to_str().map_err(|_| BearerError::Invalid)?;
    let (scheme, rest) = text.split_once(' ').ok_or(BearerError::Invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(rest.trim()) } else { Err(BearerError::Invalid) }
}
