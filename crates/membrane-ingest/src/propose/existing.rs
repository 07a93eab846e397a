//! What the contract that there is says already, and what the sample says besides.
//!
//! A proposal never lowers a protection. What somebody decided stays; it is only raised where it would leave in clear what the
//! sample says identifies somebody.

use membrane_catalog::{Column, Dataset, Part};
use membrane_model::{ColumnName, Protection};

use super::dataset::Making;
use super::draft::{Draft, Sureness};

/// Joins what a contract says with what the sample says. Returns the columns, those of the contract first, and what differs.
pub(crate) fn keep(dataset: &Dataset, found: &[Making]) -> (Vec<Draft>, Vec<String>) {
    let mut differs = Vec::new();
    let mut drafts = Vec::new();
    for column in dataset.columns.iter().filter(|column| !is_kept_original(column)) {
        let key = dataset.primary_key.iter().position(|name| *name == column.name).map(|place| place + 1);
        // A key of one column needs no place.
        let mut draft = Draft::of(column, key);
        draft.keeps_original = dataset.columns.iter().any(|other| {
            is_kept_original(other) && other.from.as_ref().is_some_and(|from| from.column == column.name)
        });
        match found.iter().find(|making| making.draft.name == column.name) {
            Some(making) => compare(&mut draft, making, dataset.subject.is_some(), &mut differs),
            // What is made of another column is in no file.
            None if column.from.is_some() => {}
            None => differs
                .push(format!("column `{}` of the contract is not in the file; it is kept", column.name)),
        }
        drafts.push(draft);
    }
    let is_new = |making: &&Making| dataset.column(&making.draft.name).is_none();
    for making in found.iter().filter(is_new) {
        differs.push(format!("column `{}` is not in the contract; it is added", making.draft.name));
        let mut draft = making.draft.clone();
        draft.key = None;
        drafts.push(draft);
    }
    (drafts, differs)
}

/// Tells whether a column is there because another says `membrane.original`: it is written there, and not by itself.
fn is_kept_original(column: &Column) -> bool {
    column.from.as_ref().is_some_and(|from| {
        from.part == Part::Original
            && column.protection == Protection::Sealed
            && column.name.as_str() == format!("{}_original", from.column)
            && column.description == format!("`{}` as it was delivered", from.column)
    })
}

/// Says what differs, and raises what would leave an identifier in clear.
fn compare(draft: &mut Draft, making: &Making, has_subject: bool, differs: &mut Vec<String>) {
    let Making { draft: seen, profile, .. } = making;
    let name = draft.name.clone();
    let mut told = |text: String| differs.push(format!("column `{name}`: {text}"));
    draft.evidence.clone_from(&seen.evidence);
    draft.recogniser = seen.recogniser;
    if seen.logical_type != draft.logical_type {
        told(format!("{} in the contract, the sample looks like {}", draft.logical_type, seen.logical_type));
    }
    if draft.required && profile.missing() > 0 {
        told(format!("required, and {} of {} rows have no value", profile.missing(), profile.rows));
    }
    if draft.unique && profile.values > profile.different() {
        told(format!("unique, and {} rows repeat a value", profile.values - profile.different()));
    }
    if seen.is_personal() && !draft.is_personal() {
        if draft.waiver.is_some() {
            told(format!(
                "the sample looks like `{}`; that it is not personal is waived, and stays so",
                seen.class
            ));
        } else {
            told(format!("class `{}` becomes `{}`: {}", draft.class, seen.class, seen.evidence.join("; ")));
            draft.class.clone_from(&seen.class);
            draft.sureness = seen.sureness;
        }
    }
    if draft.is_personal() && draft.protection == Protection::Clear {
        let raised = if has_subject { seen.protection } else { Protection::Token };
        draft.protection = if raised == Protection::Clear { Protection::Token } else { raised };
        draft.public_keys = false;
        draft.bounds = None;
        draft.enumeration = None;
        told(format!("`clear` becomes `{}`", draft.protection));
    } else if seen.is_personal() && seen.protection != draft.protection {
        told(format!("`{}` is kept; the sample alone would ask for `{}`", draft.protection, seen.protection));
    }
    if draft.sureness == Sureness::Kept && !seen.is_personal() && draft.is_personal() {
        told(format!("`{}` is kept, though nothing in the sample says so", draft.class));
    }
}

/// Tells whether a column of a contract that exists is its event time, which is to stay readable.
pub(crate) fn event_time(dataset: &Dataset, drafts: &[Draft]) -> Option<ColumnName> {
    let readable = |name: &&ColumnName| {
        drafts.iter().any(|draft| {
            draft.name == **name && matches!(draft.protection, Protection::Clear | Protection::Generalise(_))
        })
    };
    dataset.event_time.as_ref().filter(readable).cloned()
}
