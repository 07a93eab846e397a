//! `membrane audit tail`.

use std::io;

use clap::Args;
use membrane_ledger::{RunRecord, RunSearch};
use membrane_model::PrincipalKind;

use super::super::caller::CallerArgs;
use super::super::{CliError, Env, out};
use super::filter::FilterArgs;
use crate::flow::{self, FOUND_MAX, TailRequest};
use crate::wire::FoundRunBody;

/// Show the newest entries of the log, a line each, and with --follow those that come.
///
/// A line says when it began, its place in the log, who, what, with which datasets, for what, what was seen at which level, by which policies, how it ended,
/// and the run. Acts for the first compliance principal unless told otherwise; with --follow until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit tail
  membrane audit tail --follow --status refused
  membrane audit tail --follow --dataset crm_members --json")]
pub(super) struct TailArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How many of those that are there.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(FOUND_MAX)))]
    limit: u32,
    /// Show those that come as well, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON, an object a line.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: TailArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let request = TailRequest { search: args.filter.search(), newest: args.limit, follow: args.follow };
    let (search, json) = (&request.search, args.json);
    let mut written: Result<(), CliError> = Ok(());
    // What cannot be written ends it: nobody listens any more.
    let each = |entries: &[RunRecord]| {
        written = entries.iter().try_for_each(|entry| tell(entry, search, json));
        written.is_ok()
    };
    flow::tail_entries(&ctx, &hub, &request, told_to_stop(), each).await?;
    written
}

/// A handler that cannot be set up leaves Ctrl-C to end the process, as it does by itself.
async fn told_to_stop() {
    let told: io::Result<()> = tokio::signal::ctrl_c().await;
    if told.is_err() {
        std::future::pending::<()>().await;
    }
}

fn tell(entry: &RunRecord, search: &RunSearch, json: bool) -> Result<(), CliError> {
    let run = FoundRunBody::of(entry, search);
    if json {
        return Ok(out::line(serde_json::to_string(&run)?)?);
    }
    Ok(out::line(line(&run, search))?)
}

fn line(run: &FoundRunBody, search: &RunSearch) -> String {
    let is_of_columns = search.column.is_some() || search.level.is_some();
    let words = |all: &[String]| if all.is_empty() { "-".to_owned() } else { all.join(",") };
    let who = match &run.on_behalf_of {
        Some(delegator) => format!("{} for {delegator}", run.principal),
        None => run.principal.clone(),
    };
    let ended = match &run.error_code {
        Some(code) => format!("{}: {code}", run.status),
        None => run.status.clone(),
    };
    let leaf = run.leaf.map_or_else(|| "-".to_owned(), |leaf| format!("#{leaf}"));
    let parts = [
        run.started.clone(),
        leaf,
        who,
        run.action.clone(),
        words(&run.datasets),
        run.purpose.clone().unwrap_or_else(|| "-".to_owned()),
        words(&run.levels(is_of_columns)),
        words(&run.policies),
        ended,
        run.run.clone(),
    ];
    parts.join("  ")
}
