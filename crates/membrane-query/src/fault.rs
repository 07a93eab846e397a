//! What can go wrong inside a governed scan, as constants: no text of what was read gets out.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use membrane_model::{DatasetName, Limits, RunId};
use tracing::error;

use crate::error::QueryError;

/// Why a governed scan, or a query, stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScanFault {
    /// The inner scan failed.
    #[error("a dataset could not be read")]
    Read,
    /// The row rule could not be evaluated.
    #[error("a row rule could not be evaluated")]
    Rule,
    /// A stored column does not have the type that the contract says.
    #[error("a stored column does not have its type")]
    Shape,
    /// The stored table lacks a column of its contract.
    #[error("the stored table lacks a column of its contract")]
    Contract,
    /// A sealed cell did not open, or does not hold what its type says.
    #[error("a protected cell could not be opened")]
    Cell,
    /// Keys could not be fetched.
    #[error("the keys of protected cells could not be fetched")]
    Keys,
    /// The record could not be read.
    #[error("the record could not be read")]
    Record,
    /// The time of the query is over.
    #[error("the time of the query is over")]
    Time,
}

/// Whose scan it is: what the log says beside the kind of a fault.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) dataset: DatasetName,
    /// The run of the permit; none in tests of the scan.
    pub(crate) run: Option<RunId>,
}

impl Place {
    /// Logs a fault of this scan and passes it on. A fault is logged once, here.
    pub(crate) fn fault(&self, fault: ScanFault) -> DataFusionError {
        self.log(fault.kind(), "stored data");
        fault.into()
    }

    /// Maps an error of the inner scan. Only that memory ran out is passed on: the caller's pool says so. Operators
    /// find the kind in the log.
    pub(crate) fn inner(&self, error: &DataFusionError) -> DataFusionError {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => {
                DataFusionError::ResourcesExhausted("memory".to_owned())
            }
            // Made, and logged, by this scan itself.
            DataFusionError::External(source) if source.is::<ScanFault>() => {
                source.downcast_ref::<ScanFault>().map_or(ScanFault::Read, |fault| *fault).into()
            }
            root => {
                self.log(kind(root), "inner scan");
                ScanFault::Read.into()
            }
        }
    }

    // PRIVACY: the kind and not the text, which may quote what was read.
    fn log(&self, kind: &'static str, part: &'static str) {
        let (dataset, run) = (&self.dataset, self.run.map(|run| run.to_string()).unwrap_or_default());
        error!(dataset.name = %dataset, run.id = run, kind, part, "a governed scan of `{dataset}` failed: {kind}");
    }
}

impl From<ScanFault> for DataFusionError {
    fn from(fault: ScanFault) -> Self {
        Self::External(Box::new(fault))
    }
}

impl ScanFault {
    const fn kind(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Rule => "row rule",
            Self::Shape => "stored type",
            Self::Contract => "contract",
            Self::Cell => "sealed cell",
            Self::Keys => "keys",
            Self::Record => "record",
            Self::Time => "time",
        }
    }

    /// Returns what the asker is told.
    pub(crate) const fn told(self, limits: &Limits) -> QueryError {
        match self {
            Self::Read | Self::Rule | Self::Shape => QueryError::ScanFailed,
            Self::Contract => QueryError::SchemaChanged,
            Self::Cell => QueryError::CellUnreadable,
            Self::Keys => QueryError::KeysUnavailable,
            Self::Record => QueryError::RecordUnread,
            Self::Time => QueryError::LimitSeconds { seconds_max: limits.seconds_max },
        }
    }
}

// PRIVACY: an Arrow error may quote the cell it stumbled over; what it says is dropped here.
impl From<ArrowError> for ScanFault {
    fn from(_: ArrowError) -> Self {
        Self::Shape
    }
}

const fn kind(error: &DataFusionError) -> &'static str {
    match error {
        DataFusionError::ArrowError(..) => "arrow",
        DataFusionError::ParquetError(_) => "parquet",
        DataFusionError::ObjectStore(_) => "object store",
        DataFusionError::IoError(_) => "i/o",
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) | DataFusionError::NotImplemented(_) => {
            "plan"
        }
        DataFusionError::Execution(_) | DataFusionError::ExecutionJoin(_) => "execution",
        DataFusionError::External(_) => "table format",
        _ => "internal",
    }
}

#[cfg(test)]
mod tests;
