//! What is asked of the generator.

use std::path::PathBuf;

use crate::SampleError;

/// What to generate. The same options give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOptions {
    /// Rows of the CRM export, dirt aside: 1 to [`Self::MEMBERS_MAX`].
    pub members: u64,
    /// Where chance starts.
    pub seed: u64,
    /// The folder for the files; it is made when it is not there.
    pub out: PathBuf,
    /// The share of rows with a fault, 0 to 0.5.
    pub dirty_rate: f64,
}

impl SampleOptions {
    /// The most members there may be: member numbers have eight digits.
    pub const MEMBERS_MAX: u64 = 99_999_999;

    /// The share of rows with a fault, where nobody says otherwise.
    pub const DIRTY_RATE_DEFAULT: f64 = 0.01;

    /// Asks for this many members, with the usual share of faults.
    #[must_use]
    pub fn new(members: u64, seed: u64, out: impl Into<PathBuf>) -> Self {
        Self { members, seed, out: out.into(), dirty_rate: Self::DIRTY_RATE_DEFAULT }
    }

    pub(crate) fn check(&self) -> Result<(), SampleError> {
        if !(1..=Self::MEMBERS_MAX).contains(&self.members) {
            return Err(SampleError::Option { option: "members", expected: "1 to 99,999,999" });
        }
        if !(0.0..=0.5).contains(&self.dirty_rate) {
            return Err(SampleError::Option { option: "dirty_rate", expected: "0 to 0.5" });
        }
        Ok(())
    }
}
