//! The key of a tag: the stored token of whom it is about, and behind it the subject. It stays in the hub: what is written down under it is
//! taken apart again.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BinaryViewBuilder};

use crate::fault::ScanFault;
use crate::open::Cells;
use membrane_model::SubjectId;
use membrane_vault::TOKEN_LENGTH;

/// Bytes of a subject's id.
const SUBJECT_LENGTH: usize = size_of::<SubjectId>();
/// Bytes of a key.
pub(crate) const KEY_LENGTH: usize = TOKEN_LENGTH + SUBJECT_LENGTH;

/// Makes keys of stored tokens and of the subjects of the same rows. A row without either has none.
pub(crate) fn keys(tokens: &ArrayRef, subjects: &ArrayRef) -> Result<ArrayRef, ScanFault> {
    let (tokens, subjects) = (Cells::of(tokens)?, Cells::of(subjects)?);
    let mut keys = BinaryViewBuilder::with_capacity(tokens.len());
    for row in 0..tokens.len() {
        match (tokens.get(row), subjects.get(row)) {
            (Some(token), Some(subject)) => {
                if token.len() != TOKEN_LENGTH || subject.len() != SUBJECT_LENGTH {
                    return Err(ScanFault::Shape);
                }
                let mut key = [0; KEY_LENGTH];
                let (front, back) = key.split_at_mut(TOKEN_LENGTH);
                front.copy_from_slice(token);
                back.copy_from_slice(subject);
                keys.append_value(key);
            }
            _ => keys.append_null(),
        }
    }
    Ok(Arc::new(keys.finish()))
}

/// Takes a key apart: the stored token, and the subject.
pub(crate) fn parts(key: &[u8]) -> Option<(&[u8], &[u8])> {
    (key.len() == KEY_LENGTH).then(|| key.split_at(TOKEN_LENGTH))
}
