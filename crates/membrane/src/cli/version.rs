//! A version of catalog and policies, as a person names it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// A version of catalog and policies.
#[derive(Debug, Clone)]
pub(super) enum Version {
    /// What was published under this number.
    Published(u64),
    /// What lies in this folder.
    Folder(PathBuf),
}

impl FromStr for Version {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Folder(text.into()), Self::Published))
    }
}
