//! What whole answers lose, as somebody sees it who has nothing but them.

use std::collections::BTreeMap;

use membrane_privacy::ExactTotals;
use membrane_privacy::audit::epsilon_lower_bound;
use membrane_query::{ReleaseColumn, ReleaseRole, ReleaseType, Trial};

use super::mechanisms::{at_delta, claim};
use super::neighbours::furthest;
use super::{Area, AuditError, Check, Effort, Verdict};

/// Members among whom one more is looked for.
const MEMBERS: u32 = 300;
/// Decimals of what is computed of released values.
const COMPUTED_DECIMALS: usize = 6;

/// A row of an answer, by its keys.
type Key = Vec<Option<String>>;

/// An answer: the rows as text.
pub(super) type Rows = Vec<Vec<Option<String>>>;

pub(super) async fn checks(
    trial: &Trial,
    title: &str,
    effort: &Effort,
    (seed, alpha): (u64, f64),
) -> Result<Vec<Check>, AuditError> {
    let (with, without) = furthest(trial, seed.wrapping_add(33), MEMBERS).await?;
    let (claimed, delta) = claim(&trial.mechanism().describe()?)?;
    let columns = trial.bounded(&without)?.columns;
    let (one, other) = (answers(trial, &with, effort.answers)?, answers(trial, &without, effort.answers)?);
    let measured = loss(&columns, &one, &other, (delta, alpha));
    let grid = on_grid(&columns, &one) && on_grid(&columns, &other);
    let check = |area, asserted: &str, claimed, measured, holds| Check {
        area,
        name: title.to_owned(),
        asserted: asserted.to_owned(),
        claimed,
        measured,
        verdict: Verdict::of(holds),
        trials: effort.answers,
        conditions: format!("seed {seed}, {MEMBERS} members and one more, false alarm {alpha:.0e}"),
    };
    Ok(vec![
        check(
            Area::Answers,
            "lower bound on epsilon at most what the release costs",
            at_delta(claimed, delta),
            format!("at least {measured:.3}"),
            measured <= claimed,
        ),
        check(
            Area::Grid,
            "values are whole units of the decimals that their column states",
            "the column's decimals".to_owned(),
            if grid { "all of both neighbours" } else { "not all" }.to_owned(),
            grid,
        ),
    ])
}

/// Draws answers, on two threads.
pub(super) fn answers(trial: &Trial, totals: &ExactTotals, count: usize) -> Result<Vec<Rows>, AuditError> {
    let draw = |count: usize| {
        (0..count).map(|_| Ok(trial.draw(totals)?.rows)).collect::<Result<Vec<Rows>, AuditError>>()
    };
    let half = count / 2;
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| draw(half));
        (draw(count - half), one.join())
    });
    let mut all = one?;
    all.extend(other.map_err(|_| AuditError::Query(membrane_query::QueryError::Failed))??);
    Ok(all)
}

/// Bounds from below what answers lose. Of each value it is learnt from the first half of the answers how it speaks for one of the
/// two; what all of them say together is the score of an answer.
pub(super) fn loss(
    columns: &[ReleaseColumn],
    one: &[Rows],
    other: &[Rows],
    (delta, alpha): (f64, f64),
) -> f64 {
    let mut places = BTreeMap::new();
    let one: Vec<Vec<f64>> = one.iter().map(|rows| numbers(columns, rows, &mut places)).collect();
    let other: Vec<Vec<f64>> = other.iter().map(|rows| numbers(columns, rows, &mut places)).collect();
    let first = |all: &[Vec<f64>]| all.get(..all.len() / 2).unwrap_or_default().to_vec();
    let (of_one, of_other) = (moments(&first(&one), places.len()), moments(&first(&other), places.len()));
    let weight = |((mean_one, variance_one), (mean_other, variance_other)): (&(f64, f64), &(f64, f64))| {
        let variance = f64::midpoint(*variance_one, *variance_other);
        if variance > 0.0 { (mean_one - mean_other) / variance } else { (mean_one - mean_other) * 1e9 }
    };
    let weights: Vec<f64> = of_one.iter().zip(&of_other).map(weight).collect();
    let score = |values: &Vec<f64>| values.iter().zip(&weights).map(|(value, weight)| value * weight).sum();
    let scores = |all: &[Vec<f64>]| all.iter().map(score).collect::<Vec<f64>>();
    epsilon_lower_bound(&scores(&one), &scores(&other), delta, alpha)
}

/// Reads the values of an answer, each at the place of its row and column, and beside it whether the row is there.
fn numbers(columns: &[ReleaseColumn], rows: &Rows, places: &mut BTreeMap<(Key, usize), usize>) -> Vec<f64> {
    let mut values = vec![0.0; places.len()];
    let mut put = |place: (Key, usize), value: f64| {
        let next = places.len();
        let place = *places.entry(place).or_insert(next);
        if values.len() <= place {
            values.resize(place + 1, 0.0);
        }
        if let Some(found) = values.get_mut(place) {
            *found = value;
        }
    };
    for row in rows {
        let key = key_of(columns, row);
        put((key.clone(), usize::MAX), 1.0);
        for (index, (column, cell)) in columns.iter().zip(row).enumerate() {
            let value = cell.as_deref().and_then(|cell| cell.parse::<f64>().ok());
            if let (ReleaseRole::Value, Some(value)) = (column.role, value) {
                put((key.clone(), index), value);
            }
        }
    }
    values
}

/// Returns the keys of a row.
pub(super) fn key_of(columns: &[ReleaseColumn], row: &[Option<String>]) -> Key {
    let cells = columns.iter().zip(row).filter(|(column, _)| column.role == ReleaseRole::Key);
    cells.map(|(_, cell)| cell.clone()).collect()
}

/// Returns mean and variance of each value.
#[expect(clippy::cast_precision_loss, reason = "numbers of answers are small")]
fn moments(all: &[Vec<f64>], width: usize) -> Vec<(f64, f64)> {
    let count = all.len().max(1) as f64;
    let at = |values: &Vec<f64>, place: usize| values.get(place).copied().unwrap_or(0.0);
    let of = |place: usize| {
        let mean = all.iter().map(|values| at(values, place)).sum::<f64>() / count;
        let variance = all.iter().map(|values| (at(values, place) - mean).powi(2)).sum::<f64>() / count;
        (mean, variance)
    };
    (0..width).map(of).collect()
}

/// Tells whether every value has no more decimals than its column states.
pub(super) fn on_grid(columns: &[ReleaseColumn], answers: &[Rows]) -> bool {
    let decimals = |kind: ReleaseType| match kind {
        ReleaseType::Integer => Some(0),
        ReleaseType::Decimal(scale) => usize::try_from(scale).ok(),
        ReleaseType::Number => Some(COMPUTED_DECIMALS),
        _ => None,
    };
    let fits = |(column, cell): (&ReleaseColumn, &Option<String>)| {
        let (ReleaseRole::Value, Some(most), Some(cell)) = (column.role, decimals(column.kind), cell) else {
            return true;
        };
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        !whole.is_empty() && is_digits(whole) && is_digits(rest) && rest.len() <= most
    };
    answers.iter().flatten().all(|row| columns.iter().zip(row).all(fits))
}

#[cfg(test)]
mod tests;
