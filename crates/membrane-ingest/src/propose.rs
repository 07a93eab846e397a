//! Proposes a contract for a file: what its columns are, how each should be protected, and why.
//!
//! ```text
//! file -> its own columns -> walk (a sample) -> profile + evidence per column -> verdict (detect) -> draft
//!      -> subject, protection, key, time -> a second walk: enumerations, keys of two -> beside the contract there is -> YAML
//! ```
//!
//! It proposes, and a person decides. It never lowers a protection, and in doubt it protects and says so.
//!
//! PRIVACY: what leaves is names of columns, shares, counts and rounded bounds. The only values are those of enumerations, which
//! occur often and for many members (`second`).

mod columns;
mod dataset;
mod draft;
mod existing;
mod head;
mod names;
mod profile;
mod rounding;
mod second;
mod walk;
mod yaml;

use std::path::Path;

use membrane_catalog::{Catalog, Dataset};
use membrane_model::{ColumnName, DatasetName, Limits};

use crate::decode::Unread;
use crate::detect::{Evidence, judge};
use crate::{Format, IngestError, Reading};

use dataset::Making;
use draft::Draft;
use head::Head;
use names::Named;
use profile::Profile;
use walk::{Piece, Walk, Walked};
use yaml::Table;

pub use draft::Sureness;
pub use names::dataset_name_of;

/// Rows of a sample, unless told otherwise.
pub const SAMPLE_ROWS: u64 = 100_000;

/// What a proposal is asked for.
#[derive(Debug, Clone)]
pub struct ProposeOptions<'a> {
    /// The file.
    pub file: &'a Path,
    /// What it is.
    pub format: Format,
    /// What the dataset is to be called.
    pub dataset: DatasetName,
    /// Rows to look at, at most.
    pub rows_max: u64,
    /// The year that it is: for ages.
    pub year: i32,
    /// Bounds.
    pub limits: Limits,
    /// How it is to be read, where it does not say so itself.
    pub reading: Reading,
    /// The catalog, whose classes, identity kinds and contract are heeded.
    pub catalog: Option<&'a Catalog>,
    /// The text of the contract that the dataset has, for what it says of itself.
    pub contract: Option<&'a str>,
}

/// A contract that is proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The contract.
    pub yaml: String,
    /// The dataset.
    pub dataset: DatasetName,
    /// Rows that were looked at.
    pub rows: u64,
    /// Records that are none.
    pub malformed: u64,
    /// Whether the file has more rows than were looked at.
    pub is_sample: bool,
    /// Whose row it is.
    pub subject: Option<ColumnName>,
    /// The columns in the contract's order.
    pub columns: Vec<ProposedColumn>,
    /// What differs from the contract that there is.
    pub differs: Vec<String>,
    /// What has to be done before the file can be taken in.
    pub remarks: Vec<String>,
}

/// A column that is proposed, for people.
#[derive(Debug, Clone)]
pub struct ProposedColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub logical_type: String,
    /// Its class.
    pub class: String,
    /// How it is stored.
    pub protection: String,
    /// How sure the class is.
    pub sureness: Sureness,
    /// The recogniser that knows its values: `cn_mobile`.
    pub recogniser: Option<&'static str>,
    /// Shares and counts that speak for it.
    pub evidence: Vec<String>,
}

