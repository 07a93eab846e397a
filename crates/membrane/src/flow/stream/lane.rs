//! A lane: takes the pushes of one dataset in, a group at a time, and hands portions on to be committed in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ingest::stream::{
    Acknowledged, AppendError, Intake, Push, Record, Segment, SegmentHead, Taken, Window,
};
use membrane_model::{DatasetName, PrincipalId, RunId, SourceName};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

use super::super::hook::tell_of_hook;
use super::portion::OpenPortion;
use super::sealed::Sealed;
use super::{Pushed, StreamJob, not_kept};
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::stream_state::StreamState;
use crate::streams::{Lane, Room, Streams};

/// Pushes that may wait for a lane.
const WAITING: usize = 1024;
/// Pushes that are taken in together, and synced at once.
const GROUP: usize = 128;
/// The longest time between two tries to commit.
const PAUSE_MAX: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// Begins the lane of a dataset.
pub(super) fn begin(hub: &Arc<Hub>, dataset: &DatasetName) -> Lane {
    begin_with(hub, dataset, window_of(hub), Vec::new(), Arc::default())
}

/// Makes the window of a dataset in which nothing came yet.
pub(in crate::flow) fn window_of(hub: &Hub) -> Window {
    let section = hub.streams().section();
    Window::new(TimeDelta::seconds(i64::from(section.remember_seconds)), section.remember_events)
}

/// Begins a lane that has portions to commit already.
pub(super) fn begin_with(
    hub: &Arc<Hub>,
    dataset: &DatasetName,
    window: Window,
    found: Vec<Sealed>,
    told: Arc<StreamState>,
) -> Lane {
    let (jobs, taken) = channel(WAITING);
    let section = hub.streams().section();
    let mut lane = Work {
        dataset: dataset.clone(),
        window: Some(window),
        open: HashMap::new(),
        streams: HashMap::new(),
        committers: HashMap::new(),
        told: Arc::clone(&told),
        commit_after: Duration::from_secs(u64::from(section.commit_seconds)),
        commit_bytes: section.commit_bytes,
    };
    for portion in found {
        lane.commit_later(hub, portion);
    }
    Lane { jobs, told, work: tokio::spawn(lane.run(taken)) }
}

/// Commits the portions of one stream, in their order.
struct Committer {
    portions: UnboundedSender<(Arc<Hub>, Sealed)>,
    work: JoinHandle<()>,
}

/// Who sends, and the source through which.
type Sender = (PrincipalId, Option<SourceName>);

/// The stream of one sender.
struct Stream {
    name: String,
    last: i64,
}

struct Work {
    dataset: DatasetName,
    /// Taken while a group is worked on.
    window: Option<Window>,
    open: HashMap<Sender, OpenPortion>,
    streams: HashMap<Sender, Stream>,
    /// By the names of streams: one that cannot commit keeps no other waiting.
    committers: HashMap<String, Committer>,
    told: Arc<StreamState>,
    commit_after: Duration,
    commit_bytes: u64,
}

impl Work {
    async fn run(mut self, mut jobs: Receiver<StreamJob>) {
        let mut hub: Option<Arc<Hub>> = None;
        loop {
            let due = self.open.values().map(|portion| portion.began + self.commit_after).min();
            tokio::select! {
                job = jobs.recv() => {
                    let Some(job) = job else { break };
                    hub = Some(Arc::clone(&job.hub));
                    let mut group = vec![job];
                    while group.len() < GROUP && let Ok(job) = jobs.try_recv() {
                        group.push(job);
                    }
                    Box::pin(self.take(group)).await;
                }
                () = until(due) => {}
            }
            if let Some(hub) = &hub {
                let now = Instant::now();
                self.seal(hub, |portion, work| {
                    let length = portion.segment.as_ref().map_or(u64::MAX, |segment| segment.length());
                    portion.began + work.0 <= now || length >= work.1
                });
            }
        }
        if let Some(hub) = hub {
            self.seal(&hub, |_, _| true);
        }
        // All is sealed: what is left is to be committed.
        for (_, Committer { portions, work }) in self.committers {
            drop(portions);
            let _ = work.await;
        }
    }

    fn commit_later(&mut self, hub: &Arc<Hub>, portion: Sealed) {
        let stream = portion.stream().unwrap_or_default().to_owned();
        let committer = self.committers.entry(stream).or_insert_with(|| {
            let (portions, to_commit) = unbounded_channel();
            let work = tokio::spawn(commit(to_commit, Arc::clone(&self.told)));
            Committer { portions, work }
        });
        // It goes on for as long as it can be told something.
        let _ = committer.portions.send((Arc::clone(hub), portion));
    }

