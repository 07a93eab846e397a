//! Policy alone: how long a permit takes to decide, and how long a proof, on rules made for it.
//!
//! The rules are a data set of 200 columns, 500 policies, 20 principals and 5 claims, written into a folder by
//! [`rules`]. Only deciding is timed: writing the decision to the ledger is not.

mod effect;
mod rules;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_model::Action;
use membrane_policy::{Authorizer, Policies, Request};
use tokio::runtime::Runtime;

use crate::table::{note, print};

/// Requests of each kind that are timed.
const REQUESTS: u32 = 400;
/// A permit that was asked for before.
const PERMIT_GOAL: Duration = Duration::from_millis(1);
/// Every claim, and that no policy errs.
const PROOF_GOAL: Duration = Duration::from_secs(5);
/// From publishing to effect.
const EFFECT_GOAL: Duration = Duration::from_secs(1);
const SOLVER: &str = "cvc5";

/// Runs the bench and prints its table.
pub(crate) fn bench(runtime: &Runtime) -> Result<()> {
    let dir = tempfile::tempdir().context("make a folder")?;
    rules::write(dir.path()).context("write the rules")?;
    let catalog = Catalog::load(&dir.path().join("catalog")).map_err(|error| anyhow!("{error}"))?;
    let loading = Instant::now();
    let policies = Policies::load(&dir.path().join("policies"), &catalog);
    let policies = Arc::new(policies.map_err(|error| anyhow!("{error}"))?);
    let loading = loading.elapsed();
    let authorizer = Authorizer::new(Arc::clone(&policies), Arc::new(catalog));
    let request = request()?;
    let (cold, columns) = time(&authorizer, &request)?;
    let still = (0..REQUESTS).map(|_| time(&authorizer, &request)).collect::<Result<Vec<_>>>()?;
    let moving = (1..=REQUESTS).map(|step| {
        let now = request.now + TimeDelta::milliseconds(i64::from(step) * 7);
        time(&authorizer, &Request { now, ..request.clone() })
    });
    let moving = moving.collect::<Result<Vec<_>>>()?;
    print("");
    print(&format!(
        "{} policies, {} principals, {columns} columns in the permit; loaded in {}",
        policies.count(),
        policies.principals().len(),
        shown(loading)
    ));
    print("");
    print("| a permit, its record not counted | p50 | p99 | goal | met |");
    print("| --- | ---: | ---: | ---: | --- |");
    print(&format!("| the first | {} | | | |", shown(cold)));
    row("asked again", still)?;
    row("asked again, each time at another moment", moving)?;
    note("proving");
    let proving = Instant::now();
    let proof = runtime.block_on(policies.prove(SOLVER)).context("prove the claims")?;
    let proving = proving.elapsed();
    print("");
    print("| proofs | claims | time | goal | met |");
    print("| --- | ---: | ---: | ---: | --- |");
    let met = said(proving < PROOF_GOAL);
    print(&format!(
        "| {} | {} | {} | {} | {met} |",
        proof.solver,
        proof.verdicts.len(),
        shown(proving),
        shown(PROOF_GOAL)
    ));
    note("publishing");
    let timed = runtime.block_on(effect::measure(dir.path()))?;
    let published = timed.iter().map(|timed| timed.published).max().context("nothing was published")?;
    let effect = timed.iter().map(|timed| timed.effect).max().context("nothing was published")?;
    print("");
    print("| publishing beside a hub at work | slowest | goal | met |");
    print("| --- | ---: | ---: | --- |");
    print(&format!("| reviewed, proved, signed, stored | {} | | |", shown(published)));
    let met = said(effect < EFFECT_GOAL);
    print(&format!("| from then until it decides | {} | {} | {met} |", shown(effect), shown(EFFECT_GOAL)));
    for verdict in &proof.verdicts {
        let example = verdict.counter_example.as_ref().map(ToString::to_string);
        ensure!(example.is_none(), "{} does not hold: {}", verdict.claim, example.unwrap_or_default());
    }
    Ok(())
}

fn request() -> Result<Request> {
    let now: DateTime<Utc> = "2026-06-15T10:00:00Z".parse()?;
    Ok(Request {
        principal: "analyst:a0".parse()?,
        action: Action::Read,
        purpose: Some("marketing".parse()?),
        datasets: vec![rules::WIDE.parse()?],
        lists: false,
        lookups: Vec::new(),
        lookups_per_hour: 10,
        broken: Vec::new(),
        acting: None,
        now,
    })
}

/// Decides once, and returns how long it took and the columns that the permit would have.
fn time(authorizer: &Authorizer, request: &Request) -> Result<(Duration, usize)> {
    let started = Instant::now();
    let columns = authorizer.would_issue(request);
    let took = started.elapsed();
    Ok((took, columns.map_err(|refused| anyhow!("refused: {}", refused.reason))?))
}

fn row(what: &str, timed: Vec<(Duration, usize)>) -> Result<()> {
    let mut took: Vec<Duration> = timed.into_iter().map(|(took, _)| took).collect();
    took.sort();
    let at = |percent: usize| took.get(took.len() * percent / 100).copied().context("nothing was measured");
    let (middle, late) = (at(50)?, at(99)?);
    let met = said(late < PERMIT_GOAL);
    print(&format!("| {what} | {} | {} | {} | {met} |", shown(middle), shown(late), shown(PERMIT_GOAL)));
    Ok(())
}

const fn said(met: bool) -> &'static str {
    if met { "yes" } else { "no" }
}

fn shown(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{:.3} ms", took.as_secs_f64() * 1000.0)
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}
