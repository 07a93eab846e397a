//! Synthetic member data for a hub without members: seven channels and two dimensions of a retail
//! company in 2025, of any size, from a seed.
//!
//! Nothing here is about anybody. The same seed and number of members give the same bytes.

mod error;
mod options;
mod report;

mod calendar;
mod goods;
mod identifiers;
mod names;
mod pick;
mod places;
mod seeds;
mod shops;

mod activity;
mod household;
mod member;
mod world;

mod channels;
mod dirt;
mod generate;
mod out_file;
mod parquet_file;
mod text_file;

pub mod completejourney;
mod household_identity;

pub use dirt::DirtyKind;
pub use error::SampleError;
pub use generate::generate;
pub use household_identity::{HouseholdIdentity, household_identity};
pub use options::SampleOptions;
pub use report::{FileReport, SampleReport};
