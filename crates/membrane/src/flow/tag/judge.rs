//! Whether what a tag says may be written down: its limits of quality.

use std::collections::BTreeMap;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use futures::StreamExt as _;
use membrane_catalog::Tag;
use membrane_ledger::{TagBuild, TagBuildKind};
use membrane_policy::Permit;
use membrane_query::{Compared, Statement, TagKnown};

use super::changes::Changes;
use super::good_of;
use super::group::{Group, home};
use crate::error::Error;
use crate::hub::Hub;

/// A share that is taken for one of nobody, where it is divided by.
const SHARE_MIN: f64 = 1e-4;

/// What is found of a tag.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) members: u64,
    pub(super) changed: u64,
    pub(super) population: Option<u64>,
    pub(super) drift: Option<f64>,
    pub(super) shares: BTreeMap<String, u64>,
    pub(super) fault: Option<&'static str>,
    pub(super) detail: Option<String>,
}

/// Counts the members who could have a value: those of the dataset that has a row for each, who consented where that is asked for.
pub(super) async fn population(hub: &Hub, permit: &Permit, group: &Group) -> Result<Option<u64>, Error> {
    let consenting = group.consent_of(hub.catalog());
    let home =
        consenting.map(|(home, ..)| home).or_else(|| home(hub.catalog(), &group.entity).map(AsRef::as_ref));
    let Some(home) = home else { return Ok(None) };
    let Some(subject) = &home.subject else { return Ok(None) };
    let member = &subject.column;
    let sql = match consenting {
        Some((home, member, consent)) => {
            format!(
                "SELECT count(*) AS n FROM ({}) AS consenting",
                super::group::consenting(&home.name, member, consent)
            )
        }
        None => format!("SELECT count(DISTINCT {member}) AS n FROM {}", home.name),
    };
    let statement = Statement::parse(&sql, &hub.engine().limits()).map_err(Error::Query)?;
    let mut stream = hub.engine().query(permit, &statement).await.map_err(Error::Query)?.stream;
    let mut count = None;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(Error::Query)?;
        let column = batch.columns().first().and_then(|column| column.as_primitive_opt::<Int64Type>());
        count = count.or(column.and_then(|column| column.iter().flatten().next()));
    }
    Ok(count.and_then(|count| u64::try_from(count).ok()))
}

/// Holds what changed against the limits of each tag.
pub(super) async fn judge(
    hub: &Hub,
    group: &Group,
    (changes, known): (&Changes, &TagKnown),
    population: Option<u64>,
) -> Result<Vec<Judged>, Error> {
    let builds = hub.ledger().last_tag_builds().await.map_err(Error::Ledger)?;
    let mut judged = Vec::with_capacity(group.tags.len());
    for (of, (tag, changes_of)) in group.tags.iter().zip(&changes.tags).enumerate() {
        let (good, compared) = (good_of(&builds, tag), &changes_of.compared);
        let named = |counts: &[u64]| -> BTreeMap<String, u64> {
            let named = known.named_shares(of, counts).into_iter();
            named.map(|(label, count)| (label.to_owned(), count)).collect()
        };
        let (before, after) = (named(&compared.before), named(&compared.after));
        let shares = match (changes.kind, good) {
            (TagBuildKind::Full, _) | (_, None) => after,
            (_, Some(good)) => moved(&good.shares, &before, &after),
        };
        judged.push(of_one(tag, compared, shares, population, good));
    }
    Ok(judged)
}

/// Of a build that had nobody to ask about: as it was.
pub(super) async fn unchanged(hub: &Hub, group: &Group) -> Result<Vec<Judged>, Error> {
    let builds = hub.ledger().last_tag_builds().await.map_err(Error::Ledger)?;
    let of = |tag: &Tag| {
        let good = good_of(&builds, tag);
        good.map_or_else(Judged::default, |good| Judged {
            members: good.members,
            population: good.population,
            drift: Some(0.0),
            shares: good.shares.clone(),
            ..Judged::default()
        })
    };
    Ok(group.tags.iter().map(|tag| of(tag)).collect())
}

/// Returns shares after some members moved from one label to another.
fn moved(
    all: &BTreeMap<String, u64>,
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let mut moved = all.clone();
    for (label, count) in before {
        let one = moved.entry(label.clone()).or_default();
        *one = one.saturating_sub(*count);
    }
    for (label, count) in after {
        *moved.entry(label.clone()).or_default() += count;
    }
    moved.retain(|_, count| *count > 0);
    moved
}

