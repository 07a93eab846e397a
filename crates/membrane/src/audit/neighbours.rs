//! How far the totals of neighbours are apart, and whether they hang on how rows lie: the grey box.

use std::collections::BTreeSet;

use membrane_privacy::{ExactTotals, GroupKey, Mechanism, PrivacyError};
use membrane_query::{Lie, MadeUp, Newcomer, QueryError, Trial};

use super::{Area, AuditError, Check, Effort, Verdict};

/// Members among whom one more or less is looked for.
const MEMBERS_MAX: u64 = 12;
const NEWCOMERS: [Newcomer; 3] = [Newcomer::Everywhere, Newcomer::Greatest, Newcomer::OneGroup];

/// Two databases that differ by all rows of one member, and that member alone.
struct Pair {
    with: MadeUp,
    without: MadeUp,
    alone: MadeUp,
}

/// What was found of many pairs.
#[derive(Debug, Default)]
struct Found {
    pairs: usize,
    /// Pairs that are further apart than declared.
    apart: usize,
    /// Pairs whose groups differ where the member has no row.
    strange: usize,
    /// Pairs of which something failed.
    failed: usize,
    /// How far totals moved at most, of what noise was calibrated to.
    share: f64,
    /// Pairs of which a pilot counts more than is declared.
    pilot: usize,
}

/// Looks at a statement before noise.
pub(super) async fn checks(
    trial: &Trial,
    title: &str,
    effort: &Effort,
    seed: u64,
) -> Result<Vec<Check>, AuditError> {
    let mut found = Found::default();
    for number in 0..effort.people {
        for pair in pairs(trial, seed.wrapping_mul(1 << 20).wrapping_add(number), number)? {
            found.look_at(trial, &pair).await?;
        }
    }
    let Found { pairs, apart, strange, failed, share, pilot } = found;
    let check = |name: &str, asserted: &str, claimed: String, measured: String, holds: bool| Check {
        area: Area::Neighbours,
        name: format!("{title}: {name}"),
        asserted: asserted.to_owned(),
        claimed,
        measured,
        verdict: Verdict::of(holds),
        trials: pairs,
        conditions: format!("seed {seed}, one query key"),
    };
    let within = |wrong: usize| format!("{} of {pairs}", pairs.saturating_sub(wrong));
    let moved = if share > 0.0 {
        format!("{} within; {share:.3} of it at most", within(apart))
    } else {
        "nothing moved: no row that was made up meets the conditions, so nothing was shown".to_owned()
    };
    let asserted = "groups, numbers and L1 or L2 within what the price was calculated for";
    let mut checks = vec![
        check("distances", asserted, "1 of the sensitivity".to_owned(), moved, apart == 0 && share > 0.0),
        check(
            "keys",
            "groups differ only where the member has rows",
            within(0),
            within(strange),
            strange == 0,
        ),
        check("status", "both are answered, at one price", within(0), within(failed), failed == 0),
    ];
    if trial.pilot().is_some() {
        let asserted = "what its pilot counts differs by 1, in as many cells as were paid for";
        checks.push(check("pilot", asserted, within(0), within(pilot), pilot == 0));
    }
    checks.push(order(trial, title, effort, seed).await?);
    Ok(checks)
}

/// Makes pairs of neighbours: a member less, one more who has all that one may have, and that one alone.
fn pairs(trial: &Trial, seed: u64, number: u64) -> Result<Vec<Pair>, AuditError> {
    let members = u32::try_from(1 + number % MEMBERS_MAX).unwrap_or(1);
    let people = trial.people(seed, members)?;
    let one = 1 + u32::try_from(number / MEMBERS_MAX).unwrap_or(0) % members;
    let mut pairs =
        vec![Pair { without: people.without(one), alone: people.only(one), with: people.clone() }];
    let place = usize::try_from(number).unwrap_or(0) % NEWCOMERS.len();
    let newcomer = NEWCOMERS.get(place).copied().unwrap_or(Newcomer::Everywhere);
    let with = trial.with_newcomer(&people, seed, newcomer)?;
    let alone = with.newcomer();
    if number.is_multiple_of(4) {
        // Whose going empties every table.
        pairs.push(Pair { with: alone.clone(), without: alone.without_newcomer(), alone: alone.clone() });
    }
    pairs.push(Pair { with, without: people, alone });
    Ok(pairs)
}

