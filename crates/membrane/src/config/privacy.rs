//! `[privacy]`.

use std::collections::BTreeMap;

use membrane_model::PrincipalId;
use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

const RHO: Kind = Kind::Number(0.0, 1000.0);
const DELTA: Kind = Kind::Number(0.0, 0.01);

pub(super) const SECTION: Section = Section {
    name: "privacy",
    sentence: "What a release costs when it is not told, and how much may be spent: in a calendar month (UTC), after which \
               the month's budget is there anew, and ever. Budgets are zero-concentrated DP (rho) plus delta; rho 0.024 is about \
               epsilon 1, 0.31 about 4, 1.05 about 8. Twelve months allow twelve times a month's, within what may ever be spent. \
               A change never resets what was spent.",
    keys: &[
        Key {
            name: "epsilon",
            kind: Kind::Number(0.0, 20.0),
            sentence: "Epsilon of one release that names none.",
        },
        Key {
            name: "delta",
            kind: DELTA,
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
            sentence: "Members below which a group whose key is not known beforehand is never shown.",
        },
        RELEASE_RHO_MAX,
        PARTNER[0],
        PARTNER[1],
        PARTNER[2],
        PARTNER[3],
        PARTNER[4],
        PARTNER[5],
        PARTNER[6],
        PARTNER[7],
        Key {
            name: "dataset_rho_month",
            kind: RHO,
            sentence: "What all partners together may spend on one dataset in a month: they may pool what they learn.",
        },
        Key { name: "dataset_delta_month", kind: DELTA, sentence: "The delta that goes with it." },
        Key {
            name: "dataset_rho",
            kind: RHO,
            sentence: "What all partners together may ever spend on one dataset.",
        },
        Key { name: "dataset_delta", kind: DELTA, sentence: "The delta that goes with it." },
        Key {
            name: "budgets_start",
            kind: Kind::Choice(&[OPEN, CLOSED]),
            sentence: "`open`: a partner may spend until somebody closes its budget. `closed`: not before somebody opened it, with \
                       `membrane budget open`.",
        },
        Key {
            name: "ceiling",
            kind: Kind::Integer(1, 10),
            sentence: "How many times as much as is configured here for a partner `membrane budget cap` and `refill` may allow it at \
                       most, in a month, ever and for one release. 1: they only lower it. What all partners together may spend is \
                       not theirs to change.",
        },
        Key {
            name: "partners",
            kind: Kind::Tables(&OWN),
            sentence: "What is otherwise for one partner: a table [privacy.partners.\"partner:NAME\"] with `release_rho_max` or any key \
                       above that begins with `partner_`. Raising one for a partner that is trusted more: partner_rho_month = 1.05.",
        },
    ],
};

const RELEASE_RHO_MAX: Key = Key {
    name: "release_rho_max",
    kind: RHO,
    sentence: "The most that one release may cost: one question cannot eat the month.",
};

const PARTNER: [Key; 8] = [
    Key {
        name: "partner_rho_month",
        kind: RHO,
        sentence: "What one partner may spend on all datasets together in a month.",
    },
    Key { name: "partner_delta_month", kind: DELTA, sentence: "The delta that goes with it." },
    Key {
        name: "partner_rho",
        kind: RHO,
        sentence: "What one partner may ever spend on all datasets together. The default is six full months: \
                   that is twelve at half.",
    },
    Key { name: "partner_delta", kind: DELTA, sentence: "The delta that goes with it." },
    Key {
        name: "partner_dataset_rho_month",
        kind: RHO,
        sentence: "What one partner may spend on one dataset in a month.",
    },
    Key { name: "partner_dataset_delta_month", kind: DELTA, sentence: "The delta that goes with it." },
    Key {
        name: "partner_dataset_rho",
        kind: RHO,
        sentence: "What one partner may ever spend on one dataset.",
    },
    Key { name: "partner_dataset_delta", kind: DELTA, sentence: "The delta that goes with it." },
];

/// What may be otherwise for one partner.
const OWN: [Key; 9] = [
    RELEASE_RHO_MAX,
    PARTNER[0],
    PARTNER[1],
    PARTNER[2],
    PARTNER[3],
    PARTNER[4],
    PARTNER[5],
    PARTNER[6],
    PARTNER[7],
];

const OPEN: &str = "open";
const CLOSED: &str = "closed";

