//! RETAIN: rows whose time is over go from a dataset's table and its quarantine, by the rule of its contract.
//!
//! ```text
//! open run -> permit (ingest, dataset) -> hold the upkeep -> for table and quarantine: retain, vacuum, look what remains
//!   -> give it back, close the run: its statement has the cut-off, its counts the rows that went, its outputs the version
//! ```
//!
//! INVARIANT: rows that went are on record however the run ends: each commit is said as soon as it is made, and put into the record before
//! anything else is tried. A run after which rows stay that the contract does not keep, as a table does not fit it, is no complete one.
//!
//! Whoever may bring rows into a dataset may have its rule carried out: which rows go is said by the contract, which whoever may administer
//! published, and by the clock. PRIVACY: nobody states a moment of their own, as the count of rows of before it would tell of them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_catalog::{Dataset, RetentionRules};
use membrane_lake::{LakeError, Remains, Retained, Target, Vacuumed};
use membrane_ledger::DatasetVersion;
use membrane_model::{Action, DatasetName, RunId};
use membrane_policy::Permit;

use super::maintain::{Hold, ReplayHold, unneeded_before};
use super::run::{ActiveRun, RunHead, Work, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Of which dataset rows are to go.
#[derive(Debug, Clone)]
pub struct RetainRequest {
    /// The dataset.
    pub dataset: DatasetName,
    /// Whether it is only looked which rows would go.
    pub dry_run: bool,
    /// Whether it is looked afterwards what there still is of such rows: every file is read for that.
    pub scans: bool,
}

/// What went of a dataset, or would go.
#[derive(Debug, Clone, Default)]
pub struct RetainedRows {
    /// The rule; without one nothing goes.
    pub rule: Option<RetentionRules>,
    /// The moment before which rows are past.
    pub cut_off: Option<DateTime<Utc>>,
    /// Of its table.
    pub table: RetainedTable,
    /// Of its quarantine, by when rows were set aside.
    pub quarantine: RetainedTable,
}

/// What went of one table, or would go.
#[derive(Debug, Clone, Default)]
pub struct RetainedTable {
    /// The rows.
    pub retained: Retained,
    /// Why none went, or not all: a code.
    pub skipped: Option<&'static str>,
    /// Files that nobody needs any more, and that were removed.
    pub vacuumed: Vacuumed,
    /// What there still is of such rows, where that was looked at.
    pub remains: Option<Remains>,
    /// From when on no file has any of them, if a hub keeps files in order until then.
    pub held_until: Option<DateTime<Utc>>,
}

impl RetainedRows {
    /// Returns how many rows there still are that are past, where that was looked at.
    #[must_use]
    pub fn rows_left(&self) -> u64 {
        let left = |table: &RetainedTable| table.remains.map_or(0, |remains| remains.rows);
        left(&self.table).saturating_add(left(&self.quarantine))
    }

    /// Returns why rows were left that are past, or may have been: a code.
    #[must_use]
    pub fn left_because(&self) -> Option<&'static str> {
        self.table.left_because().or_else(|| self.quarantine.left_because())
    }
}

impl RetainedTable {
    /// Returns why rows were left that are past, or may have been: a code.
    #[must_use]
    pub fn left_because(&self) -> Option<&'static str> {
        self.skipped.or(self.retained.overtaken.then_some("in_the_way"))
    }
}

