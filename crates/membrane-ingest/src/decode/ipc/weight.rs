//! What a message becomes in memory, told before it is decoded.
//!
//! Buffers that are not compressed are used where they lie. Of compressed ones the message states the sizes;
//! Zstandard stops there, LZ4 does not and is looked at more closely.

use arrow::ipc::{CompressionType, Message, MessageHeader, RecordBatch};

use super::{MESSAGE_BYTES_MAX, damaged, lz4};
use crate::IngestError;

/// Bytes beyond what it states to which a buffer may unfold before the decoder finds that it lied.
const LIE_BYTES_MAX: u64 = 512 << 20;
/// The size that says that a buffer is not compressed.
const STORED: i64 = -1;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Rows, or a schema: let go of when they are cut.
    Rows,
    /// A dictionary, which stays: its id, its bytes, and whether they are added to those before.
    Dictionary { id: i64, bytes: u64, is_delta: bool },
}

/// Weighs a message and its body.
pub(super) fn weigh(message: &Message<'_>, body: &[u8]) -> Result<Weight, IngestError> {
    match message.header_type() {
        MessageHeader::RecordBatch => {
            let batch = message.header_as_record_batch().ok_or_else(|| damaged(UNREADABLE))?;
            weigh_batch(&batch, body)?;
            Ok(Weight::Rows)
        }
        MessageHeader::DictionaryBatch => {
            let dictionary = message.header_as_dictionary_batch().ok_or_else(|| damaged(UNREADABLE))?;
            let batch = dictionary.data().ok_or_else(|| damaged(UNREADABLE))?;
            let bytes = weigh_batch(&batch, body)?;
            Ok(Weight::Dictionary { id: dictionary.id(), bytes, is_delta: dictionary.isDelta() })
        }
        _ => Ok(Weight::Rows),
    }
}

const UNREADABLE: &str = "a message cannot be read";

fn weigh_batch(batch: &RecordBatch<'_>, body: &[u8]) -> Result<u64, IngestError> {
    let stored = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let Some(compression) = batch.compression() else { return Ok(stored) };
    let mut total = 0_u64;
    for buffer in batch.buffers().iter().flatten() {
        let place = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let bytes = place.and_then(|(start, length)| body.get(start..start.checked_add(length)?));
        let bytes = bytes.ok_or_else(|| damaged(UNREADABLE))?;
        if bytes.is_empty() {
            continue;
        }
        let (size, bytes) = bytes.split_first_chunk::<8>().ok_or_else(|| damaged(UNREADABLE))?;
        let stated = match i64::from_le_bytes(*size) {
            STORED => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            stated => u64::try_from(stated).map_err(|_| damaged(UNREADABLE))?,
        };
        let lies = compression.codec() == CompressionType::LZ4_FRAME
            && lz4::unfolds_to_at_most(bytes) > stated.saturating_add(LIE_BYTES_MAX);
        total = total.saturating_add(stated);
        if lies || total > MESSAGE_BYTES_MAX {
            let advice = "send smaller record batches";
            return Err(IngestError::TooLarge { bytes_max: MESSAGE_BYTES_MAX, advice });
        }
    }
    Ok(total.max(stored))
}

#[cfg(test)]
mod tests;
