//! A labelled benchmark: some thousand columns, made from fixed seeds, in which each recogniser has to find its own and nothing else.
//!
//! `cargo test -p membrane-ingest benchmark -- --nocapture` prints the table of docs/detection.md. The lists and formulas that make
//! the columns are not those of the recognisers: names come from the crate `fake`, check digits are found by trying.

mod digits;
#[allow(clippy::string_slice, reason = "what is cut here was made of digits")]
mod negative;
#[allow(clippy::string_slice, reason = "what is cut here was made of digits")]
mod positive;
mod score;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{Evidence, Kind, judge};
use score::Score;

pub(super) type Rng = ChaCha8Rng;

/// Different values that are asked for; small columns are hard.
const SIZES: [usize; 4] = [25, 100, 500, 2_000];
/// The share of values that are something else.
const DIRT: [f64; 4] = [0.0, 0.05, 0.12, 0.2];
/// Names that say nothing.
const NEUTRAL: [&str; 4] = ["value", "field_7", "c3", "attribute"];
/// The year of the benchmark.
const YEAR: i32 = 2026;

/// How a kind of column is made.
pub(super) struct Maker {
    /// What it is, for the report.
    pub(super) what: &'static str,
    /// What has to be found; none for a column that is about nobody.
    pub(super) kind: Option<Kind>,
    /// Names that say it.
    pub(super) names: &'static [&'static str],
    /// Whether a name that says nothing leaves it open what it is.
    pub(super) needs_name: bool,
    /// Makes one value; the number is its row.
    pub(super) make: fn(&mut Rng, usize) -> String,
}

/// A column with its label.
pub(super) struct Labelled {
    pub(super) what: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Option<Kind>,
    pub(super) is_named: bool,
    pub(super) values: Vec<String>,
}

fn columns() -> Vec<Labelled> {
    let mut all = Vec::new();
    let makers = positive::ALL.iter().chain(&negative::ALL);
    for (number, maker) in makers.enumerate() {
        for (size_at, size) in SIZES.into_iter().enumerate() {
            for (dirt_at, dirt) in DIRT.into_iter().enumerate() {
                for is_named in [true, false] {
                    if maker.needs_name && !is_named {
                        continue;
                    }
                    let seed = number * 1_000 + size_at * 100 + dirt_at * 10 + usize::from(is_named);
                    let mut rng = Rng::seed_from_u64(seed as u64);
                    let names = if is_named { maker.names } else { &NEUTRAL };
                    let name = names[(size_at + dirt_at) % names.len()];
                    let values = (0..size).map(|row| value(&mut rng, maker, row, dirt)).collect();
                    all.push(Labelled { what: maker.what, name, kind: maker.kind, is_named, values });
                }
            }
        }
    }
    all
}

fn value(rng: &mut Rng, maker: &Maker, row: usize, dirt: f64) -> String {
    if !rng.random_bool(dirt) {
        let made = (maker.make)(rng, row);
        // People type spaces around and between.
        return if dirt > 0.0 && rng.random_bool(0.05) { format!(" {made} ") } else { made };
    }
    let made = (maker.make)(rng, row);
    match rng.random_range(0..6) {
        0 => "N/A".to_owned(),
        1 => made.chars().skip(1).collect(),
        2 => made.chars().rev().collect(),
        3 => digits::random(rng, 9),
        4 => format!("see {}", rng.random_range(0..10_000)),
        _ => "未提供资料".to_owned(),
    }
}

fn evidence(column: &Labelled) -> Evidence {
    let mut evidence = Evidence::default();
    let mut seen = std::collections::HashSet::new();
    for value in &column.values {
        evidence.shape.values += 1;
        if seen.insert(value) {
            evidence.shape.different += 1;
            evidence.see(value);
        }
    }
    evidence
}

#[test]
fn recognisers_find_their_own_and_nothing_else() {
    let columns = columns();
    let mut score = Score::default();
    for column in &columns {
        let verdict = judge(column.name, &evidence(column), YEAR);
        score.add(column, &verdict);
    }
    println!("{score}");
    assert!(columns.len() > 1_500, "{} columns", columns.len());
    let (precision, recall) = score.overall();
    assert!(precision >= 0.98 && recall >= 0.96, "precision {precision:.3}, recall {recall:.3}");
    for (kind, precision, recall) in score.by_kind() {
        assert!(precision >= 0.9 && recall >= 0.8, "{}: {precision:.3}, {recall:.3}", kind.as_str());
    }
    // Whatever it is called, what identifies somebody is protected.
    assert!(score.protected() >= 0.985, "protected: {:.3}", score.protected());
}
