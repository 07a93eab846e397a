//! Non-interference as a property: for pairs of hubs that agree on what a principal may see, and random statements over
//! everything that a statement may use, what leaves the two is the same.
//!
//! `make test` asks a few hundred statements of a fixed seed, so that it says the same for the same source; `make fuzz`
//! asks thousands of a new one. A failure prints the seed and the statement: `MEMBRANE_FUZZ_SEED` asks it again.
//!
//! What is compared: statements whose rows are all in order, byte for byte in every form of an answer; others as sets of
//! rows. SQL leaves open in which order floats are added up: numbers are compared in their first nine digits. Where even
//! one hub does not answer the same twice, a statement says nothing; such statements are counted, and must be few.

mod expressions;
mod scope;
mod statements;

use std::fmt::Write as _;

use membrane::attack::{Ask, Outcome};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::attacks::{Door, Keeps, Twin, Twins, comparable};
use statements::Statement;

/// Statements of one seed when nothing else is said, for each pair of hubs.
const STATEMENTS: usize = 100;
const SEED: u64 = 20_261_125;

/// How statements fared.
#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    answered: usize,
    with_rows: usize,
    undetermined: usize,
    codes: std::collections::BTreeMap<String, usize>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "`make fuzz` says how many statements are asked, and of which seed"
)]
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

async fn ask(twin: &Twin, principal: &str, sql: &str) -> Outcome {
    Door::Flow.ask(twin, principal, &Ask::Sql(sql.to_owned().into())).await.unwrap()
}

/// The rows of an answer, sorted, with the first nine digits of each number; and what was told of a failure.
fn as_set(outcome: &Outcome) -> (u16, Option<String>, Option<String>, Vec<String>) {
    let mut rows: Vec<String> = outcome
        .rows
        .iter()
        .flatten()
        .map(|row| {
            row.iter().fold(String::new(), |mut text, (name, value)| {
                let shown = match value.as_f64() {
                    Some(number) if value.is_f64() => format!("{number:.8e}"),
                    _ => value.to_string(),
                };
                let _ = write!(text, "{name}={shown};");
                text
            })
        })
        .collect();
    rows.sort();
    (outcome.status, outcome.code.clone(), outcome.words.clone(), rows)
}

fn has_float(outcome: &Outcome) -> bool {
    outcome.rows.iter().flatten().any(|row| row.values().any(Value::is_f64))
}

fn same(statement: &Statement, one: &Outcome, other: &Outcome) -> bool {
    if statement.ordered && !has_float(one) {
        return comparable(one) == comparable(other);
    }
    as_set(one) == as_set(other)
}

/// Asks both hubs and tells whether they differ. Where they do, each is asked again: a hub that does not agree with itself
/// says nothing.
async fn differ(twins: &Twins, principal: &str, statement: &Statement, tally: &mut Tally) -> bool {
    let one = ask(&twins.one, principal, &statement.sql).await;
    let other = ask(&twins.other, principal, &statement.sql).await;
    tally.asked += 1;
    match &one.code {
        Some(code) => *tally.codes.entry(code.clone()).or_default() += 1,
        None => tally.answered += 1,
    }
    tally.with_rows += usize::from(one.rows.as_ref().is_some_and(|rows| !rows.is_empty()));
    // What the statement says itself may be in its answer.
    let unsaid: Vec<String> =
        twins.canaries.iter().filter(|canary| !statement.sql.contains(canary.as_str())).cloned().collect();
    for outcome in [&one, &other] {
        if let Some(place) = outcome.held(&unsaid) {
            panic!("canary `{}` in the answer to {}", unsaid[place], statement.sql);
        }
    }
    if same(statement, &one, &other) {
        return false;
    }
    for _ in 0..4 {
        let again = [
            ask(&twins.one, principal, &statement.sql).await,
            ask(&twins.other, principal, &statement.sql).await,
        ];
        let agree = |a: &Outcome, b: &Outcome| same(statement, a, b);
        if !agree(&one, &again[0]) || !agree(&other, &again[1]) || agree(&again[0], &again[1]) {
            tally.undetermined += 1;
            return false;
        }
    }
    true
}

