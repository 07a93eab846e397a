//! MAINTAIN: the files of a dataset's two tables are brought in order while others read and write them.
//!
//! ```text
//! open run -> permit (ingest, dataset) -> hold the upkeep -> for table and quarantine: compact, vacuum -> give it back, close the run
//! ```
//!
//! Whoever may bring rows into a dataset may keep its files in order: nothing is read out, and no key is used.
//!
//! INVARIANT: a file goes only when it was not needed since a moment before which no run that is open began. A run opens its
//! snapshots after it began, and writes its files after it began: none of either falls over, however long it takes.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Dataset;
use membrane_ingest::IngestError;
use membrane_lake::{CompactRules, Compacted, LakeError, Target, Vacuumed};
use membrane_ledger::DatasetVersion;
use membrane_model::{Action, DatasetName, RunId};
use membrane_policy::Permit;
use tokio::task::JoinHandle;

use super::run::{ActiveRun, RunHead, Work, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// For how long the upkeep is held; held anew while it goes on.
const HOLD: TimeDelta = TimeDelta::minutes(3);
const HOLD_AGAIN: Duration = Duration::from_secs(60);
/// For how long replays are kept out of a quarantine: longer than it takes, as for a replay.
const HOLD_REPLAY: TimeDelta = TimeDelta::minutes(30);
const HOLD_REPLAY_AGAIN: Duration = Duration::from_secs(600);
/// By how much the clocks of hub and storage may differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// What was done to the files of a dataset, or would be.
#[derive(Debug, Clone, Default)]
pub struct Maintained {
    /// To those of the table.
    pub table: MaintainedTable,
    /// To those of the quarantine.
    pub quarantine: MaintainedTable,
}

/// What was done to the files of one table, or would be.
#[derive(Debug, Clone, Default)]
pub struct MaintainedTable {
    /// How small files were put together.
    pub compacted: Compacted,
    /// Why they were not: a code.
    pub skipped: Option<&'static str>,
    /// What was removed.
    pub vacuumed: Vacuumed,
}

/// Brings the files of a dataset in order, or looks what there is to do.
///
/// # Errors
/// [`Failure`] when it is refused, another hub is at it, or the storage or the ledger cannot be used. What was done before stays.
pub async fn maintain(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
    dry_run: bool,
) -> Result<(RunId, Maintained), Failure> {
    let job = job("maintain", dataset, hub.catalog().dataset(dataset).is_some());
    let head = RunHead { action: Action::Ingest, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let maintained = Box::pin(act(&mut run, ctx, hub, dataset, dry_run)).await;
    finish(run, maintained).await
}

async fn act(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    name: &DatasetName,
    dry_run: bool,
) -> Result<Maintained, Error> {
    let permit = run.permit(hub, vec![name.clone()]).await?;
    let dataset = permit.dataset(name).ok_or(Error::Internal("the permit lacks its dataset"))?;
    let dataset = Arc::clone(dataset.dataset());
    let hold = Hold::take(hub, name, (run.id(), ctx.now())).await?;
    let whole = Whole { hub, permit: &permit, dataset: &dataset, now: ctx.now(), dry_run };
    let maintained = Box::pin(whole.both()).await;
    let done = maintained.is_ok() && !dry_run;
    hold.give_back(hub, done.then(|| ctx.now())).await?;
    let maintained = maintained?;
    let outputs = maintained.table.compacted.version;
    let outputs = outputs.map(|version| DatasetVersion { dataset: name.clone(), version });
    run.work = Work { outputs: outputs.into_iter().collect(), ..Work::default() };
    Ok(maintained)
}

struct Whole<'a> {
    hub: &'a Hub,
    permit: &'a Permit,
    dataset: &'a Arc<Dataset>,
    now: DateTime<Utc>,
    dry_run: bool,
}

impl Whole<'_> {
    async fn both(&self) -> Result<Maintained, Error> {
        let table = self.one(Target::Table, true).await?;
        // A replay that is under way counts the rows of the files that it saw.
        let replay = self.hold_replay().await?;
        let quarantine = Box::pin(self.quarantine(replay)).await;
        if replay {
            let (ledger, holder) = (self.hub.ledger(), self.holder());
            ledger.release_replay(&self.dataset.name, &holder).await.map_err(Error::Ledger)?;
        }
        Ok(Maintained { table, quarantine: quarantine? })
    }

    /// Puts the quarantine in order while replays are kept out; gives up when that is not sure any more.
    async fn quarantine(&self, holds: bool) -> Result<MaintainedTable, Error> {
        if !holds || self.dry_run {
            return self.one(Target::Quarantine, holds).await;
        }
        let mut work = Box::pin(self.one(Target::Quarantine, true));
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(HOLD_REPLAY_AGAIN) => {
                    // Whoever lost it must not commit: what was begun is given up, and its files go with the next vacuum.
                    if !self.take_replay().await? {
                        return Err(Error::Ingest(IngestError::ReplayHeld));
                    }
                }
            }
        }
    }

    async fn take_replay(&self) -> Result<bool, Error> {
        let (ledger, now) = (self.hub.ledger(), self.hub.clock().now());
        let held = ledger.hold_replay(&self.dataset.name, &self.holder(), now, now + HOLD_REPLAY).await;
        held.map_err(Error::Ledger)
    }

    fn holder(&self) -> String {
        self.permit.run_id().to_string()
    }

    /// Keeps replays out; not where one is at work, or was left half done.
    async fn hold_replay(&self) -> Result<bool, Error> {
        if self.dry_run {
            return Ok(true);
        }
        let (ledger, name) = (self.hub.ledger(), &self.dataset.name);
        if !self.take_replay().await? {
            return Ok(false);
        }
        if ledger.replay_plan(name).await.map_err(Error::Ledger)?.is_none() {
            return Ok(true);
        }
        ledger.release_replay(name, &self.holder()).await.map_err(Error::Ledger)?;
        Ok(false)
    }

    async fn one(&self, target: Target, compacts: bool) -> Result<MaintainedTable, Error> {
        let lake = self.hub.lake();
        let section = self.hub.maintenance();
        let rules = CompactRules {
            small_bytes: section.small_bytes,
            files_min: section.files_min,
            dry_run: self.dry_run,
        };
        let mut done = MaintainedTable::default();
        if compacts {
            match lake.compact(self.permit, self.dataset, target, rules).await {
                Ok(compacted) => done.compacted = compacted,
                // The contract is ahead of the table: what is not needed goes all the same.
                Err(LakeError::SchemaChanged { .. }) => done.skipped = Some("schema_changed"),
                Err(error) => return Err(Error::Ingest(error.into())),
            }
        } else {
            done.skipped = Some("replay_held");
        }
        let before = self.before().await?;
        let vacuumed = lake.vacuum(self.permit, self.dataset, target, (before, self.dry_run)).await;
        done.vacuumed = vacuumed.map_err(|error| Error::Ingest(error.into()))?;
        Ok(done)
    }

    /// Returns the moment since which a file must not have been needed, to go.
    async fn before(&self) -> Result<DateTime<Utc>, Error> {
        let keep = TimeDelta::hours(i64::from(self.hub.maintenance().keep_hours));
        let oldest = self.hub.ledger().oldest_open_run().await.map_err(Error::Ledger)?;
        let oldest = oldest.unwrap_or(self.now);
        let sub =
            |moment: DateTime<Utc>, span| moment.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
        Ok(sub(self.now, keep).min(sub(oldest, CLOCKS_DIFFER)))
    }
}

