//! The bytes of a delivery: counted, fingerprinted, and never laid down in clear.

mod content;
mod file;
mod name;
mod seekable;
mod spool;
mod text;

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use membrane_model::DatasetName;
use membrane_vault::DataKey;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::runtime::Handle;

use crate::{IngestError, InputSource};

pub(crate) use content::{Content, UnpackFault};
pub(crate) use file::SourceFile;
pub(crate) use name::DeliveryName;
pub(crate) use seekable::{Seekable, SeekableCursor};
pub(crate) use text::Text;

/// Bytes of one read.
const CHUNK: usize = 1 << 20;

/// Where intermediate data may lie: a folder, and the key that seals it.
#[derive(Clone)]
pub(crate) struct Scratch {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Seals what is put there.
    pub(crate) key: DataKey,
    /// Binds it to the dataset.
    pub(crate) dataset: DatasetName,
}

/// How far a delivery was read, shared with whoever shows progress.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    bytes: Arc<AtomicU64>,
    hash: Arc<Mutex<Option<Sha256>>>,
}

impl Meter {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Returns the hash of what was read, once, when it was asked for.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        let hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(hash.finalize().into())
    }

    fn saw(&self, bytes: &[u8]) {
        let count = u64::try_from(bytes.len()).unwrap_or_default();
        self.bytes.fetch_add(count, Ordering::Relaxed);
        if let Some(hash) = self.hash.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            hash.update(bytes);
        }
    }
}

/// What a delivery is read from, opened.
pub(crate) enum Source {
    /// A regular file.
    File(SourceFile),
    /// Anything that is read once.
    Stream(Pin<Box<dyn AsyncRead + Send>>),
}

impl Source {
    /// Opens what was given. This may block.
    pub(crate) fn open(source: InputSource) -> Result<Self, IngestError> {
        Ok(match source {
            InputSource::File(path) => Self::File(SourceFile::open(&path)?),
            InputSource::Stream(reader) => Self::Stream(reader),
        })
    }
}

/// The bytes of a delivery, to be read on a thread that may block.
pub(crate) struct Delivery {
    from: From,
    meter: Meter,
    /// Where a sealed copy may lie; of what is only looked at, nothing is laid down.
    scratch: Option<Scratch>,
    /// Whether reading failed.
    failed: bool,
}

enum From {
    File(Arc<File>),
    Stream { reader: Pin<Box<dyn AsyncRead + Send>>, runtime: Handle },
}

impl Delivery {
    /// Starts to read a delivery. A stream is fingerprinted while it is read.
    pub(crate) fn new(source: Source, scratch: Scratch, runtime: Handle) -> (Self, Meter) {
        let meter = Meter::default();
        let from = match source {
            Source::File(file) => From::File(file.shared()),
            Source::Stream(reader) => {
                *meter.hash.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::new());
                From::Stream { reader, runtime }
            }
        };
        (Self { from, meter: meter.clone(), scratch: Some(scratch), failed: false }, meter)
    }

    /// Starts to read a file of which nothing is laid down.
    pub(crate) fn of_file(file: &SourceFile) -> (Self, Meter) {
        let meter = Meter::default();
        let from = From::File(file.shared());
        (Self { from, meter: meter.clone(), scratch: None, failed: false }, meter)
    }

    /// Returns the file that it is, if it is one, as read to its end.
    fn whole_file(&self) -> Result<Option<Arc<File>>, IngestError> {
        let From::File(file) = &self.from else { return Ok(None) };
        let length = file.metadata().map_err(IngestError::read)?.len();
        self.meter.bytes.store(length, Ordering::Relaxed);
        Ok(Some(Arc::clone(file)))
    }
}

impl Read for Delivery {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = match &mut self.from {
            From::File(file) => file.as_ref().read(buffer),
            From::Stream { reader, runtime } => runtime.block_on(reader.read(buffer)),
        };
        let count = match result {
            Ok(count) => count,
            Err(error) => {
                self.failed |= error.kind() != io::ErrorKind::Interrupted;
                return Err(error);
            }
        };
        self.meter.saw(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
