//! `membrane source`.

use clap::{Args, Subcommand};
use membrane_model::{Channel, PrincipalKind, SourceName};

use super::caller::CallerArgs;
use super::{CliError, Env, IngestProgress, out, table};
use crate::flow::{self, Asked};
use crate::wire::{LookedBody, SourceBody, SourcesBody};

/// See where data comes from: folders, databases, topics and webhooks that the catalog names.
///
/// A source is a file of catalog/sources; docs/sources.md says what stands in it. A hub that serves looks at each as often as its
/// file says; what it finds becomes rows of the dataset, each row once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane source list
  membrane source run till_files
  membrane source pause till_files")]
pub(super) struct SourceArgs {
    #[command(subcommand)]
    command: SourceCommand,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    /// List the sources of the catalog, and where they stand.
    ///
    /// Acts for the first compliance principal unless told otherwise.
    #[command(after_help = "Example:\n  membrane source list --json")]
    List {
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at a source now, and take in what is new. What failed before is tried again.
    ///
    /// Acts for the principal of the source: the first service unless its file says otherwise. Exit code 1 when something that was
    /// found could not be taken in.
    #[command(after_help = "Example:\n  membrane source run till_files --json")]
    Run {
        /// The source: a file of `catalog/sources` without its ending.
        name: SourceName,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a source wait until it is resumed, as an operator.
    #[command(after_help = "Example:\n  membrane source pause till_files")]
    Pause(PauseArgs),
    /// Let a source go on. What failed before is tried again.
    #[command(after_help = "Example:\n  membrane source resume till_files")]
    Resume(PauseArgs),
}

#[derive(Debug, Args)]
struct PauseArgs {
    /// The source: a file of `catalog/sources` without its ending.
    name: SourceName,
    #[command(flatten)]
    caller: CallerArgs,
}

pub(super) async fn run(args: SourceArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        SourceCommand::List { caller, json } => list(&caller, json, env).await,
        SourceCommand::Run { name, json } => look(&name, json, env).await,
        SourceCommand::Pause(args) => pause(args, true, env).await,
        SourceCommand::Resume(args) => pause(args, false, env).await,
    }
}

async fn list(caller: &CallerArgs, json: bool, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, told) = flow::list_sources(&ctx, &hub).await?;
    let body = SourcesBody::new(run, &told);
    if json {
        return out::json(&body);
    }
    if body.sources.is_empty() {
        out::line("no source: write one `catalog/sources/NAME.yaml`, and publish it")?;
        return Ok(());
    }
    let mut shown = table::new_table(&[
        "source",
        "reads",
        "dataset",
        "every",
        "state",
        "waiting",
        "rows/s",
        "last looked at",
        "last run",
    ]);
    for source in &body.sources {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        shown.add_row([
            source.name.clone(),
            source.kind.clone(),
            source.dataset.clone(),
            or_none(source.every_seconds.map(|seconds| format!("{seconds} s"))),
            state(source),
            or_none(source.waiting.map(table::count)),
            format!("{:.1}", source.rows_per_second),
            or_none(source.looked.clone()),
            or_none(source.last_run.clone()),
        ]);
    }
    table::right(&mut shown, &[3, 5, 6]);
    out::line(shown.to_string())?;
    for source in &body.sources {
        if let (Some(fault), Some(fix)) = (&source.fault, &source.fix) {
            out::line(format!("{}: {fault}: {fix}", source.name))?;
        }
    }
    Ok(())
}

