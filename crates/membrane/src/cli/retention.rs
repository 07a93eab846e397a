//! `membrane retention`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, RetainRequest};
use crate::hub::Hub;
use crate::wire::{RetentionBody, RetentionTableBody};

/// Delete the rows that contracts do not keep any longer, and look what remains of such rows.
///
/// Rows go by `membrane.retention` of a contract alone. Files of earlier versions hold them until they were not needed for
/// [maintenance] keep_hours. A hub that serves does it by itself, as [maintenance] retention says. Each dataset is a run of its own.
/// Acts for the first operator unless told otherwise. The exit code is 1 when rows are left that are past. Datasets whose contract was taken
/// out of the catalog are not looked at; `membrane catalog show` lists them as gone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane retention --dry-run
  membrane retention pos_orders
  membrane retention --json")]
pub(super) struct RetentionArgs {
    /// The dataset; all whose contracts have a rule when not stated.
    dataset: Option<DatasetName>,
    /// Only look which rows would go.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: RetentionArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let names = match args.dataset {
        Some(name) => vec![name],
        None => ruled(&hub),
    };
    // One that cannot be worked on keeps no other waiting; the first of them is told at the end.
    let (mut bodies, mut left, mut failed) = (Vec::new(), 0_u64, None);
    for name in &names {
        let request = RetainRequest { dataset: name.clone(), dry_run: args.dry_run, scans: true };
        match Box::pin(flow::retain(&ctx, &hub, request)).await {
            Ok((run, done)) => {
                left = left.saturating_add(done.rows_left());
                bodies.push(RetentionBody::new(run, name, args.dry_run, &done));
            }
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
    } else {
        show(&bodies, args.dry_run)?;
        tell_of_others(&hub, &names);
    }
    if let Some(failure) = failed {
        return Err(failure.into());
    }
    if left > 0 && !args.dry_run {
        return Err(CliError::failed(format!("{left} rows are left that are past: try again")));
    }
    Ok(())
}

/// Returns the datasets whose contracts have a rule.
fn ruled(hub: &Hub) -> Vec<DatasetName> {
    let ruled = hub.catalog().datasets().filter(|dataset| dataset.retention.is_some());
    ruled.map(|dataset| dataset.name.clone()).collect()
}

fn show(bodies: &[RetentionBody], dry_run: bool) -> Result<(), CliError> {
    if bodies.is_empty() {
        return Ok(());
    }
    let gone = if dry_run { "would go" } else { "gone" };
    let header = ["table", "kept", "cut-off", gone, "left", "no time", "held", "until", "remarks"];
    let mut shown = table::new_table(&header);
    for body in bodies {
        let quarantine = format!("{} (quarantine)", body.dataset);
        for (name, done) in [(&body.dataset, &body.table), (&quarantine, &body.quarantine)] {
            let [left, timeless, held] = [done.rows_left, done.rows_without_time, done.held_files]
                .map(|count| count.map_or_else(String::new, table::count));
            shown.add_row([
                name.clone(),
                body.keep.clone().unwrap_or_default(),
                day(body.cut_off.as_deref()),
                table::count(done.rows),
                left,
                timeless,
                held,
                day(done.held_until.as_deref()),
                remarks(body, done).to_owned(),
            ]);
        }
    }
    table::narrow(&mut shown, &[2, 7]);
    table::right(&mut shown, &[3, 4, 5, 6]);
    out::line(shown.to_string())?;
    if dry_run {
        out::note("nothing was changed: these are what would go, and what there is of it");
    }
    Ok(())
}

/// Returns the day of a moment of RFC 3339.
fn day(moment: Option<&str>) -> String {
    moment.and_then(|moment| moment.get(..10)).unwrap_or_default().to_owned()
}

fn remarks(body: &RetentionBody, done: &RetentionTableBody) -> &'static str {
    match done.skipped {
        _ if body.keep.is_none() => "no rule",
        None => "",
        Some("schema_changed") => "does not fit its contract",
        Some("replay_held") => "a replay is at work",
        Some(_) => "others were faster",
    }
}

/// A contract that says for how long rows are kept, and has no rule, may be taken for one that has.
fn tell_of_others(hub: &Hub, shown: &[DatasetName]) {
    let described: Vec<&str> = hub
        .catalog()
        .datasets()
        .filter(|dataset| dataset.retention.is_none() && dataset.stewardship.retention.is_some())
        .map(|dataset| dataset.name.as_str())
        .collect();
    if shown.is_empty() {
        out::note("no contract has a rule: `membrane.retention` states one, see docs/retention.md");
    }
    if !described.is_empty() {
        let names = described.join(", ");
        out::note(format!("said to be kept for a time, and without a rule, so that no row goes: {names}"));
    }
}
