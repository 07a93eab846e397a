//! The Cedar schema: the fixed part of the folder and the part that the catalog decides.
//!
//! The generated part has an entity type `Row::DATASET` per dataset and the action `readRow`, which
//! applies to all of them. A row type's attributes are the dataset's columns that are stored in clear or
//! already generalised, of every type but floats and decimals that Cedar cannot hold; the attribute is
//! optional when the contract does not require the column. So the strict validator refuses a row rule that
//! forgets that a value may be missing, or that names a column which only a key could open. Where columns are
//! the consent for purposes, a row has the set `consents` of those that it consents to: it is never missing,
//! and NULL is no consent.

use std::fmt::Write;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{EntityUid, Schema};
use membrane_catalog::{Catalog, Column, Dataset, Fault};
use membrane_model::{Action, LogicalType, PrincipalKind, Protection, RevealLevel};

use crate::folder::Source;
use crate::text::place_and_message;

/// The Cedar action that is asked for every row.
pub(crate) const READ_ROW: &str = "readRow";
/// The Cedar action of looking up the token of an exact value.
pub(crate) const LOOK_UP: &str = "lookUp";
/// The namespace of the generated row types.
pub(crate) const ROW_NAMESPACE: &str = "Row";

/// A schema and the text that it was read from.
#[derive(Debug)]
pub(crate) struct BuiltSchema {
    pub(crate) schema: Schema,
    pub(crate) text: String,
}

/// Digits after the point that a Cedar decimal has.
const DECIMAL_SCALE_MAX: i8 = 4;
/// Digits before the point that every Cedar decimal can have: it is a 64-bit count of ten-thousandths.
const DECIMAL_WHOLE_MAX: i16 = 14;

/// Returns the Cedar type of the attribute that a column gives a row, if it gives one.
///
/// A day is the `datetime` of its midnight in UTC; an instant is one of its whole millisecond, as Cedar counts
/// no finer. Floats are no attributes, since Cedar has none, and neither are decimals with more than 4 digits
/// after the point or more than 14 before it: some of their values would be none that Cedar has. A policy that
/// names one of those is refused at load.
pub(crate) const fn row_attribute(column: &Column) -> Option<&'static str> {
    if !matches!(column.protection, Protection::Clear | Protection::Generalise(_)) {
        return None;
    }
    match column.logical_type {
        LogicalType::String => Some("String"),
        LogicalType::Integer => Some("Long"),
        LogicalType::Boolean => Some("Bool"),
        LogicalType::Date | LogicalType::Timestamp => Some("datetime"),
        LogicalType::Decimal { precision, scale } => {
            // Widening only.
            let whole = precision as i16 - scale as i16;
            if scale >= 0 && scale <= DECIMAL_SCALE_MAX && whole <= DECIMAL_WHOLE_MAX {
                Some("decimal")
            } else {
                None
            }
        }
        LogicalType::Number => None,
    }
}

/// Builds the schema. What is wrong with the fixed part, by itself or for what the hub will ask, is a
/// fault.
pub(crate) fn build(fixed: &Source, catalog: &Catalog, faults: &mut Vec<Fault>) -> Option<BuiltSchema> {
    let text = format!("{}\n{}", fixed.text, generate(catalog));
    match Schema::from_cedarschema_str(&text) {
        Ok((schema, warnings)) => {
            for warning in warnings {
                let (place, message) = place_and_message(&DetailedError::from(&warning));
                faults.push(fault_in(fixed, place, &message));
            }
            let messages = unasked(&schema).into_iter().chain(action_groups(&schema));
            faults.extend(messages.map(|message| fixed.fault(0, message)));
            Some(BuiltSchema { schema, text })
        }
        Err(error) => {
            let (place, message) = place_and_message(&DetailedError::from(&error));
            faults.push(fault_in(fixed, place, &message));
            None
        }
    }
}

fn fault_in(fixed: &Source, place: Option<usize>, message: &str) -> Fault {
    match place {
        Some(place) if place > fixed.text.len() => {
            fixed.fault(0, format!("in the part generated from the catalog: {message}"))
        }
        place => fixed.fault(place.unwrap_or(0), message),
    }
}

/// Returns the generated part.
pub(crate) fn generate(catalog: &Catalog) -> String {
    let mut rows = String::new();
    let mut names = Vec::new();
    for dataset in catalog.datasets() {
        names.push(format!("{ROW_NAMESPACE}::{}", dataset.name));
        let attributes = dataset.columns.iter().filter_map(|column| {
            let optional = if column.required { "" } else { "?" };
            Some(format!("    \"{}\"{optional}: {},\n", column.attribute(), row_attribute(column)?))
        });
        let mut attributes: String = attributes.collect();
        if dataset.has_consents() {
            attributes.push_str(&format!("    \"{}\": Set<String>,\n", Dataset::CONSENTS));
        }
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "  entity {} in [Dataset] = {{\n{attributes}  }};", dataset.name);
    }
    if names.is_empty() {
        return String::new();
    }
    let kinds: Vec<&str> = PrincipalKind::ALL.into_iter().map(PrincipalKind::cedar_type).collect();
    format!(
        "// Generated from the catalog.\nnamespace {ROW_NAMESPACE} {{\n{rows}}}\n\
         action {READ_ROW} appliesTo {{\n  principal: [{}],\n  resource: [{}],\n  context: Asked,\n}};\n",
        kinds.join(", "),
        names.join(", "),
    )
}

/// Returns the Cedar entity type of the resource that an action is asked about.
pub(crate) const fn resource_type(action: Action) -> &'static str {
    match action {
        Action::Ingest | Action::Read | Action::Release | Action::Delegate => "Dataset",
        Action::Audit | Action::Administer | Action::Erase => "Hub",
        Action::RequestBreakGlass => "Column",
        Action::ApproveBreakGlass => "BreakGlass",
    }
}

// What the hub asks must be in the schema: otherwise every request would be refused, with no policy to
// blame.
fn unasked(schema: &Schema) -> Vec<String> {
    let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(|level| (level.cedar_action(), "Column"));
    let acts = Action::ALL.into_iter().map(|action| (action.as_str(), resource_type(action)));
    levels
        .chain(acts)
        .chain([(LOOK_UP, "Column")])
        .filter(|(action, resource)| {
            let Ok(uid) = format!("Action::\"{action}\"").parse::<EntityUid>() else { return true };
            let asked = schema
                .resources_for_action(&uid)
                .is_some_and(|mut types| types.any(|found| found.to_string() == *resource));
            !asked
        })
        .map(|(action, resource)| {
            format!("the schema must have an action `{action}` that applies to `{resource}`")
        })
        .collect()
}

// Policies are sorted by the actions that they name. A group of actions would have to be resolved for
// that, and a forbid that was sorted wrongly would forbid nothing.
fn action_groups(schema: &Schema) -> Option<String> {
    let names: Vec<String> = schema.action_groups().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| format!("groups of actions are not used here: {}", names.join(", ")))
}

#[cfg(test)]
mod tests;
