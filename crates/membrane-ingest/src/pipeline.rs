//! The flow of one ingest: stages over small channels, the delivery's name beside them, then two commits.

mod stages;

use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;
use membrane_lake::{Appender, Target};
use membrane_policy::Permit;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::check::{Checker, Counts};
use crate::commit::{Commit, Visible, was_committed};
use crate::decode::Found;
use crate::protect::Protector;
use crate::resolve::Resolver;
use crate::source::{Delivery, DeliveryName, Scratch, Source, SourceFile};
use crate::subjects::Subjects;
use crate::{
    ControlTotals, Format, IngestError, IngestParts, IngestReport, Input, InputSource, Progress, Reading,
    lineage,
};

use stages::{Finished, Stages, Stop, Work, Written, joined};

pub(crate) use stages::Aside;

/// Brings one delivery into a dataset: all of it, or nothing. Rows that break the contract are set
/// aside. A delivery that was committed before adds nothing. Only a run that is open commits.
///
/// # Errors
/// [`IngestError`]; nothing of the delivery is visible in the table then.
pub async fn ingest(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    input: Input,
    progress: &dyn Progress,
) -> Result<IngestReport, IngestError> {
    // What is under way is large; whoever waits for it need not be.
    Box::pin(bring_in(hub, permit, dataset, input, progress)).await
}

async fn bring_in(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    input: Input,
    progress: &dyn Progress,
) -> Result<IngestReport, IngestError> {
    let Input { reader, format, reading, source: called, position, bad_share_max, control, came } = input;
    let act = Act { hub, permit, dataset, format, reading, called, control, came };
    let source = joined(spawn_blocking(move || Source::open(reader))).await??;
    let file = match &source {
        Source::File(file) => Some((file.clone(), act.appender(Target::Table).await?)),
        Source::Stream(_) => None,
    };
    let stop = Stop::default();
    let work = act.prepare(source).await?;
    let meter = work.meter.clone();
    let stages = Stages::start(work, &stop);
    let outcome = match file {
        Some((file, table)) => Box::pin(act.finish_file(stages, &file, &table, &stop, progress)).await?,
        None => {
            let finished = stages.finish(progress).await?;
            match meter.digest() {
                Some(digest) => Outcome::Written(act.name(&digest), Box::new(finished)),
                None => {
                    finished.abort().await;
                    return Err(IngestError::Broken);
                }
            }
        }
    };
    let (name, finished) = match outcome {
        Outcome::Before(name, before) => {
            return Ok(act.report(&name, before, Taken::default(), 0));
        }
        Outcome::Written(name, finished) => (name, finished),
    };
    if let Some(error) = too_many_bad(finished.written, bad_share_max) {
        finished.abort().await;
        return Err(error);
    }
    let Finished { table, quarantine, written, counts, found } = *finished;
    let commit = Commit {
        ledger: &hub.ledger,
        run: permit.run_id(),
        name: &name,
        has_bad_rows: written.bad > 0,
        position: position.as_ref(),
    };
    let visible = commit.make(hub.of_revision(table), quarantine).await?;
    let taken = if visible.already { Taken::default() } else { Taken { written, counts, found } };
    Ok(act.report(&name, visible, taken, meter.bytes()))
}

/// What was taken in.
#[derive(Default)]
struct Taken {
    written: Written,
    counts: Counts,
    found: Found,
}

/// Returns the position that was committed last under an id, of a source that is read piece by piece.
///
/// # Errors
/// [`IngestError`] when the permit does not cover it, or the table's log cannot be read.
pub async fn position(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    id: &str,
) -> Result<Option<i64>, IngestError> {
    let table = hub.lake.append(permit, dataset, Target::Table).await?;
    let found = table.committed(id).await;
    table.abort().await;
    Ok(found?)
}

/// The stages of an input that is not committed here, at work.
pub(crate) struct Preparation {
    stages: Stages,
    _stop: Stop,
}

/// What became of it: both tables written, nothing visible.
pub(crate) struct Prepared {
    /// The table, with the rows that fit.
    pub(crate) table: Appender,
    /// The quarantine, with those that do not.
    pub(crate) quarantine: Appender,
    /// How many fit.
    pub(crate) accepted: u64,
}

/// Sets the stages to work on a stream; `aside` gets the positions of the rows that do not fit.
pub(crate) async fn prepare(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    (input, format, came): (InputSource, Format, DateTime<Utc>),
    aside: Aside,
) -> Result<Preparation, IngestError> {
    let reading = Reading::default();
    let act = Act { hub, permit, dataset, format, reading, called: None, control: None, came };
    let source = joined(spawn_blocking(move || Source::open(input))).await??;
    let stop = Stop::default();
    let work = Work { aside: Some(aside), ..act.prepare(source).await? };
    Ok(Preparation { stages: Stages::start(work, &stop), _stop: stop })
}

impl Preparation {
    /// Waits until all is written; on an error what was written is removed.
    pub(crate) async fn finish(self, progress: &dyn Progress) -> Result<Prepared, IngestError> {
        let Finished { table, quarantine, written, .. } = self.stages.finish(progress).await?;
        Ok(Prepared { table, quarantine, accepted: written.good })
    }
}

/// Tells whether more rows are bad than may be.
#[expect(clippy::cast_precision_loss, reason = "a share of rows, to about 15 digits")]
fn too_many_bad(written: Written, share_max: Option<f64>) -> Option<IngestError> {
    let rows = written.good + written.bad;
    let is_over = share_max.is_some_and(|most| written.bad as f64 > most * rows as f64);
    is_over.then_some(IngestError::TooManyBad { bad: written.bad, rows })
}

