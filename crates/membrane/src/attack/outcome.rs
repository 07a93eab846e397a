//! What came of an attack, whatever the door.

use serde_json::{Map, Value};

use crate::error::Failure;

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The HTTP status; what it would have been, where the door has none.
    pub status: u16,
    /// The code of the error, when it is one.
    pub code: Option<String>,
    /// The words of the error.
    pub words: Option<String>,
    /// The rows of the answer, when there are some to read.
    pub rows: Option<Vec<Map<String, Value>>>,
    /// Every byte, headers too where the door has some.
    pub bytes: Vec<u8>,
}

impl Outcome {
    /// Reads an answer that came over HTTP.
    #[must_use]
    pub fn of_http(status: u16, body: &[u8], bytes: Vec<u8>) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let rows = json.get("rows").and_then(Value::as_array);
        let rows = rows.map(|rows| rows.iter().filter_map(|row| row.as_object().cloned()).collect());
        Self { status, code: text("/error/code"), words: text("/error/message"), rows, bytes }
    }

    /// Makes the outcome of a failure of a flow.
    #[must_use]
    pub fn of_failure(failure: &Failure) -> Self {
        let words = failure.error.to_string();
        Self {
            status: failure.error.status().as_u16(),
            code: Some(failure.error.code().to_owned()),
            bytes: words.clone().into_bytes(),
            words: Some(words),
            rows: None,
        }
    }

    /// Tells whether rows came back.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Returns the first value of the only row.
    #[must_use]
    pub fn only_value(&self) -> Option<&Value> {
        match self.rows.as_deref() {
            Some([row]) => row.values().next(),
            _ => None,
        }
    }

    /// Returns the place of the first of these texts that is in any byte, as UTF-8 or, in Latin letters, as UTF-16.
    #[must_use]
    pub fn held(&self, canaries: &[String]) -> Option<usize> {
        // Bytes that are no text do not hide a text behind them: each stands alone here.
        let bytes = String::from_utf8_lossy(&self.bytes);
        canaries.iter().position(|canary| {
            let wide: String = canary.chars().flat_map(|letter| [letter, '\0']).collect();
            !canary.is_empty()
                && (bytes.contains(canary.as_str()) || (canary.is_ascii() && bytes.contains(&wide)))
        })
    }

    /// Says in a few words what came back.
    #[must_use]
    pub fn brief(&self) -> String {
        match (&self.code, &self.rows) {
            (Some(code), _) => format!("{} {code}", self.status),
            (None, Some(rows)) => match self.only_value() {
                Some(value) => format!("one row, {value}"),
                None => format!("{} rows", rows.len()),
            },
            (None, None) => format!("status {}", self.status),
        }
    }
}
