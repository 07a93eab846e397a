//! Who saw columns: the runs of a period that took them, read page by page and added up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use membrane_ledger::{ColumnRead, RunRecord, RunSearch, RunState, RunStatus};
use membrane_model::{ColumnName, PrincipalId, Purpose, RevealLevel, RunId};
use membrane_report::Section;

use super::meant::{Meant, class_of};
use super::parts::{
    CODE, MOMENT, NUMBER, ROWS_MAX, Rows, TEXT, count, count_or, listed, maybe, moment, section, size, text,
};
use super::{Asked, ReportFilter};
use crate::error::Error;

/// Runs that are read at once.
const PAGE: u32 = 500;
/// Groups that are kept: of those beyond it is told how many runs there were.
const GROUPS_MAX: usize = 10_000;
/// The most runs that `membrane audit search` shows.
const SHOWN_MAX: u32 = crate::flow::FOUND_MAX;

/// Runs that took one column alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alike {
    dataset: String,
    column: String,
    level: Option<&'static str>,
    principal: PrincipalId,
    on_behalf_of: Option<PrincipalId>,
    purpose: Option<Purpose>,
    policies: Vec<String>,
}

/// What such runs come to.
#[derive(Debug)]
struct Tally {
    runs: u64,
    /// Of those, runs that did not end well: what they answered may have been seen in part.
    unfinished: u64,
    rows: u64,
    cells: u64,
    latest: DateTime<Utc>,
    leaf: Option<u64>,
}

/// One run, as evidence.
struct Line {
    started: DateTime<Utc>,
    leaf: Option<u64>,
    who: String,
    purpose: Option<Purpose>,
    columns: BTreeSet<String>,
    policies: BTreeSet<String>,
    grants: Vec<String>,
    rows: Option<u64>,
    status: &'static str,
}

/// Who saw the columns that are meant.
#[derive(Default)]
pub(super) struct Did {
    alike: BTreeMap<Alike, Tally>,
    alike_left: u64,
    /// The newest runs.
    lines: BTreeMap<RunId, Line>,
    /// All runs.
    pub(super) runs: u64,
    pub(super) principals: BTreeSet<PrincipalId>,
    /// The grants that counted: `break-glass 1`.
    pub(super) grants: BTreeSet<String>,
}

/// Names who acted, and for whom.
fn who(principal: &PrincipalId, on_behalf_of: Option<&PrincipalId>) -> String {
    match on_behalf_of {
        Some(other) => format!("{principal} for {other}"),
        None => principal.to_string(),
    }
}

impl Line {
    fn of(record: &RunRecord, reads: &[&ColumnRead<'_>]) -> Self {
        let shown = |read: &&ColumnRead<'_>| {
            format!("{}.{} {}", read.dataset, read.column, read.level.unwrap_or("-"))
        };
        let factors = reads.iter().flat_map(|read| read.factors.iter().map(|factor| (*factor).to_owned()));
        Self {
            started: record.started,
            leaf: record.leaf_index,
            who: who(&record.principal, record.on_behalf_of.as_ref()),
            purpose: record.purpose.clone(),
            columns: reads.iter().map(shown).collect(),
            policies: factors.collect(),
            grants: record.circumstances.as_ref().map_or_else(Vec::new, |around| around.grants.clone()),
            rows: record.rows_out,
            status: record.status.as_str(),
        }
    }
}

impl Did {
    /// Reads the period: once for each name of a column that is meant.
    pub(super) async fn read(asked: &Asked<'_>, meant: &Meant<'_>) -> Result<Self, Error> {
        let mut did = Self::default();
        let passes = meant.passes();
        for (place, pass) in passes.iter().enumerate() {
            let earlier: Vec<&ColumnName> = passes.iter().take(place).flatten().collect();
            let search = RunSearch {
                column: pass.clone(),
                since: Some(asked.period.since),
                until: Some(asked.period.until),
                ..asked.filter.search()
            };
            let mut before = None;
            loop {
                let page =
                    asked.hub.ledger().search_runs(&search, before, PAGE).await.map_err(Error::Ledger)?;
                let Some(last) = page.last() else { break };
                before = Some(last.run);
                for record in page.iter().filter(|record| record.run != asked.run) {
                    did.add(record, meant, (pass.as_ref(), earlier.as_slice()));
                }
            }
        }
        Ok(did)
    }

    /// Adds a run: of several passes each adds its own column, and the first one the run.
    fn add(
        &mut self,
        record: &RunRecord,
        meant: &Meant<'_>,
        (pass, earlier): (Option<&ColumnName>, &[&ColumnName]),
    ) {
        let reads = record.columns_read();
        let reads: Vec<&ColumnRead<'_>> =
            reads.iter().filter(|read| meant.has(read.dataset, read.column, read.level)).collect();
        for read in reads.iter().filter(|read| pass.is_none_or(|name| name.as_str() == read.column)) {
            self.add_up(record, read);
        }
        let is_known = reads.iter().any(|read| earlier.iter().any(|name| name.as_str() == read.column));
        if reads.is_empty() || is_known {
            return;
        }
        self.runs = self.runs.saturating_add(1);
        self.principals.insert(record.principal.clone());
        let line = Line::of(record, &reads);
        self.grants.extend(line.grants.iter().cloned());
        self.lines.insert(record.run, line);
        if self.lines.len() > ROWS_MAX {
            self.lines.pop_first();
        }
    }

