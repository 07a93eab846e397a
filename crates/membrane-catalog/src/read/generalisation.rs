//! Checks that a coarser value fits its type and leaves something out.
//!
//! PRIVACY: `generalise` is the one protection that stores a part of a direct identifier in clear. Of such
//! a column it must be known beforehand how long or how large a value can be, and a good part of it must be
//! left out.

use membrane_model::{Generalisation, LogicalType, Protection};

use super::column::Draft;
use super::{At, Report};
use crate::{FormatCheck, Standard};

/// The least width of the bands of an identifying number.
const WIDTH_MIN: u32 = 10;
/// Bands of an identifying number, from its `minimum` to its `maximum`.
const BANDS_MAX: f64 = 1_000.0;

/// Checks the generalisation of a column, when it has one.
pub(super) fn check_generalisation(column: &Draft, report: &mut Report) {
    let (Some(At { value: Protection::Generalise(how), mark }), Some(logical)) =
        (&column.protection, column.logical())
    else {
        return;
    };
    let fault = match misfit(*how, logical) {
        _ if !how.can_be_stored() => Some("is for policies: nothing is stored so".to_owned()),
        Some(types) => Some(format!("is for {types}, the column is {logical}")),
        None if column.is_identifying() => keeps_much(column, *how),
        None => keeps_all(column, *how, logical).map(str::to_owned),
    };
    if let Some(fault) = fault {
        report.fault(*mark, format!("{}: `generalise({how})` {fault}", column.what));
    }
}

/// Returns the types that it is for, when the column's is none of them.
const fn misfit(how: Generalisation, logical: LogicalType) -> Option<&'static str> {
    if how.fits(logical) {
        return None;
    }
    Some(match how {
        Generalisation::Month | Generalisation::Year | Generalisation::Age(_) => "dates and timestamps",
        Generalisation::Width(_) => "numbers",
        Generalisation::Prefix(_) | Generalisation::Geo(_) => "strings",
        Generalisation::Fixed => "every type",
    })
}

/// Says why what is meant to be coarser is not, in any column.
fn keeps_all(column: &Draft, how: Generalisation, logical: LogicalType) -> Option<&'static str> {
    match how {
        Generalisation::Width(1) if logical == LogicalType::Integer => Some("keeps every value as it is"),
        Generalisation::Width(1) => Some("keeps every whole value as it is"),
        Generalisation::Prefix(length) => {
            let keeps = column.rules.length_max.is_some_and(|most| most <= usize::from(length));
            keeps.then_some("keeps every value as it is")
        }
        _ => None,
    }
}

/// Says why too much of a direct identifier would be stored.
fn keeps_much(column: &Draft, how: Generalisation) -> Option<String> {
    let rules = &column.rules;
    match how {
        Generalisation::Prefix(length) => {
            let standard = column.standard.value().and_then(Standard::length_max);
            let known = [rules.length_max, rules.check.map(FormatCheck::length_max), standard];
            let most = known.into_iter().flatten().min();
            match most {
                None => Some(
                    "of an identifier needs `maxLength`, so that it is known what is left out".to_owned(),
                ),
                Some(most) if usize::from(length) * 2 > most => {
                    Some(format!("keeps more than half of an identifier of at most {most} characters"))
                }
                Some(_) => None,
            }
        }
        Generalisation::Width(width) if width < WIDTH_MIN => {
            Some(format!("keeps an identifier nearly as it is: the width is {WIDTH_MIN} at least"))
        }
        Generalisation::Width(width) => match rules.minimum.zip(rules.maximum) {
            None => Some(
                "of an identifier needs `minimum` and `maximum`, so that it is known what is left out"
                    .to_owned(),
            ),
            Some((least, most)) if (most - least) / f64::from(width) > BANDS_MAX => {
                Some(format!("leaves an identifier more than {BANDS_MAX} values: choose wider bands"))
            }
            Some(_) => None,
        },
        _ => None,
    }
}
