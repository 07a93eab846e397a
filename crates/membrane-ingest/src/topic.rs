//! Topics of brokers that speak the Kafka protocol, followed by librdkafka.
//!
//! ```text
//! brokers -> librdkafka's threads -> Topic::poll: messages, and what changed -> whoever takes them in
//!         <- Topic::assign: from the offsets that the table's log has
//! ```
//!
//! Which partitions are whose is decided by the group; from where they are read is decided by whoever polls, and never by what the
//! brokers remember. They are told afterwards how far it came, for those who look there.
//!
//! Memory is bounded: what librdkafka fetches ahead has a limit, and a poll gives so many bytes at most, and one message more.

mod error;
mod settings;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use membrane_catalog::TopicSource;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message as _;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

pub use error::TopicError;

/// How long a question to the brokers may take.
const ASK: Duration = Duration::from_secs(10);
/// For how long messages are gathered: many at once cost less.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that a message counts for beyond its content: one without any takes room too.
const MESSAGE_BYTES: usize = 64;

/// A topic that is followed, as a member of its group.
pub struct Topic {
    consumer: BaseConsumer<Context>,
    name: String,
    is_paused: AtomicBool,
    /// From where partitions were last assigned: until a message of one came, librdkafka does not tell.
    begun: Mutex<BTreeMap<i32, i64>>,
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Topic").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What became of the partitions of this member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It has these now, and waits for [`Topic::assign`].
    Assigned(Vec<i32>),
    /// It is to give them up, and the group waits for [`Topic::give_up`].
    Revoked,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// A partition of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub number: i32,
    /// The offset of its first message.
    pub low: i64,
    /// The offset behind its last message that can be read.
    pub high: i64,
}

/// What a poll came to.
#[derive(Debug, Default)]
pub struct Polled {
    /// Where messages stood, in the order in which they were given; those without content as well.
    pub places: Vec<Place>,
    /// What became of the partitions. Nothing is polled behind it.
    pub change: Option<Change>,
    /// What is at fault, while it goes on being tried.
    pub fault: Option<TopicError>,
    /// Whether an offset from which to read is not there any more: partitions are to be assigned anew.
    pub is_astray: bool,
}

/// What librdkafka tells.
#[derive(Default)]
struct Context {
    change: Mutex<Option<Change>>,
    is_closing: AtomicBool,
}

impl ClientContext for Context {
    // PRIVACY: brokers may quote whatever they were sent; codes are told, by whoever polls.
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, _message: &str) {
        tracing::debug!("librdkafka says {facility}");
    }

    fn error(&self, error: KafkaError, _reason: &str) {
        tracing::debug!("librdkafka says {:?}", error.rdkafka_error_code());
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let is_assigned = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.is_closing.load(Ordering::Acquire) {
            // Nobody polls any more: what is not committed is read by whoever has them next.
            let _ = consumer.unassign();
            return;
        }
        let change = if is_assigned {
            Change::Assigned(partitions.elements().iter().map(|element| element.partition()).collect())
        } else {
            Change::Revoked
        };
        *self.change.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }
}

impl Topic {
    /// Joins the group of a source. `password` is that of its `sasl`. This may block.
    ///
    /// # Errors
    /// [`TopicError::Settings`] when what the source says cannot be used.
    pub fn join(source: &TopicSource, password: Option<&str>) -> Result<Self, TopicError> {
        let settings = settings::settings(source, password)?;
        let consumer: BaseConsumer<Context> =
            settings.create_with_context(Context::default()).map_err(|error| TopicError::settings(&error))?;
        consumer.subscribe(&[source.topic.as_str()]).map_err(|error| TopicError::of(&error))?;
        Ok(Self {
            consumer,
            name: source.topic.clone(),
            is_paused: AtomicBool::new(false),
            begun: Mutex::default(),
        })
    }

