//! What subcommands write: results to standard output, the rest to standard error.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::CliError;
use crate::config::LogSection;

/// Writes a line of the result.
pub(crate) fn line(text: impl AsRef<str>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_ref().as_bytes())?;
    stdout.write_all(b"\n")
}

/// Writes bytes of the result.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    io::stdout().lock().write_all(bytes)
}

/// Makes a file that only its owner reads; there must be none of that name, so that nobody's is written to.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    File::options().create_new(true).write(true).mode(0o600).open(path)
}

/// Writes the result as JSON, for a script.
pub(crate) fn json(value: &impl Serialize) -> Result<(), CliError> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Writes a remark that is not part of the result.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// Tells whether a person is looking at standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// For what the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogUse {
    /// A subcommand that says itself what it does: warnings only.
    Command,
    /// A server.
    Server,
}

/// Starts the log on standard error; the second time does nothing.
pub(crate) fn start_log(section: &LogSection, wanted: LogUse) {
    let level = match (wanted, section.level.as_str()) {
        (LogUse::Command, "info") => "warn",
        (_, level) => level,
    };
    let base = if level == "off" { "off" } else { "warn" };
    let filter = filter(base, level);
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let _ = match section.format.as_str() {
        "json" => builder.json().try_init(),
        _ => builder.with_ansi(is_watched()).try_init(),
    };
}

/// The Delta library tells of each commit that another writer came before as an error, though it is made again: of the events of its
/// commits only those that count conflicts say so. Whoever gives up says so with an error of its own.
const CONFLICTS: &str = "deltalake_core::kernel::transaction[{conflicts_checked}]=off";

fn filter(base: &str, level: &str) -> EnvFilter {
    EnvFilter::new(format!("{base},membrane={level},{CONFLICTS}"))
}

#[cfg(test)]
mod tests;
