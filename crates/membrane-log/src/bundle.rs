//! Entry bundles: entries one after the other, each after its length in two bytes, big-endian.

use crate::LogError;
use crate::tile::TILE_WIDTH;

/// The bytes of the longest entry.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Writes an entry behind others.
///
/// # Errors
///
/// [`LogError::EntryTooLong`].
pub fn encode_entry(entry: &[u8], bundle: &mut Vec<u8>) -> Result<(), LogError> {
    let length = u16::try_from(entry.len()).map_err(|_| LogError::EntryTooLong { bytes: entry.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Returns the entries of a bundle. None when the bytes are not entries, or more than a bundle holds.
#[must_use]
pub fn decode_bundle(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(usize::from(TILE_WIDTH));
    for entry in split_entries(bundle) {
        if entries.len() == usize::from(TILE_WIDTH) {
            return None;
        }
        entries.push(entry?);
    }
    Some(entries)
}

/// Returns the entries that lie one after the other, however many; none for a rest that is no entry.
pub(crate) fn split_entries(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let Some((entry, behind)) = split_entry(bytes) else { return Some(None) };
        rest = Some(behind);
        Some(Some(entry))
    })
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests;
