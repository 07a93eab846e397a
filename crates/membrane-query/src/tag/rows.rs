//! Rows of a table of tags, as they are stored.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder, new_null_array,
};
use arrow::datatypes::SchemaRef;
use membrane_catalog::Tag;
use membrane_model::IdentityKind;

use super::compare::TagFault;
use crate::mask::key;

/// Rows that are written at a time.
pub(super) const ROWS: usize = 32 << 10;

/// Gathers rows of one tag.
pub(super) struct Rows {
    schema: SchemaRef,
    token_column: String,
    definition: String,
    version: i64,
    id: String,
    subjects: BinaryBuilder,
    tokens: BinaryBuilder,
    values: StringBuilder,
    numbers: Float64Builder,
    since: TimestampMicrosecondBuilder,
    rows: usize,
}

impl Rows {
    pub(super) fn new(schema: &SchemaRef, entity: &IdentityKind, tag: &Tag) -> Self {
        Self {
            schema: Arc::clone(schema),
            token_column: format!("{entity}__token"),
            definition: tag.definition(),
            version: i64::from(tag.version),
            id: tag.id.to_string(),
            subjects: BinaryBuilder::new(),
            tokens: BinaryBuilder::new(),
            values: StringBuilder::new(),
            numbers: Float64Builder::new(),
            since: TimestampMicrosecondBuilder::new(),
            rows: 0,
        }
    }

    /// Returns how many there are.
    pub(super) const fn len(&self) -> usize {
        self.rows
    }

    /// Adds a row.
    pub(super) fn push(
        &mut self,
        key: &[u8],
        (value, number): (Option<&str>, Option<f64>),
        since: i64,
    ) -> Result<(), TagFault> {
        let (token, subject) = key::parts(key).ok_or(TagFault("a member's key has another length"))?;
        self.tokens.append_value(token);
        self.subjects.append_value(subject);
        self.values.append_option(value);
        self.numbers.append_option(number);
        self.since.append_value(since);
        self.rows += 1;
        Ok(())
    }

    /// Returns the rows, and begins anew.
    pub(super) fn take(&mut self) -> Result<RecordBatch, TagFault> {
        let rows = std::mem::take(&mut self.rows);
        let repeated = |text: &str| {
            let mut builder = StringBuilder::with_capacity(rows, rows * text.len());
            (0..rows).for_each(|_| builder.append_value(text));
            Arc::new(builder.finish()) as ArrayRef
        };
        let (tags, definitions) = (repeated(&self.id), repeated(&self.definition));
        let mut versions = Int64Builder::with_capacity(rows);
        versions.append_value_n(self.version, rows);
        let since = self.since.finish().with_timezone("UTC");
        let named: [(&str, ArrayRef); 8] = [
            ("_subject", Arc::new(self.subjects.finish())),
            (self.token_column.as_str(), Arc::new(self.tokens.finish())),
            ("tag", tags),
            ("value", Arc::new(self.values.finish())),
            ("number", Arc::new(self.numbers.finish())),
            ("since", Arc::new(since)),
            ("version", Arc::new(versions.finish())),
            ("definition", definitions),
        ];
        let column = |field: &Arc<arrow::datatypes::Field>| {
            let found = named.iter().find(|(name, _)| name == field.name());
            // What the contract has besides stays empty.
            found.map_or_else(|| new_null_array(field.data_type(), rows), |(_, array)| Arc::clone(array))
        };
        let columns = self.schema.fields().iter().map(column).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|_| TagFault("the rows of a tag do not fit their table"))
    }
}
