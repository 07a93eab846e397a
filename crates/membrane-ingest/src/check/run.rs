//! A sorted file of fingerprints.
//!
//! Fingerprints are spread evenly, so that the place of one can be guessed from its value: a look-up
//! reads one block of 4 KiB most of the time.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const KEY_BYTES: usize = 16;
const BLOCK_KEYS: u64 = 256;
/// Guesses before halving.
const GUESSES: u32 = 6;

/// A sorted file of fingerprints, without a name.
pub(super) struct Run {
    file: File,
    keys: u64,
    level: u32,
}

impl Run {
    pub(super) const fn level(&self) -> u32 {
        self.level
    }

    /// Writes sorted keys.
    pub(super) fn write(scratch: &Path, keys: &[u128]) -> io::Result<Self> {
        let mut writer = RunWriter::create(scratch)?;
        for key in keys {
            writer.push(*key)?;
        }
        writer.finish(0)
    }

    /// Merges runs of one level into one of the next.
    pub(super) fn merge(scratch: &Path, runs: &[Self]) -> io::Result<Self> {
        let mut readers = runs.iter().map(Self::reader).collect::<io::Result<Vec<_>>>()?;
        let mut heads = readers.iter_mut().map(read_key).collect::<io::Result<Vec<_>>>()?;
        let mut writer = RunWriter::create(scratch)?;
        while let Some(least) = heads.iter().flatten().min().copied() {
            writer.push(least)?;
            for (head, reader) in heads.iter_mut().zip(&mut readers) {
                if *head == Some(least) {
                    *head = read_key(reader)?;
                }
            }
        }
        writer.finish(runs.iter().map(Self::level).max().unwrap_or_default() + 1)
    }

    fn reader(&self) -> io::Result<BufReader<File>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(BufReader::with_capacity(1 << 18, file))
    }

    /// Looks a key up.
    pub(super) fn contains(&self, key: u128) -> io::Result<bool> {
        let (mut low, mut high) = (0, self.keys.div_ceil(BLOCK_KEYS));
        let (mut least, mut most) = (0_u128, u128::MAX);
        let mut guesses = 0;
        while low < high {
            let block =
                if guesses < GUESSES { guess(key, least, most, low, high) } else { low + (high - low) / 2 };
            guesses += 1;
            let keys = self.block(block)?;
            match (keys.first(), keys.last()) {
                (Some(first), _) if key < *first => {
                    high = block;
                    most = *first;
                }
                (_, Some(last)) if key > *last => {
                    low = block + 1;
                    least = *last;
                }
                _ => return Ok(keys.binary_search(&key).is_ok()),
            }
        }
        Ok(false)
    }

    fn block(&self, block: u64) -> io::Result<Vec<u128>> {
        let first = block * BLOCK_KEYS;
        let count = usize::try_from((self.keys - first).min(BLOCK_KEYS)).unwrap_or_default();
        let mut bytes = vec![0; count * KEY_BYTES];
        self.file.read_exact_at(&mut bytes, first * KEY_BYTES as u64)?;
        let (keys, _) = bytes.as_chunks::<KEY_BYTES>();
        Ok(keys.iter().map(|key| u128::from_be_bytes(*key)).collect())
    }
}

/// Guesses the block of a key from where it lies between two others.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only a guess, kept within its bounds"
)]
fn guess(key: u128, least: u128, most: u128, low: u64, high: u64) -> u64 {
    let share = (key - least.min(key)) as f64 / (most - least.min(most)).max(1) as f64;
    let step = (share * (high - low) as f64) as u64;
    (low + step).clamp(low, high - 1)
}

struct RunWriter {
    writer: BufWriter<File>,
    keys: u64,
}

impl RunWriter {
    fn create(scratch: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(scratch)?;
        let file = tempfile::tempfile_in(scratch)?;
        Ok(Self { writer: BufWriter::with_capacity(1 << 20, file), keys: 0 })
    }

    fn push(&mut self, key: u128) -> io::Result<()> {
        self.keys += 1;
        self.writer.write_all(&key.to_be_bytes())
    }

    fn finish(self, level: u32) -> io::Result<Run> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Run { file, keys: self.keys, level })
    }
}

fn read_key(reader: &mut BufReader<File>) -> io::Result<Option<u128>> {
    let mut key = [0; KEY_BYTES];
    match reader.read_exact(&mut key) {
        Ok(()) => Ok(Some(u128::from_be_bytes(key))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}
