//! `membrane audit repair`.

use clap::Args;
use membrane_model::PrincipalKind;
use serde_json::json;

use super::super::caller::CallerArgs;
use super::super::{CliError, Env, out, table};
use super::log::head_json;
use crate::flow;

/// Objects that are shown.
const SHOWN: usize = 20;

/// Put back objects of the published log that are missing or altered, from the ledger.
///
/// They are made again from the runs that the ledger has, and only where these are the runs that were signed: otherwise nothing is done, and it is said so.
/// A checkpoint that is missing, damaged or was set back is signed again, where one signature of the log is still there. The index by which runs are found by
/// their columns is made anew from the record where it was altered. Nothing else is touched. `membrane audit verify` says beforehand what is wrong.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane audit repair")]
pub(super) struct RepairArgs {
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: RepairArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let (run, repaired) = flow::repair_log(&ctx, &hub).await?;
    let (head, mended) = (&repaired.head, &repaired.mended);
    if args.json {
        let mended: Vec<_> =
            mended.iter().map(|one| json!({ "path": one.path, "was_missing": one.was_missing })).collect();
        return out::json(&json!({
            "run": run.to_string(), "head": head_json(head), "put_back": mended, "index_made_anew": repaired.is_index_mended,
        }));
    }
    if repaired.is_index_mended {
        out::line(
            "the index by which runs are found by their columns was altered; it is made anew from the record",
        )?;
    }
    for one in mended.iter().take(SHOWN) {
        let was = if one.was_missing { "was missing" } else { "was altered" };
        out::line(format!("put back: {} ({was})", one.path))?;
    }
    if mended.len() > SHOWN {
        out::line(format!("and {} more; --json has them all", mended.len() - SHOWN))?;
    }
    let told = match mended.len() {
        0 => "nothing was missing or altered".to_owned(),
        count => format!("{} put back from the ledger", table::counted(count, "object")),
    };
    out::line(format!(
        "{told}; the log of {} runs leads to the head that was signed",
        table::count(head.size)
    ))
    .map_err(CliError::from)
}
