use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use membrane_model::PrincipalId;
use membrane_vault::{RootKey, Vault};
use serde_json::{Value, json};

use super::{BearerError, Bearers, SignedIn};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_900_000_000, 0).expect("moment")
}

fn vault() -> Vault {
    Vault::new(&RootKey::from_hex(&"5a".repeat(32)).expect("root key"))
}

fn ana() -> PrincipalId {
    "analyst:ana".parse().expect("principal")
}

/// Signs any claims with the hub's own key, as a bearer that only its content can be wrong in.
fn signed(algorithm: Algorithm, claims: &Value) -> String {
    let key = vault().bearer_key();
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(&key[..]))
        .expect("signed")
}

fn claims() -> Value {
    let moment = now().timestamp();
    json!({"iss": "membrane", "sub": "analyst:ana", "aud": "membrane", "iat": moment, "exp": moment + 60, "jti": "x"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn check(text: &str, expected: Result<PrincipalId, BearerError>) {
    let verified = Bearers::new(&vault()).verify(text, now());
    assert_eq!(verified.map(|signed_in| signed_in.principal), expected);
}

#[test]
fn what_was_issued_is_accepted() {
    let text = Bearers::new(&vault()).issue(&ana(), "id", 8, now()).expect("bearer");
    check(&text, Ok(ana()));
    check(&signed(Algorithm::HS256, &claims()), Ok(ana()));
}

#[test]
fn its_hour_is_kept() {
    let bearers = Bearers::new(&vault());
    let text = bearers.issue(&ana(), "id", 1, now()).expect("bearer");
    let signed_in = SignedIn { principal: ana(), session: "id".to_owned() };
    assert_eq!(bearers.verify(&text, now() + TimeDelta::seconds(3599)), Ok(signed_in));
    assert_eq!(bearers.verify(&text, now() + TimeDelta::seconds(3600)), Err(BearerError::Expired));
    assert_eq!(bearers.issue(&ana(), "id", 0, now()), Err(BearerError::Hours));
    assert_eq!(bearers.issue(&ana(), "id", 721, now()), Err(BearerError::Hours));
}

#[test]
fn another_algorithm_is_refused() {
    check(&signed(Algorithm::HS384, &claims()), Err(BearerError::Invalid));
    check(&signed(Algorithm::HS512, &claims()), Err(BearerError::Invalid));
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(&claims()));
    check(&unsigned, Err(BearerError::Invalid));
}

#[test]
fn an_altered_bearer_is_refused() {
    let text = signed(Algorithm::HS256, &claims());
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    parts[1] = URL_SAFE_NO_PAD.encode(with("sub", json!("operator:root")).to_string());
    check(&parts.join("."), Err(BearerError::Invalid));
    let other = Vault::new(&RootKey::from_hex(&"5b".repeat(32)).expect("root key"));
    let foreign = Bearers::new(&other).issue(&ana(), "id", 8, now()).expect("bearer");
    check(&foreign, Err(BearerError::Invalid));
    check("", Err(BearerError::Invalid));
    check(&"a".repeat(5000), Err(BearerError::Invalid));
}

#[test]
fn each_claim_counts() {
    let moment = now().timestamp();
    let wrong = [
        with("aud", json!("other")),
        with("aud", json!(["other"])),
        with("iss", json!("other")),
        with("sub", json!("root")),
        with("iat", json!(moment + 3600)),
        with("exp", json!(moment + 721 * 3600)),
        with("exp", json!("never")),
        with("exp", Value::Null),
        with("admin", json!(true)),
    ];
    for claims in &wrong {
        check(&signed(Algorithm::HS256, claims), Err(BearerError::Invalid));
    }
    for name in ["iss", "sub", "aud", "iat", "exp", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().expect("object").remove(name);
        check(&signed(Algorithm::HS256, &claims), Err(BearerError::Invalid));
    }
    let mut past = with("exp", json!(moment - 1));
    past["iat"] = json!(moment - 100);
    check(&signed(Algorithm::HS256, &past), Err(BearerError::Expired));
}
