//! From files to a checked catalog. Faults are collected, never thrown: every reader takes a
//! [`Report`], writes down what is wrong and goes on with what is left.

mod check;
mod column;
mod contract;
mod custom;
mod edition;
mod enumeration;
mod fields;
mod file;
mod generalisation;
mod lists;
mod logical_type;
mod options;
mod personal;
mod policy;
mod quality;
mod reference;
mod report;
mod retention;
mod schema;
mod semver;
mod service;
mod source;
mod standard;
mod standing;
mod stewardship;
mod suggest;
mod tag;
mod yaml;

pub use column::parse;
pub(crate) use contract::{Contract, Identity, read_contract};
#[cfg(test)]
pub(crate) use custom::settings;
pub(crate) use edition::Edition;
pub use fields::{Fields, read_items, text, whole};
pub use file::{FileError, read_text, too_many_files};
pub(crate) use file::{contract_files, optional_files, read_file};
pub(crate) use lists::{read_classes, read_purposes};
pub use personal::{PersonalKind, PersonalWord};
pub(crate) use reference::reference_fault;
pub use report::{At, Mark, Report};
pub(crate) use source::read_source;
pub(crate) use standing::read_standing;
pub use suggest::did_you_mean;
pub(crate) use tag::{Beside, TagDraft, check_beside, read_tag};
pub use yaml::{Document, Node, Value};
