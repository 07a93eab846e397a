//! What is said of a file by the one beside it: its control totals.

use chrono::{DateTime, Utc};
use membrane_catalog::{FilesSource, Source};
use membrane_ingest::ControlTotals;
use membrane_lake::{Inbox, InboxFile};
use membrane_ledger::SourceFile;

use crate::error::Error;

/// Bytes of the control totals of one file.
const BYTES_MAX: usize = 64 << 10;
/// How the ledger says that a file waits for its control totals: that is no fault yet.
const AWAITED: &str = "control_awaited";

/// What is said of a file by the one beside it.
pub(super) enum Control {
    /// Nothing ever is.
    None,
    /// It is not there yet.
    Awaited,
    /// This.
    Stated(ControlTotals),
}

/// Reads what is said of a file.
pub(super) async fn read(
    source: &Source,
    files: &FilesSource,
    (inbox, file): (&Inbox, &InboxFile),
) -> Result<Control, Error> {
    let Some(suffix) = &files.control_suffix else { return Ok(Control::None) };
    let path = format!("{}{suffix}", file.path);
    let found = inbox.read_small(&path, BYTES_MAX).await.map_err(Error::Inbox)?;
    let Some(text) = found else { return Ok(Control::Awaited) };
    ControlTotals::parse(&text, source.on_difference).map(Control::Stated).map_err(Error::Ingest)
}

/// Makes the note that a file waits for what is said of it, since a moment.
pub(super) fn awaited(file: String, state: String, since: DateTime<Utc>) -> SourceFile {
    SourceFile { file, state, fault: Some(AWAITED.to_owned()), tries: 0, run: None, seen: since }
}

/// Tells whether a file was not tried, as nothing was said of it.
pub(super) fn is_awaited(before: &SourceFile) -> bool {
    before.fault.as_deref() == Some(AWAITED) || was_told(before)
}

/// Tells whether somebody was told that what is said of a file is missing.
pub(super) fn was_told(before: &SourceFile) -> bool {
    before.fault.as_deref() == Some(Error::ControlMissing { seconds: 0 }.code())
}

/// Returns since when a file waits for what is said of it.
pub(super) fn since(before: &SourceFile) -> Option<DateTime<Utc>> {
    is_awaited(before).then_some(before.seen)
}
