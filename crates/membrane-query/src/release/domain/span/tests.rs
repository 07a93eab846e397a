use membrane_policy::RowRule;

use crate::release::domain::key_domain;
use crate::release::fixture::{ask, scope_with, shown_domain};

/// The keys of a condition and a key: the first, the last and how many there are.
async fn check(condition: &str, key: &str, expected: &str) {
    let sql = format!("SELECT COUNT(*) FROM lines WHERE {condition} GROUP BY {key}");
    let question = ask(&sql).await.expect("a question");
    let found = shown_domain(key_domain(&question, &scope_with(RowRule::All), &[]));
    let cells: Vec<&str> = found.split(' ').collect();
    let found = match cells.as_slice() {
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{first} .. {last}: {}", cells.len()),
        [] => String::new(),
    };
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn a_cast_to_days_between_two_dates_is_known() {
    let day = "CAST(ordered_at AS DATE)";
    let march = "2026-03-01 .. 2026-03-31: 31";
    for condition in [
        "ordered_at >= '2026-03-01' AND ordered_at < '2026-04-01'",
        "CAST(ordered_at AS DATE) >= '2026-03-01' AND CAST(ordered_at AS DATE) < '2026-04-01'",
        "CAST(ordered_at AS DATE) > '2026-02-28' AND ordered_at <= '2026-03-31 12:00:00'",
        "CAST(ordered_at AS DATE) BETWEEN DATE '2026-03-01' AND DATE '2026-03-31' AND ordered_at < '2027-01-01'",
        "ordered_at >= '2026-03-01 23:59:59' AND ordered_at <= '2026-03-31'",
    ] {
        check(condition, day, march).await;
    }
    check("CAST(ordered_at AS DATE) = '2026-03-01'", day, "2026-03-01").await;
    check("ordered_at >= '2026-03-01'", day, "unknown").await;
    check("ordered_at >= '2026-03-01' AND ordered_on < '2026-04-01'", day, "unknown").await;
    check("ordered_at >= '2026-03-01' OR ordered_at < '2026-04-01'", day, "unknown").await;
    check("ordered_at >= '1900-01-01' AND ordered_at < '2026-01-01'", day, "unknown").await;
}

#[tokio::test]
async fn units_of_casts_and_casts_of_units_are_known() {
    let march = "CAST(ordered_at AS DATE) BETWEEN '2026-03-01' AND '2026-03-02'";
    let hours = "2026-03-01T00:00:00Z .. 2026-03-02T23:00:00Z: 48";
    check(march, "date_trunc('hour', ordered_at)", hours).await;
    let year = "ordered_at >= '2026-01-01' AND ordered_at < '2027-01-01'";
    let months = "2026-01-01 .. 2026-12-01: 12";
    check(year, "CAST(date_trunc('month', ordered_at) AS DATE)", months).await;
    check(year, "date_trunc('month', CAST(ordered_at AS DATE))", months).await;
    check(year, "CAST(date_trunc('hour', ordered_at) AS DATE)", "2026-01-01 .. 2026-12-31: 365").await;
    // A cast of a cast goes back to midnight: what is said of it is not known of the instant.
    let midnight = "CAST(CAST(ordered_at AS DATE) AS TIMESTAMP) <= '2026-03-02 12:00:00'";
    check(&format!("ordered_at >= '2026-03-01' AND {midnight}"), "CAST(ordered_at AS DATE)", "unknown").await;
}

/// A column of days is listed as well. No NULL is: a comparison with it is not true.
#[tokio::test]
async fn days_between_two_dates_are_known() {
    let march = "ordered_on >= '2026-03-01' AND ordered_on < '2026-04-01'";
    check(march, "ordered_on", "2026-03-01 .. 2026-03-31: 31").await;
    check(march, "date_trunc('week', ordered_on)", "2026-02-23 .. 2026-03-30: 6").await;
    check(&format!("{march} AND ordered_on <> '2026-03-31'"), "ordered_on", "2026-03-01 .. 2026-03-30: 30")
        .await;
    // One more than there can be.
    let noon =
        "ordered_on > TIMESTAMP '2026-03-01 12:00:00' AND ordered_on <= TIMESTAMP '2026-03-03 12:00:00'";
    check(noon, "ordered_on", "2026-03-01 .. 2026-03-03: 3").await;
}

/// A day says its week and its month: there are as many groups as there are days.
#[tokio::test]
async fn units_that_nest_are_not_crossed() {
    let quarter = "ordered_at >= '2026-01-01' AND ordered_at < '2026-04-01'";
    let (day, week) = ("CAST(ordered_at AS DATE)", "date_trunc('week', CAST(ordered_at AS DATE))");
    let month = "date_trunc('month', ordered_at)";
    check(
        quarter,
        &format!("{month}, {week}, {day}"),
        "2026-01-01T00:00:00Z/2025-12-29/2026-01-01 .. 2026-03-01T00:00:00Z/2026-03-30/2026-03-31: 90",
    )
    .await;
    check(
        quarter,
        &format!("{day}, date_trunc('quarter', ordered_at), region"),
        "2026-01-01/2026-01-01T00:00:00Z/BJ .. 2026-03-31/2026-01-01T00:00:00Z/SH: 270",
    )
    .await;
    // A week does not say its month: both are listed.
    check(
        quarter,
        &format!("{week}, {month}"),
        "2025-12-29/2026-01-01T00:00:00Z .. 2026-03-30/2026-03-01T00:00:00Z: 42",
    )
    .await;
    check(
        quarter,
        "date_trunc('hour', ordered_at), date_trunc('year', ordered_at)",
        "2026-01-01T00:00:00Z/2026-01-01T00:00:00Z .. 2026-03-31T23:00:00Z/2026-01-01T00:00:00Z: 2160",
    )
    .await;
}
