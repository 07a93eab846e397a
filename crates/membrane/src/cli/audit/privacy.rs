//! `membrane audit privacy`.

use std::path::PathBuf;

use clap::Args;

use super::super::{CliError, Env, out, table};
use crate::audit::{Area, AuditError, Effort, Report, Verdict, audit};

/// The files of a report.
const MARKDOWN: &str = "audit.md";
const JSON: &str = "audit.json";

/// Audit differential privacy, on people who were made up.
///
/// Every part of a release is drawn many times and held against its price; statements of every form run over people who were made up,
/// with one member more and one less; hubs that differ by one member are asked as partners ask. Faults are planted, and each
/// must be found. No hub is opened but those of the audit, in a folder of its own; the catalog and the policies must be those
/// of this repository, which the statements are written over. docs/decisions/0019 says how it is made.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit privacy --quick
  membrane audit privacy --out docs --ledger-tests said.txt

`make audit` runs the tests of the ledger first, and writes docs/audit.md and docs/audit.json.
Exit code 1 when something that is claimed does not hold, or a fault that was planted is not found.")]
pub(super) struct PrivacyArgs {
    /// Every check, with little of each: a minute, and no time is taken.
    #[arg(long)]
    quick: bool,
    /// Where the hubs of the audit are: a folder that is not there yet, and is gone in the end.
    #[arg(long, value_name = "DIR", default_value = ".membrane/audit")]
    dir: PathBuf,
    /// Write the report into this folder, as audit.md and audit.json.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What the tests of the ledger printed, to be reported as well.
    #[arg(long, value_name = "FILE")]
    ledger_tests: Option<PathBuf>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: PrivacyArgs, env: Env) -> Result<(), CliError> {
    let config = env.config()?;
    out::start_log(&config.log, out::LogUse::Command);
    let said = args.ledger_tests.as_deref().map(std::fs::read_to_string).transpose()?;
    let effort = if args.quick { Effort::quick() } else { Effort::full() };
    if args.dir.exists() {
        let told = "is there already: name a folder that is not with --dir, as it is removed in the end";
        return Err(CliError::usage(format!("{} {told}", args.dir.display())));
    }
    let note = |text: &str| out::note(text);
    let started = env.clock.now();
    let from = (args.dir.as_path(), said.as_deref());
    let made = Box::pin(audit(&config, env.clock.clone(), from, &effort, &note)).await;
    if args.dir.exists() {
        std::fs::remove_dir_all(&args.dir)?;
    }
    let report = made.map_err(|error| fault(&error))?;
    let seconds = (env.clock.now() - started).num_seconds().max(1);
    let how = if args.quick { "membrane audit privacy --quick" } else { "make audit" };
    let made = format!("Made by `{how}` at {} in {seconds} seconds.", started.format("%Y-%m-%d %H:%M UTC"));
    if let Some(folder) = &args.out {
        std::fs::write(folder.join(MARKDOWN), report.markdown(&made))?;
        std::fs::write(folder.join(JSON), serde_json::to_string_pretty(&report.json(&made))? + "\n")?;
    }
    if args.json {
        out::json(&report.json(&made))?;
    } else {
        show(&report)?;
    }
    judge(&report)
}

/// Shows what was found: a line for each check, under its area.
pub(in crate::cli) fn show(report: &Report) -> Result<(), CliError> {
    for area in Area::ALL {
        let mine: Vec<_> = report.checks.iter().filter(|check| check.area == area).collect();
        if mine.is_empty() {
            continue;
        }
        out::line(area.title())?;
        let mut rows = table::new_table(&["", "what", "claimed", "measured"]);
        for check in mine {
            let claimed = if check.verdict == Verdict::Told { "" } else { check.claimed.as_str() };
            rows.add_row([check.verdict.as_str(), check.name.as_str(), claimed, check.measured.as_str()]);
        }
        table::narrow(&mut rows, &[0]);
        out::line(rows.to_string())?;
    }
    let (judged, held) = report.score();
    Ok(out::line(format!("{held} of {judged} checks hold"))?)
}

/// Says why an audit could not be made, with what is behind it.
pub(in crate::cli) fn fault(error: &AuditError) -> CliError {
    let mut text = error.to_string();
    let mut behind = std::error::Error::source(error);
    while let Some(error) = behind {
        text = format!("{text}: {error}");
        behind = error.source();
    }
    CliError::failed(text)
}

/// Ends badly unless everything holds.
pub(in crate::cli) fn judge(report: &Report) -> Result<(), CliError> {
    if report.holds() {
        return Ok(());
    }
    let failed: Vec<&str> = report.failed().map(|check| check.name.as_str()).collect();
    Err(CliError::failed(format!("{} of the checks do not hold: {}", failed.len(), failed.join("; "))))
}
