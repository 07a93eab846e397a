//! Bearers: signed statements that whoever carries them acts for one principal, until an hour.
//!
//! A bearer is a JWT (HS256) under a key that the vault derives from the root key. It is a development credential:
//! a hub in production takes its sign-in from an identity provider.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use membrane_model::PrincipalId;
use membrane_vault::Vault;
use serde::{Deserialize, Serialize};

const AUDIENCE: &str = "membrane";
const ISSUER: &str = "membrane";
/// Hours that no bearer may outlive.
pub const HOURS_MAX: u32 = 720;
const LENGTH_MAX: usize = 4096;
const SKEW_SECONDS: i64 = 60;

/// Why a bearer was not accepted, or not made. Strangers are told no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// There was none.
    #[error("no bearer: send `Authorization: Bearer ...`; `membrane bearer PRINCIPAL` issues one")]
    Absent,
    /// Malformed, signed by someone else, for someone else, or altered.
    #[error("the bearer is not one of this hub")]
    Invalid,
    /// Its time is over.
    #[error("the bearer has expired; `membrane bearer PRINCIPAL` issues a new one")]
    Expired,
    /// Asked for longer than allowed.
    #[error("a bearer lives for 1 to {HOURS_MAX} hours")]
    Hours,
    /// It could not be signed.
    #[error("the bearer cannot be signed")]
    Sign,
}

/// Whom a bearer is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// For whom it acts.
    pub principal: PrincipalId,
    /// Its id: the session, as the record names it.
    pub session: String,
}

/// Signs and verifies bearers.
#[derive(Clone)]
pub struct Bearers {
    signing: EncodingKey,
    verifying: DecodingKey,
}

impl fmt::Debug for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearers(..)")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Bearers {
    /// Takes the key from the vault.
    #[must_use]
    pub fn new(vault: &Vault) -> Self {
        let key = vault.bearer_key();
        Self { signing: EncodingKey::from_secret(&key[..]), verifying: DecodingKey::from_secret(&key[..]) }
    }

    /// Issues a bearer; `id` names it in the record.
    ///
    /// # Errors
    /// [`BearerError::Hours`] or [`BearerError::Sign`].
    pub fn issue(
        &self,
        principal: &PrincipalId,
        id: impl fmt::Display,
        hours: u32,
        now: DateTime<Utc>,
    ) -> Result<String, BearerError> {
        if hours == 0 || hours > HOURS_MAX {
            return Err(BearerError::Hours);
        }
        let claims = Claims {
            iss: ISSUER.into(),
            sub: principal.to_string(),
            aud: AUDIENCE.into(),
            iat: now.timestamp(),
            exp: (now + TimeDelta::hours(i64::from(hours))).timestamp(),
            jti: id.to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|_| BearerError::Sign)
    }

    /// Tells for whom a bearer acts.
    ///
    /// # Errors
    /// [`BearerError::Expired`] when only its time is over, [`BearerError::Invalid`] for everything else.
    pub fn verify(&self, text: &str, now: DateTime<Utc>) -> Result<SignedIn, BearerError> {
        if text.len() > LENGTH_MAX {
            return Err(BearerError::Invalid);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "sub", "aud", "iss"]);
        // The library would read the machine's clock; the hour is checked below against the clock that was given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(text, &self.verifying, &validation)
            .map_err(|_| BearerError::Invalid)?
            .claims;
        let now = now.timestamp();
        let lifetime = claims.exp.checked_sub(claims.iat).ok_or(BearerError::Invalid)?;
        if claims.iat > now.saturating_add(SKEW_SECONDS)
            || lifetime <= 0
            || lifetime > i64::from(HOURS_MAX) * 3600
        {
            return Err(BearerError::Invalid);
        }
        if claims.exp <= now {
            return Err(BearerError::Expired);
        }
        let principal = claims.sub.parse().map_err(|_| BearerError::Invalid)?;
        Ok(SignedIn { principal, session: claims.jti })
    }
}

#[cfg(test)]
mod tests;
