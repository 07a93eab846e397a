//! Column lineage of a delivery.

use membrane_catalog::{Column, Dataset};
use membrane_model::{FieldRef, LineageEdge, Protection, Transformation};

/// Returns one edge for every column of the contract that is stored: from the delivery's field to the
/// dataset's column. A column that is made of another comes from that one's field.
///
/// PRIVACY: the record is kept for ever and shown to many: `source` is a [`crate::source::DeliveryName`]'s, never
/// what a deliverer calls it.
pub(crate) fn edges(dataset: &Dataset, source: &str) -> Vec<LineageEdge> {
    let edge = |column: &Column| LineageEdge {
        from: FieldRef::source(source, column.from.as_ref().map_or(&column.name, |from| &from.column)),
        to: FieldRef::dataset(&dataset.name, &column.name),
        transformation: match column.protection {
            Protection::Clear if column.standard.is_none() && column.from.is_none() => {
                Transformation::Identity
            }
            _ => Transformation::Transformation,
        },
        masking: column.protection.is_masking()
            || column.from.as_ref().is_some_and(|from| from.part.is_coarse()),
    };
    dataset.columns.iter().filter(|column| column.protection != Protection::Drop).map(edge).collect()
}
