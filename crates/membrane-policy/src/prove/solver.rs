//! The solver: cvc5, as a process of its own that is spoken to through pipes.

use std::io;
use std::process::{Command, Stdio};

use cedar_policy_symcc::CedarSymCompiler;
use cedar_policy_symcc::solver::{LocalSolver, SolverError};

use super::ProveError;

/// How it is started: it reads SMT-LIB, and gives a question up after a minute.
const ARGUMENTS: [&str; 3] = ["--lang", "smt", "--tlimit-per=60000"];

/// Returns the first line that the solver says of its version.
pub(super) fn version(program: &str) -> io::Result<String> {
    let told = Command::new(program).arg("--version").stdin(Stdio::null()).output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().next().unwrap_or_default().trim();
    Ok(line.strip_prefix("This is ").unwrap_or(line).to_owned())
}

/// Starts the solver.
pub(super) fn start(program: &str) -> Result<CedarSymCompiler<LocalSolver>, ProveError> {
    let undecided = |reason: String| ProveError::Undecided { what: "anything".to_owned(), reason };
    let mut command = tokio::process::Command::new(program);
    let solver = LocalSolver::from_command(command.args(ARGUMENTS).kill_on_drop(true));
    let solver = solver.map_err(|error| match error {
        SolverError::Io(error) => ProveError::NoSolver(error),
        other => undecided(other.to_string()),
    })?;
    CedarSymCompiler::new(solver).map_err(|error| undecided(error.to_string()))
}
