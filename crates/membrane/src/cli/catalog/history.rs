//! `membrane catalog history`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind};
use serde_json::json;

use super::super::caller::CallerArgs;
use super::super::{CliError, Env, out};
use crate::flow;

/// List the contracts that rows of a dataset were brought in by, and what changed from one to the next.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane catalog history crm_members")]
pub(super) struct HistoryArgs {
    /// The dataset.
    dataset: DatasetName,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caller: CallerArgs,
}

pub(super) async fn run(args: &HistoryArgs, env: &Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, lines) = flow::contract_history(&ctx, &hub, &args.dataset).await?;
    if args.json {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({
                    "number": line.number,
                    "version": line.version,
                    "run": line.run.to_string(),
                    "fingerprint": line.fingerprint,
                    "rows_are_of_it": line.is_bound,
                    "changes": line.changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
                })
            })
            .collect();
        return out::json(&json!({ "run": run.to_string(), "revisions": lines }));
    }
    for line in &lines {
        let bound = if line.is_bound { ", which its rows are of" } else { "" };
        out::line(format!("revision {}, version {}, by run {}{bound}", line.number, line.version, line.run))?;
        for change in &line.changes {
            out::line(format!("  {:<10}  {change}", change.effect.as_str()))?;
        }
    }
    if lines.is_empty() {
        out::line("no rows were brought in yet, or only before revisions were kept")?;
    }
    Ok(())
}
