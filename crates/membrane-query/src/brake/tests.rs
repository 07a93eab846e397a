use std::time::Duration;

use membrane_model::Limits;

use super::*;
use crate::error::QueryError;
use crate::testing::{Asker, half, member_rules, members};

/// Joins that would run for minutes or hours, and give their task no reason to wait.
const ENDLESS: [&str; 4] = [
    "select count(*) from member a, member b, member c where regexp_count(a.note || b.note || c.note, '[a-z]+ *') = 1",
    "select count(*) from (select a.note || b.note as pair from member a, member b limit 100000) x, (select a.note || b.note as pair from member a, member b limit 100000) y where regexp_count(x.pair || y.pair, '[a-z]+ *') = 1",
    "select count(*) from member a where exists (select 1 from member b, member c, member d where a.spend + b.spend + c.spend + d.spend = -1)",
    "select count(*) from member a join member b on a.region = b.region join member c on b.region = c.region where regexp_count(a.note || b.note || c.note, '[a-z]+ *') = 1",
];

/// A join whose build side grows with what it has joined already, to more than memory holds. Those of [`ENDLESS`] build
/// on a hundred thousand pairs at most, so that it is the time that ends them, however fast the machine: a chain of
/// five would build on the pairs of four. A derived table with a limit is joined as it is, not as a part of the chain.
const GROWING: &str = "select count(*) from member a join member b on a.region = b.region join member c on b.region = c.region join member d on c.region = d.region where a.id + b.id + c.id + d.id = -1";

async fn hurried() -> Asker {
    let limits = Limits { seconds_max: 1, ..Limits::default() };
    Asker::with_limits(member_rules(half()), Some(Arc::new(members())), limits).await
}

async fn check(sql: &str) {
    let asker = hurried().await;
    let start = std::time::Instant::now();
    let answered = asker.ask(sql).await;
    assert_eq!(answered.unwrap_err(), QueryError::LimitSeconds { seconds_max: 1 }, "{sql}");
    assert!(start.elapsed() < Duration::from_secs(10), "{sql}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_joins_stop_in_time() {
    for sql in ENDLESS {
        check(sql).await;
    }
}

/// With one thread the timer fires only when the query gives way.
#[tokio::test]
async fn endless_joins_stop_on_one_thread_too() {
    for sql in ENDLESS {
        check(sql).await;
    }
}

#[tokio::test]
async fn joins_that_grow_stop_at_their_memory() {
    let limits = Limits { seconds_max: 60, memory_bytes_max: 32 << 20, ..Limits::default() };
    let asker = Asker::with_limits(member_rules(half()), Some(Arc::new(members())), limits).await;
    let error = asker.ask(GROWING).await.unwrap_err();
    assert!(matches!(error, QueryError::LimitMemory { .. }), "{error:?}");
}

/// After the limit nothing goes on computing: the runtime can be shut down.
#[test]
fn stopped_queries_leave_no_task_behind() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for sql in ENDLESS {
        runtime.block_on(check(sql));
    }
    let start = std::time::Instant::now();
    drop(runtime);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test]
async fn joins_with_time_are_answered() {
    let asker = Asker::members().await;
    for (sql, expected) in [
        ("select count(*) from member a join member b on a.id = b.id and a.spend + b.spend > 10", 497),
        ("select count(*) from member a, member b where a.id + b.id = 10", 6),
        ("select count(*) from member a left join member b on a.id < b.id and b.id < 4", 500),
        ("select count(*) from member a where not exists (select 1 from member b where b.id > a.id)", 1),
    ] {
        assert_eq!(asker.number(sql).await, Ok(expected), "{sql}");
    }
}

#[tokio::test]
async fn no_statement_can_name_the_brake() {
    let asker = Asker::members().await;
    let error = asker.ask("select membrane_brake(true)").await.unwrap_err();
    assert_eq!(error.code(), "unknown_function");
}

/// DataFusion's windows collect rows and ask no memory pool.
#[tokio::test]
async fn windows_stop_at_their_memory() {
    let limits = Limits { memory_bytes_max: 8 << 20, ..Limits::default() };
    let asker = Asker::with_limits(member_rules(half()), Some(Arc::new(members())), limits).await;
    for window in [
        "sum(a.spend) over ()",
        "sum(a.spend) over (rows between unbounded preceding and unbounded following)",
        "sum(a.spend) over (rows between 100000000 preceding and current row)",
        "row_number() over ()",
    ] {
        let sql = format!("select max(w) from (select {window} as w from member a cross join member b)");
        let error = asker.ask(&sql).await.unwrap_err();
        assert!(matches!(error, QueryError::LimitMemory { .. }), "{sql}: {error:?}");
        let few = format!("select max(w) from (select {window} as w from member a)");
        assert!(asker.ask(&few).await.is_ok(), "{few}");
    }
}

#[tokio::test]
async fn windows_stop_when_the_brake_is_due() {
    let asker = Asker::members().await;
    for sql in [
        "select sum(spend) over (order by id) from member",
        "select sum(spend) over (partition by region) from member",
        "select id from member where id in (select row_number() over () from member)",
    ] {
        let statement = crate::gate::Statement::parse(sql, &asker.limits).unwrap();
        let planned = crate::engine::Planned::new(&asker.state, &statement, &asker.limits).await.unwrap();
        let brake = Brake::new(Instant::now() + Duration::from_secs(60));
        let plan = planned.physical(&asker.state, &asker.limits, &brake).await.unwrap();
        brake.stop();
        let error = datafusion::physical_plan::collect(plan, asker.state.task_ctx()).await.unwrap_err();
        let told = crate::sanitise::sanitise(&error, &asker.limits);
        assert!(matches!(told, QueryError::LimitSeconds { .. }), "{sql}: {told:?}");
    }
}

#[tokio::test]
async fn windows_are_answered() {
    let asker = Asker::members().await;
    for (sql, expected) in [
        ("select max(n) from (select row_number() over (order by spend desc) as n from member)", 500),
        ("select max(s) from (select sum(spend) over (order by id) as s from member)", 249_500),
        (
            "select max(s) from (select sum(spend) over (order by id rows 1 preceding) as s from member)",
            1_994,
        ),
        (
            "select count(*) from (select rank() over (partition by active order by id) as r from member) where r = 1",
            2,
        ),
    ] {
        assert_eq!(asker.number(sql).await, Ok(expected), "{sql}");
    }
}