    fn add_up(&mut self, record: &RunRecord, read: &ColumnRead<'_>) {
        let alike = Alike {
            dataset: read.dataset.to_owned(),
            column: read.column.to_owned(),
            level: read.level,
            principal: record.principal.clone(),
            on_behalf_of: record.on_behalf_of.clone(),
            purpose: record.purpose.clone(),
            policies: read.factors.iter().map(|factor| (*factor).to_owned()).collect(),
        };
        if self.alike.len() >= GROUPS_MAX && !self.alike.contains_key(&alike) {
            self.alike_left = self.alike_left.saturating_add(1);
            return;
        }
        let nothing = Tally {
            runs: 0,
            unfinished: 0,
            rows: 0,
            cells: 0,
            latest: record.started,
            leaf: record.leaf_index,
        };
        let tally = self.alike.entry(alike).or_insert(nothing);
        tally.runs = tally.runs.saturating_add(1);
        if record.status != RunStatus::Closed(RunState::Complete) {
            tally.unfinished = tally.unfinished.saturating_add(1);
        }
        tally.rows = tally.rows.saturating_add(record.rows_out.unwrap_or(0));
        tally.cells = tally.cells.saturating_add(record.cells_opened.unwrap_or(0));
        if record.started >= tally.latest {
            (tally.latest, tally.leaf) = (record.started, record.leaf_index);
        }
    }

    /// Returns the policies that are named.
    pub(super) fn policies(&self) -> impl Iterator<Item = &String> {
        let of_lines = self.lines.values().flat_map(|line| &line.policies);
        self.alike.keys().flat_map(|alike| &alike.policies).chain(of_lines)
    }

    /// Says who saw them, added up.
    pub(super) fn added_up(&self, asked: &Asked<'_>) -> Result<Section, Error> {
        let mut section = section("did", "Who did")?;
        let columns = [
            ("column", "Column", CODE),
            ("class", "Class", CODE),
            ("level", "Level", TEXT),
            ("who", "Who", TEXT),
            ("purpose", "Purpose", TEXT),
            ("policies", "By policies", CODE),
            ("runs", "Runs", NUMBER),
            ("unfinished", "Not ended well", NUMBER),
            ("rows", "Rows", NUMBER),
            ("cells_opened", "Cells opened", NUMBER),
            ("latest", "Latest", MOMENT),
            ("leaf", "Its leaf", NUMBER),
        ];
        let mut rows = Rows::new("did_added_up", &columns)?;
        rows = rows.or_say("Nobody took these columns in this period.");
        let mut sorted: Vec<(&Alike, &Tally)> = self.alike.iter().collect();
        sorted.sort_by_key(|(alike, tally)| std::cmp::Reverse((level_of(alike.level), tally.runs)));
        for (alike, tally) in sorted {
            rows.push(vec![
                text(format!("{}.{}", alike.dataset, alike.column)),
                maybe(class_of(asked.hub, &alike.dataset, &alike.column)),
                maybe(alike.level),
                text(who(&alike.principal, alike.on_behalf_of.as_ref())),
                maybe(alike.purpose.as_ref()),
                text(listed(&alike.policies)),
                count(tally.runs),
                count(tally.unfinished),
                count(tally.rows),
                count(tally.cells),
                text(moment(tally.latest)),
                count_or(tally.leaf),
            ])?;
        }
        rows.leave(self.alike_left);
        rows.put(&mut section, "state more of `--principal`, `--purpose` or `--column` to see them");
        Ok(section)
    }

    /// Names the newest runs, each with its place in the log.
    pub(super) fn evidence(&self, asked: &Asked<'_>) -> Result<Section, Error> {
        let mut section = section("runs", "Runs, the newest first")?;
        let columns = [
            ("started", "Started", MOMENT),
            ("run", "Run", CODE),
            ("leaf", "Leaf", NUMBER),
            ("who", "Who", TEXT),
            ("purpose", "Purpose", TEXT),
            ("columns", "Columns and levels", CODE),
            ("policies", "By policies", CODE),
            ("grants", "By grants", TEXT),
            ("rows", "Rows", NUMBER),
            ("status", "Ended", TEXT),
        ];
        let mut rows = Rows::new("did_runs", &columns)?;
        rows = rows.or_say("No run on record is so.");
        for (run, line) in self.lines.iter().rev() {
            rows.push(vec![
                text(moment(line.started)),
                text(run),
                count_or(line.leaf),
                text(&line.who),
                maybe(line.purpose.as_ref()),
                text(listed(&line.columns)),
                text(listed(&line.policies)),
                text(listed(&line.grants)),
                count_or(line.rows),
                text(line.status),
            ])?;
        }
        rows.leave(self.runs.saturating_sub(size(self.lines.len())));
        rows.put(&mut section, &format!("`{}` shows them", command(asked)));
        Ok(section)
    }
}

/// Returns the level that a word is of; noise is of none, and stands below all.
fn level_of(word: Option<&str>) -> Option<RevealLevel> {
    word?.parse().ok()
}

/// Returns the command that shows all runs that are meant; of a class for each of its columns.
fn command(asked: &Asked<'_>) -> String {
    let ReportFilter { class, dataset, column, level, principal, purpose, .. } = asked.filter;
    let of_class = class.as_ref().filter(|_| column.is_none()).map(|_| "COLUMN".to_owned());
    let stated = [
        ("column", column.as_ref().map(ToString::to_string).or(of_class)),
        ("dataset", dataset.as_ref().map(ToString::to_string)),
        ("level", level.map(|level| level.to_string())),
        ("principal", principal.as_ref().map(ToString::to_string)),
        ("purpose", purpose.as_ref().map(ToString::to_string)),
        ("since", Some(moment(asked.period.since))),
        ("until", Some(moment(asked.period.until))),
    ];
    let words = stated.into_iter().filter_map(|(name, value)| Some(format!(" --{name} {}", value?)));
    format!("membrane audit search{} --limit {SHOWN_MAX}", words.collect::<String>())
}

#[cfg(test)]
mod tests;
