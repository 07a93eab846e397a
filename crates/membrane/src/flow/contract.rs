//! The contract that rows are brought in by: compared with the one that the rows are of that are there, and written down.

use std::sync::Arc;

use membrane_catalog::{Catalog, Change, Dataset, Revision};
use membrane_ingest::RevisionNumber;
use membrane_ledger::DocumentKind;
use membrane_model::{Action, DatasetName, RunId};

use super::run::{ActiveRun, RunHead, finish, job};
use crate::contract_diff::Before;
use crate::contracts::{Broken, cannot_go_on};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// How often a number is asked for that others take at the same time.
const TRIES_MAX: usize = 16;

/// Returns the number of a dataset's contract, which its rows are to be of. A revision that was never written down is, by this run.
///
/// # Errors
/// [`Error::ContractBroken`] when rows that are there are not what it says.
pub(super) async fn accept(
    run: &mut ActiveRun,
    hub: &Hub,
    dataset: &Dataset,
) -> Result<RevisionNumber, Error> {
    let contracts = hub.contracts();
    let bound = contracts.bound(&dataset.name).await.map_err(Error::Contract)?;
    let revision = dataset.revision();
    let before = bound.as_ref().and_then(|bound| i64::try_from(bound.number).ok());
    if let (Some(bound), Some(number)) = (&bound, before) {
        if bound.revision == revision {
            return Ok(RevisionNumber { before, number });
        }
        if let Some(broken) = cannot_go_on(dataset, bound) {
            return Err(Error::ContractBroken(Box::new(broken)));
        }
    }
    let body = revision.text().ok_or(Error::Internal("a contract cannot be written down"))?;
    for _ in 0..TRIES_MAX {
        // Read before the history: a revision that somebody writes down in between has a number that is taken then, and is found the next time.
        let last = hub.ledger().last_document(DocumentKind::Contract).await.map_err(Error::Ledger)?;
        let history = contracts.history(&dataset.name).await.map_err(Error::Contract)?;
        let known =
            history.iter().rev().find(|(_, kept)| *kept == revision).map(|(document, _)| document.number);
        let number = match known {
            Some(number) => number,
            None => {
                let number = last.saturating_add(1);
                match run.add_contract(hub, number, body.clone(), &dataset.name).await {
                    Err(Error::InTheWay) => continue,
                    written => written?,
                }
                number
            }
        };
        let number =
            i64::try_from(number).map_err(|_| Error::Internal("a number of a contract is too large"))?;
        return Ok(RevisionNumber { before, number });
    }
    Err(Error::InTheWay)
}

/// A revision of a contract that rows were brought in by.
#[derive(Debug)]
pub struct RevisionLine {
    /// Its number.
    pub number: u64,
    /// The contract's version.
    pub version: String,
    /// The run that first brought rows in by it.
    pub run: RunId,
    /// What stands for all of it.
    pub fingerprint: String,
    /// Whether the rows that are there are of it.
    pub is_bound: bool,
    /// What changed since the one before.
    pub changes: Vec<Change>,
}

/// Lists the revisions of a dataset's contract, in the order in which rows were brought in by them.
///
/// # Errors
/// [`Failure`] when it is refused, or what is kept cannot be read.
pub async fn contract_history(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
) -> Result<(RunId, Vec<RevisionLine>), Failure> {
    let job = job("contract history of", dataset, hub.catalog().dataset(dataset).is_some());
    let head = RunHead { action: Action::Audit, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => revisions(hub, dataset).await,
        Err(error) => Err(error),
    };
    finish(run, found).await
}

/// Returns the contracts of a catalog that rows which are there are not of.
///
/// # Errors
/// [`Failure`] when it is refused, or what is kept cannot be read.
pub(crate) async fn broken_contracts(
    ctx: &RequestCtx,
    hub: &Hub,
    catalog: &Catalog,
) -> Result<(RunId, Vec<Broken>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, audit("compare contracts with rows")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.contracts().broken(catalog).await.map_err(Error::Contract),
        Err(error) => Err(error),
    };
    finish(run, found).await
}

/// Returns what another catalog is compared with: a publication, nothing where there is none of that number; or else what is served, and
/// in place of each contract that rows are of, that one.
///
/// # Errors
/// [`Failure`] when it is refused, or what is kept cannot be read.
pub(crate) async fn contracts_before(
    ctx: &RequestCtx,
    hub: &Hub,
    publication: Option<u64>,
) -> Result<(RunId, Option<Before>), Failure> {
    let mut run = ActiveRun::open(ctx, hub, audit("compare contracts")).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => before(hub, publication).await,
        Err(error) => Err(error),
    };
    finish(run, found).await
}

async fn before(hub: &Hub, publication: Option<u64>) -> Result<Option<Before>, Error> {
    if let Some(number) = publication {
        let found = hub.published(number).await.map_err(Error::Published)?;
        return Ok(found.map(|(catalog, _)| Before::of(Arc::new(catalog))));
    }
    let mut before = Before::of(Arc::clone(hub.catalog()));
    let contracts = hub.contracts();
    for name in contracts.last().await.map_err(Error::Contract)?.into_keys() {
        let Ok(dataset) = name.parse() else { continue };
        if let Some(bound) = contracts.bound(&dataset).await.map_err(Error::Contract)? {
            before.revisions.insert(name, bound.revision);
        }
    }
    Ok(Some(before))
}

fn audit(job: &str) -> RunHead {
    RunHead { action: Action::Audit, purpose: None, job: job.to_owned(), statement: None }
}

async fn revisions(hub: &Hub, dataset: &DatasetName) -> Result<Vec<RevisionLine>, Error> {
    let contracts = hub.contracts();
    let history = contracts.history(dataset).await.map_err(Error::Contract)?;
    // Of one that was taken out of the catalog, what was written down is told all the same.
    if history.is_empty() && hub.catalog().dataset(dataset).is_none() {
        let known = hub.catalog().datasets().map(|dataset| dataset.name.clone());
        return Err(Error::NoSuchDataset { known: known.collect() });
    }
    let bound = contracts.bound(dataset).await.map_err(Error::Contract)?;
    let mut before: Option<Revision> = None;
    let mut lines = Vec::with_capacity(history.len());
    for (document, revision) in history {
        let changes = before.as_ref().map(|before| revision.compare(before).changes);
        lines.push(RevisionLine {
            number: document.number,
            version: revision.version().to_owned(),
            run: document.run,
            fingerprint: revision.fingerprint(),
            is_bound: bound.as_ref().is_some_and(|bound| bound.number == document.number),
            changes: changes.unwrap_or_default(),
        });
        before = Some(revision);
    }
    Ok(lines)
}
