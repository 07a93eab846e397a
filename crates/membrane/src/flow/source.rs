//! SOURCE: what lies in a folder, or is new in a table, is taken in; and sources are listed, paused and let go on.
//!
//! ```text
//! look -> hold the source -> list the folder -> for each file that is not there yet: a run of INGEST
//!                         -> ask the table for rows after the last position: a run of INGEST
//!      -> write down what it came to, give the source back
//! ```
//!
//! A look is no act on data and opens no run; each delivery in it has its own. Hubs that share a ledger hold a source in turn;
//! were both at work on it all the same, names and positions in the table's log let each row in once.
//!
//! PRIVACY: files may be called after somebody. The ledger and the log have keyed hashes; names go to who asked at a terminal.

mod fault;
mod files;
mod table;
mod topic;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{OnFault, Reads, Source};
use membrane_ingest::Progress;
use membrane_ledger::{Behind, LedgerError, SourceLook, SourceState, SourceTotals};
use membrane_model::{Action, PrincipalId, PrincipalKind, RunId, SourceName};
use tokio::task::JoinHandle;

pub(crate) use topic::{TopicState, follow_topic, tell_of_topic};

use super::ingest::Ingested;
use super::run::{ActiveRun, RunHead, finish, job};
use crate::ctx::{Channel, RequestCtx};
use crate::error::{Error, Failure};
use crate::hub::Hub;

use fault::holds_up;

pub(crate) use fault::wait_held_up;

/// For how long a hub has the word: where a source stands is told by one at a time.
const WORD: TimeDelta = TimeDelta::seconds(30);
/// Over how long the rate of a source is told.
const LATELY_SECONDS: u32 = 600;
/// For how long a source is held; held anew while somebody is at work on it.
const HOLD: TimeDelta = TimeDelta::minutes(3);
const HOLD_AGAIN: Duration = Duration::from_secs(60);

/// What a look at a source came to.
#[derive(Debug, Default)]
pub struct Looked {
    /// What was taken in, in that order.
    pub taken: Vec<Taken>,
    /// What was found, and could not be taken in.
    pub failed: Vec<Failed>,
    /// Whether what failed holds up all of the source, which then is looked at again later: its storage, the ledger, what policy
    /// says. A file that fails keeps no other waiting.
    pub held_up: bool,
    /// Files that somebody may still be writing.
    pub young: u64,
    /// Files that were not tried: that failed before, or wait for their control totals.
    pub behind: Behind,
    /// Why the latest of those that failed before did: a code.
    pub fault_before: Option<String>,
    /// Whether the source waits now until somebody lets it go on.
    pub stopped: bool,
}

/// A delivery that was taken in.
#[derive(Debug)]
pub struct Taken {
    /// The path of its file below the folder; none of a table.
    pub file: Option<String>,
    /// What became of it.
    pub ingested: Ingested,
}

/// A delivery that could not be taken in.
#[derive(Debug)]
pub struct Failed {
    /// The path of its file below the folder; none of a table.
    pub file: Option<String>,
    /// Why, and in which run.
    pub failure: Failure,
    /// What it waits for now.
    pub waits: Waits,
}

/// What a delivery waits for that could not be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// That it is tried again, by itself.
    Again,
    /// That it changes, or somebody asks for another try.
    Left,
    /// The file that has its control totals.
    Control,
}

/// A source, and where it stands.
#[derive(Debug, Clone)]
pub struct SourceTold {
    /// What the catalog states.
    pub source: Arc<Source>,
    /// Where it stands, if it was ever looked at or paused.
    pub state: Option<SourceState>,
    /// What came of it so far, if anything did.
    pub totals: Option<SourceTotals>,
}

impl SourceTold {
    /// Returns how many rows were added each second, over the last ten minutes.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        let rows = self.totals.map_or(0, |totals| totals.rows_lately);
        f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / f64::from(LATELY_SECONDS)
    }
}

