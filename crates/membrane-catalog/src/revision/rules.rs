//! Which rules of a column let fewer values pass than before, and which let more.

use std::collections::BTreeSet;

use super::column::ColumnFacts;
use super::{Change, Effect};

/// Says which rules changed. A check that is new makes the column one of identifiers: `of_check` is what hangs on that.
pub(super) fn of_rules(old: &ColumnFacts, new: &ColumnFacts, of_check: Effect, changes: &mut Vec<Change>) {
    let mut change = |what, from: Option<String>, to: Option<String>, effect| {
        changes.push(Change { column: Some(old.name.clone()), what, from, to, effect });
    };
    if old.enumeration != new.enumeration {
        let (from, to, effect) = of_enumeration(old.enumeration.as_deref(), new.enumeration.as_deref());
        change("enumeration", from, to, effect);
    }
    if old.pattern != new.pattern {
        let told = |pattern: &Option<String>| pattern.as_ref().map(|_| "a pattern".to_owned());
        let to = if old.pattern.is_some() && new.pattern.is_some() {
            Some("another pattern".to_owned())
        } else {
            told(&new.pattern)
        };
        change("pattern", told(&old.pattern), to, narrower(new.pattern.is_some()));
    }
    if old.check != new.check {
        let effect = if new.check.is_some() { of_check } else { Effect::Compatible };
        change("check", old.check.clone(), new.check.clone(), effect);
    }
    if old.reference != new.reference {
        change("reference", old.reference.clone(), new.reference.clone(), narrower(new.reference.is_some()));
    }
    if old.on_orphan != new.on_orphan && new.reference.is_some() {
        let told = |rule: &Option<String>| Some(rule.clone().unwrap_or_else(|| "quarantine".to_owned()));
        let effect = narrower(new.on_orphan.is_none() && old.reference.is_some());
        change("on orphan", told(&old.on_orphan), told(&new.on_orphan), effect);
    }
    let low = [End::least(old), End::least(new)];
    let high = [End::greatest(old), End::greatest(new)];
    for (what, [was, is]) in [("minimum", low), ("maximum", high)] {
        if was != is {
            let effect = narrower(is.is_within(was));
            change(what, was.told(), is.told(), effect);
        }
    }
    for (what, was, is, is_least) in [
        ("shortest", old.length_min, new.length_min, true),
        ("longest", old.length_max, new.length_max, false),
    ] {
        if was != is {
            let told = |length: Option<usize>| length.map(|length| format!("{length} characters"));
            let fewer = match (was, is) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(was), Some(is)) => (is > was) == is_least,
            };
            change(what, told(was), told(is), narrower(fewer));
        }
    }
    if old.multiple_of.map(f64::to_bits) != new.multiple_of.map(f64::to_bits) {
        let told = |of: Option<f64>| of.map(|number| number.to_string());
        change(
            "multiple of",
            told(old.multiple_of),
            told(new.multiple_of),
            of_multiples(old.multiple_of, new.multiple_of),
        );
    }
}

const fn narrower(is_narrower: bool) -> Effect {
    if is_narrower { Effect::Major } else { Effect::Compatible }
}

fn of_enumeration(
    old: Option<&[String]>,
    new: Option<&[String]>,
) -> (Option<String>, Option<String>, Effect) {
    let count = |values: &[String]| format!("{} values", values.len());
    let (Some(was), Some(is)) = (old, new) else {
        return (old.map(count), new.map(count), narrower(new.is_some()));
    };
    let (before, after): (BTreeSet<&String>, BTreeSet<&String>) = (was.iter().collect(), is.iter().collect());
    let (gone, more) = (before.difference(&after).count(), after.difference(&before).count());
    let told = format!("{} ({gone} gone, {more} new)", count(is));
    (Some(count(was)), Some(told), narrower(gone > 0))
}

/// What is a multiple of a number is one of each of its divisors.
#[expect(clippy::float_arithmetic, reason = "two numbers of a contract, as they are written there")]
fn of_multiples(old: Option<f64>, new: Option<f64>) -> Effect {
    match (old, new) {
        (_, None) => Effect::Compatible,
        (None, Some(_)) => Effect::Major,
        (Some(was), Some(is)) => {
            let times = was / is;
            narrower(!times.is_finite() || times < 1.0 || (times - times.round()).abs() > 1e-9 * times)
        }
    }
}

/// One end of a range.
#[derive(Clone, Copy)]
struct End {
    number: Option<f64>,
    is_outside: bool,
    is_least: bool,
}

impl PartialEq for End {
    fn eq(&self, other: &Self) -> bool {
        self.number.map(f64::to_bits) == other.number.map(f64::to_bits) && self.is_outside == other.is_outside
    }
}

impl End {
    const fn least(column: &ColumnFacts) -> Self {
        Self { number: column.minimum, is_outside: column.above_minimum, is_least: true }
    }

    const fn greatest(column: &ColumnFacts) -> Self {
        Self { number: column.maximum, is_outside: column.below_maximum, is_least: false }
    }

    /// Tells whether it leaves out values that the other one lets pass.
    fn is_within(self, other: Self) -> bool {
        match (self.number, other.number) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(is), Some(was)) => match is.total_cmp(&was) {
                std::cmp::Ordering::Equal => self.is_outside && !other.is_outside,
                std::cmp::Ordering::Greater => self.is_least,
                std::cmp::Ordering::Less => !self.is_least,
            },
        }
    }

    fn told(self) -> Option<String> {
        let outside = if self.is_outside { ", itself outside" } else { "" };
        self.number.map(|number| format!("{number}{outside}"))
    }
}
