//! The write-ahead object: what has been committed to a log and may not be published yet.
//!
//! C2SP fixes where bundles and tiles lie, so two processes that append different entries at once would
//! write different bytes to the same paths, and which of them the winner's checkpoint finds there would
//! be chance. So a group is first written whole, with its signed checkpoint, to the one object `pending`,
//! which is replaced only if it is what was read. That is the commit. Only what was committed is ever
//! written to bundles and tiles; whoever finds a commit that was not carried out carries it out. A commit
//! on top of one that is not carried out has the entries of both. (The
//! staging bundles of Sunlight, a Certificate Transparency log, are the same thought.)
//!
//! Layout: `membrane-log/pending@v1`, a line `old SIZE`, a line `checkpoint BYTES`, the signed checkpoint
//! of that many bytes, and the entries, each after its length in two bytes, big-endian.

use crate::LogError;
use crate::bundle::{encode_entry, split_entries};
use crate::lines::Text;

/// Where the object lies. It is the publisher's and no part of the log: readers are not given it. If it is
/// damaged the log is not opened, as what was committed cannot be told. Only when its checkpoint was never
/// seen by anyone may an operator remove it.
pub const PENDING: &str = "pending";

const FIRST_LINE: &str = "membrane-log/pending@v1";
const TEXT: Text = Text("pending group");

/// A group of entries and the checkpoint that takes them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Entries before the group: of a tree that was published.
    pub(crate) old_size: u64,
    /// The signed checkpoint.
    pub(crate) checkpoint: Vec<u8>,
    /// The entries.
    pub(crate) entries: Vec<Vec<u8>>,
}

impl Pending {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, LogError> {
        let Self { old_size, checkpoint, entries } = self;
        let mut bytes =
            format!("{FIRST_LINE}\nold {old_size}\ncheckpoint {}\n", checkpoint.len()).into_bytes();
        bytes.extend_from_slice(checkpoint);
        for entry in entries {
            encode_entry(entry, &mut bytes)?;
        }
        Ok(bytes)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let (first, rest) = split_line(bytes)?;
        if first != FIRST_LINE {
            return Err(TEXT.malformed("of another version"));
        }
        let (old, rest) = split_line(rest)?;
        let old_size = TEXT.number(old.strip_prefix("old ").ok_or(TEXT.malformed("no old size"))?)?;
        let (length, rest) = split_line(rest)?;
        let length = length.strip_prefix("checkpoint ").ok_or(TEXT.malformed("no checkpoint"))?;
        let length = usize::try_from(TEXT.number(length)?).ok();
        let (checkpoint, entries) = length
            .and_then(|length| rest.split_at_checked(length))
            .ok_or(TEXT.malformed("it ends too early"))?;
        let entries: Option<Vec<Vec<u8>>> =
            split_entries(entries).map(|entry| entry.map(<[u8]>::to_vec)).collect();
        let entries = entries.ok_or(TEXT.malformed("not entries with their lengths"))?;
        Ok(Self { old_size, checkpoint: checkpoint.to_vec(), entries })
    }
}

fn split_line(bytes: &[u8]) -> Result<(&str, &[u8]), LogError> {
    let ends_early = TEXT.malformed("it ends too early");
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Err(ends_early) };
    let Some((line, [_, rest @ ..])) = bytes.split_at_checked(end) else { return Err(ends_early) };
    let line = str::from_utf8(line).map_err(|_| TEXT.malformed("not text"))?;
    Ok((line, rest))
}

#[cfg(test)]
mod tests;
