//! The longer texts of errors.

use std::fmt::Display;

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_ledger::{LedgerError, Scope, Shortage, Window};
use membrane_model::{DatasetName, Price, TagId};
use membrane_policy::{Refused, RefusedReason};
use membrane_privacy::decimal;

/// Says what refused, and what to do.
pub(super) fn refusal(refused: &Refused) -> String {
    let what_to_do = match refused.reason {
        RefusedReason::UnknownPurpose => ": state one of the catalog's purposes",
        RefusedReason::UnknownPrincipal => ": only those of principals.json may ask",
        _ => "",
    };
    format!("{refused}{what_to_do}")
}

/// Says where a grant or a delegation stands.
pub(super) fn stands(state: &str) -> String {
    match state {
        "ended" | "expired" => format!("has {state} already"),
        other => format!("is {other}"),
    }
}

/// Says which delegations hand on what was to be handed on.
pub(super) fn handed_on(numbers: &[u64]) -> String {
    match numbers {
        [one] => format!("delegation {one} hands that on already"),
        more => {
            let numbers = more.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("delegations {numbers} hand that on already")
        }
    }
}

/// An altered record is told in its own words, which name runs and parts; of a database there is nothing to tell.
pub(super) fn ledger(error: &LedgerError) -> String {
    match error {
        LedgerError::Database(_) => "the ledger cannot be used now; try again soon".to_owned(),
        told => told.to_string(),
    }
}

/// Says what it costs, what it may, and which epsilon would fit.
pub(super) fn over_price(price: Price, most: Price, epsilon_milli: Option<u64>) -> String {
    let fits = epsilon_milli.map_or_else(
        || "a smaller epsilon".to_owned(),
        |milli| format!("epsilon {} or less", decimal(milli, 3)),
    );
    let (price, most) = (price.rho(), most.rho());
    format!(
        "it costs rho {price:.9}, and one release may cost rho {most:.9} at most: ask for {fits}, or in several questions"
    )
}

/// Says that the price is gone. Nothing is given back after rows were read: that it is would tell of them.
pub(super) fn stays_spent(price: Price, taken_up: bool) -> String {
    if taken_up {
        return "what was paid stays spent, and the next try takes it up: nothing is charged again"
            .to_owned();
    }
    format!(
        "its price, {price}, stays spent, as rows may have been read for it, and the same question costs once more"
    )
}

/// Says what to do while a question is being answered, and what becomes of what was paid if nobody ever does.
pub(super) fn in_flight(until: DateTime<Utc>, taken_up: bool) -> String {
    let (what, lost) = if taken_up {
        ("edition", "the next try takes up what was paid, and nothing is charged again")
    } else {
        ("question", "what was paid stays spent, and the question costs once more")
    };
    format!(
        "this {what} is being answered right now: ask again, and the answer costs nothing more once it is there. If it is \
         not there by {}, the hub that computes it is taken for dead: {lost}",
        until.to_rfc3339_opts(SecondsFormat::Secs, true)
    )
}

/// Says which budget does not allow a price, and when it will.
pub(super) fn over_budget(shortage: &Shortage, price: Price) -> String {
    let Shortage { account, remaining, refills } = shortage;
    let (scope, shared) = (&account.scope, matches!(account.scope, Scope::Dataset(_)));
    let left = match shared {
        // PRIVACY: what all partners together spent is not for one of them to see.
        true => "that is more than remains for all partners together".to_owned(),
        false => format!("{remaining} remain"),
    };
    let what_to_do = "ask for a smaller epsilon, or have the budget raised";
    match (account.window, refills) {
        (Window::Month(month), Some(refills)) => format!(
            "the budget `{scope}` of {month} does not allow this: it costs {price}, and {left}; it fills up again at \
             {}: wait, {what_to_do}",
            refills.to_rfc3339_opts(SecondsFormat::Secs, true)
        ),
        (Window::Month(month), None) => format!(
            "the budget `{scope}` of {month} does not allow this: it costs {price}, which is more than any month has, \
             and {left}; {what_to_do}"
        ),
        (Window::Lifetime, _) => format!(
            "the lifetime budget `{scope}` does not allow this: it costs {price}, and {left}; it never fills up again: \
             {what_to_do}"
        ),
    }
}

/// Names that are told of at most.
const NAMES_TOLD: usize = 40;

/// Says which tags there are.
pub(super) fn known_tags(known: &[TagId]) -> String {
    listed(known, ("there is none", "there are"), "membrane tag list")
}

/// Says which datasets there are.
pub(super) fn known_datasets(known: &[DatasetName]) -> String {
    listed(known, ("the catalog has none", "the catalog has"), "membrane catalog list")
}

fn listed<T: Display>(known: &[T], (none, some): (&str, &str), command: &str) -> String {
    let told: Vec<String> = known.iter().take(NAMES_TOLD).map(|name| format!("`{name}`")).collect();
    match known.len().saturating_sub(NAMES_TOLD) {
        _ if known.is_empty() => none.to_owned(),
        0 => format!("{some} {}", told.join(", ")),
        more => format!("{some} {} and {more} more: `{command}` names them", told.join(", ")),
    }
}
