//! A member-local statement, asked of some members after the others: when all of them at once do not fit the memory that there is.
//!
//! Members are parted by what their keys say, which is as good as random: part `p` of `n` has those whose key is `p` more than a multiple of `n`. A part
//! that does not fit is asked again as two, `p` and `p + n` of `2n`. All parts are of the same versions of the same datasets, so that what comes out is what
//! would have come out at once.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    ColumnarValue, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use membrane_model::Limits;
use tokio::time::Instant;

use super::{TagKeys, local};
use crate::answer::run;
use crate::brake::Brake;
use crate::engine::braked_physical;
use crate::error::QueryError;

/// Parts that members are in at most.
const PARTS_MAX: u64 = 1 << 10;

/// One part of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Part {
    number: u64,
    of: u64,
}

impl Part {
    const ALL: Self = Self { number: 0, of: 1 };

    /// Returns the two parts that it is made of.
    fn halves(self) -> Option<[Self; 2]> {
        let of = self.of * 2;
        (of <= PARTS_MAX).then(|| [Self { of, ..self }, Self { number: self.number + self.of, of }])
    }

    fn has(self, key: &[u8]) -> bool {
        // Tokens are as good as random, each byte of them.
        let random = key.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        random % self.of == self.number
    }
}

/// Tells whether a key is one of some. It stands in plans that the hub made, and in no statement.
///
/// A join with the keys would do as well, but DataFusion may take all other rows for the side that is kept in memory.
#[derive(Debug, PartialEq, Eq, Hash)]
struct IsOneOf {
    members: Members,
    signature: Signature,
}

/// Of whom a statement is asked.
#[derive(Debug, Clone)]
pub(super) enum Members {
    /// Those of a part.
    Part(Part),
    /// Those with these keys.
    These(Arc<Marked>),
}

/// Bits for each key of a set; one of sixteen is set, most often.
const BITS_EACH: usize = 16;

/// Keys, and bits that tell of most others that they are none of them: millions of rows are asked, and the bits fit a cache.
#[derive(Debug)]
pub(super) struct Marked {
    keys: TagKeys,
    bits: Vec<u64>,
}

impl Marked {
    fn new(keys: TagKeys) -> Self {
        let words = (keys.len() * BITS_EACH / 64).next_power_of_two();
        let mut bits = vec![0_u64; words];
        for key in keys.iter() {
            let (word, bit) = place_of(key, words);
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Self { keys, bits }
    }

    fn has(&self, key: &[u8]) -> bool {
        let (word, bit) = place_of(key, self.bits.len());
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.keys.contains(key)
    }
}

/// Returns which bit of so many words, a power of two, is a key's: by bytes of its token that are as good as random.
fn place_of(key: &[u8], words: usize) -> (usize, u64) {
    let random = key.get(8..16).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let word = usize::try_from(random >> 6).unwrap_or_default() & (words - 1);
    (word, 1 << (random & 63))
}

impl Members {
    /// Those with these keys.
    pub(super) fn these(keys: TagKeys) -> Self {
        Self::These(Arc::new(Marked::new(keys)))
    }

    fn has(&self, key: &[u8]) -> bool {
        match self {
            Self::Part(part) => part.has(key),
            Self::These(keys) => keys.has(key),
        }
    }
}

// Keys are the same where they are in one place: plans are compared often, and have one set of them.
impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Part(one), Self::Part(other)) => one == other,
            (Self::These(one), Self::These(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Members {}

impl Hash for Members {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Part(part) => part.hash(state),
            Self::These(keys) => Arc::as_ptr(keys).hash(state),
        }
    }
}

impl ScalarUDFImpl for IsOneOf {
    fn name(&self) -> &'static str {
        "one of some members"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let [keys] = ColumnarValue::values_to_arrays(&arguments.args)?.try_into().map_err(|_| shape())?;
        let keys = keys.as_binary_view_opt().ok_or_else(shape)?;
        let within: BooleanArray = keys.iter().map(|key| key.map(|key| self.members.has(key))).collect();
        Ok(ColumnarValue::Array(Arc::new(within)))
    }
}

