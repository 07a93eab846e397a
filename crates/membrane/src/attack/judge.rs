//! Whether a hub held.

use serde_json::{Map, Value};

use super::{Attack, Expect, Outcome};

/// Whether a hub held against an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Held,
    /// It did not; what came instead.
    Broken(String),
}

/// Judges what came of an attack. `other` is what came of the statement that the attack is compared with, where it is
/// compared with one.
#[must_use]
pub fn judge(attack: &Attack, came: &Outcome, other: Option<&Outcome>) -> Verdict {
    let held = match &attack.expect {
        Expect::Refused(codes) => came.code.as_deref().is_some_and(|code| codes.contains(&code)),
        Expect::Status(statuses) => statuses.contains(&came.status),
        Expect::Zero => came.only_value().is_some_and(is_zero),
        Expect::Nothing => came.rows.as_ref().is_some_and(Vec::is_empty),
        Expect::SameAs(_) => other.is_some_and(|other| same_rows(came, other)),
        Expect::SameWords(_) => other.is_some_and(|other| came.code.is_some() && same_words(came, other)),
        Expect::Told => came.status != 0 && came.status != 500 && came.status != 503,
    };
    if held { Verdict::Held } else { Verdict::Broken(instead(attack, came, other)) }
}

fn is_zero(value: &Value) -> bool {
    value.is_null() || value.as_f64() == Some(0.0)
}

/// Tells whether two answers have the same rows, in any order.
fn same_rows(one: &Outcome, other: &Outcome) -> bool {
    match (&one.rows, &other.rows) {
        (Some(one), Some(other)) => sorted(one) == sorted(other),
        // Both are refused, as two statements of one form are.
        (None, None) => one.code.is_some() && one.code == other.code,
        _ => false,
    }
}

/// Tells whether two refusals are told alike: but for the names in them, which are those that were asked for.
fn same_words(one: &Outcome, other: &Outcome) -> bool {
    let words = |outcome: &Outcome| -> Vec<String> {
        outcome.words.iter().flat_map(|words| words.split('`').step_by(2)).map(str::to_owned).collect()
    };
    (one.status, &one.code, words(one)) == (other.status, &other.code, words(other))
}

fn sorted(rows: &[Map<String, Value>]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(|row| Value::Object(row.clone()).to_string()).collect();
    rows.sort();
    rows
}

fn instead(attack: &Attack, came: &Outcome, other: Option<&Outcome>) -> String {
    let wanted = match (&attack.expect, other) {
        (Expect::Refused(codes), _) => codes.join(" or "),
        (Expect::Status(statuses), _) => format!("status {statuses:?}"),
        (Expect::Zero, _) => "0".to_owned(),
        (Expect::Nothing, _) => "no row".to_owned(),
        (Expect::SameAs(_) | Expect::SameWords(_), Some(other)) => format!("the same as {}", other.brief()),
        (Expect::SameAs(_) | Expect::SameWords(_), None) => "something to compare with".to_owned(),
        (Expect::Told, _) => "an answer or a refusal".to_owned(),
    };
    format!("{} instead of {wanted}", came.brief())
}
