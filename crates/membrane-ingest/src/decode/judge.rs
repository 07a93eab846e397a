//! Tells a delivery with some bad records from one that is not of the format at all.

use crate::reason::Broken;
use crate::{Encoding, Format, IngestError};

/// Records after which an input may be judged before its end.
const RECORDS_MIN: u64 = 1000;

/// Counts what the records of a text input look like.
#[derive(Debug)]
pub(super) struct Judge {
    format: Format,
    /// The encoding that it was converted from.
    encoding: Option<Encoding>,
    records: u64,
    malformed: u64,
    not_utf8: u64,
    chinese: u64,
    zeros: u64,
}

impl Judge {
    pub(super) const fn new(format: Format, encoding: Option<Encoding>) -> Self {
        Self { format, encoding, records: 0, malformed: 0, not_utf8: 0, chinese: 0, zeros: 0 }
    }

    /// Returns how many records there were so far.
    pub(super) const fn records(&self) -> u64 {
        self.records
    }

    /// Counts a record and returns its number, from 1.
    pub(super) fn record(&mut self) -> i64 {
        self.records += 1;
        i64::try_from(self.records).unwrap_or(i64::MAX)
    }

    /// Counts the last record as malformed.
    pub(super) fn malformed(&mut self, raw: &[u8], broken: Broken) {
        self.malformed += 1;
        self.chinese += u64::from(broken == Broken::Gb18030);
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
        if let Some(encoding) = self.encoding
            && self.not_utf8 * 2 > self.records
        {
            let detail = format!("most of it is no text in {encoding}");
            return Err(IngestError::NotTheFormat { format: self.format, detail });
        }
        if self.zeros * 2 > self.records {
            return Err(IngestError::Encoding { looks_like: "UTF-16" });
        }
        if self.not_utf8 * 2 > self.records {
            let is_chinese = self.chinese * 2 > self.not_utf8;
            let looks_like = if is_chinese { "GB18030" } else { "GB18030 or another older encoding" };
            return Err(IngestError::Encoding { looks_like });
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

/// Refuses text in UTF-16 that no mark told of, and returns the length of a UTF-8 byte order mark.
pub(super) fn byte_order_mark(start: &[u8]) -> Result<usize, IngestError> {
    match start {
        [0xef, 0xbb, 0xbf, ..] => Ok(3),
        [0, _, ..] | [_, 0, ..] => Err(IngestError::Encoding { looks_like: "UTF-16" }),
        _ => Ok(0),
    }
}
