//! `membrane policy review`.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, TimeDelta};
use membrane_model::{PrincipalId, PrincipalKind, RevealLevel};
use membrane_policy::access::{AccessReview, GrantUse, MoreThanPeers};
use serde_json::{Value, json};

use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, new_table, out};
use crate::delegations::Delegation;
use crate::flow::{self, DelegationLine, GrantLine};

/// Tells what was granted and not used, and who has more than those beside them.
pub(super) async fn run(env: &Env, caller: &CallerArgs, days: u32, json: bool) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let now = env.clock.now();
    let (_, uses) = flow::factor_uses(&ctx, &hub, now - TimeDelta::days(i64::from(days))).await?;
    let review = hub.policies().access_review(hub.catalog(), now, &uses);
    let (_, glass) = flow::list_glass(&ctx, &hub).await?;
    let (_, delegations) = flow::list_delegations(&ctx, &hub).await?;
    if json {
        return out::json(&shaped(&review, &glass, &delegations, days));
    }
    told(&review, &glass, days)?;
    told_delegations(&delegations)
}

fn listed<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns those to whom a policy gives something, and who did not use it.
fn unused(grant: &GrantUse) -> Vec<PrincipalId> {
    grant.granted.iter().filter(|principal| !grant.used.contains(principal)).cloned().collect()
}

/// Returns how many columns somebody sees at more than others, by the policies that show them.
fn by_policy(more: &[MoreThanPeers]) -> BTreeMap<(String, String), Vec<&MoreThanPeers>> {
    let mut found: BTreeMap<(String, String), Vec<&MoreThanPeers>> = BTreeMap::new();
    for one in more {
        found.entry((one.principal.to_string(), one.by.join(", "))).or_default().push(one);
    }
    found
}

fn told(review: &AccessReview, glass: &[GrantLine], days: u32) -> Result<(), CliError> {
    out::line(format!("Grants that nobody used in {days} days:"))?;
    let never = review.grants.iter().filter(|grant| grant.used.is_empty()).collect::<Vec<_>>();
    for grant in &never {
        out::line(format!("  {}, given to {}", grant.policy, listed(&grant.granted)))?;
    }
    if never.is_empty() {
        out::line("  none")?;
    }
    out::line(format!("Grants that some did not use in {days} days:"))?;
    let mut table = new_table(&["policy", "given to", "used by", "last", "not used by"]);
    let some = review.grants.iter().filter(|grant| !grant.used.is_empty() && !unused(grant).is_empty());
    let mut rows = 0;
    for grant in some {
        rows += 1;
        table.add_row([
            grant.policy.clone(),
            grant.granted.len().to_string(),
            grant.used.len().to_string(),
            grant.latest.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default(),
            listed(&unused(grant)),
        ]);
    }
    out::line(if rows == 0 { "  none".to_owned() } else { table.to_string() })?;
    out::line(format!("Principals who used nothing in {days} days:"))?;
    out::line(format!(
        "  {}",
        if review.idle.is_empty() { "none".to_owned() } else { listed(&review.idle) }
    ))?;
    out::line("Principals who see more than everybody else in a group of theirs:")?;
    for ((principal, policies), columns) in by_policy(&review.more) {
        let first = columns.first().map(|one| {
            let others = one.others.map_or("not at all", RevealLevel::as_str);
            format!("{}.{} is {}, to others {others}", one.dataset, one.column, one.shown)
        });
        let (first, count) = (first.unwrap_or_default(), columns.len());
        out::line(format!("  {principal}, by {policies}: {count} columns, such as {first}"))?;
    }
    if review.more.is_empty() {
        out::line("  none")?;
    }
    out::line("Break-glass:")?;
    for line in glass {
        let grant = &line.grant;
        out::line(format!(
            "  {} of {}, {}: {} runs, {} cells opened",
            grant.number,
            grant.asked.requester,
            line.state.as_str(),
            line.used.runs,
            line.used.cells
        ))?;
    }
    if glass.is_empty() {
        out::line("  nobody asked for it")?;
    }
    Ok(())
}

fn until(one: &Delegation) -> String {
    one.closes().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn told_delegations(delegations: &[DelegationLine]) -> Result<(), CliError> {
    out::line("Delegations:")?;
    for line in delegations {
        let one = &line.delegation;
        let (from, to, state) = (&one.asked.delegator, &one.asked.delegate, line.state.as_str());
        out::line(format!("  {} from {from} to {to}, {state}: {} runs", one.number, line.runs))?;
        let (datasets, purposes) = (listed(&one.asked.datasets), listed(&one.asked.purposes));
        let until = until(one);
        out::line(format!("    {datasets} for {purposes}, until {until}, {}", one.ticket))?;
        if let Some(why) = &line.unusable {
            out::line(format!("    open, but cannot be used: {why}"))?;
        }
    }
    if delegations.is_empty() {
        out::line("  nothing was handed on")?;
    }
    Ok(())
}

fn shaped(review: &AccessReview, glass: &[GrantLine], delegations: &[DelegationLine], days: u32) -> Value {
    let texts = |who: &[PrincipalId]| who.iter().map(ToString::to_string).collect::<Vec<_>>();
    let grants = review.grants.iter().map(|grant| {
        json!({
            "policy": grant.policy,
            "granted": texts(&grant.granted),
            "used": texts(&grant.used),
            "latest": grant.latest.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        })
    });
    let more = review.more.iter().map(|one| {
        json!({
            "principal": one.principal.to_string(),
            "purpose": one.purpose.to_string(),
            "dataset": one.dataset.to_string(),
            "column": one.column.to_string(),
            "shown": one.shown.to_string(),
            "others": one.others.map(RevealLevel::as_str),
            "by": one.by,
        })
    });
    let glass = glass.iter().map(|line| {
        json!({
            "number": line.grant.number,
            "principal": line.grant.asked.requester.to_string(),
            "state": line.state.as_str(),
            "runs": line.used.runs,
            "cells_opened": line.used.cells,
        })
    });
    let delegations = delegations.iter().map(|line| {
        json!({
            "number": line.delegation.number,
            "from": line.delegation.asked.delegator.to_string(),
            "to": line.delegation.asked.delegate.to_string(),
            "datasets": line.delegation.asked.datasets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "purposes": line.delegation.asked.purposes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "until": until(&line.delegation),
            "ticket": line.delegation.ticket.to_string(),
            "state": line.state.as_str(),
            "unusable": line.unusable,
            "runs": line.runs,
        })
    });
    json!({
        "days": days,
        "grants": grants.collect::<Vec<_>>(),
        "idle": texts(&review.idle),
        "more": more.collect::<Vec<_>>(),
        "break_glass": glass.collect::<Vec<_>>(),
        "delegations": delegations.collect::<Vec<_>>(),
    })
}
