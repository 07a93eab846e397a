//! What a fault of a delivery means for the others of its source.

use std::error::Error as Cause;
use std::io;

use chrono::TimeDelta;
use membrane_ingest::IngestError;
use membrane_lake::LakeError;

use crate::error::Error;

/// The longest time until what failed is tried again, unless its own is longer.
const WAIT_MAX: TimeDelta = TimeDelta::hours(1);

/// The same of a source that is held up: what it waits for is not in its hands, and is soon looked for.
const HELD_UP_MAX: TimeDelta = TimeDelta::minutes(5);

/// Returns how long a file waits that failed so often: twice its source's time, then four times, up to an hour.
pub(super) fn wait(every: TimeDelta, failures: u32) -> TimeDelta {
    wait_at_most(every, failures, WAIT_MAX)
}

/// Returns how long a source waits that was held up so often: twice its time, then four times, up to five minutes.
pub(crate) fn wait_held_up(every: TimeDelta, failures: u32) -> TimeDelta {
    wait_at_most(every, failures, HELD_UP_MAX)
}

fn wait_at_most(every: TimeDelta, failures: u32, longest: TimeDelta) -> TimeDelta {
    let times = 2_i32.saturating_pow(failures.min(12));
    every.checked_mul(times).unwrap_or(longest).min(longest.max(every))
}

/// Tells whether a fault holds up all of a source, as it lies with what every delivery needs: the storage, the ledger, a
/// credential, what policy or the contract's state says. What lies with the delivery itself keeps no other waiting.
pub(super) fn holds_up(error: &Error) -> bool {
    match error {
        Error::Ingest(error) => ingest_holds_up(error),
        Error::Inbox(error) => !is_of_file(error),
        Error::FileChanged | Error::FileEnding | Error::ControlMissing { .. } | Error::Internal(_) => false,
        _ => true,
    }
}

fn ingest_holds_up(error: &IngestError) -> bool {
    match error {
        IngestError::Read { source } => is_of_store(source),
        IngestError::Lake(_)
        | IngestError::Ledger(_)
        | IngestError::Vault(_)
        | IngestError::Scratch { .. }
        | IngestError::NoDimension { .. }
        | IngestError::Stopped
        | IngestError::ReplayHeld => true,
        _ => false,
    }
}

const fn is_of_file(error: &LakeError) -> bool {
    matches!(error, LakeError::InboxFile { .. })
}

/// Tells whether a stream broke off because its store did not answer any more.
fn is_of_store(error: &io::Error) -> bool {
    let mut next: Option<&(dyn Cause + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<LakeError>() {
            return !is_of_file(found);
        }
        // An error of the system hands out what it wraps by another way than other causes.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn Cause + 'static)).or_else(|| cause.source());
    }
    false
}

#[cfg(test)]
mod tests;
