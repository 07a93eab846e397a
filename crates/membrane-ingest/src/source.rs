//! The bytes of a delivery: counted, fingerprinted, and never laid down in clear.

mod file;
mod name;
mod seekable;
mod spool;

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

use spool::Spool;

pub(crate) use file::SourceFile;
pub(crate) use name::DeliveryName;
pub(crate) use seekable::Seekable;

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
}

enum From {
    File(Arc<File>),
    /// A stream, and where a sealed copy of it may lie.
    Stream {
        reader: Pin<Box<dyn AsyncRead + Send>>,
        runtime: Handle,
        scratch: Scratch,
    },
}

impl Delivery {
    /// Starts to read a delivery. A stream is fingerprinted while it is read.
    pub(crate) fn new(source: Source, scratch: Scratch, runtime: Handle) -> (Self, Meter) {
        let meter = Meter::default();
        let from = match source {
            Source::File(file) => From::File(file.shared()),
            Source::Stream(reader) => {
                *meter.hash.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::new());
                From::Stream { reader, runtime, scratch }
            }
        };
        (Self { from, meter: meter.clone() }, meter)
    }

    /// Starts to read a file of which nothing is kept.
    pub(crate) fn of_file(file: &SourceFile) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { from: From::File(file.shared()), meter: meter.clone() }, meter)
    }

    /// Returns the bytes for reading at any place: the file itself, or a sealed copy of the stream.
    pub(crate) fn into_seekable(mut self) -> Result<Seekable, IngestError> {
        match self.from {
            From::File(file) => {
                let length = file.metadata().map_err(IngestError::read)?.len();
                self.meter.bytes.store(length, Ordering::Relaxed);
                Ok(Seekable::File(file))
            }
            From::Stream { ref scratch, .. } => {
                let mut spool = Spool::create(scratch)?;
                let mut chunk = vec![0; CHUNK];
                loop {
                    let count = self.read(&mut chunk).map_err(IngestError::read)?;
                    if count == 0 {
                        return spool.finish().map(Arc::new).map(Seekable::Spool);
                    }
                    spool.write(chunk.get(..count).unwrap_or_default())?;
                }
            }
        }
    }

    /// Reads whatever is left, so that the fingerprint covers it.
    pub(crate) fn drain(&mut self) -> Result<(), IngestError> {
        let mut chunk = vec![0; CHUNK];
        while self.read(&mut chunk).map_err(IngestError::read)? > 0 {}
        Ok(())
    }
}

impl Read for Delivery {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.from {
            From::File(file) => file.as_ref().read(buffer)?,
            From::Stream { reader, runtime, .. } => runtime.block_on(reader.read(buffer))?,
        };
        self.meter.saw(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
