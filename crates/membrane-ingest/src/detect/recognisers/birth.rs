//! Days of birth: a day by itself is any day; a column of them shows how old people are.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::shape::Shape;
use crate::detect::value::{Value, is_day, part};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::BirthDate,
    // Of days that are written as such, none is none; what speaks for birth is in the column as a whole.
    chance: 0.02,
    share_min: 0.7,
    share_hinted_min: 0.3,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    match day_of(&value.text) {
        Some((year, _, _)) if (1900..=2100).contains(&year) => Look::Match,
        Some(_) => Look::Form,
        None => Look::Other,
    }
}

/// Reads a day in one of the forms that are in use: `1990-05-17`, `1990/5/17`, `19900517`, `1990年5月17日`, `17.05.1990`,
/// `05/17/1990`, any of them with midnight behind.
pub(crate) fn day_of(text: &str) -> Option<(i32, u32, u32)> {
    let text = without_midnight(text);
    let (year, month, day) = if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        (part(text, 0, 4)?, part(text, 4, 6)?, part(text, 6, 8)?)
    } else {
        if text.len() > 20 {
            return None;
        }
        let parts: Vec<&str> =
            text.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
        let [first, second, third] = parts.as_slice() else { return None };
        let number = |part: &str| if part.len() <= 4 { self::part(part, 0, part.len()) } else { None };
        let (one, two, three) = (number(first)?, number(second)?, number(third)?);
        match (first.len(), third.len()) {
            (4, 1..=2) => (one, two, three),
            (1..=2, 4) if two > 12 => (three, one, two),
            (1..=2, 4) => (three, two, one),
            _ => return None,
        }
    };
    let year_is_one = (1000..3000).contains(&year);
    (year_is_one && is_day(year, month, day)).then_some((i32::try_from(year).ok()?, month, day))
}

fn without_midnight(text: &str) -> &str {
    const ENDS: [&str; 5] = ["T00:00:00Z", "T00:00:00.000000Z", " 00:00:00", "T00:00:00", " 00:00:00.0"];
    ENDS.iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text)
}

/// Says what speaks against days of birth when the name says nothing: `today` is the year that it is.
///
/// People of a company are up to a hundred and ten years old, few of them are children, and they are of many ages. Orders,
/// visits and registrations are of the last years.
pub(crate) fn against_birth(shape: &Shape, today: i32) -> Option<&'static str> {
    let mut years: Vec<(i32, u32)> = shape.years.iter().map(|(year, count)| (*year, *count)).collect();
    years.sort_unstable();
    let all: u32 = years.iter().map(|(_, count)| count).sum();
    let at = |tenths: u32| {
        let mut sum = 0;
        years
            .iter()
            .find(|(_, count)| {
                sum += count;
                sum * 10 >= all * tenths
            })
            .map_or(today, |(year, _)| *year)
    };
    let counted = |keep: &dyn Fn(i32) -> bool| -> u32 {
        years.iter().filter(|(year, _)| keep(*year)).map(|(_, count)| count).sum()
    };
    if counted(&|year| year > today) * 100 > all {
        return Some("days of the future are among them");
    }
    if counted(&|year| year > today - 14) * 5 > all {
        return Some("many of them are of the last years");
    }
    if at(9) - at(1) < 18 {
        return Some("they lie too close together for the ages of people");
    }
    if !(15..=85).contains(&(today - at(5))) {
        return Some("most of them are older than people become");
    }
    None
}

#[cfg(test)]
mod tests;
