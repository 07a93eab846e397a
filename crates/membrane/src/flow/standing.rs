//! STANDING: releases that the catalog states once and that are made for each period, with no one asking.
//!
//! An edition is a release like any other, by its partner's permit and out of its partner's budgets, under a name of its own:
//! that of the file, of the period and of what the file says. It is paid for once. What a hub that died had reserved for it
//! is taken up, not charged again: its answer never left, as answers are stored before they leave. Editions that count on are
//! made in their order: whoever asks for one has those before it made first.

mod check;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Continual, Edition, Every, Fault, StandingRelease};
use membrane_model::{Action, Channel, Price, PrincipalKind, ReleaseName, RunId};
use membrane_privacy::Counter;
use membrane_query::{CounterOptions, EditionKey};

pub(super) use self::check::{SOME_MOMENT_SECONDS, check_releases};
pub(crate) use self::check::{release_refused, standing_lineage};
use super::release::{ReleaseRequest, Released, release};
use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Editions before the one that is asked for that are made with it, where editions count on; whoever is told that the hub is
/// busy asks again for the rest.
const MADE_MAX: usize = 400;
/// Editions of one release that a listing tells of.
const LISTED: usize = 12;

/// A standing release, and its last editions.
#[derive(Debug, Clone)]
pub struct StandingTold {
    /// What the catalog states.
    pub release: std::sync::Arc<StandingRelease>,
    /// When the next edition is due.
    pub next: Option<DateTime<Utc>>,
    /// The last editions, the latest first.
    pub editions: Vec<EditionTold>,
}

/// The standing releases that one may see.
#[derive(Debug, Clone)]
pub struct StandingList {
    /// One after the other, by name.
    pub releases: Vec<StandingTold>,
    /// What is wrong with others, which are not made; for whoever may audit.
    pub faults: Vec<Fault>,
}

/// One edition.
#[derive(Debug, Clone)]
pub struct EditionTold {
    /// Which.
    pub edition: Edition,
    /// The run in which it was made, and when it was stored; none while it was not.
    pub made: Option<(RunId, DateTime<Utc>)>,
}

/// Makes an edition of a standing release, or gives it again if it was made: the last one that is due, when none is named.
/// Whoever asks is the release's partner.
///
/// # Errors
/// [`Failure`] when there is no such release of this partner, when the edition is not due, or as [`release()`].
pub async fn run_edition(
    ctx: &RequestCtx,
    hub: &Hub,
    name: &ReleaseName,
    edition: Option<Edition>,
) -> Result<(Edition, Released), Failure> {
    run_edition_after(ctx, hub, name, edition, &|_| {}).await
}

/// An edition that was made since another one counts on from it.
#[derive(Debug, Clone, Copy)]
pub struct MadeBefore {
    /// Which.
    pub edition: Edition,
    /// How many were made so far, with this one.
    pub made: usize,
    /// How many there are to make before the one that is asked for.
    pub of: usize,
}

/// Does what [`run_edition`] does, and tells of each edition that is made before.
///
/// # Errors
/// As [`run_edition`].
pub async fn run_edition_after(
    ctx: &RequestCtx,
    hub: &Hub,
    name: &ReleaseName,
    edition: Option<Edition>,
    told: &(dyn Fn(MadeBefore) + Sync),
) -> Result<(Edition, Released), Failure> {
    let standing = own(ctx, hub, name).map_err(Failure::without_run)?;
    let edition = due(&standing, edition, ctx.now()).map_err(Failure::without_run)?;
    let missing = missing(hub, &standing, &edition).await.map_err(Failure::without_run)?;
    let mut charged = Price::default();
    for (place, earlier) in missing.iter().take(MADE_MAX).enumerate() {
        let made = Box::pin(release(ctx, hub, request(&standing, earlier))).await?;
        told(MadeBefore { edition: *earlier, made: place + 1, of: missing.len() });
        charged = charged.checked_add(made.charged).map_err(|error| Failure::without_run(error.into()))?;
    }
    if missing.len() > MADE_MAX {
        return Err(Failure::without_run(Error::Busy));
    }
    let mut released = Box::pin(release(ctx, hub, request(&standing, &edition))).await?;
    // The first of them paid for all.
    released.charged =
        released.charged.checked_add(charged).map_err(|error| Failure::without_run(error.into()))?;
    Ok((edition, released))
}

