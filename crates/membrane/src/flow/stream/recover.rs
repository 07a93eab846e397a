//! What an earlier process acknowledged and did not commit: found when this one starts.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_ingest::stream::{FoundSegment, Record, Window, keep_damaged, read_segment, segments_in};
use membrane_model::{Channel, DatasetName, PrincipalId, SourceName};
use tokio::task::spawn_blocking;

use super::lane;
use super::portion::{Kept, Right};
use super::sealed::Sealed;
use crate::hub::Hub;
use crate::stream_state::StreamState;

/// Takes the folder of streams for this process, and begins the lanes of what lies there: their rows can be read when this returns, and are
/// committed then.
///
/// Where another process uses the folder, this one takes no events in.
///
/// # Errors
/// The system's error, when the folder cannot be used.
pub(crate) async fn recover_streams(hub: &Arc<Hub>) -> io::Result<()> {
    match hub.streams().open() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            tracing::warn!(
                "another process uses [streams] folder: this one takes no events in; give each process that serves a folder of its own"
            );
            return Ok(());
        }
        opened => opened?,
    }
    let mut folders = tokio::fs::read_dir(hub.streams().folder()).await?;
    while let Some(entry) = folders.next_entry().await? {
        let name = entry.file_name();
        let Some(dataset) = name.to_str().and_then(|name| name.parse::<DatasetName>().ok()) else { continue };
        if !entry.file_type().await?.is_dir() {
            continue;
        }
        if hub.catalog().dataset(&dataset).is_none() {
            tracing::error!(
                dataset.name = %dataset,
                "[streams] folder holds events of `{dataset}`, which no contract has any more: put it back, or they are never committed"
            );
            continue;
        }
        recover(hub, &dataset).await?;
    }
    Ok(())
}

async fn recover(hub: &Arc<Hub>, dataset: &DatasetName) -> io::Result<()> {
    let folder = hub.streams().folder_of(dataset);
    let paths = spawn_blocking(move || segments_in(&folder)).await.map_err(io::Error::other)??;
    let mut window = lane::window_of(hub);
    let horizon = window.horizon(hub.clock().now());
    let (mut found, told) = (Vec::new(), Arc::new(StreamState::default()));
    let mut remembered: Vec<Record> = Vec::new();
    for path in paths {
        let own = path.clone();
        let read = spawn_blocking(move || read_segment(&own)).await.map_err(io::Error::other)?;
        match read {
            Ok(Some(segment)) if segment.is_damaged && !segment.is_seen => {
                let own = path.clone();
                let kept = spawn_blocking(move || keep_damaged(&own)).await.map_err(io::Error::other)?;
                let kept = if kept.is_ok() {
                    "it is kept as `.damaged`"
                } else {
                    "it could not be kept for looking into"
                };
                tracing::error!(
                    dataset.name = %dataset,
                    "a segment of `{dataset}` in [streams] folder is damaged: some of its pushes are lost, the others are taken up; {kept}: bring their events in again"
                );
                remembered.extend(segment.records.iter().map(Record::ids_only));
                found.push(taken_up(hub, segment, &told));
            }
            Ok(Some(segment)) if segment.is_seen => {
                if is_over(&segment, horizon) {
                    tokio::fs::remove_file(&path).await?;
                }
                remembered.extend(segment.records);
            }
            Ok(Some(segment)) => {
                remembered.extend(segment.records.iter().map(Record::ids_only));
                found.push(taken_up(hub, segment, &told));
            }
            // Nothing in it was acknowledged.
            Ok(None) => tokio::fs::remove_file(&path).await?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => tracing::error!(
                dataset.name = %dataset,
                "a segment of `{dataset}` in [streams] folder is damaged and was left there: {error}; bring its events in again"
            ),
            Err(error) => return Err(error),
        }
    }
    remember(&mut window, remembered);
    let mut found = together(hub, found);
    hold_all(hub, &mut found, &told).await;
    let lane = || lane::begin_with(hub, dataset, window, found, told);
    hub.streams().lane(dataset, lane);
    Ok(())
}

fn is_over(segment: &FoundSegment, horizon: DateTime<Utc>) -> bool {
    segment.records.iter().all(|record| record.came < horizon)
}

fn remember(window: &mut Window, mut records: Vec<Record>) {
    records.sort_by_key(|record| record.came);
    for record in records {
        let answer = record.counts.answer;
        window.note(record.came, record.ids, record.name.map(|(name, digest)| (name, digest, answer)));
    }
}

/// Makes a portion to commit of a segment.
fn taken_up(hub: &Hub, segment: FoundSegment, told: &StreamState) -> Kept {
    let FoundSegment { path, head, records, torn, length, .. } = segment;
    tracing::info!(
        dataset.name = %head.dataset, pushes = records.len(), torn,
        "{} pushes to `{}` were acknowledged and not committed by an earlier process: taken up", records.len(), head.dataset
    );
    let mut kept = Kept::new(head, Some(path));
    kept.room = hub.streams().room_for_found(length).into_iter().collect();
    for record in records {
        told.waits(record.counts.answer.accepted);
        kept.records.push(record.ids_only());
        kept.rows.rows.extend(record.rows);
        kept.rows.bad.extend(record.bad);
    }
    kept
}

/// Puts what each sender sent together: it is committed at once, however many processes took it in. One commit for each portion would be more
/// than a process that does not live long gets done, and each looks for its stream in all of the table's log.
fn together(hub: &Hub, found: Vec<Kept>) -> Vec<Sealed> {
    let mut by_sender: BTreeMap<(PrincipalId, Option<SourceName>), Vec<Kept>> = BTreeMap::new();
    for kept in found {
        let sender = (kept.head.principal.clone(), kept.head.source.clone());
        by_sender.entry(sender).or_default().push(kept);
    }
    let sealed = |((principal, _), kept)| Sealed::found(hub.ctx(principal, Channel::Schedule), kept);
    by_sender.into_iter().filter_map(sealed).collect()
}

/// Lets the rows of portions be read, in the run that commits them.
async fn hold_all(hub: &Hub, found: &mut [Sealed], told: &StreamState) {
    for sealed in found {
        let failed = match Right::open(&sealed.ctx, hub, (sealed.dataset(), sealed.source())).await {
            Ok(right) => match sealed.hold(hub, &right) {
                Ok(()) => {
                    sealed.right = Some(right);
                    continue;
                }
                Err(error) => right.run.fail(error).await,
            },
            Err(failure) => failure,
        };
        told.failed(failed.error.code(), hub.clock().now());
    }
}
