//! Values that stand beside each other, brought to one type: exactly, or not at all.

use crate::QueryError;
use crate::release::calendar::MICROS_PER_DAY;
use crate::release::literal::{no_moment, typed};
use crate::release::question::TypeOf;
use crate::release::refusal::refuse;
use crate::release::scalar::fixed::{rescale, to_number};
use crate::release::scalar::{Function, Literal, Scalar};

/// Brings two values to one type: exactly, or not at all.
pub(in crate::release) fn unify(left: Scalar, right: Scalar) -> Result<(Scalar, Scalar), QueryError> {
    let (one, other) = (left.logical(), right.logical());
    if one == other {
        return Ok((left, right));
    }
    if let Some(left) = converted(&left, other) {
        return Ok((left, right));
    }
    if let Some(right) = converted(&right, one) {
        return Ok((left, right));
    }
    check_moment(&left, other)?;
    check_moment(&right, one)?;
    let common = above(one, other)?;
    Ok((to_type(left, common), to_type(right, common)))
}

/// Refuses a text beside days or instants that is none.
pub(super) fn check_moment(scalar: &Scalar, logical: TypeOf) -> Result<(), QueryError> {
    match (scalar, logical) {
        (Scalar::Constant(Literal::Text(text), _), TypeOf::Date | TypeOf::Timestamp)
            if typed(text, logical).is_none() =>
        {
            Err(no_moment(text))
        }
        _ => Ok(()),
    }
}

/// Returns the type that has all values of both, or refuses.
fn above(one: TypeOf, other: TypeOf) -> Result<TypeOf, QueryError> {
    common_type(one, other).ok_or_else(|| {
        refuse(
            "two values of different types",
            "write constants in the other's own type and precision, or CAST one to the type of the other",
        )
    })
}

/// Returns the type that has all values of both.
fn common_type(one: TypeOf, other: TypeOf) -> Option<TypeOf> {
    match (one, other) {
        (one, other) if one == other => Some(one),
        (TypeOf::Number, other) | (other, TypeOf::Number) if other.is_numeric() => Some(TypeOf::Number),
        (TypeOf::Decimal(_, scale), TypeOf::Integer) | (TypeOf::Integer, TypeOf::Decimal(_, scale)) => {
            Some(TypeOf::Decimal(38, scale))
        }
        (TypeOf::Decimal(_, one), TypeOf::Decimal(_, other)) => Some(TypeOf::Decimal(38, one.max(other))),
        (TypeOf::Date, TypeOf::Timestamp) | (TypeOf::Timestamp, TypeOf::Date) => Some(TypeOf::Timestamp),
        _ => None,
    }
}

/// Casts, where the value is of another type.
pub(in crate::release) fn to_type(scalar: Scalar, logical: TypeOf) -> Scalar {
    if scalar.logical() == logical {
        return scalar;
    }
    if let Some(constant) = converted(&scalar, logical) {
        return constant;
    }
    Scalar::Call(Function::Cast, vec![scalar], logical)
}

/// Returns a constant as a value of another type, if it is exactly one.
pub(super) fn converted(scalar: &Scalar, logical: TypeOf) -> Option<Scalar> {
    let (literal, from) = match scalar {
        Scalar::Null(_) => return Some(Scalar::Null(logical)),
        Scalar::Constant(literal, from) => (literal, *from),
        _ => return None,
    };
    let literal = match (literal, logical) {
        (Literal::Text(text), TypeOf::Date | TypeOf::Timestamp | TypeOf::Integer | TypeOf::Decimal(..)) => {
            typed(text, logical)?
        }
        (Literal::Date(days), TypeOf::Timestamp) => {
            Literal::Timestamp(i64::from(*days).checked_mul(MICROS_PER_DAY)?)
        }
        (Literal::Timestamp(micros), TypeOf::Date) if micros.rem_euclid(MICROS_PER_DAY) == 0 => {
            Literal::Date(i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()?)
        }
        (Literal::Integer(_) | Literal::Decimal(_), _) => {
            let (units, scale) = match (literal, from) {
                (Literal::Integer(number), _) => (i128::from(*number), 0),
                (Literal::Decimal(units), TypeOf::Decimal(_, scale)) => (*units, scale),
                _ => return None,
            };
            match logical {
                TypeOf::Integer => {
                    let whole = rescale(units, scale, 0);
                    (rescale(whole, 0, scale) == units).then_some(())?;
                    Literal::Integer(i64::try_from(whole).ok()?)
                }
                TypeOf::Decimal(precision, to) => {
                    let scaled = rescale(units, scale, to);
                    let fits = scaled.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?;
                    (fits && rescale(scaled, to, scale) == units).then_some(())?;
                    Literal::Decimal(scaled)
                }
                TypeOf::Number => Literal::Number(to_number(units, scale)),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Scalar::Constant(literal, logical))
}

/// Brings values to one type.
pub(super) fn of_one_type(values: Vec<Scalar>) -> Result<Vec<Scalar>, QueryError> {
    let logical = type_of_all(&values.iter().collect::<Vec<_>>())?;
    Ok(values.into_iter().map(|value| to_type(value, logical)).collect())
}

/// Returns the type in which values stand beside each other. Constants take the type of what is no constant, and never pull
/// it down to their own.
pub(in crate::release) fn type_of_all(values: &[&Scalar]) -> Result<TypeOf, QueryError> {
    let constants = || values.iter().filter(|value| matches!(value, Scalar::Constant(..)));
    let others = values.iter().filter(|value| !matches!(value, Scalar::Constant(..) | Scalar::Null(_)));
    let mut common: Option<TypeOf> = None;
    for other in others.map(|value| value.logical()) {
        common = Some(common.map_or(Ok(other), |common| above(common, other))?);
    }
    let fits = |logical: &TypeOf| {
        constants().all(|one| one.logical() == *logical || converted(one, *logical).is_some())
    };
    let of_constants = || constants().map(|one| one.logical());
    if let Some(found) = common.map_or_else(|| of_constants().find(fits), |common| Some(common).filter(fits))
    {
        return Ok(found);
    }
    for one in constants() {
        common.map_or(Ok(()), |common| check_moment(one, common))?;
    }
    for other in of_constants() {
        common = Some(common.map_or(Ok(other), |common| above(common, other))?);
    }
    Ok(common.or_else(|| values.first().map(|value| value.logical())).unwrap_or(TypeOf::Text))
}
