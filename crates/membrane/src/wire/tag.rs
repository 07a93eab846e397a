//! Tags, and how their builds went.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_catalog::{Refresh, Tag};
use membrane_ledger::TagBuild;
use membrane_model::RunId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{BuiltTag, TagLine, TagPage, TrialReport};

/// The tags of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The tags, by id.
    pub tags: Vec<TagBody>,
}

/// A tag, as its file says it, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagBody {
    /// Its id.
    pub id: String,
    /// Its name in English.
    pub name_en: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// What it says.
    pub description: String,
    /// `fact`, `statistic`, `rule` or `sql`.
    pub kind: String,
    /// The identity kind whose holders it labels.
    pub entity: String,
    /// The dataset in which its values are.
    pub table: String,
    /// The type of its values.
    pub value: String,
    /// The values that it can have, where they are listed.
    pub values: Vec<String>,
    /// Its version.
    pub version: u32,
    /// `draft`, `review`, `active`, `deprecated` or `retired`.
    pub status: String,
    /// The team that answers for it.
    pub owner: String,
    /// For what it may be used.
    pub purposes: Vec<String>,
    /// How sensitive it is.
    pub sensitivity: String,
    /// `manual`, `batch` or `stream`.
    pub refresh: String,
    /// What tells its definition from others: SHA-256 in hex.
    pub definition: String,
    /// The statement.
    pub sql: String,
    /// The last build whose values are there.
    pub good: Option<TagBuildBody>,
    /// The last build.
    pub last: Option<TagBuildBody>,
    /// Whether its values are older than promised.
    pub stale: bool,
}

/// A tag and its builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagPageBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The tag.
    pub tag: TagBody,
    /// Its builds, the newest first, 100 at most.
    pub builds: Vec<TagBuildBody>,
}

/// A build of a tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagBuildBody {
    /// The tag.
    pub tag: String,
    /// The how manieth of it this is.
    pub number: u64,
    /// The version of the tag.
    pub version: u32,
    /// The run in which it was asked.
    pub run: String,
    /// `full`, `members` or `stream`: whether everyone was asked about, or those of whom something had come in.
    pub kind: String,
    /// For which instant.
    pub as_of: Option<String>,
    /// When it was done.
    pub ended: String,
    /// How long it took.
    pub seconds: f64,
    /// Why nothing was written down: a code.
    pub fault: Option<String>,
    /// What more is to be said of that.
    pub detail: Option<String>,
    /// Members who have a value. This and the counts below are told to who may look at the record, and to who sees all rows and values of the
    /// tag's table.
    pub members: Option<u64>,
    /// Members whose value it changed.
    pub changed: Option<u64>,
    /// Members who could have one.
    pub population: Option<u64>,
    /// How far the shares moved since the last good build (population stability index).
    pub drift: Option<f64>,
    /// How many members have which value, or lie in which band of numbers; fewer than the tag's `min_group` are counted together, as `(few)`.
    pub shares: BTreeMap<String, u64>,
}

/// How the tests of a tag went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagTrialBody {
    /// The tag.
    pub tag: String,
    /// Tests that it has.
    pub tests: usize,
    /// What is wrong.
    pub failures: Vec<String>,
}

impl TagsBody {
    /// Shapes a list.
    #[must_use]
    pub fn new(run: RunId, lines: &[TagLine]) -> Self {
        Self { run: run.to_string(), tags: lines.iter().map(TagBody::from).collect() }
    }
}

