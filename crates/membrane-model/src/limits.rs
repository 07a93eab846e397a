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

/// Bounds on the files of a catalog and of policies, which people write. They are the same for every hub: what one has
/// published, every other can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes of one contract, list, policy, card, claim or case.
    pub bytes_max: u64,
    /// Bytes of one file that is as long as there are principals: who there is, and who sees what.
    pub listing_bytes_max: u64,
    /// Files of one folder.
    pub files_max: usize,
    /// Brackets within brackets of one Cedar file. Its parser recurses, with some 15 KiB of stack for each.
    pub nesting_max: usize,
    /// Conditions, operators and attributes of one Cedar policy that hang on one another, as in `a && b && c`.
    pub joined_max: usize,
}

impl FileLimits {
    /// Those of this version. A stack of 2 MiB, the smallest on which policies are read, is enough for the last two at once.
    pub const FIXED: Self = Self {
        bytes_max: 1 << 20,
        listing_bytes_max: 16 << 20,
        files_max: 2_000,
        nesting_max: 48,
        joined_max: 200,
    };
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
