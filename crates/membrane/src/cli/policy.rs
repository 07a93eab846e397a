//! `membrane policy`.

mod masks;

use std::path::Path;

use clap::{Args, Subcommand};
use membrane_policy::{Policies, PolicyError};
use serde_json::{Value, json};

use super::catalog::{faults, load, unreadable};
use super::{CliError, Env, out, table};
use crate::config::Config;
use crate::open::OpenError;

/// Check the policies, or list the principals: who may do what.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane policy check --policies my-policies --catalog my-catalog
  membrane policy principals
  membrane policy masks")]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check every policy against the schema and the catalog; list all faults with file and line.
    #[command(
        after_help = "Examples:\n  membrane policy check\n  membrane policy check --policies my-policies --json"
    )]
    Check {
        /// Report as JSON, the faults too.
        #[arg(long)]
        json: bool,
    },
    /// List the masks that policies can name, with what each shows.
    #[command(after_help = "Example:\n  membrane policy masks")]
    Masks {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the principals: whom --as may name, of which kind and in which groups.
    #[command(after_help = "Example:\n  membrane policy principals")]
    Principals {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &PolicyArgs, env: &Env) -> Result<(), CliError> {
    match args.command {
        PolicyCommand::Check { json } => check(&env.config()?, json),
        PolicyCommand::Masks { json } => masks::list(json),
        PolicyCommand::Principals { json } => principals(&read(&env.config()?, false)?, json),
    }
}

/// Reads the policies; their faults go to standard output as well when a script asked for them.
fn read(config: &Config, faults_as_json: bool) -> Result<Policies, CliError> {
    let catalog = load(config, faults_as_json)?;
    Policies::load(Path::new(&config.policies.dir), &catalog).or_else(|error| {
        if faults_as_json {
            out::json(&match &error {
                PolicyError::Faults(found) => faults(found),
                PolicyError::Read { path, .. } => unreadable(path),
            })?;
        }
        Err(OpenError::from(error).into())
    })
}

fn check(config: &Config, json: bool) -> Result<(), CliError> {
    let policies = read(config, json)?;
    let principals = policies.principals().len();
    if json {
        return out::json(&json!({
            "faults": [],
            "policies": policies.count(),
            "principals": principals,
            "version": policies.version(),
        }));
    }
    out::line(format!(
        "{}: {} policies, {principals} principals, version {}: no fault",
        config.policies.dir,
        policies.count(),
        policies.version().get(..12).unwrap_or_default()
    ))?;
    Ok(())
}

fn principals(policies: &Policies, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&principals_json(policies));
    }
    let mut shown = table::new_table(&["principal", "kind", "groups"]);
    for principal in policies.principals() {
        shown.add_row([
            principal.to_string(),
            principal.kind().as_str().to_owned(),
            policies.groups_of(&principal).join(", "),
        ]);
    }
    out::line(shown.to_string())?;
    Ok(())
}

fn principals_json(policies: &Policies) -> Value {
    let shaped = policies.principals().into_iter().map(|principal| {
        json!({
            "id": principal.to_string(),
            "kind": principal.kind().as_str(),
            "groups": policies.groups_of(&principal),
        })
    });
    json!(shaped.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
