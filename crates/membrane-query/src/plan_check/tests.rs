use crate::error::QueryError;
use crate::testing::Asker;

async fn check(sql: &str, expected: Result<(), &str>) {
    let asker = Asker::members().await;
    let found = asker.ask(sql).await;
    let found = found.as_ref().map(|_| ()).map_err(QueryError::code);
    assert_eq!(found, expected, "{sql}");
}

async fn refused(sql: &str, told: &str) {
    let error = Asker::members().await.ask(sql).await.unwrap_err();
    assert_eq!(error.code(), "unsupported", "{sql}: {error}");
    assert!(error.to_string().contains(told), "{sql}: {error}");
}

/// Each of these makes room for what the statement says, before it has seen a row: more than there is ends the process.
#[tokio::test]
async fn no_statement_sizes_memory() {
    let told = "leave it out, or write 100";
    refused("select approx_percentile_cont(spend, 0.5, 100000000000000) from member", told).await;
    refused("select approx_percentile_cont(spend, 0.5, 10001) from member", told).await;
    refused(
        "select approx_percentile_cont(0.5, 100000000000000) within group (order by spend) from member",
        told,
    )
    .await;
    refused("select approx_percentile_cont_with_weight(spend, id, 0.5, 100000000000000) from member", told)
        .await;
    refused("select approx_percentile_cont(spend, 0.5, 1000 * 1000000000) from member", told).await;
    refused("select approx_percentile_cont(spend, 0.5, id) from member", told).await;
    refused("select approx_percentile_cont(spend, 0.5, -1) from member", told).await;
    for sql in [
        "select approx_percentile_cont(spend, 0.5) from member",
        "select approx_percentile_cont(spend, 0.5, 100) from member",
        "select approx_percentile_cont(spend, 0.5, 10000) from member",
        "select approx_percentile_cont(0.5) within group (order by spend) from member",
        "select approx_percentile_cont_with_weight(spend, id, 0.5, 200) from member",
        "select approx_median(spend) from member",
        "select region, max(spend) as most from member group by region order by most desc limit 1000000000000",
        "select id from member order by spend limit 1000000000000",
        "select id from member limit 1000000000000",
    ] {
        check(sql, Ok(())).await;
    }
}

/// A pattern that is another in each row is compiled once for each row, to as much as 10 MB.
#[tokio::test]
async fn patterns_are_constants() {
    let told = "write the pattern as a literal";
    let long = "x".repeat(513);
    for sql in [
        "select count(*) from member where note ~ phone",
        "select count(*) from member where note ~* phone",
        "select count(*) from member where note !~ phone",
        "select count(*) from member where note !~* phone",
        "select count(*) from member where note similar to phone",
        "select count(*) from member where note not similar to phone",
        "select regexp_like(note, phone) from member",
        "select regexp_like(note, 'a' || phone) from member",
        "select regexp_like(note, 'a', phone) from member",
        "select regexp_count(note, phone) from member",
        "select regexp_instr(note, phone) from member",
        "select regexp_replace(note, phone, 'x') from member",
        "select regexp_replace(note, 'a', phone) from member",
        "select sum(regexp_count(note, phone)) over (order by id) from member",
        "select count(*) from member where regexp_like((select max(note) from member), phone)",
        "with p as (select 'a' as p) select note ~ p from member, p",
    ] {
        refused(sql, told).await;
    }
    refused(&format!("select note ~ '{long}' from member"), told).await;
    for sql in [
        "select count(*) from member where note ~ 'a .*4$' and phone !~* 'X'",
        "select count(*) from member where note similar to 'a%4'",
        "select regexp_like(note, '^a', 'i'), regexp_count(note, '[a-z]+'), regexp_instr(note, 'n') from member",
        "select regexp_replace(note, '([a-z]+) ', '\\1-', 'g') from member",
        "select count(*) from member where note like '%' || id || '%'",
    ] {
        check(sql, Ok(())).await;
    }
}

#[tokio::test]
async fn formats_are_constants() {
    let told = "write the format as a literal";
    refused("select to_char(now(), note) from member", told).await;
    refused(&format!("select to_char(now(), '{}') from member", "%A".repeat(40)), told).await;
    check("select to_char(now(), '%Y-%m-%d') from member", Ok(())).await;
}

/// What a window computes is computed for each row: the result must not be made of the whole frame each time.
#[tokio::test]
async fn windows_keep_a_running_result() {
    for call in [
        "median(spend) over (order by id)",
        "approx_median(spend) over (order by id)",
        "percentile_cont(spend, 0.5) over (order by id)",
        "approx_distinct(note) over (order by id rows 1000 preceding)",
        "approx_percentile_cont(spend, 0.5, 100) over (order by id)",
    ] {
        refused(&format!("select {call} from member"), "aggregate with GROUP BY").await;
    }
    for call in
        ["count(distinct region) over (order by id)", "sum(distinct spend) over (partition by region)"]
    {
        refused(&format!("select {call} from member"), "DISTINCT over a window").await;
    }
    for call in [
        "last_value(active) ignore nulls over (order by id)",
        "first_value(active) ignore nulls over (order by id rows between 5 preceding and 5 following)",
        "nth_value(active, 2) ignore nulls over (order by id)",
        "lag(active, 100000) ignore nulls over (order by id)",
    ] {
        refused(&format!("select {call} from member"), "filter the NULLs out").await;
    }
    for call in [
        "row_number() over (order by id)",
        "rank() over (partition by region order by spend desc)",
        "ntile(4) over (order by spend)",
        "lag(spend, 1, 0) over (order by id)",
        "first_value(note) over (partition by region order by id)",
        "nth_value(note, 2) over (order by id)",
        "sum(spend) over (partition by region)",
        "avg(spend) over (order by id rows between 6 preceding and current row)",
        "max(spend) over (order by id rows between 6 preceding and 6 following)",
        "count(*) over ()",
        "stddev(spend) over (order by id)",
        "bool_and(active) over (order by id)",
    ] {
        check(&format!("select {call} from member"), Ok(())).await;
    }
}
