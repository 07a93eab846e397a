//! How a subcommand ends: the exit code and the one message on standard error.

use std::fmt;
use std::io;
use std::io::Write;
use std::process::ExitCode;

use membrane_lake::LakeError;
use membrane_ledger::LedgerError;
use membrane_policy::RefusedReason;

use crate::audit_log::AuditLogError;
use crate::config::ConfigError;
use crate::error::{Error, Failure};
use crate::open::OpenError;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const REFUSED: u8 = 3;

/// Why a subcommand did not succeed.
#[derive(Debug)]
pub(crate) struct CliError {
    code: u8,
    message: String,
    quiet: bool,
}

impl CliError {
    /// Something that failed.
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self { code: FAILED, message: message.to_string(), quiet: false }
    }

    /// Something that the caller wrote wrongly.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { code: USAGE, message: message.to_string(), quiet: false }
    }

    /// Returns what it says.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Says it on standard error and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.quiet {
            return ExitCode::SUCCESS;
        }
        let mut lines = self.message.lines();
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "membrane: {}", lines.next().unwrap_or("failed"));
        for line in lines {
            let _ = writeln!(stderr, "{line}");
        }
        ExitCode::from(self.code)
    }
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        let code = if failure.error.is_refusal() { REFUSED } else { FAILED };
        let mut message = format!("{}{}", failure.error.explain(), where_to_look(&failure.error));
        if let Some(run) = failure.run {
            message = format!("{message}\n  run {run}, code {}", failure.error.code());
        }
        Self { code, message, quiet: false }
    }
}

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        if let OpenError::Lake(LakeError::NotAtomic { .. }) = &error {
            return Self::usage(format!("{error}\n  code storage_unsafe"));
        }
        if is_configuration(&error) { Self::usage(error) } else { Self::failed(error) }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        // Whoever read our output has seen enough, as `membrane runs | head` does.
        let quiet = error.kind() == io::ErrorKind::BrokenPipe;
        Self { code: FAILED, message: format!("cannot write: {}", error.kind()), quiet }
    }
}

impl From<serde_json::Error> for CliError {
    fn from(_: serde_json::Error) -> Self {
        Self::failed("cannot write the answer as JSON")
    }
}

/// Names the subcommand that lists what was not known.
const fn where_to_look(error: &Error) -> &'static str {
    match error {
        Error::Refused(refused) => match refused.reason {
            RefusedReason::UnknownPurpose => "; `membrane catalog purposes` lists them",
            RefusedReason::UnknownPrincipal => "; `membrane policy principals` lists them",
            _ => "",
        },
        _ => "",
    }
}

/// Tells whether what the operator wrote kept the hub from opening, rather than a ledger or a storage that does not
/// answer: the one has to be changed, the other tried again.
const fn is_configuration(error: &OpenError) -> bool {
    match error {
        OpenError::Catalog(_)
        | OpenError::Policies(_)
        | OpenError::Unpublished
        | OpenError::ContractsBroken(_)
        | OpenError::Key(_)
        | OpenError::KeyLost { .. }
        | OpenError::KeyAbsent { .. }
        | OpenError::KeyForeign
        | OpenError::LedgerLost { .. }
        | OpenError::DataForeign { .. }
        | OpenError::Folder { .. }
        | OpenError::Url { .. } => true,
        OpenError::Ledger(error) => matches!(error, LedgerError::Url(_) | LedgerError::File { .. }),
        OpenError::Lake(error) => {
            matches!(error, LakeError::Url { .. } | LakeError::Setting { .. } | LakeError::NotAtomic { .. })
        }
        OpenError::AuditLog(error) => matches!(error, AuditLogError::Setting { .. }),
        OpenError::Engine(_) | OpenError::Published(_) | OpenError::Contract(_) => false,
    }
}

#[cfg(test)]
mod tests;
