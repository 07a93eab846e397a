//! Reads and checks `catalog/`: what the data is.
//!
//! A [`Catalog`] is built from data contracts (Open Data Contract Standard v3, one YAML file a dataset),
//! the list of sensitivity classes and the list of purposes. It answers what a column is, how it is
//! protected and whose it is. Nothing is guessed: a column without class and protection, a key that
//! nobody knows, a rule that would not be checked are all refused, and [`CatalogError`] lists every
//! fault of every file at once, with file, line and column.

mod canon;
mod catalog;
mod column;
mod dataset;
mod describe;
mod error;
mod format;
mod read;
mod retention;
mod revision;
mod service;
mod source;
mod standard;
mod standing;
mod stewardship;
mod stored;
mod tag;
pub mod yaml;

pub use canon::{Canon, Spelling};
pub use catalog::{Catalog, PurposeEntry};
pub use column::{Column, ColumnPolicy, ColumnPrivacy, ColumnRules, OnOrphan, Reference};
pub use dataset::{Dataset, DatasetPrivacy, OnTruncated, SubjectSource};
pub use describe::{ColumnDescription, DatasetDescription};
pub use error::{CatalogError, Fault};
pub use format::FormatCheck;
pub use read::{PersonalKind, PersonalWord};
pub use retention::{Retention, RetentionRules, RetentionUnit};
pub use revision::{Change, Comparison, Effect, Revision, Step};
pub use service::ServiceLevels;
pub use source::{
    Cursor, Database, FilesSource, HookField, Mechanism, OnDifference, OnFault, Reads, SOURCE_ENDINGS,
    SOURCE_FORMATS, SOURCE_PACKINGS, Sasl, Secret, Signature, Source, Start, TableSource, TagEncoding, Takes,
    TopicFormat, TopicSource, TopicTls, UnixUnit, WebhookSource, Weixin,
};
pub use standard::{Case, Derived, Order, Part, Region, Standard, Standardised};
pub use standing::{
    Continual, Edition, Every, PERIOD_END, PERIOD_START, Schedule, StandingBounds, StandingPrice,
    StandingRelease,
};
pub use stewardship::Stewardship;
pub use stored::{StoredColumn, StoredKind};
pub use tag::{
    AS_OF, AsOf, AsOfParam, ConsentRule, NullPolicy, Refresh, Sensitivity, TAG_COLUMN, TAG_TABLE, Tag,
    TagKind, TagOwner, TagQuality, TagStatus, TagTest, TagType, TagValue,
};
