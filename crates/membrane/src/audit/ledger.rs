//! What the tests of the ledger said that kill it, and that race for what is left of a budget.

use super::{Area, Check, Verdict};

/// The tests, as they name themselves, and what they assert.
const TESTS: [(&str, &str); 7] = [
    (
        "tests::kills::a_thousand_kills_on_a_file",
        "killed at every step: what was seen is stored and paid for, no cap is passed, none answers otherwise",
    ),
    ("tests::kills::a_hundred_kills_on_a_server", "the same on PostgreSQL"),
    (
        "tests::sqlite::check_sixty_four_ask_for_the_last_unit",
        "64 ask for the last unit of a budget: one gets it",
    ),
    (
        "tests::sqlite::check_racing_reservations_stay_within_the_cap",
        "reservations that race stay within every cap",
    ),
    ("tests::sqlite::check_racing_for_one_question", "one question that many ask is paid for once"),
    ("tests::sqlite::check_a_release_is_paid_once", "a stored answer comes again byte for byte, for nothing"),
    ("tests::postgresql", "all of these on PostgreSQL"),
];

/// Reads what `cargo test` printed. What was not run does not hold.
pub(super) fn checks(said: &str) -> Vec<Check> {
    TESTS.iter().map(|(test, asserted)| check(said, test, asserted)).collect()
}

fn check(said: &str, test: &str, asserted: &str) -> Check {
    let line = said.lines().find(|line| line.starts_with(&format!("test {test} ... ")));
    let holds = line.is_some_and(|line| line.ends_with("... ok"));
    // What the tests of kills print about themselves stands under their name.
    let more = said.split(&format!("---- {test} stdout ----")).nth(1);
    let more = more.and_then(|more| more.split("\n---- ").next());
    let more = more.and_then(|more| more.lines().find(|line| line.starts_with("killed at")));
    Check {
        area: Area::Ledger,
        name: test.trim_start_matches("tests::").replace("::", ", ").replace('_', " "),
        asserted: asserted.to_owned(),
        claimed: "passes".to_owned(),
        measured: match (line, more) {
            (None, _) => "was not run".to_owned(),
            (Some(_), Some(more)) if holds => more.to_owned(),
            (Some(_), _) => if holds { "passes" } else { "fails" }.to_owned(),
        },
        verdict: Verdict::of(holds),
        trials: 1,
        conditions: "cargo test -p membrane-ledger".to_owned(),
    }
}

#[cfg(test)]
mod tests;
