//! One name for one question: what does not change the answer does not change the name.

use membrane_model::{DatasetName, PrincipalId, Purpose, TableVersion};
use membrane_policy::RowRule;
use membrane_privacy::{AggregateSpec, PriceAsked, ReleaseSpec};
use membrane_vault::QueryKeyHasher;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bounds::EditionKey;
use super::question::{Block, Question, Scalar, Table};
use crate::QueryError;

/// Counts up when the same question would be answered in another way: 2 joins by keys, and averages
/// the rows that count; 3 reads any relation, centres averages, and has a choice of noise, targets and quantiles.
const DOMAIN: &[u8] = b"membrane release 3";

/// The same for the rows that a question is about, and for its parts.
const BASIS_DOMAIN: &[u8] = b"membrane release basis 2";
const PART_DOMAIN: &[u8] = b"membrane release part 1";

/// The same for editions of standing releases.
const EDITION_DOMAIN: &[u8] = b"membrane edition 1";

/// The same for the rows that editions count on.
const RULES_DOMAIN: &[u8] = b"membrane counter rules 1";

/// The same for questions of one shape.
const SHAPE_DOMAIN: &[u8] = b"membrane release shape 1";

/// Who asks, and why.
pub(super) struct Asker<'a> {
    pub(super) principal: &'a PrincipalId,
    pub(super) purpose: Option<&'a Purpose>,
}

/// Which rows of a dataset the asker gets, and what they are read by.
///
/// INVARIANT: what the catalog and the policies say of a dataset comes into an answer by three ways only. [`Self::contract`] is
/// the first, [`Self::row_rule`] the second. The third are the columns that the permit shows in clear: a statement that
/// reads any other is refused before it has a name, and so they need none here.
pub(super) struct Data<'a> {
    pub(super) dataset: &'a DatasetName,
    /// All of its contract that a release goes by: `Dataset::release_hash`.
    pub(super) contract: String,
    /// The version, and the id of the table whose versions are counted; none when nothing was ever stored.
    pub(super) version: Option<(TableVersion, &'a str)>,
    /// Which of its rows count. It may hold what was true at the moment of asking, beside what the policies say.
    pub(super) row_rule: &'a RowRule,
}

impl Data<'_> {
    /// Says which rows count, whatever the version.
    fn rows(&self) -> String {
        let table = self.version.map_or("", |(_, table)| table);
        format!("{} {table} {:?}", self.dataset, self.row_rule)
    }

    /// Says which rows count, of which version, and what they are read by.
    fn whole(&self) -> String {
        let version = self.version.map(|(version, _)| version);
        format!("{version:?} {} {}", self.contract, self.rows())
    }
}

/// Brings conditions into one order: AND, OR and IN do not depend on theirs.
pub(super) fn normalise(question: &mut Question) {
    for table in &mut question.tables {
        match table {
            Table::Dataset { .. } => {}
            Table::Kept(kept) => kept.conditions = sorted(std::mem::take(&mut kept.conditions)),
            Table::PerMember(groups) => normalise_block(&mut groups.block),
            Table::Union(parts) => parts.iter_mut().for_each(|part| normalise_block(&mut part.block)),
        }
    }
    normalise_block(&mut question.block);
}

fn normalise_block(block: &mut Block) {
    block.conditions = sorted(std::mem::take(&mut block.conditions));
    for join in &mut block.joins {
        join.conditions = sorted(std::mem::take(&mut join.conditions));
    }
}

fn sorted(parts: Vec<Scalar>) -> Vec<Scalar> {
    let parts = parts.into_iter().flat_map(Scalar::conjuncts).map(|part| inner(&part));
    let mut parts: Vec<Scalar> = parts.collect();
    parts.sort_by_cached_key(|part| serde_json::to_string(part).unwrap_or_default());
    parts.dedup();
    parts
}

fn inner(condition: &Scalar) -> Scalar {
    condition.map(&|part| match part {
        Scalar::And(parts) => Some(Scalar::And(sorted(parts.clone()))),
        Scalar::Or(parts) => {
            let mut parts: Vec<Scalar> = parts.iter().map(inner).collect();
            parts.sort_by_cached_key(|part| serde_json::to_string(part).unwrap_or_default());
            parts.dedup();
            Some(Scalar::Or(parts))
        }
        Scalar::In(value, values) => {
            let mut values = values.clone();
            values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
            values.dedup();
            Some(Scalar::In(Box::new(inner(value)), values))
        }
        _ => None,
    })
}

/// Names what was read out of a statement: SHA-256 of [`DOMAIN`], a zero byte and the question. Two statements that are read as
/// the same question have the same. Unlike [`query_key`] it is no secret, and says nothing of who asks, or of data.
pub(super) fn plan_hash(question: &Question) -> Result<String, QueryError> {
    let question = serde_json::to_vec(question).map_err(|_| QueryError::Failed)?;
    let hash = Sha256::new().chain_update(DOMAIN).chain_update([0]).chain_update(question).finalize();
    Ok(hex::encode(hash))
}

