//! A topic, followed for as long as the hub serves: its messages are in answers within a second, and in the table once each.
//!
//! ```text
//! brokers -> messages -> Intake: decoded, checked, protected -> held for readers -> a portion
//!         every few seconds: quarantine, then table, in one commit each, with the offsets behind the portion -> brokers are told
//! assigned, or somebody else went on -> what is pending is dropped or committed -> read on from the offsets that the table's log has
//! ```
//!
//! Nothing of a message is kept on this machine: brokers keep it, and whoever has its partition next reads from the last commit on. The
//! commit is made only if its offsets follow those that the log has ([`PortionRows::positions`]): two hubs that both think that a partition
//! is theirs let each message in once.
//!
//! [`PortionRows::positions`]: membrane_ingest::stream::PortionRows::positions

mod begin;
mod commit;
mod portion;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use membrane_catalog::{Source, TopicFormat, TopicSource};
use membrane_ingest::stream::{MessageForm, Messages, Window};
use membrane_ingest::topic::{Change, Polled, Topic, TopicError};
use membrane_model::RunId;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::stream::window_of;
use crate::config::find_secret;
use crate::error::Error;
use crate::hub::Hub;
use crate::serving::Serving;

use begin::Progress;
use commit::{Committer, Done};
use portion::OpenPortion;

pub(crate) use state::{TopicState, tell_of_topic};

/// Bytes of messages that are taken in at once.
const BATCH_BYTES: usize = 1 << 20;
/// How long messages are waited for before it is looked what else there is to do.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long commits that are under way may take when partitions are to be given up.
const SETTLE: Duration = Duration::from_secs(20);
/// The same when this process ends, or something is at fault.
const SETTLE_AT_END: Duration = Duration::from_secs(5);
/// Bytes of a file with a schema.
const SCHEMA_BYTES_MAX: u64 = 4 << 20;

/// Follows a topic until it is told to stop.
///
/// # Errors
/// [`Error`] when it cannot be followed, or something else fails than a commit. What was not committed is read again by who follows it next.
pub(crate) async fn follow_topic(
    serving: Arc<Serving>,
    (source, from): (Arc<Source>, &TopicSource),
    stop: CancellationToken,
    state: Arc<TopicState>,
) -> Result<(), Error> {
    let form = form_of(&from.format).map_err(Error::Topic)?;
    let password = from.sasl.as_ref().map(|sasl| find_secret(&sasl.password)).transpose();
    let password = password.map_err(Error::Secret)?;
    let own = from.clone();
    let joined = spawn_blocking(move || Topic::join(&own, password.as_ref().map(|text| text.expose()))).await;
    let topic = Arc::new(joined.map_err(|_| STOPPED)?.map_err(Error::Topic)?);
    state.follows(Arc::clone(&topic));
    let hub = serving.hub();
    let mut follow = Follow {
        window: Some(window_of(&hub)),
        committer: Committer::start(&state),
        stream: format!("kafka/{}/{}", source.name, RunId::new(hub.clock().now())),
        last: 0,
        progress: BTreeMap::new(),
        open: None,
        from: from.clone(),
        serving,
        source,
        topic,
        form,
        state,
    };
    let followed = follow.run(&stop).await;
    follow.settle(SETTLE_AT_END).await;
    let Follow { topic, state, source, .. } = follow;
    state.follows_nothing();
    // The group is left; that waits for the brokers.
    let _ = spawn_blocking(move || drop(topic)).await;
    tracing::info!(source.name = %source.name, "source `{}` is not followed any more", source.name);
    followed
}

const STOPPED: Error = Error::Internal("a topic's consumer stopped");

/// Finds out what messages are.
fn form_of(format: &TopicFormat) -> Result<MessageForm, TopicError> {
    match format {
        TopicFormat::Json => Ok(MessageForm::Json),
        TopicFormat::Avro { schema, schema_id } => {
            let text = membrane_catalog::yaml::read_text(schema, SCHEMA_BYTES_MAX);
            let text = text.map_err(|_| TopicError::Settings { what: "schema".to_owned() })?;
            Ok(MessageForm::Avro { schema: Arc::from(text), schema_id: *schema_id })
        }
    }
}

