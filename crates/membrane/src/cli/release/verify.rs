//! `membrane release verify`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use membrane_privacy::decimal;
use serde_json::{Value, json};

use super::super::{CliError, out};
use crate::receipt::{Report, check};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 256 << 20;
const KEY_BYTES_MAX: u64 = 64 << 10;
const NO_KEY: &str = "a public key is 64 hexadecimal digits: `membrane keys show` prints it on the hub's machine, and GET /receipt-key \
                      answers with it";

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The answer with its receipt, as it was saved: of `--receipt FILE` or `--json`, or the body of POST /v1/release; `-` reads it
    /// from standard input.
    file: PathBuf,
    /// The public key of the hub's receipts: 64 hexadecimal digits, from somebody whom you trust. The one in the file proves
    /// nothing.
    #[arg(long, value_name = "HEX", required_unless_present = "key_file", conflicts_with = "key_file")]
    key: Option<String>,
    /// The same key in a file: the digits alone, or what GET /receipt-key or `membrane keys show --json` gave.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), CliError> {
    let key = match (&args.key, &args.key_file) {
        (Some(key), _) => key.clone(),
        (None, Some(file)) => key_of(&read(file, KEY_BYTES_MAX)?),
        (None, None) => return Err(CliError::usage(NO_KEY)),
    };
    let key = key.trim().to_ascii_lowercase();
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(CliError::usage(NO_KEY));
    }
    let report = check(&read(&args.file, FILE_BYTES_MAX)?, &key);
    if args.json {
        out::json(&told(&report))?;
    } else {
        show(&report)?;
    }
    if report.holds() {
        return Ok(());
    }
    Err(CliError::failed("this is not an answer that the holder of that key signed"))
}

/// Reads a file; one that is not UTF-8 is no JSON either, which is for the check to say.
fn read(path: &Path, bytes_max: u64) -> Result<String, CliError> {
    let fault =
        |error: io::Error| CliError::failed(format!("cannot read {}: {}", path.display(), error.kind()));
    let mut input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(fault)?)
    };
    let mut bytes = Vec::new();
    let length = input.by_ref().take(bytes_max + 1).read_to_end(&mut bytes).map_err(fault)?;
    if u64::try_from(length).map_or(true, |length| length > bytes_max) {
        return Err(CliError::failed(format!("{} has more than {bytes_max} bytes", path.display())));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the key of a file: the member `key`, or all of it.
fn key_of(text: &str) -> String {
    let member = serde_json::from_str::<Value>(text)
        .ok()
        .and_then(|value| value.get("key").and_then(Value::as_str).map(ToOwned::to_owned));
    member.unwrap_or_else(|| text.to_owned())
}

fn told(report: &Report) -> Value {
    let checks = report
        .checks
        .iter()
        .map(|one| json!({ "what": one.what, "holds": one.faults.is_empty(), "faults": one.faults }));
    json!({ "holds": report.holds(), "checks": checks.collect::<Vec<_>>(), "not_in_receipt": report.unsaid })
}

fn show(report: &Report) -> Result<(), CliError> {
    for one in &report.checks {
        out::line(format!("{}  {}", if one.faults.is_empty() { "holds" } else { "WRONG" }, one.what))?;
        for fault in &one.faults {
            out::line(format!("       {fault}"))?;
        }
    }
    if !report.holds() {
        return Ok(());
    }
    out::line("")?;
    for (label, text) in facts(report) {
        out::line(format!("{label:<9}{}", plain(&text)))?;
    }
    Ok(())
}

/// What the receipt says, in lines.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let said = |path: &[&str]| report.said(path).unwrap_or_else(|| "none".to_owned());
    let of_price = |name| said(&["answer", "price", name]);
    let datasets = report.datasets().into_iter().map(|(name, version)| match version {
        Some(version) => format!("{name} at version {version}"),
        None => name,
    });
    let price = format!(
        "epsilon {} at delta {} (rho {}, delta {})",
        of_price("epsilon"),
        of_price("delta"),
        of_price("rho"),
        of_price("charged_delta")
    );
    let paid = report.said(&["paid", "rho_nano"]).and_then(|nano| nano.parse::<u64>().ok());
    let paid = paid.map(|nano| decimal(nano, 9));
    let charged_in = report.said(&["paid", "charged_in"]).unwrap_or_else(|| said(&["paid", "run"]));
    let (leaf, size, root) = (said(&["log", "leaf"]), said(&["log", "size"]), said(&["log", "root"]));
    let mut facts = vec![
        ("asked", format!("by {} for {} at {}", said(&["partner"]), said(&["purpose"]), said(&["asked"]))),
        ("query", said(&["query"])),
        ("of", datasets.collect::<Vec<_>>().join(", ")),
        ("price", price),
        ("charged", format!("rho {} for this request", said(&["answer", "charged", "rho"]))),
        ("drawn", format!("in run {}, answered at {}", said(&["paid", "run"]), said(&["answered"]))),
        ("paid", format!("rho {} in run {charged_in}", paid.as_deref().unwrap_or("none"))),
        ("record", format!("run {} is leaf {leaf} of the log", said(&["answer", "run"]))),
        ("", format!("whose root over {size} leaves is {root}")),
    ];
    if !report.unsaid.is_empty() {
        facts.push(("unsigned", format!("{}: how things stood at that moment", report.unsaid.join(", "))));
    }
    facts
}

/// Shows a text that somebody else typed: whatever would move about on a terminal is written out, and no line of it begins as one
/// of ours does.
fn plain(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\n         "),
            '\t' => shown.push(' '),
            other if other.is_control() || turns(other) => shown.extend(other.escape_unicode()),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests;
