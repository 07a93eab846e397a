//! What needs a second look at the sample: how many people stand behind each value of a list, and which two columns name a row.
//!
//! PRIVACY: a value becomes part of a contract only when it occurs often and, in a dataset about members, for many of them. What one
//! member alone has is no enumeration, however often it is repeated.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use membrane_model::{ColumnName, LogicalType};

use super::dataset::{Making, is_row_number};
use super::profile::float;
use super::walk::{Piece, Walk};
use crate::IngestError;

/// Rows that a value of an enumeration has at least.
const ROWS_MIN: u64 = 20;
/// Members that a value of an enumeration has at least.
const MEMBERS_MIN: usize = 10;
/// Values of an enumeration.
const VALUES_MAX: usize = 40;
/// Rows for each value, on the average.
const ROWS_PER_VALUE_MIN: u64 = 20;
/// The share of rows that rarer values may have.
const RARE_SHARE_MAX: f64 = 0.01;
/// Columns of which two may name a row.
const KEY_COLUMNS_MAX: usize = 6;

/// Proposes enumerations and, where no column names rows alone, two that do.
pub(crate) fn look_again(
    walk: &Walk<'_>,
    columns: &mut [Making],
    subject: Option<&ColumnName>,
    wants_key: bool,
) -> Result<(), IngestError> {
    let lists: Vec<usize> = places(columns, may_be_listed);
    let subject = subject.and_then(|name| columns.iter().position(|column| column.draft.name == *name));
    let numbered = places(columns, |column| {
        column.draft.required && column.draft.can_identify() && is_row_number(column.draft.name.as_str())
    });
    let pairs = if wants_key { pairs(&numbered) } else { Vec::new() };
    if lists.is_empty() && pairs.is_empty() {
        return Ok(());
    }
    let hasher = RandomState::new();
    let mut members: HashMap<(usize, String), HashSet<u64>> = HashMap::new();
    let mut keys: Vec<Option<HashSet<u64>>> = pairs.iter().map(|_| Some(HashSet::new())).collect();
    walk.each(&mut |piece: &Piece| {
        for row in 0..piece.rows {
            if let Some(member) = subject.and_then(|subject| piece.cell(subject, row)) {
                let member = hasher.hash_one(member);
                for column in &lists {
                    let Some(value) = piece.cell(*column, row) else { continue };
                    let seen = members.entry((*column, value.to_owned())).or_default();
                    if seen.len() < MEMBERS_MIN {
                        seen.insert(member);
                    }
                }
            }
            for ((left, right), keys) in pairs.iter().zip(&mut keys) {
                let key = (piece.cell(*left, row), piece.cell(*right, row));
                if keys.as_mut().is_some_and(|keys| !keys.insert(hasher.hash_one(key))) {
                    *keys = None;
                }
            }
        }
    })?;
    for column in lists {
        let enough = |value: &str| {
            subject.is_none()
                || members.get(&(column, value.to_owned())).is_some_and(|seen| seen.len() >= MEMBERS_MIN)
        };
        if let Some(making) = columns.get_mut(column) {
            list(making, &enough, subject.is_some());
        }
    }
    let found = pairs.iter().zip(&keys).find(|(_, keys)| keys.is_some());
    if let Some(((left, right), _)) = found {
        for (place, column) in [left, right].into_iter().enumerate() {
            if let Some(making) = columns.get_mut(*column) {
                making.draft.key = Some(place + 1);
                making
                    .draft
                    .remarks
                    .push("the columns of the key occur together only once in the sample".to_owned());
            }
        }
    }
    Ok(())
}

fn places(columns: &[Making], keep: impl Fn(&Making) -> bool) -> Vec<usize> {
    columns.iter().enumerate().filter(|(_, column)| keep(column)).map(|(place, _)| place).collect()
}

fn pairs(numbered: &[usize]) -> Vec<(usize, usize)> {
    let few = numbered.iter().take(KEY_COLUMNS_MAX).enumerate();
    few.flat_map(|(place, left)| {
        numbered.iter().take(KEY_COLUMNS_MAX).skip(place + 1).map(move |right| (*left, *right))
    })
    .collect()
}

/// Tells whether a column's values may be a list that everybody may read.
fn may_be_listed(column: &Making) -> bool {
    let profile = &column.profile;
    !column.draft.is_personal()
        && column.draft.logical_type == LogicalType::String
        && profile.listed.as_ref().is_some_and(|listed| (2..=VALUES_MAX).contains(&listed.len()))
        && profile.values >= ROWS_PER_VALUE_MIN * profile.different()
}

/// Proposes the values that are frequent enough, when nearly all rows have one of them.
fn list(making: &mut Making, enough: &dyn Fn(&str) -> bool, has_members: bool) {
    let Some(listed) = &making.profile.listed else { return };
    let is_frequent = |value: &str, rows: u64| rows >= ROWS_MIN && enough(value) && !value.trim().is_empty();
    let mut values: Vec<String> = listed
        .iter()
        .filter(|(value, rows)| is_frequent(value, **rows))
        .map(|(value, _)| value.clone())
        .collect();
    let rare: u64 =
        listed.iter().filter(|(value, rows)| !is_frequent(value, **rows)).map(|(_, rows)| rows).sum();
    let rarer = listed.len() - values.len();
    if values.len() < 2 || float(rare) > RARE_SHARE_MAX * float(making.profile.values) {
        let why = format!("few different values, but {rarer} of them are too rare to be shown");
        making.draft.remarks.push(why);
        return;
    }
    values.sort();
    let whose = if has_members { format!("of {MEMBERS_MIN} members or more, ") } else { String::new() };
    let mut remark = format!("each value is {whose}in {ROWS_MIN} rows or more");
    if rarer > 0 {
        remark.push_str(&format!(
            "; {rarer} rarer ones are left out, and their {rare} rows would be set aside"
        ));
    }
    making.draft.remarks.push(remark);
    making.draft.enumeration = Some(values);
    making.draft.length_max = None;
}
