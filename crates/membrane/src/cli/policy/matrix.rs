//! `membrane policy matrix`.

use std::path::Path;
use std::{fs, io};

use membrane_policy::publication::matrix_differences;

use crate::cli::{CliError, out};

/// The golden table, in the folder of policies.
const GOLDEN: &str = "matrix.txt";

/// What is done with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Print,
    Check,
    Write,
}

/// Prints who sees what, or compares it with what was reviewed.
pub(super) fn run(matrix: &str, policies: &Path, what: Use) -> Result<(), CliError> {
    let path = policies.join(GOLDEN);
    match what {
        Use::Print => Ok(out::bytes(matrix.as_bytes())?),
        Use::Write => {
            let told = |error: io::Error| {
                CliError::failed(format!("cannot write `{}`: {}", path.display(), error.kind()))
            };
            fs::write(&path, matrix).map_err(told)?;
            out::note(format!("wrote {}", path.display()));
            Ok(())
        }
        Use::Check => {
            let golden = fs::read_to_string(&path).map_err(|error| {
                let (path, kind) = (path.display(), error.kind());
                CliError::failed(format!(
                    "cannot read `{path}`: {kind}; `membrane policy matrix --write` makes it"
                ))
            })?;
            let changed = matrix_differences(&golden, matrix);
            for line in &changed {
                out::line(line)?;
            }
            if changed.is_empty() {
                out::line(format!("{}: as reviewed", path.display()))?;
                return Ok(());
            }
            Err(CliError::failed(format!(
                "who sees what is not as `{}` says: review it, then `membrane policy matrix --write`",
                path.display()
            )))
        }
    }
}
