//! A member-local statement, asked of some members after the others: when all of them at once do not fit the memory that there is.
//!
//! Members are parted by what their keys say, which is as good as random: part `p` of `n` has those whose key is `p` more than a multiple of `n`. A part
//! that does not fit is asked again as two, `p` and `p + n` of `2n`. All parts are of the same versions of the same datasets, so that what comes out is what
//! would have come out at once.

use std::collections::VecDeque;
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

use super::local;
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

/// Tells whether a key is in a part. It stands in plans that the hub made, and in no statement.
#[derive(Debug, PartialEq, Eq, Hash)]
struct InPart {
    part: Part,
    signature: Signature,
}

impl ScalarUDFImpl for InPart {
    fn name(&self) -> &'static str {
        "in a part of members"
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
        let within: BooleanArray = keys.iter().map(|key| key.map(|key| self.part.has(key))).collect();
        Ok(ColumnarValue::Array(Arc::new(within)))
    }
}

fn shape() -> DataFusionError {
    DataFusionError::Internal("members are parted by their keys".to_owned())
}

fn in_part(part: Part) -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::BinaryView], Volatility::Immutable);
    ScalarUDF::from(InPart { part, signature })
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
            part => local::filter(self.plan.clone(), &in_part(part)).map_err(|_| QueryError::Failed)?,
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

    proptest! {
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
