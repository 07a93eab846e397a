//! `[privacy]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "privacy",
    sentence: "What a release costs when it is not told, and how much may ever be spent. \
               Budgets are zero-concentrated DP (rho) plus delta; rho 0.024 is about epsilon 1, 0.31 about 4, 1.05 about 8.",
    keys: &[
        Key {
            name: "epsilon",
            kind: Kind::Number(0.0, 20.0),
            sentence: "Epsilon of one release that names none.",
        },
        Key {
            name: "delta",
            kind: Kind::Number(0.0, 0.01),
            sentence: "Delta of one release that names none; keep it far below one over the number of members.",
        },
        Key {
            name: "purpose",
            kind: Kind::Text,
            sentence: "Purpose of a release that names none; one of the catalog's.",
        },
        Key {
            name: "cohort_min",
            kind: Kind::Integer(1, 1_000_000),
            sentence: "Members below which a group that the contract does not enumerate is never shown.",
        },
        Key {
            name: "partner_rho",
            kind: Kind::Number(0.0, 1000.0),
            sentence: "What one partner may spend on all datasets together.",
        },
        Key {
            name: "partner_delta",
            kind: Kind::Number(0.0, 0.01),
            sentence: "The delta that goes with it.",
        },
        Key {
            name: "partner_dataset_rho",
            kind: Kind::Number(0.0, 1000.0),
            sentence: "What one partner may spend on one dataset.",
        },
        Key {
            name: "partner_dataset_delta",
            kind: Kind::Number(0.0, 0.01),
            sentence: "The delta that goes with it.",
        },
        Key {
            name: "dataset_rho",
            kind: Kind::Number(0.0, 1000.0),
            sentence: "What all partners together may spend on one dataset: they may pool what they learn.",
        },
        Key {
            name: "dataset_delta",
            kind: Kind::Number(0.0, 0.01),
            sentence: "The delta that goes with it.",
        },
    ],
};

/// Prices and budgets of releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacySection {
    /// Epsilon of one release.
    pub epsilon: f64,
    /// Delta of one release.
    pub delta: f64,
    /// Purpose of one release.
    pub purpose: String,
    /// Smallest group that is shown.
    pub cohort_min: u32,
    /// One partner, all datasets: rho.
    pub partner_rho: f64,
    /// One partner, all datasets: delta.
    pub partner_delta: f64,
    /// One partner, one dataset: rho.
    pub partner_dataset_rho: f64,
    /// One partner, one dataset: delta.
    pub partner_dataset_delta: f64,
    /// All partners, one dataset: rho.
    pub dataset_rho: f64,
    /// All partners, one dataset: delta.
    pub dataset_delta: f64,
}

impl Default for PrivacySection {
    fn default() -> Self {
        Self {
            epsilon: 1.0,
            delta: 1e-7,
            purpose: "partner_reporting".into(),
            cohort_min: 50,
            partner_rho: 1.05,
            partner_delta: 1e-5,
            partner_dataset_rho: 0.52,
            partner_dataset_delta: 1e-5,
            dataset_rho: 3.35,
            dataset_delta: 5e-5,
        }
    }
}