/// Whether a partner may spend of whom nobody has said anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetsStart {
    /// It may.
    #[default]
    Open,
    /// Not before somebody opened its budget.
    Closed,
}

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
    /// One release: rho.
    pub release_rho_max: f64,
    /// One partner, all datasets, a month: rho.
    pub partner_rho_month: f64,
    /// One partner, all datasets, a month: delta.
    pub partner_delta_month: f64,
    /// One partner, all datasets, ever: rho.
    pub partner_rho: f64,
    /// One partner, all datasets, ever: delta.
    pub partner_delta: f64,
    /// One partner, one dataset, a month: rho.
    pub partner_dataset_rho_month: f64,
    /// One partner, one dataset, a month: delta.
    pub partner_dataset_delta_month: f64,
    /// One partner, one dataset, ever: rho.
    pub partner_dataset_rho: f64,
    /// One partner, one dataset, ever: delta.
    pub partner_dataset_delta: f64,
    /// All partners, one dataset, a month: rho.
    pub dataset_rho_month: f64,
    /// All partners, one dataset, a month: delta.
    pub dataset_delta_month: f64,
    /// All partners, one dataset, ever: rho.
    pub dataset_rho: f64,
    /// All partners, one dataset, ever: delta.
    pub dataset_delta: f64,
    /// Whether a partner may spend of whom nobody has said anything.
    pub budgets_start: BudgetsStart,
    /// How many times what is configured steps may allow.
    pub ceiling: u32,
    /// What is otherwise for one partner.
    pub partners: BTreeMap<PrincipalId, PartnerSection>,
}

/// What is otherwise for one partner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerSection {
    /// One release: rho.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_rho_max: Option<f64>,
    /// All datasets, a month: rho.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_rho_month: Option<f64>,
    /// All datasets, a month: delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_delta_month: Option<f64>,
    /// All datasets, ever: rho.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_rho: Option<f64>,
    /// All datasets, ever: delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_delta: Option<f64>,
    /// One dataset, a month: rho.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_dataset_rho_month: Option<f64>,
    /// One dataset, a month: delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_dataset_delta_month: Option<f64>,
    /// One dataset, ever: rho.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_dataset_rho: Option<f64>,
    /// One dataset, ever: delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_dataset_delta: Option<f64>,
}

impl PrivacySection {
    /// Returns the same with budgets that nobody comes to the end of: for hubs of benches, audits and tests, which hold no member.
    #[must_use]
    pub fn unlimited(self) -> Self {
        const RHO: f64 = 1000.0;
        const DELTA: f64 = 0.01;
        Self {
            partner_rho_month: RHO,
            partner_delta_month: DELTA,
            partner_rho: RHO,
            partner_delta: DELTA,
            partner_dataset_rho_month: RHO,
            partner_dataset_delta_month: DELTA,
            partner_dataset_rho: RHO,
            partner_dataset_delta: DELTA,
            dataset_rho_month: RHO,
            dataset_delta_month: DELTA,
            dataset_rho: RHO,
            dataset_delta: DELTA,
            release_rho_max: RHO,
            partners: BTreeMap::new(),
            ..self
        }
    }
}

impl Default for PrivacySection {
    fn default() -> Self {
        Self {
            epsilon: 1.0,
            delta: 1e-7,
            purpose: "partner_reporting".into(),
            cohort_min: 50,
            release_rho_max: 0.024,
            partner_rho_month: 0.31,
            partner_delta_month: 1e-5,
            partner_rho: 1.86,
            partner_delta: 6e-5,
            partner_dataset_rho_month: 0.31,
            partner_dataset_delta_month: 1e-5,
            partner_dataset_rho: 1.86,
            partner_dataset_delta: 6e-5,
            dataset_rho_month: 3.35,
            dataset_delta_month: 5e-5,
            dataset_rho: 20.1,
            dataset_delta: 3e-4,
            budgets_start: BudgetsStart::Open,
            ceiling: 2,
            partners: BTreeMap::new(),
        }
    }
}

impl PrivacySection {
    /// Returns what holds for one partner.
    #[must_use]
    pub fn of(&self, partner: &PrincipalId) -> Self {
        let mut held = self.clone();
        let Some(own) = self.partners.get(partner) else { return held };
        for (held, own) in [
            (&mut held.release_rho_max, own.release_rho_max),
            (&mut held.partner_rho_month, own.partner_rho_month),
            (&mut held.partner_delta_month, own.partner_delta_month),
            (&mut held.partner_rho, own.partner_rho),
            (&mut held.partner_delta, own.partner_delta),
            (&mut held.partner_dataset_rho_month, own.partner_dataset_rho_month),
            (&mut held.partner_dataset_delta_month, own.partner_dataset_delta_month),
            (&mut held.partner_dataset_rho, own.partner_dataset_rho),
            (&mut held.partner_dataset_delta, own.partner_dataset_delta),
        ] {
            if let Some(own) = own {
                *held = own;
            }
        }
        held
    }
}
