//! Messages: events that come together and stand each for itself. One that is no record is set aside, whatever it is, and the rest goes on.
//!
//! Decoders read deliveries, and refuse one that is not of its format at all: of a delivery that is right. Messages come from many
//! senders. So they are decoded together, which is fast; where that fails, each half is decoded alone, until what is at fault is one
//! message, and is set aside as malformed.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::new_empty_array;
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};

use super::{EventId, Intake, Record, Window};
use crate::decode::{Delivered, Malformed};
use crate::reason::Broken;
use crate::{Format, IngestError, Reading};

/// Bytes in front of a message that tell by which schema it is written, as registries of schemas have them: a zero, and a number.
const SCHEMA_BYTES: usize = 5;
/// Bytes of a message that cannot be read that are kept, sealed.
const RAW_BYTES_MAX: usize = 64 << 10;
/// What ends each block of the container that records of Avro are put into. It is ours: the records need none.
const SYNC: [u8; 16] = *b"membrane-message";

/// Messages, one behind the other.
#[derive(Default)]
pub struct Messages {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

// PRIVACY: the bytes are values in clear.
impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Messages({} in {} bytes)", self.ends.len(), self.bytes.len())
    }
}

impl Messages {
    /// Puts a message behind the others.
    pub fn push(&mut self, message: &[u8]) {
        self.bytes.extend_from_slice(message);
        self.ends.push(self.bytes.len());
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns how many bytes they have.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Returns them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|at| self.get(at))
    }

    fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(at).copied().unwrap_or_default();
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// What messages are.
#[derive(Debug, Clone)]
pub enum MessageForm {
    /// A JSON object each.
    Json,
    /// A record of Avro each, in its binary encoding.
    Avro {
        /// The schema by which they are written, as JSON.
        schema: Arc<str>,
        /// The number of the schema in a registry: each message begins with a zero and this number then.
        schema_id: Option<u32>,
    },
}

impl MessageForm {
    const fn format(&self) -> Format {
        match self {
            Self::Json => Format::Ndjson,
            Self::Avro { .. } => Format::Avro,
        }
    }

    /// Makes a delivery of messages. `None`: one of them cannot be in one.
    fn deliver(&self, messages: &Messages, which: Range<usize>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Json => {
                // No message is first: what it begins with would be taken for a mark of the whole.
                out.push(b'\n');
                for at in which {
                    let message = messages.get(at);
                    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
                    if message.iter().all(u8::is_ascii_whitespace) {
                        return None;
                    }
                    let line = message.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte });
                    out.extend(line);
                    out.push(b'\n');
                }
            }
            Self::Avro { schema, schema_id } => {
                out.extend(b"Obj\x01");
                put_long(&mut out, 1);
                put_bytes(&mut out, b"avro.schema");
                put_bytes(&mut out, schema.as_bytes());
                put_long(&mut out, 0);
                out.extend(SYNC);
                for at in which {
                    let record = match schema_id {
                        None => messages.get(at),
                        Some(id) => after_schema_id(messages.get(at), *id)?,
                    };
                    put_long(&mut out, 1);
                    put_bytes(&mut out, record);
                    out.extend(SYNC);
                }
            }
        }
        Some(out)
    }
}

