//! What a build of a tag must hold to.

use std::collections::BTreeMap;

/// What a build of a tag must hold to before its values are written. One that does not leaves those of the last one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TagQuality {
    /// The least and the greatest share of members who have a value.
    pub coverage: Option<(f64, f64)>,
    /// The most by which the shares of values may differ from those of the last build, as a population stability index.
    pub drift_psi_max: Option<f64>,
    /// The greatest share of labelled members that a value may have.
    pub value_share_max: BTreeMap<String, f64>,
}
