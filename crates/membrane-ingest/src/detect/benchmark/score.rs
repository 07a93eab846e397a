//! Precision and recall, by recogniser and in all.

use std::collections::BTreeMap;
use std::fmt;

use super::{Kind, Labelled};
use crate::detect::Verdict;

/// What was found and what should have been.
#[derive(Debug, Default)]
pub(super) struct Score {
    kinds: BTreeMap<Kind, Counts>,
    personal: Counts,
    unnamed: Counts,
    protected: (usize, usize),
    over_protected: (usize, usize),
    wrong: BTreeMap<(String, String), usize>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    found: usize,
    missed: usize,
    wrong: usize,
}

impl Counts {
    fn precision(self) -> f64 {
        ratio(self.found, self.found + self.wrong)
    }

    fn recall(self) -> f64 {
        ratio(self.found, self.found + self.missed)
    }
}

fn ratio(part: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { part as f64 / all as f64 }
}

impl Score {
    pub(super) fn add(&mut self, column: &Labelled, verdict: &Verdict) {
        // In doubt nothing is claimed, but it is protected.
        let claimed = verdict.kind.filter(|_| verdict.is_sure);
        let mut all = vec![&mut self.personal];
        if !column.is_named {
            all.push(&mut self.unnamed);
        }
        match (column.kind, claimed) {
            (Some(kind), Some(found)) if kind == found => {
                all.iter_mut().for_each(|counts| counts.found += 1);
                self.kinds.entry(kind).or_default().found += 1;
            }
            (expected, found) => {
                if let Some(kind) = expected {
                    all.iter_mut().for_each(|counts| counts.missed += 1);
                    self.kinds.entry(kind).or_default().missed += 1;
                }
                if let Some(kind) = found {
                    all.iter_mut().for_each(|counts| counts.wrong += 1);
                    self.kinds.entry(kind).or_default().wrong += 1;
                }
                if expected.is_some() || found.is_some() {
                    let found = found.map_or_else(
                        || format!("nothing ({:?})", verdict.class),
                        |kind| kind.as_str().to_owned(),
                    );
                    *self.wrong.entry((column.what.to_owned(), found)).or_default() += 1;
                }
            }
        }
        let is_protected = usize::from(verdict.is_personal());
        match column.kind {
            Some(Kind::CreditCode) => {}
            Some(_) => {
                self.protected.0 += is_protected;
                self.protected.1 += 1;
            }
            None => {
                self.over_protected.0 += is_protected;
                self.over_protected.1 += 1;
                if is_protected > 0 && claimed.is_none() {
                    *self
                        .wrong
                        .entry((column.what.to_owned(), format!("in doubt {:?}", verdict.class)))
                        .or_default() += 1;
                }
            }
        }
    }

    /// Returns precision and recall over all columns.
    pub(super) fn overall(&self) -> (f64, f64) {
        (self.personal.precision(), self.personal.recall())
    }

    /// Returns precision and recall of each recogniser.
    pub(super) fn by_kind(&self) -> impl Iterator<Item = (Kind, f64, f64)> {
        self.kinds.iter().map(|(kind, counts)| (*kind, counts.precision(), counts.recall()))
    }

    /// Returns the share of columns about people that are protected, whatever they are called.
    pub(super) fn protected(&self) -> f64 {
        ratio(self.protected.0, self.protected.1)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| recogniser | columns | precision | recall |\n| --- | ---: | ---: | ---: |")?;
        for (kind, counts) in &self.kinds {
            let columns = counts.found + counts.missed;
            let (precision, recall) = (counts.precision(), counts.recall());
            writeln!(f, "| `{}` | {columns} | {precision:.3} | {recall:.3} |", kind.as_str())?;
        }
        for (what, counts) in [("all", self.personal), ("names that say nothing", self.unnamed)] {
            let columns = counts.found + counts.missed;
            let (precision, recall) = (counts.precision(), counts.recall());
            writeln!(f, "| {what} | {columns} | {precision:.3} | {recall:.3} |")?;
        }
        let (protected, people) = self.protected;
        let (over, things) = self.over_protected;
        writeln!(
            f,
            "\nprotected: {protected} of {people} columns about people, {over} of {things} about things\n"
        )?;
        for ((what, found), times) in &self.wrong {
            writeln!(f, "  {times:3} {what}: {found}")?;
        }
        Ok(())
    }
}