/// Names a release: who asks what of which data, by which rules and bounds, at which price. Whatever else a catalog and its
/// policies say, of other datasets, or to people, is no part of it.
pub(super) fn query_key(
    hasher: &QueryKeyHasher,
    asker: &Asker<'_>,
    question: &Question,
    spec: &ReleaseSpec,
    data: &[Data<'_>],
) -> Result<String, QueryError> {
    let question = serde_json::to_vec(question).map_err(|_| QueryError::Failed)?;
    let of = |aggregate: &AggregateSpec| {
        let quantiles: Vec<u64> = aggregate.quantiles.iter().map(|share| share.to_bits()).collect();
        (aggregate.kind, aggregate.weight, aggregate.target95, quantiles)
    };
    let kinds: Vec<_> = spec.aggregates.iter().map(of).collect();
    let kinds = serde_json::to_vec(&kinds).map_err(|_| QueryError::Failed)?;
    let data: Vec<String> = data.iter().map(Data::whole).collect();
    // What was spent of it is that of a pilot, whose choice is in the bounds.
    let price = match spec.price {
        PriceAsked::Epsilon(epsilon) => format!("epsilon {:x}", epsilon.get().to_bits()),
        PriceAsked::Rho { rho_nano } => format!("rho {rho_nano}"),
    };
    let numbers = format!(
        "{} {} {} {price} {:x} {:?}",
        spec.groups_max,
        spec.rows_max,
        spec.cohort_min,
        spec.delta.get().to_bits(),
        spec.noise,
    );
    let principal = asker.principal.to_string();
    let mut parts: Vec<&[u8]> = vec![
        DOMAIN,
        principal.as_bytes(),
        asker.purpose.map_or("", Purpose::as_str).as_bytes(),
        &question,
        &kinds,
        numbers.as_bytes(),
    ];
    let spent = spec.spent.map(|spent| format!("spent {}", spent.price.rho_nano));
    parts.extend(spent.iter().map(String::as_bytes));
    parts.extend(data.iter().map(String::as_bytes));
    Ok(hasher.hash(&parts))
}

/// Names the shape of a question: the same for other constants, other versions of the data and another price.
pub(super) fn shape_key(
    hasher: &QueryKeyHasher,
    asker: &Asker<'_>,
    question: &Question,
    data: &[Data<'_>],
) -> Result<String, QueryError> {
    let mut shape = serde_json::to_value(question).map_err(|_| QueryError::Failed)?;
    blank(&mut shape);
    let shape = serde_json::to_vec(&shape).map_err(|_| QueryError::Failed)?;
    let principal = asker.principal.to_string();
    let purpose = asker.purpose.map_or("", Purpose::as_str);
    let tables = data.iter().map(|data| data.version.map_or("", |(_, table)| table).as_bytes());
    let mut parts: Vec<&[u8]> = vec![SHAPE_DOMAIN, principal.as_bytes(), purpose.as_bytes(), &shape];
    parts.extend(tables);
    Ok(hasher.hash(&parts))
}

/// Names the rows that a question is about: who asks, and what it reads of which data by which rules; whatever is made of them.
pub(super) fn basis_key(
    hasher: &QueryKeyHasher,
    asker: &Asker<'_>,
    question: &Question,
    data: &[Data<'_>],
) -> Result<String, QueryError> {
    let rows = serde_json::to_vec(&(&question.tables, &question.block)).map_err(|_| QueryError::Failed)?;
    let principal = asker.principal.to_string();
    let data: Vec<String> = data.iter().map(Data::whole).collect();
    let mut parts: Vec<&[u8]> =
        vec![BASIS_DOMAIN, principal.as_bytes(), asker.purpose.map_or("", Purpose::as_str).as_bytes(), &rows];
    parts.extend(data.iter().map(String::as_bytes));
    Ok(hasher.hash(&parts))
}

/// Names a key or an aggregate of a question.
pub(super) fn part_key(hasher: &QueryKeyHasher, written: &[u8]) -> String {
    hasher.hash(&[PART_DOMAIN, written])
}

/// Names an edition of a standing release, or its pilot: whatever the versions of the data and the policies.
pub(super) fn edition_key(
    hasher: &QueryKeyHasher,
    partner: &PrincipalId,
    key: &EditionKey,
    part: EditionPart,
) -> String {
    let (partner, release) = (partner.to_string(), key.release.as_str());
    let part: &[u8] = match part {
        EditionPart::Release => b"release",
        EditionPart::Pilot => b"pilot",
        EditionPart::Counter => b"counter",
    };
    let parts: [&[u8]; 6] = [
        EDITION_DOMAIN,
        partner.as_bytes(),
        release.as_bytes(),
        key.edition.as_bytes(),
        key.definition.as_bytes(),
        part,
    ];
    hasher.hash(&parts)
}

/// What of an edition has a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum EditionPart {
    Release,
    Pilot,
    /// All of its editions together, where they count on.
    Counter,
}

/// Names what must stay while editions count on: which rows of which tables count, and how they are read.
pub(super) fn rules_key(hasher: &QueryKeyHasher, data: &[Data<'_>], fixed: &str) -> String {
    let data: Vec<String> = data.iter().map(Data::rows).collect();
    let first = [RULES_DOMAIN, fixed.as_bytes()];
    let parts: Vec<&[u8]> = first.into_iter().chain(data.iter().map(String::as_bytes)).collect();
    hasher.hash(&parts)
}

/// Takes the constants out of a question.
fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match (name.as_str(), field.as_array_mut().map(Vec::as_mut_slice)) {
                    ("Constant", Some([literal, _])) => *literal = Value::Null,
                    ("In", Some([scalar, literals])) => {
                        blank(scalar);
                        *literals = Value::Null;
                    }
                    _ => blank(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