impl Looked {
    fn look(&self, at: DateTime<Utc>) -> SourceLook {
        let mut behind = self.behind;
        for failed in &self.failed {
            match failed.waits {
                Waits::Again => behind.later += 1,
                Waits::Left => behind.left += 1,
                Waits::Control => behind.missing += 1,
            }
        }
        let fault = self.failed.last().map(|failed| failed.failure.error.code().to_owned());
        SourceLook {
            at,
            waiting: self.young + behind.later + behind.left + behind.awaited + behind.missing,
            behind,
            fault: fault.or_else(|| self.fault_before.clone()),
            held_up: self.held_up,
            run: self.taken.last().map(|taken| taken.ingested.run),
        }
    }
}

/// Who asks for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Somebody, by hand: what failed before is tried again.
    ByHand,
    /// The hub, as it is time.
    OnTime,
}

/// Looks at a source, and takes in what is new.
///
/// # Errors
/// [`Failure`] when there is no such source, when it is paused, or held by another hub, or cannot be looked at. A delivery that
/// cannot be taken in is told in the answer.
pub async fn look_at_source(
    hub: &Hub,
    name: &SourceName,
    channel: Channel,
    asked: Asked,
    progress: &dyn Progress,
) -> Result<Looked, Failure> {
    let source = find(hub, name).map_err(Failure::without_run)?;
    if let Reads::Topic(_) | Reads::Webhook(_) = &source.reads {
        let what = if let Reads::Topic(_) = &source.reads {
            "a topic: a hub that serves follows it"
        } else {
            "a webhook: its service sends to a hub that serves"
        };
        let how = format!("source `{name}` is {what}, and nobody looks at it");
        return Err(Failure::without_run(Error::BadRequest(how)));
    }
    let ctx = ctx_of(hub, &source, channel).map_err(Failure::without_run)?;
    let hold = Hold::take(hub, &source, ctx.now()).await.map_err(Failure::without_run)?;
    let looked = match &source.reads {
        Reads::Files(files) => files::look(&ctx, hub, (&source, files), asked, progress).await,
        Reads::Table(table) => table::look(&ctx, hub, (&source, table), progress).await,
        Reads::Topic(_) | Reads::Webhook(_) => {
            Err(Failure::without_run(Error::Internal("nobody looks at it")))
        }
    };
    let (look, looked) = match looked {
        Ok(mut looked) => {
            let is_own = |failed: &Failed| !holds_up(&failed.failure.error);
            if source.on_fault == OnFault::Stop && looked.failed.iter().any(is_own) {
                let by = Some((ctx.now(), ctx.principal.clone()));
                let paused = hub.ledger().pause_source(name, by).await;
                paused.map_err(|error| Failure::without_run(Error::Ledger(error)))?;
                looked.stopped = true;
            }
            (looked.look(ctx.now()), Ok(looked))
        }
        Err(failure) => {
            let fault = Some(failure.error.code().to_owned());
            let look = SourceLook {
                at: ctx.now(),
                waiting: 0,
                behind: Behind::default(),
                fault,
                held_up: true,
                run: None,
            };
            (look, Err(failure))
        }
    };
    hold.give_back(hub, &look).await.map_err(Failure::without_run)?;
    looked
}

/// Lists the sources, and where they stand.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn list_sources(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, Vec<SourceTold>), Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job: "sources".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let listed = list(&mut run, hub).await;
    finish(run, listed).await
}

async fn list(run: &mut ActiveRun, hub: &Hub) -> Result<Vec<SourceTold>, Error> {
    run.permit(hub, Vec::new()).await?;
    sources_told(hub).await
}

/// Writes down where a source stands that nobody looks at, as it comes by itself. Tells whether this process had the word.
///
/// # Errors
/// [`LedgerError`].
pub(super) async fn tell_look(
    hub: &Hub,
    source: &SourceName,
    holder: &str,
    look: &SourceLook,
) -> Result<bool, LedgerError> {
    let has_word = hub.ledger().hold_source(source, holder, look.at, look.at + WORD).await?;
    if has_word {
        hub.ledger().note_look(source, holder, look).await?;
    }
    Ok(has_word)
}

