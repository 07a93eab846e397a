//! How strongly a column is protected on its way: by the contract, by the mask of a reader, by the noise of a release.

use membrane_catalog::Catalog;
use membrane_ledger::{ReleaseState, RunRecord};
use membrane_model::{Action, Delta, FieldRef, LineageEdge, Price, Protection, RevealLevel};
use membrane_privacy::epsilon_of;
use serde_json::{Value, json};

/// What stands between a column and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strength {
    /// `protection` (of the contract), `mask` (of a reader), `noise` (of a release) or `none`.
    pub(crate) by: &'static str,
    /// Which: `sealed+token`, `partial`, ...
    pub(crate) kind: String,
    /// Whether a key of the hub takes part.
    pub(crate) keyed: bool,
    /// Whether the hub can make the value of it again.
    pub(crate) reversible: bool,
}

impl Strength {
    /// Returns what a contract does to a column.
    pub(crate) fn of_protection(protection: Protection) -> Self {
        Self {
            by: if protection.is_masking() { "protection" } else { "none" },
            kind: protection.to_string(),
            keyed: protection.has_token() || protection.has_sealed(),
            reversible: protection.has_sealed() || protection == Protection::Clear,
        }
    }

    /// Returns what a reader sees of a column at this level.
    pub(crate) fn of_level(level: RevealLevel) -> Self {
        let is_clear = level == RevealLevel::Clear;
        Self {
            by: if is_clear { "none" } else { "mask" },
            kind: level.as_str().to_owned(),
            keyed: level == RevealLevel::Token,
            reversible: is_clear,
        }
    }

    /// Returns what a release does to all but the keys of its groups.
    pub(crate) fn of_noise() -> Self {
        Self { by: "noise", kind: "differential privacy".to_owned(), keyed: false, reversible: false }
    }

    /// Returns what stands on an edge, as far as the record and the contracts tell.
    pub(crate) fn of_edge(
        edge: &LineageEdge,
        action: Action,
        level: Option<RevealLevel>,
        catalog: &Catalog,
    ) -> Self {
        if edge.to.namespace == FieldRef::DATASETS {
            let dataset = edge.to.name.parse().ok().and_then(|name| catalog.dataset(&name));
            let field = edge.to.field.parse().ok();
            let column = dataset.zip(field).and_then(|(dataset, field)| dataset.column(&field));
            return match column {
                Some(column) => Self::of_protection(column.protection),
                None => Self::unknown(edge.masking),
            };
        }
        match (action, edge.masking, level) {
            (Action::Release, true, _) => Self::of_noise(),
            (_, false, _) => Self::of_level(RevealLevel::Clear),
            (_, true, None) => Self::unknown(true),
            (_, true, Some(level)) => Self::of_level(level),
        }
    }

    /// What is not on record any more.
    fn unknown(masking: bool) -> Self {
        let (by, kind) = if masking { ("mask", "unknown") } else { ("none", "clear") };
        Self { by, kind: kind.to_owned(), keyed: false, reversible: !masking }
    }
}

/// What was paid for the noise of a run.
pub(super) fn paid(record: &RunRecord) -> Option<Value> {
    let charged = record.releases.iter().filter(|release| release.state == ReleaseState::Committed);
    let price = charged.map(|release| release.price).reduce(|one, other| Price {
        rho_nano: one.rho_nano.saturating_add(other.rho_nano),
        delta_atto: one.delta_atto.saturating_add(other.delta_atto),
    })?;
    #[expect(clippy::cast_precision_loss, reason = "to about 15 digits, for show")]
    let (rho, delta) = (price.rho_nano as f64 / 1e9, price.delta_atto as f64 / 1e18);
    let shown = Delta::new(DELTA).ok().and_then(|delta| epsilon_of(price, delta).ok());
    Some(json!({ "rho": rho, "delta": delta, "epsilon": shown, "epsilonDelta": DELTA }))
}

/// The delta at which epsilon is told.
const DELTA: f64 = 1e-6;

/// Writes the strength on an edge.
pub(super) fn told(strength: &Strength) -> Value {
    json!({
        "by": strength.by,
        "kind": strength.kind,
        "keyed": strength.keyed,
        "reversible": strength.reversible,
    })
}