/// A topic that is followed.
struct Follow {
    serving: Arc<Serving>,
    source: Arc<Source>,
    from: TopicSource,
    topic: Arc<Topic>,
    form: MessageForm,
    state: Arc<TopicState>,
    /// The name of this process's portions in the table's log, and the number of the last one.
    stream: String,
    last: i64,
    /// Taken while messages are worked on.
    window: Option<Window>,
    /// How far the partitions are that are this process's.
    progress: BTreeMap<i32, Progress>,
    open: Option<OpenPortion>,
    committer: Committer,
}

/// Messages that were given, and where they stood.
struct Gathered {
    /// Those of which the quarantine has the bad ones already.
    again: Messages,
    fresh: Messages,
    polled: Polled,
}

impl Gathered {
    fn bytes(&self) -> u64 {
        u64::try_from(self.again.bytes() + self.fresh.bytes()).unwrap_or(u64::MAX)
    }
}

impl Follow {
    async fn run(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        while !stop.is_cancelled() {
            let hub = self.serving.hub();
            let room = hub.streams().room_for(u64::try_from(BATCH_BYTES).unwrap_or(u64::MAX));
            // Without room it polls all the same: a member that does not is taken for dead.
            self.topic.pause(room.is_none());
            let gathered = self.gather().await?;
            if let Some(fault) = &gathered.polled.fault {
                self.state.brokers_fail(&self.source.name, fault);
            }
            let (change, is_astray) = (gathered.polled.change.clone(), gathered.polled.is_astray);
            if !gathered.polled.places.is_empty() {
                self.state.brokers_answer();
                let mut room = room;
                if let Some(room) = &mut room {
                    room.shrink(gathered.bytes());
                }
                self.take(&hub, gathered, room).await?;
            }
            match change {
                Some(Change::Assigned(partitions)) => self.begin(&hub, &partitions).await?,
                Some(Change::Revoked) => {
                    self.settle(SETTLE).await;
                    self.progress.clear();
                    self.topic.give_up();
                }
                None if is_astray => self.begin_anew(&hub).await?,
                None => {}
            }
            if self.heard() {
                self.begin_anew(&hub).await?;
            }
            self.seal_if_due(&hub);
        }
        Ok(())
    }

    async fn gather(&self) -> Result<Gathered, Error> {
        let topic = Arc::clone(&self.topic);
        let aside: BTreeMap<i32, i64> =
            self.progress.iter().filter_map(|(number, progress)| Some((*number, progress.aside?))).collect();
        let gathered = spawn_blocking(move || {
            let (mut again, mut fresh) = (Messages::default(), Messages::default());
            let polled = topic.poll(BATCH_BYTES, PATIENCE, |place, message| {
                let is_known = aside.get(&place.partition).is_some_and(|known| place.offset < *known);
                if is_known { again.push(message) } else { fresh.push(message) }
            });
            Gathered { again, fresh, polled }
        });
        gathered.await.map_err(|_| STOPPED)
    }

    /// Hears what became of commits. Tells whether somebody else went on.
    fn heard(&mut self) -> bool {
        let mut is_overtaken = false;
        while let Some(done) = self.committer.heard() {
            match done {
                Done::Committed(after) => self.topic.tell(&after),
                Done::Overtaken => is_overtaken = true,
            }
        }
        is_overtaken
    }

    fn seal_if_due(&mut self, hub: &Arc<Hub>) {
        let section = hub.streams().section();
        let after = Duration::from_secs(u64::from(section.commit_seconds));
        let is_due = self.open.as_ref().is_some_and(|portion| {
            portion.began + after <= Instant::now() || portion.kept.bytes >= section.commit_bytes
        });
        if is_due {
            self.seal(hub);
        }
    }

    /// Commits what is pending; what cannot be within so long is dropped, and read again.
    async fn settle(&mut self, longest: Duration) {
        let hub = self.serving.hub();
        self.seal(&hub);
        let next = Committer::start(&self.state);
        let (told, dropped) = std::mem::replace(&mut self.committer, next).finish(longest).await;
        for after in told {
            self.topic.tell(&after);
        }
        if let Some(window) = &mut self.window {
            for record in dropped {
                window.forget(&record.ids, None);
            }
        }
    }
}
