//! Arrow IPC, as a stream or as a file, read message by message.
//!
//! A stream ends with its end-of-stream marker, which all writers write when they are closed: one without it was cut
//! off, between two messages or in one.
//!
//! Memory stays bounded whatever the stream says: messages have a size at most, as they are and as they become
//! (`weight`), and so have all dictionaries together, which stay until others take their place.

mod lz4;
mod weight;

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use arrow::ipc::Message;
use arrow::ipc::reader::StreamDecoder;
use arrow::record_batch::RecordBatch;
use membrane_model::Limits;

use super::columnar::{Cutter, drift, sources};
use super::{Decode, Delivered, Drift, Found, Wanted};
use crate::source::Content;
use crate::{Format, IngestError};

use weight::{Weight, weigh};

/// The start of the file format; what follows is a stream.
const FILE_MAGIC: [u8; 8] = *b"ARROW1\0\0";
const FILE_START_WORDS: usize = 8;
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes of one message, as it comes and decompressed. A sender with larger batches must send smaller ones.
const MESSAGE_BYTES_MAX: u64 = 128 << 20;
/// Bytes of a message's head: the places of its buffers, or the schema.
const HEAD_BYTES_MAX: u64 = 4 << 20;
/// Bytes of all dictionaries.
const DICTIONARIES_BYTES_MAX: u64 = 128 << 20;

pub(super) struct IpcDecoder {
    content: Content,
    decoder: StreamDecoder,
    cutter: Option<Cutter>,
    wanted: Wanted,
    limits: Limits,
    /// Bytes of each dictionary, by its id.
    dictionaries: HashMap<i64, u64>,
    drift: Drift,
    started: bool,
    ended: bool,
}

impl IpcDecoder {
    pub(super) fn open(content: Content, wanted: impl Into<Wanted>, limits: &Limits) -> Self {
        Self {
            content,
            decoder: StreamDecoder::new(),
            cutter: None,
            wanted: wanted.into(),
            limits: *limits,
            dictionaries: HashMap::new(),
            drift: Drift::default(),
            started: false,
            ended: false,
        }
    }

    /// Reads one whole message; none at the end-of-stream marker.
    fn message(&mut self) -> Result<Option<Buffer>, IngestError> {
        let mut head = [0; 8];
        self.exactly(&mut head)?;
        if !self.started && head == FILE_MAGIC {
            // Some writers pad the file's start to 64 bytes.
            for _ in 0..FILE_START_WORDS {
                self.exactly(&mut head)?;
                if head != [0; 8] {
                    break;
                }
            }
        }
        self.started = true;
        let (mark, size) = head.split_at(4);
        let size = <[u8; 4]>::try_from(size).map_err(|_| damaged("a message has no size"))?;
        if mark != CONTINUATION {
            return Err(damaged("it does not start with a message"));
        }
        let size = u64::from(u32::from_le_bytes(size));
        if size == 0 {
            return Ok(None);
        }
        let mut message = MutableBuffer::new(0);
        message.extend_from_slice(&head);
        self.append(&mut message, size, HEAD_BYTES_MAX)?;
        let body = u64::try_from(header(message.as_slice())?.bodyLength()).unwrap_or(u64::MAX);
        let start = message.len();
        self.append(&mut message, body, MESSAGE_BYTES_MAX)?;
        let body = message.as_slice().get(start..).unwrap_or_default();
        let weight = weigh(&header(message.as_slice())?, body)?;
        self.keep(weight)?;
        Ok(Some(message.into()))
    }

    /// Counts a dictionary among those that stay.
    fn keep(&mut self, weight: Weight) -> Result<(), IngestError> {
        let Weight::Dictionary { id, bytes, is_delta } = weight else { return Ok(()) };
        let kept = self.dictionaries.entry(id).or_default();
        *kept = if is_delta { kept.saturating_add(bytes) } else { bytes };
        if self.dictionaries.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
            > DICTIONARIES_BYTES_MAX
        {
            let advice = "send smaller dictionaries, or plain text";
            return Err(IngestError::TooLarge { bytes_max: DICTIONARIES_BYTES_MAX, advice });
        }
        Ok(())
    }

