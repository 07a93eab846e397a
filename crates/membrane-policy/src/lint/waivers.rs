//! Waivers: somebody has taken a weak token on, with a reason.
//!
//! ```yaml
//! # policies/waivers.yaml
//! waivers:
//!   - column: crm_members.gender
//!     because: The panel's shares of men and women are published.
//!     by: olga
//!     until: 2027-06-30
//! ```
//!
//! They review policies and change none: the version of a folder does not depend on them. A waiver that waives nothing is a
//! fault, so that none is left behind: what its column is whatever the policies say is told when they are read, and whether
//! anybody is shown it as a token when it is asked.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use membrane_catalog::yaml::{Fields, Mark, Node, Report, read_items, text};
use membrane_catalog::{Catalog, Fault};
use membrane_model::{ColumnName, DatasetName};

use super::{SMALL_MAX, Weakness};
use crate::folder::Source;

const KEYS: [&str; 4] = ["column", "because", "by", "until"];

/// Why a column's tokens may be weak, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The dataset.
    pub dataset: DatasetName,
    /// The column.
    pub column: ColumnName,
    /// Why.
    pub because: String,
    /// Who says so.
    pub by: String,
    /// The last day, UTC; none: for good.
    pub until: Option<NaiveDate>,
    place: Place,
}

/// Where a waiver stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    file: PathBuf,
    mark: Mark,
}

/// The waivers of a folder.
#[derive(Debug, Default)]
pub(crate) struct Waivers(Vec<Waiver>);

impl Waivers {
    /// Reads the waivers of a folder, if it has any, and checks them against the catalog.
    pub(crate) fn load(source: Option<&Source>, catalog: &Catalog, faults: &mut Vec<Fault>) -> Self {
        let Some(source) = source else { return Self::default() };
        let waivers = Self::read(&source.path, &source.text, faults);
        faults.extend(waivers.useless(catalog));
        waivers
    }

    /// Reads a file of waivers. What cannot be read is a fault, and its waiver is left out.
    pub(crate) fn read(path: &Path, file: &str, faults: &mut Vec<Fault>) -> Self {
        let mut report = Report::new(path);
        let waivers =
            read_items(file, "waivers", &mut report, |item, report| read_waiver(path, item, report));
        faults.extend(report.into_faults());
        Self(waivers)
    }

    /// Finds the waiver that a column has at a moment.
    pub(super) fn of(
        &self,
        dataset: &DatasetName,
        column: &ColumnName,
        now: DateTime<Utc>,
    ) -> Option<&Waiver> {
        self.0.iter().find(|waiver| {
            waiver.is_of(dataset, column) && waiver.until.is_none_or(|until| now.date_naive() <= until)
        })
    }

    /// Lists the waivers that none of the weaknesses has.
    pub(super) fn idle(&self, found: &[Weakness]) -> Vec<Fault> {
        let idle =
            self.0.iter().filter(|waiver| !found.iter().any(|one| one.waiver.as_ref() == Some(waiver)));
        idle.map(|waiver| {
            waiver.fault("waives nothing: it has ended, or the column is shown as a token to nobody")
        })
        .collect()
    }

    /// Lists the waivers that waive nothing whatever the policies say.
    fn useless(&self, catalog: &Catalog) -> Vec<Fault> {
        let useless = |(index, waiver): (usize, &Waiver)| {
            let Waiver { dataset, column, .. } = waiver;
            let Some(contract) = catalog.dataset(dataset).and_then(|found| found.column(column)) else {
                return Some(waiver.fault("waives nothing: there is no such column"));
            };
            if self.0.iter().take(index).any(|other| other.is_of(dataset, column)) {
                return Some(waiver.fault("is there already"));
            }
            let small = contract.values_max().is_some_and(|values| values <= SMALL_MAX);
            (!small).then(|| {
                waiver.fault(&format!("waives nothing: the column can have more than {SMALL_MAX} values"))
            })
        };
        self.0.iter().enumerate().filter_map(useless).collect()
    }
}

impl Waiver {
    fn is_of(&self, dataset: &DatasetName, column: &ColumnName) -> bool {
        self.dataset == *dataset && self.column == *column
    }

    fn fault(&self, what: &str) -> Fault {
        let Place { file, mark } = &self.place;
        let message = format!("the waiver of `{}.{}` {what}", self.dataset, self.column);
        Fault { file: file.clone(), line: mark.line, column: mark.column, message }
    }
}

fn read_waiver(path: &Path, item: Node<'_>, report: &mut Report) -> Option<Waiver> {
    let fields = Fields::read(item, "a waiver", &KEYS, report)?;
    let column = column(&fields, report);
    let mut required = |key| fields.required_text(key, "a waiver", report).map(|text| text.value.to_owned());
    let (because, by) = (required("because"), required("by"));
    let until = until(&fields, report)?;
    let (dataset, column) = column?;
    let place = Place { file: path.to_owned(), mark: fields.mark() };
    Some(Waiver { dataset, column, because: because?, by: by?, until, place })
}

fn column(fields: &Fields<'_>, report: &mut Report) -> Option<(DatasetName, ColumnName)> {
    let written = fields.required_text("column", "a waiver", report)?;
    let parts = written.value.split_once('.');
    let parsed = parts.and_then(|(dataset, column)| Some((dataset.parse().ok()?, column.parse().ok()?)));
    if parsed.is_none() {
        report.fault(written.mark, "`column` of a waiver is `DATASET.COLUMN`");
    }
    parsed
}

fn until(fields: &Fields<'_>, report: &mut Report) -> Option<Option<NaiveDate>> {
    let Some(node) = fields.get("until") else { return Some(None) };
    let written = text(node, "`until`", report)?;
    let day = NaiveDate::parse_from_str(written.value, "%Y-%m-%d").ok();
    if day.is_none() {
        report.fault(written.mark, "`until` is a day, such as 2026-12-31");
    }
    day.map(Some)
}

#[cfg(test)]
mod tests;
