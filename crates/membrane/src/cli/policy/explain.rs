//! `membrane policy explain`.

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_catalog::yaml::did_you_mean;
use membrane_model::{Action, ColumnName, DatasetName};
use membrane_policy::{Explanation, Policies, Question};
use serde_json::{Value, json};

use crate::cli::{CliError, out, table};

/// Explains how a column is shown.
pub(super) fn run(
    policies: &Policies,
    catalog: &Catalog,
    question: &Question<'_>,
    json: bool,
) -> Result<(), CliError> {
    if !catalog.has_purpose(question.purpose) {
        let known: Vec<&str> = catalog.purposes().map(|entry| entry.name.as_str()).collect();
        let hint = did_you_mean(question.purpose.as_str(), known.iter().copied());
        let message =
            format!("the purposes are {}: there is no `{}`{hint}", known.join(", "), question.purpose);
        return Err(CliError::usage(message));
    }
    let Some(found) = policies.explain(catalog, question) else {
        return Err(CliError::usage(format!(
            "there is no principal, dataset or column of these names: see `membrane policy principals` and \
             `membrane catalog show {}`",
            question.dataset
        )));
    };
    if json {
        return out::json(&shaped(&found));
    }
    let (who, column) = (question.principal, format!("{}.{}", question.dataset, question.column));
    out::line(match found.shown {
        Some(shown) => format!(
            "{who} sees {column} as {shown}, for {}, by {}",
            question.purpose,
            found.factors.join(", ")
        ),
        None if found.factors.is_empty() => {
            format!("{who} does not see {column} for {}: no policy permits it", question.purpose)
        }
        None => {
            format!("{who} does not see {column} for {}, by {}", question.purpose, found.factors.join(", "))
        }
    })?;
    let mut shown = table::new_table(&["asked", "answer", "by"]);
    for asked in &found.asked {
        shown.add_row([asked.action, asked.answer, &asked.factors.join("\n")]);
    }
    out::line(shown.to_string())?;
    for note in &found.notes {
        out::line(format!("note: {note}"))?;
    }
    out::line(if found.changes.is_empty() {
        "no other purpose, group or clearance shows more of it"
    } else {
        "more would be shown:"
    })?;
    for change in &found.changes {
        out::line(format!("  {}: {}, by {}", change.what, change.shown, change.factors.join(", ")))?;
    }
    for id in found.factors.iter().chain(found.changes.iter().flat_map(|change| &change.factors)) {
        if let Some(card) = policies.cards().iter().find(|card| card.id() == id) {
            out::line(format!("  {id}: {} {}", card.words(), card.because()))?;
        }
    }
    Ok(())
}

/// Reads `DATASET.COLUMN`.
pub(in crate::cli) fn column(text: &str) -> Result<(DatasetName, ColumnName), String> {
    let (dataset, column) =
        text.split_once('.').ok_or("expected DATASET.COLUMN, such as crm_members.phone")?;
    let told = |error: membrane_model::NameError| error.to_string();
    Ok((dataset.parse().map_err(told)?, column.parse().map_err(told)?))
}

/// Reads a moment.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment
        .map(|moment| moment.to_utc())
        .map_err(|_| "expected a moment, such as 2026-12-31T12:00:00Z".to_owned())
}

/// Reads the sense in which something is asked.
pub(super) fn action(text: &str) -> Result<Action, String> {
    let known = [Action::Read, Action::Release];
    known
        .into_iter()
        .find(|action| action.as_str() == text)
        .ok_or_else(|| "expected read or release".to_owned())
}

fn shaped(found: &Explanation) -> Value {
    let asked = found
        .asked
        .iter()
        .map(|asked| json!({ "action": asked.action, "answer": asked.answer, "policies": asked.factors }));
    let changes = found.changes.iter().map(|change| {
        json!({ "what": change.what, "shown": change.shown.to_string(), "policies": change.factors })
    });
    json!({
        "shown": found.shown.map(|shown| shown.to_string()),
        "policies": found.factors,
        "asked": asked.collect::<Vec<_>>(),
        "notes": found.notes,
        "changes": changes.collect::<Vec<_>>(),
    })
}
