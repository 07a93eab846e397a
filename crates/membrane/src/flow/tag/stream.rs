//! Tags that follow events: their statements are asked again of those of whom something came in, within a second, while it comes in.
//!
//! It is the same statement as that of a build, with the moment in place of `:as_of`: what it says of a member follows from the member's own
//! rows ([`membrane_query`] proves it of the plan), so asking it of some says the same of them as asking it of all. Rows are seen as a reader
//! sees them, under a permit to read: those that are committed, and those that this hub has acknowledged and not committed yet.
//!
//! A value can also end because time goes by: those who have one are asked about again every so often (`sweep` of the tag).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{Refresh, Tag};
use membrane_lake::Mark;
use membrane_ledger::{DatasetVersion, TagBuild, TagBuildKind};
use membrane_model::{Channel, DatasetName, PrincipalId, TagId};
use membrane_policy::Permit;
use membrane_query::{TagKeys, TagKnown, TagMembers, TagQuestion};

use super::asked::Asked;
use super::before::before_asking;
use super::changes::Changes;
use super::group::{Group, groups};
use super::hold::TagHold;
use super::judge::Judged;
use super::known::read_known;
use super::writing::Writing;
use super::{SECONDS_MAX, build_of, open_reading, rows};
use crate::error::{Error, Failure};
use crate::flow::run::{ActiveRun, Work};
use crate::hub::Hub;

/// For how long one run goes on: then it is closed, what it did is on record, and policies are asked anew.
const RUN: TimeDelta = TimeDelta::seconds(60);
/// The same where nothing comes in.
const IDLE_RUN: TimeDelta = TimeDelta::minutes(10);
/// How long it waits after something went wrong: twice as long each time.
const AGAIN: TimeDelta = TimeDelta::seconds(10);
const AGAIN_MAX: TimeDelta = TimeDelta::minutes(10);

/// The tags that follow events in this process.
#[derive(Default)]
pub(crate) struct TagStream {
    following: HashMap<Vec<TagId>, Following>,
    /// Groups that could not be followed: when it is tried again, and how long the pause is.
    waiting: HashMap<Vec<TagId>, (DateTime<Utc>, TimeDelta)>,
}

/// A group of tags that are followed.
struct Following {
    group: Group,
    hold: TagHold,
    known: TagKnown,
    marks: BTreeMap<DatasetName, Mark>,
    swept: DateTime<Utc>,
    /// Who was asked about since: what is ahead of the clock, or begins with time, is found at the next sweep.
    lately: TagKeys,
    /// Rows that were written since it was last noted, by tag.
    changed: Vec<u64>,
    turn: Option<Turn>,
    /// Where the table's log stands, between turns.
    positions: BTreeMap<TagId, Option<i64>>,
    /// The hub of the last turn.
    hub: Option<Arc<Hub>>,
}

/// The runs in which it is done, for a while.
struct Turn {
    hub: Arc<Hub>,
    opened: DateTime<Utc>,
    run: ActiveRun,
    permit: Permit,
    asked: Asked,
    writing: Writing,
}

