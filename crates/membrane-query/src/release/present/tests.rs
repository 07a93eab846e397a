use super::*;
use crate::release::fixture::{ask, mechanism, options};

fn value(value: i64, half: i64) -> NoisyValue {
    NoisyValue {
        value,
        low95: value - half,
        high95: value + half,
        sd: f64::from(u32::try_from(half).expect("small")) / 2.0,
    }
}

fn group(key: &[Option<&str>], values: &[NoisyValue]) -> NoisyGroup {
    NoisyGroup {
        rolled: 0,
        key: key.iter().map(|cell| cell.map(str::to_owned)).collect(),
        values: values.to_vec(),
        quantiles: vec![],
    }
}

/// Rows as text, `|` between cells, NULL as `-`.
async fn check(sql: &str, groups: &[NoisyGroup], expected: &[&str]) {
    let question = ask(sql).await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let aggregates = &mechanism.spec().aggregates;
    let rows = rows(&question, aggregates, groups).expect("rows");
    let columns = columns(&question, aggregates).expect("columns");
    assert!(rows.iter().all(|row| row.len() == columns.len()));
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<String> =
        rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect();
    assert_eq!(rows, expected, "{sql}");
}

#[tokio::test]
async fn values_stand_between_their_error_bars() {
    let sql = "SELECT region, SUM(amount) AS s, COUNT(*) AS n FROM lines GROUP BY region";
    let groups = [group(&[Some("SH")], &[value(123_456, 10_000), value(-3, 20)])];
    check(sql, &groups, &["SH|1234.56|1134.56|1334.56|50.0000|-3|-23|17|10.00"]).await;
}

#[tokio::test]
async fn rows_are_sorted_by_key_and_then_as_asked() {
    let groups = || {
        vec![
            group(&[Some("s1")], &[value(5, 1)]),
            group(&[None], &[value(7, 1)]),
            group(&[Some("s0")], &[value(7, 1)]),
        ]
    };
    let by = |tail: &str| format!("SELECT month AS k, COUNT(*) AS n FROM lines GROUP BY month{tail}");
    let (null, s0, s1) = ("-|7|6|8|0.50", "s0|7|6|8|0.50", "s1|5|4|6|0.50");
    check(&by(""), &groups(), &[null, s0, s1]).await;
    check(&by(" ORDER BY n"), &groups(), &[s1, null, s0]).await;
    check(&by(" ORDER BY n DESC, k DESC NULLS LAST"), &groups(), &[s0, null, s1]).await;
    check(&by(" ORDER BY k DESC NULLS FIRST"), &groups(), &[null, s1, s0]).await;
    check(&by(" ORDER BY n DESC LIMIT 1"), &groups(), &[null]).await;
    check(&by(" ORDER BY n DESC LIMIT 1 OFFSET 2"), &groups(), &[s1]).await;
    check(&by(" LIMIT 0"), &groups(), &[]).await;
}

#[tokio::test]
async fn numbers_sort_as_numbers() {
    let sql = "SELECT quantity AS q, COUNT(*) AS n FROM lines GROUP BY quantity";
    let one = |key| group(&[Some(key)], &[value(1, 0)]);
    let groups = [one("10"), one("9"), one("-1")];
    check(sql, &groups, &["-1|1|1|1|0.00", "9|1|1|1|0.00", "10|1|1|1|0.00"]).await;
}

#[tokio::test]
async fn averages_keep_within_the_bounds() {
    let sql = "SELECT AVG(amount) AS a FROM lines";
    // 1,000.00 over 40 rows, above the middle of 250.00; sd = hypot(2.00, 25 * 1) / 40, and Fieller's interval.
    let plain = [group(&[], &[value(100_000, 400), value(40, 2)])];
    check(sql, &plain, &["275.000000|273.805530|276.319783|0.62699681"]).await;
    // Almost nobody: the count's interval reaches 0, so only the bounds are known.
    let empty = [group(&[], &[value(90_000, 400), value(1, 2)])];
    check(sql, &empty, &["500.000000|0.000000|500.000000|500.00000000"]).await;
    let negative = [group(&[], &[value(-90_000, 400), value(-5, 2)])];
    check(sql, &negative, &["0.000000|0.000000|500.000000|500.00000000"]).await;
}

#[test]
fn the_clipped_share_lies_within_0_and_1() {
    let check = |members: (i64, i64), clipped: (i64, i64), expected: [f64; 3]| {
        let ClippedShare { share, low95, high95 } =
            clipped_share(&value(members.0, members.1), &value(clipped.0, clipped.1));
        for (found, expected) in [share, low95, high95].into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{share} {low95} {high95}");
        }
    };
    // sd = hypot(10, 0.25 * 10) / 1000.
    check((1_000, 20), (250, 20), [0.25, 0.2298, 0.2702]);
    check((1_000, 20), (-5, 20), [0.0, 0.0, 0.0146]);
    check((1_000, 20), (1_010, 20), [1.0, 0.9823, 1.0]);
    // Almost nobody: nothing is known.
    check((5, 20), (3, 20), [0.6, 0.0, 1.0]);
    check((-5, 20), (3, 20), [1.0, 0.0, 1.0]);
}

#[test]
fn zero_has_no_sign() {
    assert_eq!(fixed(-0.001, 2), "0.00");
    assert_eq!(fixed(-0.01, 2), "-0.01");
}
