//! `membrane report`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use membrane_model::{ClassName, ColumnName, DatasetName, PrincipalId, PrincipalKind, Purpose, RevealLevel};
use membrane_report::PdfError;

use super::audit::moment;
use super::caller::CallerArgs;
use super::{CliError, Env, out};
use crate::flow::{self, ReportFilter, ReportKind, ReportRequest};
use crate::report_form::ReportForm;

/// The largest font that is read.
const FONT_BYTES_MAX: u64 = 64 << 20;

/// Write a report for whoever answers for the data, or asks about it: made of the record, with what proves it.
///
/// Each is a run of its own, for which it takes the permit to audit. What the hub cannot know is a question to be filled in by hand. Acts for the first
/// compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report access --column phone --level clear --since 2026-11-01 --until 2026-12-01
  membrane report processing --format pdf --out processing.pdf
  membrane report releases --partner partner:acme
  membrane report policy --since 2026-01-01 --format html --out policy.html
  membrane report impact --purpose marketing_analysis")]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    Access(AccessArgs),
    Processing(ProcessingArgs),
    Releases(ReleasesArgs),
    Policy(PolicyArgs),
    Impact(ImpactArgs),
}

/// Tell who may see which columns, who saw them, at which level, and why: with runs, their places in the log, and how to prove them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report access --column phone --level clear --since 2026-11-01 --until 2026-12-01
  membrane report access --class pii.phone --purpose marketing_analysis
  membrane report access --principal analyst:ana --format json")]
struct AccessArgs {
    /// Columns of this class, or of one below it.
    #[arg(long, value_name = "CLASS")]
    class: Option<ClassName>,
    /// Columns of this dataset.
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetName>,
    /// This column.
    #[arg(long, value_name = "COLUMN")]
    column: Option<ColumnName>,
    /// Shown at this level: clear, partial, generalised, token or null.
    #[arg(long, value_name = "LEVEL")]
    level: Option<RevealLevel>,
    /// To this principal, or on its behalf.
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<PrincipalId>,
    /// For this purpose.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Write a record of processing activities (GDPR Article 30, PIPL Articles 54 to 56): purposes, data, recipients, retention, measures, sources.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report processing
  membrane report processing --format pdf --out processing.pdf")]
struct ProcessingArgs {
    /// Of this dataset alone.
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetName>,
    /// For this purpose alone.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Tell what partners received, when, at which price, what is left of their budgets, and how a receipt is checked.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report releases
  membrane report releases --partner partner:acme --format html --out acme.html")]
struct ReleasesArgs {
    /// To this partner.
    #[arg(long, value_name = "PARTNER")]
    partner: Option<PrincipalId>,
    /// Of this dataset.
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetName>,
    #[command(flatten)]
    common: CommonArgs,
}

/// Tell who may do what by the policies that are served, what is proved of them, and what changed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report policy
  membrane report policy --since 2026-01-01 --format html --out policy.html")]
struct PolicyArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// Begin an impact assessment (GDPR Article 35, PIPL Article 55) for a purpose, also for one that there is not yet.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane report impact --purpose marketing_analysis
  membrane report impact --purpose churn_scoring --format md --out churn.md")]
struct ImpactArgs {
    /// The purpose: one of the catalog, or one that is thought of.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Purpose,
    #[command(flatten)]
    common: CommonArgs,
}

/// What every report takes.
#[derive(Debug, Args)]
struct CommonArgs {
    /// From this day or moment on, UTC [default: 30 days before the end for `access`, 365 for others].
    #[arg(long, value_name = "DATE", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Before this day or moment, UTC [default: now].
    #[arg(long, value_name = "DATE", value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// The form: md, json, html or pdf.
    #[arg(long, value_name = "FORM", default_value = "md")]
    format: ReportForm,
    /// The file to write, which must not be there yet; without it the report is printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A TrueType or OpenType font for what the hub's own fonts lack, as Chinese: for pdf.
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
    #[command(flatten)]
    caller: CallerArgs,
}

impl ReportCommand {
    /// Returns what is wanted, and how.
    fn taken_apart(self) -> (ReportKind, ReportFilter, CommonArgs) {
        let none = ReportFilter::default();
        match self {
            Self::Access(args) => {
                let AccessArgs { class, dataset, column, level, principal, purpose, common } = args;
                let filter = ReportFilter { class, dataset, column, level, principal, purpose, ..none };
                (ReportKind::Access, filter, common)
            }
            Self::Processing(ProcessingArgs { dataset, purpose, common }) => {
                (ReportKind::Processing, ReportFilter { dataset, purpose, ..none }, common)
            }
            Self::Releases(ReleasesArgs { partner, dataset, common }) => {
                (ReportKind::Releases, ReportFilter { principal: partner, dataset, ..none }, common)
            }
            Self::Policy(PolicyArgs { common }) => (ReportKind::Policy, none, common),
            Self::Impact(ImpactArgs { purpose, common }) => {
                (ReportKind::Impact, ReportFilter { purpose: Some(purpose), ..none }, common)
            }
        }
    }
}

pub(super) async fn run(args: ReportArgs, env: Env) -> Result<(), CliError> {
    let (kind, filter, common) = args.command.taken_apart();
    let CommonArgs { since, until, format, out: path, font, caller } = common;
    // What is wrong with where it goes is told before anything is done.
    check(format, path.as_deref(), font.as_deref())?;
    let font = font.as_deref().map(read_font).transpose()?;
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let request = ReportRequest { kind, filter: ReportFilter { since, until, ..filter } };
    let (_, document) = Box::pin(flow::make_report(&ctx, &hub, &request)).await?;
    let bytes = format.render(&document, font).map_err(|error| match error {
        PdfError::Font => CliError::usage("--font: not a TrueType or OpenType font"),
        error => CliError::failed(error),
    })?;
    match path {
        Some(path) => write(&path, &bytes),
        None => Ok(out::bytes(&bytes)?),
    }
}

fn check(format: ReportForm, out: Option<&Path>, font: Option<&Path>) -> Result<(), CliError> {
    if font.is_some() && format != ReportForm::Pdf {
        return Err(CliError::usage("--font is for pdf"));
    }
    match out {
        None if format == ReportForm::Pdf && io::stdout().is_terminal() => {
            Err(CliError::usage("a pdf is not for a terminal: name a file with --out"))
        }
        Some(path) if path.exists() => {
            Err(CliError::usage(format!("--out: `{}` is there already", path.display())))
        }
        _ => Ok(()),
    }
}

fn read_font(path: &Path) -> Result<Vec<u8>, CliError> {
    let told = |error: io::Error| CliError::usage(format!("--font: {}: {}", path.display(), error.kind()));
    if std::fs::metadata(path).map_err(told)?.len() > FONT_BYTES_MAX {
        return Err(CliError::usage("--font: the file is larger than a font"));
    }
    std::fs::read(path).map_err(told)
}

/// Makes a file that only its owner reads: what a report says of the record is not for everybody.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let told =
        |error: io::Error| CliError::failed(format!("cannot write `{}`: {}", path.display(), error.kind()));
    let mut file = out::private(path).map_err(told)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(told)?;
    out::note(format!("wrote {}", path.display()));
    Ok(())
}