/// Lists the standing releases of a partner, or all of them for whoever may audit.
///
/// # Errors
/// [`Failure`] when it is refused or the ledger cannot be read.
pub async fn list_standing(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, StandingList), Failure> {
    let is_partner = ctx.principal.kind() == PrincipalKind::Partner;
    let (action, purpose) = if is_partner {
        let purpose = hub.privacy().purpose.parse();
        (Action::Release, Some(purpose.map_err(|error| Failure::without_run(Error::Name(error)))?))
    } else {
        (Action::Audit, None)
    };
    let head = RunHead { action, purpose, job: "standing releases".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let listed = list(&mut run, ctx, hub, is_partner).await;
    finish(run, listed).await
}

async fn list(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    is_partner: bool,
) -> Result<StandingList, Error> {
    if is_partner {
        run.listing(hub).await?;
    } else {
        run.permit(hub, Vec::new()).await?;
    }
    let mut releases = Vec::new();
    for standing in hub.catalog().releases().filter(|one| !is_partner || one.partner == ctx.principal) {
        releases.push(StandingTold {
            editions: editions(hub, standing, ctx.now()).await?,
            next: next(standing, ctx.now()),
            release: std::sync::Arc::clone(standing),
        });
    }
    // PRIVACY: whose the others are is not known, and not for a partner to see.
    let faults = if is_partner { Vec::new() } else { hub.catalog().release_faults().to_vec() };
    Ok(StandingList { releases, faults })
}

/// Returns the last editions that were due, the latest first.
async fn editions(
    hub: &Hub,
    standing: &StandingRelease,
    now: DateTime<Utc>,
) -> Result<Vec<EditionTold>, Error> {
    let (every, delay) = schedule(standing);
    let mut found = Vec::new();
    let mut last = every.last_before(now - delay);
    while let Some(edition) = last.filter(|_| found.len() < LISTED) {
        last = every.last_before(edition.start());
        if !is_one_of(standing, &edition) {
            if standing.continual.is_some_and(|continual| edition < continual.from) {
                break;
            }
            continue;
        }
        let key = hub.engine().edition_name(&standing.partner, &key(standing, &edition));
        let stored = hub.ledger().find_release(&key).await.map_err(Error::Ledger)?;
        found.push(EditionTold { edition, made: stored.map(|stored| (stored.run, stored.committed)) });
    }
    Ok(found)
}

/// Tells whether an edition was made.
pub(crate) async fn is_made(hub: &Hub, standing: &StandingRelease, edition: &Edition) -> Result<bool, Error> {
    let key = hub.engine().edition_name(&standing.partner, &key(standing, edition));
    let stored = hub.ledger().find_release(&key).await.map_err(Error::Ledger)?;
    Ok(stored.is_some())
}

/// Returns the last edition that is due at a moment, of a release that has a schedule.
pub(crate) fn last_due(standing: &StandingRelease, now: DateTime<Utc>) -> Option<Edition> {
    standing.schedule?;
    let (every, delay) = schedule(standing);
    last_of(standing, every.last_before(now - delay)?)
}

/// Returns the last edition there is, where this is beyond it; nothing where it is before the first.
fn last_of(standing: &StandingRelease, edition: Edition) -> Option<Edition> {
    let Some(continual) = &standing.continual else { return Some(edition) };
    let last = continual.edition(continual.refreshes)?;
    (edition >= continual.from).then(|| edition.min(last))
}

/// Tells whether there is such an edition.
fn is_one_of(standing: &StandingRelease, edition: &Edition) -> bool {
    standing.continual.is_none_or(|continual| continual.number(edition).is_some())
}

/// Returns the editions that have to be made before one, where editions count on: those right before it that are not there.
async fn missing(hub: &Hub, standing: &StandingRelease, edition: &Edition) -> Result<Vec<Edition>, Error> {
    let Some(continual) = &standing.continual else { return Ok(Vec::new()) };
    if is_made(hub, standing, edition).await? {
        return Ok(Vec::new());
    }
    let earlier = continual.number(edition).unwrap_or(1).saturating_sub(1);
    let mut missing = Vec::new();
    for number in (1..=earlier).rev() {
        let before = continual.edition(number).ok_or(Error::Internal("there is no edition at this time"))?;
        if is_made(hub, standing, &before).await? {
            break;
        }
        missing.push(before);
    }
    missing.reverse();
    Ok(missing)
}

fn own(ctx: &RequestCtx, hub: &Hub, name: &ReleaseName) -> Result<std::sync::Arc<StandingRelease>, Error> {
    // PRIVACY: that another partner has a release of this name is not for this one to know.
    let found = hub.catalog().release(name).filter(|standing| standing.partner == ctx.principal);
    found.cloned().ok_or_else(|| Error::NoStanding { name: name.clone() })
}

/// Returns the edition that is asked for, if its period is over and its delay too.
fn due(standing: &StandingRelease, asked: Option<Edition>, now: DateTime<Utc>) -> Result<Edition, Error> {
    let (every, delay) = schedule(standing);
    let last = every.last_before(now - delay).ok_or(Error::Internal("there is no edition at this time"))?;
    let Some(last) = last_of(standing, last) else {
        return Err(Error::BadRequest("its first edition is not due yet".to_owned()));
    };
    let Some(asked) = asked else { return Ok(last) };
    if asked.every() != every {
        let message = format!("its editions are each {}: the last one is `{last}`", every.as_str());
        return Err(Error::BadRequest(message));
    }
    if standing
        .continual
        .is_some_and(|continual| continual.edition(continual.refreshes).is_some_and(|end| asked > end))
    {
        return Err(Error::BadRequest(format!("edition `{asked}` is after its last one")));
    }
    if asked.end() > last.end() {
        let message = format!("edition `{asked}` is not due yet: the last one is `{last}`");
        return Err(Error::BadRequest(message));
    }
    if !is_one_of(standing, &asked) {
        return Err(Error::BadRequest(format!("edition `{asked}` is before its first one")));
    }
    Ok(asked)
}

/// Returns the length of the periods of a release, and how long after their end editions are made.
fn schedule(standing: &StandingRelease) -> (Every, TimeDelta) {
    standing.schedule.map_or((Every::Day, TimeDelta::zero()), |schedule| {
        (schedule.every, TimeDelta::minutes(i64::from(schedule.delay_minutes)))
    })
}

fn next(standing: &StandingRelease, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    standing.schedule?;
    let (every, delay) = schedule(standing);
    let last = every.last_before(now - delay)?;
    let next = match &standing.continual {
        Some(continual) if last < continual.from => Some(continual.from),
        _ => last.next(),
    };
    next.filter(|next| is_one_of(standing, next)).map(|next| next.end() + delay)
}

fn key(standing: &StandingRelease, edition: &Edition) -> EditionKey {
    EditionKey {
        release: standing.name.clone(),
        edition: edition.to_string(),
        definition: standing.definition(),
    }
}

/// Returns the release that an edition is.
fn request(standing: &StandingRelease, edition: &Edition) -> ReleaseRequest {
    let (price, bounds) = (&standing.price, &standing.bounds);
    ReleaseRequest {
        sql: standing.statement(edition),
        purpose: standing.purpose.clone(),
        epsilon: price.epsilon,
        rho: price.rho,
        delta: price.delta,
        groups_max: bounds.groups_max,
        rows_max: bounds.rows_max,
        bounds: bounds.values.clone(),
        targets: price.targets.clone(),
        shares: price.within.clone(),
        choose_bounds: bounds.choose,
        edition: Some(key(standing, edition)),
        counter: standing.continual.and_then(|continual| counter(&continual, edition)),
        counts_until: counts_until(standing),
        ..ReleaseRequest::default()
    }
}

/// Returns when the last edition is made, where editions count on.
fn counts_until(standing: &StandingRelease) -> Option<DateTime<Utc>> {
    let continual = standing.continual?;
    let (_, delay) = schedule(standing);
    continual.edition(continual.refreshes).map(|last| last.end() + delay)
}

/// Returns which refresh of a counter an edition is.
fn counter(continual: &Continual, edition: &Edition) -> Option<CounterOptions> {
    let refresh = continual.number(edition)?;
    let starts = (0..Counter::ending(refresh)).map(|level| {
        let first = (refresh + 1).checked_sub(1_u32.checked_shl(level)?)?;
        continual.edition(first).map(|first| first.start())
    });
    Some(CounterOptions {
        refreshes: continual.refreshes,
        refresh,
        rows_max: continual.rows_max,
        from: continual.from.start(),
        until: edition.end(),
        starts: starts.collect::<Option<_>>()?,
        before: refresh
            .checked_sub(1)
            .and_then(|before| continual.edition(before))
            .map(|before| before.to_string()),
    })
}

/// Returns the context in which the hub itself makes editions: as their partner, by no door.
pub(crate) fn ctx_of(hub: &Hub, standing: &StandingRelease) -> RequestCtx {
    hub.ctx(standing.partner.clone(), Channel::Schedule)
}
