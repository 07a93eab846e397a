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

mod hold;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Dataset;
use membrane_lake::{CompactRules, Compacted, LakeError, Target, Vacuumed};
use membrane_ledger::DatasetVersion;
use membrane_model::{Action, DatasetName, RunId};
use membrane_policy::Permit;

use super::run::{ActiveRun, RunHead, Work, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

pub(super) use hold::{Hold, ReplayHold};

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
        if self.dry_run {
            return Ok(Maintained { table, quarantine: self.one(Target::Quarantine, true).await? });
        }
        // A replay that is under way counts the rows of the files that it saw.
        let replay = ReplayHold::take(self.hub, &self.dataset.name, self.permit.run_id()).await?;
        let quarantine = match replay {
            None => self.one(Target::Quarantine, false).await?,
            Some(replay) => {
                let quarantine = replay.during(self.one(Target::Quarantine, true)).await;
                replay.give_back().await?;
                quarantine?
            }
        };
        Ok(Maintained { table, quarantine })
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
        let before = unneeded_before(self.hub, self.now).await?;
        let vacuumed = lake.vacuum(self.permit, self.dataset, target, (before, self.dry_run)).await;
        done.vacuumed = vacuumed.map_err(|error| Error::Ingest(error.into()))?;
        Ok(done)
    }
}

/// Returns the moment since which a file must not have been needed, to go.
pub(super) async fn unneeded_before(hub: &Hub, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let keep = TimeDelta::hours(i64::from(hub.maintenance().keep_hours));
    let oldest = hub.ledger().oldest_open_run().await.map_err(Error::Ledger)?;
    let oldest = oldest.unwrap_or(now);
    let sub =
        |moment: DateTime<Utc>, span| moment.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC);
    Ok(sub(now, keep).min(sub(oldest, CLOCKS_DIFFER)))
}
