//! `null`: NULL in every row, in the type that the column would have.

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::datatypes::DataType;

use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "null",
    level: "null",
    types: "every type",
    shows: "NULL in every row",
    examples: &[("13800138000", None)],
};

/// Returns an array of NULLs. It is made new: setting the null bits of the values would leave them there.
pub(crate) fn nulls(data_type: &DataType, rows: usize) -> ArrayRef {
    new_null_array(data_type, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::Array;

    #[test]
    fn nothing_but_nulls() {
        let array = nulls(&DataType::Utf8View, 3);
        assert_eq!((array.len(), array.null_count()), (3, 3));
    }
}
