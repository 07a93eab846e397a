//! Days, weeks or months between two dates of WHERE: few, and the same for everyone.
//!
//! A condition may be on the column or on its CAST from instants to days or back, and so may a key. Both casts keep the
//! order, so that what is said of one is known of the other: a day stands for all of its instants.
//!
//! ```text
//! WHERE CAST(ordered_at AS DATE) BETWEEN '2026-03-01' AND '2026-03-02'       ordered_at: 03-01T00:00 .. 03-02T23:59:59.999999
//! GROUP BY date_trunc('hour', ordered_at)                                    48 hours
//! ```
//!
//! The list holds every key that a row can have, and perhaps one more. More than [`PUBLIC_GROUPS_MAX`] are no list.

use super::{Cell, PUBLIC_GROUPS_MAX, cell_of};
use crate::release::calendar::{
    MICROS_PER_DAY, MICROS_PER_HOUR, shown_days, shown_micros, truncate_days, truncate_micros,
};
use crate::release::literal::typed;
use crate::release::question::{
    ColumnRef, CompareOperator, Function, Literal, Question, Scalar, TypeOf, Unit,
};

/// Returns the starts of all units that a key can have, if they are not too many.
pub(super) fn starts(key: &Scalar, conditions: &[Scalar]) -> Option<Vec<Cell>> {
    let (unit, column) = made_of(key)?;
    let (from, to) = instants(column, conditions)?;
    let is_instant = key.logical() == TypeOf::Timestamp;
    let (from, to) = if is_instant {
        (shown_micros(from), shown_micros(to))
    } else {
        (shown_days(from.div_euclid(MICROS_PER_DAY)), shown_days(to.div_euclid(MICROS_PER_DAY)))
    };
    let cut = |value: i64| if is_instant { truncate_micros(unit, value) } else { truncate_days(unit, value) };
    let mut cells = Vec::new();
    let mut start = cut(from);
    while start <= to {
        if cells.len() == PUBLIC_GROUPS_MAX {
            return None;
        }
        let literal =
            if is_instant { Literal::Timestamp(start) } else { Literal::Date(i32::try_from(start).ok()?) };
        cells.push(cell_of(literal, key.logical())?);
        start = cut(start.checked_add(step(unit, is_instant))?);
    }
    Some(cells)
}

/// Tells whether conditions hold what a key is made of between two days or instants: then it is never NULL.
pub(super) fn is_held(key: &Scalar, conditions: &[Scalar]) -> bool {
    made_of(key).is_some_and(|(_, column)| instants(column, conditions).is_some())
}

/// Finds the finest other key that is made of the same column and says all that a key says: a day its month, a day its week.
pub(super) fn finer(key: usize, question: &Question) -> Option<usize> {
    let conditions = &question.block.conditions;
    let (unit, column) = made_of(question.keys.get(key)?)?;
    instants(column, conditions)?;
    let of = |(place, other): (usize, &Scalar)| {
        let (other, same) = made_of(other)?;
        (place != key && same == column && lies_within(other, unit)).then_some((rank(other), place))
    };
    question.keys.iter().enumerate().filter_map(of).min().map(|(_, place)| place)
}

/// Returns the key at the second position in a row that has this at the first, which [`finer`] found.
pub(super) fn around(text: &str, (within, key): (usize, usize), question: &Question) -> Option<String> {
    let (within, key) = (question.keys.get(within)?, question.keys.get(key)?);
    let (unit, _) = made_of(key)?;
    let micros = match typed(text, within.logical())? {
        Literal::Date(days) => i64::from(days).saturating_mul(MICROS_PER_DAY),
        Literal::Timestamp(micros) => micros,
        _ => return None,
    };
    let literal = match key.logical() {
        TypeOf::Timestamp => Literal::Timestamp(truncate_micros(unit, micros)),
        _ => Literal::Date(i32::try_from(truncate_days(unit, micros.div_euclid(MICROS_PER_DAY))).ok()?),
    };
    cell_of(literal, key.logical())?.text
}

