//! Deliveries of which nothing was taken in, for the history of quality: what was refused for what it is, not what could not be read.

use membrane_ingest::IngestError;
use membrane_ledger::RefusedDelivery;
use membrane_model::{DatasetName, SourceName};

use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Writes down that a delivery was refused. It is counted once a day, however often it is tried: `known_by` tells one from another,
/// the run where there is nothing else.
///
/// # Errors
/// [`Error::Record`] when the ledger cannot be written.
pub(super) async fn note_refused(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
    (source, known_by): (Option<&SourceName>, Option<String>),
    failure: &Failure,
) -> Result<(), Error> {
    let known_by = known_by.or_else(|| failure.run.map(|run| run.to_string()));
    let Some(delivery) = known_by.filter(|_| is_refused(&failure.error)) else { return Ok(()) };
    let rows_in = match &failure.error {
        Error::Ingest(IngestError::TooManyBad { rows, .. }) => Some(*rows),
        _ => None,
    };
    let refused = RefusedDelivery {
        dataset: dataset.clone(),
        delivery,
        source: source.cloned(),
        at: ctx.now(),
        code: failure.error.code().to_owned(),
        rows_in,
        run: failure.run,
    };
    hub.ledger().note_refused(&refused).await.map_err(Error::Record)
}

/// Tells whether a delivery was refused for what it is.
fn is_refused(error: &Error) -> bool {
    match error {
        Error::FileChanged => true,
        Error::Ingest(error) => matches!(
            error,
            IngestError::NotTheFormat { .. }
                | IngestError::NotThePacking { .. }
                | IngestError::TooDense
                | IngestError::CutOff
                | IngestError::Sheet { .. }
                | IngestError::Encoding { .. }
                | IngestError::NoHeader { .. }
                | IngestError::NoColumns { .. }
                | IngestError::MissingColumns { .. }
                | IngestError::DoubleColumn { .. }
                | IngestError::ColumnType { .. }
                | IngestError::TooLarge { .. }
                | IngestError::TooManyBad { .. }
                | IngestError::ControlUnreadable { .. }
                | IngestError::ControlColumn { .. }
                | IngestError::TotalsDiffer { .. }
        ),
        _ => false,
    }
}
