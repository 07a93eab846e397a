//! Which values a column of a made-up table has: what its contract allows, and what the statement names.

use std::collections::{BTreeMap, BTreeSet};

use membrane_catalog::Column;
use membrane_privacy::KeyDomain;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::release::prune::scalars;
use crate::release::question::{Literal, Question, Scalar, TypeOf};

/// Words of a column whose contract lists none. Columns of one name have the same ones, so that they meet in joins.
const WORDS: usize = 5;
/// One in so many cells is NULL, where a contract allows that.
const NULL_IN: u32 = 8;
/// Days before and after those that a statement names, and where it names none.
const DAYS: [i32; 5] = [0, 1, 31, 200, 364];
const DAY: i32 = 20_089;
const DAY_MICROS: i64 = 86_400_000_000;
/// The range of numbers of which a contract says nothing.
const RANGE: (f64, f64) = (0.0, 100.0);
/// Longer than any key that counts.
const LONG: usize = 300;

/// The constants of a statement, and the keys that it may show.
pub(super) struct Words {
    texts: BTreeSet<String>,
    numbers: Vec<f64>,
    days: BTreeSet<i32>,
    /// Known keys, by the column that they are of.
    keys: BTreeMap<String, BTreeSet<String>>,
}

/// The values of one column.
pub(super) struct Pool {
    logical: TypeOf,
    is_nullable: bool,
    /// Values that stand out.
    words: Vec<Literal>,
    /// A range in units of the last decimal, for numbers.
    range: Option<(i64, i64)>,
    /// Values that no contract would let in, at the ends of the type.
    ends: Vec<Literal>,
}

impl Words {
    pub(super) fn of(question: &Question, keys: &KeyDomain) -> Self {
        let mut words = Self {
            texts: BTreeSet::new(),
            numbers: Vec::new(),
            days: BTreeSet::new(),
            keys: BTreeMap::new(),
        };
        for scalar in scalars(question) {
            scalar.visit(&mut |part| match part {
                Scalar::Constant(literal, logical) => words.add(literal, *logical),
                Scalar::In(of, literals) => {
                    literals.iter().for_each(|literal| words.add(literal, of.logical()));
                }
                Scalar::Like { pattern, .. } => {
                    words.texts.insert(pattern.replace('%', "").replace('_', "x"));
                }
                _ => {}
            });
        }
        if let KeyDomain::Public(keys) = keys {
            for (position, key) in question.keys.iter().enumerate() {
                let Some(column) = key.as_column() else { continue };
                let of_column = words.keys.entry(column.column.as_str().to_owned()).or_default();
                of_column.extend(keys.iter().filter_map(|key| key.get(position).cloned().flatten()));
            }
        }
        words
    }

    #[expect(clippy::cast_precision_loss, reason = "values near those that a statement names")]
    fn add(&mut self, literal: &Literal, logical: TypeOf) {
        let scale = if let TypeOf::Decimal(_, scale) = logical { scale } else { 0 };
        match literal {
            Literal::Text(text) => {
                self.texts.insert(text.clone());
            }
            Literal::Integer(number) => self.numbers.push(*number as f64),
            Literal::Number(number) => self.numbers.push(*number),
            Literal::Decimal(units) => self.numbers.push(*units as f64 / 10_f64.powi(i32::from(scale))),
            Literal::Boolean(_) => {}
            Literal::Date(day) => {
                self.days.extend([day.saturating_sub(1), *day, day.saturating_add(1)]);
            }
            Literal::Timestamp(instant) => {
                let day = i32::try_from(instant.div_euclid(DAY_MICROS)).unwrap_or(DAY);
                self.days.extend([day.saturating_sub(1), day]);
            }
        }
    }
}

impl Pool {
    pub(super) fn of(column: &Column, words: &Words) -> Self {
        let logical = TypeOf::from(column.logical_type);
        let mut pool =
            Self { logical, is_nullable: !column.required, words: Vec::new(), range: None, ends: Vec::new() };
        match logical {
            TypeOf::Text => pool.texts(column, words),
            TypeOf::Boolean => pool.words = vec![Literal::Boolean(true), Literal::Boolean(false)],
            TypeOf::Date | TypeOf::Timestamp => pool.days(words),
            TypeOf::Integer | TypeOf::Number | TypeOf::Decimal(..) => pool.numbers(column, words),
        }
        pool
    }