/// Asks random statements of a pair of hubs, and returns how they fared and the first at which the two differ.
async fn search(twins: &Twins, principal: &str, seed: u64, count: usize) -> (Tally, Option<String>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut tally = Tally::default();
    for number in 0..count {
        let statement = Statement::random(&mut random, principal);
        if differ(twins, principal, &statement, &mut tally).await {
            // The parts of a statement are told apart by asking them alone.
            let smaller = statement.smaller().into_iter();
            let mut found = statement.sql.clone();
            for part in smaller {
                if differ(twins, principal, &part, &mut Tally::default()).await {
                    found = part.sql;
                    break;
                }
            }
            return (tally, Some(format!("seed {seed}, statement {number}: {found}")));
        }
    }
    (tally, None)
}

/// Asks as many statements as the environment says, and expects that no two hubs differ.
#[expect(clippy::print_stdout, reason = "how the statements fared, for whoever reads the test's output")]
async fn quiet(keeps: Keeps, principal: &str, salt: u64) {
    let count = usize::try_from(setting("MEMBRANE_FUZZ_STATEMENTS", 0)).unwrap();
    let seed = setting("MEMBRANE_FUZZ_SEED", SEED);
    let count = if count == 0 { STATEMENTS } else { count };
    let twins = Twins::new(keeps).await;
    let (tally, found) = search(&twins, principal, seed.wrapping_add(salt), count).await;
    println!("{keeps:?} as {principal}, seed {seed}: {tally:?}");
    assert_eq!(found, None, "{keeps:?} as {principal}");
    // Statements that all fail, or that all say nothing, would be quiet too.
    assert!(tally.answered * 2 > tally.asked, "{tally:?}");
    assert!(tally.with_rows * 4 > tally.asked, "{tally:?}");
    assert!(tally.undetermined * 20 <= tally.asked + 20, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_the_rows() {
    quiet(Keeps::Half, "analyst:ana", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_in_a_hundred() {
    quiet(Keeps::OnePercent, "analyst:ana", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_in_one_hub_and_one_in_two_hundred_in_the_other() {
    quiet(Keeps::FewOfMany, "analyst:ana", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rows_under_masks() {
    quiet(Keeps::All, "analyst:lee", 3).await;
}

/// The search can fail: for somebody who sees what the two hubs do not agree on, it finds a difference at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_difference_that_may_be_seen_is_found() {
    let twins = Twins::new(Keeps::Half).await;
    let (tally, found) = search(&twins, "analyst:lee", SEED, 40).await;
    assert!(found.is_some(), "{tally:?}");
}

/// The same seed gives the same statements, and they use most of what a statement may use.
#[test]
fn statements_are_many_and_repeatable() {
    let text = |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..2_000).map(|_| Statement::random(&mut random, "analyst:ana").sql).collect::<Vec<_>>().join("\n")
    };
    let all = text(1);
    assert_eq!(all, text(1));
    assert_ne!(all, text(2));
    for part in [
        "EXISTS",
        "NOT IN (SELECT",
        "LEFT JOIN",
        "FULL JOIN",
        "CROSS JOIN",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "WITH ",
        "GROUPING SETS",
        "HAVING",
        "OVER (",
        "FILTER (",
        "CASE ",
        "CAST(",
        "LIKE",
        " ~ ",
        "BETWEEN",
        "IS DISTINCT FROM",
        "LIMIT",
        "EXPLAIN",
        "information_schema",
        "regexp_replace",
        "date_trunc",
        "stddev",
        "count(DISTINCT",
        "1 / ",
        "ANY (SELECT",
    ] {
        assert!(all.contains(part), "{part}");
    }
    let mut random = ChaCha8Rng::seed_from_u64(3);
    assert!(random.random_bool(1.0));
}
