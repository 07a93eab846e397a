use membrane_model::Transformation;

use super::*;
use crate::release::fixture::{lines, products};

async fn check(sql: &str) -> Result<TagPlan, QueryError> {
    let datasets = [Arc::new(lines()), Arc::new(products())];
    let entity = lines().subject.unwrap().kind;
    let run = RunId::new(chrono::DateTime::UNIX_EPOCH);
    check_tag(sql, (&entity, &"value".parse().unwrap()), &datasets, &Limits::default(), run).await
}

#[tokio::test]
async fn where_a_value_would_come_from_is_told() {
    let sql = "SELECT member_no, CASE WHEN SUM(amount) > 10 THEN 'high' ELSE 'low' END AS value FROM lines \
               WHERE region = 'SH' GROUP BY member_no";
    let plan = check(sql).await.unwrap();
    assert!(plan.is_local);
    let told: Vec<_> =
        plan.edges.iter().map(|edge| (edge.from.field.as_str(), edge.transformation)).collect();
    for expected in [
        ("amount", Transformation::Conditional),
        ("region", Transformation::Filter),
        ("member_no", Transformation::GroupBy),
    ] {
        assert!(told.contains(&expected), "{expected:?} of {told:?}");
    }
    assert!(plan.edges.iter().all(|edge| edge.to.field == "value"));

    let ranked = "SELECT member_no, CAST(rank() OVER (ORDER BY amount) AS BIGINT) AS value FROM lines";
    assert!(!check(ranked).await.unwrap().is_local);
}

#[tokio::test]
async fn what_no_data_could_change_is_refused() {
    for (sql, expected) in [
        ("SELECT member_no, amoun AS value FROM lines", "unknown_column"),
        ("SELECT member_no, amount FROM lines", "unknown_column"),
        ("SELECT member_no, amount AS value FROM orders", "unknown_table"),
        ("SELECT member_no, amount AS value FROM", "syntax"),
        ("DELETE FROM lines", "not_allowed"),
        ("EXPLAIN SELECT member_no, amount AS value FROM lines", "unsupported"),
        ("SELECT region, amount AS value FROM lines", "unsupported"),
        ("SELECT member_no, substr(CAST(member_no AS VARCHAR), 1, 1) AS value FROM lines", "unsupported"),
    ] {
        let told = check(sql).await.map_err(|error| error.code().to_owned());
        assert_eq!(told, Err(expected.to_owned()), "{sql}");
    }
}

/// A build never gets more of it than a token, which no value may be made of; to compare it is another thing.
#[tokio::test]
async fn a_value_made_of_what_is_stored_as_a_token_alone_is_refused() {
    let mut lines = lines();
    for column in &mut lines.columns {
        if column.name.as_str() == "store_id" {
            column.protection = membrane_model::Protection::Token;
        }
    }
    let entity = lines.subject.clone().unwrap().kind;
    let (datasets, run) = ([Arc::new(lines)], RunId::new(chrono::DateTime::UNIX_EPOCH));
    let value = "value".parse().unwrap();
    for (select, may) in [("MAX(store_id)", false), ("COUNT(DISTINCT store_id)", false), ("COUNT(*)", true)] {
        let sql = format!(
            "SELECT member_no, {select} AS value FROM lines WHERE store_id <> 's1' GROUP BY member_no"
        );
        let told = check_tag(&sql, (&entity, &value), &datasets, &Limits::default(), run).await;
        assert_eq!(told.is_ok(), may, "{sql}");
    }
}