/// Tells whether each of the first unit lies within one of the second, which is longer.
fn lies_within(one: Unit, other: Unit) -> bool {
    rank(one) < rank(other) && (one != Unit::Week)
}

const fn rank(unit: Unit) -> u8 {
    match unit {
        Unit::Hour => 0,
        Unit::Day => 1,
        Unit::Week => 2,
        Unit::Month => 3,
        Unit::Quarter => 4,
        Unit::Year => 5,
    }
}

/// Returns the column that a key is made of, and the unit that it is cut off to.
fn made_of(key: &Scalar) -> Option<(Unit, &ColumnRef)> {
    match (key, key.logical()) {
        (Scalar::Call(Function::Truncate(unit), arguments, _), _) => Some((*unit, base(arguments.first()?)?)),
        (Scalar::Call(Function::Cast, arguments, _), TypeOf::Date) => match arguments.first()? {
            truncated @ Scalar::Call(Function::Truncate(_), ..) => made_of(truncated),
            _ => Some((Unit::Day, base(key)?)),
        },
        (Scalar::Column(column), TypeOf::Date) => Some((Unit::Day, column)),
        _ => None,
    }
}

/// Returns the column of days or instants that this is, or is a cast of. A cast of a cast could go back to midnight.
fn base(scalar: &Scalar) -> Option<&ColumnRef> {
    let column = match scalar {
        Scalar::Call(Function::Cast, arguments, _) => arguments.first()?.as_column()?,
        other => other.as_column()?,
    };
    let of_moments = |logical| matches!(logical, TypeOf::Date | TypeOf::Timestamp);
    (of_moments(column.logical) && of_moments(scalar.logical())).then_some(column)
}

/// Returns between which instants conditions hold a column, both ends included.
fn instants(column: &ColumnRef, conditions: &[Scalar]) -> Option<(i64, i64)> {
    let (mut from, mut to): (Option<i64>, Option<i64>) = (None, None);
    for (least, most) in conditions.iter().filter_map(|condition| said_of(column, condition)) {
        from = from.max(least);
        to = to.into_iter().chain(most).min();
    }
    from.zip(to).filter(|(from, to)| from <= to)
}

/// Returns the least and the greatest instant that a condition lets through, where it says one.
fn said_of(column: &ColumnRef, condition: &Scalar) -> Option<(Option<i64>, Option<i64>)> {
    let Scalar::Compare(left, comparison, right) = condition else { return None };
    let Scalar::Constant(literal, _) = right.as_ref() else { return None };
    if base(left)? != column {
        return None;
    }
    let (first, last) = match literal {
        Literal::Date(days) => {
            let first = i64::from(*days).saturating_mul(MICROS_PER_DAY);
            (first, first.saturating_add(MICROS_PER_DAY - 1))
        }
        Literal::Timestamp(micros) => (*micros, *micros),
        _ => return None,
    };
    Some(match comparison {
        CompareOperator::GtEq => (Some(first), None),
        CompareOperator::Gt => (Some(last.saturating_add(1)), None),
        CompareOperator::LtEq => (None, Some(last)),
        CompareOperator::Lt => (None, Some(first.saturating_sub(1))),
        CompareOperator::Eq => (Some(first), Some(last)),
        CompareOperator::NotEq => (None, None),
    })
}

/// Returns how far the next start lies ahead at least: no unit is longer than this, and none shorter than half of it.
const fn step(unit: Unit, is_instant: bool) -> i64 {
    let days = match unit {
        Unit::Year => 367,
        Unit::Quarter => 93,
        Unit::Month => 32,
        Unit::Week => 7,
        Unit::Day | Unit::Hour => 1,
    };
    match (is_instant, unit) {
        (true, Unit::Hour) => MICROS_PER_HOUR,
        (true, _) => days * MICROS_PER_DAY,
        (false, _) => days,
    }
}

#[cfg(test)]
mod tests;
