//! `membrane ingest`.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use membrane_catalog::{OnDifference, OnTruncated};
use membrane_ingest::{ControlTotals, InputSource, Reading};
use membrane_model::{DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::form::FormArgs;
use super::progress::IngestProgress;
use super::{CliError, Env, out, table};
use crate::flow::{self, IngestRequest};
use crate::wire::IngestBody;

/// Bring a file, or standard input, into a dataset.
///
/// Every row is checked against the contract; rows that break it are set aside, protected too, with the reason. Every
/// column is protected as its contract says before the first byte is stored. All rows become visible at once; the same
/// file a second time adds nothing. Acts for the first service principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane ingest crm_members sample/crm_members.csv
  membrane ingest app_events app.ndjson.gz
  membrane ingest crm_members members.csv --encoding gb18030
  membrane ingest dim_stores stores.xlsx --sheet 2026
  ssh shop cat app.ndjson.zst | membrane ingest app_events - --format ndjson --source app-2026-11-22")]
pub(super) struct IngestArgs {
    /// The dataset.
    dataset: DatasetName,
    /// The file; `-` or nothing is standard input.
    file: Option<PathBuf>,
    #[command(flatten)]
    form: FormArgs,
    /// What becomes of a delivery that is cut off: nothing is taken in, or the rows that are there [default: as the
    /// contract says, else stop].
    #[arg(long, value_enum)]
    on_truncated: Option<OnTruncatedArg>,
    /// The name of the delivery; the same name and content add nothing the second time [default: the content alone].
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// A file with what the sender says that the data has, `{"rows": 3, "sums": {"amount": "12.50"}}`; nothing is taken in of data
    /// that has not.
    #[arg(long, value_name = "FILE")]
    control: Option<PathBuf>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnTruncatedArg {
    Stop,
    Save,
}

impl From<OnTruncatedArg> for OnTruncated {
    fn from(arg: OnTruncatedArg) -> Self {
        match arg {
            OnTruncatedArg::Stop => Self::Stop,
            OnTruncatedArg::Save => Self::Save,
        }
    }
}

pub(super) async fn run(args: IngestArgs, env: Env) -> Result<(), CliError> {
    let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
    let (format, reading) = args.form.of(file)?;
    let reading = Reading { on_truncated: args.on_truncated.map(Into::into), ..reading };
    let (reader, bytes) = match file {
        Some(path) => open(path).await?,
        None => (InputSource::Stream(Box::pin(standard_input()?)), None),
    };
    let control = args.control.as_deref().map(control).transpose()?;
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Service)?;
    let progress = IngestProgress::start(args.dataset.as_str(), bytes);
    let request = IngestRequest {
        dataset: args.dataset.clone(),
        reader,
        format,
        reading,
        source: args.source,
        control,
    };
    let ingested = flow::ingest(&ctx, &hub, request, &progress).await;
    progress.finish();
    let ingested = ingested?;
    let body = IngestBody::new(&args.dataset, &ingested);
    if args.json {
        return out::json(&body);
    }
    show(&body)
}

/// Reads what a sender says of a delivery.
fn control(path: &Path) -> Result<ControlTotals, CliError> {
    let text = std::fs::read(path)
        .map_err(|error| CliError::failed(format!("cannot read `{}`: {}", path.display(), words(&error))))?;
    ControlTotals::parse(&text, OnDifference::Stop).map_err(|error| CliError::failed(error.to_string()))
}

/// Opens standard input for asynchronous reading.
fn standard_input() -> Result<tokio::fs::File, CliError> {
    let fault =
        |error: std::io::Error| CliError::failed(format!("cannot read standard input: {}", error.kind()));
    let handle = std::io::stdin().as_fd().try_clone_to_owned().map_err(fault)?;
    Ok(tokio::fs::File::from_std(std::fs::File::from(handle)))
}

/// Opens a path: a regular file as one, whose size is known; a pipe or a device as a stream, which can be read only once.
async fn open(path: &Path) -> Result<(InputSource, Option<u64>), CliError> {
    let fault = |error: std::io::Error| {
        CliError::failed(format!("cannot read `{}`: {}", path.display(), words(&error)))
    };
    let found = std::fs::metadata(path).map_err(fault)?;
    if found.is_dir() {
        return Err(CliError::failed(format!("`{}` is a folder; name a file", path.display())));
    }
    if found.is_file() {
        return Ok((InputSource::File(path.to_path_buf()), Some(found.len())));
    }
    let stream = tokio::fs::File::open(path).await.map_err(fault)?;
    Ok((InputSource::Stream(Box::pin(stream)), None))
}

/// What a person calls it.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        kind => kind.to_string(),
    }
}

/// Tells of columns that the contract does not know.
fn unknown(body: &IngestBody) -> String {
    let count = table::count(body.unknown_columns);
    let columns = if body.unknown_columns == 1 { "column" } else { "columns" };
    let names = body.unknown_names.join(", ");
    let names = if names.is_empty() { String::new() } else { format!(": {names}") };
    format!("The input has {count} {columns} that the contract does not know{names}")
}

fn show(body: &IngestBody) -> Result<(), CliError> {
    if body.already {
        out::line(format!("{}: this delivery was taken in before; nothing was added", body.dataset))?;
        if body.contract_changed {
            out::line(
                "The contract was another one then: rows that it set aside stay set aside. To check all of them again, \
                 bring the delivery under another --source.",
            )?;
        }
        return Ok(());
    }
    let accepted = table::count(body.rows_accepted);
    let set_aside = table::count(body.rows_quarantined);
    let rows = if body.rows_accepted == 1 { "row" } else { "rows" };
    out::line(format!("{}: {accepted} {rows} taken in, {set_aside} set aside", body.dataset))?;
    if body.truncated {
        out::line("The delivery was cut off: what is here is all that could be read of it.")?;
    }
    if body.rows_late > 0 {
        out::line(format!("{} came later than the contract says", table::count(body.rows_late)))?;
    }
    if !body.totals_agree.is_empty() {
        out::line(format!("As its sender says: {}", body.totals_agree.join(", ")))?;
    }
    if !body.totals_unknown.is_empty() {
        let names = body.totals_unknown.join(", ");
        out::line(format!(
            "Not known to be as its sender says, as values set aside are no numbers: {names}"
        ))?;
    }
    if body.unknown_columns > 0 {
        out::line(unknown(body))?;
    }
    if !body.reasons.is_empty() {
        let mut shown = table::new_table(&["why rows were set aside", "times"]);
        for (reason, times) in &body.reasons {
            shown.add_row([reason.clone(), table::count(*times)]);
        }
        table::right(&mut shown, &[1]);
        out::line(shown.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// A pipe under a name, `<(…)` for one, gives its bytes to the first reader only.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_no_regular_file_is_a_stream() {
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("a.csv"), folder.path().join("pipe.csv"));
        std::fs::write(&file, "a\n1\n").unwrap();
        assert!(matches!(open(&file).await, Ok((InputSource::File(path), Some(4))) if path == file));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let writer = tokio::task::spawn_blocking({
            let pipe = pipe.clone();
            move || std::fs::File::options().write(true).open(pipe).unwrap().write_all(b"a\n1\n").unwrap()
        });
        let Ok((InputSource::Stream(mut stream), None)) = open(&pipe).await else {
            panic!("a pipe is no file")
        };
        writer.await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "a\n1\n");
        assert!(open(folder.path()).await.is_err() && open(&folder.path().join("none")).await.is_err());
    }
}
