//! `membrane policy matrix`.

use std::path::Path;
use std::{fs, io};

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_policy::Policies;
use membrane_policy::publication::MATRIX_FILE;

use crate::cli::{CliError, out};

/// What is done with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Print,
    Check,
    Write,
}

/// Prints who sees what, or compares it with what was reviewed.
pub(super) fn run(
    policies: &Policies,
    catalog: &Catalog,
    (folder, what): (&Path, Use),
    now: DateTime<Utc>,
) -> Result<(), CliError> {
    let path = folder.join(MATRIX_FILE);
    match what {
        Use::Print => Ok(out::bytes(policies.matrix(catalog, now).as_bytes())?),
        Use::Write => {
            let told = |error: io::Error| {
                CliError::failed(format!("cannot write `{}`: {}", path.display(), error.kind()))
            };
            fs::write(&path, policies.matrix_to_keep(catalog, now)).map_err(told)?;
            out::note(format!("wrote {}", path.display()));
            Ok(())
        }
        Use::Check => {
            let path = path.display();
            let changed = policies.unreviewed(catalog, now).ok_or_else(|| {
                CliError::failed(format!("there is no `{path}`; `membrane policy matrix --write` makes it"))
            })?;
            for line in &changed {
                out::line(line)?;
            }
            if changed.is_empty() {
                out::line(format!("{path}: as reviewed"))?;
                return Ok(());
            }
            Err(CliError::failed(format!(
                "who sees what is not as `{path}` says: review it, then `membrane policy matrix --write`"
            )))
        }
    }
}
