use datafusion::arrow::array::AsArray;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{collect, displayable};

use super::*;
use crate::engine::Planned;
use crate::error::QueryError;
use crate::gate::Statement;
use crate::testing::{Asker, CANARY, HIDDEN_SPEND, ROWS, count, half, member_rules, members, rows, wire};
use membrane_model::Limits;

const SHOWN: i64 = ROWS / 2;

/// Questions whose expression fails, or tells, on a hidden row only.
fn oracles() -> Vec<String> {
    let guess = format!("1/(spend-{HIDDEN_SPEND}) > -5");
    let cast = format!("cast(case when spend={HIDDEN_SPEND} then 'X'||note else '1' end as int) > 0");
    vec![
        format!("select count(*) from member where {guess}"),
        format!("select count(*) from member where {cast}"),
        format!(
            "select count(*) from (select id, spend, note from member order by id limit 100000) where {guess}"
        ),
        format!(
            "select count(*) from member m where exists (select 1 from member w where w.id = m.id and 1/(w.spend-{HIDDEN_SPEND}) > -5)"
        ),
        format!(
            "select count(*) from member m join member w on m.id = w.id where 1/(w.spend-{HIDDEN_SPEND}) > -5"
        ),
        format!("with x as (select * from member) select count(*) from x where {guess} and {cast}"),
        format!("select count(*) from member where id >= 0 and {guess}"),
        format!(
            "select sum(c) from (select count(*) as c from member where {guess} group by region having count(*) > 0)"
        ),
        format!(
            "select count(case when spend={HIDDEN_SPEND} then 1/(spend-{HIDDEN_SPEND}) else 1 end) from member"
        ),
        format!(
            "select count(*) from (select id from member where {guess} union all select id from member where false)"
        ),
    ]
}

#[tokio::test]
async fn expressions_never_see_a_hidden_row() {
    let asker = Asker::members().await;
    for sql in oracles() {
        assert_eq!(asker.number(&sql).await, Ok(SHOWN), "{sql}");
    }
}

