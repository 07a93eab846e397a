//! How often error bars cover what they are about, and how far that is from the truth.

use std::collections::BTreeMap;

use membrane_query::{Bars, Lie, ReleaseColumn, ReleaseRole, ReleaseType, Shown, Trial};

use super::loss::{Rows, answers, key_of};
use super::{Area, AuditError, Check, Effort, Verdict};

/// What 95 % intervals may cover, from and to.
const COVERED: (f64, f64) = (0.94, 0.96);
/// The density of noise at both ends of its 95 % interval, in deviations: twice that of the Gaussian at 1.96.
const ENDS: f64 = 0.117;

/// What was seen of one column of values.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Seen {
    covered: usize,
    pub(super) of: usize,
    /// The sum of what values are above the bounded ones, in deviations of their noise.
    above: f64,
    /// How much one unit at either end of an interval covers at most.
    step: f64,
}

impl Seen {
    #[expect(clippy::cast_precision_loss, reason = "numbers of answers are small")]
    pub(super) fn share(&self) -> f64 {
        self.covered as f64 / self.of.max(1) as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of answers are small")]
    fn lean(&self) -> f64 {
        self.above / self.of.max(1) as f64
    }

    /// Tells whether intervals cover as often as they say. Of few answers chance is allowed for: 4.5 deviations, of which the range
    /// itself allows for as many as it takes where there are 10,000.
    #[expect(clippy::cast_precision_loss, reason = "numbers of answers are small")]
    pub(super) fn holds(&self, bars: Bars) -> bool {
        let chance = (4.5 * (0.0475 / self.of.max(1) as f64).sqrt() - 0.01).max(0.0);
        let (least, most) = COVERED;
        // The least interval of whole units that covers 95 % may cover as much more as its ends do.
        let most = most.max(0.95 + self.step);
        self.of > 0 && self.share() >= least - chance && (bars == Bars::Wide || self.share() <= most + chance)
    }
}

pub(super) async fn checks(
    trial: &Trial,
    title: &str,
    effort: &Effort,
    seed: u64,
) -> Result<Vec<Check>, AuditError> {
    let people = trial.people(seed.wrapping_add(55), effort.members)?;
    let totals = trial.totals(&people, &Lie::default()).await?;
    let bounded = trial.bounded(&totals)?;
    let unbounded = trial.unbounded(&people).await.ok();
    let drawn = answers(trial, &totals, effort.repeats)?;
    let seen = covered(&bounded, &drawn, 1.0);
    let values = bounded.columns.iter().enumerate().filter(|(_, column)| column.role == ReleaseRole::Value);
    let mut checks = Vec::new();
    for ((index, column), bars) in values.zip(trial.bars()) {
        let seen = seen.get(&index).copied().unwrap_or_default();
        let name = format!("{title}: {}", column.name);
        let conditions = format!("seed {seed}, {} members", effort.members);
        let wide = bars == Bars::Wide;
        checks.push(Check {
            area: Area::Coverage,
            name: name.clone(),
            asserted: "95 % intervals cover the bounded value".to_owned(),
            claimed: if wide { "0.94 or more, by a bound" } else { "0.94 to 0.96" }.to_owned(),
            measured: format!("{:.4} of {} intervals", seen.share(), seen.of),
            // Where noise decides what is shown, what is shown has been chosen by its noise.
            verdict: if trial.selects() { Verdict::Told } else { Verdict::of(seen.holds(bars)) },
            trials: effort.repeats,
            conditions: conditions.clone(),
        });
        let bias = unbounded.as_ref().and_then(|unbounded| bias(&bounded, unbounded, index));
        checks.push(Check {
            area: Area::Coverage,
            name: format!("{name}: bias"),
            asserted: "signed, of the mean over groups: what bounds leave out, and how noise leans"
                .to_owned(),
            claimed: "none".to_owned(),
            measured: format!(
                "{} of the truth by bounds; {:+.3} deviations by noise",
                bias.map_or_else(|| "not known".to_owned(), |bias| format!("{:+.2} %", bias * 100.0)),
                seen.lean()
            ),
            verdict: Verdict::Told,
            trials: effort.repeats,
            conditions,
        });
    }
    Ok(checks)
}

/// Counts how often intervals, made so many times as wide, cover the bounded value; by column.
pub(super) fn covered(bounded: &Shown, drawn: &[Rows], width: f64) -> BTreeMap<usize, Seen> {
    let columns = &bounded.columns;
    let truth: BTreeMap<Vec<Option<String>>, &Vec<Option<String>>> =
        bounded.rows.iter().map(|row| (key_of(columns, row), row)).collect();
    let mut seen: BTreeMap<usize, Seen> = BTreeMap::new();
    for row in drawn.iter().flatten() {
        let Some(exact) = truth.get(&key_of(columns, row)) else { continue };
        for (index, _) in columns.iter().enumerate().filter(|(_, column)| column.role == ReleaseRole::Value) {
            let number = |row: &[Option<String>], index: usize| cell(row, index);
            let of_row = [index, index + 1, index + 2, index + 3].map(|index| number(row, index));
            let ([Some(value), Some(low), Some(high), Some(sd)], Some(exact)) = (of_row, cell(exact, index))
            else {
                continue;
            };
            let found = seen.entry(index).or_default();
            found.of += 1;
            // What is shown is rounded to the decimals of its column, the truth as well.
            let slack = 1e-9 * exact.abs().max(1.0);
            let (low, high) = (value - (value - low) * width, value + (high - value) * width);
            found.covered += usize::from(low - slack <= exact && exact <= high + slack);
            found.above += if sd > 0.0 { (value - exact) / sd } else { 0.0 };
            let unit = columns.get(index).and_then(|column| unit(column.kind));
            found.step = found.step.max(unit.map_or(0.0, |unit| ENDS * unit / sd.max(unit)));
        }
    }
    seen
}

/// Returns the unit of the values of a column.
fn unit(kind: ReleaseType) -> Option<f64> {
    match kind {
        ReleaseType::Integer => Some(1.0),
        ReleaseType::Decimal(scale) => Some(10_f64.powi(-i32::from(scale))),
        _ => None,
    }
}

fn cell(row: &[Option<String>], index: usize) -> Option<f64> {
    row.get(index)?.as_deref()?.parse().ok()
}

/// Returns by which share bounded values are above what they are of, on average over groups.
fn bias(bounded: &Shown, unbounded: &Shown, index: usize) -> Option<f64> {
    let columns: &[ReleaseColumn] = &bounded.columns;
    let truth: BTreeMap<Vec<Option<String>>, f64> =
        unbounded.rows.iter().filter_map(|row| Some((key_of(columns, row), cell(row, index)?))).collect();
    let (mut above, mut all) = (0.0, 0.0);
    for row in &bounded.rows {
        if let (Some(value), Some(exact)) = (cell(row, index), truth.get(&key_of(columns, row))) {
            above += value - exact;
            all += exact.abs();
        }
    }
    (all > 0.0).then(|| above / all)
}

#[cfg(test)]
mod tests;
