//! When a row happened, against when its delivery came.

use arrow::array::{ArrayRef, AsArray as _};
use arrow::datatypes::TimestampMicrosecondType;
use chrono::{DateTime, Utc};
use membrane_catalog::Dataset;

use crate::reason::{Fault, ReasonCode};

/// The event time of a dataset whose contract says something of it.
pub(super) struct Times {
    /// Its column.
    at: usize,
    /// Rows that happened before this came late, in microseconds since 1970.
    late_before: Option<i64>,
    /// Rows that happened after this are ahead of the clock.
    ahead_after: Option<i64>,
    late: u64,
}

impl Times {
    pub(super) fn new(dataset: &Dataset, came: DateTime<Utc>) -> Option<Self> {
        let event_time = dataset.event_time.as_ref()?;
        let service = &dataset.service;
        let (latency, ahead) = (service.latency, service.ahead_max);
        if latency.is_none() && ahead.is_none() {
            return None;
        }
        let late_before =
            latency.and_then(|latency| came.checked_sub_signed(chrono::TimeDelta::from_std(latency).ok()?));
        let ahead_after =
            ahead.and_then(|ahead| came.checked_add_signed(chrono::TimeDelta::from_std(ahead).ok()?));
        Some(Self {
            at: dataset.columns.iter().position(|column| column.name == *event_time)?,
            late_before: late_before.map(|instant| instant.timestamp_micros()),
            ahead_after: ahead_after.map(|instant| instant.timestamp_micros()),
            late: 0,
        })
    }

    /// Returns how many rows came late so far.
    pub(super) const fn late(&self) -> u64 {
        self.late
    }

    /// Finds the rows that are ahead of the clock.
    pub(super) fn ahead(&self, columns: &[ArrayRef], faults: &mut Vec<Fault>) {
        let Some(limit) = self.ahead_after else { return };
        let ahead = self.rows(columns).filter(|(_, micros)| *micros > limit);
        faults.extend(ahead.map(|(row, _)| Fault { row, about: self.at, code: ReasonCode::Ahead }));
    }

    /// Counts the good rows that came late.
    pub(super) fn count(&mut self, columns: &[ArrayRef]) {
        let Some(limit) = self.late_before else { return };
        let late = self.rows(columns).filter(|(_, micros)| *micros < limit).count();
        self.late += u64::try_from(late).unwrap_or(u64::MAX);
    }

    fn rows<'a>(&self, columns: &'a [ArrayRef]) -> impl Iterator<Item = (usize, i64)> + 'a {
        let times =
            columns.get(self.at).and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let rows = times.into_iter().flat_map(|times| times.iter().enumerate());
        rows.filter_map(|(row, micros)| micros.map(|micros| (row, micros)))
    }
}
