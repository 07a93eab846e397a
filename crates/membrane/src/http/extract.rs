//! Extractors that refuse in the hub's own words.

mod fault;

use std::str::FromStr;

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use bytes::Bytes;
use membrane_model::NameError;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use self::fault::fault_of;
use crate::answer::{AnswerFormat, accepts};
use crate::error::{Error, Failure};

/// A JSON body.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let refuse = |text: String| Failure::without_run(Error::BadRequest(text));
        let media =
            request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            return Err(refuse("send a JSON object, with `Content-Type: application/json`".to_owned()));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                Failure::without_run(Error::TooLarge)
            }
            _ => refuse("the body could not be read to its end".to_owned()),
        })?;
        // The library would take a list as well, its values in the order of the fields.
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| *first != b'{') {
            return Err(refuse("the body is not a JSON object; see /openapi.json".to_owned()));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| refuse(fault_of(&bytes, &error)))
    }
}

/// Parameters of the path.
pub(super) struct PathOf<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Path::from_request_parts(parts, state).await.map(|Path(value)| Self(value)).map_err(|_| {
            Failure::without_run(Error::BadRequest(
                "the path does not have the names that it needs".to_owned(),
            ))
        })
    }
}

/// Parameters behind the question mark.
pub(super) struct QueryOf<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        Query::from_request_parts(parts, state).await.map(|Query(value)| Self(value)).map_err(|_| {
            let text = "the parameters behind `?` are not those that this endpoint takes; see /openapi.json";
            Failure::without_run(Error::BadRequest(text.to_owned()))
        })
    }
}

/// A word that is read as what it stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parsed<T>(pub(super) T);

impl<'de, T: FromStr<Err = NameError>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// The form that the caller accepts for rows.
pub(super) struct RowsAs(pub(super) AnswerFormat);

impl<S: Send + Sync> FromRequestParts<S> for RowsAs {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let format = AnswerFormat::negotiate(accept(&parts.headers)?.as_deref());
        format.map(Self).ok_or(Failure::without_run(Error::NotAcceptable))
    }
}

/// The caller accepts JSON, for what is not rows.
pub(super) struct AcceptsJson;

impl<S: Send + Sync> FromRequestParts<S> for AcceptsJson {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        if AnswerFormat::accepts(accept(&parts.headers)?.as_deref(), AnswerFormat::Json) {
            Ok(Self)
        } else {
            Err(Failure::without_run(Error::NotAcceptable))
        }
    }
}

/// What the caller accepts, for what is of several forms.
pub(super) struct Accepted(Option<String>);

impl Accepted {
    /// Refuses a media type that the caller does not accept.
    pub(super) fn require(&self, media: &str) -> Result<(), Failure> {
        if accepts(self.0.as_deref(), media) {
            Ok(())
        } else {
            Err(Failure::without_run(Error::NotAcceptable))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accepted {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        accept(&parts.headers).map(Self)
    }
}

fn accept(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut all = Vec::new();
    for value in headers.get_all(ACCEPT) {
        all.push(value.to_str().map_err(|_| Failure::without_run(Error::NotAcceptable))?);
    }
    Ok((!all.is_empty()).then(|| all.join(",")))
}
