//! Which rows of a batch are shown in which way.
//!
//! Each way masks its own rows only: of a cell that is to be shown as a token nothing is ever opened or copied for the
//! way that shows it in clear. What the ways made is then put together again, out of arrays that hold nothing else.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::interleave;
use datafusion::arrow::record_batch::RecordBatch;

use crate::fault::ScanFault;

/// Which rows of a batch are shown in which way: each row in exactly one.
pub(crate) struct Route(Vec<BooleanBuffer>);

impl Route {
    /// Reads the truth values of the cases, in their order: the first that is true counts. The last part is for rows
    /// without any.
    pub(crate) fn new(batch: &RecordBatch, whens: impl Iterator<Item = usize>) -> Result<Self, ScanFault> {
        let mut left = BooleanBuffer::new_set(batch.num_rows());
        let mut parts = Vec::new();
        for when in whens {
            let holds = batch.columns().get(when).and_then(|holds| holds.as_boolean_opt());
            let holds = holds.filter(|holds| holds.null_count() == 0).ok_or(ScanFault::Shape)?.values();
            parts.push(&left & holds);
            left = &left & &!holds;
        }
        parts.push(left);
        Ok(Self(parts))
    }

    /// Returns the rows of each way.
    pub(crate) fn parts(&self) -> &[BooleanBuffer] {
        &self.0
    }
}

/// Puts the cells of all ways together, in the order of the rows.
pub(crate) fn join(route: &Route, parts: &[ArrayRef]) -> Result<ArrayRef, ScanFault> {
    let rows = route.0.first().map_or(0, BooleanBuffer::len);
    let mut places = vec![None; rows];
    for (part, chosen) in route.0.iter().enumerate() {
        for (place, row) in chosen.set_indices().enumerate() {
            *places.get_mut(row).ok_or(ScanFault::Shape)? = Some((part, place));
        }
    }
    let places: Vec<(usize, usize)> = places.into_iter().collect::<Option<_>>().ok_or(ScanFault::Shape)?;
    let arrays: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    Ok(interleave(&arrays, &places)?)
}
