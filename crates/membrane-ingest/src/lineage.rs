//! Column lineage of a delivery.

use membrane_catalog::Dataset;
use membrane_model::{FieldRef, LineageEdge, Protection, Transformation};

/// Returns one edge for every column of the contract that is stored: from the delivery's field to the
/// dataset's column.
///
/// PRIVACY: the record is kept for ever and shown to many: `source` is a [`crate::source::DeliveryName`]'s, never
/// what a deliverer calls it.
pub(crate) fn edges(dataset: &Dataset, source: &str) -> Vec<LineageEdge> {
    let edge = |column: &membrane_catalog::Column| LineageEdge {
        from: FieldRef::source(source, &column.name),
        to: FieldRef::dataset(&dataset.name, &column.name),
        transformation: match column.protection {
            Protection::Clear => Transformation::Identity,
            _ => Transformation::Transformation,
        },
        masking: column.protection.is_masking(),
    };
    dataset.columns.iter().filter(|column| column.protection != Protection::Drop).map(edge).collect()
}
