//! What checks of answers share.

use serde_json::{Map, Value};

/// How many half-widths of its interval a noisy value may lie off, besides its bias: beyond 95 % by far, so that a
/// demonstration does not fail by chance.
const HALF_WIDTHS_MAX: f64 = 4.0;

/// The share by which the bounds on one member's contribution may lower a total.
const BIAS_MAX: f64 = 0.15;

/// Returns the rows of an answer.
pub(crate) fn rows(answer: &Value) -> Result<Vec<&Map<String, Value>>, String> {
    let rows = answer.get("rows").and_then(Value::as_array).ok_or_else(|| fault(answer, "it has no rows"))?;
    rows.iter().map(|row| row.as_object().ok_or_else(|| "a row is no object".to_owned())).collect()
}

/// Returns how many rows an answer says it has; they must be there.
pub(crate) fn row_count(answer: &Value) -> Result<u64, String> {
    let found = rows(answer)?.len();
    let stated = answer.get("row_count").and_then(Value::as_u64).ok_or("it was cut off")?;
    if u64::try_from(found).is_ok_and(|found| found == stated) {
        Ok(stated)
    } else {
        Err("it has another number of rows than it says".to_owned())
    }
}

/// Returns a text of a row.
pub(crate) fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    row.get(name).and_then(Value::as_str).ok_or_else(|| format!("`{name}` is no text"))
}

/// Checks that an error has a code.
pub(crate) fn code_is(answer: &Value, code: &str) -> Result<String, String> {
    match answer.pointer("/error/code").and_then(Value::as_str) {
        Some(found) if found == code => Ok(format!("`{code}`")),
        Some(found) => Err(format!("`{found}` instead of `{code}`")),
        None => Err("it was answered".to_owned()),
    }
}

/// Checks that noisy values lie near the exact ones, group by group; returns the largest distance in percent.
pub(crate) fn near(noisy: &Value, exact: &Value, key: &str, value: &str) -> Result<f64, String> {
    let mut worst = 0.0_f64;
    let mut compared = 0;
    for row in rows(noisy)? {
        let same = |other: &&&Map<String, Value>| other.get(key) == row.get(key);
        let truth =
            rows(exact)?.iter().find(same).and_then(|other| other.get(value)?.as_f64()).unwrap_or(0.0);
        let number = |name: String| {
            row.get(&name).and_then(Value::as_f64).ok_or_else(|| format!("`{name}` is no number"))
        };
        let shown = number(value.to_owned())?;
        let half = (number(format!("{value}_hi95"))? - number(format!("{value}_lo95"))?) / 2.0;
        let off = (shown - truth).abs();
        if off > truth.abs() * BIAS_MAX + half * HALF_WIDTHS_MAX {
            return Err(format!("`{value}` of a group lies {off:.0} off, with a half-width of {half:.0}"));
        }
        if truth > 0.0 {
            worst = worst.max(100.0 * off / truth);
        }
        compared += 1;
    }
    if compared == 0 { Err(fault(noisy, "no group was shown")) } else { Ok(worst) }
}

fn fault(answer: &Value, words: &str) -> String {
    match answer.pointer("/error/code").and_then(Value::as_str) {
        Some(code) => format!("{words}: `{code}`"),
        None => words.to_owned(),
    }
}

#[cfg(test)]
mod tests;
