//! From noisy groups to the rows of an answer. All of it is post-processing: it reads released values
//! only, and costs nothing.

use std::cmp::Ordering;

use membrane_privacy::{
    AggregateKind, AggregateSpec, Estimate, NoisyGroup, NoisyValue, estimate_mean, estimate_share,
};

use super::answer::{ClippedShare, ReleaseColumn, ReleaseRole, ReleaseType};
use super::cell::decimal_text;
use super::literal::decimal_units;
use super::question::{Output, Question, Scalar, Shows, TypeOf, Value};
use super::read::column_names;
use super::value::{Found, Group};
use crate::QueryError;

/// Decimals that an average has beyond those of its column, and a standard deviation beyond its value's.
const RATIO_DECIMALS: i8 = 4;
const SD_DECIMALS: i8 = 2;
/// Decimals of what is computed of released values.
const COMPUTED_DECIMALS: i8 = 6;

/// One cell before it is written.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    text: Option<String>,
    sort: SortValue,
}

/// What rows are sorted by.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum SortValue {
    Null,
    Number(i128),
    Float(f64),
    Text(String),
}

/// Returns the columns of the answer.
pub(super) fn columns(
    question: &Question,
    aggregates: &[AggregateSpec],
) -> Result<Vec<ReleaseColumn>, QueryError> {
    let mut columns = Vec::new();
    for output in &question.outputs {
        let roles = [ReleaseRole::Value, ReleaseRole::Low95, ReleaseRole::High95, ReleaseRole::Sd];
        let roles = if output.shows.is_key() { vec![ReleaseRole::Key] } else { roles.to_vec() };
        for (name, role) in column_names(output).into_iter().zip(roles) {
            let kind = match (&output.shows, role) {
                (Shows::Key(index), _) => key_type(question.keys.get(*index).ok_or(QueryError::Failed)?),
                (Shows::Grouping(_), _) => ReleaseType::Integer,
                (Shows::Computed(_), _) | (_, ReleaseRole::Sd) => ReleaseType::Number,
                _ => match decimals(output, aggregates)? {
                    0 => ReleaseType::Integer,
                    scale => ReleaseType::Decimal(scale),
                },
            };
            columns.push(ReleaseColumn { name, role, kind });
        }
    }
    Ok(columns)
}

/// Returns the rows of the answer: those that HAVING lets through, sorted by key, then as the statement asks, then cut.
pub(super) fn rows(
    question: &Question,
    aggregates: &[AggregateSpec],
    groups: &[NoisyGroup],
) -> Result<Vec<Vec<Option<String>>>, QueryError> {
    let kinds: Vec<AggregateKind> = aggregates.iter().map(|one| one.kind).collect();
    let mut rows = Vec::with_capacity(groups.len());
    for group in groups {
        let released = Group {
            keys: &group.key,
            values: &group.values,
            kinds: &kinds,
            quantiles: &group.quantiles,
            rolled: group.rolled,
        };
        if question.having.as_ref().is_some_and(|having| !having.holds(&released)) {
            continue;
        }
        let keys = question.keys.iter().zip(&group.key).map(|(key, text)| key_cell(key, text.as_deref()));
        let keys: Vec<Cell> = keys.collect();
        let cells = question.outputs.iter().map(|output| cells(output, &keys, aggregates, group, &released));
        let order = question.order.iter().map(|order| sort_value(&order.by, &keys, &released));
        rows.push(Row {
            keys: keys.iter().map(|cell| cell.sort.clone()).collect(),
            order: order.collect(),
            cells: cells.collect::<Result<_, QueryError>>()?,
        });
    }
    rows.sort_by(|one, other| one.keys.partial_cmp(&other.keys).unwrap_or(Ordering::Equal));
    rows.sort_by(|one, other| compare(question, &one.order, &other.order));
    let shown = rows.into_iter().skip(question.offset).take(question.limit.unwrap_or(usize::MAX));
    Ok(shown.map(|row| row.cells.into_iter().flatten().map(|cell| cell.text).collect()).collect())
}

/// One row of the answer, and what it is sorted by.
struct Row {
    keys: Vec<SortValue>,
    order: Vec<SortValue>,
    cells: Vec<Vec<Cell>>,
}

/// Returns what a row is sorted by.
fn sort_value(by: &Value, keys: &[Cell], group: &Group<'_>) -> SortValue {
    if let Value::Key(index, _) = by {
        return keys.get(*index).map_or(SortValue::Null, |cell| cell.sort.clone());
    }
    match by.find(group, None) {
        Found::Null => SortValue::Null,
        Found::Number(value) => SortValue::Float(value),
        Found::Truth(truth) => SortValue::Number(i128::from(truth)),
        Found::Text(text) => SortValue::Text(text),
    }
}

/// Returns the share of members of whom something was left out.
pub(super) fn clipped_share(members: &NoisyValue, clipped: &NoisyValue) -> ClippedShare {
    let Estimate { value, low95, high95, .. } = estimate_share(clipped, members);
    ClippedShare { share: value, low95, high95 }
}

