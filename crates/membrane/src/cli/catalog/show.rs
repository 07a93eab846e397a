//! `membrane catalog show` and `membrane catalog search`.

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use membrane_catalog::{Catalog, Dataset};
use membrane_model::{ColumnName, DatasetName, PrincipalKind, Purpose};

use super::super::caller::CallerArgs;
use super::super::{CliError, Env, out, table};
use super::{for_releases, load};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::{self, CatalogRequest, Contracted};
use crate::hub::Hub;
use crate::wire::{
    CatalogBody, CatalogColumnPageBody, CatalogDatasetBody, CatalogEntryBody, CatalogFactsBody,
    CatalogReaderBody,
};

mod lines;

use lines::{facts, said};

/// Show what data there is; all that is known of a dataset, or of one of its columns.
///
/// Of files, ledger and storage together: whose it is, how each column is kept, how fresh it is, what it takes up, who reads it and who may. In a run,
/// for the first compliance principal unless told otherwise; others see what contracts say of columns that policy shows them. Where the hub cannot
/// be opened it is said why, and what the files say is shown.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  membrane catalog show\n  membrane catalog show crm_members\n  membrane catalog show crm_members.phone\n  membrane catalog show --as analyst:ana --purpose marketing_analysis"
)]
pub(super) struct ShowArgs {
    /// DATASET, or DATASET.COLUMN; every dataset when not stated.
    target: Option<Target>,
    #[command(flatten)]
    look: LookArgs,
}

/// Find datasets and columns by words.
///
/// Every word must stand somewhere in a dataset: in its name, in the name or class of a column, in a description, an owner, a domain or a tag. The best
/// comes first: a dataset of that name, then names, then columns, then descriptions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  membrane catalog search phone\n  membrane catalog search pii.email web")]
pub(super) struct SearchArgs {
    /// What to look for.
    #[arg(required = true)]
    words: Vec<String>,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Args)]
struct LookArgs {
    /// For what an analyst would read it.
    #[arg(long)]
    purpose: Option<Purpose>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caller: CallerArgs,
}

/// A dataset, or a column of one.
#[derive(Debug, Clone)]
struct Target {
    dataset: DatasetName,
    column: Option<ColumnName>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let told = |_| "write DATASET or DATASET.COLUMN, as in crm_members.phone".to_owned();
        let (dataset, column) = match text.split_once('.') {
            Some((dataset, column)) => (dataset, Some(column.parse().map_err(told)?)),
            None => (text, None),
        };
        Ok(Self { dataset: dataset.parse().map_err(told)?, column })
    }
}

pub(super) async fn run(args: ShowArgs, env: &Env) -> Result<(), CliError> {
    let ShowArgs { target, look } = args;
    let hub = match env.open().await {
        Ok(hub) => hub,
        // Files are whoever's who runs this; nobody else's eyes are meant.
        Err(error) if look.caller.is_nobody() => return of_files(error, target.as_ref(), look.json, env),
        Err(error) => return Err(error),
    };
    let ctx = look.caller.ctx(&hub, PrincipalKind::Compliance)?;
    match target {
        None => list(&ctx, &hub, None, &look).await,
        Some(Target { dataset, column: None }) => {
            let (run, page) = flow::show_dataset(&ctx, &hub, &dataset, look.purpose).await?;
            let contract = match &page.entry.contract {
                Contracted::Served(dataset) if page.entry.facts.is_some() => Some(dataset),
                _ => None,
            };
            show_page(&CatalogDatasetBody::new(run, &page), contract, look.json)
        }
        Some(Target { dataset, column: Some(column) }) => {
            let (run, page) = flow::show_column(&ctx, &hub, (&dataset, &column), look.purpose).await?;
            let unknown = || CliError::from(Failure { error: Error::UnknownColumn, run: Some(run) });
            show_column(&CatalogColumnPageBody::new(run, &page).ok_or_else(unknown)?, look.json)
        }
    }
}

pub(super) async fn search(args: SearchArgs, env: &Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.look.caller.ctx(&hub, PrincipalKind::Compliance)?;
    list(&ctx, &hub, Some(args.words.join(" ")), &args.look).await
}

async fn list(ctx: &RequestCtx, hub: &Hub, search: Option<String>, look: &LookArgs) -> Result<(), CliError> {
    let found = search.is_some();
    let request = CatalogRequest { search, purpose: look.purpose.clone() };
    let (run, entries) = flow::show_catalog(ctx, hub, request).await?;
    let body = CatalogBody::new(run, &entries);
    if look.json {
        return out::json(&body);
    }
    if found && body.datasets.is_empty() {
        out::line("nothing was found in which every word stands")?;
        return Ok(());
    }
    show_list(&body.datasets, found)
}

fn show_list(entries: &[CatalogEntryBody], found: bool) -> Result<(), CliError> {
    let last = if found { "found in" } else { "description" };
    let mut shown = table::new_table(&[
        "dataset",
        "owner",
        "version",
        "columns",
        "rows",
        "size",
        "delivered",
        "reads 30d",
        last,
    ]);
    for entry in entries {
        let facts = entry.facts.as_ref();
        let counted = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), table::count);
        shown.add_row([
            named(entry),
            entry.owner.clone().unwrap_or_default(),
            entry.version.clone(),
            entry.columns.to_string(),
            counted(facts.and_then(|facts| facts.rows)),
            facts.and_then(|facts| facts.bytes).map_or_else(|| "-".to_owned(), lines::size),
            facts.map_or_else(|| "-".to_owned(), delivered),
            counted(facts.map(|facts| facts.reads_30d)),
            if found { places(entry) } else { entry.description.clone() },
        ]);
    }
    table::right(&mut shown, &[3, 4, 5, 7]);
    table::narrow(&mut shown, &[0]);
    out::line(shown.to_string())?;
    for gone in entries.iter().filter(|entry| entry.standing == "gone") {
        out::note(format!(
            "the contract of `{}` was taken out of the catalog; its rows and what is on record of it are as they were",
            gone.name
        ));
    }
    Ok(())
}

