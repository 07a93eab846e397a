//! Members dealt out to shards, so that all processors bound members at once.
//!
//! A member is in one shard, by the last bits of its id, which is a keyed hash: what is kept of a member is decided in
//! that shard, as if there were no other. Each shard reads all batches and takes its own rows.

use std::collections::BTreeMap;

use datafusion::arrow::array::{RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt as _;
use membrane_model::Limits;
use membrane_privacy::{ExactTotals, GroupKey, Mechanism, MemberPart, RawValue, ReleaseSpec};
use membrane_vault::Sampler;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Costs, Exact, Size, units};
use crate::QueryError;
use crate::release::question::Question;
use crate::sanitise::sanitise;

/// Batches that wait for a shard at most.
const WAITING: usize = 2;
/// More shards would be more copies of the groups, and more of the processors of others.
const SHARDS_MAX: usize = 8;

/// Raw sums per member and group.
pub(in crate::release) struct Shards(pub(super) Vec<Exact>);

impl Shards {
    /// Starts with no row, in `count` shards or [`SHARDS_MAX`]; the rest is as for [`Exact::new`].
    pub(in crate::release) fn new(
        question: &Question,
        spec: &ReleaseSpec,
        sampling: &Sampler,
        costs: Costs,
        size: &Size,
        count: usize,
    ) -> Result<Self, QueryError> {
        let count = count.clamp(1, SHARDS_MAX);
        let costs = costs.in_shards(count);
        let shard = |_| Exact::new(question, spec, sampling.clone(), costs, size.clone());
        (0..count).map(shard).collect::<Result<_, QueryError>>().map(Self)
    }

    /// Takes in all rows of a stream: the unit column, then those that the question reads.
    pub(in crate::release) async fn absorb(
        self,
        mut rows: SendableRecordBatchStream,
        limits: &Limits,
    ) -> Result<Self, QueryError> {
        let of = self.0.len();
        let mut working = JoinSet::new();
        let mut senders = Vec::with_capacity(of);
        // What fails for rows of these types fails without rows as well.
        let nothing = RecordBatch::new_empty(rows.schema());
        for (index, mut shard) in self.0.into_iter().enumerate() {
            shard.absorb_own(&nothing, index, of)?;
            let (sender, mut batches) = mpsc::channel::<RecordBatch>(WAITING);
            senders.push(sender);
            // Ends when no more batches can come, also because nobody waits for the release any more. It holds a thread of
            // those that read files as well, of which there are enough: so few releases compute at once
            // ([`crate::Engine::turn`]).
            working.spawn_blocking(move || {
                while let Some(batch) = batches.blocking_recv() {
                    shard.absorb_own(&batch, index, of)?;
                }
                Ok::<_, QueryError>(shard)
            });
        }
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| sanitise(&error, limits))?;
            for sender in &senders {
                // A shard that hears nothing any more has failed, and says so below.
                if sender.send(batch.clone()).await.is_err() {
                    break;
                }
            }
        }
        drop(senders);
        let mut shards = Vec::with_capacity(of);
        while let Some(done) = working.join_next().await {
            shards.push(done.map_err(|_| QueryError::Failed)??);
        }
        Ok(Self(shards))
    }

    /// Numbers the groups of all shards: by their names, and for each shard by its own numbers.
    #[expect(clippy::type_complexity, reason = "two lists of numbers")]
    pub(super) fn numbers(&self) -> Result<(BTreeMap<GroupKey, usize>, Vec<Vec<Option<usize>>>), QueryError> {
        // No two keys are written alike, so groups of two shards are one when their names are.
        let mut numbers: BTreeMap<GroupKey, usize> = BTreeMap::new();
        let mut of_shards = Vec::with_capacity(self.0.len());
        for shard in &self.0 {
            let names = shard.parts.groups.names(shard.converter.as_ref())?;
            let number = |name: Option<GroupKey>| {
                name.map(|name| {
                    let next = numbers.len();
                    *numbers.entry(name).or_insert(next)
                })
            };
            of_shards.push(names.into_iter().map(number).collect::<Vec<Option<usize>>>());
        }
        Ok((numbers, of_shards))
    }

    /// Bounds the rows of every member and returns the totals per group.
    pub(in crate::release) fn finish(self, mechanism: &Mechanism) -> Result<ExactTotals, QueryError> {
        self.totals(mechanism)
    }

    /// Does what [`Shards::finish`] does, for bounds that are as wide as those with which rows were taken in, or narrower.
    pub(in crate::release) fn totals(&self, mechanism: &Mechanism) -> Result<ExactTotals, QueryError> {
        let (numbers, of_shards) = self.numbers()?;
        let Self(shards) = self;
        let groups = numbers.len();
        let mut totals = mechanism.totals(groups);
        std::thread::scope(|scope| {
            let work = shards.iter().zip(&of_shards).map(|(shard, numbers)| {
                scope.spawn(move || {
                    let mut own = mechanism.totals(groups);
                    shard.add_to(&mut own, mechanism, numbers).map(|()| own)
                })
            });
            for done in work.collect::<Vec<_>>() {
                totals.add(done.join().map_err(|_| QueryError::Failed)??);
            }
            Ok::<_, QueryError>(())
        })?;
        let (members, members_clipped) = totals.members();
        let totals = totals.finish();
        let found = numbers.into_iter().map(|(name, number)| {
            let total = totals.get(number).cloned().ok_or(QueryError::Failed)?;
            Ok((name, total))
        });
        let found = found.collect::<Result<Vec<_>, QueryError>>()?;
        let groups = found.into_iter().filter(|(_, total)| total.members > 0).collect();
        Ok(ExactTotals { groups, members, members_clipped })
    }
}