impl Found {
    async fn look_at(&mut self, trial: &Trial, pair: &Pair) -> Result<(), AuditError> {
        self.pairs += 1;
        let lie = Lie::default();
        let (with, without) = (trial.totals(&pair.with, &lie).await, trial.totals(&pair.without, &lie).await);
        let (Ok(with), Ok(without), Ok(alone)) = (with, without, trial.totals(&pair.alone, &lie).await)
        else {
            self.failed += 1;
            return Ok(());
        };
        let mechanism = trial.mechanism();
        self.share = self.share.max(mechanism.distances(&with, &without).share_of(mechanism)?);
        self.apart += usize::from(!mechanism.are_neighbours(&with, &without)?);
        self.strange += usize::from(!differ_only_in(&with, &without, &alone));
        if let Some(pilot) = trial.pilot() {
            let counted = (pilot.totals(&pair.with, &lie).await, pilot.totals(&pair.without, &lie).await);
            let near =
                matches!(counted, (Ok(with), Ok(without)) if pilot.pilot().are_neighbours(&with, &without));
            self.pilot += usize::from(!near);
        }
        Ok(())
    }
}

/// Tells whether all groups that only one of two has are groups of the member.
pub(super) fn differ_only_in(one: &ExactTotals, other: &ExactTotals, member: &ExactTotals) -> bool {
    let keys = |totals: &ExactTotals| totals.groups.keys().cloned().collect::<BTreeSet<GroupKey>>();
    keys(one).symmetric_difference(&keys(other)).all(|key| member.groups.contains_key(key))
}

/// Tells whether another mechanism than the one that totals were bounded for would call a pair neighbours: it must not, where
/// it lets in less of each member.
pub(super) async fn are_close_to(
    trial: &Trial,
    mechanism: &Mechanism,
    seed: u64,
) -> Result<bool, AuditError> {
    let people = trial.people(seed, 6)?;
    let with = trial.with_newcomer(&people, seed, Newcomer::Greatest)?;
    let lie = Lie::default();
    let (with, without) = (trial.totals(&with, &lie).await?, trial.totals(&people, &lie).await?);
    let near: Result<bool, PrivacyError> = mechanism.are_neighbours(&with, &without);
    Ok(near?)
}

/// Looks whether totals are the same to the last bit, however rows lie.
async fn order(trial: &Trial, title: &str, effort: &Effort, seed: u64) -> Result<Check, AuditError> {
    let people = trial.people(seed.wrapping_add(77), 40)?;
    let people = trial.with_newcomer(&people, seed, Newcomer::Everywhere)?;
    let expected = trial.totals(&people, &Lie::default()).await?;
    let mut same = 0;
    for number in 0..effort.lies {
        same += usize::from(trial.totals(&people, &lie(number)).await? == expected);
    }
    let lies = usize::try_from(effort.lies).unwrap_or(0);
    Ok(Check {
        area: Area::Order,
        name: title.to_owned(),
        asserted: "totals before noise are the same to the last bit".to_owned(),
        claimed: format!("{lies} of {lies}"),
        measured: format!("{same} of {lies}"),
        verdict: Verdict::of(same == lies),
        trials: lies,
        conditions: format!("seed {seed}; rows shuffled, 1 to 5 partitions, batches of 1 to 64 rows"),
    })
}

fn lie(number: u64) -> Lie {
    let small = usize::try_from(number).unwrap_or(0);
    Lie { shuffled_by: Some(number), partitions: 1 + small % 5, batch_rows: 1 << (small % 7) }
}

/// Returns the totals with and without one who has all that contracts allow, among so many others: of all ways to have it, that
/// which moves totals the furthest.
pub(super) async fn furthest(
    trial: &Trial,
    seed: u64,
    members: u32,
) -> Result<(ExactTotals, ExactTotals), QueryError> {
    let people = trial.people(seed, members)?;
    let lie = Lie::default();
    let without = trial.totals(&people, &lie).await?;
    let mut furthest: Option<(f64, ExactTotals)> = None;
    for newcomer in NEWCOMERS {
        let with = trial.totals(&trial.with_newcomer(&people, seed, newcomer)?, &lie).await?;
        let mechanism = trial.mechanism();
        let share = mechanism.distances(&with, &without).share_of(mechanism)?;
        if furthest.as_ref().is_none_or(|(most, _)| share > *most) {
            furthest = Some((share, with));
        }
    }
    Ok((furthest.map_or_else(ExactTotals::default, |(_, with)| with), without))
}
