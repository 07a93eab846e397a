//! Tags: what the hub finds out about each member, from one file of the catalog each.
//!
//! A tag is a statement that gives one row for each holder of an identity, with a value. The hub runs it, and writes what changed
//! into a table of tags. Everything that it needs to know for that stands in the tag's file, and nothing else does.

mod definition;
mod quality;
mod statement;
mod timing;
mod value;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use membrane_model::{ColumnName, DatasetName, IdentityKind, Purpose, TagId};

pub use self::quality::TagQuality;
pub(crate) use self::statement::{Piece, pieces};
pub use self::timing::{AsOf, AsOfParam, Refresh};
pub use self::value::{TagType, TagValue};

/// What stands for the day or the instant for which a tag is computed, in its statement.
pub const AS_OF: &str = ":as_of";
/// The table of tags when a tag names none.
pub const TAG_TABLE: &str = "member_tags";
/// The column of the statement in which the value is, when a tag names none, and that of `expect` in tests.
pub const TAG_COLUMN: &str = "value";

/// A label that each holder of an identity has, or may have.
///
/// INVARIANT: when it comes from a [`crate::Catalog`], every tag in `uses` is in it as well and none of them leads back here, the
/// purposes are listed, the table is one of tags, and `sql` names [`AS_OF`] if and only if `as_of` says what stands there.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// Its id, which is the name of its file.
    pub id: TagId,
    /// What people call it, in English.
    pub name_en: String,
    /// What people call it, in Chinese.
    pub name_zh: String,
    /// What it means; may be empty.
    pub description: String,
    /// How its value comes about.
    pub kind: TagKind,
    /// The kind of identity whose holders it labels; also the column of the statement that names them.
    pub entity: IdentityKind,
    /// The dataset that its values are written to.
    pub table: DatasetName,
    /// What its values can be.
    pub value: TagValue,
    /// Goes up whenever its definition changes, from 1.
    pub version: u32,
    /// Where it is in its life.
    pub status: TagStatus,
    /// Who answers for it.
    pub owner: TagOwner,
    /// What it may be used for; the first one is that for which it is built. There is at least one.
    pub purposes: Vec<Purpose>,
    /// How sensitive knowing it is.
    pub sensitivity: Sensitivity,
    /// The line and the column of the tag's file at which that stands, from 1.
    pub sensitivity_place: (usize, usize),
    /// The statement.
    pub sql: String,
    /// The file beside the tag's that holds the statement; none where it stands in the tag's.
    pub sql_file: Option<String>,
    /// The line and the column at which the statement begins, from 1: in `sql_file` if there is one, in the tag's file otherwise.
    pub sql_place: (usize, usize),
    /// The column of the statement that holds the value.
    pub column: ColumnName,
    /// The tags whose values it reads.
    pub uses: Vec<TagId>,
    /// What the statement is told about time.
    pub as_of: AsOf,
    /// When it is computed.
    pub refresh: Refresh,
    /// How old its values may become before somebody is told, in seconds.
    pub freshness_slo_seconds: Option<u32>,
    /// What becomes of a value when the statement no longer gives one.
    pub nulls: NullPolicy,
    /// How many days of earlier values are kept; all of them where nothing is stated.
    pub history_days: Option<u32>,
    /// What becomes of members who did not consent to the purpose for which it is built.
    pub consent: ConsentRule,
    /// What a build must hold to before its values are written.
    pub quality: TagQuality,
    /// Cases that it must get right.
    pub tests: Vec<TagTest>,
    /// The fewest members of which the tag may be told together; as any other release where nothing is stated.
    pub min_group: Option<u32>,
    /// Whether partners may be told of it in groups.
    pub partner_shareable: bool,
    /// The tag that takes its place.
    pub replaced_by: Option<TagId>,
    /// The last day on which it is computed.
    pub sunset: Option<NaiveDate>,
    /// Why its last version is another; may be empty.
    pub change_note: String,
}

impl Tag {
    /// Tells whether a hub builds the tag by itself at a moment: while it is in use, and until the end of its last day.
    #[must_use]
    pub fn is_built_at(&self, now: DateTime<Utc>) -> bool {
        let is_over = self.sunset.zip(self.as_of.day_of(now)).is_some_and(|(last, today)| today > last);
        self.status.is_built() && !is_over
    }
}

/// How the value of a tag comes about: for those who read, the hub builds all of them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// It is stated in a dataset.
    Fact,
    /// It is counted, added up or taken from the latest row.
    Statistic,
    /// A threshold or a case was decided by people.
    Rule,
    /// None of these: whatever its statement does.
    Sql,
}

impl TagKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Fact, Self::Statistic, Self::Rule, Self::Sql];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Statistic => "statistic",
            Self::Rule => "rule",
            Self::Sql => "sql",
        }
    }
}

/// Where a tag is in its life, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagStatus {
    /// Somebody writes it.
    Draft,
    /// Somebody reads it.
    Review,
    /// It is computed, and may be used.
    Active,
    /// It is computed, and should no longer be used.
    Deprecated,
    /// It is no longer computed.
    Retired,
}

impl TagStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Review, Self::Active, Self::Deprecated, Self::Retired];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Review => "review",
            Self::Active => "active",
            Self::Deprecated => "deprecated",
            Self::Retired => "retired",
        }
    }

    /// Tells whether a hub builds the tag: when it is active, and until its end.
    #[must_use]
    pub const fn is_built(self) -> bool {
        matches!(self, Self::Active | Self::Deprecated)
    }
}

/// Who answers for a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagOwner {
    /// The team.
    pub team: String,
    /// The person to ask first.
    pub person: Option<String>,
    /// Who watches over its use of data.
    pub steward: Option<String>,
}

/// How sensitive knowing a tag of somebody is, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Anybody may know.
    Public,
    /// Everybody in the company may.
    Internal,
    /// It says something about a person.
    Personal,
    /// It could harm a person.
    Sensitive,
}

impl Sensitivity {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Personal, Self::Sensitive];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Personal => "personal",
            Self::Sensitive => "sensitive",
        }
    }
}

/// What becomes of a value when the statement no longer gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NullPolicy {
    /// It ends: nothing is known any more.
    #[default]
    Recompute,
    /// It stays until there is another.
    KeepLast,
}

impl NullPolicy {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Recompute, Self::KeepLast];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recompute => "recompute",
            Self::KeepLast => "keep_last",
        }
    }
}

/// What becomes of members who did not consent to the purpose for which a tag is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConsentRule {
    /// They get no value.
    #[default]
    Exclude,
    /// They are treated as anybody else; policies still decide which rows may be read.
    Ignore,
}

impl ConsentRule {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::Exclude, Self::Ignore];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Ignore => "ignore",
        }
    }
}

/// A case that a tag must get right: made-up rows, and the values that follow. Consent plays no part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagTest {
    /// What it is about.
    pub name: String,
    /// The rows of each dataset that the statement reads, as CSV; datasets that are not here have none.
    pub given: BTreeMap<DatasetName, String>,
    /// The instant for which the tag is computed; for one that takes a day, the start of the day in its time zone.
    pub as_of: Option<DateTime<Utc>>,
    /// The values, as CSV with the columns `ENTITY,value`. A member who is not there must not be labelled.
    pub expect: String,
}