/// The upkeep of a dataset that this process does.
struct Hold {
    dataset: DatasetName,
    holder: String,
    again: JoinHandle<()>,
}

impl Hold {
    async fn take(
        hub: &Hub,
        dataset: &DatasetName,
        (run, now): (RunId, DateTime<Utc>),
    ) -> Result<Self, Error> {
        let holder = run.to_string();
        let held =
            hub.ledger().hold_upkeep(dataset, &holder, now, now + HOLD).await.map_err(Error::Ledger)?;
        if !held {
            return Err(Error::MaintenanceHeld { dataset: dataset.clone() });
        }
        let (ledger, clock) = (hub.ledger().clone(), Arc::clone(hub.clock()));
        let (kept, keeper) = (dataset.clone(), holder.clone());
        let again = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HOLD_AGAIN).await;
                let now = clock.now();
                // Were another hub at it as well, the commits of both would still be of whole files: see the lake.
                if let Err(error) = ledger.hold_upkeep(&kept, &keeper, now, now + HOLD).await {
                    tracing::warn!(dataset.name = %kept, %error, "the upkeep of `{kept}` could not be held for longer");
                }
            }
        });
        Ok(Self { dataset: dataset.clone(), holder, again })
    }

    async fn give_back(self, hub: &Hub, done: Option<DateTime<Utc>>) -> Result<(), Error> {
        self.again.abort();
        hub.ledger().release_upkeep(&self.dataset, &self.holder, done).await.map_err(Error::Ledger)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.again.abort();
    }
}