impl TagStream {
    /// Brings every tag that follows events up to now, in the name of a service.
    pub(crate) async fn beat(&mut self, hub: &Arc<Hub>, service: &PrincipalId, now: DateTime<Utc>) {
        let follows =
            |tag: &&&Arc<Tag>| tag.is_built_at(now) && matches!(tag.refresh, Refresh::Stream { .. });
        let tags: Vec<Arc<Tag>> =
            hub.catalog().tags_in_order().iter().filter(follows).map(|tag| Arc::clone(tag)).collect();
        let wanted = groups(&tags, now);
        let gone: Vec<Vec<TagId>> = self
            .following
            .iter()
            .filter(|(_, one)| !wanted.iter().any(|group| same(group, &one.group)))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            if let Some(one) = self.following.remove(&key) {
                one.end(hub, now).await;
            }
        }
        for group in wanted {
            let key: Vec<TagId> = group.tags.iter().map(|tag| tag.id.clone()).collect();
            if self.waiting.get(&key).is_some_and(|(until, _)| *until > now) {
                continue;
            }
            let one = match self.following.remove(&key) {
                // Its times may be others, and its statement is the same.
                Some(one) => Ok(Following { group, ..one }),
                None => Following::begin(hub, group, now).await,
            };
            let done = match one {
                Ok(mut one) => match Box::pin(one.step(hub, service, now)).await {
                    Ok(()) => Ok(one),
                    Err(failure) => {
                        one.fail(hub, &failure, now).await;
                        Err(failure)
                    }
                },
                Err(error) => Err(Failure::without_run(error)),
            };
            match done {
                Ok(one) => {
                    self.waiting.remove(&key);
                    self.following.insert(key, one);
                }
                Err(failure) => {
                    let last = self.waiting.get(&key).map(|(_, pause)| *pause * 2);
                    let pause = match failure.error {
                        // Another hub follows it, as it should.
                        Error::TagHeld { .. } => AGAIN,
                        _ => last.unwrap_or(AGAIN).min(AGAIN_MAX),
                    };
                    if !matches!(failure.error, Error::TagHeld { .. }) {
                        let (code, seconds) = (failure.error.code(), pause.num_seconds());
                        tracing::warn!(code, "tags that follow events wait for {seconds} s: {code}");
                    }
                    self.waiting.insert(key, (now + pause, pause));
                }
            }
        }
    }

    /// Ends all that is followed: the process stops, or nobody may follow any more.
    pub(crate) async fn end(&mut self) {
        for (_, mut one) in self.following.drain() {
            if let Some(hub) = one.hub.take() {
                let now = hub.clock().now();
                one.end(&hub, now).await;
            }
        }
    }
}

/// Tells whether two groups say the same.
fn same(one: &Group, other: &Group) -> bool {
    let of = |group: &Group| -> Vec<(TagId, u32, String)> {
        group.tags.iter().map(|tag| (tag.id.clone(), tag.version, tag.definition())).collect()
    };
    of(one) == of(other)
}

impl Following {
    async fn begin(hub: &Hub, group: Group, now: DateTime<Utc>) -> Result<Self, Error> {
        let names: Vec<TagId> = group.tags.iter().map(|tag| tag.id.clone()).collect();
        let hold = TagHold::take(hub, &names, now).await?;
        let changed = vec![0; group.tags.len()];
        let (known, marks) = (TagKnown::default(), BTreeMap::new());
        let lately = TagKeys::default();
        Ok(Self {
            group,
            hold,
            known,
            marks,
            swept: now,
            lately,
            changed,
            turn: None,
            positions: BTreeMap::new(),
            hub: None,
        })
    }

    /// Asks of those of whom something came in, or of everyone the first time.
    async fn step(
        &mut self,
        hub: &Arc<Hub>,
        service: &PrincipalId,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let is_idle = self.changed.iter().all(|changed| *changed == 0);
        let longest = if is_idle { IDLE_RUN } else { RUN };
        let is_other = self.turn.as_ref().is_some_and(|turn| !Arc::ptr_eq(&turn.hub, hub));
        if is_other || self.turn.as_ref().is_some_and(|turn| is_over(turn.opened, longest, now)) {
            self.close(hub, now).await?;
        }
        if is_other {
            // By other policies, or of another catalog, the same rows may say something else.
            self.marks.clear();
        }
        if self.turn.is_none() {
            self.turn = Some(self.open(hub, service, now).await?);
            self.hub = Some(Arc::clone(hub));
        }
        let Some(turn) = self.turn.as_mut() else { return Ok(()) };
        let followed = Followed {
            group: &self.group,
            known: &mut self.known,
            marks: &mut self.marks,
            lately: &mut self.lately,
            swept: &mut self.swept,
        };
        let asked = Box::pin(ask(hub, turn, followed)).await;
        match asked {
            Ok(changed) => {
                for (sum, more) in self.changed.iter_mut().zip(changed) {
                    *sum += more;
                }
                Ok(())
            }
            Err(error) => Err(Failure { error, run: Some(turn.run.id()) }),
        }
    }

