//! People who were made up, and how their rows lie.

use std::collections::BTreeMap;

use membrane_model::DatasetName;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::props::Layout;
use crate::release::question::Literal;

/// The number of the one who is added.
const NEWCOMER: u32 = 1 << 20;
/// Rows of the one who is added, in each table: more than any bound lets in.
const NEWCOMER_ROWS: usize = 320;
/// Rows of a member in each table.
const ROWS_MAX: u32 = 8;
/// Rows of tables about things: more than there are words, so that some look alike.
const THINGS: usize = 24;

/// One row of a table: none in a cell is NULL.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    member: u32,
    pub(super) cells: Vec<Option<Literal>>,
}

/// People who were made up: the rows of all tables that a release reads.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeUp {
    rows: BTreeMap<DatasetName, Vec<Row>>,
}

/// Who is added to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newcomer {
    /// One with values at the ends of their types and in as many groups as there are.
    Everywhere,
    /// One with very many rows that are all alike.
    OneGroup,
    /// One with the greatest values that contracts allow, in as many groups as there are.
    Greatest,
}

/// How rows lie in tables: in which order, in how many partitions, and in batches of how many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lie {
    /// What the order of rows is made from; none leaves them as they are.
    pub shuffled_by: Option<u64>,
    /// How many partitions there are.
    pub partitions: usize,
    /// How many rows a batch has at most.
    pub batch_rows: usize,
}

impl Default for Lie {
    fn default() -> Self {
        Self { shuffled_by: None, partitions: 1, batch_rows: 8192 }
    }
}

impl Row {
    /// Returns the member in the form of a unit: 16 bytes without pattern.
    pub(super) fn unit(&self) -> [u8; 16] {
        ChaCha8Rng::seed_from_u64(u64::from(self.member)).random()
    }
}

impl MadeUp {
    pub(super) fn of(rows: BTreeMap<DatasetName, Vec<Row>>) -> Self {
        Self { rows }
    }

    pub(super) fn add(&mut self, dataset: &DatasetName, rows: Vec<Row>) {
        self.rows.entry(dataset.clone()).or_default().extend(rows);
    }

    pub(super) fn rows(&self, dataset: &DatasetName) -> &[Row] {
        self.rows.get(dataset).map_or(&[], Vec::as_slice)
    }

    /// Returns how many rows about members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.values().flatten().filter(|row| row.member > 0).count()
    }

    /// Returns the same people without one of them.
    #[must_use]
    pub fn without(&self, member: u32) -> Self {
        self.keep(|row| row.member != member)
    }

    /// Returns one of these people alone, with the things that there are.
    #[must_use]
    pub fn only(&self, member: u32) -> Self {
        self.keep(|row| row.member == member || row.member == 0)
    }

    /// Returns the one who was added, alone.
    #[must_use]
    pub fn newcomer(&self) -> Self {
        self.only(NEWCOMER)
    }

    /// Returns the people without the one who was added.
    #[must_use]
    pub fn without_newcomer(&self) -> Self {
        self.without(NEWCOMER)
    }

    fn keep(&self, keep: impl Fn(&Row) -> bool) -> Self {
        let of = |(name, rows): (&DatasetName, &Vec<Row>)| {
            (name.clone(), rows.iter().filter(|row| keep(row)).cloned().collect())
        };
        Self { rows: self.rows.iter().map(of).collect() }
    }
}

impl Lie {
    /// Deals rows out to partitions and batches.
    pub(super) fn partitions<'a>(&self, rows: &'a [Row]) -> Vec<Vec<Vec<&'a Row>>> {
        let mut rows: Vec<&Row> = rows.iter().collect();
        if let Some(seed) = self.shuffled_by {
            rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        }
        let each = rows.len().div_ceil(self.partitions.max(1)).max(1);
        let mut partitions: Vec<Vec<Vec<&Row>>> = rows
            .chunks(each)
            .map(|rows| rows.chunks(self.batch_rows.max(1)).map(<[&Row]>::to_vec).collect())
            .collect();
        if partitions.is_empty() {
            partitions.push(Vec::new());
        }
        partitions
    }
}

/// Makes rows of so many members, numbered from 1.
pub(super) fn people_rows(layout: &Layout, seed: u64, table: u64, members: u32) -> Vec<Row> {
    let mut random = generator(seed, table);
    let mut rows = Vec::new();
    for member in 1..=members {
        for _ in 0..random.random_range(0..=ROWS_MAX) {
            let cells = layout.pools.iter().map(|pool| pool.plain(&mut random)).collect();
            rows.push(Row { member, cells });
        }
    }
    rows
}

/// Makes rows about things: each word of a column is in some, and some words are in several.
pub(super) fn thing_rows(layout: &Layout, seed: u64, table: u64) -> Vec<Row> {
    let mut random = generator(seed, table);
    let mut rows = Vec::with_capacity(THINGS);
    for index in 0..THINGS {
        let pools = layout.pools.iter().enumerate();
        let cells = pools.map(|(column, pool)| match column {
            0 => pool.word(index),
            _ => pool.plain(&mut random),
        });
        rows.push(Row { member: 0, cells: cells.collect() });
    }
    rows
}

/// Makes the rows of one who has more than any bound lets in.
pub(super) fn newcomer_rows(layout: &Layout, seed: u64, table: u64, newcomer: Newcomer) -> Vec<Row> {
    let mut random = generator(seed.wrapping_add(1), table);
    let alike: Vec<Option<Literal>> = layout.pools.iter().map(|pool| pool.extreme(&mut random)).collect();
    let mut rows = Vec::with_capacity(NEWCOMER_ROWS);
    for index in 0..NEWCOMER_ROWS {
        let pools = layout.pools.iter();
        let cells = match newcomer {
            Newcomer::OneGroup => alike.clone(),
            Newcomer::Everywhere => pools.map(|pool| pool.extreme(&mut random)).collect(),
            Newcomer::Greatest => pools.map(|pool| pool.greatest(index, &mut random)).collect(),
        };
        rows.push(Row { member: NEWCOMER, cells });
    }
    rows
}

fn generator(seed: u64, table: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1 << 16).wrapping_add(table))
}

#[cfg(test)]
mod tests;
