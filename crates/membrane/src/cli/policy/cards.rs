//! `membrane policy cards`.

use membrane_catalog::yaml::did_you_mean;
use membrane_policy::{Card, Policies};
use serde_json::{Value, json};

use crate::cli::{CliError, out, table};

/// Shows one rule card, in words and as its policy.
pub(super) fn show(policies: &Policies, id: &str, json: bool) -> Result<(), CliError> {
    let Some(card) = policies.cards().iter().find(|card| card.id() == id) else {
        let hint = did_you_mean(id, policies.cards().iter().map(Card::id));
        return Err(CliError::usage(format!(
            "there is no card `{id}`{hint}; `membrane policy cards` lists them, and policies in `*.cedar` are no cards"
        )));
    };
    if json {
        return out::json(&shaped(card));
    }
    out::line(format!("{}\n{}\nBecause: {}\n", card.id(), card.words(), card.because()))?;
    Ok(out::line(card.cedar().trim_end())?)
}

/// Shows each rule card in words, with the policy that it becomes beside it.
pub(super) fn list(policies: &Policies, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&policies.cards().iter().map(shaped).collect::<Vec<_>>());
    }
    if policies.cards().is_empty() {
        return Ok(out::line("no rule cards: they are read from `cards/*.yaml` in the folder of policies")?);
    }
    let mut shown = table::new_table(&["card", "in Cedar, which decides"]);
    for card in policies.cards() {
        let words = format!("{}\n{}\nBecause: {}", card.id(), card.words(), card.because());
        shown.add_row([words, card.cedar().trim_end().to_owned()]);
    }
    Ok(out::line(shown.to_string())?)
}

fn shaped(card: &Card) -> Value {
    json!({
        "id": card.id(),
        "words": card.words(),
        "because": card.because(),
        "cedar": card.cedar(),
    })
}
