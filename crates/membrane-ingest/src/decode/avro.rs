//! Apache Avro object container files, read block by block; only the contract's columns.
//!
//! Read here and not by a library, so that memory stays bounded whatever a file says: a block has a size at most, as
//! it is and unpacked, a count is never believed beyond the bytes that there are, and what the contract does not
//! know is stepped over and never built. A file that ends within a block was cut off; one that is cut between two
//! blocks looks whole, as Avro counts its blocks nowhere.

mod block;
mod column;
mod cursor;
mod schema;

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use membrane_model::Limits;

use super::columnar::{Cutter, drift, sources};
use super::{BATCH_BYTES, Decode, Delivered, Drift, Found, Wanted, batch_rows};
use crate::source::Content;
use crate::{Format, IngestError};

use block::Codec;
use column::Building;
use cursor::{Cursor, zigzag};
use schema::AvroSchema;

const MAGIC: [u8; 4] = *b"Obj\x01";
const SYNC: usize = 16;
/// Bytes of the header: the schema, and what else is said of the file.
const HEADER_BYTES_MAX: u64 = 4 << 20;
/// Bytes of a block, as it is and unpacked.
const BLOCK_BYTES_MAX: u64 = 64 << 20;

pub(super) struct AvroDecoder {
    content: BufReader<Content>,
    schema: AvroSchema,
    codec: Codec,
    sync: [u8; SYNC],
    /// The columns of the contract that are there, with their types in the file.
    columns: Vec<Building>,
    /// For each field of a record: its column.
    wanted: Vec<Option<usize>>,
    arrow: SchemaRef,
    cutter: Cutter,
    drift: Drift,
    rows_max: usize,
    /// The block, unpacked, and what of it is to be read.
    block: Vec<u8>,
    at: usize,
    rows: u64,
    ended: bool,
}