    /// Hands on the portions that are to be committed.
    fn seal(&mut self, hub: &Arc<Hub>, is_due: impl Fn(&OpenPortion, (Duration, u64)) -> bool) {
        let rules = (self.commit_after, self.commit_bytes);
        let due: Vec<Sender> = self
            .open
            .iter()
            .filter(|(_, portion)| is_due(portion, rules))
            .map(|(sender, _)| sender.clone())
            .collect();
        for sender in due {
            if let Some(portion) = self.open.remove(&sender) {
                self.commit_later(hub, portion.seal());
            }
        }
    }

    /// Takes a group in, those of one sender together.
    async fn take(&mut self, group: Vec<StreamJob>) {
        let mut by_sender: Vec<(Sender, Vec<StreamJob>)> = Vec::new();
        for job in group {
            let is_of = |sender: &Sender| sender.0 == job.ctx.principal && sender.1 == job.source;
            match by_sender.iter_mut().find(|(sender, _)| is_of(sender)) {
                Some((_, jobs)) => jobs.push(job),
                None => by_sender.push(((job.ctx.principal.clone(), job.source.clone()), vec![job])),
            }
        }
        for (sender, jobs) in by_sender {
            let mut left = jobs;
            while let Err((failure, mut jobs)) = Box::pin(self.take_of(sender.clone(), left)).await {
                // Each that is refused is so in a run of its own.
                left = jobs.split_off(1.min(jobs.len()));
                if let Some(job) = jobs.pop() {
                    let _ = job.answer.send(Err(failure));
                }
            }
        }
    }

    async fn take_of(
        &mut self,
        sender: Sender,
        jobs: Vec<StreamJob>,
    ) -> Result<(), (Failure, Vec<StreamJob>)> {
        let Some(first) = jobs.first() else { return Ok(()) };
        let (hub, ctx) = (Arc::clone(&first.hub), first.ctx.clone());
        let mut portion = match self.open.remove(&sender) {
            Some(portion) => portion,
            None => {
                let head = self.next_head(&sender, ctx.now());
                match OpenPortion::begin(&ctx, &hub, head).await {
                    Ok(portion) => portion,
                    Err(failure) => return Err((failure, jobs)),
                }
            }
        };
        let run = portion.right.run.id();
        let stopped = |jobs| (Failure { error: Error::Internal("a stream stopped"), run: Some(run) }, jobs);
        let (Some(intake), Some(segment), Some(window)) =
            (portion.intake.take(), portion.segment.take(), self.window.take())
        else {
            return Err(stopped(jobs));
        };
        let (pushes, waiting) = apart(jobs);
        let streams = Arc::clone(hub.streams());
        let worked = spawn_blocking(move || work_on(&streams, pushes, intake, segment, window)).await;
        let Ok(Worked { taken, kept, intake, segment, window }) = worked else {
            // What came is not acknowledged; what was before is in the segment, and is committed.
            self.window = Some(window_of(&hub));
            self.commit_later(&hub, portion.seal());
            for waiting in waiting {
                let failure = Failure { error: Error::Internal("a stream stopped"), run: Some(run) };
                let _ = waiting.answer.send(Err(failure));
            }
            return Ok(());
        };
        self.window = Some(window);
        let is_usable = kept.as_ref().err().is_none_or(|error| error.is_usable);
        (portion.intake, portion.segment) = (Some(intake), Some(segment));
        let kept = kept.map_err(|error| error.source.kind());
        for (Waiting { bytes, answer }, (room, taken)) in waiting.into_iter().zip(taken) {
            let result = match (taken, kept) {
                (Ok(Taken::New(record)), Ok(())) => {
                    self.told.took(bytes, &record.counts);
                    let acknowledged = record.counts.answer;
                    keep(&hub, &mut portion, record, (bytes, room)).map(|()| told(run, acknowledged, false))
                }
                (Ok(Taken::Before(acknowledged)), Ok(())) => Ok(told(run, acknowledged, true)),
                (Ok(_), Err(kind)) => Err(not_kept(std::io::Error::from(kind))),
                (Err(error), _) => Err(error),
            };
            // Who asked may have gone away.
            let _ = answer.send(result.map_err(|error| Failure { error, run: Some(run) }));
        }
        if is_usable {
            self.open.insert(sender, portion);
        } else {
            self.commit_later(&hub, portion.seal());
        }
        Ok(())
    }

