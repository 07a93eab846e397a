//! Events that come one by one, or some at a time: acknowledged when they are durable, readable at once, committed a little later.
//!
//! ```text
//! push -> decode, check, keys, protect (Intake) -> record of a segment, synced (Segment) -> acknowledged, and read from now on
//!                                                        \-> every few seconds: one commit of the segment (commit_portions)
//! ```
//!
//! A segment is a file on this machine. What lies in it is protected as it will be in the table. It has a number in its stream; the
//! commit carries it, so that a segment that is found after a crash is committed once. A process that is killed after an event was
//! acknowledged finds it in its segment again.
//!
//! An event that comes again is left out: by its key, if the contract has one, and by the name of its push, for as long as the
//! [`Window`] remembers.

mod commit;
mod intake;
mod messages;
mod record;
mod segment;
mod window;

pub use commit::{PortionOf, PortionRows, Portioned, commit_portions, edges, positions};
pub use intake::{Acknowledged, Intake, Push, PushBody, Taken};
pub use messages::{MessageForm, Messages};
pub use record::{Record, RecordCounts};
pub use segment::{
    AppendError, FoundSegment, Segment, SegmentHead, keep_damaged, purge_seen, read_segment, retire_segment,
    segments_in,
};
pub use window::{EventId, Window};
