//! Where a ledger is: what its URL names.
//!
//! | URL | place |
//! | --- | --- |
//! | `sqlite:///var/lib/membrane/ledger.sqlite` | that file |
//! | `sqlite://ledger.sqlite`, `sqlite:ledger.sqlite` | that file below the working folder |
//! | `postgres://user@host:5432/database`, `postgresql://...` | that database, which must exist |
//!
//! What follows `sqlite://` is a path, letter by letter: no `%20`, no options. A ledger in memory is refused, since
//! a budget that is forgotten is not a budget.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::LedgerError;

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    // PRIVACY: the URL may hold a password.
    Server(Secret),
}

/// Text that prints nothing.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Place {
    /// Reads a URL.
    pub(crate) fn parse(url: &str) -> Result<Self, LedgerError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(Secret(url.to_owned())));
        }
        let path = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"))
            .ok_or(LedgerError::Url("expected `sqlite://PATH` or `postgres://...`"))?;
        if path.is_empty() || path.ends_with('/') {
            return Err(LedgerError::Url("`sqlite://` must be followed by the path of a file"));
        }
        if path.contains('?') {
            return Err(LedgerError::Url("`sqlite://` takes a path and no options"));
        }
        if path.starts_with(':') {
            return Err(LedgerError::Url("a ledger must be a file: memory forgets"));
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// Returns the URL by which the driver opens this very file, whatever letters are in its path.
pub(crate) fn file_url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-') {
            url.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url.push_str("?mode=rw");
    url
}

#[cfg(test)]
mod tests;
