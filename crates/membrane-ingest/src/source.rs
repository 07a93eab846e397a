//! The bytes of a delivery: counted, fingerprinted, and never laid down in clear.

mod spool;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
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

pub(crate) use spool::SpoolReader;

/// Bytes of a read when a whole file is fingerprinted.
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

    /// Returns the hash of what was read, when it was asked for.
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

/// The bytes of a delivery, to be read on a thread that may block.
pub(crate) struct Delivery {
    from: From,
    meter: Meter,
    scratch: Scratch,
}

enum From {
    File(File),
    Stream { reader: Pin<Box<dyn AsyncRead + Send>>, runtime: Handle },
}

impl Delivery {
    /// Opens a delivery. A stream is fingerprinted while it is read.
    pub(crate) fn open(
        source: InputSource,
        scratch: Scratch,
        runtime: Handle,
    ) -> Result<(Self, Meter), IngestError> {
        let meter = Meter::default();
        let from = match source {
            InputSource::File(path) => From::File(File::open(path).map_err(IngestError::read)?),
            InputSource::Stream(reader) => {
                *meter.hash.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::new());
                From::Stream { reader, runtime }
            }
        };
        Ok((Self { from, meter: meter.clone(), scratch }, meter))
    }

    /// Returns the bytes for reading at any place: the file itself, or a sealed copy of the stream.
    pub(crate) fn into_seekable(mut self) -> Result<Seekable, IngestError> {
        match self.from {
            From::File(file) => {
                let length = file.metadata().map_err(IngestError::read)?.len();
                self.meter.bytes.store(length, Ordering::Relaxed);
                Ok(Seekable::File(file))
            }
            From::Stream { .. } => {
                let mut spool = Spool::create(&self.scratch)?;
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
            From::File(file) => file.read(buffer)?,
            From::Stream { reader, runtime } => runtime.block_on(reader.read(buffer))?,
        };
        self.meter.saw(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Bytes that can be read at any place.
pub(crate) enum Seekable {
    /// The delivered file.
    File(File),
    /// A sealed copy of a stream.
    Spool(Arc<spool::Spooled>),
}

/// A file's fingerprint, and how the file looked when it was taken.
pub(crate) struct Fingerprint {
    digest: [u8; 32],
    seen: Metadata,
}

impl Fingerprint {
    /// Reads a whole file.
    pub(crate) fn of_file(path: &Path) -> Result<Self, IngestError> {
        let mut file = File::open(path).map_err(IngestError::read)?;
        let seen = file.metadata().map_err(IngestError::read)?;
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => return Ok(Self { digest: hash.finalize().into(), seen }),
                Ok(count) => hash.update(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(IngestError::read(error)),
            }
        }
    }

    /// Returns the hash of the content.
    pub(crate) const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Requires that the file still looks as it did.
    pub(crate) fn require_unchanged(&self, path: &Path) -> Result<(), IngestError> {
        let now = std::fs::metadata(path).map_err(IngestError::read)?;
        let same = now.len() == self.seen.len() && now.modified().ok() == self.seen.modified().ok();
        if same { Ok(()) } else { Err(IngestError::Changed) }
    }
}

/// Names a delivery in the table's log: `ingest/<dataset>/<hex>`, where the hexadecimal digits stand for
/// the content, and for the source's name when one was given.
///
/// PRIVACY: the name itself could be someone's; only its hash reaches the log.
pub(crate) fn app_id(dataset: &DatasetName, content: &[u8; 32], source: Option<&str>) -> String {
    let fingerprint = match source {
        None => hex::encode(content),
        Some(name) => {
            let mut hash = Sha256::new();
            hash.update(u64::try_from(name.len()).unwrap_or_default().to_be_bytes());
            hash.update(name.as_bytes());
            hash.update(content);
            hex::encode(hash.finalize())
        }
    };
    format!("ingest/{dataset}/{fingerprint}")
}

#[cfg(test)]
mod tests;