    async fn open(
        &mut self,
        hub: &Arc<Hub>,
        service: &PrincipalId,
        now: DateTime<Utc>,
    ) -> Result<Turn, Failure> {
        let ctx = hub.ctx(service.clone(), Channel::Schedule);
        for tag in &self.group.tags {
            let wrong = before_asking(hub, tag, now, false).await.map_err(Failure::without_run)?;
            if let Some((fault, _)) = wrong {
                return Err(Failure::without_run(Error::TagFault { tag: tag.id.clone(), fault }));
            }
        }
        let mut run = open_reading(&ctx, hub, &self.group).await?;
        let asked = match Asked::new(hub, &self.group, &ctx.limits) {
            Ok(asked) => asked,
            Err(error) => return Err(run.fail(error).await),
        };
        let permit = match run.permit(hub, asked.datasets.iter().cloned().collect()).await {
            Ok(permit) => permit,
            Err(error) => return Err(run.fail(error).await),
        };
        let local = hub
            .engine()
            .is_tag_local(
                &permit,
                &asked.statement,
                (&self.group.entity, (&self.group.table, &self.group.used())),
            )
            .await;
        match local.map_err(Error::Query) {
            Ok(true) => {}
            Ok(false) => {
                let tag = self.group.tags.first().map(|tag| tag.id.clone());
                let tag = tag.ok_or(Failure::without_run(Error::Internal("a group without tags")))?;
                return Err(run.fail(Error::TagFault { tag, fault: "tag_not_member_local" }).await);
            }
            Err(error) => return Err(run.fail(error).await),
        }
        match Writing::open(&ctx, hub, &self.group).await {
            Ok(mut writing) => {
                writing.positions = std::mem::take(&mut self.positions);
                Ok(Turn { hub: Arc::clone(hub), opened: now, run, permit, asked, writing })
            }
            Err(failure) => {
                run.fail(Error::Internal("the tags cannot be written")).await;
                Err(failure)
            }
        }
    }

    /// Closes the runs, and writes down what was done in them.
    async fn close(&mut self, hub: &Hub, now: DateTime<Utc>) -> Result<(), Failure> {
        let Some(turn) = self.turn.take() else { return Ok(()) };
        let (read, opened) = (turn.run.id(), turn.opened);
        self.positions = turn.writing.positions.clone();
        turn.run.complete().await?;
        turn.writing.run.complete().await?;
        self.note(hub, (read, opened, now), None).await
    }

    async fn note(
        &mut self,
        hub: &Hub,
        (run, started, ended): (membrane_model::RunId, DateTime<Utc>, DateTime<Utc>),
        fault: Option<&'static str>,
    ) -> Result<(), Failure> {
        // Of what was never read nothing can be said.
        let read = self.known.tags();
        for (of, (tag, changed)) in self.group.tags.iter().zip(&mut self.changed).enumerate().take(read) {
            let shares = self.known.shares(of).into_iter();
            let shares: BTreeMap<String, u64> =
                shares.map(|(label, count)| (label.to_owned(), count)).collect();
            let build = TagBuild {
                fault: fault.map(str::to_owned),
                members: shares.values().sum(),
                changed: std::mem::take(changed),
                shares,
                ..build_of(hub, tag, TagBuildKind::Stream, (run, started, ended))
            };
            let noted = hub.ledger().note_tag_build(&build).await;
            noted.map_err(|error| Failure { error: Error::Record(error), run: Some(run) })?;
        }
        Ok(())
    }

    /// Ends it, as it stands.
    async fn end(mut self, hub: &Hub, now: DateTime<Utc>) {
        if let Err(failure) = self.close(hub, now).await {
            let code = failure.error.code();
            tracing::warn!(code, "what was done of tags that follow events is not all on record: {code}");
        }
        self.hold.give_back(hub).await;
    }

    /// Ends it after something went wrong: what is known is read anew.
    async fn fail(mut self, hub: &Hub, failure: &Failure, now: DateTime<Utc>) {
        let code = failure.error.code();
        if let Some(turn) = self.turn.take() {
            let (run, opened) = (turn.run.id(), turn.opened);
            // Both are closed as what they are: a failure of this hub, told by its code.
            turn.run.fail(Error::Internal("the tags could not be asked")).await;
            turn.writing.run.fail(Error::Internal("the tags could not be written")).await;
            if let Err(unnoted) = self.note(hub, (run, opened, now), Some(code)).await {
                tracing::warn!(code = unnoted.error.code(), "a fault of tags is not on record");
            }
        }
        self.hold.give_back(hub).await;
    }
}

/// Tells whether a turn is to be closed: it went on for long enough, or its day is over. A permit shows the rows of its day: of the next one some
/// may not be shown any more for the purpose.
fn is_over(opened: DateTime<Utc>, longest: TimeDelta, now: DateTime<Utc>) -> bool {
    opened + longest < now || opened.date_naive() != now.date_naive()
}

