//! A file to which events are appended, one JSON object a line.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file of events.
///
/// It is opened for each append: whoever renames it gets a new one, and no signal is needed. Processes that append to one file do so
/// in whole lines, since each append is one write.
#[derive(Debug, Clone)]
pub(super) struct EventFile(PathBuf);

impl EventFile {
    pub(super) fn new(path: &str) -> Self {
        Self(Path::new(path).to_path_buf())
    }

    /// Appends lines.
    pub(super) async fn append(&self, lines: String) -> io::Result<()> {
        let path = self.0.clone();
        let write =
            move || OpenOptions::new().create(true).append(true).open(path)?.write_all(lines.as_bytes());
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}