    /// Gives messages to `take` until they have so many bytes: waits for the first one for so long, and a moment for those right behind it. One
    /// without content is not given. This blocks.
    pub fn poll(&self, bytes_max: usize, patience: Duration, mut take: impl FnMut(Place, &[u8])) -> Polled {
        let mut polled = Polled::default();
        let mut bytes = 0;
        let mut deadline = Instant::now() + patience;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            match self.consumer.poll(Timeout::After(wait)) {
                Some(Ok(message)) => {
                    if polled.places.is_empty() {
                        deadline = Instant::now() + GATHER;
                    }
                    let place = Place { partition: message.partition(), offset: message.offset() };
                    polled.places.push(place);
                    if let Some(content) = message.payload() {
                        bytes += content.len();
                        take(place, content);
                    }
                    bytes += MESSAGE_BYTES;
                }
                Some(Err(error)) => {
                    let code = error.rdkafka_error_code();
                    polled.is_astray |=
                        matches!(code, Some(Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::NoOffset));
                    polled.fault = TopicError::worst(polled.fault, TopicError::of(&error));
                }
                None => {}
            }
            polled.change = self.context().change.lock().unwrap_or_else(PoisonError::into_inner).take();
            if polled.change.is_some() || bytes >= bytes_max || Instant::now() >= deadline {
                return polled;
            }
        }
    }

    /// Lets nothing more be fetched, or goes on. Whoever cannot take messages in goes on polling, or the group gives its partitions to others.
    pub fn pause(&self, pause: bool) {
        if self.is_paused.swap(pause, Ordering::AcqRel) == pause {
            return;
        }
        if let Ok(assigned) = self.consumer.assignment() {
            let _ = if pause { self.consumer.pause(&assigned) } else { self.consumer.resume(&assigned) };
        }
    }

    /// Returns the partitions of the topic. This blocks.
    ///
    /// # Errors
    /// [`TopicError`] when the brokers do not tell.
    pub fn partitions(&self) -> Result<Vec<Partition>, TopicError> {
        let told =
            self.consumer.fetch_metadata(Some(&self.name), ASK).map_err(|error| TopicError::of(&error))?;
        let topic = told.topics().iter().find(|topic| topic.name() == self.name);
        let topic = topic.filter(|topic| topic.error().is_none()).ok_or(TopicError::NoTopic)?;
        let mut found = Vec::with_capacity(topic.partitions().len());
        for partition in topic.partitions() {
            let number = partition.id();
            let (low, high) = self
                .consumer
                .fetch_watermarks(&self.name, number, ASK)
                .map_err(|error| TopicError::of(&error))?;
            found.push(Partition { number, low, high });
        }
        found.sort_by_key(|partition| partition.number);
        Ok(found)
    }

    /// Begins to read partitions, each from an offset; also anew.
    ///
    /// # Errors
    /// [`TopicError`] when librdkafka refuses.
    pub fn assign(&self, from: &BTreeMap<i32, i64>) -> Result<(), TopicError> {
        // What is assigned is not paused.
        self.is_paused.store(false, Ordering::Release);
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).clone_from(from);
        self.consumer.assign(&self.list(from)).map_err(|error| TopicError::of(&error))
    }

    /// Gives all partitions up.
    pub fn give_up(&self) {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let _ = self.consumer.unassign();
    }

    /// Tells the brokers how far partitions were taken in, for those who look there. They may not hear of it: nothing hangs on it.
    pub fn tell(&self, after: &BTreeMap<i32, i64>) {
        let _ = self.consumer.commit(&self.list(after), CommitMode::Async);
    }

    /// Returns how many messages of the topic no member of the group has taken in yet, as far as the brokers were told; nothing while the group
    /// deals its partitions out, when nobody is told. This blocks.
    ///
    /// # Errors
    /// [`TopicError`] when the brokers do not tell.
    pub fn lag(&self) -> Result<Option<u64>, TopicError> {
        let partitions = self.partitions()?;
        let mut asked = TopicPartitionList::with_capacity(partitions.len());
        for partition in &partitions {
            asked.add_partition(&self.name, partition.number);
        }
        let told = match self.consumer.committed_offsets(asked, ASK) {
            Ok(told) => told,
            // A broker answers one question of a client after the other: this one waits behind that for partitions.
            Err(error) if error.rdkafka_error_code() == Some(Code::OperationTimedOut) => return Ok(None),
            Err(error) => return Err(TopicError::of(&error)),
        };
        let own = self.consumer.position().ok();
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let offset_in = |list: &TopicPartitionList, number: i32| match list
            .find_partition(&self.name, number)?
            .offset()
        {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        let behind = |partition: &Partition| {
            let told = offset_in(&told, partition.number);
            let own = own.as_ref().and_then(|own| offset_in(own, partition.number));
            let begun = begun.get(&partition.number).copied();
            let at = told.max(own).max(begun).unwrap_or(partition.low).max(partition.low);
            u64::try_from(partition.high.saturating_sub(at)).unwrap_or_default()
        };
        Ok(Some(partitions.iter().map(behind).sum()))
    }

    fn context(&self) -> &Context {
        self.consumer.context()
    }

    fn list(&self, offsets: &BTreeMap<i32, i64>) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(offsets.len());
        for (partition, offset) in offsets {
            // An offset that Kafka has can be written down.
            let _ = list.add_partition_offset(&self.name, *partition, Offset::Offset(*offset));
        }
        list
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // The group is left: it need not wait until it misses this member.
        self.context().is_closing.store(true, Ordering::Release);
        let waits = self.context().change.lock().unwrap_or_else(PoisonError::into_inner).take();
        if waits.is_some() {
            let _ = self.consumer.unassign();
        }
    }
}

#[cfg(test)]
mod tests;
