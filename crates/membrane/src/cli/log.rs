//! `membrane log`.

use clap::{Args, Subcommand};
use membrane_model::PrincipalKind;
use serde_json::json;

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow;

/// Check that the record was not altered.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane log verify")]
pub(super) struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Compute every hash of the Merkle log again, from the runs as they stand now, and compare.
    ///
    /// Acts for the first compliance principal unless told otherwise.
    #[command(after_help = "Example:\n  membrane log verify --json")]
    Verify {
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: LogArgs, env: Env) -> Result<(), CliError> {
    let LogCommand::Verify { caller, json } = args.command;
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, head) = flow::verify_log(&ctx, &hub).await?;
    if json {
        return out::json(&json!({ "run": run.to_string(), "size": head.size, "root": head.root }));
    }
    out::line(format!("{} runs, unaltered; root {}", table::count(head.size), head.root))?;
    Ok(())
}
