//! CATALOG: what data there is, whose it is, how it is kept, how fresh it is and who reads it.
//!
//! Nothing is stored for it: a page is made of the catalog that is served, the ledger, and the logs of the tables. Who may look at the record is told
//! all of it. Others are told what the contract says of columns that policy shows them, and nothing that counts rows.

mod facts;
mod page;
mod readers;
mod search;

use std::sync::Arc;

use membrane_catalog::{Dataset, Revision};
use membrane_model::{Action, ColumnName, DatasetName, Purpose, RevealLevel, RunId};
use membrane_policy::Permit;
use membrane_query::DatasetFacts;

use super::list_datasets::{Listing, action_of, listed_for, purpose_of};
use super::run::{ActiveRun, RunHead, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

pub(super) use facts::gather;
pub use page::{ColumnPage, DatasetPage, UseLine};
pub use readers::ReaderLine;
pub use search::{Hit, HitPlace};

/// Words of a search at most, and letters of them.
const WORDS_MAX: usize = 16;
const SEARCH_BYTES_MAX: usize = 256;

/// A dataset as the one who asks may know it.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// Its name.
    pub name: DatasetName,
    /// What its contract says.
    pub contract: Contracted,
    /// The columns that exist for the one who asks, each with its level; none stated for who may look at the record.
    pub columns: Vec<(ColumnName, Option<RevealLevel>)>,
    /// Whether rules may be told that name other columns, datasets or policies: to who may look at the record, or has the files.
    pub whole: bool,
    /// What record and storage say; for who may look at the record.
    pub facts: Option<DatasetFacts>,
    /// What a search found in it.
    pub hits: Vec<Hit>,
}

/// What the contract of a dataset says.
#[derive(Debug, Clone)]
pub enum Contracted {
    /// It is in the catalog that is served.
    Served(Arc<Dataset>),
    /// It was taken out: its last revision that was written down, if one was.
    Gone(Option<Box<Revision>>),
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct CatalogRequest {
    /// Words that must all be found; every dataset when there are none.
    pub search: Option<String>,
    /// For what an analyst would read it.
    pub purpose: Option<Purpose>,
}

/// Lists the datasets, or those in which every word is found, the best first.
///
/// # Errors
/// [`Failure`] when it is refused, or the record cannot be read or written.
pub async fn show_catalog(
    ctx: &RequestCtx,
    hub: &Hub,
    request: CatalogRequest,
) -> Result<(RunId, Vec<CatalogEntry>), Failure> {
    // PRIVACY: what somebody looks for may be anything that they typed; it is not recorded.
    let verb = if request.search.is_some() { "search the catalog" } else { "show the catalog" };
    let mut run = open(ctx, hub, request.purpose.clone(), verb.to_owned()).await?;
    let found = list(&mut run, ctx, hub, request.search.as_deref()).await;
    finish(run, found).await
}

/// Tells all that is known of a dataset.
///
/// # Errors
/// [`Failure`] when it is refused, is not there for the one who asks, or the record cannot be read or written.
pub async fn show_dataset(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
    purpose: Option<Purpose>,
) -> Result<(RunId, DatasetPage), Failure> {
    let job = job("show dataset", dataset, hub.catalog().dataset(dataset).is_some());
    let mut run = open(ctx, hub, purpose, job).await?;
    let found = page::of_dataset(&mut run, ctx, hub, dataset).await;
    finish(run, found).await
}

/// Tells all that is known of a column.
///
/// # Errors
/// [`Failure`] as for [`show_dataset`], and when there is no such column for the one who asks.
pub async fn show_column(
    ctx: &RequestCtx,
    hub: &Hub,
    (dataset, column): (&DatasetName, &ColumnName),
    purpose: Option<Purpose>,
) -> Result<(RunId, ColumnPage), Failure> {
    let known = hub.catalog().dataset(dataset).and_then(|dataset| dataset.column(column)).is_some();
    let job = job("show column", format_args!("{dataset}.{column}"), known);
    let mut run = open(ctx, hub, purpose, job).await?;
    let found = page::of_column(&mut run, ctx, hub, (dataset, column)).await;
    finish(run, found).await
}

async fn open(
    ctx: &RequestCtx,
    hub: &Hub,
    purpose: Option<Purpose>,
    job: String,
) -> Result<ActiveRun, Failure> {
    let action = action_of(ctx);
    let purpose = purpose_of(hub, purpose, action);
    ActiveRun::open(ctx, hub, RunHead { action, purpose, job, statement: None }).await
}

async fn list(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    search: Option<&str>,
) -> Result<Vec<CatalogEntry>, Error> {
    let words = search.map(words).transpose()?;
    let (permit, entries) = entries(run, hub, None).await?;
    let mut entries = match words {
        Some(words) => search::found(hub, entries, &words),
        None => entries,
    };
    if permit.audits() {
        let mut facts = gather(hub, &permit, ctx.now()).await?;
        for entry in &mut entries {
            let place = facts.iter().position(|facts| facts.name == entry.name);
            entry.facts = place.map(|place| facts.swap_remove(place));
        }
    }
    Ok(entries)
}

/// Takes a search apart.
fn words(search: &str) -> Result<Vec<String>, Error> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() || words.len() > WORDS_MAX || search.len() > SEARCH_BYTES_MAX {
        let told = format!("a search has from 1 to {WORDS_MAX} words, {SEARCH_BYTES_MAX} bytes at most");
        return Err(Error::BadRequest(told));
    }
    Ok(words)
}

/// Returns the datasets that there are for the run's principal, with those whose contract is gone for who may look at the record: all that is known of
/// them, or only of the one that is meant.
async fn entries(
    run: &mut ActiveRun,
    hub: &Hub,
    only: Option<&DatasetName>,
) -> Result<(Permit, Vec<CatalogEntry>), Error> {
    let (permit, listed) = listed_for(run, hub).await?;
    let entry = |listing: Listing| CatalogEntry {
        name: listing.dataset.name.clone(),
        contract: Contracted::Served(listing.dataset),
        columns: listing.columns,
        whole: permit.audits(),
        facts: None,
        hits: Vec::new(),
    };
    let mut entries: Vec<CatalogEntry> = listed.into_iter().map(entry).collect();
    if permit.action() == Action::Audit {
        let gone = facts::gone(hub, only).await?;
        let columns = |revision: &Revision| {
            revision.columns().filter_map(|[name, ..]| Some((name.parse().ok()?, None))).collect()
        };
        entries.extend(gone.into_iter().map(|(name, revision)| CatalogEntry {
            name,
            columns: revision.as_ref().map_or_else(Vec::new, columns),
            contract: Contracted::Gone(revision.map(Box::new)),
            whole: true,
            facts: None,
            hits: Vec::new(),
        }));
        entries.sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok((permit, entries))
}

#[cfg(test)]
mod tests;
