//! The parameters that a policy's annotations carry, from a closed vocabulary.
//!
//! Annotations are free text to Cedar and invisible to its prover. So they never widen what is
//! permitted: the level is an action, and `@partial`, `@generalise` and `@token` only say how that level looks.

use cedar_policy::{ActionConstraint, Effect, Policy};
use membrane_catalog::{Column, Standard};
use membrane_model::{Generalisation, PartialMask, RevealLevel, TokenForm};

/// What the annotations of one policy say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) partial: Option<PartialMask>,
    pub(crate) generalise: Option<Generalisation>,
    /// Opaque where nothing is said.
    pub(crate) token: TokenForm,
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
                "token" => match value.parse() {
                    Ok(form) => parameters.token = form,
                    Err(error) => faults.push(format!("`@token`: {error}")),
                },
                other => faults.push(format!(
                    "unknown annotation `@{other}`: known are `@id`, `@partial`, `@generalise` and `@token`"
                )),
            }
        }
        let has = |key| policy.annotation(key).is_some();
        faults.extend(misplaced(policy, RevealLevel::Partial, "partial", has("partial")));
        faults.extend(misplaced(policy, RevealLevel::Generalised, "generalise", has("generalise")));
        if has("token") && !grants(policy, RevealLevel::Token) {
            faults.push(useless("token", RevealLevel::Token));
        }
        if faults.is_empty() { Ok(parameters) } else { Err(faults) }
    }
}

// A permit that can grant the level must say how it looks; any other policy must not.
fn misplaced(policy: &Policy, level: RevealLevel, key: &str, present: bool) -> Option<String> {
    let action = level.cedar_action();
    match (grants(policy, level), present) {
        (true, false) => Some(format!("it can permit `{action}` and must say how with `@{key}(\"...\")`")),
        (false, true) => Some(useless(key, level)),
        _ => None,
    }
}

fn grants(policy: &Policy, level: RevealLevel) -> bool {
    policy.effect() == Effect::Permit && may_match(policy, level.cedar_action())
}

fn useless(key: &str, level: RevealLevel) -> String {
    format!("`@{key}` has no meaning here: only a permit of `{}` uses it", level.cedar_action())
}

/// Tells whether the policy's scope can match an action. A schema with groups of actions is refused.
pub(crate) fn may_match(policy: &Policy, action: &str) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => AsRef::<str>::as_ref(uid.id()) == action,
        ActionConstraint::In(uids) => uids.iter().any(|uid| AsRef::<str>::as_ref(uid.id()) == action),
    }
}

/// Chooses among the masks of several policies that all permit the level: the one that shows the fewest characters; of two
/// that show as many, the one that stars the rest out and does not show its shape, and then the one that shows fewer at the
/// start. An e-mail mask, which shows a whole domain, comes last.
pub(crate) fn least_mask(masks: impl IntoIterator<Item = PartialMask>) -> Option<PartialMask> {
    masks.into_iter().min_by_key(|mask| match mask {
        PartialMask::Window { prefix, suffix } => (u16::from(*prefix) + u16::from(*suffix), false, *prefix),
        PartialMask::Alphanum => (0, true, 0),
        PartialMask::LastFour => (4, true, 0),
        PartialMask::FirstFour => (4, true, 4),
        PartialMask::Email => (u16::MAX, true, 0),
    })
}

/// Chooses among the forms of a token: of a value in its format its length shows, so that is for when all agree on it.
pub(crate) fn least_form(forms: impl IntoIterator<Item = TokenForm>) -> TokenForm {
    let mut forms = forms.into_iter().peekable();
    let told = forms.peek().is_some();
    if told && forms.all(|form| form == TokenForm::Ff1) { TokenForm::Ff1 } else { TokenForm::Opaque }
}

/// Months of a year.
const MONTHS: u32 = 12;

/// Chooses the coarsest among the generalisations that fit a column: one value for all, the longest time, the widest band,
/// the shortest prefix. None fits: nothing.
pub(crate) fn coarsest(
    all: impl IntoIterator<Item = Generalisation>,
    column: &Column,
) -> Option<Generalisation> {
    let fits = |how: &Generalisation| how.fits(column.logical_type) && !keeps_all(*how, column);
    all.into_iter().filter(fits).min_by_key(|how| match how {
        Generalisation::Fixed => (0, 0),
        // Of an age and a year as long as it, the age moves: on which day it does tells the birthday.
        Generalisation::Age(years) => (1, u32::MAX - u32::from(*years) * 2 * MONTHS + 1),
        Generalisation::Year => (1, u32::MAX - 2 * MONTHS),
        Generalisation::Month => (1, u32::MAX - 2),
        Generalisation::Width(width) => (1, u32::MAX - width),
        // A prefix hides half of a short text, a geographic code does not.
        Generalisation::Prefix(length) => (1, u32::from(*length) * 2),
        Generalisation::Geo(length) => (1, u32::from(*length) * 2 + 1),
    })
}

/// Tells whether a generalisation would show every value of a column, or every whole one, as it is. A contract that says
/// so is refused at load; a policy speaks of many columns, so that it is looked at for each.
fn keeps_all(how: Generalisation, column: &Column) -> bool {
    match how {
        Generalisation::Width(width) => width <= 1,
        Generalisation::Prefix(length) | Generalisation::Geo(length) => {
            let known = [column.rules.length_max, column.standard.and_then(Standard::length_max)];
            known.into_iter().flatten().min().is_some_and(|most| most <= usize::from(length))
        }
        Generalisation::Month | Generalisation::Year | Generalisation::Age(_) | Generalisation::Fixed => {
            false
        }
    }
}

#[cfg(test)]
mod tests;