/// The control: the same conditions over the same rows behind a plain row rule do fail, so that the test above
/// can. The rule keeps half of the rows: with a rarer one `AND` skips the hidden rows by luck.
#[tokio::test]
async fn a_plain_row_rule_is_no_barrier() {
    #[expect(clippy::disallowed_methods, reason = "the unprotected side")]
    let state = SessionStateBuilder::new_with_default_features().build();
    state.schema_for_ref("member").unwrap().register_table("member".to_owned(), Arc::new(members())).unwrap();
    for condition in [
        format!("1/(spend-{HIDDEN_SPEND}) > -5"),
        format!("cast(case when spend={HIDDEN_SPEND} then 'X'||note else '1' end as int) > 0"),
    ] {
        let sql =
            format!("select count(*) from (select * from member where region = 'S1') where {condition}");
        let plan = state.create_logical_plan(&sql).await.unwrap();
        let physical = state.create_physical_plan(&plan).await.unwrap();
        assert!(collect(physical, state.task_ctx()).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn errors_on_shown_rows_carry_no_value() {
    let asker = Asker::members().await;
    for (sql, code) in [
        ("select cast('X'||note as int) from member", "evaluation"),
        ("select cast(phone as bigint) from member", "evaluation"),
        ("select 1/(spend-500) from member", "evaluation"),
        ("select to_timestamp(note) from member", "evaluation"),
        ("select nope from member", "unknown_column"),
        ("select m.nope from member m", "unknown_column"),
        ("select \"13800138000\" from member", "unknown_column"),
        ("select * from other", "unknown_table"),
        ("select nofunction(id) from member", "unknown_function"),
        ("select md5(phone) from member", "unknown_function"),
        ("select repeat('x', 1000000000)", "unknown_function"),
        ("select random() from member", "unknown_function"),
        ("select region, id from member group by region", "invalid"),
        ("select * from member where note", "invalid"),
        ("select id from member union select id, region from member", "invalid"),
        ("select $1 from member", "unsupported"),
        ("select [1,2,3][1]", "unsupported"),
        ("select phone ~ '(' from member", "evaluation"),
    ] {
        let error = asker.ask(sql).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert_eq!(error.code(), code, "{sql}: {text}");
        for leak in
            ["shown note", "1380000", "13800138000", "region", "spend", "Valid fields", "Did you mean"]
        {
            assert!(!text.contains(leak), "{sql}: {text}");
        }
    }
    let error = asker.ask("select id,\n  nope from member").await.unwrap_err();
    assert_eq!(error.to_string(), "column `nope` not found (line 2, column 3)");
}

#[tokio::test]
async fn masked_values_are_compared_and_shown_masked() {
    let asker = Asker::members().await;
    for (sql, expected) in [
        ("select count(*) from member where phone = '13800000002'", 0),
        ("select count(*) from member where phone like '1380%'", 0),
        ("select count(*) from member where phone like '138%'", SHOWN),
        ("select count(*) from member where addr is null", SHOWN),
        ("select count(distinct region) from member", 1),
        ("select count(*) from member", SHOWN),
        ("select count(id) from member where spend in (1, 2, 3, 4)", 2),
        ("select max(spend) from member", ROWS - 2),
        ("select count(*) from member where region = 'S2'", 0),
        ("select count(*) from member where not (region = 'S1')", 0),
        ("select count(*) from member where spend = 777", 0),
    ] {
        assert_eq!(asker.number(sql).await, Ok(expected), "{sql}");
    }
    let batches = asker.ask("select min(phone), max(phone), max(addr) from member").await.unwrap();
    let shown: Vec<_> =
        (0..2).map(|column| batches[0].column(column).as_string_view().value(0).to_owned()).collect();
    assert!(shown.iter().all(|phone| phone.starts_with("138******") && phone.len() == 11), "{shown:?}");
    assert!(batches[0].column(2).is_null(0));
}

#[tokio::test]
async fn no_byte_of_a_hidden_row_travels() {
    let asker = Asker::members().await;
    for sql in [
        "select * from member",
        "select note from member limit 3",
        "select note from member order by id desc limit 3",
        "select note, substr(note, 1, 5) from member where id < 10",
        "select nullif(note, 'a shown note number 4') from member",
        "select case when id % 4 = 0 then note end from member",
        "select region, max(note) from member group by region",
        "select distinct note from member",
    ] {
        let batches = asker.ask(sql).await.unwrap();
        assert!(rows(&batches) > 0, "{sql}");
        let bytes = wire(&batches);
        assert_eq!(count(&bytes, CANARY), 0, "{sql}");
        assert_eq!(count(&bytes, "13800000"), 0, "{sql}");
    }
    // The control: the same rows without rules do hold the canary.
    let mut open = member_rules(RowRule::All);
    open.columns.retain(|column| column.name.as_str() == "note");
    let asker = Asker::new(open, Some(Arc::new(members()))).await;
    assert!(count(&wire(&asker.ask("select note from member").await.unwrap()), CANARY) > 0);
}

#[tokio::test]
async fn hidden_and_absent_look_the_same() {
    let none = Asker::new(member_rules(RowRule::None), Some(Arc::new(members()))).await;
    let absent = Asker::new(member_rules(RowRule::All), None).await;
    for asker in [none, absent] {
        assert_eq!(asker.number("select count(*) from member").await, Ok(0));
        assert_eq!(rows(&asker.ask("select * from member").await.unwrap()), 0);
        assert_eq!(asker.ask("select nope from member").await.unwrap_err().code(), "unknown_column");
    }
    let mut fewer = member_rules(half());
    fewer.columns.retain(|column| column.name.as_str() != "spend");
    let asker = Asker::new(fewer, Some(Arc::new(members()))).await;
    let hidden = asker.ask("select spend from member").await.unwrap_err().to_string();
    let missing = asker.ask("select other from member").await.unwrap_err().to_string();
    assert_eq!(hidden.replace("spend", "other"), missing);
    assert_eq!(asker.number("select count(*) from (select * from member) where id >= 0").await, Ok(SHOWN));
}

#[tokio::test]
async fn a_rule_that_does_not_fit_closes_the_table() {
    let rule = |column: &str, value| {
        RowRule::When(membrane_policy::RowExpr::Compare {
            column: column.parse().unwrap(),
            operator: membrane_policy::CompareOperator::Eq,
            value,
        })
    };
    for wrong in [
        rule("absent", membrane_policy::RowValue::Integer(1)),
        rule("spend", membrane_policy::RowValue::String("1".to_owned())),
        rule("region", membrane_policy::RowValue::Boolean(true)),
    ] {
        let asker = Asker::new(member_rules(wrong), Some(Arc::new(members()))).await;
        assert_eq!(asker.ask("select id from member").await.unwrap_err(), QueryError::ScanFailed);
    }
}

#[tokio::test]
async fn a_stored_table_of_another_shape_closes_the_table() {
    let mut rules = member_rules(RowRule::All);
    rules.columns.push(crate::testing::rule(
        "gone",
        membrane_model::LogicalType::String,
        membrane_model::Protection::Clear,
        membrane_model::RevealLevel::Clear,
    ));
    let asker = Asker::new(rules, Some(Arc::new(members()))).await;
    assert_eq!(asker.ask("select gone from member").await.unwrap_err(), QueryError::SchemaChanged);
    assert_eq!(asker.number("select count(id) from member").await, Ok(ROWS));
}

#[tokio::test]
async fn the_plan_shows_a_leaf_and_no_rule() {
    let asker = Asker::members().await;
    let physical = asker.plan("select id, phone from member where spend > 1/2 and region = 'S1'").await;
    let shown = format!("{} {:?}", displayable(physical.as_ref()).indent(true), physical);
    assert!(shown.contains("GovernedScanExec"));
    for inside in ["MemorySourceConfig", "DataSourceExec", "DeltaScan", CANARY] {
        assert!(!shown.contains(inside), "{shown}");
    }
}

/// Which filters reach the governed scan, as the optimiser of a real session offers them.
#[tokio::test]
async fn only_leakproof_filters_go_down() {
    let asker = Asker::members().await;
    for (filter, goes_down) in [
        ("id = 5", true),
        ("1 = id", true),
        ("id <> 7", true),
        ("id between 3 and 9", true),
        ("id in (1, 2, 3, 4, 5)", true),
        ("id is null", true),
        ("region = 'S1'", true),
        ("region >= 'S'", true),
        ("active", true),
        ("not active", true),
        ("(id = 1 or region = 'S1')", true),
        ("id = '5'", true),
        ("phone = '13800000002'", false),
        ("addr is null", false),
        ("(id = 1 or phone = 'x')", false),
        ("region like 'S%'", false),
        ("id + 1 = 5", false),
        ("1 / spend > 0", false),
        ("id = spend", false),
        ("upper(region) = 'S1'", false),
        ("cast(region as int) = 1", false),
        ("spend > 1.5", false),
        ("id is distinct from 3", false),
        ("id = (select max(id) from member)", false),
        ("case when id = 1 then true else false end", false),
    ] {
        let statement =
            Statement::parse(&format!("select note from member where {filter}"), &asker.limits).unwrap();
        let planned = Planned::new(&asker.state, &statement, &asker.limits).await.unwrap();
        let optimised = asker.state.optimizer().optimize(planned.analysed, &asker.state, |_, _| {}).unwrap();
        let mut pushed = 0;
        optimised
            .apply(|node| {
                if let LogicalPlan::TableScan(scan) = node {
                    pushed += scan.filters.len();
                }
                Ok(TreeNodeRecursion::Continue)
            })
            .unwrap();
        assert_eq!(pushed > 0, goes_down, "{filter}");
        asker.ask(&format!("select note from member where {filter}")).await.ok();
    }
}

#[tokio::test]
async fn limits_stop_a_query() {
    let tight = Limits { rows_max: 100, ..Limits::default() };
    let asker = Asker::with_limits(member_rules(half()), Some(Arc::new(members())), tight).await;
    assert_eq!(
        asker.ask("select id from member").await.unwrap_err(),
        QueryError::LimitRows { rows_max: 100 }
    );
    assert_eq!(rows(&asker.ask("select id from member limit 100").await.unwrap()), 100);

    let tight = Limits { bytes_max: 1_000, ..Limits::default() };
    let asker = Asker::with_limits(member_rules(half()), Some(Arc::new(members())), tight).await;
    assert_eq!(
        asker.ask("select note from member").await.unwrap_err(),
        QueryError::LimitBytes { bytes_max: 1_000 }
    );

    let tight = Limits { memory_bytes_max: 1 << 20, ..Limits::default() };
    let asker = Asker::with_limits(member_rules(half()), Some(Arc::new(members())), tight).await;
    let sort = "select a.id from member a cross join member b order by a.note || b.note";
    assert_eq!(asker.ask(sort).await.unwrap_err(), QueryError::LimitMemory { bytes_max: 1 << 20 });
}

/// The longest expression that the gate lets in is planned and run on a thread with the stack of a worker.
#[test]
fn the_longest_chains_fit_a_worker_stack() {
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let asker = Asker::members().await;
            let most = Limits::default().nesting_max * 16 - 4;
            for chain in [
                format!("select count(*) from member where spend{} > 0", "+1".repeat(most)),
                format!("select count(*) from member where {}", vec!["note = 'x'"; most].join(" or ")),
                format!("select count(*) from member where {}", vec!["id + 1 > spend"; most].join(" and ")),
                format!(
                    "select count(*) from member as a{}",
                    (0..60).map(|n| format!(" join member as b{n} on a.id = b{n}.id")).collect::<String>()
                ),
                format!(
                    "select count(*) from ({})",
                    vec!["select 1 from member where id = 2"; 100].join(" union all ")
                ),
            ] {
                let answered = asker.ask(&chain).await;
                assert!(answered.is_ok(), "{} {answered:?}", chain.get(..60).unwrap_or_default());
            }
        });
    });
    worker.unwrap().join().unwrap();
}

