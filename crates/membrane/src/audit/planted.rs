//! Faults that are planted: each check is made of what does not keep its word, and must find it.

use membrane_query::{Bars, Lie, Newcomer, Trial};

use super::coverage::covered;
use super::loss::{answers, loss, on_grid};
use super::neighbours::{are_close_to, differ_only_in, furthest};
use super::shapes::EPSILON;
use super::{Area, AuditError, Check, Effort, Verdict, mechanisms};
use crate::ctx::RequestCtx;
use crate::flow::{self, ReleaseRequest};
use crate::hub::Hub;

const BY_REGION: &str = "SELECT region, COUNT(*) AS n FROM pos_orders GROUP BY region";
const ALL: &str = "SELECT COUNT(*) AS n FROM pos_orders";
/// Twice the epsilon is half of the noise, where epsilon is pure.
const DEARER: f64 = 2.0;
/// Intervals of so much of their width cover about two thirds.
const NARROW: f64 = 0.5;
const SEED: u64 = 4_711;
const MEMBERS: u32 = 300;

pub(super) async fn checks(ctx: &RequestCtx, hub: &Hub, effort: &Effort) -> Result<Vec<Check>, AuditError> {
    let mut checks = mechanisms::planted(effort)?;
    let trial = plan(ctx, hub, &request(BY_REGION)).await?;
    let fewer_rows = plan(ctx, hub, &ReleaseRequest { rows_max: Some(2), ..request(BY_REGION) }).await?;
    checks.push(planted(
        "one member is let in with more rows than was paid for",
        !are_close_to(&trial, fewer_rows.mechanism(), SEED).await?,
    ));
    let fewer_groups = plan(ctx, hub, &ReleaseRequest { groups_max: Some(2), ..request(BY_REGION) }).await?;
    checks.push(planted(
        "one member is let in in more groups than was paid for",
        !are_close_to(&trial, fewer_groups.mechanism(), SEED).await?,
    ));
    checks.extend(strange_key(&trial).await?);
    checks.push(lost_row(&trial).await?);
    checks.extend(answered(ctx, hub, effort).await?);
    Ok(checks)
}

/// Answers that have half of the noise that they are said to have, bars that are half as wide, and a grid that is finer.
async fn answered(ctx: &RequestCtx, hub: &Hub, effort: &Effort) -> Result<Vec<Check>, AuditError> {
    let pure = |epsilon| ReleaseRequest { epsilon: Some(epsilon), delta: Some(0.0), ..request(ALL) };
    let claimed = plan(ctx, hub, &pure(EPSILON)).await?.mechanism().describe()?;
    let dear = plan(ctx, hub, &pure(EPSILON * DEARER)).await?;
    let (with, without) = furthest(&dear, SEED, MEMBERS).await?;
    let bounded = dear.bounded(&without)?;
    let columns = &bounded.columns;
    let draws = effort.planted_draws;
    let (one, other) = (answers(&dear, &with, draws)?, answers(&dear, &without, draws)?);
    let measured = loss(columns, &one, &other, (0.0, effort.alpha));
    let narrow = covered(&bounded, &other, NARROW).into_values().next().unwrap_or_default();
    let mut finer = other.clone();
    for cell in finer.iter_mut().flatten().flatten().flatten() {
        cell.push_str(".5");
    }
    Ok(vec![
        Check {
            claimed: format!("{:.3}, pure", claimed.epsilon),
            measured: format!("at least {measured:.3}"),
            trials: draws,
            ..planted("answers with half of the noise, through SQL", measured > claimed.epsilon)
        },
        Check {
            measured: format!("{:.4} covered", narrow.share()),
            trials: draws,
            ..planted("error bars of half the width", !narrow.holds(Bars::Wide))
        },
        planted("values on a finer grid than the column's", !on_grid(columns, &finer)),
    ])
}

fn planted(name: &str, found: bool) -> Check {
    Check {
        area: Area::Planted,
        name: name.to_owned(),
        asserted: "is found".to_owned(),
        claimed: "found".to_owned(),
        measured: if found { "found" } else { "missed" }.to_owned(),
        verdict: Verdict::of(found),
        trials: 1,
        conditions: format!("seed {SEED}"),
    }
}

async fn plan(ctx: &RequestCtx, hub: &Hub, request: &ReleaseRequest) -> Result<Trial, AuditError> {
    Ok(Box::pin(flow::plan_trial(ctx, hub, request)).await?.1)
}

fn request(sql: &str) -> ReleaseRequest {
    ReleaseRequest { sql: sql.to_owned(), epsilon: Some(EPSILON), dry_run: true, ..ReleaseRequest::default() }
}

/// A group comes and goes that the member has no row in.
async fn strange_key(trial: &Trial) -> Result<Option<Check>, AuditError> {
    let people = trial.people(SEED, 30)?;
    let with = trial.with_newcomer(&people, SEED, Newcomer::Greatest)?;
    let lie = Lie::default();
    let (with, alone) = (trial.totals(&with, &lie).await?, trial.totals(&people.only(1), &lie).await?);
    let mut without = trial.totals(&people, &lie).await?;
    let Some(key) = without.groups.keys().find(|key| !alone.groups.contains_key(*key)).cloned() else {
        return Ok(None);
    };
    without.groups.remove(&key);
    let found = !differ_only_in(&with, &without, &alone);
    Ok(Some(planted("a group goes with a member who has no row in it", found)))
}

/// A row is lost on the way.
async fn lost_row(trial: &Trial) -> Result<Check, AuditError> {
    let people = trial.people(SEED, 30)?;
    let lie = Lie::default();
    let whole = trial.totals(&people, &lie).await?;
    let found = trial.totals(&people.without(1), &lie).await? != whole;
    Ok(planted("rows are lost with the order in which they lie", found))
}
