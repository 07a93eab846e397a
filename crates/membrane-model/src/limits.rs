//! Bounds on everything that a caller can size.

/// Bounds on everything that a caller can size. Each is a hard stop with a clear error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows that one answer may have.
    pub rows_max: u64,
    /// Bytes of Arrow data that one answer may have.
    pub bytes_max: u64,
    /// Seconds that one request may take.
    pub seconds_max: u64,
    /// Bytes of working memory that one query may hold.
    pub memory_bytes_max: usize,
    /// Bytes of SQL text.
    pub sql_bytes_max: usize,
    /// Depth of nested queries and expressions.
    pub nesting_max: usize,
    /// Values that one principal may look up in an hour.
    pub lookups_per_hour: u32,
    /// Groups that one release may have before thresholding.
    pub groups_max: usize,
    /// Bytes of one ingest body over HTTP.
    pub body_bytes_max: usize,
    /// Bytes of one record of an ingested file.
    pub record_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows_max: 1_000_000,
            bytes_max: 1 << 30,
            seconds_max: 120,
            memory_bytes_max: 1 << 30,
            sql_bytes_max: 64 << 10,
            nesting_max: 32,
            lookups_per_hour: 60,
            groups_max: 1_000_000,
            body_bytes_max: 4 << 30,
            record_bytes_max: 1 << 20,
        }
    }
}
