use super::*;
use crate::release::fixture::{ask, mechanism, options};
use crate::release::present::columns;

async fn check(sql: &str, expected: &[&str]) {
    let question = ask(sql).await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let notes = notes(&question, &mechanism, false);
    let common = 2;
    assert_eq!(notes[..notes.len() - common], *expected, "{sql}");
    assert!(notes[notes.len() - 1].contains("bounded values"));
}

#[tokio::test]
async fn what_the_bounds_leave_out_is_said_for_each_aggregate() {
    let groups = "each member counts in at most 2 groups, with at most 3 rows in each (for SUM: with what so many rows \
                  can add); what is beyond is left out";
    let sum = "`sum_amount`: a value counts as 0.00 at least and 500.00 at most; all rows of a member in a group together \
               add no more than 3 such values can (divided by a count this is no average: ask for AVG)";
    let average = "`avg_amount_sum`: a value counts as 0.00 at least and 500.00 at most; a member with more than 3 rows in a \
                   group counts as 3 rows of its own average";
    let count = |name: &str| format!("`{name}`: counts at most 3 rows of one member in a group");
    let every = "every public key is shown, also where nobody is";
    check(
        "SELECT region, SUM(amount), COUNT(*) FROM lines GROUP BY region",
        &[groups, sum, &count("count"), every],
    )
    .await;
    check(
        "SELECT store_id, AVG(amount), COUNT(DISTINCT member_no) FROM lines GROUP BY store_id",
        &[
            groups,
            average,
            &count("avg_amount_count"),
            "groups below the threshold are not shown",
            "counts of groups just above the threshold lean high",
            "rows whose key has more than about 256 bytes are in no group",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_total_without_keys_is_warned_about() {
    let warning = "warning: without GROUP BY each member counts with at most 3 rows of all its rows; where members have \
                   more, the total is far below that of all rows: state rows_max to change this";
    check(
        "SELECT COUNT(*) FROM lines",
        &[warning, "`count`: counts at most 3 rows of one member in a group"],
    )
    .await;
    check("SELECT COUNT(DISTINCT member_no) FROM lines", &[]).await;
    // A member has one row by how rows are made: nothing is left out.
    let one = "`count`: counts at most 1 rows of one member in a group";
    check("SELECT COUNT(*) FROM (SELECT member_no FROM lines GROUP BY member_no) t", &[one]).await;
    let leans = "`share`: each of the numbers that it is made of is bounded by itself, so it leans where members have more rows \
                 than count; ask for a share of rows as AVG(CASE WHEN .. THEN 1 ELSE 0 END), which does not";
    let counts = ["`count_gift`", "`count`"]
        .map(|name| format!("{name}: counts at most 3 rows of one member in a group"));
    check(
        "SELECT COUNT(gift) * 1.0 / COUNT(*) AS share FROM lines",
        &[warning, &counts[0], &counts[1], leans],
    )
    .await;
}

#[tokio::test]
async fn clipping_is_said_in_whole_percent() {
    let clipped = ClippedShare { share: 0.1234, low95: 0.08, high95: 0.166 };
    let expected = "of about 12 % of the members (8 to 17 %) the bounds left something out: groups, rows, or part of a value";
    let said = async |sql: &str| of_clipping(&ask(sql).await.expect("a question"), clipped);
    assert_eq!(said("SELECT COUNT(*) FROM lines").await, expected);
    // An interval of nearly everything says nothing.
    let wide = ClippedShare { share: 0.0, low95: 0.0, high95: 1.0 };
    let nothing = of_clipping(&ask("SELECT COUNT(*) FROM lines").await.expect("a question"), wide);
    assert!(nothing.starts_with("there are too few members to tell"), "{nothing}");
    let joined = said("SELECT COUNT(*) FROM lines l JOIN visits v ON v.member_no = l.member_no").await;
    assert_eq!(joined, format!("{expected}; rows that joins left out are not counted in that"));
}

/// A deviation of zero is explained wherever it is shown, and no other number is.
#[tokio::test]
async fn a_deviation_that_is_held_at_zero_is_explained() {
    let sql = "SELECT region, STDDEV(amount) AS dev, COUNT(*) AS n, STDDEV(amount) / AVG(amount) AS variation FROM lines \
               GROUP BY region";
    let question = ask(sql).await.expect("a question");
    let mechanism = mechanism(&question, &options(1.0)).expect("a mechanism");
    let columns = columns(&question, &mechanism.spec().aggregates).expect("columns");
    let place = |name: &str| columns.iter().position(|column| column.name == name).expect("a column");
    let row = |dev: &str, variation: Option<&str>| {
        let mut row = vec![Some("0".to_owned()); columns.len()];
        row[place("dev")] = Some(dev.to_owned());
        row[place("variation")] = variation.map(str::to_owned);
        row
    };
    let clipped = ClippedShare { share: 0.5, low95: 0.4, high95: 0.6 };
    let said = |rows: &[Vec<Option<String>>]| {
        let mut notes = of_answer(&question, clipped, &columns, rows);
        assert!(notes.pop().is_some_and(|last| last.starts_with("of about 50 %")));
        notes
    };
    let told =
        said(&[row("0.000000", Some("0.000000")), row("1.500000", Some("0.2")), row("0.000000", None)]);
    let why = "noise took more off than there was, and no variance is below 0; go by the interval";
    assert_eq!(
        told,
        [format!("`dev`: 0 in 2 of 3 rows: {why}"), format!("`variation`: 0 in 1 of 3 rows: {why}")]
    );
    assert_eq!(said(&[row("0.000100", Some("1"))]), [""; 0]);
    assert_eq!(said(&[]), [""; 0]);
}
