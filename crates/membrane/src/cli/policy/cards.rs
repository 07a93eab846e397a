//! `membrane policy cards`.

use membrane_policy::{Card, Policies};
use serde_json::{Value, json};

use crate::cli::{CliError, out, table};

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
