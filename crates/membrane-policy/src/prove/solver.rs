//! The solver: cvc5, as a process of its own that is spoken to through pipes.

use std::io;
use std::process::{Command, Stdio};

use cedar_policy_symcc::CedarSymCompiler;
use cedar_policy_symcc::solver::{LocalSolver, SolverError};

use super::ProveError;

/// The environment variable that names the program, as the prover reads it.
const PROGRAM: &str = "CVC5";
const DEFAULT: &str = "cvc5";

/// Returns the first line that the solver says of its version.
pub(super) fn version() -> io::Result<String> {
    let program = std::env::var(PROGRAM).unwrap_or_else(|_| DEFAULT.to_owned());
    let told = Command::new(program).arg("--version").stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().next().unwrap_or_default().trim();
    Ok(line.strip_prefix("This is ").unwrap_or(line).to_owned())
}

/// Starts the solver.
pub(super) fn start() -> Result<CedarSymCompiler<LocalSolver>, ProveError> {
    let solver = LocalSolver::cvc5().map_err(|error| match error {
        SolverError::Io(error) => ProveError::NoSolver(error),
        other => ProveError::Undecided { what: "anything".to_owned(), reason: other.to_string() },
    })?;
    CedarSymCompiler::new(solver)
        .map_err(|error| ProveError::Undecided { what: "anything".to_owned(), reason: error.to_string() })
}
