//! Who sees what: principals, purposes and classes in one text that a reviewer can read and compare.

mod acts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_model::{Action, ClassName, DatasetName, PrincipalId, Purpose};

use crate::ask::{Asker, Outcome};
use crate::column::decide_column;
use crate::rows::decide_rows;
use crate::schema::LOOK_UP;
use crate::{Policies, RowRule};

/// Later moments that are looked at.
pub(crate) const MOMENTS_MAX: usize = 100;

/// What a kept matrix begins with that is as of a moment.
const AS_OF: &str = "as of ";

impl Policies {
    /// Returns who sees what at a moment: per purpose, for all principals that see the same, how each
    /// class is shown in which datasets, whether values may be looked up, and which of each dataset's rows. Then what changes at
    /// each later moment that policies speak of, who may do what with the hub, and how each column is classified.
    #[must_use]
    pub fn matrix(&self, catalog: &Catalog, now: DateTime<Utc>) -> String {
        let seen = self.seen(catalog, now);
        let mut text = seen.clone();
        let mut before = seen;
        for moment in self.moments.after(now).into_iter().take(MOMENTS_MAX) {
            let after = self.seen(catalog, moment + TimeDelta::milliseconds(1));
            let changed = differences(&before, &after);
            if !changed.is_empty() {
                let at = moment.to_rfc3339_opts(SecondsFormat::Millis, true);
                let lines: String = changed.iter().map(|line| format!("  {line}\n")).collect();
                // Writing to a string cannot fail.
                let _ = writeln!(text, "from {at} on\n{lines}");
            }
            before = after;
        }
        text + &self.acts(catalog, now) + &columns(catalog)
    }

    fn seen(&self, catalog: &Catalog, now: DateTime<Utc>) -> String {
        let mut text = String::new();
        for entry in catalog.purposes() {
            for action in [Action::Read, Action::Release] {
                // Principals that see the same stand together.
                let mut blocks: BTreeMap<String, Vec<&PrincipalId>> = BTreeMap::new();
                for principal in self.world.principals.keys() {
                    if let Some(block) = self.block(catalog, principal, action, &entry.name, now) {
                        blocks.entry(block).or_default().push(principal);
                    }
                }
                let mut blocks: Vec<_> = blocks.into_iter().map(|(block, who)| (who, block)).collect();
                blocks.sort();
                for (who, block) in blocks {
                    let who: Vec<String> = who.iter().map(ToString::to_string).collect();
                    // Writing to a string cannot fail.
                    let _ = writeln!(text, "{} for {} by {}\n{block}", action, entry.name, who.join(", "));
                }
            }
        }
        text
    }

    /// Returns who sees what as it is kept for review. Where that changes by the day, it says as of when it is.
    #[must_use]
    pub fn matrix_to_keep(&self, catalog: &Catalog, now: DateTime<Utc>) -> String {
        let matrix = self.matrix(catalog, now);
        let later = now + TimeDelta::days(1) + TimeDelta::milliseconds(1);
        if self.matrix(catalog, later) == matrix {
            return matrix;
        }
        format!("{AS_OF}{}\n\n{matrix}", now.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    /// Tells how who sees what differs from what was reviewed, `matrix.txt`: as of the moment that it names, if it does. Nothing
    /// when there is no such file.
    #[must_use]
    pub fn unreviewed(&self, catalog: &Catalog, now: DateTime<Utc>) -> Option<Vec<String>> {
        let golden = self.reviewed_matrix()?;
        let as_of = golden.lines().next().and_then(|line| line.strip_prefix(AS_OF)?.trim().parse().ok());
        Some(differences(golden, &self.matrix(catalog, as_of.unwrap_or(now))))
    }

    fn block(
        &self,
        catalog: &Catalog,
        principal: &PrincipalId,
        action: Action,
        purpose: &Purpose,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let asker = Asker::new(self, self.world.principals.get(principal)?, Some(purpose), now)?;
        let mut shown: BTreeMap<&ClassName, BTreeMap<String, BTreeSet<&DatasetName>>> = BTreeMap::new();
        let mut rows = String::new();
        for dataset in catalog.datasets() {
            let Some(uids) = self.world.datasets.get(&dataset.name) else { continue };
            if asker.ask(action.as_str(), &uids.dataset).outcome != Outcome::Permitted {
                continue;
            }
            for column in &dataset.columns {
                let Some(resource) = uids.columns.get(&column.name) else { continue };
                let granted = decide_column(&asker, column, resource).granted;
                let looked_up =
                    granted.is_some() && asker.ask(LOOK_UP, resource).outcome == Outcome::Permitted;
                let mut how = granted.map_or("hidden".to_owned(), |granted| granted.shown.to_string());
                if looked_up && how.starts_with("token") {
                    how.push_str(" (look-up)");
                }
                let request = Action::RequestBreakGlass.as_str();
                if asker.ask(request, resource).outcome == Outcome::Permitted {
                    how.push_str(" (break-glass)");
                }
                shown.entry(&column.class).or_default().entry(how).or_default().insert(&dataset.name);
            }
            let verdict = decide_rows(&asker, dataset, uids);
            let shown = match &verdict.rule {
                RowRule::All => "all".to_owned(),
                RowRule::None => "none".to_owned(),
                RowRule::When(condition) => format!("where {condition}"),
            };
            let _ = writeln!(rows, "  rows of {:<24} {shown}", dataset.name.as_str());
        }
        if rows.is_empty() {
            return None;
        }
        let mut block = String::new();
        for (class, ways) in shown {
            // Where all datasets show a class in one way, they are not named.
            let one = ways.len() == 1;
            let words = ways.into_iter().map(|(how, datasets)| {
                let datasets: Vec<&str> = datasets.into_iter().map(DatasetName::as_str).collect();
                if one { how } else { format!("{how}: {}", datasets.join(", ")) }
            });
            let _ = writeln!(block, "  {:<32} {}", class.as_str(), words.collect::<Vec<_>>().join(" | "));
        }
        Some(block + &rows)
    }
}

/// Tells how each column is classified and kept: what is proved about classes is about these.
fn columns(catalog: &Catalog) -> String {
    let mut text = String::new();
    for dataset in catalog.datasets() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\ncolumns of {}", dataset.name);
        for column in &dataset.columns {
            let waiver =
                column.waiver.as_ref().map_or_else(String::new, |why| format!(" not personal: {why}"));
            let (name, class, kept) = (column.name.as_str(), column.class.as_str(), column.protection);
            let _ = writeln!(text, "  {name:<32} {class:<24} {kept}{waiver}");
        }
    }
    text
}

/// Returns the lines of each block of a matrix that were taken away and added, each with the block that it is in.
#[must_use]
pub fn differences(golden: &str, now: &str) -> Vec<String> {
    let (old, new) = (with_blocks(golden), with_blocks(now));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let added = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(added).collect()
}

fn with_blocks(matrix: &str) -> Vec<String> {
    let mut block = "";
    let mut lines = Vec::new();
    for line in matrix.lines().filter(|line| !line.is_empty() && !line.starts_with(AS_OF)) {
        if line.starts_with(' ') {
            let words: Vec<&str> = line.split_whitespace().collect();
            lines.push(format!("{block}: {}", words.join(" ")));
        } else {
            block = line;
        }
    }
    lines
}

#[cfg(test)]
mod tests;
