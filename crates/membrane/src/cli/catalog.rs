//! `membrane catalog`.

mod diff;
mod history;
mod propose;
mod show;

use std::path::Path;

use clap::{Args, Subcommand};
use membrane_catalog::{Catalog, CatalogError, Dataset, Fault};
use membrane_model::{Limits, PrincipalKind};
use serde_json::{Value, json};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::config::Config;
use crate::flow;
use crate::hub::Hub;
use crate::open::OpenError;

/// What the data is: show and search it, and check, compare, list or propose contracts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane catalog check --catalog my-catalog
  membrane catalog diff
  membrane catalog list
  membrane catalog show
  membrane catalog show crm_members
  membrane catalog search phone
  membrane catalog purposes
  membrane catalog propose members.csv")]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// Check every contract, class, purpose, standing release and tag; list all faults with file and line.
    ///
    /// Statements of standing releases and tags are planned by the contracts: what would be refused whatever the data and the policies
    /// say is a fault, and so is a tag that says to be less sensitive than what it is made of. With `--stored` so is a contract that rows which are there are not of.
    #[command(
        after_help = "Examples:\n  membrane catalog check\n  membrane catalog check --stored\n  membrane catalog check --catalog my-catalog --json"
    )]
    Check {
        /// Look at the rows of the hub as well: can they go on by these contracts? In a run, for the first compliance principal unless
        /// told otherwise.
        #[arg(long)]
        stored: bool,
        /// Report as JSON, the faults too.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        caller: CallerArgs,
    },
    /// List the datasets.
    #[command(after_help = "Example:\n  membrane catalog list --json")]
    List {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    Show(show::ShowArgs),
    Search(show::SearchArgs),
    Diff(diff::DiffArgs),
    History(history::HistoryArgs),
    Propose(propose::ProposeArgs),
    /// List the purposes: what may be named as --purpose.
    #[command(after_help = "Example:\n  membrane catalog purposes")]
    Purposes {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: CatalogArgs, env: &Env) -> Result<(), CliError> {
    let config = env.config()?;
    match args.command {
        CatalogCommand::Check { stored, json, caller } => {
            check(&config, env, (stored.then_some(&caller), json)).await
        }
        CatalogCommand::Diff(args) => diff::run(&args, &config, env).await,
        CatalogCommand::History(args) => history::run(&args, env).await,
        CatalogCommand::Propose(args) => propose::run(&args, &config, env),
        CatalogCommand::List { json } => list(&load(&config, false)?, json),
        CatalogCommand::Show(args) => Box::pin(show::run(args, env)).await,
        CatalogCommand::Search(args) => Box::pin(show::search(args, env)).await,
        CatalogCommand::Purposes { json } => purposes(&load(&config, false)?, json),
    }
}

/// Reads the catalog; its faults go to standard output as well when a script asked for them.
pub(super) fn load(config: &Config, faults_as_json: bool) -> Result<Catalog, CliError> {
    Catalog::load(Path::new(&config.catalog.dir)).or_else(|error| Err(refused(error, faults_as_json)?))
}

/// Returns the error of a catalog that cannot be used; its faults go to standard output as well when a script asked for them.
fn refused(error: CatalogError, faults_as_json: bool) -> Result<CliError, CliError> {
    if faults_as_json {
        out::json(&match &error {
            CatalogError::Faults(found) => faults(found),
            CatalogError::Read { path, .. } => unreadable(path),
        })?;
    }
    Ok(OpenError::from(error).into())
}

/// Shapes faults for a script.
pub(super) fn faults(faults: &[Fault]) -> Value {
    let shaped = faults.iter().map(|fault| {
        json!({
            "file": fault.file.display().to_string(),
            "line": fault.line,
            "column": fault.column,
            "message": fault.message,
        })
    });
    json!({ "faults": shaped.collect::<Vec<_>>() })
}

/// Shapes a folder that could not be read at all as its one fault.
pub(super) fn unreadable(path: &Path) -> Value {
    faults(&[Fault { file: path.to_owned(), line: 1, column: 1, message: "cannot be read".to_owned() }])
}

/// Checks a catalog, and for a caller whether rows that are there can go on by it.
async fn check(
    config: &Config,
    env: &Env,
    (stored, json): (Option<&CallerArgs>, bool),
) -> Result<(), CliError> {
    let catalog = load(config, json)?;
    let (dir, limits) = (Path::new(&config.catalog.dir), Limits::from(&config.limits));
    let found = flow::check_statements(&catalog, dir, &config.privacy, &limits).await;
    if !found.is_empty() {
        return Err(refused(CatalogError::Faults(found), json)?);
    }
    if let Some(caller) = stored {
        require_stored(config, env, &catalog, caller).await?;
    }
    let datasets = catalog.datasets().count();
    let columns: usize = catalog.datasets().map(|dataset| dataset.columns.len()).sum();
    let (classes, purposes) = (catalog.classes().count(), catalog.purposes().count());
    let (releases, tags) = (catalog.releases().count(), catalog.tags().count());
    if json {
        return out::json(&json!({
            "faults": [], "notes": faults(catalog.notes()).get("faults"), "datasets": datasets, "columns": columns, "classes": classes, "purposes": purposes,
            "releases": releases, "tags": tags
        }));
    }
    for note in catalog.notes() {
        out::note(format!("note: {note}"));
    }
    out::line(format!(
        "{}: {datasets} datasets, {columns} columns, {classes} classes, {purposes} purposes, {releases} standing releases, {tags} tags: no fault",
        config.catalog.dir,
    ))?;
    Ok(())
}

/// Refuses contracts that rows which are there are not of.
async fn require_stored(
    config: &Config,
    env: &Env,
    catalog: &Catalog,
    caller: &CallerArgs,
) -> Result<(), CliError> {
    out::start_log(&config.log, out::LogUse::Command);
    let hub = Hub::open_to_publish(config, env.clock.clone()).await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (_, broken) = flow::broken_contracts(&ctx, &hub, catalog).await?;
    if broken.is_empty() { Ok(()) } else { Err(OpenError::ContractsBroken(broken).into()) }
}

fn list(catalog: &Catalog, json: bool) -> Result<(), CliError> {
    if json {
        let described: Vec<_> = catalog.datasets().map(|dataset| dataset.describe()).collect();
        return out::json(&described);
    }
    let mut shown =
        table::new_table(&["dataset", "version", "subject", "columns", "protected", "description"]);
    for dataset in catalog.datasets() {
        let protected = dataset.columns.iter().filter(|column| column.protection.is_masking()).count();
        let subject = dataset.subject.as_ref().map(|subject| subject.column.to_string());
        shown.add_row([
            dataset.name.to_string(),
            dataset.version.clone(),
            subject.unwrap_or_default(),
            dataset.columns.len().to_string(),
            protected.to_string(),
            dataset.description.clone(),
        ]);
    }
    table::right(&mut shown, &[3, 4]);
    out::line(shown.to_string())?;
    Ok(())
}

/// Says what a release goes by that does not say otherwise, and which groups are known to everyone.
fn for_releases(dataset: &Dataset) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(dataset.privacy.map(|bounds| {
        format!(
            "in a release a member counts in {} groups, with {} rows in each",
            bounds.groups_max, bounds.rows_max
        )
    }));
    for column in &dataset.columns {
        lines.extend(column.privacy.bounds.map(|(lower, upper)| {
            format!("a sum of `{}` adds between {lower} and {upper} a row", column.name)
        }));
        lines.extend(match column.public_values() {
            Some(values) => Some(format!("groups by `{}` are known: {}", column.name, values.join(", "))),
            None if column.privacy.public_keys => {
                Some(format!("groups by `{}` are known: those of its rows", column.name))
            }
            None => None,
        });
    }
    lines
}

fn purposes(catalog: &Catalog, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&purposes_json(catalog));
    }
    let mut shown = table::new_table(&["purpose", "description"]);
    for purpose in catalog.purposes() {
        shown.add_row([purpose.name.to_string(), purpose.description.clone()]);
    }
    out::line(shown.to_string())?;
    Ok(())
}

fn purposes_json(catalog: &Catalog) -> Value {
    let shaped =
        catalog.purposes().map(|purpose| json!({ "name": purpose.name, "description": purpose.description }));
    json!(shaped.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
