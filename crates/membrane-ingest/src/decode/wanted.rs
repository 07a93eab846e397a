//! The columns that a decoder looks for: those of a contract, or those that a file has itself.

use std::collections::BTreeMap;

use membrane_catalog::{Dataset, OnTruncated};
use membrane_model::{ColumnName, LogicalType};

/// The columns that a decoder looks for, in the order in which it gives them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) columns: Vec<WantedColumn>,
    /// What becomes of a delivery that ends before its end.
    pub(crate) on_truncated: OnTruncated,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WantedColumn {
    /// The name in the delivery.
    pub(crate) name: String,
    /// What its values should become.
    pub(crate) logical_type: LogicalType,
    /// Whether a delivery without it is none.
    pub(crate) required: bool,
}

impl Wanted {
    /// Returns that nothing is wanted yet: of a delivery whose columns are to be found.
    pub(crate) const fn nothing() -> Self {
        Self { columns: Vec::new(), on_truncated: OnTruncated::Stop }
    }
}

impl Wanted {
    /// Looks for columns under the names that the delivery has for them.
    pub(crate) fn called(mut self, names: &BTreeMap<ColumnName, String>) -> Self {
        for column in &mut self.columns {
            let called = names.iter().find(|(name, _)| name.as_str() == column.name);
            if let Some((_, called)) = called {
                column.name.clone_from(called);
            }
        }
        self
    }
}

impl From<&Dataset> for Wanted {
    fn from(dataset: &Dataset) -> Self {
        let columns = dataset.columns.iter().map(|column| WantedColumn {
            name: column.name.to_string(),
            logical_type: column.logical_type,
            required: column.required,
        });
        Self { columns: columns.collect(), on_truncated: dataset.on_truncated }
    }
}

impl From<&Self> for Wanted {
    fn from(wanted: &Self) -> Self {
        wanted.clone()
    }
}