/// Says in a few words how a source is.
fn state(source: &SourceBody) -> String {
    let fault = source.fault.as_deref().unwrap_or_default();
    let behind = [
        (source.files_later, "tried again later"),
        (source.files_left, "left"),
        (source.controls_missing, "without their control totals, which are missing"),
        (source.controls_awaited, "waiting for their control totals"),
    ];
    let behind: Vec<String> = behind
        .into_iter()
        .filter(|(files, _)| *files > 0)
        .map(|(files, what)| format!("{} {what}", table::count(files)))
        .collect();
    let files = if behind.is_empty() { String::new() } else { format!("; files: {}", behind.join(", ")) };
    match (&source.paused_by, &source.looked) {
        (Some(by), _) if source.fault.is_some() => format!("paused by {by}: {fault}{files}"),
        (Some(by), _) => format!("paused by {by}{files}"),
        (None, None) => "not looked at yet".to_owned(),
        (None, Some(_)) if source.failures > 0 => format!("fails: {fault}{files}"),
        (None, Some(_)) if behind.is_empty() && source.fault.is_none() => "well".to_owned(),
        (None, Some(_)) => format!("goes on{files}"),
    }
}

async fn look(name: &SourceName, json: bool, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let progress = IngestProgress::start(name.as_str(), None);
    let looked = Box::pin(flow::look_at_source(&hub, name, Channel::Cli, Asked::ByHand, &progress)).await;
    progress.finish();
    let body = LookedBody::new(&hub, name, &looked?);
    if json {
        out::json(&body)?;
    } else {
        show(&body)?;
    }
    if body.failed.is_empty() {
        return Ok(());
    }
    let count = table::count(u64::try_from(body.failed.len()).unwrap_or(u64::MAX));
    let rest = match (body.stopped, body.held_up) {
        (true, _) => "; the source waits now: `membrane source resume` lets it go on",
        (false, true) => "; what is behind it was not looked at, as the same would hold it up",
        (false, false) => "; what is behind it was taken in all the same",
    };
    Err(CliError::failed(format!("{count} of what was found could not be taken in{rest}")))
}

fn show(body: &LookedBody) -> Result<(), CliError> {
    if body.taken.is_empty() && body.failed.is_empty() {
        out::line(format!("{}: nothing new", body.source))?;
    } else {
        let mut shown = table::new_table(&["delivery", "rows", "taken in", "set aside", "remarks"]);
        let named = |file: &Option<String>| {
            file.as_deref().map_or_else(|| "rows of the table".to_owned(), shown_name)
        };
        for taken in &body.taken {
            let ingest = &taken.ingest;
            let why = ingest.reasons.iter().map(|(why, times)| format!("{why} {times}"));
            let differ =
                ingest.totals_differ.iter().map(|total| format!("not what its sender says: {total}"));
            let why: Vec<String> = differ.chain(why).collect();
            let remark = if ingest.already { "was taken in before".to_owned() } else { why.join(", ") };
            let counts = [ingest.rows_read, ingest.rows_accepted, ingest.rows_quarantined].map(table::count);
            let [rows, accepted, aside] = counts;
            shown.add_row([named(&taken.file), rows, accepted, aside, remark]);
        }
        for failed in &body.failed {
            let none = || "-".to_owned();
            shown.add_row([named(&failed.file), none(), none(), none(), failed.message.clone()]);
        }
        table::right(&mut shown, &[1, 2, 3]);
        out::line(shown.to_string())?;
    }
    for (files, what) in [
        (body.young, "wait: they may still be written to"),
        (body.controls_awaited, "wait for the files with their control totals"),
        (body.controls_missing, "have not got the files with their control totals in time"),
        (body.later, "failed before, and are tried again later"),
        (body.left, "failed before"),
    ] {
        if files > 0 {
            out::line(format!("{} more {what}", table::count(files)))?;
        }
    }
    Ok(())
}

/// Shows a name that somebody else chose: nothing in it moves the cursor or colours the terminal.
fn shown_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    name.chars().map(plain).collect()
}

async fn pause(args: PauseArgs, pause: bool, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let (run, changed) = flow::pause_source(&ctx, &hub, &args.name, pause).await?;
    let name = &args.name;
    out::line(match (pause, changed) {
        (true, true) => format!("{name} is paused; what it is at work on is finished"),
        (true, false) => format!("{name} was paused before"),
        (false, true) => format!("{name} goes on"),
        (false, false) => format!("{name} was not paused; what failed is tried again"),
    })?;
    out::note(format!("run {run}"));
    Ok(())
}