impl From<&TagLine> for TagBody {
    fn from(line: &TagLine) -> Self {
        let tag: &Tag = &line.tag;
        Self {
            id: tag.id.to_string(),
            name_en: tag.name_en.clone(),
            name_zh: tag.name_zh.clone(),
            description: tag.description.clone(),
            kind: tag.kind.as_str().to_owned(),
            entity: tag.entity.to_string(),
            table: tag.table.to_string(),
            value: tag.value.kind.as_str().to_owned(),
            values: tag.value.values.clone(),
            version: tag.version,
            status: tag.status.as_str().to_owned(),
            owner: tag.owner.team.clone(),
            purposes: tag.purposes.iter().map(ToString::to_string).collect(),
            sensitivity: tag.sensitivity.as_str().to_owned(),
            refresh: match tag.refresh {
                Refresh::Manual => "manual".to_owned(),
                Refresh::Batch { every_seconds } => format!("every {every_seconds} s"),
                Refresh::Stream { .. } => "stream".to_owned(),
            },
            definition: tag.definition(),
            sql: tag.sql.clone(),
            good: line.good.as_ref().map(|build| TagBuildBody::seen(build, line)),
            last: line.last.as_ref().map(|build| TagBuildBody::seen(build, line)),
            stale: line.is_stale,
        }
    }
}

impl TagPageBody {
    /// Shapes a tag and its builds.
    #[must_use]
    pub fn new(run: RunId, page: &TagPage) -> Self {
        let builds = page.builds.iter().map(|build| TagBuildBody::seen(build, &page.line)).collect();
        Self { run: run.to_string(), tag: TagBody::from(&page.line), builds }
    }
}

impl TagBuildBody {
    /// Shapes a build as one may see it who asks.
    fn seen(build: &TagBuild, line: &TagLine) -> Self {
        let mut body = Self::from(build);
        if !line.counts {
            (body.members, body.changed, body.population, body.drift) = (None, None, None, None);
            body.shares.clear();
        }
        body.shares = together(body.shares, u64::from(line.tag.min_group.unwrap_or(1)));
        body
    }
}

/// Counts labels of few members together, and with the smallest of the others where they are still few.
fn together(shares: BTreeMap<String, u64>, least: u64) -> BTreeMap<String, u64> {
    let mut sorted: Vec<(String, u64)> = shares.into_iter().collect();
    sorted.sort_by_key(|(_, count)| *count);
    let (mut few, mut kept) = (0, BTreeMap::new());
    for (label, count) in sorted {
        if count < least || (few > 0 && few < least) {
            few += count;
        } else {
            kept.insert(label, count);
        }
    }
    if few > 0 {
        kept.insert("(few)".to_owned(), few);
    }
    kept
}

impl From<&TagBuild> for TagBuildBody {
    fn from(build: &TagBuild) -> Self {
        Self {
            tag: build.tag.to_string(),
            number: build.number,
            version: build.version,
            run: build.run.to_string(),
            kind: build.kind.as_str().to_owned(),
            as_of: build.as_of.map(instant),
            ended: instant(build.ended),
            seconds: (build.ended - build.started).as_seconds_f64(),
            fault: build.fault.clone(),
            detail: None,
            members: Some(build.members),
            changed: Some(build.changed),
            population: build.population,
            drift: build.drift,
            shares: build.shares.clone(),
        }
    }
}

impl From<&BuiltTag> for TagBuildBody {
    fn from(built: &BuiltTag) -> Self {
        Self { detail: built.detail.clone(), ..Self::from(&built.build) }
    }
}

impl From<&TrialReport> for TagTrialBody {
    fn from(report: &TrialReport) -> Self {
        Self { tag: report.tag.to_string(), tests: report.tests, failures: report.failures.clone() }
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shares: &[(&str, u64)], least: u64, expected: &[(&str, u64)]) {
        let of = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
            pairs.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect()
        };
        assert_eq!(together(of(shares), least), of(expected), "{shares:?} of {least}");
    }

    #[test]
    fn few_members_are_counted_together() {
        check(&[("high", 30), ("low", 20)], 20, &[("high", 30), ("low", 20)]);
        check(&[("a", 7), ("b", 15), ("c", 40)], 20, &[("(few)", 22), ("c", 40)]);
    }

    #[test]
    fn one_label_of_few_is_not_told_by_what_is_left() {
        check(&[("high", 30), ("low", 3), ("mid", 50)], 20, &[("(few)", 33), ("mid", 50)]);
    }
}
