//! `membrane policy diff`.

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_policy::Policies;
use membrane_policy::publication::matrix_differences;
use serde_json::json;

use crate::cli::{CliError, out};

/// Tells who gains and who loses what: of those that there are, and of all that there could be.
pub(super) async fn run(
    (old, new): (&Policies, &Policies),
    catalog: &Catalog,
    now: DateTime<Utc>,
    solver: &str,
    json: bool,
) -> Result<(), CliError> {
    let seen = matrix_differences(&old.matrix(catalog, now), &new.matrix(catalog, now));
    let possible = new.differences(old, solver).await.map_err(CliError::failed)?;
    if json {
        let shaped = possible.iter().map(|difference| {
            json!({
                "gained": difference.gained,
                "sentence": difference.example.sentence,
                "asked": difference.example.asked,
                "policies": difference.example.policies,
                "world": difference.example.world,
            })
        });
        return out::json(&json!({ "matrix": seen, "requests": shaped.collect::<Vec<_>>() }));
    }
    out::line("Of those that there are (`-` before, `+` now):")?;
    for line in &seen {
        out::line(format!("  {line}"))?;
    }
    if seen.is_empty() {
        out::line("  nobody sees anything else, by class of column")?;
    }
    out::line("Of all that there could be, an example for each kind of request:")?;
    for difference in &possible {
        let word = if difference.gained { "permitted now    " } else { "permitted before " };
        let example = &difference.example;
        out::line(format!("  {word} {}", example.sentence))?;
        out::line(format!("    {}", example.asked))?;
        for line in example.world.lines() {
            out::line(format!("      {line}"))?;
        }
    }
    if possible.is_empty() {
        out::line("  proved: both permit the same")?;
    }
    Ok(())
}
