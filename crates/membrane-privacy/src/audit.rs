//! An audit: what is given out, held against what is claimed of it.
//!
//! Statement. Input: draws of a mechanism on two neighbours, or how often it did what it must rarely do. Output: bounds on what
//! it loses that hold but for a stated chance, so that a mechanism which is as it says fails an audit that rarely. Nothing here
//! is part of a release, and no draw is made of a hub's data: inputs are made up.
//!
//! | what is claimed | how it is looked at | where |
//! | --- | --- | --- |
//! | epsilon at a delta | [`epsilon_lower_bound`] on draws of two neighbours (facts: an event is chosen on one half, counted on the other) | [`losses`] |
//! | delta of keys from the data | how often a group of one member is shown | [`revealed`] |
//! | error bars | how often the bounded value lies between them | the crate `membrane` |
//! | distances of totals | [`crate::Mechanism::distances`] on neighbours that were made up | the crate `membrane` |
//!
//! What is planted must be found: the same draws are judged by claims that they do not keep ([`losses_planted`], and
//! [`Rule::AtLeast`]).
//!
//! References: Clopper and Pearson 1934; Jagielski, Ullman and Oprea 2020 (arXiv:2006.07709) on lower bounds from trials.

mod statistics;

pub use self::statistics::{correlation, epsilon_lower_bound, probability_between};
pub use crate::mechanism::audit::{Loss, Revealed, Rule, losses, losses_planted, revealed};