/// Tells where each source stands. Whoever asks may audit.
pub(super) async fn sources_told(hub: &Hub) -> Result<Vec<SourceTold>, Error> {
    let since = hub.clock().now() - TimeDelta::seconds(i64::from(LATELY_SECONDS));
    let states = hub.ledger().source_states().await.map_err(Error::Ledger)?;
    let totals = hub.ledger().source_totals(since).await.map_err(Error::Ledger)?;
    let told = |source: &Arc<Source>| SourceTold {
        source: Arc::clone(source),
        state: states.iter().find(|state| state.source == source.name).cloned(),
        totals: totals.get(&source.name).copied(),
    };
    Ok(hub.catalog().sources().map(told).collect())
}

/// Pauses a source, or lets it go on: then what failed is tried again. Tells whether that changed anything.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be used.
pub async fn pause_source(
    ctx: &RequestCtx,
    hub: &Hub,
    name: &SourceName,
    pause: bool,
) -> Result<(RunId, bool), Failure> {
    let verb = if pause { "pause source" } else { "resume source" };
    let job = job(verb, name, hub.catalog().source(name).is_some());
    let head = RunHead { action: Action::Administer, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let done = set_pause(&mut run, ctx, hub, name, pause).await;
    finish(run, done).await
}

async fn set_pause(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    name: &SourceName,
    pause: bool,
) -> Result<bool, Error> {
    run.permit(hub, Vec::new()).await?;
    find(hub, name)?;
    let state = hub.ledger().source_state(name).await.map_err(Error::Ledger)?;
    let is_paused = state.is_some_and(|state| state.paused.is_some());
    let by = pause.then(|| (ctx.now(), ctx.principal.clone()));
    if !(pause && is_paused) {
        hub.ledger().pause_source(name, by).await.map_err(Error::Ledger)?;
    }
    Ok(is_paused != pause)
}

fn find(hub: &Hub, name: &SourceName) -> Result<Arc<Source>, Error> {
    hub.catalog().source(name).cloned().ok_or_else(|| Error::UnknownSource { name: name.clone() })
}

/// Makes the context in which a source acts: in its principal's name.
pub(super) fn ctx_of(hub: &Hub, source: &Source, channel: Channel) -> Result<RequestCtx, Error> {
    let principal: Option<PrincipalId> =
        source.principal.clone().or_else(|| hub.principal_of(PrincipalKind::Service));
    let principal = principal.ok_or_else(|| {
        Error::BadRequest("principals.json has no service: name one as the source's `principal`".to_owned())
    })?;
    Ok(hub.ctx(principal, channel))
}

/// A source that this process is at work on.
struct Hold {
    source: SourceName,
    holder: String,
    again: JoinHandle<()>,
}

impl Hold {
    async fn take(hub: &Hub, source: &Source, now: DateTime<Utc>) -> Result<Self, Error> {
        let name = source.name.clone();
        if let Some(state) = hub.ledger().source_state(&name).await.map_err(Error::Ledger)?
            && let Some((_, by)) = state.paused
        {
            return Err(Error::SourcePaused { name, by });
        }
        let holder = RunId::new(now).to_string();
        let held = hub.ledger().hold_source(&name, &holder, now, now + HOLD).await.map_err(Error::Ledger)?;
        if !held {
            return Err(Error::SourceHeld { name });
        }
        let (ledger, clock) = (hub.ledger().clone(), Arc::clone(hub.clock()));
        let (kept, keeper) = (name.clone(), holder.clone());
        let again = tokio::spawn(async move {
            loop {
                tokio::time::sleep(HOLD_AGAIN).await;
                let now = clock.now();
                // A source that is not held any more is no harm: see the module.
                if let Err(error) = ledger.hold_source(&kept, &keeper, now, now + HOLD).await {
                    tracing::warn!(source.name = %kept, %error, "source `{kept}` could not be held for longer");
                }
            }
        });
        Ok(Self { source: name, holder, again })
    }

    async fn give_back(self, hub: &Hub, look: &SourceLook) -> Result<(), Error> {
        self.again.abort();
        hub.ledger().note_look(&self.source, &self.holder, look).await.map_err(Error::Ledger)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.again.abort();
    }
}
