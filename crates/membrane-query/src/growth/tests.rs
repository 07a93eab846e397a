use crate::error::QueryError;
use crate::testing::Asker;

async fn check(sql: &str, expected: Result<(), &str>) {
    let asker = Asker::members().await;
    let found = asker.ask(sql).await;
    let found = found.as_ref().map(|_| ()).map_err(QueryError::code);
    assert_eq!(found, expected, "{sql}");
}

fn doubling(steps: usize) -> String {
    let mut sql = "WITH c0 AS (SELECT note AS n FROM member)".to_owned();
    for step in 1..=steps {
        sql.push_str(&format!(", c{step} AS (SELECT n || n AS n FROM c{})", step - 1));
    }
    format!("{sql} SELECT max(length(n)) FROM c{steps}")
}

#[tokio::test]
async fn texts_may_grow_a_little() {
    check(&doubling(5), Ok(())).await;
    check("SELECT concat(region, '-', note, ' ', phone) FROM member", Ok(())).await;
    check("SELECT replace(note, 'a', 'bcd') FROM member", Ok(())).await;
    check("SELECT string_agg(note, ',') FROM member", Ok(())).await;
    check("SELECT case when id > 1 then note || phone else note end || region FROM member", Ok(())).await;
}

#[tokio::test]
async fn texts_may_not_explode() {
    for steps in [7, 30] {
        check(&doubling(steps), Err("too_complex")).await;
    }
    let long = "x".repeat(1_000);
    for sql in [
        format!("SELECT replace(note, 'a', '{long}') FROM member"),
        format!("SELECT count(*) FROM member WHERE length(regexp_replace(note, '.', '{long}', 'g')) > 1"),
        "SELECT replace(replace(note, 'a', phone), 'b', phone) FROM member".to_owned(),
        "SELECT string_agg(note, ',') || string_agg(note, ',') FROM member".to_owned(),
        format!("SELECT id FROM member ORDER BY {}", vec!["note"; 65].join(" || ")),
        format!("SELECT (SELECT max({}) FROM member) FROM member", vec!["note"; 65].join(" || ")),
        format!("SELECT concat({}) FROM member", vec!["note"; 65].join(", ")),
    ] {
        check(&sql, Err("too_complex")).await;
    }
}
