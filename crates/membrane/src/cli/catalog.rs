//! `membrane catalog`.

use std::path::Path;

use clap::{Args, Subcommand};
use membrane_catalog::Catalog;
use membrane_model::DatasetName;

use super::{CliError, Env, out, table};
use crate::open::OpenError;

/// Check, list or show the contracts: what the data is and how each column is protected.
#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    /// Check every contract, class and purpose; list all faults with file and line.
    Check,
    /// List the datasets.
    List {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a dataset column by column.
    Show {
        /// The dataset.
        dataset: DatasetName,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: CatalogArgs, env: &Env) -> Result<(), CliError> {
    let config = env.config()?;
    let catalog = Catalog::load(Path::new(&config.catalog.dir)).map_err(OpenError::from)?;
    match args.command {
        CatalogCommand::Check => {
            let datasets = catalog.datasets().count();
            let columns: usize = catalog.datasets().map(|dataset| dataset.columns.len()).sum();
            out::line(format!(
                "{}: {datasets} datasets, {columns} columns, {} classes, {} purposes: no fault",
                config.catalog.dir,
                catalog.classes().count(),
                catalog.purposes().count()
            ))?;
        }
        CatalogCommand::List { json: true } => {
            let described: Vec<_> = catalog.datasets().map(|dataset| dataset.describe()).collect();
            out::json(&described)?;
        }
        CatalogCommand::List { json: false } => {
            let mut shown =
                table::new_table(&["dataset", "version", "subject", "columns", "protected", "description"]);
            for dataset in catalog.datasets() {
                let protected =
                    dataset.columns.iter().filter(|column| column.protection.is_masking()).count();
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
        }
        CatalogCommand::Show { dataset, json } => {
            let found = catalog.dataset(&dataset).ok_or_else(|| {
                CliError::failed(format!("no dataset `{dataset}`; `membrane catalog list` names them"))
            })?;
            if json {
                return out::json(&found.describe());
            }
            let mut shown =
                table::new_table(&["column", "type", "class", "protection", "identity", "description"]);
            for column in &found.columns {
                shown.add_row([
                    column.name.to_string(),
                    column.logical_type.to_string(),
                    column.class.to_string(),
                    column.protection.to_string(),
                    column.identity.as_ref().map(ToString::to_string).unwrap_or_default(),
                    column.description.clone(),
                ]);
            }
            out::line(format!("{} {}: {}", found.name, found.version, found.description))?;
            out::line(shown.to_string())?;
        }
    }
    Ok(())
}