/// Looks at a sample of a file and proposes a contract.
///
/// # Errors
/// [`IngestError`] when the file cannot be read, is not of its format, or has no header.
pub fn propose(options: &ProposeOptions<'_>) -> Result<Proposal, IngestError> {
    let (mut walk, left) =
        Walk::open(options.file, options.format, options.limits, &options.reading, options.rows_max)?;
    let (profiles, walked) = profiles(&walk)?;
    let unread: Vec<usize> = left.iter().map(|(place, _)| *place).collect();
    let places: Vec<usize> = (0..)
        .filter(|place| !unread.contains(place))
        .take(walk.columns.len())
        .map(|place| place + 1)
        .collect();
    let mut remarks: Vec<String> = Vec::new();
    for (place, column) in &left {
        let why = column.unread.map_or("", Unread::in_words);
        remarks.push(format!("column {} of the file is left out: {why}", place + 1));
    }
    let (places, profiles) = without_nested(&mut walk, places, profiles, &mut remarks);
    let own: Vec<(usize, &str)> =
        places.iter().zip(&walk.columns).map(|(place, column)| (*place, column.name.as_str())).collect();
    let named = names::named(&own);
    let mut columns: Vec<Making> = Vec::with_capacity(named.len());
    for ((named, profile), column) in named.iter().zip(profiles).zip(&walk.columns) {
        let verdict = judge(named.name.as_str(), &profile.evidence, options.year);
        let draft = columns::propose_column(&named.name, column.logical_type, &profile, &verdict);
        columns.push(Making { draft, verdict, profile });
    }
    require_header(options.format, &own, &columns)?;

    remarks.extend(renamed(&own, &named));
    let existing = options.catalog.and_then(|catalog| catalog.dataset(&options.dataset)).cloned();
    let subject = match &existing {
        Some(dataset) => dataset.subject.as_ref().map(|subject| subject.column.clone()),
        None => dataset::choose_subject(&mut columns),
    };
    if subject.is_none() && !columns.iter().any(|column| column.draft.sureness == Sureness::Sure) {
        dataset::leave_things_alone(&mut columns);
    }
    dataset::protect(&mut columns, subject.is_some(), &options.dataset, options.catalog);
    let has_key = dataset::choose_key(&mut columns, subject.as_ref());
    second::look_again(&walk, &mut columns, subject.as_ref(), !has_key)?;
    Ok(finish(options, existing.as_deref(), columns, subject, walked, remarks))
}

/// Sees every value of the sample.
fn profiles(walk: &Walk<'_>) -> Result<(Vec<Profile>, Walked), IngestError> {
    let mut profiles: Vec<Profile> = walk.columns.iter().map(|_| Profile::new()).collect();
    let walked = walk.each(&mut |piece: &Piece| {
        for (place, profile) in profiles.iter_mut().enumerate() {
            for row in 0..piece.rows {
                profile.see(piece.cell(place, row));
            }
        }
        for (row, place) in &piece.scalars {
            let is_nested = piece.cell(*place, *row).is_some_and(|text| text.starts_with(['{', '[']));
            if let Some(profile) = profiles.get_mut(*place) {
                if is_nested { profile.nested += 1 } else { profile.scalars += 1 }
            }
        }
    })?;
    Ok((profiles, walked))
}

/// Refuses a CSV or a sheet whose first line is one of values.
///
/// PRIVACY: otherwise values would be taken for names, and names are shown.
fn require_header(format: Format, own: &[(usize, &str)], columns: &[Making]) -> Result<(), IngestError> {
    if !matches!(format, Format::Csv | Format::Excel) {
        return Ok(());
    }
    let is_value = |((_, name), making): &(&(usize, &str), &Making)| {
        let as_kind = making.verdict.kind.is_some_and(|kind| Evidence::would_match(kind, name));
        as_kind || !name.chars().any(char::is_alphabetic)
    };
    // Among the values of a list; but where several files were put together, their headers are all over it.
    let is_listed = |((_, name), making): &(&(usize, &str), &Making)| {
        let rows =
            making.profile.listed.as_ref().and_then(|listed| listed.get(*name)).copied().unwrap_or_default();
        rows > 1 + making.profile.values / 200
    };
    let pairs = || own.iter().zip(columns);
    let values = pairs().filter(|pair| is_value(pair) || is_listed(pair)).count();
    if values > 0 { Err(IngestError::NoHeader { values, columns: own.len() }) } else { Ok(()) }
}

/// Leaves columns out whose values are lists or objects of JSON: no contract has such.
fn without_nested(
    walk: &mut Walk<'_>,
    places: Vec<usize>,
    profiles: Vec<Profile>,
    remarks: &mut Vec<String>,
) -> (Vec<usize>, Vec<Profile>) {
    let columns = std::mem::take(&mut walk.columns);
    let mut kept = (Vec::new(), Vec::new());
    for ((place, profile), column) in places.into_iter().zip(profiles).zip(columns) {
        if profile.nested * 2 > profile.values {
            remarks.push(format!(
                "column {place} of the file is left out: its values are nested, flatten it first"
            ));
        } else {
            walk.columns.push(column);
            kept.0.push(place);
            kept.1.push(profile);
        }
    }
    kept
}

