//! What a column holds, judged by all of its values, never by one.
//!
//! A value by itself says little: the check digit of an identity number passes 9 % of random digits, that of a card 10 %, and 7 % of
//! all numbers of eleven digits look like Chinese mobile numbers. A column of a thousand values in which nearly all pass is
//! another matter. So each recogniser says how often chance passes it (its base rate), and a column is called something when
//!
//! 1. enough of its different values match (`share_min`; less when the name of the column says so: `share_hinted_min`),
//! 2. chance is ruled out: that many matches have a probability below one in a million ([`chance`]),
//! 3. nothing that the values show together speaks against it: counted up, made of the time, days of the last years ([`Shape`]).
//!
//! Where this leaves doubt, the column is called personal all the same, and the verdict says that it is in doubt. docs/detection.md
//! has the rules and the figures that they reach.

#[cfg(test)]
mod benchmark;
mod chance;
mod embedded;
mod judge;
mod kind;
mod nature;
mod recogniser;
mod recognisers;
mod shape;
mod value;
mod words;

pub(crate) use judge::{Verdict, judge, percent};
pub(crate) use kind::{Family, Kind};
pub(crate) use words::{is_identifier, topic};

use recogniser::Look;
use shape::Shape;
use value::Value;

/// Values of a column that recognisers look at.
pub(crate) const LOOKED_AT_MAX: u32 = 10_000;

/// How often one recogniser saw something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Values of the form that fail.
    form: u32,
    /// Values that match.
    matches: u32,
}

/// What all recognisers saw of one column. It holds counts and no values, but for first letters and starts of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// What the values look like together.
    pub(crate) shape: Shape,
    tallies: [Tally; recognisers::COUNT],
    /// Social credit codes of sole traders.
    sole_traders: u32,
    /// Texts with an identifier in them.
    embedded: u32,
}

impl Default for Evidence {
    fn default() -> Self {
        let tallies = [Tally::default(); recognisers::COUNT];
        Self { shape: Shape::default(), tallies, sole_traders: 0, embedded: 0 }
    }
}

impl Evidence {
    /// Looks at a value that was not there before.
    pub(crate) fn see(&mut self, raw: &str) {
        let value = Value::new(raw);
        if value.is_placeholder() {
            return;
        }
        self.shape.see(&value);
        for (recogniser, tally) in recognisers::ALL.iter().zip(&mut self.tallies) {
            match (recogniser.look)(&value) {
                Look::Other => {}
                Look::Form => tally.form += 1,
                Look::Match => tally.matches += 1,
            }
        }
        self.sole_traders += u32::from(recognisers::credit_code::is_sole_trader(&value));
        self.embedded += u32::from(embedded::has_identifier(&value.text));
    }

    /// Tells whether a text would match what the column was found to hold: a header that does is none.
    pub(crate) fn would_match(kind: Kind, text: &str) -> bool {
        let value = Value::new(text);
        let recogniser = recognisers::ALL.iter().find(|recogniser| recogniser.kind == kind);
        recogniser.is_some_and(|recogniser| (recogniser.look)(&value) == Look::Match)
    }
}
