//! TAG: what tags say of members is asked, and what changed is written down.
//!
//! ```text
//! tests of the tag -> open run (read) -> permit (inputs, table of tags, who consented)
//!   -> what is there already -> the statement: of everyone, or of those of whom something came in
//!   -> open run (ingest) -> permit (table of tags) -> rows that changed -> limits of quality -> commit, one for each tag -> close both
//! ```
//!
//! Tags whose statements are the same ([`group`]) are asked together. A tag that fails a test or a limit writes nothing: what was
//! written down before stays. A row of the table of tags says from when on a member has a value; the newest one counts.
//!
//! INVARIANT: rows reach the hub's memory and the table of tags, and nobody else. They carry the stored token of the identifier, as any
//! dataset does.

mod asked;
mod before;
mod changes;
mod check;
mod group;
mod hold;
mod judge;
mod known;
mod look;
mod rows;
mod stream;
mod trial;
mod writing;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_catalog::{AsOfParam, Refresh, Tag};
use membrane_ledger::{DatasetVersion, TagBuild, TagBuildKind, TagMark};
use membrane_model::{Action, RunId, TagId};
use membrane_policy::Permit;
use membrane_query::{TagAnswer, TagKeys, TagKnown, TagMembers, TagQuestion};

use super::run::{ActiveRun, RunHead, Work, knows};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

use asked::{Asked, consenting};
use before::before_asking;
use changes::Changes;
use group::Group;
use hold::TagHold;
use known::read_known;
use writing::Writing;

pub(crate) use check::check_tags;
pub use look::{TagLine, TagPage, list_tags, show_tag};
pub(crate) use stream::TagStream;
pub use trial::{TrialReport, try_tags};

/// Seconds that a statement may take: members are many.
const SECONDS_MAX: u64 = 3600;

/// What is to be built.
#[derive(Debug, Clone, Default)]
pub struct TagRequest {
    /// The tags; all that are in use when there is none.
    pub tags: Vec<TagId>,
    /// For which instant; now when not stated.
    pub as_of: Option<DateTime<Utc>>,
    /// Whether everyone is asked about, also where less would do.
    pub full: bool,
    /// Whether it is only looked what would change: nothing is written, and a definition may have changed without its version.
    pub dry_run: bool,
}

/// What became of a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltTag {
    /// As it was written down; its number is 0 when it was not.
    pub build: TagBuild,
    /// What more is to be said of a fault: names and counts, no value.
    pub detail: Option<String>,
}

/// Builds tags. What is wrong with one is told of it, and keeps no other from being built.
///
/// # Errors
/// [`Failure`] when a tag is not there, somebody else is building, or the record cannot be written.
pub async fn build_tags(ctx: &RequestCtx, hub: &Hub, request: TagRequest) -> Result<Vec<BuiltTag>, Failure> {
    let tags = wanted(hub, &request.tags, ctx.now()).map_err(Failure::without_run)?;
    let as_of = request.as_of.unwrap_or_else(|| ctx.now());
    let names: Vec<TagId> = tags.iter().map(|tag| tag.id.clone()).collect();
    // Who only looks is in nobody's way.
    let held = if request.dry_run { &[][..] } else { &names[..] };
    let hold = TagHold::take(hub, held, ctx.now()).await.map_err(Failure::without_run)?;
    let mut built = Vec::with_capacity(tags.len());
    let mut failure = None;
    for group in group::groups(&tags, as_of) {
        match Box::pin(build_group(ctx, hub, &group, &request)).await {
            Ok(tags) => built.extend(tags),
            Err(one) => failure = failure.or(Some(one)),
        }
    }
    hold.give_back(hub).await;
    match failure {
        Some(failure) => Err(failure),
        None => Ok(built),
    }
}

/// Returns the tags that are asked for, each after those that it uses.
fn wanted(hub: &Hub, names: &[TagId], now: DateTime<Utc>) -> Result<Vec<Arc<Tag>>, Error> {
    if let Some(unknown) = names.iter().find(|name| hub.catalog().tag(name).is_none()) {
        let known = hub.catalog().tags().map(|tag| tag.id.clone()).collect();
        let faulty = hub.catalog().tag_faults().iter().any(|fault| {
            fault.file.file_stem().is_some_and(|stem| stem.to_string_lossy() == unknown.as_str())
        });
        return Err(if faulty {
            Error::TagUnserved { tag: unknown.clone() }
        } else {
            Error::UnknownTag { known }
        });
    }
    let tags = hub.catalog().tags_in_order().into_iter();
    let asked = tags.filter(|tag| match names {
        // Those that follow events are built by whoever serves.
        [] => tag.is_built_at(now) && !matches!(tag.refresh, Refresh::Stream { .. }),
        names => names.contains(&tag.id),
    });
    Ok(asked.cloned().collect())
}