/// What is kept of a group from one look to the next.
struct Followed<'a> {
    group: &'a Group,
    known: &'a mut TagKnown,
    marks: &'a mut BTreeMap<DatasetName, Mark>,
    lately: &'a mut TagKeys,
    swept: &'a mut DateTime<Utc>,
}

/// Asks, and writes what changed; returns how many rows, by tag.
async fn ask(hub: &Hub, turn: &mut Turn, followed: Followed<'_>) -> Result<Vec<u64>, Error> {
    let Followed { group, known, marks, lately, swept } = followed;
    let first = marks.is_empty();
    let mut members = turn.asked.news(hub, &turn.permit, group, marks).await?;
    // After what came in: an event that this has seen is not ahead of it, unless it is ahead of the clock.
    let now = hub.clock().now();
    if let Some(members) = members.as_mut()
        && sweep_of(group).is_some_and(|every| *swept + every <= now)
    {
        let asked = members.clone();
        known.with_a_value().for_each(|key| members.insert(key));
        members.extend(std::mem::replace(lately, asked));
        *swept = now;
    } else if let Some(members) = &members {
        lately.extend(members.clone());
    }
    if members.as_ref().is_some_and(TagKeys::is_empty) {
        return Ok(Vec::new());
    }
    let (engine, permit) = (hub.engine(), &turn.permit);
    let asked_now = group.at(now);
    let statement =
        asked_now.with_consent(hub.catalog()).statement(&engine.limits()).map_err(Error::Query)?;
    let of_whom = members.as_ref();
    let whom = of_whom.map_or(TagMembers::All, TagMembers::These);
    if first {
        turn.writing.look(hub, group).await?;
        *known = read_known(hub, permit, group, (TagMembers::All, false)).await?;
    }
    let question = TagQuestion {
        statement: &statement,
        entity: &group.entity,
        members: whom,
        tags: (&group.table, &group.used()),
        seconds_max: SECONDS_MAX,
    };
    let answer = engine.tag(permit, question).await.map_err(Error::Query)?;
    let (inputs, edges) = (answer.answer.inputs.clone(), rows::edges(group, &answer));
    let asked = (answer, of_whom, None);
    let mut changes =
        Changes::gather(hub, &turn.writing, (&asked_now, known), asked, TagBuildKind::Stream).await?;
    let fault =
        group.tags.iter().zip(&changes.tags).find_map(|(tag, changes)| Some((tag, changes.compared.fault?)));
    let changed: Vec<u64> = changes.tags.iter().map(|tag| tag.compared.changed).collect();
    if let Some((tag, fault)) = fault {
        let tag = tag.id.clone();
        changes.abort().await;
        return Err(Error::TagFault { tag, fault });
    }
    let judged: Vec<Judged> = group.tags.iter().map(|_| Judged::default()).collect();
    let (versions, failed) = changes.commit(&mut turn.writing, group, &judged).await;
    let work = &mut turn.writing.run.work;
    let rows_out = work.rows_out.unwrap_or(0) + changed.iter().sum::<u64>();
    let mut outputs = std::mem::take(&mut work.outputs);
    if let Some(version) = versions.last() {
        outputs = vec![DatasetVersion { dataset: group.table.clone(), version: *version }];
    }
    *work = Work { rows_out: Some(rows_out), inputs: inputs.clone(), outputs, edges, ..Work::default() };
    turn.run.work.inputs = inputs;
    match failed.first() {
        Some((tag, fault)) => {
            let tag = group.tags.get(*tag).map(|tag| tag.id.clone());
            let tag = tag.ok_or(Error::Internal("a tag that failed is not there"))?;
            Err(Error::TagFault { tag, fault })
        }
        None => Ok(changed),
    }
}

/// Returns how often those who have a value are asked about again.
fn sweep_of(group: &Group) -> Option<TimeDelta> {
    group
        .tags
        .iter()
        .filter_map(|tag| match tag.refresh {
            Refresh::Stream { sweep_seconds } => Some(TimeDelta::seconds(i64::from(sweep_seconds))),
            _ => None,
        })
        .min()
}

#[cfg(test)]
mod tests;
