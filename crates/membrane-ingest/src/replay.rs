//! Takes rows that were set aside in again: those that fit the contract by now.
//!
//! ```text
//! quarantine, version v -> open -> decode -> check -> keys -> protect -> data files -> 2 commit of the table, position v
//!                     \-> 1 plan: which rows go                                    -> 3 commit of the quarantine without them
//! ```
//!
//! The plan is in the ledger before the table has the rows. A process that is killed between 2 and 3 leaves the plan and the position:
//! the next replay ends what it began, by the plan and not by what the contract says by then, so that no row is there twice and
//! none is lost. Rows that were set aside meanwhile stay.
//!
//! Rows that were duplicates stay set aside: within a replay they would be none. So do records that could not be read at all, and
//! rows whose subject's key is gone.

mod opened;
mod rows;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_lake::{Appender, Quarantine, Target};
use membrane_ledger::ReplayPlan;
use membrane_model::{LineageEdge, RunId, TableVersion};
use membrane_policy::Permit;

use crate::pipeline::{Prepared, prepare};
use crate::{Format, IngestError, IngestParts, Progress, lineage};

use rows::{Bits, feed, without};

pub(crate) use opened::Openers;

/// For how long a replay is held at most.
const HOLD: TimeDelta = TimeDelta::minutes(30);

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayReport {
    /// Rows that were tried.
    pub rows_tried: u64,
    /// Rows that are in the table now.
    pub rows_accepted: u64,
    /// Rows that were tried and still break the contract.
    pub rows_refused: u64,
    /// Rows that were not tried: duplicates, records that could not be read, those of other runs.
    pub rows_left: u64,
    /// The table's version with the rows in it; none when nothing was added.
    pub version: Option<TableVersion>,
    /// Whether an earlier replay was found half done, and was ended first.
    pub settled: bool,
    /// Where each column came from.
    pub edges: Vec<LineageEdge>,
}

/// Takes in what was set aside, of one run or of all, as far as it fits the contract now.
///
/// # Errors
/// [`IngestError::ReplayHeld`] while another one is at work, or another [`IngestError`]. No row is lost, and none is there twice.
pub async fn replay(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    (of, now): (Option<RunId>, DateTime<Utc>),
    progress: &dyn Progress,
) -> Result<ReplayReport, IngestError> {
    let act = Act { hub, permit, dataset, holder: permit.run_id().to_string() };
    if !hub.ledger.hold_replay(&dataset.name, &act.holder, now, now + HOLD).await? {
        return Err(IngestError::ReplayHeld);
    }
    let done = Box::pin(act.run((of, now), progress)).await;
    // A replay that is not given back is free when its time is over.
    hub.ledger.release_replay(&dataset.name, &act.holder).await?;
    done
}

/// What a replay that made its rows visible still has to do.
type Begun = Option<(Quarantine, ReplayPlan)>;

struct Act<'a> {
    hub: &'a IngestParts,
    permit: &'a Permit,
    dataset: &'a Arc<Dataset>,
    holder: String,
}

