//! `membrane policy lint`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use membrane_catalog::{Catalog, Fault};
use membrane_policy::{Policies, Weakness};
use serde_json::{Value, json};

use crate::cli::catalog::faults;
use crate::cli::{CliError, out};

/// Lists the tokens that can be undone. Small ones that nobody has taken on are a failure, and so are waivers of nothing.
pub(super) fn run(
    policies: &Policies,
    catalog: &Catalog,
    now: DateTime<Utc>,
    lookups_per_hour: u32,
    json: bool,
) -> Result<(), CliError> {
    let found = policies.lint(catalog, now, lookups_per_hour);
    let idle = policies.idle_waivers(&found);
    if json {
        out::json(&shaped(&found, &idle))?;
    } else {
        told(&found, &idle)?;
    }
    let refused = found.iter().filter(|one| one.is_refused()).map(|one| (&one.dataset, &one.column));
    let refused = refused.collect::<BTreeSet<_>>().len();
    if refused > 0 {
        return Err(CliError::failed(format!(
            "{}: show the column in another way, or write in `waivers.yaml` \
             why it may be",
            match refused {
                1 => "1 column that is shown as a token has few values and no waiver".to_owned(),
                more => format!("{more} columns that are shown as tokens have few values and no waiver"),
            }
        )));
    }
    if !idle.is_empty() {
        return Err(CliError::failed(format!("{} waivers waive nothing", idle.len())));
    }
    Ok(())
}

fn told(found: &[Weakness], idle: &[Fault]) -> Result<(), CliError> {
    for group in Weakness::together(found) {
        let word = if group.first().is_refused() {
            "REFUSED  "
        } else if group.first().small {
            "waived   "
        } else {
            "noted    "
        };
        out::line(format!("{word}{group}"))?;
    }
    for fault in idle {
        out::line(fault.to_string())?;
    }
    if found.is_empty() {
        out::line("no column of which all values could be tried is shown as a token")?;
    }
    Ok(())
}

fn shaped(found: &[Weakness], idle: &[Fault]) -> Value {
    let weaknesses = found.iter().map(|one| {
        json!({
            "dataset": one.dataset.as_str(),
            "column": one.column.as_str(),
            "form": one.form.to_string(),
            "policies": one.by,
            "principals": names(&one.principals),
            "purposes": names(&one.purposes),
            // No weakness has more than 2^64.
            "values": u64::try_from(one.values).unwrap_or(u64::MAX),
            "key_stolen_seconds": one.key_stolen.as_secs(),
            "look_up_seconds": one.by_look_up.map(|time| time.as_secs()),
            "from": one.from.map(|from| from.to_rfc3339()),
            "small": one.small,
            "refused": one.is_refused(),
            "waiver": one.waiver.as_ref().map(|waiver| json!({
                "because": waiver.because,
                "by": waiver.by,
                "until": waiver.until.map(|day| day.to_string()),
            })),
            "words": one.to_string(),
        })
    });
    json!({ "weaknesses": weaknesses.collect::<Vec<_>>(), "faults": faults(idle).get("faults") })
}

fn names(all: &[impl ToString]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
