//! `membrane lineage export`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;
use membrane_model::PrincipalKind;

use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::flow::{self, Since};

/// Write the OpenLineage events of all runs, one JSON object a line, made from the record.
///
/// They are the events that were sent when the runs opened and closed, if [openlineage] says where to: of a run that is still open
/// the first, of all others both. Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  membrane lineage export --out events.ndjson\n  membrane lineage export --since 2026-11-01\n  \
                        membrane lineage export --since RUN"
)]
pub(super) struct ExportArgs {
    /// From this run on, a whole id, or from this day or moment on, UTC.
    #[arg(long, value_name = "RUN|DATE", value_parser = since)]
    since: Option<Since>,
    /// The file to write, which must not be there yet; without it they are printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    caller: CallerArgs,
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(run) = text.parse() {
        return Ok(Since::Run(run));
    }
    let moment = text.parse::<DateTime<Utc>>().ok();
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let found = moment.or_else(day).map(Since::At);
    found.ok_or_else(|| {
        "expected the whole id of a run, a date like 2026-11-01 or a moment like 2026-11-01T08:00:00Z"
            .to_owned()
    })
}

pub(super) async fn run(args: ExportArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let mut written: io::Result<()> = Ok(());
    let mut file = match &args.out {
        Some(path) => Some(BufWriter::new(File::create_new(path)?)),
        None => None,
    };
    // What cannot be written is told once, and the rest is not tried.
    let each = |event: &serde_json::Value| {
        if written.is_ok() {
            let line = event.to_string();
            written = match &mut file {
                Some(file) => writeln!(file, "{line}"),
                None => out::line(line),
            };
        }
    };
    let (_, count) = flow::export_lineage(&ctx, &hub, args.since.unwrap_or(Since::Start), each).await?;
    written?;
    if let Some(mut file) = file {
        file.flush()?;
        out::note(format!("{} events", table::count(count)));
    }
    Ok(())
}
