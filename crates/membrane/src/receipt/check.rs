//! Checks an answer against its receipt, with the hub's public key and nothing else: no hub, no network, no clock.
//!
//! One step after the other, as each rests on the ones before: whatever is in a body that the key did not sign is not
//! looked at. What does not hold is named by where it stands, never by what stands there.

use std::collections::BTreeSet;

use membrane_vault::verify_signature;

use super::body::OF_THE_MOMENT;
use super::json::Json;
use super::{FORMAT, result};

/// What stands in an answer beside what its receipt repeats: the rows, for which there is a hash, and the receipt.
const BESIDE: [&str; 3] = ["receipt", "row_count", "rows"];
/// Differences that are named at most.
const DIFFERENCES_MAX: usize = 20;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What should hold.
    pub what: &'static str,
    /// In which ways it does not.
    pub faults: Vec<String>,
}

/// What came of checking an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What was looked at, in this order; it ends with the first that does not hold.
    pub checks: Vec<Check>,
    /// Members of the answer of which the receipt says nothing, and need not.
    pub unsaid: Vec<String>,
    body: Option<Json>,
}

impl Report {
    /// Tells whether all of it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.body.is_some()
    }

    /// Returns a text of the body, by the names that lead to it; numbers as they are written in JSON. Nothing, unless all of it
    /// holds.
    #[must_use]
    pub fn said(&self, path: &[&str]) -> Option<String> {
        let found = path.iter().try_fold(self.body.as_ref()?, |value, name| value.get(name))?;
        match found {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns the datasets that were read, with the version of each. Empty, unless all of it holds.
    #[must_use]
    pub fn datasets(&self) -> Vec<(String, Option<String>)> {
        let answer = self.body.as_ref().and_then(|body| body.get("answer")?.get("datasets")?.list());
        let of = |one: &Json| {
            let version = one.get("version").and_then(|version| match version {
                Json::Number(number) => Some(number.to_string()),
                _ => None,
            });
            Some((one.get("dataset")?.text()?.to_owned(), version))
        };
        answer.unwrap_or_default().iter().filter_map(of).collect()
    }
}

/// Checks the text of a file: a JSON answer with its receipt. `key` is the public key of the hub's receipts, as hexadecimal
/// text, from a source that is trusted: not from the file.
#[must_use]
pub fn check(file: &str, key: &str) -> Report {
    let mut report = Report { checks: Vec::new(), unsaid: Vec::new(), body: None };
    if let Some(body) = walk(file, key, &mut report) {
        report.body = Some(body);
    }
    report
}

/// Looks at one thing after the other; returns the body when all of them hold.
fn walk(file: &str, key: &str, report: &mut Report) -> Option<Json> {
    let mut look = |what, found: Result<(), Vec<String>>| {
        let faults = found.err().unwrap_or_default();
        let held = faults.is_empty();
        report.checks.push(Check { what, faults });
        held.then_some(())
    };
    let answer = Json::parse(file).map_err(|fault| vec![format!("the file {fault}")]);
    let parts = answer.as_ref().map_err(Clone::clone).and_then(parts);
    look("the file is an answer with its receipt", parts.as_ref().map(|_| ()).map_err(Clone::clone))?;
    let (answer, (body, signature)) = answer.ok().zip(parts.ok())?;
    look("the receipt is signed with that key", signed(&answer, key, (&body, &signature)))?;
    let body = Json::parse(&body).map_err(|fault| vec![format!("its body {fault}")]);
    let form = body.as_ref().map_err(Clone::clone).and_then(of_known_form);
    look("the receipt has a form that is known here", form)?;
    let body = body.ok()?;
    let said = body.get("answer").and_then(Json::members)?;
    look("the answer says what the receipt says", same(said, &answer))?;
    look("columns and rows are those of the receipt", rows(&body, &answer))?;
    let moment = answer.members()?.iter().map(|(name, _)| name);
    report.unsaid = moment.filter(|name| OF_THE_MOMENT.contains(&name.as_str())).cloned().collect();
    Some(body)
}

/// Returns the body and the signature.
fn parts(answer: &Json) -> Result<(String, String), Vec<String>> {
    let receipt = answer.get("receipt").ok_or_else(|| vec!["it has no `receipt`".to_owned()])?;
    let text = |name: &str| {
        let text = receipt.get(name).and_then(Json::text).map(ToOwned::to_owned);
        text.ok_or_else(|| vec![format!("`receipt` has no text `{name}`")])
    };
    text("key")?;
    if receipt.members().is_some_and(|members| members.len() > 3) {
        return Err(vec!["`receipt` has more than `body`, `key` and `signature`".to_owned()]);
    }
    Ok((text("body")?, text("signature")?))
}

fn signed(answer: &Json, key: &str, (body, signature): (&str, &str)) -> Result<(), Vec<String>> {
    let key = key.trim().to_ascii_lowercase();
    let named = answer.get("receipt").and_then(|receipt| receipt.get("key")).and_then(Json::text);
    if named != Some(key.as_str()) {
        return Err(vec!["it is signed with another key than the one that you named".to_owned()]);
    }
    let fault = || vec!["the signature is not one of this body by this key".to_owned()];
    if signature.bytes().any(|digit| digit.is_ascii_uppercase()) {
        return Err(fault());
    }
    verify_signature(&key, body, signature).map_err(|_| fault())
}

fn of_known_form(body: &Json) -> Result<(), Vec<String>> {
    if body.get("format").and_then(Json::text) != Some(FORMAT) {
        return Err(vec![format!("its `format` is not `{FORMAT}`: a later program may know it")]);
    }
    let whole = body.get("answer").and_then(Json::members).is_some()
        && body.get("result_sha256").and_then(Json::text).is_some();
    if whole { Ok(()) } else { Err(vec!["its body lacks `answer` or `result_sha256`".to_owned()]) }
}

/// Compares what the receipt says of the answer with the answer, and finds what it does not speak of.
fn same(said: &[(String, Json)], answer: &Json) -> Result<(), Vec<String>> {
    let mut faults = Vec::new();
    for (name, value) in said {
        match answer.get(name) {
            Some(shown) => differences(name, value, shown, &mut faults),
            None => faults.push(format!("`{name}` is not there")),
        }
    }
    let spoken: BTreeSet<&str> = said.iter().map(|(name, _)| name.as_str()).collect();
    let known = |name: &str| spoken.contains(name) || BESIDE.contains(&name) || OF_THE_MOMENT.contains(&name);
    for (name, _) in answer.members().unwrap_or_default().iter().filter(|(name, _)| !known(name)) {
        // PRIVACY: whoever put it there may have put anything into its name.
        let plain = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let name = if plain { format!("`{name}`") } else { "a member".to_owned() };
        faults.push(format!("{name} is there, and the receipt says nothing of it"));
    }
    faults.truncate(DIFFERENCES_MAX);
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Names the places at which two values differ.
fn differences(place: &str, said: &Json, shown: &Json, faults: &mut Vec<String>) {
    if said == shown || faults.len() >= DIFFERENCES_MAX {
        return;
    }
    match (said, shown) {
        (Json::Object(said), Json::Object(shown)) if names(said) == names(shown) => {
            for ((name, said), (_, shown)) in said.iter().zip(shown) {
                differences(&format!("{place}.{name}"), said, shown, faults);
            }
        }
        (Json::List(said), Json::List(shown)) if said.len() == shown.len() => {
            for (index, (said, shown)) in said.iter().zip(shown).enumerate() {
                differences(&format!("{place}[{index}]"), said, shown, faults);
            }
        }
        _ => faults.push(format!("`{place}` is not what the receipt says")),
    }
}

fn names(members: &[(String, Json)]) -> Vec<&str> {
    members.iter().map(|(name, _)| name.as_str()).collect()
}

fn rows(body: &Json, answer: &Json) -> Result<(), Vec<String>> {
    let (columns, rows) = (answer.get("columns"), answer.get("rows"));
    let (columns, rows) = columns.zip(rows).ok_or_else(|| vec!["there are no `rows`".to_owned()])?;
    let hash = result::hash(columns, rows).map_err(|fault| vec![fault])?;
    if body.get("result_sha256").and_then(Json::text) != Some(hash.as_str()) {
        return Err(vec!["a cell, a column, or the order or the number of rows is another".to_owned()]);
    }
    #[expect(clippy::cast_precision_loss, reason = "no file has so many rows")]
    let counted = rows.list().map(|rows| Json::Number(rows.len() as f64));
    match answer.get("row_count") {
        Some(count) if Some(count) != counted.as_ref() => {
            Err(vec!["`row_count` is not how many there are".to_owned()])
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
