use std::time::Duration;

use membrane_model::Limits;

use super::*;
use crate::error::QueryError;
use crate::testing::{Asker, half, member_rules, members};

/// Joins that would run for minutes or hours, and give their task no reason to wait.
const ENDLESS: [&str; 4] = [
    "select count(*) from member a, member b, member c where regexp_count(a.note || b.note || c.note, '[a-z]+ *') = 1",
    "select sum(a.spend * b.spend) from member a, member b, member c, member d, member e",
    "select count(*) from member a where exists (select 1 from member b, member c, member d where a.spend + b.spend + c.spend + d.spend = -1)",
    "select count(*) from member a join member b on a.region = b.region join member c on b.region = c.region join member d on c.region = d.region where a.id + b.id + c.id + d.id = -1",
];

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