/// Returns what comes behind the number of the schema; none where there is another one, or none.
fn after_schema_id(message: &[u8], id: u32) -> Option<&[u8]> {
    let (head, record) = message.split_first_chunk::<SCHEMA_BYTES>()?;
    let [zero, number @ ..] = head;
    (*zero == 0 && u32::from_be_bytes(*number) == id).then_some(record)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_long(out, i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    out.extend(bytes);
}

/// Writes a number as Avro does: zigzag, seven bits a byte.
fn put_long(out: &mut Vec<u8>, number: i64) {
    let mut rest = (number.cast_unsigned() << 1) ^ (number >> 63).cast_unsigned();
    loop {
        let [byte, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(byte & 0x7f);
            return;
        }
        out.push(byte | 0x80);
    }
}

impl Intake {
    /// Takes messages in. Their events are in the window then; whoever does not keep the record forgets them again. This may block.
    ///
    /// # Errors
    /// [`IngestError`] when something else than a message is at fault. Nothing of them is to be kept then.
    pub fn take_messages(
        &mut self,
        messages: &Messages,
        form: &MessageForm,
        came: DateTime<Utc>,
        window: &mut Window,
    ) -> Result<Record, IngestError> {
        self.take_named(messages, form, (came, None), window)
    }

    /// The same of messages that came together, under a name.
    pub(super) fn take_named(
        &mut self,
        messages: &Messages,
        form: &MessageForm,
        (came, name): (DateTime<Utc>, Option<(EventId, [u8; 32])>),
        window: &mut Window,
    ) -> Result<Record, IngestError> {
        let mut batches = Vec::new();
        self.decode_messages(messages, form, 0..messages.len(), &mut batches)?;
        let mut kept = self.begin(came, name);
        let mut own = HashSet::new();
        for delivered in batches {
            self.absorb(delivered, &mut kept, &mut own, window)?;
        }
        self.end(&mut kept, window);
        Ok(kept)
    }

    fn decode_messages(
        &self,
        messages: &Messages,
        form: &MessageForm,
        which: Range<usize>,
        out: &mut Vec<Delivered>,
    ) -> Result<(), IngestError> {
        if which.is_empty() {
            return Ok(());
        }
        let before = i64::try_from(which.start).unwrap_or(i64::MAX);
        if let Some(bytes) = form.deliver(messages, which.clone()) {
            match self.decode_all(bytes, form.format(), before) {
                Ok(found) => {
                    out.extend(found);
                    return Ok(());
                }
                Err(error) if !is_of_the_input(&error) => return Err(error),
                Err(_) => {}
            }
        }
        if which.len() == 1 {
            let raw = messages.get(which.start);
            let raw = raw.get(..RAW_BYTES_MAX).unwrap_or(raw);
            let malformed = Malformed {
                position: before.saturating_add(1),
                raw: String::from_utf8_lossy(raw).into_owned(),
                broken: Broken::of(raw),
            };
            match out.last_mut() {
                Some(last) => last.malformed.push(malformed),
                None => out.push(self.nothing_but(malformed)),
            }
            return Ok(());
        }
        let middle = which.start + which.len() / 2;
        self.decode_messages(messages, form, which.start..middle, out)?;
        self.decode_messages(messages, form, middle..which.end, out)
    }

    /// Makes a batch without rows.
    fn nothing_but(&self, malformed: Malformed) -> Delivered {
        let columns = self.dataset().delivered().columns.len();
        let none = || new_empty_array(&DataType::Utf8);
        Delivered {
            positions: Vec::new(),
            columns: std::iter::repeat_with(none).take(columns).collect(),
            mistyped: Vec::new(),
            malformed: vec![malformed],
        }
    }

    fn decode_all(&self, bytes: Vec<u8>, format: Format, before: i64) -> Result<Vec<Delivered>, IngestError> {
        let mut decoder = self.open(bytes, format, &Reading::default())?;
        let mut found = Vec::new();
        while let Some(mut delivered) = decoder.next()? {
            let positions = delivered.positions.iter_mut();
            let malformed = delivered.malformed.iter_mut().map(|malformed| &mut malformed.position);
            for position in positions.chain(malformed) {
                *position = position.saturating_add(before);
            }
            found.push(delivered);
        }
        Ok(found)
    }
}

/// Tells whether an error says something of what was decoded, and not of the hub.
const fn is_of_the_input(error: &IngestError) -> bool {
    matches!(
        error,
        IngestError::NotTheFormat { .. }
            | IngestError::NotThePacking { .. }
            | IngestError::TooDense
            | IngestError::CutOff
            | IngestError::Encoding { .. }
            | IngestError::NoHeader { .. }
            | IngestError::TooLarge { .. }
            | IngestError::Read { .. }
    )
}

#[cfg(test)]
mod tests;
