//! From where partitions are read: from the offsets that the table's log has, and not from those that the brokers remember.

use std::collections::BTreeMap;
use std::sync::Arc;

use membrane_catalog::Start;
use membrane_ingest::stream::positions;
use membrane_ingest::topic::{Partition, TopicError};
use membrane_model::{Channel, SourceName};
use tokio::task::spawn_blocking;

use super::super::super::stream::Right;
use super::super::ctx_of;
use super::{Follow, SETTLE, STOPPED};
use crate::error::Error;
use crate::hub::Hub;

/// How far a partition is: the offsets behind what is in the table and in the quarantine, or will be once what is pending is committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) table: Option<i64>,
    pub(super) aside: Option<i64>,
}

/// Returns the id under which the table's log has how far a partition is.
pub(super) fn id_of(source: &SourceName, topic: &str, partition: i32) -> String {
    format!("kafka/{source}/{topic}/{partition}")
}

impl Follow {
    /// Reads all partitions again that this process has, from where the log says.
    pub(super) async fn begin_anew(&mut self, hub: &Arc<Hub>) -> Result<(), Error> {
        let own: Vec<i32> = self.progress.keys().copied().collect();
        self.begin(hub, &own).await
    }

    /// Begins to read partitions. What is pending is committed or dropped before.
    pub(super) async fn begin(&mut self, hub: &Arc<Hub>, assigned: &[i32]) -> Result<(), Error> {
        self.settle(SETTLE).await;
        self.progress.clear();
        let topic = Arc::clone(&self.topic);
        let there = spawn_blocking(move || topic.partitions()).await.map_err(|_| STOPPED)?;
        let there = there.map_err(Error::Topic)?;
        let asked: Vec<Partition> = match self.from.start {
            Start::Earliest => {
                there.iter().filter(|partition| assigned.contains(&partition.number)).copied().collect()
            }
            // Whether anything was taken in yet hangs on all of them.
            Start::Latest => there.clone(),
        };
        let found = self.read_progress(hub, &asked).await?;
        let is_first = found.values().all(|progress| progress.table.is_none());
        let begins_late = self.from.start == Start::Latest && is_first;
        let mut from = BTreeMap::new();
        for partition in asked.iter().filter(|partition| assigned.contains(&partition.number)) {
            let mut progress = found.get(&partition.number).copied().unwrap_or_default();
            let at = self.offset_of(partition, progress, begins_late)?;
            if begins_late {
                progress.table = Some(at);
            }
            from.insert(partition.number, at);
            self.progress.insert(partition.number, progress);
        }
        if begins_late {
            let begin_at = there.iter().map(|partition| (partition.number, partition.high)).collect();
            self.mark(hub, &begin_at).await?;
        }
        tracing::info!(
            source.name = %self.source.name, partitions = from.len(),
            "source `{}` follows {} partitions of its topic", self.source.name, from.len()
        );
        self.topic.assign(&from).map_err(Error::Topic)
    }

    fn offset_of(&self, partition: &Partition, progress: Progress, begins_late: bool) -> Result<i64, Error> {
        let Partition { number, low, high } = *partition;
        match progress.table {
            None if begins_late => Ok(high),
            None => Ok(low),
            Some(at) if at > high => Err(Error::Topic(TopicError::Behind { partition: number })),
            Some(at) if at < low => {
                tracing::error!(
                    source.name = %self.source.name, partition = number, messages = low - at,
                    "source `{}`: the brokers threw messages away before they were taken in: up to {} of partition {number}",
                    self.source.name, low - at
                );
                Ok(low)
            }
            Some(at) => Ok(at),
        }
    }

    /// Reads from the logs of table and quarantine how far partitions are, in a run of its own.
    async fn read_progress(
        &self,
        hub: &Arc<Hub>,
        partitions: &[Partition],
    ) -> Result<BTreeMap<i32, Progress>, Error> {
        let ctx = ctx_of(hub, &self.source, Channel::Schedule)?;
        let right = Right::open(&ctx, hub, (&self.source.dataset, Some(&self.source.name))).await;
        let Right { run, permit, parts, dataset } = right.map_err(|failure| failure.error)?;
        let id = |partition: &Partition| id_of(&self.source.name, &self.from.topic, partition.number);
        let ids: Vec<String> = partitions.iter().map(id).collect();
        match positions(&parts, &permit, &dataset, &ids).await {
            Ok(found) => {
                run.complete().await.map_err(|failure| failure.error)?;
                let progress = |(table, aside)| Progress { table, aside };
                let numbers = partitions.iter().map(|partition| partition.number);
                Ok(numbers.zip(found.into_iter().map(progress)).collect())
            }
            Err(error) => Err(run.fail(Error::Ingest(error)).await.error),
        }
    }
}
