//! What an earlier process acknowledged and did not commit: found when this one starts.

use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use membrane_ingest::stream::{
    FoundSegment, PortionRows, Record, Window, keep_damaged, read_segment, segments_in,
};
use membrane_lake::Portion;
use membrane_model::{Channel, DatasetName, SourceName};
use tokio::task::spawn_blocking;

use super::lane;
use super::portion::{Kept, Right, Sealed};
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
    hold_all(hub, dataset, &mut found, &told).await;
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
fn taken_up(hub: &Arc<Hub>, segment: FoundSegment, told: &StreamState) -> Sealed {
    let FoundSegment { path, head, records, torn, length, .. } = segment;
    tracing::info!(
        dataset.name = %head.dataset, pushes = records.len(), torn,
        "{} pushes to `{}` were acknowledged and not committed by an earlier process: taken up", records.len(), head.dataset
    );
    let ctx = hub.ctx(head.principal.clone(), Channel::Schedule);
    let mut rows = PortionRows::default();
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        told.waits(record.counts.answer.accepted);
        kept.push(record.ids_only());
        rows.rows.extend(record.rows);
        rows.bad.extend(record.bad);
    }
    let room = hub.streams().room_for_found(length).into_iter().collect();
    let portion = Portion { stream: Arc::from(head.stream.as_str()), number: head.number };
    let (path, source) = (Some(path), head.source.clone());
    let kept = Kept {
        head,
        path,
        source,
        portion,
        rows,
        records: kept,
        bytes: 0,
        room,
        is_held: false,
        done: None,
        is_noted: false,
    };
    Sealed { ctx, right: None, kept }
}

/// Lets the rows of portions be read, in one run for each sender: there may be many portions, and nobody is listened to meanwhile. Each is
/// committed by a run of its own; what may not be read yet is so then.
async fn hold_all(hub: &Arc<Hub>, dataset: &DatasetName, found: &mut [Sealed], told: &StreamState) {
    found.sort_by(|one, other| sender_of(one).cmp(&sender_of(other)));
    for portions in found.chunk_by_mut(|one, other| sender_of(one) == sender_of(other)) {
        let Some(first) = portions.first() else { continue };
        let (ctx, source) = (first.ctx.clone(), first.kept.source.clone());
        let right = match Right::open(&ctx, hub, (dataset, source.as_ref())).await {
            Ok(right) => right,
            Err(failure) => {
                told.failed(failure.error.code(), hub.clock().now());
                continue;
            }
        };
        let held = portions.iter_mut().try_for_each(|portion| portion.hold(hub, &right));
        let failed = match held {
            Ok(()) => right.run.complete().await.err(),
            Err(error) => Some(right.run.fail(error).await),
        };
        if let Some(failure) = failed {
            told.failed(failure.error.code(), hub.clock().now());
        }
    }
}

/// Who sent a portion, through which source, and its place among theirs.
fn sender_of(portion: &Sealed) -> (String, Option<&SourceName>) {
    (portion.ctx.principal.to_string(), portion.kept.source.as_ref())
}
