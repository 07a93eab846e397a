//! The report of an audit: Markdown for people, JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Area, Check, Verdict};

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// One entry for each thing that was looked at.
    pub checks: Vec<Check>,
}

impl Report {
    /// Tells whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed().next().is_none() && !self.checks.is_empty()
    }

    /// Returns the checks that fail.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.verdict == Verdict::Fails)
    }

    /// Returns how many checks were judged, and how many of them hold.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let judged = self.checks.iter().filter(|check| check.verdict != Verdict::Told).count();
        (judged, judged.saturating_sub(self.failed().count()))
    }

    /// Writes the report as Markdown.
    #[must_use]
    pub fn markdown(&self, made: &str) -> String {
        let (judged, held) = self.score();
        let mut text = format!(
            "# The audit of differential privacy\n\n\
             {made}\n\n\
             {held} of {judged} checks hold. An audit finds faults or finds none; it proves nothing. What it could have found is told by \
             the faults that were planted. docs/decisions/0019 says how it is made.\n"
        );
        for area in Area::ALL {
            let mine: Vec<&Check> = self.checks.iter().filter(|check| check.area == area).collect();
            if mine.is_empty() {
                continue;
            }
            let _ = write!(
                text,
                "\n## {}\n\n| what | asserted | claimed | measured | | of | conditions |\n| --- | --- | --- | --- | --- | ---: | --- |\n",
                area.title()
            );
            for check in mine {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {} | {} |",
                    cell(&check.name),
                    cell(&check.asserted),
                    cell(&check.claimed),
                    cell(&check.measured),
                    check.verdict.as_str(),
                    check.trials,
                    cell(&check.conditions)
                );
            }
        }
        text
    }

    /// Writes the report as JSON.
    #[must_use]
    pub fn json(&self, made: &str) -> Value {
        let (judged, held) = self.score();
        json!({ "made": made, "holds": self.holds(), "judged": judged, "held": held, "checks": self.checks })
    }
}

/// Keeps a text within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests;