/// Builds tags that are asked together.
async fn build_group(
    ctx: &RequestCtx,
    hub: &Hub,
    group: &Group,
    request: &TagRequest,
) -> Result<Vec<BuiltTag>, Failure> {
    let started = ctx.now();
    let (mut built, mut sound) = (Vec::new(), Vec::new());
    for tag in &group.tags {
        match before_asking(hub, tag, group.as_of, request.dry_run).await {
            Ok(None) => sound.push(Arc::clone(tag)),
            Ok(Some((fault, detail))) => built.push((Arc::clone(tag), fault, detail)),
            Err(error) => return Err(Failure::without_run(error)),
        }
    }
    let group = group.of(sound);
    let mut run = open_reading(ctx, hub, &group).await?;
    let read = run.id();
    let made = if group.tags.is_empty() {
        Ok(Made { kind: TagBuildKind::Full, marks: Vec::new(), judged: Vec::new() })
    } else {
        Box::pin(ask_and_write(ctx, hub, &mut run, &group, request)).await
    };
    let (made, failed) = match made {
        Ok(made) => {
            run.complete().await?;
            (made, None)
        }
        Err(error) => {
            let failure = run.fail(error).await;
            if !of_the_tag(&failure.error) {
                return Err(failure);
            }
            let made = Made { kind: TagBuildKind::Full, marks: Vec::new(), judged: Vec::new() };
            (made, Some((failure.error.code().to_owned(), Some(failure.error.to_string()))))
        }
    };
    let mut all = told(hub, &group, (read, started, ctx.now()), (built, failed), made);
    if request.dry_run {
        return Ok(all);
    }
    for one in &mut all {
        let noted = hub.ledger().note_tag_build(&one.build).await;
        one.build.number = noted.map_err(|error| Failure { error: Error::Record(error), run: Some(read) })?;
    }
    Ok(all)
}

/// What was wrong with tags before they were asked.
type Unasked = Vec<(Arc<Tag>, &'static str, Option<String>)>;

/// Tells what became of the tags of a group: of those that were not asked, of all where asking failed, and of those that were judged.
fn told(
    hub: &Hub,
    group: &Group,
    (run, started, ended): (RunId, DateTime<Utc>, DateTime<Utc>),
    (unasked, failed): (Unasked, Option<(String, Option<String>)>),
    made: Made,
) -> Vec<BuiltTag> {
    let blank = |tag: &Tag, fault: Option<String>| TagBuild {
        as_of: (tag.as_of.param != AsOfParam::None).then_some(group.as_of),
        fault,
        ..build_of(hub, tag, made.kind, (run, started, ended))
    };
    let mut all = Vec::new();
    for (tag, fault, detail) in unasked {
        all.push(BuiltTag { build: blank(&tag, Some(fault.to_owned())), detail });
    }
    if let Some((code, detail)) = failed {
        for tag in &group.tags {
            all.push(BuiltTag { build: blank(tag, Some(code.clone())), detail: detail.clone() });
        }
    }
    for (tag, judged) in group.tags.iter().zip(made.judged) {
        let good = judged.fault.is_none();
        let build = TagBuild {
            members: judged.members,
            changed: if good { judged.changed } else { 0 },
            population: judged.population,
            drift: judged.drift,
            shares: judged.shares,
            marks: if good { made.marks.clone() } else { Vec::new() },
            ..blank(tag, judged.fault.map(str::to_owned))
        };
        all.push(BuiltTag { build, detail: judged.detail });
    }
    all
}

/// Returns a build of a tag of which nothing is said yet.
fn build_of(
    hub: &Hub,
    tag: &Tag,
    kind: TagBuildKind,
    (run, started, ended): (RunId, DateTime<Utc>, DateTime<Utc>),
) -> TagBuild {
    TagBuild {
        tag: tag.id.clone(),
        number: 0,
        version: tag.version,
        definition: tag.definition(),
        rules: rules_of(hub),
        run,
        kind,
        as_of: None,
        started,
        ended,
        fault: None,
        members: 0,
        changed: 0,
        population: None,
        drift: None,
        shares: BTreeMap::new(),
        marks: Vec::new(),
    }
}

/// Finds the last good build of a tag.
fn good_of<'a>(builds: &'a [TagBuild], tag: &Tag) -> Option<&'a TagBuild> {
    builds.iter().rev().find(|build| build.tag == tag.id && build.fault.is_none())
}

/// Names the policies and the catalog that are served: with others the same statement may say something else.
pub(super) fn rules_of(hub: &Hub) -> String {
    format!("{} {}", hub.policies().version(), hub.catalog().content_hash())
}

/// What was made of a group.
struct Made {
    kind: TagBuildKind,
    marks: Vec<TagMark>,
    /// Of each of its tags.
    judged: Vec<judge::Judged>,
}

/// Tells whether an error is of the tag, and not of the hub: its statement, or what it may read.
fn of_the_tag(error: &Error) -> bool {
    matches!(error, Error::Query(_) | Error::ContractBroken(_))
}

async fn open_reading(ctx: &RequestCtx, hub: &Hub, group: &Group) -> Result<ActiveRun, Failure> {
    let purpose = group.purpose.clone();
    let statement = group.with_consent(hub.catalog()).statement(&ctx.limits).ok();
    let statement = statement.map(|statement| statement.redacted(|word| knows(hub, word)));
    let head = RunHead { action: Action::Read, purpose: Some(purpose), job: group.job("ask"), statement };
    ActiveRun::open(ctx, hub, head).await
}

