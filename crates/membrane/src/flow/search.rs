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
/// Entries that are looked at first, and at once at most.
const STRETCH_FIRST: u64 = 64;
const STRETCH_MAX: u64 = 1_000;
/// How often it is looked for what came.
const POLL: Duration = Duration::from_secs(1);
/// How long one run of following lasts: files that an open run may need are kept.
const RUN_LASTS: TimeDelta = TimeDelta::minutes(10);

/// How far it is looked for the newest entries by one way, before it is by the next.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// Entries that are looked at one after the other.
    leaves: u64,
    /// Pages of runs that are found by index, and the empty one after them. Where there are more, so many runs are what is looked for that a look at one
    /// entry after the other finds enough before long.
    pages: usize,
}

const EFFORT: Effort = Effort { leaves: 10_000, pages: 5 };

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
            if !each(&newest(hub, request, end, EFFORT).await?) {
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

/// Returns the newest entries before a leaf, in the order of the log: by a look at the last of them, where that finds too few by index, and where there
/// are many before by a look at the others. A run that began long ago may be among the newest: what is found by when it began is looked through to
/// the last.
async fn newest(hub: &Hub, request: &TailRequest, end: u64, effort: Effort) -> Result<Vec<RunRecord>, Error> {
    let (search, most) =
        (&request.search, usize::try_from(request.newest.min(FOUND_MAX)).unwrap_or(usize::MAX));
    let mut found = Vec::new();
    let down_to = end.saturating_sub(effort.leaves);
    let first = look_back(hub, search, &mut found, (end, down_to), most).await?;
    if found.len() < most && first > 0 {
        match all_before(hub, search, first, effort.pages).await? {
            Some(mut earlier) => {
                earlier.append(&mut found);
                found = earlier;
            }
            None => {
                look_back(hub, search, &mut found, (first, 0), most).await?;
            }
        }
    }
    let excess = found.len().saturating_sub(most);
    found.drain(..excess);
    Ok(found)
}

/// Looks back from one leaf to another until enough is found, and puts it before what was; returns down to which leaf it looked.
async fn look_back(
    hub: &Hub,
    search: &RunSearch,
    found: &mut Vec<RunRecord>,
    (mut first, down_to): (u64, u64),
    most: usize,
) -> Result<u64, Error> {
    let mut stretch = STRETCH_FIRST;
    while found.len() < most && first > down_to {
        let from = first.saturating_sub(stretch).max(down_to);
        let (mut more, _) = hub.ledger().search_entries(search, from, first).await.map_err(Error::Ledger)?;
        more.append(found);
        *found = more;
        (first, stretch) = (from, STRETCH_MAX);
    }
    Ok(first)
}

/// Returns all runs whose leaves come before one, in the order of the log; nothing where there are more than so many pages of them.
async fn all_before(
    hub: &Hub,
    search: &RunSearch,
    first: u64,
    pages: usize,
) -> Result<Option<Vec<RunRecord>>, Error> {
    let (mut all, mut before): (Vec<RunRecord>, Option<RunId>) = (Vec::new(), None);
    for _ in 0..pages {
        let page = hub.ledger().search_runs(search, before, PAGE).await.map_err(Error::Ledger)?;
        let Some(last) = page.last() else {
            all.sort_by_key(|run| run.leaf_index);
            return Ok(Some(all));
        };
        before = Some(last.run);
        all.extend(page.into_iter().filter(|run| run.leaf_index.is_some_and(|leaf| leaf < first)));
    }
    Ok(None)
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

#[cfg(test)]
mod tests;
