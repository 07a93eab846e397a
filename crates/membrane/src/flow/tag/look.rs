//! What tags there are, and how their builds went. No row about a member is looked at.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Refresh, Tag};
use membrane_ledger::TagBuild;
use membrane_model::{Action, PrincipalKind, Purpose, RunId, Shown, TagId};
use membrane_policy::RowRule;

use super::super::run::{ActiveRun, RunHead, finish, job};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Builds of a tag that are told at most.
const BUILDS_MAX: u32 = 100;

/// A tag, and its last builds.
#[derive(Debug, Clone)]
pub struct TagLine {
    /// The tag.
    pub tag: Arc<Tag>,
    /// The last build.
    pub last: Option<TagBuild>,
    /// The last good one, whose values are there.
    pub good: Option<TagBuild>,
    /// Whether its values are older than promised.
    pub is_stale: bool,
    /// Whether the one who asks may know how many members have which value: who may look at the record, and who sees all rows and values of the
    /// tag's table.
    pub counts: bool,
}

/// A tag, and all that is known of its builds.
#[derive(Debug, Clone)]
pub struct TagPage {
    /// The tag.
    pub line: TagLine,
    /// Its builds, the newest first.
    pub builds: Vec<TagBuild>,
}

/// Lists the tags of the catalog: to who may read the table in which their values are, and to who may look at the record.
///
/// # Errors
/// [`Failure`] when it is refused or the record cannot be written.
pub async fn list_tags(
    ctx: &RequestCtx,
    hub: &Hub,
    purpose: Option<Purpose>,
) -> Result<(RunId, Vec<TagLine>), Failure> {
    let mut run = open(ctx, hub, purpose, "list tags".to_owned()).await?;
    let found = lines(&mut run, ctx, hub).await;
    finish(run, found).await
}

/// Tells of a tag.
///
/// # Errors
/// [`Failure`] when it is refused, is not there for the one who asks, or the record cannot be written.
pub async fn show_tag(
    ctx: &RequestCtx,
    hub: &Hub,
    id: &TagId,
    purpose: Option<Purpose>,
) -> Result<(RunId, TagPage), Failure> {
    let job = job("show tag", id, hub.catalog().tag(id).is_some());
    let mut run = open(ctx, hub, purpose, job).await?;
    let found = page(&mut run, ctx, hub, id).await;
    finish(run, found).await
}

async fn page(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub, id: &TagId) -> Result<TagPage, Error> {
    let lines = lines(run, ctx, hub).await?;
    let known: Vec<TagId> = lines.iter().map(|line| line.tag.id.clone()).collect();
    let line = lines.into_iter().find(|line| line.tag.id == *id).ok_or(Error::UnknownTag { known })?;
    let builds = hub.ledger().tag_builds(id, BUILDS_MAX).await.map_err(Error::Ledger)?;
    Ok(TagPage { line, builds })
}

async fn open(
    ctx: &RequestCtx,
    hub: &Hub,
    purpose: Option<Purpose>,
    job: String,
) -> Result<ActiveRun, Failure> {
    let action = match ctx.principal.kind() {
        PrincipalKind::Analyst | PrincipalKind::Service => Action::Read,
        PrincipalKind::Partner => Action::Release,
        PrincipalKind::Compliance | PrincipalKind::Operator => Action::Audit,
    };
    ActiveRun::open(ctx, hub, RunHead { action, purpose, job, statement: None }).await
}

async fn lines(run: &mut ActiveRun, ctx: &RequestCtx, hub: &Hub) -> Result<Vec<TagLine>, Error> {
    let tags: Vec<(Arc<Tag>, bool)> = match ctx.principal.kind() {
        PrincipalKind::Compliance | PrincipalKind::Operator => {
            run.permit(hub, Vec::new()).await?;
            hub.catalog().tags().map(|tag| (Arc::clone(tag), true)).collect()
        }
        _ => {
            let permit = run.listing(hub).await?;
            let seen = |tag: &Arc<Tag>| {
                let table = permit.dataset(&tag.table)?;
                let value = table.columns().iter().find(|column| column.column().as_str() == "value");
                // PRIVACY: a count of rows that a rule hides, or of values that are masked, would tell of them.
                let is_clear =
                    value.is_some_and(|value| value.when().is_empty() && value.shown() == Shown::Clear);
                let reads = permit.action() == Action::Read;
                Some((Arc::clone(tag), reads && is_clear && matches!(table.row_rule(), RowRule::All)))
            };
            hub.catalog().tags().filter_map(seen).collect()
        }
    };
    let builds = hub.ledger().last_tag_builds().await.map_err(Error::Ledger)?;
    let line = |(tag, counts): (Arc<Tag>, bool)| {
        let of = || builds.iter().rev().filter(|build| build.tag == tag.id);
        let (last, good) = (of().next().cloned(), of().find(|build| build.fault.is_none()).cloned());
        let is_stale = is_stale(&tag, good.as_ref(), ctx.now());
        TagLine { tag, last, good, is_stale, counts }
    };
    Ok(tags.into_iter().map(line).collect())
}

/// Tells whether values of a tag that is in use are older than promised.
fn is_stale(tag: &Tag, good: Option<&TagBuild>, now: DateTime<Utc>) -> bool {
    let every = match tag.refresh {
        Refresh::Manual => None,
        Refresh::Batch { every_seconds } => Some(every_seconds.saturating_mul(2)),
        // A run in which nothing comes in is written down when it ends.
        Refresh::Stream { sweep_seconds } => Some(sweep_seconds.saturating_mul(2).max(1_800)),
    };
    let Some(promised) = tag.freshness_slo_seconds.or(every).filter(|_| tag.status.is_built()) else {
        return false;
    };
    good.is_none_or(|good| now - good.ended > TimeDelta::seconds(i64::from(promised)))
}