    fn append(&mut self, message: &mut MutableBuffer, bytes: u64, bytes_max: u64) -> Result<(), IngestError> {
        if bytes > bytes_max {
            return Err(IngestError::TooLarge { bytes_max, advice: "send smaller record batches" });
        }
        let start = message.len();
        message.resize(start + usize::try_from(bytes).unwrap_or_default(), 0);
        let room = message.as_slice_mut().get_mut(start..).unwrap_or_default();
        exactly(&mut self.content, room)
    }

    fn exactly(&mut self, room: &mut [u8]) -> Result<(), IngestError> {
        exactly(&mut self.content, room)
    }

    /// Feeds bytes to the decoder.
    fn decode(&mut self, mut bytes: Buffer) -> Result<Option<RecordBatch>, IngestError> {
        let decoder = &mut self.decoder;
        // The decoder trusts more than a damaged stream keeps.
        match catch_unwind(AssertUnwindSafe(|| decoder.decode(&mut bytes))) {
            Ok(Ok(batch)) => Ok(batch),
            _ => Err(damaged("a message cannot be decoded")),
        }
    }

    /// Ends a stream that was cut off, if what is there is wanted.
    fn cut_off(&mut self) -> Result<(), IngestError> {
        self.content.end_early()?;
        self.ended = true;
        // Without a schema there are no rows.
        self.cutter()?.ok_or(IngestError::CutOff)?.cut_off();
        Ok(())
    }

    /// Finds the contract's columns once the schema is there.
    fn cutter(&mut self) -> Result<Option<&mut Cutter>, IngestError> {
        if self.cutter.is_none()
            && let Some(schema) = self.decoder.schema()
        {
            self.cutter = Some(Cutter::new(&self.wanted, sources(&self.wanted, &schema)?, &self.limits));
            self.drift = drift(&self.wanted, &schema);
        }
        Ok(self.cutter.as_mut())
    }
}

impl Decode for IpcDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        loop {
            let ended = self.ended;
            if let Some(cutter) = self.cutter()?
                && let Some(delivered) = cutter.pop(ended)?
            {
                return Ok(Some(delivered));
            }
            if ended {
                return Ok(None);
            }
            let message = match self.message() {
                Err(IngestError::CutOff) => {
                    self.cut_off()?;
                    continue;
                }
                message => message?,
            };
            self.ended = message.is_none();
            let end = || Buffer::from([CONTINUATION, [0; 4]].concat());
            let batch = self.decode(message.unwrap_or_else(end))?;
            if self.ended {
                self.content.drain()?;
            }
            let ended = self.ended;
            match (self.cutter()?, batch) {
                (Some(cutter), Some(batch)) => cutter.push(batch),
                (None, batch) if ended || batch.is_some() => return Err(damaged("it has no schema")),
                (_, _) => {}
            }
        }
    }

    fn found(&self) -> Found {
        Found { is_cut: self.content.is_cut(), drift: self.drift.clone() }
    }
}

/// Returns the schema of a content.
pub(super) fn own_schema(content: Content, limits: &Limits) -> Result<SchemaRef, IngestError> {
    let mut decoder = IpcDecoder::open(content, Wanted::nothing(), limits);
    while let Some(message) = decoder.message()? {
        decoder.decode(message)?;
        if let Some(schema) = decoder.decoder.schema() {
            return Ok(schema);
        }
    }
    Err(damaged("it has no schema"))
}

/// Reads the head of a message, which stands behind its mark and its size.
fn header(message: &[u8]) -> Result<Message<'_>, IngestError> {
    let header = message.get(8..).map(arrow::ipc::root_as_message);
    header.and_then(Result::ok).ok_or_else(|| damaged("a message cannot be read"))
}

/// Fills the room. A failure to read is none of the stream, which may also end too early.
fn exactly(content: &mut Content, mut room: &mut [u8]) -> Result<(), IngestError> {
    while !room.is_empty() {
        match content.read(room) {
            Ok(0) => return Err(IngestError::CutOff),
            Ok(count) => room = std::mem::take(&mut room).get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(IngestError::read(error)),
        }
    }
    Ok(())
}

fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::ArrowIpc, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
