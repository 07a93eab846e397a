//! A delivered file: opened once, and hashed, read and looked at through that one opening.
//!
//! A path that is opened twice may be two things: a pipe gives its bytes to the first reader only, and a file
//! can be replaced in between. What is no regular file is refused here; it is read as a stream.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::CHUNK;
use crate::IngestError;

/// A delivered file, open, and how it looked when it was opened.
#[derive(Clone)]
pub(crate) struct SourceFile {
    file: Arc<File>,
    length: u64,
    modified: Option<SystemTime>,
}

impl SourceFile {
    /// Opens a regular file.
    pub(crate) fn open(path: &Path) -> Result<Self, IngestError> {
        // Opening a pipe would wait for its other end: the path is asked first, then what was opened.
        require_regular(&std::fs::metadata(path).map_err(IngestError::read)?)?;
        let file = File::open(path).map_err(IngestError::read)?;
        let seen = file.metadata().map_err(IngestError::read)?;
        require_regular(&seen)?;
        Ok(Self { file: Arc::new(file), length: seen.len(), modified: seen.modified().ok() })
    }

    /// Returns the file for reading. Whoever reads moves its one cursor.
    pub(crate) fn shared(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Hashes the whole content. The cursor stays where it is, so that rows can be read at the same time;
    /// stops when nobody wants to know any more.
    pub(crate) fn digest(&self, stopped: &AtomicBool) -> Result<[u8; 32], IngestError> {
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        let mut place = 0_u64;
        while !stopped.load(Ordering::Relaxed) {
            match self.file.read_at(&mut chunk, place) {
                Ok(0) => return Ok(hash.finalize().into()),
                Ok(count) => {
                    hash.update(chunk.get(..count).unwrap_or_default());
                    place = place.saturating_add(u64::try_from(count).unwrap_or_default());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(IngestError::read(error)),
            }
        }
        Err(IngestError::Stopped)
    }

    /// Requires that the file still looks as it did.
    pub(crate) fn require_unchanged(&self) -> Result<(), IngestError> {
        let now = self.file.metadata().map_err(IngestError::read)?;
        let same = now.len() == self.length && now.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(IngestError::Changed) }
    }
}

fn require_regular(found: &Metadata) -> Result<(), IngestError> {
    if found.is_file() { Ok(()) } else { Err(IngestError::NotAFile) }
}
