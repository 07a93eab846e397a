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

/// `x + x` in so many WITH queries, each made from the one before, and a condition on the last.
fn adding(steps: usize, last: &str) -> String {
    let mut sql = "WITH a0 AS (SELECT id AS x FROM member)".to_owned();
    for step in 1..=steps {
        sql.push_str(&format!(", a{step} AS (SELECT x + x AS x FROM a{})", step - 1));
    }
    format!("{sql} {}", last.replace("LAST", &format!("a{steps}")))
}

#[tokio::test]
async fn texts_may_grow_a_little() {
    check(&doubling(5), Ok(())).await;
    for sql in [
        "SELECT concat(region, '-', note, ' ', phone) FROM member",
        "SELECT concat_ws(', ', region, note, phone, id) FROM member",
        "SELECT replace(note, 'a', 'bcd') FROM member",
        "SELECT replace(replace(replace(replace(replace(phone, '-', ''), ' ', ''), '(', ''), ')', ''), '+', '_') FROM member",
        "SELECT regexp_replace(note, '[0-9]', '#', 'g') FROM member",
        "SELECT replace(note, 'a', cast(12 as text)) FROM member",
        "SELECT case when id > 1 then note || phone else note end || region FROM member",
        "SELECT upper(note), lower(note), reverse(note), substr(note, 2), left(note, 3), trim(note), initcap(note) FROM member",
        "SELECT count(*) FROM member WHERE length(note || phone || region) + length(note || note) > 3",
    ] {
        check(sql, Ok(())).await;
    }
    let many: Vec<String> = (0..60).map(|n| format!("concat(region, ' ', note) AS c{n}")).collect();
    check(&format!("SELECT {} FROM member", many.join(", ")), Ok(())).await;
}

#[tokio::test]
async fn texts_may_not_explode() {
    for steps in [7, 30] {
        check(&doubling(steps), Err("too_complex")).await;
    }
    let long = "x".repeat(1_000);
    let notes = |count: usize| vec!["note"; count].join(" || ");
    // A number as text is as long as its digits.
    let digits = "replace(replace(note, 'a', cast(1111111111111111111 as text)), '1', cast(1111111111111111111 as text))";
    for sql in [
        format!("SELECT replace(note, 'a', '{long}') FROM member"),
        format!("SELECT count(*) FROM member WHERE length(regexp_replace(note, '.', '{}', 'g')) > 1", "x".repeat(400)),
        // An empty match stands before each character, which stays.
        format!("SELECT replace(note, '', '{}') FROM member", "x".repeat(64)),
        format!("SELECT {digits} FROM member"),
        format!("SELECT {} FROM member", digits.replace("cast", "try_cast")),
        "SELECT replace(note, 'a', phone) FROM member".to_owned(),
        "SELECT replace(note, region, phone) FROM member".to_owned(),
        format!("SELECT concat_ws('{}', region, note, phone, region, note) FROM member", "x".repeat(20_000)),
        "SELECT concat_ws(note || note || note || note || note || note || note, region, note, phone, region, note, region, note, region, note, id) FROM member".to_owned(),
        format!("SELECT id FROM member ORDER BY {}", notes(65)),
        format!("SELECT (SELECT max({}) FROM member) FROM member", notes(65)),
        format!("SELECT concat({}) FROM member", vec!["note"; 65].join(", ")),
        format!("SELECT lag(note, 1, {}) OVER (ORDER BY id) FROM member", notes(65)),
        // Each column may, all together may not; nor may both sides of a join.
        format!("SELECT {0} AS a, {0} AS b, {0} AS c FROM member", notes(60)),
        format!("SELECT id FROM member ORDER BY {0} || 'a', {0} || 'b', {0} || 'c'", notes(60)),
        format!("WITH w AS (SELECT {} AS a FROM member) SELECT count(*) FROM w x, w y, w z WHERE x.a < y.a AND y.a < z.a", notes(60)),
    ] {
        let start = std::time::Instant::now();
        check(&sql, Err("too_complex")).await;
        assert!(start.elapsed().as_secs() < 10, "{sql}");
    }
}

/// The optimiser writes out what a column stands for wherever it moves a condition to.
#[tokio::test]
async fn conditions_may_not_unfold_without_end() {
    for last in [
        "SELECT count(*) FROM LAST WHERE x > 0",
        "SELECT x FROM LAST WHERE x > 0 ORDER BY x LIMIT 1",
        "SELECT count(*) FROM (SELECT x FROM LAST UNION ALL SELECT x FROM LAST) AS u WHERE x > 0",
        "SELECT count(*) FROM member AS m JOIN LAST AS l ON l.x = m.id AND l.x > m.spend",
        "SELECT x, count(*) FROM LAST GROUP BY x HAVING x > 0",
        "SELECT count(*) FROM member AS m WHERE EXISTS (SELECT 1 FROM LAST AS l WHERE l.x = m.id)",
        "SELECT count(*) FROM member AS m WHERE m.id IN (SELECT x FROM LAST WHERE x > 0)",
        "SELECT (SELECT max(x) FROM LAST WHERE x > 0) FROM member",
    ] {
        for steps in [14, 40] {
            let start = std::time::Instant::now();
            check(&adding(steps, last), Err("too_complex")).await;
            assert!(start.elapsed().as_secs() < 10, "{steps} {last}");
        }
    }
    check(&adding(6, "SELECT count(*) FROM LAST WHERE x > 0"), Ok(())).await;
    // What was aggregated is computed once, whatever it was made of.
    let aggregated = "WITH a AS (SELECT id, sum(spend) AS x FROM member GROUP BY id), b AS (SELECT id, sum(x + x) AS x FROM a GROUP BY id) SELECT count(*) FROM b WHERE x > 0";
    check(aggregated, Ok(())).await;
    let listed: Vec<String> = (0..8_000).map(|value| value.to_string()).collect();
    check(&format!("SELECT count(*) FROM member WHERE id IN ({})", listed.join(",")), Ok(())).await;
    // Conditions on many tables at once.
    let tables = |count: usize| vec!["SELECT id FROM member"; count].join(" UNION ALL ");
    let wide =
        |list: usize| (0..list).map(|value| format!("id + {value} > 0")).collect::<Vec<_>>().join(" AND ");
    check(&format!("SELECT count(*) FROM ({}) AS u WHERE {}", tables(3), wide(40)), Ok(())).await;
    check(&format!("SELECT count(*) FROM ({}) AS u WHERE {}", tables(230), wide(300)), Err("too_complex"))
        .await;
}
