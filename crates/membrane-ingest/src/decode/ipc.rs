//! Arrow IPC, as a stream or as a file, read message by message.
//!
//! A stream must end with its end-of-stream marker, which all writers write when they are closed: without
//! it, a stream that was cut off between two messages would look complete.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::buffer::{Buffer, MutableBuffer};
use arrow::ipc::reader::StreamDecoder;
use arrow::record_batch::RecordBatch;
use membrane_catalog::Dataset;

use super::columnar::{Cutter, sources};
use super::{Decode, Delivered};
use crate::source::Delivery;
use crate::{Format, IngestError};

/// The start of the file format; what follows is a stream.
const FILE_MAGIC: [u8; 8] = *b"ARROW1\0\0";
const FILE_START_WORDS: usize = 8;
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes of one message. A sender with larger batches must send smaller ones.
const MESSAGE_BYTES_MAX: u64 = 256 << 20;

pub(super) struct IpcDecoder {
    delivery: Delivery,
    decoder: StreamDecoder,
    cutter: Option<Cutter>,
    dataset: Dataset,
    started: bool,
    ended: bool,
}

impl IpcDecoder {
    pub(super) fn open(delivery: Delivery, dataset: &Dataset) -> Result<Self, IngestError> {
        let decoder = StreamDecoder::new();
        let dataset = dataset.clone();
        Ok(Self { delivery, decoder, cutter: None, dataset, started: false, ended: false })
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
        self.append(&mut message, size)?;
        let body = message.as_slice().get(8..).map(arrow::ipc::root_as_message);
        let body = match body {
            Some(Ok(header)) => u64::try_from(header.bodyLength()).unwrap_or(u64::MAX),
            _ => return Err(damaged("a message cannot be read")),
        };
        self.append(&mut message, body)?;
        Ok(Some(message.into()))
    }

    fn append(&mut self, message: &mut MutableBuffer, bytes: u64) -> Result<(), IngestError> {
        if bytes > MESSAGE_BYTES_MAX {
            let advice = "send smaller record batches";
            return Err(IngestError::TooLarge { bytes_max: MESSAGE_BYTES_MAX, advice });
        }
        let start = message.len();
        message.resize(start + usize::try_from(bytes).unwrap_or_default(), 0);
        let room = message.as_slice_mut().get_mut(start..).unwrap_or_default();
        exactly(&mut self.delivery, room)
    }

    fn exactly(&mut self, room: &mut [u8]) -> Result<(), IngestError> {
        exactly(&mut self.delivery, room)
    }

    /// Feeds bytes to the decoder.
    fn decode(&mut self, mut bytes: Buffer) -> Result<Option<RecordBatch>, IngestError> {
        let decoder = &mut self.decoder;
        // The decoder trusts more than a damaged stream keeps.
        match catch_unwind(AssertUnwindSafe(|| decoder.decode(&mut bytes))) {
            Ok(Ok(batch)) => Ok(batch),
            _ => Err(damaged("a message cannot be decoded, or is compressed")),
        }
    }

    /// Finds the contract's columns once the schema is there.
    fn cutter(&mut self) -> Result<Option<&mut Cutter>, IngestError> {
        if self.cutter.is_none()
            && let Some(schema) = self.decoder.schema()
        {
            self.cutter = Some(Cutter::new(sources(&self.dataset, &schema)?));
        }
        Ok(self.cutter.as_mut())
    }
}

impl Decode for IpcDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        loop {
            if let Some(cutter) = self.cutter()?
                && let Some(delivered) = cutter.pop()?
            {
                return Ok(Some(delivered));
            }
            if self.ended {
                return Ok(None);
            }
            let message = self.message()?;
            self.ended = message.is_none();
            let end = || Buffer::from([CONTINUATION, [0; 4]].concat());
            let batch = self.decode(message.unwrap_or_else(end))?;
            if self.ended {
                self.delivery.drain()?;
            }
            let ended = self.ended;
            match (self.cutter()?, batch) {
                (Some(cutter), Some(batch)) => cutter.push(&batch),
                (None, batch) if ended || batch.is_some() => return Err(damaged("it has no schema")),
                (_, _) => {}
            }
        }
    }
}

fn exactly(delivery: &mut Delivery, room: &mut [u8]) -> Result<(), IngestError> {
    delivery.read_exact(room).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("it ends before its end-of-stream marker; it may be cut off"),
        _ => IngestError::read(error),
    })
}

fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::ArrowIpc, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
