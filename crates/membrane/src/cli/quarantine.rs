//! `membrane quarantine`.

use clap::{Args, Subcommand};
use membrane_ingest::AsideFilter;
use membrane_model::{DatasetName, PrincipalKind, Purpose, RunId};

use super::caller::CallerArgs;
use super::{CliError, Env, IngestProgress, out, table};
use crate::flow;
use crate::wire::{AsideRowsBody, QuarantineBody, ReplayBody};

/// See what was set aside and why, and take it in again after a fix.
///
/// Rows that break their contract are kept, sealed, with the reason and their place in the delivery.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane quarantine list crm_members
  membrane quarantine show crm_members --rows 20
  membrane quarantine replay crm_members")]
pub(super) struct QuarantineArgs {
    #[command(subcommand)]
    command: QuarantineCommand,
}

#[derive(Debug, Subcommand)]
enum QuarantineCommand {
    /// Count what a dataset set aside, by run and reason.
    ///
    /// Acts for the first service unless told otherwise: whoever may bring rows in may see why they did not come.
    #[command(after_help = "Example:\n  membrane quarantine list crm_members --json")]
    List(ListArgs),
    /// Show rows that were set aside: their run, their place in the delivery and the reasons.
    ///
    /// With --as and --purpose the rows themselves are shown to whoever may see every column of every row of the dataset in clear,
    /// and nothing to anybody else: in a bad row, any value may stand in any column.
    #[command(after_help = "Examples:
  membrane quarantine show crm_members
  membrane quarantine show dim_stores --as analyst:lee --purpose marketing_analysis --json")]
    Show(ShowArgs),
    /// Take in what was set aside and fits the contract by now.
    ///
    /// Duplicates stay, and records that could not be read at all. What still breaks the contract stays as it is. Acts for the first
    /// service unless told otherwise.
    #[command(after_help = "Example:\n  membrane quarantine replay crm_members")]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The dataset.
    dataset: DatasetName,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The dataset.
    dataset: DatasetName,
    /// Those of one run alone.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    /// So many rows at most.
    #[arg(long, default_value_t = 100, value_name = "ROWS")]
    rows: usize,
    /// Why they are looked at; needed to see the rows themselves.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// The dataset.
    dataset: DatasetName,
    /// Those of one run alone.
    #[arg(long, value_name = "RUN")]
    run: Option<RunId>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: QuarantineArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        QuarantineCommand::List(args) => list(args, env).await,
        QuarantineCommand::Show(args) => show(args, env).await,
        QuarantineCommand::Replay(args) => replay(args, env).await,
    }
}

async fn list(args: ListArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Service)?;
    let (run, counts) = flow::count_quarantine(&ctx, &hub, &args.dataset).await?;
    let body = QuarantineBody::new(run, &args.dataset, &counts);
    if args.json {
        return out::json(&body);
    }
    if body.set_aside.is_empty() {
        out::line(format!("{}: nothing is set aside", body.dataset))?;
        return Ok(());
    }
    let mut shown = table::new_table(&["run", "why", "rows"]);
    for count in body.set_aside {
        shown.add_row([count.run, count.reasons, table::count(count.rows)]);
    }
    table::right(&mut shown, &[2]);
    Ok(out::line(shown.to_string())?)
}

async fn show(args: ShowArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Service)?;
    let filter = AsideFilter { run: args.run, rows_max: args.rows };
    let reads = args.purpose.is_some();
    let asked = (&args.dataset, args.purpose);
    let (run, found) = flow::show_quarantine(&ctx, &hub, asked, filter).await?;
    let body = AsideRowsBody::new(run, &args.dataset, &found);
    if args.json {
        return out::json(&body);
    }
    if reads && !body.opened {
        out::line(
            "nothing is shown: rows that were set aside are for whoever may see every column of every row in clear",
        )?;
        return Ok(());
    }
    let mut shown = table::new_table(&["run", "record", "why", "row"]);
    for row in body.rows {
        let clear = row.row.map_or_else(|| "(sealed)".to_owned(), |row| row.to_string());
        shown.add_row([row.run, row.position.to_string(), row.reasons, clear]);
    }
    table::right(&mut shown, &[1]);
    out::line(shown.to_string())?;
    if !body.opened {
        out::note(
            "the rows stay sealed; --as and --purpose show them to whoever may see all of the dataset in clear",
        );
    }
    Ok(())
}

async fn replay(args: ReplayArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Service)?;
    let progress = IngestProgress::start(args.dataset.as_str(), None);
    let done = flow::replay_quarantine(&ctx, &hub, (&args.dataset, args.run), &progress).await;
    progress.finish();
    let (run, report) = done?;
    let body = ReplayBody::new(run, &args.dataset, &report);
    if args.json {
        return out::json(&body);
    }
    if body.settled {
        out::line("an earlier replay was found half done, and was ended first")?;
    }
    let [accepted, tried, refused, left] =
        [body.rows_accepted, body.rows_tried, body.rows_refused, body.rows_left].map(table::count);
    let dataset = body.dataset;
    out::line(format!(
        "{dataset}: {accepted} of {tried} rows taken in, {refused} still break the contract, {left} not tried"
    ))?;
    Ok(())
}