fn shape() -> DataFusionError {
    DataFusionError::Internal("members are parted by their keys".to_owned())
}

/// Returns the function that tells whether a key is one of these members'.
pub(super) fn is_one_of(members: Members) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::BinaryView], Volatility::Immutable);
    ScalarUDF::from(IsOneOf { members, signature })
}

/// A statement that is asked part by part.
pub(super) struct Parted {
    pub(super) plan: LogicalPlan,
    pub(super) state: SessionState,
    pub(super) limits: Limits,
    pub(super) deadline: Instant,
    /// Whether it may be asked of some members alone.
    pub(super) is_local: bool,
}

/// The part that is asked now.
struct Asked {
    part: Part,
    rows: BoxStream<'static, Result<RecordBatch, QueryError>>,
    /// Whether some of its rows are out.
    began: bool,
}

impl Parted {
    /// Returns the rows: of all members at once where that fits.
    pub(super) fn rows(self) -> BoxStream<'static, Result<RecordBatch, QueryError>> {
        let start = (self, VecDeque::from([Part::ALL]), None::<Asked>);
        stream::try_unfold(start, |(parted, mut left, mut asked)| async move {
            loop {
                let mut now = match asked.take() {
                    Some(now) => now,
                    None => {
                        let Some(part) = left.pop_front() else { return Ok(None) };
                        Asked { part, rows: parted.ask(part).await?, began: false }
                    }
                };
                match now.rows.next().await {
                    Some(Ok(batch)) => {
                        now.began = true;
                        return Ok(Some((batch, (parted, left, Some(now)))));
                    }
                    Some(Err(QueryError::LimitMemory { .. })) if parted.is_local && !now.began => {
                        let bytes_max = parted.limits.memory_bytes_max;
                        let halves = now.part.halves().ok_or(QueryError::LimitMemory { bytes_max })?;
                        halves.into_iter().rev().for_each(|half| left.push_front(half));
                    }
                    Some(Err(error)) => return Err(error),
                    None => {}
                }
            }
        })
        .boxed()
    }

    async fn ask(
        &self,
        part: Part,
    ) -> Result<BoxStream<'static, Result<RecordBatch, QueryError>>, QueryError> {
        let plan = match part {
            Part::ALL => self.plan.clone(),
            part => local::filter(self.plan.clone(), &is_one_of(Members::Part(part)))
                .map_err(|_| QueryError::Failed)?,
        };
        let brake = Brake::new(self.deadline);
        let physical = braked_physical(plan, &self.state, &self.limits, &brake).await?;
        Ok(run(&physical, &self.state.task_ctx(), self.limits, brake))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mask::key::KEY_LENGTH;

    proptest! {
        /// A key is among some where it is one of them.
        #[test]
        fn marks_tell_who_is_among_some(
            all in proptest::collection::vec(any::<[u8; KEY_LENGTH]>(), 0..60),
            some in 0_usize..60,
        ) {
            let (some, others) = all.split_at(some.min(all.len()));
            let mut keys = TagKeys::default();
            some.iter().for_each(|key| keys.insert(key));
            let members = Members::these(keys);
            prop_assert!(some.iter().all(|key| members.has(key)));
            prop_assert!(others.iter().all(|key| some.contains(key) || !members.has(key)));
        }

        /// However often parts are halved, each key is in one of them.
        #[test]
        fn a_key_is_in_one_part(key in any::<[u8; 32]>(), halvings in proptest::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let mut parts = vec![Part::ALL];
            for halving in halvings {
                let part = parts.swap_remove(halving.index(parts.len()));
                parts.extend(part.halves().expect("more parts"));
            }
            prop_assert_eq!(parts.iter().filter(|part| part.has(&key)).count(), 1);
        }
    }
}
