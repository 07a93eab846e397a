//! What is gathered for tables of the record that are not read in pages: for those that a statement names, and for no other.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_ledger::DocumentKind;
use membrane_model::RunId;
use membrane_policy::Permit;
use membrane_query::{GrantFacts, PublicationFacts, RecordFacts, SystemTable};

use super::catalog::gather;
use super::publish::{HistoryLine, read_history};
use crate::delegations::Delegation;
use crate::error::Error;
use crate::grants::Grant;
use crate::hub::Hub;

/// Gathers what a statement about these tables needs, under a permit to audit.
pub(super) async fn gather_facts(
    hub: &Hub,
    permit: &Permit,
    tables: &[SystemTable],
    now: DateTime<Utc>,
) -> Result<RecordFacts, Error> {
    let names = |table| tables.contains(&table);
    let mut facts = RecordFacts::default();
    if names(SystemTable::Datasets) {
        facts.datasets = gather(hub, permit, now).await?;
    }
    if names(SystemTable::Grants) {
        facts.grants = grants(hub, now).await?;
    }
    if names(SystemTable::Policies) {
        facts.policies = Some(Arc::clone(hub.policies()));
    }
    if names(SystemTable::PolicyVersions) || names(SystemTable::PolicyFiles) {
        let lines = read_history(hub, None).await?;
        facts.publications = lines.iter().map(|line| published(hub, line)).collect();
    }
    Ok(facts)
}

/// Tells of all that was asked for or handed on, as it follows from signed steps: what is not as it was signed ends the question.
pub(super) async fn grants(hub: &Hub, now: DateTime<Utc>) -> Result<Vec<GrantFacts>, Error> {
    let (glass, handed) = (runs_of(hub, DocumentKind::BreakGlass), runs_of(hub, DocumentKind::Delegation));
    let (glass, handed) = (glass.await?, handed.await?);
    let (_, grants) = hub.grants().all().await?;
    let (_, delegations) = hub.delegations().all().await?;
    let broken = grants.iter().map(|grant| of_grant(grant, glass.get(&grant.number).copied(), now));
    let made = delegations.iter().map(|one| of_delegation(one, handed.get(&one.number).copied(), now));
    Ok(broken.chain(made).collect())
}

/// Returns the runs in which the steps of a kind were taken, by number: a grant has the number of its first step.
async fn runs_of(hub: &Hub, kind: DocumentKind) -> Result<BTreeMap<u64, RunId>, Error> {
    let steps = hub.ledger().documents(kind, 0).await.map_err(Error::Ledger)?;
    Ok(steps.into_iter().map(|step| (step.number, step.run)).collect())
}

fn of_grant(grant: &Grant, run: Option<RunId>, now: DateTime<Utc>) -> GrantFacts {
    let asked = &grant.asked;
    let mut datasets: Vec<String> = asked.columns.iter().map(|(dataset, _)| dataset.to_string()).collect();
    datasets.sort();
    datasets.dedup();
    GrantFacts {
        kind: "break_glass",
        number: grant.number,
        run,
        principal: asked.requester.clone(),
        delegate: None,
        purposes: vec![asked.purpose.to_string()],
        datasets,
        columns: asked.columns.iter().map(|(dataset, column)| format!("{dataset}.{column}")).collect(),
        ticket: grant.ticket.to_string(),
        asked: grant.requested,
        approved: grant.approved.clone(),
        starts: grant.approved.as_ref().map(|(_, at)| *at),
        ends: grant.until(),
        ended: grant.ended.clone(),
        state: grant.state(now).as_str(),
    }
}

fn of_delegation(one: &Delegation, run: Option<RunId>, now: DateTime<Utc>) -> GrantFacts {
    GrantFacts {
        kind: "delegation",
        number: one.number,
        run,
        principal: one.asked.delegator.clone(),
        delegate: Some(one.asked.delegate.clone()),
        purposes: one.asked.purposes.iter().map(ToString::to_string).collect(),
        datasets: one.asked.datasets.iter().map(ToString::to_string).collect(),
        columns: Vec::new(),
        ticket: one.ticket.to_string(),
        asked: one.made,
        approved: None,
        starts: Some(one.made),
        ends: Some(one.until()),
        ended: one.ended.clone(),
        state: one.state(now).as_str(),
    }
}

fn published(hub: &Hub, line: &HistoryLine) -> PublicationFacts {
    let record = &line.record;
    PublicationFacts {
        number: record.number,
        version: record.version.clone(),
        published: record.published.parse().ok(),
        principal: record.principal.clone(),
        run: line.run,
        policies: record.policies,
        cases: record.cases,
        claims: record.claims.len(),
        weaknesses: record.weaknesses.len(),
        files: record.files.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect(),
        serves: hub.publication() == Some(record.number),
    }
}