fn compare(question: &Question, one: &[SortValue], other: &[SortValue]) -> Ordering {
    for (order, (one, other)) in question.order.iter().zip(one.iter().zip(other)) {
        let ordering = match (one, other) {
            (SortValue::Null, SortValue::Null) => Ordering::Equal,
            (SortValue::Null, _) if order.nulls_first => Ordering::Less,
            (SortValue::Null, _) => Ordering::Greater,
            (_, SortValue::Null) if order.nulls_first => Ordering::Greater,
            (_, SortValue::Null) => Ordering::Less,
            _ => {
                let ordering = one.partial_cmp(other).unwrap_or(Ordering::Equal);
                if order.ascending { ordering } else { ordering.reverse() }
            }
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn key_type(key: &Scalar) -> ReleaseType {
    match key.logical() {
        TypeOf::Text => ReleaseType::String,
        TypeOf::Integer => ReleaseType::Integer,
        TypeOf::Number => ReleaseType::Number,
        TypeOf::Decimal(_, scale) => ReleaseType::Decimal(scale),
        TypeOf::Boolean => ReleaseType::Boolean,
        TypeOf::Date => ReleaseType::Date,
        TypeOf::Timestamp => ReleaseType::Timestamp,
    }
}

fn key_cell(key: &Scalar, text: Option<&str>) -> Cell {
    let sort = text.map_or(SortValue::Null, |text| {
        let number = match key_type(key) {
            ReleaseType::Integer => decimal_units(text, 0),
            ReleaseType::Decimal(scale) => decimal_units(text, scale),
            _ => None,
        };
        number.map_or_else(|| SortValue::Text(text.to_owned()), SortValue::Number)
    });
    Cell { text: text.map(str::to_owned), sort }
}

fn cells(
    output: &Output,
    keys: &[Cell],
    aggregates: &[AggregateSpec],
    group: &NoisyGroup,
    released: &Group<'_>,
) -> Result<Vec<Cell>, QueryError> {
    let value = |index: usize| group.values.get(index).ok_or(QueryError::Failed);
    let spec = |index: usize| aggregates.get(index).ok_or(QueryError::Failed);
    let scale = |index| spec(index).map(|spec| scale_of(spec.kind));
    match &output.shows {
        Shows::Key(index) => Ok(vec![keys.get(*index).cloned().ok_or(QueryError::Failed)?]),
        Shows::Grouping(keys) => {
            let bits = released.grouping(keys);
            Ok(vec![Cell { text: Some(bits.to_string()), sort: SortValue::Number(i128::from(bits)) }])
        }
        Shows::Aggregate(index) => {
            let (noisy, scale) = (value(*index)?, scale(*index)?);
            let number = |units: i64| Cell {
                text: Some(decimal_text(i128::from(units), scale)),
                sort: SortValue::Number(i128::from(units)),
            };
            let sd = sd_cell(noisy.sd / ten_to(scale), scale);
            Ok(vec![number(noisy.value), number(noisy.low95), number(noisy.high95), sd])
        }
        Shows::Ratio(sum, count) => {
            let kind = spec(*sum)?.kind;
            let mean = estimate_mean(kind, value(*sum)?, value(*count)?).ok_or(QueryError::Failed)?;
            let unit = ten_to(scale_of(kind));
            let scale = scale_of(kind).saturating_add(RATIO_DECIMALS);
            let number = |value: f64| {
                let text = fixed(value, scale);
                let sort = decimal_units(&text, scale).map_or(SortValue::Null, SortValue::Number);
                Cell { text: Some(text), sort }
            };
            Ok(vec![
                number(mean.value / unit),
                number(mean.low95 / unit),
                number(mean.high95 / unit),
                sd_cell(mean.sd / unit, scale),
            ])
        }
        Shows::Spread(_) | Shows::Quantile(..) => {
            let found = match &output.shows {
                Shows::Spread(of) => released.spread(of),
                Shows::Quantile(index, place) => released.quantile(*index, *place),
                _ => None,
            };
            let found = found.ok_or(QueryError::Failed)?;
            let scale = decimals(output, aggregates)?;
            let number = |value: f64| {
                let text = fixed(value, scale);
                let sort = decimal_units(&text, scale).map_or(SortValue::Null, SortValue::Number);
                Cell { text: Some(text), sort }
            };
            Ok(vec![number(found.value), number(found.low95), number(found.high95), sd_cell(found.sd, scale)])
        }
        Shows::Computed(computed) => {
            let number = |value: f64| Cell {
                text: value.is_finite().then(|| fixed(value, COMPUTED_DECIMALS)),
                sort: SortValue::Float(value),
            };
            let nothing = || Cell { text: None, sort: SortValue::Null };
            Ok(match computed.estimate(released) {
                None => vec![nothing(), nothing(), nothing(), nothing()],
                Some(found) => [found.value, found.low95, found.high95, found.sd].map(number).into(),
            })
        }
    }
}

fn decimals(output: &Output, aggregates: &[AggregateSpec]) -> Result<i8, QueryError> {
    let of = |index: usize| aggregates.get(index).map(|spec| scale_of(spec.kind)).ok_or(QueryError::Failed);
    match output.shows {
        Shows::Key(_) | Shows::Grouping(_) => Ok(0),
        Shows::Aggregate(index) => of(index),
        Shows::Ratio(sum, _) => Ok(of(sum)?.saturating_add(RATIO_DECIMALS)),
        Shows::Spread(spread) => Ok(of(spread.squares)?.saturating_add(RATIO_DECIMALS)),
        Shows::Quantile(index, _) => of(index),
        Shows::Computed(_) => Ok(COMPUTED_DECIMALS),
    }
}

fn scale_of(kind: AggregateKind) -> i8 {
    kind.row_bounds().map_or(0, |bounds| bounds.scale)
}

fn ten_to(scale: i8) -> f64 {
    10_f64.powi(i32::from(scale))
}

fn sd_cell(sd: f64, scale: i8) -> Cell {
    Cell { text: Some(fixed(sd, scale.saturating_add(SD_DECIMALS))), sort: SortValue::Null }
}

fn fixed(value: f64, decimals: i8) -> String {
    let decimals = usize::try_from(decimals).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    // No sign without digits: `-0.00` is zero.
    match text.strip_prefix('-') {
        Some(rest) if !rest.contains(|digit: char| ('1'..='9').contains(&digit)) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests;
