//! Commits a segment: first its bad rows, then its good ones, each under the stream's name and with the segment's number.

use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use membrane_catalog::Dataset;
use membrane_lake::{Appender, Portion, Target};
use membrane_model::{LineageEdge, TableVersion};
use membrane_policy::Permit;

use crate::{IngestError, IngestParts, lineage};

/// The rows of a segment.
#[derive(Debug, Default)]
pub struct PortionRows {
    /// For the table.
    pub rows: Vec<RecordBatch>,
    /// For the quarantine.
    pub bad: Vec<RecordBatch>,
    /// Positions of what they were read from, by the id that the table's log has them under: where they begin, and where they end. The
    /// commit is made only if nobody went on from there meanwhile.
    pub positions: Vec<(String, Option<i64>, i64)>,
    /// The same for the quarantine, which has its own: it is committed first, and a process may be killed between the two.
    pub aside: Vec<(String, Option<i64>, i64)>,
}

/// What the commits did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Portioned {
    /// The table's version with the rows in it; none when nothing was added.
    pub version: Option<TableVersion>,
    /// The quarantine's.
    pub quarantine_version: Option<TableVersion>,
    /// Whether it was committed before.
    pub already: bool,
}

/// Commits the rows of a portion, once. Only a run that is open commits.
///
/// # Errors
/// [`IngestError`]; the same may be tried again: what was committed is not committed twice.
pub async fn commit_portion(
    parts: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    portion: &Portion,
    from: &PortionRows,
) -> Result<Portioned, IngestError> {
    let mut table = parts.lake.append(permit, dataset, Target::Table).await?;
    if table.committed(&portion.stream).await? >= Some(portion.number) {
        table.abort().await;
        return Ok(Portioned { already: true, ..Portioned::default() });
    }
    let written = write(&mut table, &from.rows).await;
    let quarantined = match written {
        Ok(()) => set_aside(parts, permit, dataset, portion, from).await,
        Err(error) => Err(error),
    };
    let quarantine_version = match quarantined {
        Ok(version) => version,
        Err(error) => {
            table.abort().await;
            return Err(error);
        }
    };
    // Last of all: rows must not appear in the name of a run that is closed on record.
    if let Err(error) = parts.ledger.require_open(&permit.run_id()).await {
        table.abort().await;
        return Err(error.into());
    }
    let mut table = parts.of_revision(table);
    for (id, before, after) in &from.positions {
        table.expect(id, *before);
        table.mark(id, *after);
    }
    let committed = table.commit(&portion.stream, portion.number).await?;
    Ok(Portioned {
        version: (!committed.already).then_some(committed.version),
        quarantine_version,
        already: committed.already,
    })
}

/// Returns the positions that were committed last under some ids: those of the table, and those of the quarantine.
///
/// # Errors
/// [`IngestError`] when the permit does not cover it, or a log cannot be read.
pub async fn positions(
    parts: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    ids: &[String],
) -> Result<Vec<(Option<i64>, Option<i64>)>, IngestError> {
    let table = parts.lake.append(permit, dataset, Target::Table).await?;
    let quarantine = parts.lake.append(permit, dataset, Target::Quarantine).await?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push((table.committed(id).await?, quarantine.committed(id).await?));
    }
    table.abort().await;
    quarantine.abort().await;
    Ok(found)
}

/// Returns the column lineage of events that are pushed to a dataset.
#[must_use]
pub fn edges(dataset: &Dataset) -> Vec<LineageEdge> {
    lineage::edges(dataset, "stream")
}

async fn set_aside(
    parts: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    portion: &Portion,
    from: &PortionRows,
) -> Result<Option<TableVersion>, IngestError> {
    if from.bad.is_empty() {
        return Ok(None);
    }
    let mut quarantine = parts.lake.append(permit, dataset, Target::Quarantine).await?;
    if let Err(error) = write(&mut quarantine, &from.bad).await {
        quarantine.abort().await;
        return Err(error);
    }
    for (id, before, after) in &from.aside {
        quarantine.expect(id, *before);
        quarantine.mark(id, *after);
    }
    let committed = quarantine.commit(&portion.stream, portion.number).await?;
    Ok(Some(committed.version))
}

async fn write(to: &mut Appender, batches: &[RecordBatch]) -> Result<(), IngestError> {
    let schema = Arc::clone(to.schema());
    let shaped: Vec<RecordBatch> =
        batches.iter().map(|batch| shaped(batch, &schema)).collect::<Result<_, _>>()?;
    if shaped.is_empty() {
        return Ok(());
    }
    let all = concat_batches(&schema, &shaped)
        .map_err(|source| IngestError::arrow("put the rows of a segment together", source))?;
    to.write(all).await?;
    Ok(())
}

/// Brings rows into the columns of the contract that is served now: rows of a segment may be of one that lacked some of its columns.
fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, IngestError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect())
        .map_err(|source| IngestError::arrow("fit the rows of a segment to the contract", source))
}
