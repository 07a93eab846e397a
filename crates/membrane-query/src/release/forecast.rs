//! How wide the error bars of an answer will be, told column by column before anything is paid.
//!
//! A forecast reads no data. The noise is known; what it is compared with is supposed, or its width is told for the values at
//! which it is greatest:
//!
//! | column | told | a share of |
//! | --- | --- | --- |
//! | count, SUM | as it will be | the total of a group whose members have one row each, of half the larger bound |
//! | quantile | as a rank | the members |
//! | AVG | at most | the range between the bounds |
//! | variance, deviation | at most | the greatest that the bounds allow |
//! | computed | to first order | what comes of supposed totals, in which averages are in the middle of their bounds |
//!
//! What is computed and comes to zero there, or divides by a number that noise hides, has a width that hangs on the values: none
//! is told.

use membrane_privacy::{
    AggregateForecast, AggregateKind, AggregateSummary, Estimate, Mechanism, MechanismSummary, Moments,
    NoisyValue, Spread, mean_half_width_max, variance_half_width_max,
};

use super::question::{Output, Question, Shows, SpreadOf, Value};
use super::value::Group;
use crate::QueryError;

/// What a group of some size will look like.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseForecast {
    /// Its members.
    pub members: u64,
    /// The chance that it is shown: below one only where keys come from the data.
    pub shown: f64,
    /// One entry for each column of the answer that is no key.
    pub columns: Vec<ColumnForecast>,
}

/// What one column of a group will look like.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnForecast {
    /// Its name in the answer.
    pub name: String,
    /// Half of the width of the 95 % interval, where it does not hang on the values: for what is a share of
    /// [`ForecastOf::Range`] or [`ForecastOf::Greatest`] at most.
    pub half_width95: Option<f64>,
    /// The same as a share; none where it hangs on the values.
    pub share95: Option<f64>,
    /// What it is a share of.
    pub of: ForecastOf,
}

/// What a width is told as a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastOf {
    /// The total of such a group where each member has one row of half the larger bound.
    Total,
    /// The members: it is a rank.
    Members,
    /// The range between the bounds.
    Range,
    /// The greatest variance or deviation that the bounds allow.
    Greatest,
    /// What is computed of supposed totals.
    Computed,
}

/// Tells what a group of `members` members will look like.
pub(super) fn forecast(
    question: &Question,
    mechanism: &Mechanism,
    summary: &MechanismSummary,
    members: u64,
) -> Result<ReleaseForecast, QueryError> {
    let told = mechanism.forecast(members)?;
    let supposed = Supposed {
        kinds: summary.aggregates.iter().map(|one| one.kind).collect(),
        values: told.aggregates.iter().zip(&summary.aggregates).map(noisy).collect(),
        told: told.aggregates,
    };
    let columns = question.outputs.iter().filter_map(|output| supposed.column(output));
    Ok(ReleaseForecast { members, shown: told.shown, columns: columns.collect() })
}

/// A group that is supposed.
struct Supposed {
    kinds: Vec<AggregateKind>,
    values: Vec<NoisyValue>,
    told: Vec<AggregateForecast>,
}

fn noisy((told, summary): (&AggregateForecast, &AggregateSummary)) -> NoisyValue {
    let AggregateForecast { supposed, half_width95, .. } = told;
    NoisyValue {
        value: *supposed,
        low95: supposed.saturating_sub(*half_width95),
        high95: supposed.saturating_add(*half_width95),
        sd: summary.sigma,
    }
}

impl Supposed {
    /// Tells of one column; nothing of a key.
    fn column(&self, output: &Output) -> Option<ColumnForecast> {
        let (half_width95, share95, of) = match &output.shows {
            Shows::Key(_) | Shows::Grouping(_) => return None,
            Shows::Aggregate(index) => {
                let told = self.told.get(*index)?;
                let half_width = float(told.half_width95) / self.unit(*index);
                (Some(half_width), Some(told.share95), ForecastOf::Total)
            }
            Shows::Quantile(index, _) => (None, Some(self.told.get(*index)?.share95), ForecastOf::Members),
            Shows::Ratio(sum, count) => {
                let (half_width, range) = self.mean(*sum, *count)?;
                (Some(half_width / self.unit(*sum)), Some(half_width / range), ForecastOf::Range)
            }
            Shows::Spread(of) => {
                let (half_width, most) = self.spread(*of)?;
                (Some(half_width / self.square(*of)), Some(half_width / most), ForecastOf::Greatest)
            }
            Shows::Computed(value) => (None, self.computed(value), ForecastOf::Computed),
        };
        Some(ColumnForecast { name: output.name.clone(), half_width95, share95, of })
    }

    fn mean(&self, sum: usize, count: usize) -> Option<(f64, f64)> {
        mean_half_width_max(*self.kinds.get(sum)?, self.values.get(sum)?, self.values.get(count)?)
    }

    fn spread(&self, of: SpreadOf) -> Option<(f64, f64)> {
        let value = |index: usize| self.values.get(index).copied();
        let moments = Moments { count: value(of.count)?, sum: value(of.sum)?, squares: value(of.squares)? };
        variance_half_width_max(*self.kinds.get(of.squares)?, &moments, of.spread)
    }

    /// Returns the width of what is computed, as a share of it.
    fn computed(&self, value: &Value) -> Option<f64> {
        let group = Group { keys: &[], values: &self.values, kinds: &self.kinds, quantiles: &[], rolled: 0 };
        let Estimate { value, low95, high95, .. } = value.estimate(&group)?;
        let share = (high95 - low95) / 2.0 / value.abs();
        share.is_finite().then_some(share)
    }

    /// Returns the unit in which a variance or a deviation is told.
    fn square(&self, of: SpreadOf) -> f64 {
        let unit = self.unit(of.squares);
        match of.spread {
            Spread::VariancePopulation | Spread::VarianceSample => unit * unit,
            Spread::DeviationPopulation | Spread::DeviationSample => unit,
        }
    }

    fn unit(&self, index: usize) -> f64 {
        let bounds = self.kinds.get(index).and_then(|kind| kind.row_bounds());
        10_f64.powi(i32::from(bounds.map_or(0, |bounds| bounds.scale)))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a forecast")]
const fn float(value: i64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests;
