//! Encoders: batches go in, bytes come out, batch by batch.
//!
//! PRIVACY: an Arrow client is sent a message for each batch, and any client a chunk. So that neither tells how rows were
//! stored, batches are cut anew here, to one size.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::csv;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::{JsonArray, WriterBuilder};
use membrane_query::{Cutter, normalise, normalised_schema};
use serde_json::Value;

use super::AnswerFormat;

/// What stands before the rows of a JSON answer, as the members of the object.
pub type Head = Vec<(&'static str, Value)>;

/// Turns batches into bytes of one form.
pub struct Encoder {
    form: Form,
    cutter: Cutter,
    rows: u64,
}

enum Form {
    Json { writer: Box<arrow::json::Writer<Buffer, JsonArray>>, head: Option<Head> },
    Csv(Box<csv::Writer<Buffer>>, Buffer),
    ArrowIpc(Box<StreamWriter<Buffer>>),
}

impl Encoder {
    /// Starts an answer. The head is shown by JSON only.
    ///
    /// # Errors
    /// When the schema cannot be written in this form.
    pub fn start(format: AnswerFormat, schema: &SchemaRef, head: Head) -> Result<Self, ArrowError> {
        let form = match format {
            AnswerFormat::Json => Form::Json {
                writer: Box::new(WriterBuilder::new().with_explicit_nulls(true).build(Buffer::default())),
                head: Some(head),
            },
            AnswerFormat::Csv => {
                let buffer = Buffer::default();
                let mut writer = csv::WriterBuilder::new().with_header(true).build(buffer.clone());
                // The header line stands even when no batch follows.
                writer.write(&RecordBatch::new_empty(schema.clone()))?;
                Form::Csv(Box::new(writer), buffer)
            }
            AnswerFormat::ArrowIpc => {
                let schema = normalised_schema(schema);
                Form::ArrowIpc(Box::new(StreamWriter::try_new(Buffer::default(), &schema)?))
            }
        };
        Ok(Self { form, cutter: Cutter::new(schema.clone()), rows: 0 })
    }

    /// Takes one batch and returns the bytes that are ready: none while rows are too few.
    ///
    /// # Errors
    /// When a value cannot be written in this form.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        self.rows = self.rows.saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        let mut bytes = Vec::new();
        let mut ready = self.cutter.push(batch.clone())?;
        while let Some(batch) = ready {
            bytes.append(&mut self.encode(&batch)?);
            ready = self.cutter.next_full();
        }
        Ok(bytes)
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match &mut self.form {
            Form::Json { writer, head } => {
                let mut bytes = opening(head.take());
                writer.write(batch)?;
                bytes.append(&mut writer.get_mut().take());
                Ok(bytes)
            }
            Form::Csv(writer, buffer) => {
                writer.write(batch)?;
                Ok(buffer.take())
            }
            Form::ArrowIpc(writer) => {
                // PRIVACY: this form writes buffers, and those of a batch hold more than its rows.
                let plain = normalise(batch).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
                writer.write(&plain)?;
                Ok(writer.get_mut().take())
            }
        }
    }

    /// Ends the answer and returns the last bytes.
    ///
    /// # Errors
    /// When the end cannot be written.
    pub fn finish(mut self) -> Result<Vec<u8>, ArrowError> {
        let mut bytes = match self.cutter.finish()? {
            Some(batch) => self.encode(&batch)?,
            None => Vec::new(),
        };
        match self.form {
            Form::Json { mut writer, mut head } => {
                bytes.append(&mut opening(head.take()));
                writer.finish()?;
                bytes.append(&mut writer.get_mut().take());
                bytes.extend_from_slice(format!(",\"row_count\":{}}}\n", self.rows).as_bytes());
                Ok(bytes)
            }
            Form::Csv(_, buffer) => {
                bytes.append(&mut buffer.take());
                Ok(bytes)
            }
            Form::ArrowIpc(mut writer) => {
                writer.finish()?;
                bytes.append(&mut writer.get_mut().take());
                Ok(bytes)
            }
        }
    }
}

/// The start of a JSON answer: its head, up to the rows.
fn opening(head: Option<Head>) -> Vec<u8> {
    let Some(head) = head else { return Vec::new() };
    let mut text = String::from("{");
    for (name, value) in head {
        text.push_str(&format!("\"{name}\":{value},"));
    }
    text.push_str("\"rows\":");
    text.into_bytes()
}

/// Bytes that a writer has written and nobody has fetched yet.
#[derive(Clone, Default)]
struct Buffer(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
