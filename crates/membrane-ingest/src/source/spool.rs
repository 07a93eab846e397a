//! A sealed copy of a stream, for formats that must be read back and forth.
//!
//! Invariant: direct identifiers never lie in clear, not in a spill file either. The copy is cut into
//! blocks, each sealed under the dataset's quarantine key with its number bound to it. The file has no
//! name once it is open, so a killed process leaves nothing behind.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use membrane_model::SubjectId;
use membrane_vault::{CellCipher, ColumnContext, SEALED_OVERHEAD};

use super::Scratch;
use crate::IngestError;

const BLOCK: usize = 128 << 10;
const SEALED_BLOCK: u64 = (BLOCK + SEALED_OVERHEAD) as u64;
/// Opened blocks that are kept: 8 MiB.
const BLOCKS_KEPT: usize = 64;

/// Writes a sealed copy.
pub(crate) struct Spool {
    file: File,
    seal: Seal,
    block: Vec<u8>,
    sealed: Vec<u8>,
    blocks: u64,
    length: u64,
}

struct Seal {
    cipher: CellCipher,
    context: ColumnContext,
}

impl Seal {
    fn new(scratch: &Scratch) -> Self {
        Self { cipher: scratch.key.cipher(), context: ColumnContext::delivery_copy(&scratch.dataset) }
    }

    /// A block stands where a subject would: its number is bound to it.
    fn place(block: u64) -> SubjectId {
        SubjectId::from_bytes(u128::from(block).to_be_bytes())
    }
}

impl Spool {
    /// Makes an unnamed file in the scratch folder.
    pub(crate) fn create(scratch: &Scratch) -> Result<Self, IngestError> {
        std::fs::create_dir_all(&scratch.folder).map_err(scratch_error)?;
        let file = tempfile::tempfile_in(&scratch.folder).map_err(scratch_error)?;
        let block = Vec::with_capacity(BLOCK);
        Ok(Self { file, seal: Seal::new(scratch), block, sealed: Vec::new(), blocks: 0, length: 0 })
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), IngestError> {
        while !bytes.is_empty() {
            let room = (BLOCK - self.block.len()).min(bytes.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.block.extend_from_slice(now);
            bytes = later;
            if self.block.len() == BLOCK {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), IngestError> {
        self.sealed.clear();
        let place = Seal::place(self.blocks);
        self.seal.cipher.seal_in(&self.seal.context, &place, &self.block, &mut self.sealed)?;
        self.file.write_all(&self.sealed).map_err(scratch_error)?;
        self.length += u64::try_from(self.block.len()).unwrap_or_default();
        self.blocks += 1;
        self.block.clear();
        Ok(())
    }

    /// Ends the copy and opens it for reading.
    pub(crate) fn finish(mut self) -> Result<Spooled, IngestError> {
        if !self.block.is_empty() {
            self.flush()?;
        }
        Ok(Spooled { file: self.file, seal: self.seal, length: self.length, kept: Mutex::default() })
    }
}

const fn scratch_error(source: io::Error) -> IngestError {
    IngestError::Scratch { source }
}

/// A sealed copy that can be read at any place.
pub(crate) struct Spooled {
    file: File,
    seal: Seal,
    length: u64,
    kept: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Spooled {
    /// Opens one block.
    fn block(&self, number: u64) -> io::Result<Bytes> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = kept.iter().find(|(at, _)| *at == number) {
            return Ok(block.clone());
        }
        let block_bytes = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let clear = self.length.saturating_sub(number * block_bytes).min(block_bytes);
        let mut sealed = vec![0; usize::try_from(clear).unwrap_or_default() + SEALED_OVERHEAD];
        self.file.read_exact_at(&mut sealed, number * SEALED_BLOCK)?;
        let mut opened = Vec::with_capacity(sealed.len());
        self.seal
            .cipher
            .open_in(&self.seal.context, &Seal::place(number), &sealed, &mut opened)
            .map_err(|_| io::ErrorKind::InvalidData)?;
        let opened = Bytes::from(opened);
        if kept.len() == BLOCKS_KEPT {
            kept.pop_front();
        }
        kept.push_back((number, opened.clone()));
        Ok(opened)
    }

    /// Returns how many bytes were copied.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Reads some bytes from a place: at most to the end of a block.
    pub(super) fn read_at(&self, place: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if place >= self.length {
            return Ok(0);
        }
        let block_bytes = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let block = self.block(place / block_bytes)?;
        let within = usize::try_from(place % block_bytes).unwrap_or(usize::MAX);
        let here = block.get(within..).unwrap_or_default();
        let count = here.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(here) {
            *to = *from;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
