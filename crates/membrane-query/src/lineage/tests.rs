use chrono::DateTime;

use super::*;
use crate::engine::Planned;
use crate::gate::Statement;
use crate::testing::{Asker, half, member_rules};
use membrane_policy::RowRule;

async fn traced(sql: &str) -> Vec<String> {
    traced_by(&Asker::new(member_rules(RowRule::All), None).await, sql).await
}

async fn traced_by(asker: &Asker, sql: &str) -> Vec<String> {
    let statement = Statement::parse(sql, &asker.limits).unwrap();
    let planned = Planned::new(&asker.state, &statement, &asker.limits).await.unwrap();
    let names = planned.recorded_names();
    let run = RunId::new(DateTime::UNIX_EPOCH);
    edges(&trace(&planned.analysed).unwrap(), &names, run)
        .iter()
        .map(|edge| {
            let masked = if edge.masking { " masked" } else { "" };
            format!(
                "{}<-{}.{} {}{masked}",
                edge.to.field,
                edge.from.name,
                edge.from.field,
                edge.transformation.as_str()
            )
        })
        .collect()
}

async fn check(sql: &str, expected: &[&str]) {
    let mut found = traced(sql).await;
    found.sort();
    let mut expected: Vec<_> = expected.iter().map(|edge| (*edge).to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected, "{sql}");
}

#[tokio::test]
async fn values_flow() {
    check(
        "select id, phone as p from member",
        &["id<-member.id IDENTITY", "p<-member.phone IDENTITY masked"],
    )
    .await;
    check("select upper(note) as u from member", &["u<-member.note TRANSFORMATION"]).await;
    check(
        "select spend + id as s from member",
        &["s<-member.id TRANSFORMATION", "s<-member.spend TRANSFORMATION"],
    )
    .await;
    check("select 1 as one from member", &[]).await;
    check("select count(*) as n from member", &[]).await;
    check("select x from (select note as x from member) as y", &["x<-member.note IDENTITY"]).await;
    check(
        "with y as (select max(spend) as m from member) select m + 1 as z from y",
        &["z<-member.spend AGGREGATION"],
    )
    .await;
    check(
        "select note as x from member union all select phone from member",
        &["x<-member.note IDENTITY", "x<-member.phone IDENTITY masked"],
    )
    .await;
}

#[tokio::test]
async fn influence_flows() {
    check(
        "select id from member where phone like '138%'",
        &["id<-member.id IDENTITY", "id<-member.phone FILTER masked"],
    )
    .await;
    check("select id from member order by spend", &["id<-member.id IDENTITY", "id<-member.spend SORT"]).await;
    check(
        "select region, sum(spend) as total from member group by region",
        &[
            "region<-member.region GROUP_BY",
            "region<-member.region IDENTITY",
            "total<-member.region GROUP_BY",
            "total<-member.spend AGGREGATION",
        ],
    )
    .await;
    check(
        "select a.note from member a join member b on a.id = b.spend",
        &["note<-member.id JOIN", "note<-member.note IDENTITY", "note<-member.spend JOIN"],
    )
    .await;
    check(
        "select case when active then note else addr end as c from member",
        &[
            "c<-member.active CONDITIONAL",
            "c<-member.addr TRANSFORMATION masked",
            "c<-member.note TRANSFORMATION",
        ],
    )
    .await;
    check(
        "select rank() over (partition by region order by spend) as r from member",
        &["r<-member.region WINDOW", "r<-member.spend WINDOW"],
    )
    .await;
    check(
        "select id from member m where exists (select 1 from member w where w.note = m.phone)",
        &["id<-member.id IDENTITY", "id<-member.note FILTER", "id<-member.phone FILTER masked"],
    )
    .await;
    check(
        "select distinct region from member",
        &["region<-member.region GROUP_BY", "region<-member.region IDENTITY"],
    )
    .await;
    check(
        "select sum(spend) filter (where active) as s from member",
        &["s<-member.active FILTER", "s<-member.spend AGGREGATION"],
    )
    .await;
}

#[tokio::test]
async fn names_of_the_record_hold_no_literal() {
    let found = traced("select a.phone = '13800138000', a.note, b.note from member a, member b").await;
    let found = found.join("\n");
    assert!(!found.contains("138"), "{found}");
    assert!(found.contains("column_1<-member.phone") && found.contains("note_3<-member.note"), "{found}");
}

#[test]
fn recorded_names_are_unique() {
    assert_eq!(
        recorded_names(["a", "a", "sum(x)", "13800138000"].into_iter()),
        ["a", "a_2", "column_3", "column_4"]
    );
}

#[tokio::test]
async fn what_policy_decides_rows_by_has_a_say_in_all_columns() {
    let asker = Asker::new(member_rules(half()), None).await;
    let found = traced_by(&asker, "select id, count(*) as n from member group by id").await;
    for edge in ["id<-member.region FILTER", "n<-member.region FILTER"] {
        assert!(found.contains(&edge.to_owned()), "{found:?}");
    }
}
