//! Tells a delivery with some bad records from one that is not of the format at all.

use crate::{Format, IngestError};

/// Records after which an input may be judged before its end.
const RECORDS_MIN: u64 = 1000;

/// Counts what the records of a text input look like.
#[derive(Debug)]
pub(super) struct Judge {
    format: Format,
    records: u64,
    malformed: u64,
    not_utf8: u64,
    zeros: u64,
}

impl Judge {
    pub(super) const fn new(format: Format) -> Self {
        Self { format, records: 0, malformed: 0, not_utf8: 0, zeros: 0 }
    }

    /// Counts a record and returns its number, from 1.
    pub(super) fn record(&mut self) -> i64 {
        self.records += 1;
        i64::try_from(self.records).unwrap_or(i64::MAX)
    }

    /// Counts the last record as malformed.
    pub(super) fn malformed(&mut self, raw: &[u8]) {
        self.malformed += 1;
        if std::str::from_utf8(raw).is_err() {
            self.not_utf8 += 1;
        }
        if raw.contains(&0) {
            self.zeros += 1;
        }
    }

    /// Refuses an input that so far, or at its end, is not of the format.
    pub(super) fn judge(&self, at_end: bool) -> Result<(), IngestError> {
        if self.records == 0 || (!at_end && self.records < RECORDS_MIN) {
            return Ok(());
        }
        if self.zeros * 2 > self.records {
            return Err(IngestError::Encoding { looks_like: "UTF-16" });
        }
        if self.not_utf8 * 2 > self.records {
            return Err(IngestError::Encoding { looks_like: "GB18030 or another older encoding" });
        }
        if self.malformed * 10 > self.records * 9 {
            let (malformed, records) = (self.malformed, self.records);
            return Err(IngestError::NotTheFormat {
                format: self.format,
                detail: format!("{malformed} of {records} records are malformed"),
            });
        }
        Ok(())
    }
}

/// Refuses text in UTF-16 and returns the length of a UTF-8 byte order mark.
pub(super) fn byte_order_mark(start: &[u8]) -> Result<usize, IngestError> {
    match start {
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
            Err(IngestError::Encoding { looks_like: "UTF-16" })
        }
        _ => Ok(0),
    }
}
