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
//! A replay is held for a minute, and held anew for as long as its process lives. Whoever takes it over from one that was silent for
//! longer finds its plan, and bars the way first: a commit of the table raises `replay/DATASET/fence`, which the commit of the
//! silent one expects to be as it was. So that one was made before, and is ended; or it is never made.
//!
//! Rows that were duplicates stay set aside: within a replay they would be none. So do records that could not be read at all, and
//! rows whose subject's key is gone.

mod opened;
mod rows;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_lake::{Appender, Quarantine, Target};
use membrane_ledger::ReplayPlan;
use membrane_model::{Clock, LineageEdge, RunId, TableVersion};
use membrane_policy::Permit;
use tokio::task::JoinHandle;

use crate::pipeline::{self, Prepared};
use crate::{Format, IngestError, IngestParts, Progress, lineage};

use rows::{Bits, feed, without};

pub(crate) use opened::Openers;

/// For how long a replay is held; held anew while its process lives.
const HOLD: TimeDelta = TimeDelta::minutes(1);
const HOLD_AGAIN: Duration = Duration::from_secs(15);

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
    (of, clock): (Option<RunId>, &Arc<dyn Clock>),
    progress: &dyn Progress,
) -> Result<ReplayReport, IngestError> {
    let act = Act { hub, permit, dataset, holder: permit.run_id().to_string() };
    let now = clock.now();
    if !hub.ledger.hold_replay(&dataset.name, &act.holder, now, now + HOLD).await? {
        return Err(IngestError::ReplayHeld);
    }
    let kept = Kept::begin(&act, clock);
    let done = Box::pin(act.run((of, now), progress)).await;
    drop(kept);
    // A replay that is not given back is free when its time is over.
    hub.ledger.release_replay(&dataset.name, &act.holder).await?;
    done
}

/// Holds a replay anew until it is dropped.
struct Kept(JoinHandle<()>);

impl Kept {
    fn begin(act: &Act<'_>, clock: &Arc<dyn Clock>) -> Self {
        let (ledger, clock) = (act.hub.ledger.clone(), Arc::clone(clock));
        let (dataset, holder) = (act.dataset.name.clone(), act.holder.clone());
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(HOLD_AGAIN).await;
                let now = clock.now();
                // Whoever lost it writes no plan, and commits nothing: see the module.
                if let Err(error) = ledger.hold_replay(&dataset, &holder, now, now + HOLD).await {
                    tracing::warn!(dataset.name = %dataset, %error, "the replay of `{dataset}` could not be held for longer");
                }
            }
        }))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a replay that made its rows visible still has to do.
type Begun = Option<(Quarantine, ReplayPlan)>;