impl Exact {
    /// Takes in the rows of a batch that are this shard's, the one of this index of so many. Rows without a member are out.
    fn absorb_own(&mut self, batch: &RecordBatch, index: usize, of: usize) -> Result<(), QueryError> {
        let (unit, columns) = batch.columns().split_first().ok_or(QueryError::Failed)?;
        let is_own = |unit: u128| {
            let [.., high, low] = unit.to_be_bytes();
            usize::from(u16::from_be_bytes([high, low])) % of == index
        };
        let (mut rows, mut own) =
            (Vec::with_capacity(batch.num_rows()), Vec::with_capacity(batch.num_rows()));
        for (unit, row) in units(unit.as_ref())?.zip(0_u32..) {
            if let Some(unit) = unit.filter(|unit| is_own(*unit)) {
                rows.push(row);
                own.push(unit);
            }
        }
        if rows.len() == batch.num_rows() {
            return self.absorb(&own, columns);
        }
        let rows = UInt32Array::from(rows);
        let columns = columns.iter().map(|column| take(column, &rows, None).map_err(|_| QueryError::Failed));
        self.absorb(&own, &columns.collect::<Result<Vec<_>, QueryError>>()?)
    }

    /// Bounds every member of the shard and adds it to the totals. `numbers` are those of the shard's groups there.
    fn add_to(
        &self,
        totals: &mut membrane_privacy::BoundedTotals,
        mechanism: &Mechanism,
        numbers: &[Option<usize>],
    ) -> Result<(), QueryError> {
        let width = mechanism.spec().aggregates.len().max(1);
        let groups_max = mechanism.bounds().groups_max;
        let slots = self.sums.slots();
        let mut raw: Vec<RawValue> = Vec::new();
        for member in self.parts.members() {
            let member = member?;
            raw.clear();
            let mut kept: Vec<Vec<i64>> = Vec::new();
            for (_, sums) in self.parts.parts_of(member) {
                raw.extend(self.sums.raw_values(sums));
                kept.extend(slots.iter().map(|slot| slot.kept(sums)));
            }
            let kept: Vec<&[i64]> = kept.iter().map(Vec::as_slice).collect();
            let parts = self.parts.parts_of(member).zip(raw.chunks(width)).enumerate();
            let parts = parts.map(|(index, ((part, _), raw))| {
                let group =
                    usize::try_from(part.group).ok().and_then(|group| numbers.get(group).copied().flatten());
                let first = index.saturating_mul(slots.len());
                let samples = kept.get(first..first.saturating_add(slots.len())).unwrap_or_default();
                // Parts know their rank only where a member has more than are held.
                let rank = match part.rank {
                    0 if member.parts() > groups_max => {
                        self.sampling.rank(member.unit, self.parts.key(part.group))
                    }
                    rank => rank,
                };
                Ok(MemberPart { rank, group: group.ok_or(QueryError::Failed)?, raw, samples })
            });
            let mut parts = parts.collect::<Result<Vec<MemberPart<'_>>, QueryError>>()?;
            totals.add_member(&mut parts, member.is_clipped()).map_err(|_| QueryError::Failed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Shards {
    /// Takes in one batch, and returns what the first shard holds.
    pub(super) fn absorb_one(&mut self, batch: &RecordBatch) -> Result<&Exact, QueryError> {
        let of = self.0.len();
        for (index, shard) in self.0.iter_mut().enumerate() {
            shard.absorb_own(batch, index, of)?;
        }
        self.0.first().ok_or(QueryError::Failed)
    }
}
