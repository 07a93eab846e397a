//! How exact a release will be for groups of a given size, told before anything is paid.
//!
//! A forecast reads no data: it takes the size of a group as given and asks the calibrated noise. What a total will be
//! cannot be known before; the share is therefore of a typical total, in which every member has one row, of a value in
//! the middle between zero and its bound:
//!
//! | kind | the half-width is a share of |
//! | --- | --- |
//! | counts, members, distinct | the members |
//! | SUM | the members times half of the larger bound, of a row or of what a member adds in all |
//! | AVG's sum, squares | the members times the range: of the range of the average, or of the square |
//! | quantiles | the members: a rank, so that 0.05 means five percentiles up or down |
//!
//! What is made of several totals is told for supposed ones: as above, but that averages are in the middle of their
//! bounds, and that squares are those of values which are spread evenly between them.

use super::{Mechanism, spread};
use crate::kind::{centre, reach};
use crate::{AggregateKind, PrivacyError};

/// What a group of some size will look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The size of the group.
    pub members: u64,
    /// The chance that it is shown: below one only where keys come from the data.
    pub shown: f64,
    /// One entry per aggregate.
    pub aggregates: Vec<AggregateForecast>,
}

/// What one aggregate of a group will look like.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateForecast {
    /// Its name.
    pub name: String,
    /// Half of the width of the 95 % interval, in fixed-point units.
    pub half_width95: i64,
    /// The same as a share of a typical total of such a group.
    pub share95: f64,
    /// The total of such a group that is supposed, in fixed-point units.
    pub supposed: i64,
}

impl Mechanism {
    /// Tells what a group of `members` members will look like.
    ///
    /// # Errors
    /// [`PrivacyError::OutOfRange`] for a group of nobody; [`PrivacyError::Library`] when a chance cannot be computed.
    pub fn forecast(&self, members: u64) -> Result<Forecast, PrivacyError> {
        if members == 0 || members > 1 << 40 {
            return Err(PrivacyError::OutOfRange { what: "the members of a group", expected: "1 or more" });
        }
        let mut aggregates = Vec::with_capacity(self.parts.len());
        for (aggregate, part) in self.spec.aggregates.iter().zip(&self.parts) {
            let half_width95 = self.noise_of(part)?.half_width(spread(aggregate.kind));
            let typical = float(i64::try_from(members).unwrap_or(i64::MAX)) * typical_row(aggregate.kind);
            aggregates.push(AggregateForecast {
                name: aggregate.name.clone(),
                half_width95,
                share95: float(half_width95) / typical,
                supposed: supposed(aggregate.kind, members),
            });
        }
        Ok(Forecast { members, shown: self.chance(members)?, aggregates })
    }

    /// Returns the chance that the noisy count of a group is strictly above the threshold.
    fn chance(&self, members: u64) -> Result<f64, PrivacyError> {
        let Some(selection) = &self.selection else { return Ok(1.0) };
        let members = i64::try_from(members).unwrap_or(i64::MAX);
        if members < selection.cohort_min() {
            return Ok(0.0);
        }
        selection.noise().above(selection.threshold().saturating_sub(members))
    }
}

/// Returns the total of a group whose members have one row each.
fn supposed(kind: AggregateKind, members: u64) -> i64 {
    let members = i128::from(members);
    let total = match kind {
        AggregateKind::Sum { lower, upper, .. } => members * i128::from(larger(lower, upper)) / 2,
        AggregateKind::SumWithin { least, most, .. } => members * i128::from(larger(least, most)) / 2,
        // What is centred is rounded: of 0 and 1 the middle is a half above it.
        AggregateKind::MeanSum { lower, upper, .. } => {
            let middle = i128::from(centre(lower, upper));
            members * (i128::from(lower) + i128::from(upper) - 2 * middle) / 2
        }
        AggregateKind::MeanSquares { .. } => {
            kind.squares().map_or(0, |(most, middle)| members * (i128::from(most) / 3 - i128::from(middle)))
        }
        AggregateKind::Rows
        | AggregateKind::NonNull
        | AggregateKind::Members
        | AggregateKind::Distinct { .. }
        | AggregateKind::Quantile { .. } => members,
    };
    i64::try_from(total).unwrap_or(i64::MAX)
}

/// Returns whichever bound is further from zero.
const fn larger(lower: i64, upper: i64) -> i64 {
    if lower.saturating_abs() > upper.saturating_abs() { lower } else { upper }
}

/// Returns what one row adds, typically; for what is centred the range of its values.
fn typical_row(kind: AggregateKind) -> f64 {
    match kind {
        AggregateKind::Sum { lower, upper, .. } => float(larger(lower, upper).saturating_abs()) / 2.0,
        AggregateKind::SumWithin { least, most, .. } => float(larger(least, most).saturating_abs()) / 2.0,
        AggregateKind::MeanSum { lower, upper, .. } => 2.0 * float(reach(lower, upper).unwrap_or(i64::MAX)),
        AggregateKind::MeanSquares { .. } => kind.squares().map_or(1.0, |(most, _)| float(most.max(1))),
        AggregateKind::Rows
        | AggregateKind::NonNull
        | AggregateKind::Members
        | AggregateKind::Distinct { .. }
        | AggregateKind::Quantile { .. } => 1.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a forecast")]
const fn float(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
