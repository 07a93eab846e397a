//! How many bytes a batch holds for its own rows.
//!
//! A view array points into buffers that it shares with other batches, and many of its rows may point to one text:
//! the size of the buffers says neither what the batch holds nor what an encoder will write. So lengths are added up,
//! which costs a fraction of having read the views at all.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;

/// Counts what a batch holds for its own rows.
pub(crate) fn bytes_of(batch: &RecordBatch) -> u64 {
    let total = batch.columns().iter().map(|array| match array.data_type() {
        DataType::Utf8View => view_bytes(array.as_string_view().lengths()),
        DataType::BinaryView => view_bytes(array.as_binary_view().lengths()),
        _ => array
            .to_data()
            .get_slice_memory_size()
            .map_or(u64::MAX, |bytes| u64::try_from(bytes).unwrap_or(u64::MAX)),
    });
    total.fold(0, u64::saturating_add)
}

fn view_bytes(lengths: impl ExactSizeIterator<Item = u32>) -> u64 {
    const VIEW_BYTES: u64 = 16;
    let views = u64::try_from(lengths.len()).unwrap_or(u64::MAX).saturating_mul(VIEW_BYTES);
    // A batch has at most 2^32 rows of at most 2^32 bytes: the sum fits.
    views.saturating_add(lengths.map(u64::from).sum::<u64>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, StringViewArray, UInt32Array};
    use datafusion::arrow::compute::take;

    use super::*;

    #[test]
    fn bytes_are_those_of_the_rows() {
        let text = "a text of more than twelve bytes";
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("n", Arc::new((0..100).collect::<Int64Array>())),
            ("t", Arc::new((0..100).map(|_| Some(text)).collect::<StringViewArray>())),
        ];
        let whole = RecordBatch::try_from_iter(columns).unwrap();
        assert_eq!(bytes_of(&whole.slice(10, 5)), 5 * (8 + 16 + 32));
    }

    /// A hundred rows that share one text are a hundred texts to whoever writes them out.
    #[test]
    fn shared_texts_count_in_each_row() {
        let text = "x".repeat(1_000);
        let one: ArrayRef = Arc::new([Some(text)].into_iter().collect::<StringViewArray>());
        let many = take(&one, &UInt32Array::from(vec![0; 100]), None);
        let batch = RecordBatch::try_from_iter([("t", many.unwrap())]).unwrap();
        assert_eq!(bytes_of(&batch), 100 * (16 + 1_000));
    }
}
