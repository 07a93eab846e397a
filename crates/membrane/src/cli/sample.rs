//! `membrane sample`.

use std::path::PathBuf;

use clap::Args;
use membrane_sample::{SampleError, SampleOptions, SampleReport};

use super::progress::SampleProgress;
use super::{CliError, out, table};

/// Generate realistic member data: CRM, point of sale, app, mini-program, web, social, products, stores.
///
/// The same seed gives the same data. Files are named after their datasets; a stated share of the rows is dirty. Which
/// identities belong to one person stands in ground-truth/, which is never ingested.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane sample --members 20000 --out sample && \
                        membrane ingest crm_members sample/crm_members.csv")]
pub(super) struct SampleArgs {
    /// How many members.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    members: u64,
    /// Where chance starts.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The folder to write to.
    #[arg(long, default_value = "sample", value_name = "DIR")]
    out: PathBuf,
    /// The share of dirty rows, 0 to 0.5.
    #[arg(long, default_value_t = SampleOptions::DIRTY_RATE_DEFAULT, value_name = "RATE")]
    dirty_rate: f64,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: SampleArgs) -> Result<(), CliError> {
    let mut options = SampleOptions::new(args.members, args.seed, &args.out);
    options.dirty_rate = args.dirty_rate;
    let report = generate(options).await?;
    if args.json {
        return out::json(&report);
    }
    let mut shown = table::new_table(&["file", "rows", "dirty", "bytes"]);
    for file in &report.files {
        shown.add_row([
            file.name.clone(),
            table::count(file.rows),
            table::count(file.rows_dirty()),
            table::count(file.bytes),
        ]);
    }
    table::right(&mut shown, &[1, 2, 3]);
    out::line(shown.to_string())?;
    out::line(format!("written to {}", args.out.display()))?;
    Ok(())
}

/// Generates on a thread of its own, with a progress line.
pub(crate) async fn generate(options: SampleOptions) -> Result<SampleReport, CliError> {
    let work = tokio::task::spawn_blocking(move || {
        let mut progress = SampleProgress::start();
        membrane_sample::generate(&options, &mut |file, rows| progress.rows(file, rows))
    });
    let report = work.await.map_err(|_| CliError::failed("the generator stopped"))?;
    report.map_err(|error| match error {
        SampleError::Option { .. } => CliError::usage(error),
        SampleError::Write { ref source, .. } | SampleError::Read { ref source, .. } => {
            CliError::failed(format!("{error}: {}", source.kind()))
        }
        other => CliError::failed(other),
    })
}
