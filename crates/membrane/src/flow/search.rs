//! Who did what, and why they were allowed: runs by what they were about, and the newest entries of the log as they come.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use membrane_ledger::{RunRecord, RunSearch, RunStatus};
use membrane_model::{Action, RevealLevel, RunId};

use super::run::{ActiveRun, RunHead, finish, knows};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Runs that one search finds at most.
pub const FOUND_MAX: u32 = 10_000;
/// Runs that are read at once.
const PAGE: u32 = 500;
/// Entries that are looked at for the newest ones, before they are searched for.
const LOOKED_BACK_MAX: u64 = 10_000;
/// Entries that are looked at first, and at once at most.
const STRETCH_FIRST: u64 = 64;
const STRETCH_MAX: u64 = 1_000;
/// How often it is looked for what came.
const POLL: Duration = Duration::from_secs(1);
/// How long one run of following lasts: files that an open run may need are kept.
const RUN_LASTS: TimeDelta = TimeDelta::minutes(10);

/// What was found.
#[derive(Debug, Clone)]
pub struct FoundRuns {
    /// The runs, the newest first.
    pub runs: Vec<RunRecord>,
    /// Whether there are more.
    pub has_more: bool,
}

/// What is shown of the end of the log.
#[derive(Debug, Clone)]
pub struct TailRequest {
    /// Which runs.
    pub search: RunSearch,
    /// How many of the newest that are there.
    pub newest: u32,
    /// Whether those that come are shown as well.
    pub follow: bool,
}

/// Finds runs, the newest first. The run in which it is looked is left out.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn search_runs(
    ctx: &RequestCtx,
    hub: &Hub,
    search: &RunSearch,
    limit: u32,
) -> Result<(RunId, FoundRuns), Failure> {
    let mut run = open(ctx, hub, "search runs", search).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => find(hub, search, limit.min(FOUND_MAX), run.id()).await,
        Err(error) => Err(error),
    };
    finish(run, found).await
}

async fn find(hub: &Hub, search: &RunSearch, limit: u32, own: RunId) -> Result<FoundRuns, Error> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut runs, mut before): (Vec<RunRecord>, Option<RunId>) = (Vec::new(), None);
    // One more than is shown says whether there are more; the one in which it is looked may be among them.
    let size = limit.saturating_add(2).min(PAGE);
    while runs.len() <= most {
        let page = hub.ledger().search_runs(search, before, size).await.map_err(Error::Ledger)?;
        let Some(last) = page.last() else { break };
        before = Some(last.run);
        runs.extend(page.into_iter().filter(|run| run.run != own));
    }
    let has_more = runs.len() > most;
    runs.truncate(most);
    Ok(FoundRuns { runs, has_more })
}

/// Shows the newest entries of the log, the oldest of them first, and those that come, until it is told to stop or `each` says that nobody listens any
/// more. It takes a run of at most ten minutes after the other: none stays open for as long as somebody looks.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn tail_entries(
    ctx: &RequestCtx,
    hub: &Hub,
    request: &TailRequest,
    stop: impl Future<Output = ()>,
    mut each: impl FnMut(&[RunRecord]) -> bool,
) -> Result<RunId, Failure> {
    let mut stop = std::pin::pin!(stop);
    let mut next = None;
    loop {
        let begun = ctx.now();
        let mut run = open(ctx, hub, "follow log", &request.search).await?;
        let followed = match run.permit(hub, Vec::new()).await {
            Ok(_) => follow(ctx, hub, (request, begun), &mut next, (stop.as_mut(), &mut each)).await,
            Err(error) => Err(error),
        };
        let (id, goes_on) = finish(run, followed).await?;
        if !goes_on {
            return Ok(id);
        }
    }
}

