//! One name for one question: what does not change the answer does not change the name.

use membrane_ledger::DatasetVersion;
use membrane_model::{PrincipalId, Purpose};
use membrane_privacy::ReleaseSpec;
use membrane_vault::QueryKeyHasher;

use super::question::{Condition, Question};
use crate::QueryError;

const DOMAIN: &[u8] = b"membrane release 1";

/// Who asks, and under which policy.
pub(super) struct Asker<'a> {
    pub(super) principal: &'a PrincipalId,
    pub(super) purpose: Option<&'a Purpose>,
    pub(super) policy_version: &'a str,
}

/// Brings conditions into one order: AND, OR and IN do not depend on theirs.
pub(super) fn normalise(question: &mut Question) {
    question.conditions = sorted(std::mem::take(&mut question.conditions));
}

fn sorted(parts: Vec<Condition>) -> Vec<Condition> {
    let mut parts: Vec<Condition> = parts.into_iter().map(inner).collect();
    parts.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    parts.dedup();
    parts
}

fn inner(condition: Condition) -> Condition {
    match condition {
        Condition::And(parts) => Condition::And(sorted(parts)),
        Condition::Or(parts) => Condition::Or(sorted(parts)),
        Condition::Not(inside) => Condition::Not(Box::new(inner(*inside))),
        Condition::In { column, mut values } => {
            values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
            values.dedup();
            Condition::In { column, values }
        }
        other => other,
    }
}

/// Names a release: who asks what of which data, under which policy and bounds, at which price.
pub(super) fn query_key(
    hasher: &QueryKeyHasher,
    asker: &Asker<'_>,
    question: &Question,
    spec: &ReleaseSpec,
    inputs: &[DatasetVersion],
) -> Result<String, QueryError> {
    let question = serde_json::to_vec(question).map_err(|_| QueryError::Failed)?;
    let kinds: Vec<_> = spec.aggregates.iter().map(|aggregate| (aggregate.kind, aggregate.weight)).collect();
    let kinds = serde_json::to_vec(&kinds).map_err(|_| QueryError::Failed)?;
    let versions: Vec<String> =
        inputs.iter().map(|input| format!("{}@{}", input.dataset, input.version)).collect();
    let numbers = format!(
        "{} {} {} {:x} {:x}",
        spec.groups_max,
        spec.rows_max,
        spec.cohort_min,
        spec.epsilon.get().to_bits(),
        spec.delta.get().to_bits(),
    );
    let principal = asker.principal.to_string();
    let mut parts: Vec<&[u8]> = vec![
        DOMAIN,
        principal.as_bytes(),
        asker.purpose.map_or("", Purpose::as_str).as_bytes(),
        asker.policy_version.as_bytes(),
        &question,
        &kinds,
        numbers.as_bytes(),
    ];
    parts.extend(versions.iter().map(String::as_bytes));
    Ok(hasher.hash(&parts))
}

#[cfg(test)]
mod tests;
