//! One module per file.

mod app_events;
mod crm_members;
mod dimensions;
mod ground_truth;
mod mini_program_events;
mod pos;
mod pos_order_lines;
mod pos_orders;
mod social_follows;
mod web_events;

use crate::out_file::Monitor;
use crate::world::World;
use crate::{FileReport, SampleError};

/// Where files that are never ingested lie, below the sample's folder.
pub(crate) const GROUND_TRUTH_FOLDER: &str = "ground-truth";

/// Writes the files of one channel.
pub(crate) type Channel = fn(&World, &Monitor<'_>) -> Result<Vec<FileReport>, SampleError>;

/// Every channel, the longest first, because each is written by a thread of its own.
pub(crate) const CHANNELS: &[Channel] = &[
    pos::write,
    app_events::write,
    mini_program_events::write,
    web_events::write,
    crm_members::write,
    social_follows::write,
    dimensions::write,
];

pub(crate) use ground_truth::write as write_ground_truth;

#[cfg(test)]
mod tests;