    fn next_head(&mut self, sender: &Sender, now: DateTime<Utc>) -> SegmentHead {
        let stream = self.streams.entry(sender.clone()).or_insert_with(|| {
            let id = RunId::new(now);
            Stream { name: format!("stream/{id}"), last: 0 }
        });
        stream.last += 1;
        SegmentHead::new((&stream.name, stream.last), self.dataset.clone(), sender.clone(), now)
    }
}

/// Who waits for the answer to a push.
struct Waiting {
    bytes: u64,
    answer: oneshot::Sender<Result<Pushed, Failure>>,
}

/// Takes pushes and who waits for them apart.
fn apart(jobs: Vec<StreamJob>) -> (Vec<(Push, Room)>, Vec<Waiting>) {
    let part = |StreamJob { push, room, answer, .. }: StreamJob| {
        let bytes = u64::try_from(push.body.length()).unwrap_or(u64::MAX);
        ((push, room), Waiting { bytes, answer })
    };
    jobs.into_iter().map(part).unzip()
}

/// What came of a group of pushes of one sender.
struct Worked {
    taken: Vec<(Room, Result<Taken, Error>)>,
    /// Whether what is new is durable.
    kept: Result<(), AppendError>,
    intake: Intake,
    segment: Segment,
    window: Window,
}

/// Takes pushes in and makes them durable, all that are new or none. This blocks.
fn work_on(
    streams: &Streams,
    pushes: Vec<(Push, Room)>,
    mut intake: Intake,
    mut segment: Segment,
    mut window: Window,
) -> Worked {
    let mut take = |(push, mut room): (Push, Room)| {
        let taken = match intake.take(push, &mut window) {
            // Protected and checked it may be more than it was: what is kept has its room.
            Ok(Taken::New(record)) if !streams.grow(&mut room, record.memory()) => {
                window.forget(&record.ids, record.name.as_ref().map(|(name, _)| name));
                Err(Error::StreamFull)
            }
            taken => taken.map_err(Error::Ingest),
        };
        (room, taken)
    };
    let taken: Vec<_> = pushes.into_iter().map(&mut take).collect();
    let new = taken.iter().filter_map(|(_, taken)| match taken {
        Ok(Taken::New(record)) => Some(record),
        _ => None,
    });
    let new: Vec<&Record> = new.collect();
    let kept = if new.is_empty() { Ok(()) } else { segment.append(new.iter().copied()) };
    if kept.is_err() {
        for record in new {
            window.forget(&record.ids, record.name.as_ref().map(|(name, _)| name));
        }
    }
    Worked { taken, kept, intake, segment, window }
}

/// Keeps what is durable until it is committed, and lets it be read.
fn keep(
    hub: &Hub,
    portion: &mut OpenPortion,
    record: Record,
    (bytes, room): (u64, Room),
) -> Result<(), Error> {
    let OpenPortion { right, kept, .. } = portion;
    let Record { rows, bad, .. } = &record;
    let mut held = Ok(());
    for rows in rows.iter().filter(|rows| rows.num_rows() > 0) {
        let one = hub.lake().hold(&right.permit, &right.dataset.name, &kept.portion, rows.clone());
        held = held.and(one);
    }
    kept.rows.rows.extend(rows.iter().cloned());
    kept.rows.bad.extend(bad.iter().cloned());
    kept.records.push(Record { rows: Vec::new(), bad: Vec::new(), ..record });
    kept.bytes = kept.bytes.saturating_add(bytes);
    kept.room.push(room);
    held.map_err(|error| Error::Ingest(error.into()))
}

const fn told(run: RunId, answer: Acknowledged, again: bool) -> Pushed {
    Pushed { run, answer, again }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Commits portions in their order, each until it is.
async fn commit(mut portions: UnboundedReceiver<(Arc<Hub>, Sealed)>, told: Arc<StreamState>) {
    while let Some((hub, mut portion)) = portions.recv().await {
        let mut pause = PAUSE;
        // By the catalog and the policies that are served when it is tried, not by those of when it came.
        while let Err(failure) = portion.commit(&hub.streams().served(&hub), &told).await {
            let code = failure.error.code();
            told.failed(code, hub.clock().now());
            tracing::warn!(
                dataset.name = %portion.dataset(), code,
                "acknowledged events of `{}` are not committed yet, and are tried again: {code}", portion.dataset()
            );
            if let Some(source) = portion.source() {
                tell_of_hook(&hub, source, None, Some(code)).await;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