/// What became of a delivery that was read.
enum Outcome {
    /// It was there before.
    Before(DeliveryName, Visible),
    /// Its rows are written, and not visible yet.
    Written(DeliveryName, Box<Finished>),
}

/// One ingest: what it is about.
struct Act<'a> {
    hub: &'a IngestParts,
    permit: &'a Permit,
    dataset: &'a Arc<Dataset>,
    format: Format,
    reading: Reading,
    /// What the deliverer calls it.
    called: Option<String>,
    /// What its source says that it has.
    control: Option<ControlTotals>,
    /// When it came.
    came: DateTime<Utc>,
}

impl Act<'_> {
    async fn appender(&self, target: Target) -> Result<Appender, IngestError> {
        Ok(self.hub.lake.append(self.permit, self.dataset, target).await?)
    }

    /// Prepares what the stages work with.
    async fn prepare(&self, source: Source) -> Result<Work, IngestError> {
        let (hub, dataset) = (self.hub, self.dataset);
        let table = self.appender(Target::Table).await?;
        let quarantine = self.appender(Target::Quarantine).await?;
        let scratch = Scratch {
            folder: hub.scratch.clone(),
            key: hub.vault.quarantine_key(&dataset.name),
            dataset: dataset.name.clone(),
        };
        let subjects = dataset.subject.as_ref().map(|subject| {
            Subjects::new(hub.ledger.clone(), hub.vault.clone(), Handle::current(), dataset, subject)
        });
        let schemas = (Arc::clone(table.schema()), Arc::clone(quarantine.schema()));
        let (delivery, meter) = Delivery::new(source, scratch, Handle::current());
        Ok(Work {
            delivery,
            meter,
            format: self.format,
            reading: self.reading.clone(),
            dataset: Arc::clone(dataset),
            limits: hub.limits,
            checker: Checker::new(
                Arc::clone(dataset),
                hub.scratch.clone(),
                (self.came, self.control.as_ref()),
                hub.references.clone(),
            )?,
            resolver: Resolver::new(dataset, subjects),
            protector: Protector::new(dataset, &hub.vault, schemas, self.permit.run_id().to_string())?,
            table,
            quarantine,
            aside: None,
        })
    }

    fn name(&self, digest: &[u8; 32]) -> DeliveryName {
        DeliveryName::new(
            &self.hub.vault,
            self.dataset,
            digest,
            self.called.as_deref(),
            self.reading.sheet.as_deref(),
        )
    }

    /// Waits for the stages of a file. Its content is hashed beside them: when it shows that the delivery is
    /// there already, they stop.
    async fn finish_file(
        &self,
        stages: Stages,
        file: &SourceFile,
        table: &Appender,
        stop: &Stop,
        progress: &dyn Progress,
    ) -> Result<Outcome, IngestError> {
        let mut finishing = pin!(stages.finish(progress));
        let mut looking = pin!(self.look(file, table, stop));
        let (looked, finished) = tokio::select! {
            looked = &mut looking => {
                if !matches!(looked, Ok((_, None))) {
                    stop.now();
                }
                (looked, finishing.await)
            }
            finished = &mut finishing => {
                let finished = finished?;
                (looking.await, Ok(finished))
            }
        };
        let unchanged = file.require_unchanged();
        let (error, finished) = match (looked, finished, unchanged) {
            (Ok((name, Some(before))), finished, _) => {
                if let Ok(finished) = finished {
                    finished.abort().await;
                }
                return Ok(Outcome::Before(name, before));
            }
            (Ok((name, None)), Ok(finished), Ok(())) => {
                return Ok(Outcome::Written(name, Box::new(finished)));
            }
            (Ok(_), Ok(finished), Err(error)) => (error, Some(finished)),
            (Ok(_), Err(error), _) => (error, None),
            (Err(error), finished, _) => (error, finished.ok()),
        };
        if let Some(finished) = finished {
            finished.abort().await;
        }
        Err(error)
    }

    /// Names a file by its content, and tells whether it was committed before.
    async fn look(
        &self,
        file: &SourceFile,
        table: &Appender,
        stop: &Stop,
    ) -> Result<(DeliveryName, Option<Visible>), IngestError> {
        let (file, stopped) = (file.clone(), stop.flag());
        let digest = joined(spawn_blocking(move || file.digest(&stopped))).await??;
        let name = self.name(&digest);
        let before = was_committed(table, &name).await?;
        Ok((name, before))
    }

    fn report(&self, name: &DeliveryName, visible: Visible, taken: Taken, bytes_read: u64) -> IngestReport {
        let Taken { written, counts, found } = taken;
        IngestReport {
            rows_read: written.good + written.bad,
            rows_accepted: written.good,
            rows_quarantined: written.bad,
            bytes_read,
            version: visible.version,
            quarantine_version: visible.quarantine_version,
            already: visible.already,
            contract_changed: visible.contract_changed,
            reasons: counts.reasons,
            rows_late: counts.late,
            reconciled: counts.reconciled,
            truncated: found.is_cut,
            unknown_columns: found.drift.columns,
            unknown_names: found.drift.names,
            edges: lineage::edges(self.dataset, &name.in_lineage(self.format)),
        }
    }
}

#[cfg(test)]
mod tests;