impl AvroDecoder {
    pub(super) fn open(
        content: Content,
        columns: impl Into<Wanted>,
        limits: &Limits,
    ) -> Result<Self, IngestError> {
        let named = columns.into();
        let mut content = BufReader::new(content);
        let (schema, codec, sync) = read_header(&mut content)?;
        let all = as_arrow(&schema);
        sources(&named, &all)?;
        let is_wanted = |name: &str| named.columns.iter().any(|column| column.name.as_str() == name);
        let (mut columns, mut wanted, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        for (field, arrow) in schema.fields().iter().zip(all.fields()) {
            wanted.push(is_wanted(&field.name).then_some(columns.len()));
            if is_wanted(&field.name) {
                columns.push(Building::new(arrow.data_type()).ok_or_else(|| damaged(SCHEMA))?);
                fields.push(Arc::clone(arrow));
            }
        }
        let arrow = Schema::new(fields);
        Ok(Self {
            cutter: Cutter::new(&named, sources(&named, &arrow)?, limits),
            drift: drift(&named, &all),
            arrow: Arc::new(arrow),
            rows_max: batch_rows(named.columns.len()),
            content,
            schema,
            codec,
            sync,
            columns,
            wanted,
            block: Vec::new(),
            at: 0,
            rows: 0,
            ended: false,
        })
    }

    /// Reads the next block that has rows. Returns false at the end.
    fn read_block(&mut self) -> Result<bool, IngestError> {
        while self.rows == 0 {
            if self.at < self.block.len() {
                return Err(damaged("a block has more in it than its records"));
            }
            let Some(rows) = long(&mut self.content, true)? else { return Ok(false) };
            let size = long(&mut self.content, false)?.and_then(|size| u64::try_from(size).ok());
            let size = size.ok_or_else(|| damaged("a block has no size"))?;
            let packed = exactly(&mut self.content, size, BLOCK_BYTES_MAX)?;
            let sync = exactly(&mut self.content, SYNC as u64, SYNC as u64)?;
            if sync != self.sync {
                return Err(damaged("a block does not end with the mark of the file"));
            }
            self.block = self.codec.unpack(packed)?;
            self.at = 0;
            // A record has one byte at least: one without any would be no row of anything.
            let most = u64::try_from(self.block.len()).unwrap_or(u64::MAX);
            self.rows =
                u64::try_from(rows).ok().filter(|rows| *rows <= most).ok_or_else(|| damaged(BLOCK))?;
        }
        Ok(true)
    }

    /// Makes a batch of rows of the block.
    fn batch(&mut self) -> Result<RecordBatch, IngestError> {
        let (mut count, mut bytes) = (0, 0);
        while self.rows > 0 && count < self.rows_max && bytes < BATCH_BYTES {
            let mut cursor = Cursor::new(self.block.get(self.at..).unwrap_or_default());
            let start = cursor.left();
            for (field, wanted) in self.schema.fields().iter().zip(&self.wanted) {
                match wanted.and_then(|column| self.columns.get_mut(column)) {
                    Some(column) => {
                        bytes += column.read(&self.schema, field.kind, &mut cursor).ok_or_else(bad)?
                    }
                    None => cursor.skip(&self.schema, field.kind, 0).ok_or_else(bad)?,
                }
            }
            self.at += start - cursor.left();
            self.rows -= 1;
            count += 1;
        }
        let built = self.columns.iter_mut().zip(self.arrow.fields());
        let columns = built.map(|(column, field)| column.finish(field.data_type())).collect::<Result<_, _>>();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let columns = columns.map_err(|source| IngestError::arrow("decode a column", source))?;
        RecordBatch::try_new_with_options(Arc::clone(&self.arrow), columns, &options)
            .map_err(|source| IngestError::arrow("decode a column", source))
    }
}

impl Decode for AvroDecoder {
    fn next(&mut self) -> Result<Option<Delivered>, IngestError> {
        loop {
            if let Some(delivered) = self.cutter.pop(self.ended)? {
                return Ok(Some(delivered));
            }
            if self.ended {
                return Ok(None);
            }
            match self.read_block() {
                Ok(true) => {
                    let batch = self.batch()?;
                    self.cutter.push(batch);
                }
                Ok(false) if !self.content.get_ref().is_cut() => self.ended = true,
                Ok(false) | Err(IngestError::CutOff) => {
                    self.content.get_mut().end_early()?;
                    self.cutter.cut_off();
                    self.ended = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn found(&self) -> Found {
        Found { is_cut: self.content.get_ref().is_cut(), drift: self.drift.clone() }
    }
}

/// Returns the schema of a content.
pub(super) fn own_schema(content: Content) -> Result<Schema, IngestError> {
    let (schema, ..) = read_header(&mut BufReader::new(content))?;
    Ok(as_arrow(&schema))
}

fn as_arrow(schema: &AvroSchema) -> Schema {
    let fields = schema.fields().iter();
    let fields: Vec<Field> =
        fields.map(|field| Field::new(&field.name, schema.arrow(field.kind), true)).collect();
    Schema::new(fields)
}

const SCHEMA: &str = "its schema cannot be read";
const BLOCK: &str = "a block cannot be read";

type Header = (AvroSchema, Codec, [u8; SYNC]);

/// Reads the header: a map of what is said of the file, and the mark that ends each block.
fn read_header(content: &mut BufReader<Content>) -> Result<Header, IngestError> {
    match exactly(content, 4, 4) {
        Ok(magic) if magic == MAGIC => {}
        Ok(_) | Err(IngestError::CutOff) => return Err(damaged("it is no object container file")),
        Err(error) => return Err(error),
    }
    let (mut schema, mut codec) = (None, Codec::Null);
    let mut left = HEADER_BYTES_MAX;
    loop {
        let count = long(content, false)?.unwrap_or_default();
        if count == 0 {
            break;
        }
        if count < 0 {
            long(content, false)?;
        }
        for _ in 0..count.unsigned_abs() {
            let key = header_part(content, &mut left)?;
            let value = header_part(content, &mut left)?;
            match key.as_slice() {
                b"avro.schema" => schema = Some(value),
                b"avro.codec" => codec = Codec::named(&value).ok_or_else(|| damaged(block::UNKNOWN))?,
                _ => {}
            }
        }
    }
    let sync = exactly(content, SYNC as u64, SYNC as u64)?;
    let sync = <[u8; SYNC]>::try_from(sync).map_err(|_| damaged(BLOCK))?;
    let schema = schema.and_then(|schema| AvroSchema::parse(&schema)).ok_or_else(|| damaged(SCHEMA))?;
    Ok((schema, codec, sync))
}

fn header_part(content: &mut BufReader<Content>, left: &mut u64) -> Result<Vec<u8>, IngestError> {
    let length = long(content, false)?.and_then(|length| u64::try_from(length).ok());
    let length = length.ok_or_else(|| damaged(SCHEMA))?;
    // An empty part counts too.
    *left = left.checked_sub(length.saturating_add(1)).ok_or(too_large(HEADER_BYTES_MAX))?;
    exactly(content, length, length)
}

/// Reads a number; none at the end of the input, where that may be.
fn long(content: &mut BufReader<Content>, may_end: bool) -> Result<Option<i64>, IngestError> {
    let mut raw = 0_u64;
    for place in 0..10_u32 {
        let mut byte = [0; 1];
        loop {
            match content.read(&mut byte) {
                Ok(0) if may_end && place == 0 => return Ok(None),
                Ok(0) => return Err(IngestError::CutOff),
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(IngestError::read(error)),
            }
        }
        let [byte] = byte;
        raw |= u64::from(byte & 0x7f).checked_shl(place * 7).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Ok(Some(zigzag(raw)));
        }
    }
    Err(damaged(BLOCK))
}

/// Reads so many bytes. A failure to read is none of the file, which may also end too early.
fn exactly(content: &mut BufReader<Content>, length: u64, bytes_max: u64) -> Result<Vec<u8>, IngestError> {
    if length > bytes_max {
        return Err(too_large(bytes_max));
    }
    let mut bytes = Vec::new();
    content.take(length).read_to_end(&mut bytes).map_err(IngestError::read)?;
    let is_whole = u64::try_from(bytes.len()).is_ok_and(|read| read == length);
    if is_whole { Ok(bytes) } else { Err(IngestError::CutOff) }
}

fn bad() -> IngestError {
    damaged("a record cannot be read")
}

const fn too_large(bytes_max: u64) -> IngestError {
    IngestError::TooLarge { bytes_max, advice: "write smaller blocks" }
}

fn damaged(detail: &str) -> IngestError {
    IngestError::NotTheFormat { format: Format::Avro, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests;