/// Asks a group's statement, and writes down what changed.
async fn ask_and_write(
    ctx: &RequestCtx,
    hub: &Hub,
    run: &mut ActiveRun,
    group: &Group,
    request: &TagRequest,
) -> Result<Made, Error> {
    let asked = Asked::new(hub, group, &ctx.limits)?;
    let permit = run.permit(hub, asked.datasets.iter().cloned().collect()).await?;
    let (marks, members) =
        Box::pin(asked.members(hub, &permit, group, request.full || request.dry_run)).await?;
    let kind = if members.is_some() { TagBuildKind::Members } else { TagBuildKind::Full };
    if members.as_ref().is_some_and(TagKeys::is_empty) {
        let judged = judge::unchanged(hub, group).await?;
        return Ok(Made { kind, marks, judged });
    }
    let of_whom = members.as_ref();
    let members = of_whom.map_or(TagMembers::All, TagMembers::These);
    let mut writing = Writing::open(ctx, hub, group).await.map_err(|failure| failure.error)?;
    let asked_of =
        Box::pin(ask_of(hub, &permit, (&asked, group), (members, request.dry_run), &mut writing)).await;
    let (known, answer) = match asked_of {
        Ok(found) => found,
        Err(error) => {
            let told = error.code();
            writing.run.fail(Error::Internal("nothing was written")).await;
            tracing::debug!(code = told, "tags were not asked: {told}");
            return Err(error);
        }
    };
    let judged = Box::pin(write(
        hub,
        &permit,
        &mut writing,
        (group, known),
        (answer, of_whom),
        (kind, request.dry_run),
    ))
    .await;
    let (judged, work) = match judged {
        Ok(judged) => judged,
        Err(error) => {
            let failure = writing.run.fail(error).await;
            return Err(failure.error);
        }
    };
    run.work = Work {
        inputs: work.inputs.clone(),
        cells_opened: Arc::clone(&work.cells_opened),
        plan: work.plan.clone(),
        ..Work::default()
    };
    writing.run.work = work;
    writing.run.complete().await.map_err(|failure| failure.error)?;
    Ok(Made { kind, marks, judged })
}

/// Reads what is known of members, and asks the statement of them. Where the table's log stands is read before: whoever commits the same tags
/// meanwhile keeps these from being committed.
async fn ask_of(
    hub: &Hub,
    permit: &Permit,
    (asked, group): (&Asked, &Group),
    (members, dry_run): (TagMembers<'_>, bool),
    writing: &mut Writing,
) -> Result<(TagKnown, TagAnswer), Error> {
    writing.look(hub, group).await?;
    let known = read_known(hub, permit, group, (members, dry_run)).await?;
    let question = TagQuestion {
        statement: &asked.statement,
        entity: &group.entity,
        members,
        tags: (&group.table, &group.used()),
        seconds_max: SECONDS_MAX,
    };
    let answer = hub.engine().tag(permit, question).await.map_err(Error::Query)?;
    Ok((known, answer))
}

async fn write(
    hub: &Hub,
    permit: &Permit,
    writing: &mut Writing,
    (group, mut known): (&Group, TagKnown),
    (answer, of_whom): (TagAnswer, Option<&TagKeys>),
    (kind, dry_run): (TagBuildKind, bool),
) -> Result<(Vec<judge::Judged>, Work), Error> {
    let (inputs, cells_opened) = (answer.answer.inputs.clone(), Arc::clone(&answer.answer.cells_opened));
    let plan = answer.answer.plan.clone();
    let edges = rows::edges(group, &answer);
    let consenting = consenting(hub, permit, group).await?;
    let asked = (answer, of_whom, consenting.as_ref());
    let mut changes = Changes::gather(hub, writing, (group, &mut known), asked, kind).await?;
    let judged = match judge::population(hub, permit, group).await {
        Ok(population) => judge::judge(hub, group, (&changes, &known), population).await,
        Err(error) => Err(error),
    };
    let mut judged = match judged {
        Ok(judged) => judged,
        Err(error) => {
            changes.abort().await;
            return Err(error);
        }
    };
    if dry_run {
        changes.abort().await;
        return Ok((judged, Work { inputs, cells_opened, plan, ..Work::default() }));
    }
    let (versions, failed) = changes.commit(writing, group, &judged).await;
    for (tag, code) in failed {
        if let Some(one) = judged.get_mut(tag) {
            (one.fault, one.changed) = (Some(code), 0);
        }
    }
    // The newest of them has what the others have.
    let newest = versions.into_iter().next_back();
    let outputs: Vec<DatasetVersion> =
        newest.map(|version| DatasetVersion { dataset: group.table.clone(), version }).into_iter().collect();
    let rows = judged.iter().filter(|one| one.fault.is_none()).map(|one| one.changed).sum();
    let work = Work { rows_out: Some(rows), inputs, outputs, edges, plan, cells_opened, ..Work::default() };
    Ok((judged, work))
}