fn named(entry: &CatalogEntryBody) -> String {
    if entry.standing == "gone" { format!("{} (gone)", entry.name) } else { entry.name.clone() }
}

fn delivered(facts: &CatalogFactsBody) -> String {
    let when = facts.last_delivery.as_deref().map_or_else(|| "never".to_owned(), table::minute);
    if facts.late == Some(true) { format!("{when}; late") } else { when }
}

/// Says where the words of a search stand.
fn places(entry: &CatalogEntryBody) -> String {
    let mut text = String::new();
    for hit in &entry.hits {
        let place = match (&hit.column, hit.place.as_str()) {
            (Some(column), _) => column.clone(),
            (None, "description") => "what is said of it".to_owned(),
            (None, _) => "its name".to_owned(),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{comma}{place}");
    }
    text
}

fn show_page(body: &CatalogDatasetBody, contract: Option<&Arc<Dataset>>, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(body);
    }
    let entry = &body.dataset;
    out::line(format!("{} {}: {}", named(entry), entry.version, entry.description))?;
    let mut shown = table::new_table(&["", ""]);
    for (name, value) in said(body).into_iter().chain(entry.facts.iter().flat_map(facts)) {
        shown.add_row([name.to_owned(), value]);
    }
    table::narrow(&mut shown, &[0]);
    out::line(shown.to_string())?;
    columns(body)?;
    readers(body.readers.as_deref())?;
    for line in contract.into_iter().flat_map(|dataset| for_releases(dataset)) {
        out::line(line)?;
    }
    Ok(())
}

fn columns(body: &CatalogDatasetBody) -> Result<(), CliError> {
    let mut shown = table::new_table(&["column", "type", "class", "protection", "level", "description"]);
    for column in &body.columns {
        shown.add_row([
            column.name.clone(),
            column.logical_type.clone(),
            column.class.clone(),
            column.protection.clone(),
            column.level.clone().unwrap_or_default(),
            column.description.clone(),
        ]);
    }
    table::narrow(&mut shown, &[0]);
    Ok(out::line(shown.to_string())?)
}

fn readers(readers: Option<&[CatalogReaderBody]>) -> Result<(), CliError> {
    let Some(readers) = readers else { return Ok(()) };
    let mut shown = table::new_table(&["who may", "action", "purpose", "columns by level"]);
    for reader in readers {
        shown.add_row([&reader.principal, &reader.action, &reader.purpose, &reader.levels]);
    }
    Ok(out::line(shown.to_string())?)
}

fn show_column(body: &CatalogColumnPageBody, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(body);
    }
    let column = &body.column;
    let mut shown = table::new_table(&["", ""]);
    for (name, value) in [
        ("column", format!("{}.{}", body.dataset, column.name)),
        ("says", column.description.clone()),
        ("type", column.logical_type.clone()),
        ("class", column.class.clone()),
        ("protection", column.protection.clone()),
        ("identity", column.identity.clone().unwrap_or_default()),
        ("shown as", column.level.clone().unwrap_or_default()),
        ("rules", column.rules.join(", ")),
    ] {
        if !value.is_empty() {
            shown.add_row([name.to_owned(), value]);
        }
    }
    out::line(shown.to_string())?;
    if !body.uses.is_empty() {
        let mut shown = table::new_table(&["who read it", "action", "purpose", "runs 30d", "last"]);
        for used in &body.uses {
            shown.add_row([
                used.principal.clone(),
                used.action.clone(),
                used.purpose.clone().unwrap_or_default(),
                used.runs.to_string(),
                table::minute(&used.latest),
            ]);
        }
        table::right(&mut shown, &[3]);
        out::line(shown.to_string())?;
    }
    readers(body.readers.as_deref())
}

/// Shows what the files say, where the record cannot be looked at.
fn of_files(error: CliError, target: Option<&Target>, json: bool, env: &Env) -> Result<(), CliError> {
    let config = env.config()?;
    let Ok(catalog) = load(&config, false) else { return Err(error) };
    out::note(error.message());
    out::note(format!("the record is not looked at; this is what the files in {} say", config.catalog.dir));
    let Some(Target { dataset, column }) = target else { return files(&catalog, json) };
    let unknown = || CliError::failed(format!("no dataset `{dataset}`; `membrane catalog list` names them"));
    let found = catalog.dataset(dataset).ok_or_else(unknown)?;
    let mut body = CatalogDatasetBody::of_contract(found);
    match column {
        None => show_page(&body, Some(found), json),
        Some(name) => {
            body.columns.retain(|column| column.name == name.as_str());
            let column = body.columns.pop().ok_or_else(|| {
                CliError::failed(format!(
                    "`{dataset}` has no column `{name}`; `membrane catalog show {dataset}` names them"
                ))
            })?;
            let (run, dataset) = (String::new(), dataset.to_string());
            let page = CatalogColumnPageBody { run, dataset, column, uses: Vec::new(), readers: None };
            show_column(&page, json)
        }
    }
}

fn files(catalog: &Catalog, json: bool) -> Result<(), CliError> {
    let entry = |dataset: &Arc<Dataset>| CatalogDatasetBody::of_contract(dataset).dataset;
    let datasets: Vec<CatalogEntryBody> = catalog.datasets().map(entry).collect();
    if json { out::json(&CatalogBody { run: String::new(), datasets }) } else { show_list(&datasets, false) }
}