    fn texts(&mut self, column: &Column, words: &Words) {
        let name = column.name.as_str();
        let listed = column.rules.enumeration.iter().flatten().cloned();
        let mut all: BTreeSet<String> = listed.collect();
        if all.is_empty() {
            all.extend(words.keys.get(name).into_iter().flatten().cloned());
            all.extend(words.texts.iter().cloned());
            all.extend((0..WORDS).map(|number| format!("{name} {number}")));
        }
        self.words = all.into_iter().map(Literal::Text).collect();
        self.ends = ["", "\u{10ffff}", "XX", &"long ".repeat(LONG / 5)]
            .map(|text| Literal::Text(text.to_owned()))
            .to_vec();
    }

    fn days(&mut self, words: &Words) {
        let named = words.days.iter().copied();
        let days: BTreeSet<i32> = named.chain(DAYS.map(|day| DAY + day)).collect();
        let is_day = self.logical == TypeOf::Date;
        let literal = |day: i32| {
            if is_day { Literal::Date(day) } else { Literal::Timestamp(i64::from(day) * DAY_MICROS) }
        };
        self.words = days.into_iter().map(literal).collect();
        self.ends = if is_day {
            vec![Literal::Date(i32::MIN), Literal::Date(i32::MAX)]
        } else {
            vec![Literal::Timestamp(i64::MIN), Literal::Timestamp(i64::MAX)]
        };
    }

    #[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i64 at its end")]
    fn numbers(&mut self, column: &Column, words: &Words) {
        let rules = column.rules.minimum.zip(column.rules.maximum);
        let (lower, upper) = column.privacy.bounds.or(rules).unwrap_or(RANGE);
        let units = |value: f64| match self.logical {
            TypeOf::Decimal(_, scale) => (value * 10_f64.powi(i32::from(scale))) as i64,
            _ => value as i64,
        };
        let near =
            |value: &f64| [units(*value).saturating_sub(1), units(*value), units(*value).saturating_add(1)];
        let named =
            words.numbers.iter().flat_map(near).filter(|value| (units(lower)..=units(upper)).contains(value));
        let named: BTreeSet<i64> = named.collect();
        self.range = Some((units(lower), units(upper)));
        self.words = named.into_iter().map(|value| self.number(value)).collect();
        self.ends = match self.logical {
            TypeOf::Decimal(precision, _) => {
                let most = 10_i128.pow(u32::from(precision.min(38))) - 1;
                [most, -most, 0].map(Literal::Decimal).to_vec()
            }
            TypeOf::Number => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0]
                .map(Literal::Number)
                .to_vec(),
            _ => [i64::MAX, i64::MIN, -1, 0].map(Literal::Integer).to_vec(),
        };
    }

    /// Writes a number of units in the type of the column.
    #[expect(clippy::cast_precision_loss, reason = "any number will do")]
    fn number(&self, units: i64) -> Literal {
        match self.logical {
            TypeOf::Decimal(..) => Literal::Decimal(i128::from(units)),
            TypeOf::Number => Literal::Number(units as f64),
            _ => Literal::Integer(units),
        }
    }

    /// Returns a value that a contract allows.
    pub(super) fn plain(&self, random: &mut ChaCha8Rng) -> Option<Literal> {
        if self.is_nullable && random.random_range(0..NULL_IN) == 0 {
            return None;
        }
        match self.range {
            Some((lower, upper)) if self.words.is_empty() || random.random_range(0..3) > 0 => {
                Some(self.number(random.random_range(lower..=upper.max(lower))))
            }
            _ => self.words.choose(random).cloned(),
        }
    }

    /// Returns one of the words, in turn.
    pub(super) fn word(&self, index: usize) -> Option<Literal> {
        let turn = index.checked_rem(self.words.len());
        turn.and_then(|turn| self.words.get(turn))
            .cloned()
            .or_else(|| self.range.map(|(lower, _)| self.number(lower)))
    }

    /// Returns a value of any kind: at the ends of the type, as often as not.
    pub(super) fn extreme(&self, random: &mut ChaCha8Rng) -> Option<Literal> {
        if random.random_range(0..2) == 0 {
            return self.plain(random);
        }
        self.ends.choose(random).cloned().or_else(|| self.plain(random))
    }

    /// Returns the greatest value that a contract allows, and of words each in turn.
    pub(super) fn greatest(&self, index: usize, random: &mut ChaCha8Rng) -> Option<Literal> {
        match self.range {
            Some((_, upper)) => Some(self.number(upper)),
            // Otherwise words of all columns would go round together.
            None if index.is_multiple_of(2) => self.words.choose(random).cloned(),
            None => self.word(index / 2),
        }
    }
}
