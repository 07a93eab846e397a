//! Commits segments: first their bad rows, then their good ones, each under the stream's name and with the segment's number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use membrane_catalog::Dataset;
use membrane_lake::{Appender, LakeError, Portion, Target};
use membrane_model::{LineageEdge, TableVersion};
use membrane_policy::Permit;

use crate::{IngestError, IngestParts, lineage};

/// Rows that are written at once, about.
const ROWS_AT_ONCE: usize = 65_536;

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

/// A portion and its rows.
pub type PortionOf<'a> = (&'a Portion, &'a PortionRows);

/// What the commits did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portioned {
    /// The table's version with the rows in it; none when nothing was added.
    pub version: Option<TableVersion>,
    /// The quarantine's.
    pub quarantine_version: Option<TableVersion>,
    /// Which of the portions were added, by their places: others were committed before.
    pub added: BTreeSet<usize>,
}

/// Commits the rows of portions, each once, and all that are not there yet in one commit. Portions of one stream are in the order of their
/// numbers, and none between them is left out. Only a run that is open commits.
///
/// # Errors
/// [`IngestError`]; the same may be tried again: what was committed is not committed twice.
pub async fn commit_portions(
    parts: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    portions: &[PortionOf<'_>],
) -> Result<Portioned, IngestError> {
    let mut table = parts.lake.append(permit, dataset, Target::Table).await?;
    let news = News::find(&table, portions).await?;
    let Some(lead) = news.lead() else {
        table.abort().await;
        return Ok(Portioned::default());
    };
    let written = write(&mut table, news.rows(|rows| &rows.rows)).await;
    let quarantined = match written {
        Ok(()) => set_aside(parts, permit, dataset, portions).await,
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
    news.go_on(&mut table, |rows| &rows.positions);
    let committed = table.commit(&lead.stream, lead.number).await?;
    if !committed.already {
        let (version, added) = (Some(committed.version), news.places());
        return Ok(Portioned { version, quarantine_version, added });
    }
    if news.0.len() > 1 {
        // By a commit that was on its way when its process was killed: which of the others it had is found when this is tried again.
        return Err(LakeError::Overtaken { dataset: dataset.name.clone() }.into());
    }
    Ok(Portioned { quarantine_version, ..Portioned::default() })
}

/// The portions that a table does not have yet.
struct News<'a>(Vec<New<'a>>);

struct New<'a> {
    /// Its place among all.
    place: usize,
    portion: &'a Portion,
    rows: &'a PortionRows,
    /// What the table has last of its stream.
    before: Option<i64>,
}

impl<'a> News<'a> {
    async fn find(table: &Appender, portions: &[PortionOf<'a>]) -> Result<Self, IngestError> {
        let there = table.all_committed(portions.iter().map(|(portion, _)| portion.stream.as_ref())).await?;
        let before = |portion: &Portion| there.get(portion.stream.as_ref()).copied();
        let all = portions.iter().enumerate().map(|(place, (portion, rows))| New {
            place,
            portion,
            rows,
            before: before(portion),
        });
        Ok(Self(all.filter(|new| new.before < Some(new.portion.number)).collect()))
    }

    /// Returns the one by whose number the commit is known: the last of its stream.
    fn lead(&self) -> Option<&'a Portion> {
        self.0.last().map(|new| new.portion)
    }

    fn places(&self) -> BTreeSet<usize> {
        self.0.iter().map(|new| new.place).collect()
    }

    fn rows(
        &self,
        which: impl Fn(&'a PortionRows) -> &'a Vec<RecordBatch>,
    ) -> impl Iterator<Item = &'a RecordBatch> {
        self.0.iter().flat_map(move |new| which(new.rows))
    }

    /// Has the commit say how far each stream and each source is then, and be made only if nobody went on meanwhile.
    fn go_on(
        &self,
        appender: &mut Appender,
        positions: impl Fn(&'a PortionRows) -> &'a Vec<(String, Option<i64>, i64)>,
    ) {
        for (id, before, after) in self.0.iter().flat_map(|new| positions(new.rows)) {
            appender.expect(id, *before);
            appender.mark(id, *after);
        }
        // Of one alone the commit itself looks.
        let Some(lead) = self.lead().filter(|_| self.0.len() > 1) else { return };
        let mut streams: BTreeMap<&str, (Option<i64>, i64)> = BTreeMap::new();
        for new in &self.0 {
            let (_, last) = streams.entry(&new.portion.stream).or_insert((new.before, 0));
            *last = new.portion.number.max(*last);
        }
        for (stream, (before, last)) in streams {
            appender.expect(stream, before);
            if stream != lead.stream.as_ref() {
                appender.mark(stream, last);
            }
        }
    }
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
    let names = || ids.iter().map(String::as_str);
    let (of_table, aside) = (table.all_committed(names()).await?, quarantine.all_committed(names()).await?);
    let found = names().map(|id| (of_table.get(id).copied(), aside.get(id).copied())).collect();
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
    portions: &[PortionOf<'_>],
) -> Result<Option<TableVersion>, IngestError> {
    let bad: Vec<PortionOf<'_>> = portions.iter().copied().filter(|(_, rows)| !rows.bad.is_empty()).collect();
    if bad.is_empty() {
        return Ok(None);
    }
    let mut quarantine = parts.lake.append(permit, dataset, Target::Quarantine).await?;
    let news = News::find(&quarantine, &bad).await?;
    let Some(lead) = news.lead() else {
        quarantine.abort().await;
        return Ok(None);
    };
    if let Err(error) = write(&mut quarantine, news.rows(|rows| &rows.bad)).await {
        quarantine.abort().await;
        return Err(error);
    }
    news.go_on(&mut quarantine, |rows| &rows.aside);
    let committed = quarantine.commit(&lead.stream, lead.number).await?;
    if committed.already && news.0.len() > 1 {
        return Err(LakeError::Overtaken { dataset: dataset.name.clone() }.into());
    }
    Ok(Some(committed.version))
}

async fn write(to: &mut Appender, batches: impl Iterator<Item = &RecordBatch>) -> Result<(), IngestError> {
    let schema = Arc::clone(to.schema());
    let (mut together, mut rows) = (Vec::new(), 0);
    for batch in batches {
        together.push(shaped(batch, &schema)?);
        rows += batch.num_rows();
        if rows >= ROWS_AT_ONCE {
            to.write(one(&schema, &together)?).await?;
            (together, rows) = (Vec::new(), 0);
        }
    }
    if !together.is_empty() {
        to.write(one(&schema, &together)?).await?;
    }
    Ok(())
}

fn one(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, IngestError> {
    concat_batches(schema, batches)
        .map_err(|source| IngestError::arrow("put the rows of segments together", source))
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
