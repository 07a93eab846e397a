//! `membrane policy test`.

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_policy::Policies;
use serde_json::json;

use crate::cli::{CliError, out};

/// Asks every case, and prints how answers differ from what is expected.
pub(super) fn run(
    policies: &Policies,
    catalog: &Catalog,
    now: DateTime<Utc>,
    json: bool,
) -> Result<(), CliError> {
    let outcomes = policies.test(catalog, now);
    let failed = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).count();
    if json {
        let shaped = outcomes.iter().map(|outcome| {
            json!({ "name": outcome.name, "place": outcome.place, "differences": outcome.differences })
        });
        out::json(&json!({ "cases": shaped.collect::<Vec<_>>(), "failed": failed }))?;
    } else {
        for outcome in &outcomes {
            let word = if outcome.differences.is_empty() { "ok      " } else { "FAILED  " };
            out::line(format!("{word} {}", outcome.name))?;
            for difference in &outcome.differences {
                out::line(format!("  {}: {difference}", outcome.place))?;
            }
        }
        out::line(format!("{} of {} cases are as expected", outcomes.len() - failed, outcomes.len()))?;
    }
    if failed > 0 {
        return Err(CliError::failed(format!("{failed} of {} cases are not as expected", outcomes.len())));
    }
    Ok(())
}