impl Act<'_> {
    async fn run(
        &self,
        which: (Option<RunId>, DateTime<Utc>),
        progress: &dyn Progress,
    ) -> Result<ReplayReport, IngestError> {
        let settled = self.settle().await?;
        let (report, begun) = self.begin(which, progress).await?;
        if let Some((quarantine, plan)) = begun {
            self.rewrite(&quarantine, &plan).await?;
        }
        Ok(ReplayReport { settled, ..report })
    }

    /// Makes the rows that fit visible in the table. What is returned with the report is left to be done: they are in the
    /// quarantine still.
    async fn begin(
        &self,
        (of, now): (Option<RunId>, DateTime<Utc>),
        progress: &dyn Progress,
    ) -> Result<(ReplayReport, Begun), IngestError> {
        let Some(quarantine) = self.hub.lake.quarantine(self.permit, &self.dataset.name).await? else {
            return Ok((ReplayReport::default(), None));
        };
        let openers = Openers::new(&self.hub.ledger, &self.hub.vault, self.dataset);
        let fed = Arc::new(Mutex::new(Fed::default()));
        let input = feed(&quarantine, openers, of.map(|run| run.to_string()), Arc::clone(&fed));
        let aside = Arc::new(Mutex::new(Vec::new()));
        let prepared =
            prepare(self.hub, self.permit, self.dataset, (input, Format::Ndjson, now), Arc::clone(&aside));
        let Prepared { table, quarantine: scratch, accepted } = prepared.await?.finish(progress).await?;
        // What does not fit lies there already.
        scratch.abort().await;
        let fed = std::mem::take(&mut *fed.lock().unwrap_or_else(PoisonError::into_inner));
        let refused = std::mem::take(&mut *aside.lock().unwrap_or_else(PoisonError::into_inner));
        let tried = fed.tried.count();
        let report = ReplayReport {
            rows_tried: tried,
            rows_accepted: accepted,
            rows_refused: u64::try_from(refused.len()).unwrap_or(u64::MAX),
            rows_left: fed.rows - tried,
            ..ReplayReport::default()
        };
        let taken = fed.tried.without_ranks(&refused);
        if accepted == 0 || taken.count() != accepted {
            table.abort().await;
            return if accepted == 0 { Ok((report, None)) } else { Err(IngestError::Broken) };
        }
        let plan = ReplayPlan {
            version: quarantine.version,
            files: quarantine.files().map(str::to_owned).collect(),
            taken: taken.into_bytes(),
        };
        let version = self.commit(table, &plan).await?;
        let edges = lineage::edges(self.dataset, &format!("quarantine version {}", plan.version.0));
        Ok((ReplayReport { version: Some(version), edges, ..report }, Some((quarantine, plan))))
    }

    /// Ends what an earlier replay began. Tells whether there was something to end.
    async fn settle(&self) -> Result<bool, IngestError> {
        let Some(plan) = self.hub.ledger.replay_plan(&self.dataset.name).await? else { return Ok(false) };
        let table = self.hub.lake.append(self.permit, self.dataset, Target::Table).await?;
        let committed = table.committed(&self.id()).await;
        table.abort().await;
        if committed? == Some(position(&plan)?) {
            let quarantine = self.hub.lake.quarantine(self.permit, &self.dataset.name).await?;
            let quarantine = quarantine.ok_or(IngestError::Broken)?;
            if let Some(quarantine) = quarantine.only(&plan.files) {
                self.rewrite(&quarantine, &plan).await?;
                return Ok(true);
            }
            // Where its files are gone, it was ended and only its plan is left; the quarantine says so itself. Otherwise rows of the table
            // lie there still, and must not be forgotten.
            let rest = self.hub.lake.append(self.permit, self.dataset, Target::Quarantine).await?;
            let ended = rest.committed(&self.id()).await;
            rest.abort().await;
            if ended? != Some(position(&plan)?) {
                return Err(IngestError::Broken);
            }
        }
        // Its rows never came to the table, or it is done.
        self.forget().await?;
        Ok(false)
    }

    fn id(&self) -> String {
        format!("replay/{}", self.dataset.name)
    }

    /// Writes the plan down and makes the rows visible.
    async fn commit(&self, table: Appender, plan: &ReplayPlan) -> Result<TableVersion, IngestError> {
        let ledger = &self.hub.ledger;
        let ready = async {
            ledger.require_open(&self.permit.run_id()).await?;
            ledger.set_replay_plan(&self.dataset.name, &self.holder, Some(plan)).await
        };
        match ready.await {
            Ok(true) => {}
            Ok(false) => {
                table.abort().await;
                return Err(IngestError::ReplayHeld);
            }
            Err(error) => {
                table.abort().await;
                return Err(error.into());
            }
        }
        let committed = self.hub.of_revision(table).commit(&self.id(), position(plan)?).await?;
        // Somebody else was at it with a plan of its own: theirs stands, and this one must not be carried out.
        if committed.already { Err(IngestError::ReplayHeld) } else { Ok(committed.version) }
    }

    /// Takes the rows of a plan out of the quarantine.
    async fn rewrite(&self, quarantine: &Quarantine, plan: &ReplayPlan) -> Result<(), IngestError> {
        let mut rest = self.hub.lake.append(self.permit, self.dataset, Target::Quarantine).await?;
        rest.replace_files(plan.files.iter().cloned());
        let mut batches = std::pin::pin!(without(quarantine.rows(), Bits::from_bytes(plan.taken.clone())));
        while let Some(batch) = batches.try_next().await? {
            rest.write(batch).await?;
        }
        rest.commit(&self.id(), position(plan)?).await?;
        self.forget().await
    }

    async fn forget(&self) -> Result<(), IngestError> {
        let forgotten = self.hub.ledger.set_replay_plan(&self.dataset.name, &self.holder, None).await?;
        if forgotten { Ok(()) } else { Err(IngestError::ReplayHeld) }
    }
}

fn position(plan: &ReplayPlan) -> Result<i64, IngestError> {
    i64::try_from(plan.version.0).map_err(|_| IngestError::Broken)
}

/// What was read of a quarantine.
#[derive(Default)]
struct Fed {
    /// Rows in all.
    rows: u64,
    /// Those that were tried, by their place among all.
    tried: Bits,
}

/// Does the first half of a replay, as a process that is killed then.
#[cfg(test)]
pub(crate) async fn half(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    now: DateTime<Utc>,
) -> Result<ReplayReport, IngestError> {
    let act = Act { hub, permit, dataset, holder: permit.run_id().to_string() };
    assert!(hub.ledger.hold_replay(&dataset.name, &act.holder, now, now + HOLD).await?);
    Ok(act.begin((None, now), &crate::Silent).await?.0)
}