/// Says which columns are called otherwise than in the file.
fn renamed(own: &[(usize, &str)], named: &[Named]) -> Vec<String> {
    let renamed = own.iter().zip(named).filter(|(_, named)| !named.is_same);
    renamed
        .map(|((place, _), named)| {
            format!("column {place} has a name that contracts do not have: deliver it as `{}`", named.name)
        })
        .collect()
}

fn finish(
    options: &ProposeOptions<'_>,
    existing: Option<&Dataset>,
    columns: Vec<Making>,
    subject: Option<ColumnName>,
    walked: Walked,
    mut remarks: Vec<String>,
) -> Proposal {
    let event_time = dataset::choose_event_time(&columns);
    let (mut drafts, differs) = match existing {
        Some(dataset) => existing::keep(dataset, &columns),
        None => (columns.iter().map(|making| making.draft.clone()).collect(), Vec::new()),
    };
    remarks.extend(heed_classes(&mut drafts, options.catalog));
    let head = match (existing, options.contract) {
        (Some(dataset), Some(text)) => Head::of(&options.dataset, dataset.owner.as_deref(), text),
        _ => Head::new(&options.dataset),
    };
    let event_time = match existing {
        Some(dataset) => existing::event_time(dataset, &drafts),
        None => event_time,
    };
    let sampled = if walked.is_sample { ", a part of the file" } else { ", all of the file" };
    let mut top = vec![
        format!(
            "Proposed by `membrane catalog propose` from {} rows{sampled}. Read it before it is used.",
            walked.rows
        ),
        "Comments hold shares and counts of the sample, never a value. What is in doubt is protected."
            .to_owned(),
    ];
    top.extend(remarks.iter().chain(&differs).cloned());
    let table = Table {
        name: options.dataset.to_string(),
        description: existing.map(|dataset| dataset.description.clone()).unwrap_or_default(),
        version: existing.map_or_else(|| "1.0.0".to_owned(), |dataset| next_version(&dataset.version)),
        subject: subject.as_ref().map(ColumnName::to_string),
        event_time: event_time.as_ref().map(ColumnName::to_string),
        privacy: existing
            .and_then(|dataset| dataset.privacy)
            .map(|bounds| (bounds.groups_max, bounds.rows_max)),
        on_truncated: existing.map(|dataset| dataset.on_truncated).unwrap_or_default(),
        remarks: top,
    };
    Proposal {
        yaml: yaml::write(&head, &table, &drafts),
        dataset: options.dataset.clone(),
        rows: walked.rows,
        malformed: walked.malformed,
        is_sample: walked.is_sample,
        subject,
        columns: drafts.iter().map(shown).collect(),
        differs,
        remarks,
    }
}

fn shown(draft: &Draft) -> ProposedColumn {
    ProposedColumn {
        name: draft.name.to_string(),
        logical_type: draft.logical_type.to_string(),
        class: draft.class.clone(),
        protection: draft.protection.to_string(),
        sureness: draft.sureness,
        recogniser: draft.recogniser,
        evidence: draft.evidence.iter().chain(&draft.remarks).cloned().collect(),
    }
}

/// Replaces classes that the catalog does not list by wider ones that it does; says which it lacks.
fn heed_classes(drafts: &mut [Draft], catalog: Option<&Catalog>) -> Vec<String> {
    let Some(catalog) = catalog else { return Vec::new() };
    let has = |class: &str| catalog.classes().any(|known| known.as_str() == class);
    let mut missing: Vec<String> = Vec::new();
    for draft in drafts.iter_mut().filter(|draft| !has(&draft.class)) {
        let wider =
            draft.class.rsplit_once('.').map(|(wider, _)| wider.to_owned()).filter(|wider| has(wider));
        if !missing.contains(&draft.class) {
            missing.push(draft.class.clone());
        }
        if let Some(wider) = wider {
            draft.class = wider;
        }
    }
    missing.into_iter().map(|class| format!("class `{class}` is not in `classes.yaml`: add it")).collect()
}

/// Returns the version after one in which nothing was taken away.
fn next_version(version: &str) -> String {
    let mut parts = version.split('.');
    let (major, minor) =
        (parts.next().unwrap_or("1"), parts.next().and_then(|minor| minor.parse::<u64>().ok()));
    format!("{major}.{}.0", minor.unwrap_or_default() + 1)
}

#[cfg(test)]
mod tests;
