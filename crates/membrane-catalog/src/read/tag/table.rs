//! What the contract of a table of tags must say.
//!
//! | column | type | must |
//! | --- | --- | --- |
//! | that of the entity | string | be the subject, with its identity, as `token` |
//! | `tag` | string | be required |
//! | `value` | string | not be required |
//! | `number` | number | not be required |
//! | `since` | timestamp | be required, and the event time |
//! | `version` | integer | be required |
//! | `definition` | string | be required |
//!
//! Any other column would have no value, so it may not be required. Nothing is sealed: a hub that builds tags holds no keys.

use membrane_model::{IdentityKind, LogicalType, Protection};

use super::super::{Mark, Report};
use crate::Dataset;

/// The columns beside that of the entity: their types, and whether each row has a value.
const COLUMNS: [(&str, LogicalType, bool); 6] = [
    ("tag", LogicalType::String, true),
    ("value", LogicalType::String, false),
    ("number", LogicalType::Number, false),
    ("since", LogicalType::Timestamp, true),
    ("version", LogicalType::Integer, true),
    ("definition", LogicalType::String, true),
];

/// Checks that a dataset can hold the values of a tag. `mark` is where the tag names it.
pub(super) fn check_table(dataset: &Dataset, entity: Option<&IdentityKind>, mark: Mark, report: &mut Report) {
    let table = &dataset.name;
    let mut fault = |what: String| report.fault(mark, format!("`{table}` is no table of tags: {what}"));
    let mut known = vec![entity.map(IdentityKind::as_str)];
    if let Some(entity) = entity {
        match dataset.columns.iter().find(|column| column.name.as_str() == entity.as_str()) {
            None => fault(format!("it has no column `{entity}`")),
            Some(column) => {
                if column.identity.as_ref() != Some(entity) {
                    fault(format!("column `{entity}` does not have the identity `{entity}`"));
                }
                if column.protection != Protection::Token {
                    fault(format!("column `{entity}` must be stored as `token`"));
                }
                if dataset.subject.as_ref().is_none_or(|subject| subject.column != column.name) {
                    fault(format!("column `{entity}` must be its `membrane.subject`"));
                }
            }
        }
    }
    for (name, logical_type, required) in COLUMNS {
        known.push(Some(name));
        let Some(column) = dataset.columns.iter().find(|column| column.name.as_str() == name) else {
            fault(format!("it has no column `{name}` ({logical_type})"));
            continue;
        };
        if column.logical_type != logical_type {
            fault(format!("column `{name}` must be {logical_type}, and is {}", column.logical_type));
        }
        if column.required != required {
            let not = if required { "" } else { "not " };
            fault(format!("column `{name}` must {not}be required"));
        }
        if column.protection != Protection::Clear {
            fault(format!("column `{name}` must be stored `clear`"));
        }
    }
    if dataset.event_time.as_ref().is_none_or(|time| time.as_str() != "since") {
        fault("`since` must be its `membrane.eventTime`".to_owned());
    }
    let has = |name: &str| dataset.columns.iter().any(|column| column.name.as_str() == name);
    // Another table altogether is told of by what it lacks.
    if known.iter().all(|name| name.is_some_and(has)) {
        for column in &dataset.columns {
            if column.required && !known.contains(&Some(column.name.as_str())) {
                fault(format!("nothing gives its required column `{}` a value", column.name));
            }
        }
    }
}
