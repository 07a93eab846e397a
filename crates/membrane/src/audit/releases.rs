//! One statement, over people who were made up.

use membrane_query::Trial;

use super::{AuditError, Check, Effort, coverage, loss, neighbours};

/// Looks at a statement. `drawn` says whether answers are drawn as well.
pub(super) async fn checks(
    trial: &Trial,
    title: &str,
    effort: &Effort,
    (seed, alpha): (u64, f64),
    drawn: bool,
) -> Result<Vec<Check>, AuditError> {
    let mut checks = neighbours::checks(trial, title, effort, seed).await?;
    checks.push(neighbours::order(trial, title, effort, seed).await?);
    if drawn {
        checks.extend(loss::checks(trial, title, effort, (seed, alpha)).await?);
        checks.extend(coverage::checks(trial, title, effort, seed).await?);
    }
    Ok(checks)
}
