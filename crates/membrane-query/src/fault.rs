//! What can go wrong inside a governed scan, as constants: no text of what was read gets out.

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use membrane_model::Limits;
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
    /// A sealed cell did not open, or does not hold what its type says.
    #[error("a protected cell could not be opened")]
    Cell,
    /// Keys could not be fetched.
    #[error("the keys of protected cells could not be fetched")]
    Keys,
    /// The time of the query is over.
    #[error("the time of the query is over")]
    Time,
}

impl From<ScanFault> for DataFusionError {
    fn from(fault: ScanFault) -> Self {
        Self::External(Box::new(fault))
    }
}

impl ScanFault {
    /// Returns what the asker is told.
    pub(crate) const fn told(self, limits: &Limits) -> QueryError {
        match self {
            Self::Read | Self::Rule | Self::Shape => QueryError::ScanFailed,
            Self::Cell => QueryError::CellUnreadable,
            Self::Keys => QueryError::KeysUnavailable,
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

/// Maps an error of the inner scan. Only that memory ran out is passed on: the caller's pool says so. Operators
/// find the kind in the log.
pub(crate) fn inner_fault(error: &DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => DataFusionError::ResourcesExhausted("memory".to_owned()),
        root => {
            // PRIVACY: the kind and not the text, which may quote what was read.
            error!(kind = kind(root), "the inner scan of a governed table failed");
            ScanFault::Read.into()
        }
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