/// What a replay is about to make visible.
struct Ready {
    quarantine: Quarantine,
    table: Appender,
    plan: ReplayPlan,
}

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
        let (report, ready) = self.prepare(which, progress).await?;
        let (report, begun) = self.begin(report, ready).await?;
        if let Some((quarantine, plan)) = begun {
            self.rewrite(&quarantine, &plan).await?;
        }
        Ok(ReplayReport { settled, ..report })
    }

    /// Makes the rows that fit visible in the table. What is returned with the report is left to be done: they are in the
    /// quarantine still.
    async fn begin(
        &self,
        report: ReplayReport,
        ready: Option<Ready>,
    ) -> Result<(ReplayReport, Begun), IngestError> {
        let Some(Ready { quarantine, table, plan }) = ready else { return Ok((report, None)) };
        let table = self.announce(table, &plan).await?;
        let version = self.commit(table, &plan).await?;
        let edges = lineage::edges(self.dataset, &format!("quarantine version {}", plan.version.0));
        Ok((ReplayReport { version: Some(version), edges, ..report }, Some((quarantine, plan))))
    }

    /// Writes the rows that fit into files that nobody sees.
    async fn prepare(
        &self,
        (of, now): (Option<RunId>, DateTime<Utc>),
        progress: &dyn Progress,
    ) -> Result<(ReplayReport, Option<Ready>), IngestError> {
        let Some(quarantine) = self.hub.lake.quarantine(self.permit, &self.dataset.name).await? else {
            return Ok((ReplayReport::default(), None));
        };
        let openers = Openers::new(&self.hub.ledger, &self.hub.vault, self.dataset);
        let fed = Arc::new(Mutex::new(Fed::default()));
        let input = feed(&quarantine, openers, of.map(|run| run.to_string()), Arc::clone(&fed));
        let aside = Arc::new(Mutex::new(Vec::new()));
        let prepared = pipeline::prepare(
            self.hub,
            self.permit,
            self.dataset,
            (input, Format::Ndjson, now),
            Arc::clone(&aside),
        );
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
        Ok((report, Some(Ready { quarantine, table, plan })))
    }

    /// Ends what an earlier replay began. Tells whether there was something to end.
    async fn settle(&self) -> Result<bool, IngestError> {
        let Some(plan) = self.hub.ledger.replay_plan(&self.dataset.name).await? else { return Ok(false) };
        if self.committed().await? != Some(position(&plan)?) {
            self.bar().await?;
        }
        if self.committed().await? == Some(position(&plan)?) {
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

    fn fence_id(&self) -> String {
        format!("replay/{}/fence", self.dataset.name)
    }

    /// Returns the position of the last replay whose rows the table has.
    async fn committed(&self) -> Result<Option<i64>, IngestError> {
        let table = self.hub.lake.append(self.permit, self.dataset, Target::Table).await?;
        let committed = table.committed(&self.id()).await;
        table.abort().await;
        Ok(committed?)
    }

    /// Sees to it that no replay that was announced before now commits any more.
    async fn bar(&self) -> Result<(), IngestError> {
        let table = self.hub.lake.append(self.permit, self.dataset, Target::Table).await?;
        let fence = table.committed(&self.fence_id()).await?.unwrap_or_default();
        table.commit(&self.fence_id(), fence.saturating_add(1)).await?;
        Ok(())
    }

    /// Writes the plan down. The commit to come is made only while nobody bars its way.
    async fn announce(&self, mut table: Appender, plan: &ReplayPlan) -> Result<Appender, IngestError> {
        let ledger = &self.hub.ledger;
        let ready = async {
            ledger.require_open(&self.permit.run_id()).await?;
            let fence = table.committed(&self.fence_id()).await?;
            let is_held = ledger.set_replay_plan(&self.dataset.name, &self.holder, Some(plan)).await?;
            if is_held { Ok(fence) } else { Err(IngestError::ReplayHeld) }
        };
        match ready.await {
            Ok(fence) => {
                table.expect(&self.fence_id(), fence);
                // Named again, so that a commit which raises it meanwhile is a conflict.
                table.mark(&self.fence_id(), fence.unwrap_or_default());
                Ok(table)
            }
            Err(error) => {
                table.abort().await;
                Err(error)
            }
        }
    }

    /// Makes the rows visible.
    async fn commit(&self, table: Appender, plan: &ReplayPlan) -> Result<TableVersion, IngestError> {
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

/// Does the first half of a replay, as a process that is killed then: in between, something else happens.
#[cfg(test)]
pub(crate) async fn half(
    hub: &IngestParts,
    permit: &Permit,
    dataset: &Arc<Dataset>,
    now: DateTime<Utc>,
    silent: impl Future<Output = ()>,
) -> Result<ReplayReport, IngestError> {
    let act = Act { hub, permit, dataset, holder: permit.run_id().to_string() };
    assert!(hub.ledger.hold_replay(&dataset.name, &act.holder, now, now + HOLD).await?);
    let (report, ready) = act.prepare((None, now), &crate::Silent).await?;
    let Some(Ready { table, plan, .. }) = ready else { return Ok(report) };
    let table = act.announce(table, &plan).await?;
    silent.await;
    act.commit(table, &plan).await?;
    Ok(report)
}