/// Lets the rows of a dataset go that its contract does not keep any longer, or looks which those are. Where a table does not fit the contract,
/// what else could be done is told, and the run is closed as failed.
///
/// # Errors
/// [`Failure`] when it is refused, another process is at the files of the dataset, or the storage or the ledger cannot be used. What was
/// done before stays, and is on record.
pub async fn retain(
    ctx: &RequestCtx,
    hub: &Hub,
    request: RetainRequest,
) -> Result<(RunId, RetainedRows), Failure> {
    // A day may begin meanwhile.
    let now = ctx.now();
    let known = hub.catalog().dataset(&request.dataset);
    let job = job("retain", &request.dataset, known.is_some());
    let statement = known.and_then(|dataset| told(dataset, now, request.dry_run));
    let head = RunHead { action: Action::Ingest, purpose: None, job, statement };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let id = run.id();
    let mut done = RetainedRows::default();
    let acted = Box::pin(act(&mut run, hub, &request, now, &mut done)).await;
    if let Some(rows) = run.work.rows_out.filter(|rows| *rows > 0) {
        let name = &request.dataset;
        tracing::info!(
            dataset.name = %name, run.id = %id, rows, "removed {rows} rows of `{name}` whose time is over"
        );
    }
    match acted {
        Ok(None) => finish(run, Ok(done)).await,
        Ok(Some(misfit)) => {
            // Whoever asked sees by the codes of the tables what was left; the record says that it failed.
            drop(run.fail(misfit).await);
            Ok((id, done))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

/// Says for the record which rows go: its one literal is the cut-off, which follows from the contract and the day.
fn told(dataset: &Dataset, now: DateTime<Utc>, dry_run: bool) -> Option<String> {
    let (cut_off, column) = (dataset.cut_off(now)?, dataset.event_time.as_ref()?);
    let verb = if dry_run { "SELECT count(*)" } else { "DELETE" };
    let moment = cut_off.to_rfc3339_opts(SecondsFormat::Secs, true);
    Some(format!("{verb} FROM {} WHERE {column} < TIMESTAMP '{moment}'", dataset.name))
}

/// Says in `done` what went, and returns what a table does not fit by, if one does not.
async fn act(
    run: &mut ActiveRun,
    hub: &Hub,
    request: &RetainRequest,
    now: DateTime<Utc>,
    done: &mut RetainedRows,
) -> Result<Option<Error>, Error> {
    let name = &request.dataset;
    let permit = run.permit(hub, vec![name.clone()]).await?;
    let dataset = permit.dataset(name).ok_or(Error::Internal("the permit lacks its dataset"))?.dataset();
    (done.rule, done.cut_off) = (dataset.retention.clone(), dataset.cut_off(now));
    if done.rule.is_none() {
        return Ok(None);
    }
    let hold = Hold::take(hub, name, (run.id(), now)).await?;
    let whole = Whole { hub, permit: &permit, request, now };
    let both = Box::pin(whole.both(done)).await;
    if !request.dry_run {
        run.work = work_of(name, done);
    }
    let given = hold.give_back(hub, None).await;
    let misfit = both?;
    given.map(|()| misfit)
}

/// Says for the record what went.
fn work_of(name: &DatasetName, done: &RetainedRows) -> Work {
    let (table, quarantine) = (&done.table.retained, &done.quarantine.retained);
    // Versions are those of the table: where rows went from the quarantine alone, it is the one at which the table stood.
    let version = table.version.or(quarantine.version.and(table.stands));
    Work {
        rows_out: Some(table.rows.saturating_add(quarantine.rows)),
        outputs: version
            .map(|version| DatasetVersion { dataset: name.clone(), version })
            .into_iter()
            .collect(),
        ..Work::default()
    }
}

struct Whole<'a> {
    hub: &'a Hub,
    permit: &'a Permit,
    request: &'a RetainRequest,
    now: DateTime<Utc>,
}

impl Whole<'_> {
    async fn both(&self, done: &mut RetainedRows) -> Result<Option<Error>, Error> {
        let misfit = self.one(Target::Table, true, &mut done.table).await?;
        if self.request.dry_run {
            let other = self.one(Target::Quarantine, true, &mut done.quarantine).await?;
            return Ok(misfit.or(other));
        }
        // A replay that is under way counts the rows of the files that it saw.
        let replay = ReplayHold::take(self.hub, &self.request.dataset, self.permit.run_id()).await?;
        let other = match replay {
            None => self.one(Target::Quarantine, false, &mut done.quarantine).await?,
            Some(replay) => {
                let one = self.one(Target::Quarantine, true, &mut done.quarantine);
                let other = replay.during(one).await;
                replay.give_back().await?;
                other?
            }
        };
        Ok(misfit.or(other))
    }

    async fn one(
        &self,
        target: Target,
        may_go: bool,
        done: &mut RetainedTable,
    ) -> Result<Option<Error>, Error> {
        let (lake, permit, name) = (self.hub.lake(), self.permit, &self.request.dataset);
        let failed = |error: LakeError| Error::Ingest(error.into());
        let mut misfit = None;
        if may_go {
            let moment = (self.now, self.request.dry_run);
            match lake.retain(permit, name, target, moment, &mut done.retained).await {
                Ok(()) => {}
                // The contract is ahead of the table: what remains is told.
                Err(error @ LakeError::SchemaChanged { .. }) => {
                    done.skipped = Some("schema_changed");
                    misfit = Some(failed(error));
                }
                Err(error) => return Err(failed(error)),
            }
        } else {
            done.skipped = Some("replay_held");
        }
        if !self.request.dry_run {
            let dataset = permit.dataset(name).ok_or(Error::Internal("the permit lacks its dataset"))?;
            let before = unneeded_before(self.hub, self.now).await?;
            let vacuumed = lake.vacuum(permit, dataset.dataset(), target, (before, false)).await;
            done.vacuumed = vacuumed.map_err(failed)?;
        }
        if self.request.scans {
            let remains = lake.remains(permit, name, target, self.now).await.map_err(failed)?;
            let keep = TimeDelta::hours(i64::from(self.hub.maintenance().keep_hours));
            done.held_until = remains.held.since.and_then(|since| since.checked_add_signed(keep));
            done.remains = Some(remains);
        }
        Ok(misfit)
    }
}
