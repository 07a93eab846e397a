//! The parameters that a policy's annotations carry, from a closed vocabulary.
//!
//! Annotations are free text to Cedar and invisible to its prover. So they never widen what is
//! permitted: the level is an action, and `@partial` and `@generalise` only say how that level looks.

use cedar_policy::{ActionConstraint, Effect, Policy};
use membrane_catalog::Column;
use membrane_model::{Generalisation, LogicalType, PartialMask, RevealLevel};

/// What the annotations of one policy say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) partial: Option<PartialMask>,
    pub(crate) generalise: Option<Generalisation>,
}

impl Parameters {
    /// Reads and checks the annotations.
    pub(crate) fn read(policy: &Policy) -> Result<Self, Vec<String>> {
        let mut parameters = Self::default();
        let mut faults = Vec::new();
        for (key, value) in policy.annotations() {
            match key {
                "id" => {}
                "partial" => match value.parse() {
                    Ok(mask) => parameters.partial = Some(mask),
                    Err(error) => faults.push(format!("`@partial`: {error}")),
                },
                "generalise" => match value.parse() {
                    Ok(how) => parameters.generalise = Some(how),
                    Err(error) => faults.push(format!("`@generalise`: {error}")),
                },
                other => faults.push(format!(
                    "unknown annotation `@{other}`: known are `@id`, `@partial` and `@generalise`"
                )),
            }
        }
        let has = |key| policy.annotation(key).is_some();
        faults.extend(misplaced(policy, RevealLevel::Partial, "partial", has("partial")));
        faults.extend(misplaced(policy, RevealLevel::Generalised, "generalise", has("generalise")));
        if faults.is_empty() { Ok(parameters) } else { Err(faults) }
    }
}

// A permit that can grant the level must say how it looks; any other policy must not.
fn misplaced(policy: &Policy, level: RevealLevel, key: &str, present: bool) -> Option<String> {
    let action = level.cedar_action();
    let grants = policy.effect() == Effect::Permit && may_match(policy, action);
    match (grants, present) {
        (true, false) => Some(format!("it can permit `{action}` and must say how with `@{key}(\"...\")`")),
        (false, true) => Some(format!("`@{key}` has no meaning here: only a permit of `{action}` uses it")),
        _ => None,
    }
}

/// Tells whether the policy's scope can match an action. A schema with groups of actions is refused.
pub(crate) fn may_match(policy: &Policy, action: &str) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => AsRef::<str>::as_ref(uid.id()) == action,
        ActionConstraint::In(uids) => uids.iter().any(|uid| AsRef::<str>::as_ref(uid.id()) == action),
    }
}

/// Chooses among the masks of several policies that all permit the level: the one that shows the
/// fewest characters; of two that show as many, the one that shows fewer at the start. An e-mail mask
/// shows a whole domain and comes last.
pub(crate) fn least_mask(masks: impl IntoIterator<Item = PartialMask>) -> Option<PartialMask> {
    masks.into_iter().min_by_key(|mask| match mask {
        PartialMask::Window { prefix, suffix } => (0, u16::from(*prefix) + u16::from(*suffix), *prefix),
        PartialMask::Email => (1, 0, 0),
    })
}

/// Chooses the coarsest among the generalisations that fit a column: year before month, the widest
/// band, the shortest prefix. None fits: nothing.
pub(crate) fn coarsest(
    all: impl IntoIterator<Item = Generalisation>,
    column: &Column,
) -> Option<Generalisation> {
    let fits = |how: &Generalisation| fits(*how, column.logical_type) && !keeps_all(*how, column);
    all.into_iter().filter(fits).min_by_key(|how| match how {
        Generalisation::Year => 0,
        Generalisation::Month => 1,
        Generalisation::Width(width) => u32::MAX - width,
        Generalisation::Prefix(length) => u32::from(*length),
    })
}

const fn fits(how: Generalisation, logical_type: LogicalType) -> bool {
    match how {
        Generalisation::Month | Generalisation::Year => {
            matches!(logical_type, LogicalType::Date | LogicalType::Timestamp)
        }
        Generalisation::Width(_) => {
            matches!(logical_type, LogicalType::Integer | LogicalType::Number | LogicalType::Decimal { .. })
        }
        Generalisation::Prefix(_) => matches!(logical_type, LogicalType::String),
    }
}

/// Tells whether a generalisation would show every value of a column, or every whole one, as it is. A contract that says
/// so is refused at load; a policy speaks of many columns, so that it is looked at for each.
fn keeps_all(how: Generalisation, column: &Column) -> bool {
    match how {
        Generalisation::Width(width) => width <= 1,
        Generalisation::Prefix(length) => {
            column.rules.length_max.is_some_and(|most| most <= usize::from(length))
        }
        Generalisation::Month | Generalisation::Year => false,
    }
}

#[cfg(test)]
mod tests;
