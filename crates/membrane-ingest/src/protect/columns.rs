//! Columns of tokens and of ciphertext.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, BinaryBuilder, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use membrane_model::SubjectId;
use membrane_vault::{CellCipher, ColumnContext, SEALED_OVERHEAD, TOKEN_LENGTH, Tokenizer, VaultError};

use membrane_catalog::Canon;

/// Makes a column whose cells are all there and of one length.
pub(super) fn of_length<'a, const N: usize>(
    cells: impl ExactSizeIterator<Item = &'a [u8; N]>,
) -> Result<ArrayRef, ArrowError> {
    let offsets = OffsetBuffer::from_repeated_length(N, cells.len());
    let mut bytes = Vec::with_capacity(cells.len() * N);
    for cell in cells {
        bytes.extend_from_slice(cell);
    }
    Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(bytes), None)?))
}

/// Makes the tokens of a column; no value, no token.
pub(super) fn tokens(texts: &StringArray, tokenizer: &Tokenizer, canon: Canon) -> ArrayRef {
    let mut builder = BinaryBuilder::with_capacity(texts.len(), texts.len() * TOKEN_LENGTH);
    let mut last: Option<(&str, [u8; TOKEN_LENGTH])> = None;
    for text in texts {
        let Some(text) = text else {
            builder.append_null();
            continue;
        };
        // Deliveries are often grouped: the same value stands in several rows.
        let token = match last {
            Some((same, token)) if same == text => token,
            _ => tokenizer.token(canon.apply(text).as_bytes()),
        };
        builder.append_value(token);
        last = Some((text, token));
    }
    Arc::new(builder.finish())
}

/// A column that is being sealed: one buffer for all its cells.
pub(super) struct SealedColumn<'a> {
    texts: StringArray,
    context: &'a ColumnContext,
    cells: Vec<u8>,
    offsets: Vec<i32>,
}

impl<'a> SealedColumn<'a> {
    pub(super) fn new(texts: StringArray, context: &'a ColumnContext) -> Self {
        let clear = texts.value_offsets().last().zip(texts.value_offsets().first());
        let clear = clear.map_or(0, |(end, start)| usize::try_from(end - start).unwrap_or_default());
        let mut offsets = Vec::with_capacity(texts.len() + 1);
        offsets.push(0);
        let cells = Vec::with_capacity(clear + (texts.len() - texts.null_count()) * SEALED_OVERHEAD);
        Self { texts, context, cells, offsets }
    }

    /// Tells whether a row has something to seal.
    pub(super) fn has_value(&self, row: usize) -> bool {
        self.texts.is_valid(row)
    }

    /// Leaves the next row without a cell.
    pub(super) fn pass(&mut self) -> Result<(), VaultError> {
        self.offsets.push(i32::try_from(self.cells.len()).map_err(|_| VaultError::Seal)?);
        Ok(())
    }

    /// Seals the cell of the next row.
    pub(super) fn seal(
        &mut self,
        row: usize,
        cipher: &CellCipher,
        subject: &SubjectId,
    ) -> Result<(), VaultError> {
        if self.texts.is_valid(row) {
            let text = self.texts.value(row).as_bytes();
            cipher.seal_in(self.context, subject, text, &mut self.cells)?;
        }
        self.pass()
    }

    /// Returns the sealed column.
    pub(super) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let nulls = self.texts.nulls().cloned();
        Ok(Arc::new(BinaryArray::try_new(offsets, Buffer::from_vec(self.cells), nulls)?))
    }
}
