//! `membrane policy`.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand};
use membrane_catalog::Catalog;
use membrane_policy::Policies;

use super::{CliError, Env, out};
use crate::open::OpenError;

/// Check the policies: who may do what.
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check every policy against the schema and the catalog; list all faults with file and line.
    Check,
}

pub(super) fn run(args: &PolicyArgs, env: &Env) -> Result<(), CliError> {
    let PolicyCommand::Check = args.command;
    let config = env.config()?;
    let catalog = Arc::new(Catalog::load(Path::new(&config.catalog.dir)).map_err(OpenError::from)?);
    let policies = Policies::load(Path::new(&config.policies.dir), &catalog).map_err(OpenError::from)?;
    let principals = policies.principals();
    out::line(format!(
        "{}: {} principals, version {}: no fault",
        config.policies.dir,
        principals.len(),
        policies.version().get(..12).unwrap_or_default()
    ))?;
    Ok(())
}