fn of_one(
    tag: &Tag,
    changes: &Compared,
    shares: BTreeMap<String, u64>,
    population: Option<u64>,
    good: Option<&TagBuild>,
) -> Judged {
    let members: u64 = shares.values().sum();
    let drift =
        good.filter(|good| good.version == tag.version).and_then(|good| stability(&good.shares, &shares));
    let mut judged = Judged {
        members,
        changed: changes.changed,
        population,
        drift,
        shares,
        fault: changes.fault,
        detail: None,
    };
    judged.detail = judged.fault.and_then(explained).map(str::to_owned);
    if judged.fault.is_none()
        && let Some((fault, detail)) = broken(tag, &judged)
    {
        (judged.fault, judged.detail) = (Some(fault), Some(detail));
    }
    judged
}

/// Says what a fault of what was said means, and what to do.
fn explained(fault: &str) -> Option<&'static str> {
    Some(match fault {
        "tag_column" => "the statement has no column of the name that `source.column` says",
        "tag_type" => "the column's type is not that of `value`: cast it",
        "tag_not_unique" => "a member has two rows in the answer: group by the entity's column",
        "tag_value_not_listed" => "a value is none of `values`",
        "tag_value_long" => "a value has more than 200 characters",
        "tag_null" => "a row has no value: leave it out, or write `nullable: true`",
        _ => return None,
    })
}

/// Returns the first limit that is broken.
fn broken(tag: &Tag, judged: &Judged) -> Option<(&'static str, String)> {
    let quality = &tag.quality;
    if let (Some((least, most)), Some(population)) = (quality.coverage, judged.population) {
        let coverage = share(judged.members, population);
        if coverage < least || coverage > most {
            return Some((
                "tag_coverage",
                format!("{coverage:.3} of the members have a value, not {least} to {most}"),
            ));
        }
    }
    for (value, most) in &quality.value_share_max {
        let of = share(judged.shares.get(value).copied().unwrap_or(0), judged.members);
        if of > *most {
            return Some((
                "tag_share",
                format!("one value has a share of {of:.3}, and at most {most} is allowed"),
            ));
        }
    }
    match (quality.drift_psi_max, judged.drift) {
        (Some(most), Some(drift)) if drift > most => Some((
            "tag_drift",
            format!(
                "the shares moved by {drift:.3} (population stability index), and at most {most} is allowed"
            ),
        )),
        _ => None,
    }
}

/// Returns the population stability index of two distributions: the sum of (p - q) ln(p / q) over labels. None: one of them is of nobody.
fn stability(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Option<f64> {
    let (all_before, all_after) = (before.values().sum::<u64>(), after.values().sum::<u64>());
    if all_before == 0 || all_after == 0 {
        return None;
    }
    let labels: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |counts: &BTreeMap<String, u64>, label: &String, all| {
        share(counts.get(label).copied().unwrap_or(0), all).max(SHARE_MIN)
    };
    Some(
        labels
            .into_iter()
            .map(|label| {
                let (p, q) = (of(after, label, all_after), of(before, label, all_before));
                (p - q) * (p / q).ln()
            })
            .sum(),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a share of members, for a limit")]
fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts<const N: usize>(pairs: [(&str, u64); N]) -> BTreeMap<String, u64> {
        pairs.into_iter().map(|(label, count)| (label.to_owned(), count)).collect()
    }

    #[test]
    fn shares_that_stay_have_no_drift() {
        let one = counts([("high", 10), ("low", 90)]);
        let twice = counts([("high", 20), ("low", 180)]);
        assert!(stability(&one, &twice).unwrap().abs() < 1e-12);
        assert_eq!(stability(&one, &BTreeMap::new()), None);
    }

    #[test]
    fn drift_is_the_population_stability_index() {
        // (0.2 - 0.1) ln 2 + (0.8 - 0.9) ln (0.8 / 0.9).
        let drift =
            stability(&counts([("high", 10), ("low", 90)]), &counts([("high", 20), ("low", 80)])).unwrap();
        assert!((drift - 0.081_093).abs() < 1e-6, "{drift}");
    }

    #[test]
    fn members_move_between_shares() {
        let all = counts([("high", 5), ("low", 5)]);
        let moved = moved(&all, &counts([("low", 5)]), &counts([("high", 4), ("none", 1)]));
        assert_eq!(moved, counts([("high", 9), ("none", 1)]));
    }
}