/// Shows what is new until it is told to stop, or the time of one run is over; says whether to go on.
async fn follow(
    ctx: &RequestCtx,
    hub: &Hub,
    (request, begun): (&TailRequest, DateTime<Utc>),
    next: &mut Option<u64>,
    (mut stop, each): (std::pin::Pin<&mut impl Future<Output = ()>>, &mut impl FnMut(&[RunRecord]) -> bool),
) -> Result<bool, Error> {
    let size = || async { hub.ledger().log_head().await.map(|head| head.size).map_err(Error::Ledger) };
    let mut at = match *next {
        Some(at) => at,
        None => {
            let end = size().await?;
            if !each(&newest(hub, request, end).await?) {
                return Ok(false);
            }
            end
        }
    };
    *next = Some(at);
    if !request.follow {
        return Ok(false);
    }
    loop {
        let end = size().await?;
        while at < end {
            let (found, looked) =
                hub.ledger().search_entries(&request.search, at, end).await.map_err(Error::Ledger)?;
            at = looked;
            *next = Some(at);
            if !found.is_empty() && !each(&found) {
                return Ok(false);
            }
        }
        if ctx.now() - begun >= RUN_LASTS {
            return Ok(true);
        }
        tokio::select! {
            biased;
            () = stop.as_mut() => return Ok(false),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Returns the newest entries before a leaf, in the order of the log: by a look at the last of them, and where that finds too few by a search.
async fn newest(hub: &Hub, request: &TailRequest, end: u64) -> Result<Vec<RunRecord>, Error> {
    let most = usize::try_from(request.newest.min(FOUND_MAX)).unwrap_or(usize::MAX);
    let (mut found, mut first, mut stretch) = (Vec::new(), end, STRETCH_FIRST);
    while found.len() < most && first > 0 && end - first < LOOKED_BACK_MAX {
        let from = first.saturating_sub(stretch);
        let (mut more, _) =
            hub.ledger().search_entries(&request.search, from, first).await.map_err(Error::Ledger)?;
        more.append(&mut found);
        (found, first, stretch) = (more, from, STRETCH_MAX);
    }
    if found.len() < most && first > 0 {
        let mut before = None;
        while found.len() < most {
            let page =
                hub.ledger().search_runs(&request.search, before, PAGE).await.map_err(Error::Ledger)?;
            let Some(last) = page.last() else { break };
            before = Some(last.run);
            found.extend(page.into_iter().filter(|run| run.leaf_index.is_some_and(|leaf| leaf < first)));
        }
        found.sort_by_key(|run| run.leaf_index);
    }
    let excess = found.len().saturating_sub(most);
    found.drain(..excess);
    Ok(found)
}

async fn open(ctx: &RequestCtx, hub: &Hub, verb: &str, search: &RunSearch) -> Result<ActiveRun, Failure> {
    let job = job(hub, verb, search);
    ActiveRun::open(ctx, hub, RunHead { action: Action::Audit, purpose: None, job, statement: None }).await
}

/// Says on record what was looked for.
///
/// PRIVACY: a name that nobody knows may be anything that someone typed; of it is said that there was one.
pub(super) fn job(hub: &Hub, verb: &str, search: &RunSearch) -> String {
    let mut words = vec![verb.to_owned()];
    let mut add = |key: &str, value: Option<&dyn Display>, known: bool| {
        words.extend(value.map(|value| if known { format!("{key}={value}") } else { format!("{key}=?") }));
    };
    let principal = search.principal.as_ref();
    add(
        "principal",
        principal.map(|name| name as &dyn Display),
        principal.is_some_and(|name| hub.policies().knows(name)),
    );
    let dataset = search.dataset.as_ref();
    add(
        "dataset",
        dataset.map(|name| name as &dyn Display),
        dataset.is_some_and(|name| knows(hub, name.as_str())),
    );
    let column = search.column.as_ref();
    add(
        "column",
        column.map(|name| name as &dyn Display),
        column.is_some_and(|name| knows(hub, name.as_str())),
    );
    let purpose = search.purpose.as_ref();
    add(
        "purpose",
        purpose.map(|name| name as &dyn Display),
        purpose.is_some_and(|name| hub.catalog().has_purpose(name)),
    );
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    for (key, word) in [
        ("action", search.action.map(|action| action.as_str().to_owned())),
        ("level", search.level.map(|level| RevealLevel::as_str(level).to_owned())),
        ("status", search.status.map(|status| RunStatus::as_str(status).to_owned())),
        ("since", time(search.since)),
        ("until", time(search.until)),
    ] {
        add(key, word.as_ref().map(|word| word as &dyn Display), true);
    }
    words.join(" ")
}
