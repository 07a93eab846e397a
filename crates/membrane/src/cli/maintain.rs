//! `membrane maintain`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow;
use crate::wire::{MaintainedBody, MaintainedTableBody};

/// Keep the files of tables in order: put small ones together, remove those that nobody needs.
///
/// A hub that serves does it by itself, as [maintenance] says; readers and writers go on meanwhile. Each dataset is a run of its own.
/// Acts for the first operator unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane maintain
  membrane maintain pos_orders --dry-run")]
pub(super) struct MaintainArgs {
    /// The dataset; all of them when not stated.
    dataset: Option<DatasetName>,
    /// Only look what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: MaintainArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let names = match args.dataset {
        Some(name) => vec![name],
        None => hub.catalog().datasets().map(|dataset| dataset.name.clone()).collect(),
    };
    // One that cannot be worked on keeps no other waiting; the first of them is told at the end.
    let (mut bodies, mut failed) = (Vec::new(), None);
    for name in &names {
        match Box::pin(flow::maintain(&ctx, &hub, name, args.dry_run)).await {
            Ok((run, done)) => bodies.push(MaintainedBody::new(run, name, args.dry_run, &done)),
            Err(failure) => {
                if names.len() > 1 {
                    out::note(format!("{name}: {}", failure.error));
                }
                failed = failed.or(Some(failure));
            }
        }
    }
    if args.json {
        out::json(&bodies)?;
    } else if !bodies.is_empty() {
        show(&bodies, args.dry_run)?;
    }
    failed.map_or(Ok(()), |failure| Err(failure.into()))
}

fn show(bodies: &[MaintainedBody], dry_run: bool) -> Result<(), CliError> {
    let mut shown =
        table::new_table(&["table", "files", "MiB", "joined", "into", "removed", "MiB", "remarks"]);
    for body in bodies {
        let quarantine = format!("{} (quarantine)", body.dataset);
        for (name, done) in [(&body.dataset, &body.table), (&quarantine, &body.quarantine)] {
            if done.files == 0 && done.removed_files == 0 {
                continue;
            }
            let [files, from, into, removed] =
                [done.files, done.compacted_from, done.compacted_into, done.removed_files].map(table::count);
            let (bytes, freed) = (mebibytes(done.bytes), mebibytes(done.removed_bytes));
            shown.add_row([name.clone(), files, bytes, from, into, removed, freed, remarks(done)]);
        }
    }
    table::right(&mut shown, &[1, 2, 3, 4, 5, 6]);
    out::line(shown.to_string())?;
    if dry_run {
        out::note("nothing was changed: these are what would be done");
    }
    Ok(())
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{}", table::count(tenths / 10), tenths % 10)
}

fn remarks(done: &MaintainedTableBody) -> String {
    match (done.skipped, done.overtaken) {
        (Some("schema_changed"), _) => "does not fit its contract".to_owned(),
        (Some(_), _) => "a replay is at work".to_owned(),
        (None, 0) => String::new(),
        (None, times) => format!("{} groups overtaken", table::count(times)),
    }
}