/// What goes down is evaluated there and nowhere else, together with the row rule and before cells are opened.
#[tokio::test]
async fn leakproof_filters_are_evaluated_once() {
    let asker = Asker::members().await;
    let filters = |sql: &'static str| {
        let asker = &asker;
        async move {
            let plan = asker.plan(sql).await;
            displayable(plan.as_ref()).indent(true).to_string().matches("FilterExec").count()
        }
    };
    assert_eq!(filters("select note from member where id > 5 and region = 'S1'").await, 0);
    assert_eq!(filters("select note from member where id > 5 and id + 1 > 7").await, 1);
    for (condition, expected) in [
        ("id > 5", SHOWN - 3),
        ("id > 5 and id + 1 > 11", SHOWN - 6),
        ("active", SHOWN - 167),
        ("not active", 0),
        ("active is null", 167),
        ("active is null or id = 2", 168),
        ("not (id > 5)", 3),
        ("id in (0, 1, 2, 3)", 2),
        ("note = 'a shown note number 4'", 1),
        ("note >= 'a' and note < 'b'", SHOWN),
        ("false", 0),
    ] {
        let sql = format!("select count(*) from member where {condition}");
        assert_eq!(asker.number(&sql).await, Ok(expected), "{sql}");
        // The same where the optimiser cannot move it.
        let kept = format!("select count(case when {condition} then 1 end) from member");
        assert_eq!(asker.number(&kept).await, Ok(expected), "{kept}");
    }
}

#[tokio::test]
async fn partitions_are_put_together() {
    let whole = members();
    let batch = whole.batches[0].read().await[0].clone();
    let spread =
        MemTable::try_new(batch.schema(), vec![vec![batch.slice(0, 500)], vec![batch.slice(500, 500)]])
            .unwrap();
    let asker = Asker::new(member_rules(half()), Some(Arc::new(spread))).await;
    let physical = asker.plan("select id from member").await;
    assert_eq!(physical.properties().output_partitioning().partition_count(), 1);
    assert_eq!(asker.number("select count(*) from member").await, Ok(SHOWN));
}
