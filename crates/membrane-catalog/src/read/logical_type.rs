//! `logicalType` and `physicalType` of a property, as one of our types.

use membrane_model::LogicalType;

use super::fields::Fields;
use super::suggest::{did_you_mean, shown};
use super::{At, Edition, Report};

const PRECISION_MAX: u8 = 38;

/// The logical types of the standard that a column may have.
const KNOWN: [&str; 6] = ["string", "integer", "number", "boolean", "date", "timestamp"];

/// Words of other type systems, and what to write here.
const FOREIGN: [(&str, &str); 13] = [
    ("int", "integer"),
    ("bigint", "integer"),
    ("long", "integer"),
    ("float", "number"),
    ("double", "number"),
    ("decimal", "number` with `physicalType: decimal(12,2)"),
    ("numeric", "number` with `physicalType: decimal(12,2)"),
    ("money", "number` with `physicalType: decimal(12,2)"),
    ("bool", "boolean"),
    ("text", "string"),
    ("varchar", "string"),
    ("datetime", "date` with `physicalType: timestamp"),
    ("timestamptz", "date` with `physicalType: timestamp"),
];

/// Reads the type of a property. A `number` is exact when its physical type is `decimal(P,S)`. A `date`
/// whose physical type is a timestamp is one: the standard had no other word for it before 3.1.
pub(super) fn read_logical_type(
    fields: &Fields<'_>,
    what: &str,
    edition: Edition,
    report: &mut Report,
) -> Option<At<LogicalType>> {
    let logical = fields.required_text("logicalType", what, report);
    let physical = fields.text("physicalType", report);
    let logical = logical?;
    if logical.value == "timestamp" && edition == Edition::V30 {
        let fault = "has no `logicalType: timestamp`: write `date` with `physicalType: timestamp`, or \
                     `apiVersion: v3.1.0`";
        report.fault(logical.mark, format!("{what}: version 3.0 of the standard {fault}"));
    }
    let physical_word = physical.map(|physical| base_word(physical.value));
    let found = match logical.value {
        "string" => LogicalType::String,
        "integer" => LogicalType::Integer,
        "boolean" => LogicalType::Boolean,
        "timestamp" => LogicalType::Timestamp,
        "date" if physical_word.as_deref().is_some_and(is_timestamp) => LogicalType::Timestamp,
        "date" => LogicalType::Date,
        "number" => match physical.zip(physical_word) {
            Some((physical, word)) if is_decimal(&word) => match parse_decimal(physical.value) {
                Ok(decimal) => decimal,
                Err(fault) => {
                    report.fault(physical.mark, format!("{what}: {fault}"));
                    return None;
                }
            },
            _ => LogicalType::Number,
        },
        other => {
            report.fault(logical.mark, format!("{what}: {}", unknown(other)));
            return None;
        }
    };
    Some(At { value: found, mark: logical.mark })
}

fn unknown(word: &str) -> String {
    if matches!(word, "object" | "array" | "time") {
        return format!("`logicalType: {word}` is not supported; a column is one of {}", KNOWN.join(", "));
    }
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == word.to_lowercase());
    let hint = foreign.map_or_else(|| did_you_mean(word, KNOWN), |(_, ours)| format!(", write `{ours}`"));
    format!("unknown `logicalType` {}{hint}", shown(word))
}

/// Returns the type's name without its parameters.
fn base_word(physical: &str) -> String {
    let word = physical.split('(').next().unwrap_or_default();
    word.trim().to_lowercase()
}

fn is_timestamp(word: &str) -> bool {
    word.starts_with("timestamp") || word.starts_with("datetime")
}

fn is_decimal(word: &str) -> bool {
    matches!(word, "decimal" | "numeric" | "dec")
}

fn parse_decimal(physical: &str) -> Result<LogicalType, String> {
    let form = || "an exact number is written `physicalType: decimal(PRECISION,SCALE)`".to_owned();
    let inner =
        physical.trim().split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).ok_or_else(form)?;
    let (precision, scale) = inner.split_once(',').unwrap_or((inner, "0"));
    let precision: u8 = precision.trim().parse().map_err(|_| form())?;
    let scale: i8 = scale.trim().parse().map_err(|_| form())?;
    if !(1..=PRECISION_MAX).contains(&precision) {
        return Err(format!("the precision of a decimal is 1 to {PRECISION_MAX}"));
    }
    if !u8::try_from(scale).is_ok_and(|scale| scale <= precision) {
        return Err("the scale of a decimal is 0 to its precision".to_owned());
    }
    Ok(LogicalType::Decimal { precision, scale })
}

#[cfg(test)]
mod tests;
