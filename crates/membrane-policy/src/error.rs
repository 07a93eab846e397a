//! What can be wrong with a policy folder.

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use membrane_catalog::Fault;

/// Policies that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The folder, or a file that it must hold, could not be read.
    #[error("cannot read `{}`; name the policy folder with `--policies DIR`", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Everything that is wrong in all files, sorted by file and line. Shown one per line.
    #[error("{}", Lines(.0))]
    Faults(Vec<Fault>),
}

struct Lines<'a>(&'a [Fault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}
