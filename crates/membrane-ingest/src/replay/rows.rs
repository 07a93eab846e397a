//! The rows of a quarantine: fed to a decoder, and written again without those that went.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use membrane_lake::{LakeError, Quarantine};
use tokio_util::io::StreamReader;

use super::Fed;
use super::opened::Openers;
use crate::quarantine::texts;
use crate::{IngestError, InputSource, ReasonCode};

/// What a record that could not be read begins with.
const MALFORMED: &[u8] = b"{\"_malformed\"";

/// A bit for each row, the lowest of a byte first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u8>);

impl Bits {
    pub(super) const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn set(&mut self, place: u64) {
        let byte = usize::try_from(place / 8).unwrap_or(usize::MAX);
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        if let Some(byte) = self.0.get_mut(byte) {
            *byte |= 1 << (place % 8);
        }
    }

    pub(super) fn has(&self, place: u64) -> bool {
        let byte = usize::try_from(place / 8).ok().and_then(|byte| self.0.get(byte));
        byte.is_some_and(|byte| byte & (1 << (place % 8)) != 0)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Returns these without those of some ranks: the how-many-eth they are, from 1.
    pub(super) fn without_ranks(&self, ranks: &[i64]) -> Self {
        let mut ranks: Vec<u64> = ranks.iter().filter_map(|rank| u64::try_from(*rank).ok()).collect();
        ranks.sort_unstable();
        let (mut kept, mut rank) = (Self::default(), 0);
        let places = u64::try_from(self.0.len()).unwrap_or_default() * 8;
        for place in (0..places).filter(|place| self.has(*place)) {
            rank += 1;
            if ranks.binary_search(&rank).is_err() {
                kept.set(place);
            }
        }
        kept
    }
}

/// Opens the rows of a quarantine that are to be tried, one JSON object a line.
pub(super) fn feed(
    quarantine: &Quarantine,
    openers: Openers,
    of: Option<String>,
    fed: Arc<Mutex<Fed>>,
) -> InputSource {
    let openers = Arc::new(openers);
    let lines = quarantine.rows().map_err(IngestError::from).and_then(move |batch| {
        let (openers, of, fed) = (Arc::clone(&openers), of.clone(), Arc::clone(&fed));
        async move { text(&batch, &openers, of.as_deref(), &fed).await }
    });
    // PRIVACY: what the reader of an input is told of an error is its kind.
    let bytes = lines.map_err(io::Error::other).boxed();
    InputSource::Stream(Box::pin(StreamReader::new(bytes)))
}

/// Opens the rows of a batch that are to be tried.
async fn text(
    batch: &RecordBatch,
    openers: &Openers,
    of: Option<&str>,
    fed: &Mutex<Fed>,
) -> Result<Bytes, IngestError> {
    let opened = openers.open(batch).await?;
    let (runs, reasons) = (texts(batch, "_run")?, texts(batch, "reasons")?);
    let mut lines = Vec::new();
    let mut fed = fed.lock().unwrap_or_else(PoisonError::into_inner);
    for (row, opened) in opened.into_iter().enumerate() {
        let place = fed.rows;
        fed.rows += 1;
        let is_of = of.is_none_or(|of| of == runs.value(row));
        let Some(line) = opened.filter(|line| is_of && is_tried(reasons.value(row), line)) else { continue };
        fed.tried.set(place);
        lines.extend_from_slice(&line);
        lines.push(b'\n');
    }
    Ok(Bytes::from(lines))
}

/// Tells whether a row may fit now: duplicates of rows that are there never do.
fn is_tried(reasons: &str, line: &[u8]) -> bool {
    let duplicate = ReasonCode::Duplicate.as_str();
    let is_duplicate = reasons.split(',').any(|reason| reason.split(':').next() == Some(duplicate));
    !is_duplicate && !line.starts_with(MALFORMED)
}

/// Leaves out the rows whose bit is set.
pub(super) fn without(
    rows: impl Stream<Item = Result<RecordBatch, LakeError>>,
    taken: Bits,
) -> impl Stream<Item = Result<RecordBatch, IngestError>> {
    let mut place = 0_u64;
    rows.map(move |batch| {
        let batch = batch?;
        let kept: BooleanArray = (0..batch.num_rows())
            .map(|_| {
                let stays = !taken.has(place);
                place += 1;
                Some(stays)
            })
            .collect();
        filter_record_batch(&batch, &kept)
            .map_err(|source| IngestError::arrow("keep what stays set aside", source))
    })
    .try_filter(|batch| std::future::ready(batch.num_rows() > 0))
}
