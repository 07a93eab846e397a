//! What a pilot counts of members, once all rows came: how many groups each has, and what it has in one of them.

use membrane_privacy::{MemberPart, Pilot, PilotCount, PilotTotals, RawValue};

use super::{Exact, Shards};
use crate::QueryError;

impl Shards {
    /// Counts every member for a pilot, whose question these rows answered.
    pub(in crate::release) fn finish_pilot(&self, pilot: &Pilot) -> Result<PilotTotals, QueryError> {
        let (numbers, of_shards) = self.numbers()?;
        let mut count = pilot.count(numbers.len());
        for (shard, numbers) in self.0.iter().zip(&of_shards) {
            shard.count_members(&mut count, numbers)?;
        }
        Ok(count.finish())
    }
}

impl Exact {
    fn count_members(&self, count: &mut PilotCount, numbers: &[Option<usize>]) -> Result<(), QueryError> {
        let width = self.sums.aggregates().max(1);
        let mut raw: Vec<RawValue> = Vec::new();
        for member in self.parts.members() {
            let member = member?;
            raw.clear();
            for (_, sums) in self.parts.parts_of(member) {
                raw.extend(self.sums.raw_values(sums));
            }
            let parts = self.parts.parts_of(member).zip(raw.chunks(width)).map(|((part, _), raw)| {
                let group = usize::try_from(part.group).ok();
                let group = group.and_then(|group| numbers.get(group).copied().flatten());
                // Parts know their rank only where a member has more than are held.
                let rank = self.sampling.rank(member.unit, self.parts.key(part.group));
                Ok(MemberPart { rank, group: group.ok_or(QueryError::Failed)?, raw, samples: &[] })
            });
            let parts = parts.collect::<Result<Vec<MemberPart<'_>>, QueryError>>()?;
            count.add_member(&parts).map_err(|_| QueryError::Failed)?;
        }
        Ok(())
    }
}
