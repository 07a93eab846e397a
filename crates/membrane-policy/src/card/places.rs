//! Where the parts of a card stand in its file: faults are told there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use membrane_catalog::yaml::Mark;

/// Where the parts of a card stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) file: PathBuf,
    /// Where what each key says stands.
    pub(crate) keys: BTreeMap<&'static str, Mark>,
    /// Every name that must name something, in the order in which they were read.
    pub(crate) names: Vec<Named>,
}

/// A name, under the key that says of what it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: &'static str,
    pub(crate) text: String,
    pub(crate) mark: Mark,
}
