//! Column lineage.

use membrane_model::{FieldRef, LineageEdge, RevealLevel};

use super::{decision, edge, instant, open, outcome};
use crate::{ColumnDecision, Decision, Direction, Ledger, RunOutcome};

async fn record(ledger: &Ledger, edges: Vec<LineageEdge>) {
    open(ledger, 0).await.close(RunOutcome { edges, ..outcome(1) }).await.unwrap();
}

pub(super) async fn check_lineage_is_followed(ledger: Ledger) {
    let file = FieldRef::source("crm.csv", "city");
    let stored = FieldRef::dataset("crm_members", "city");
    let shown = FieldRef::answer("r1", "city");
    let counted = FieldRef::answer("r1", "n");
    // A field of the same name elsewhere is another field.
    let other = FieldRef::dataset("dim_stores", "city");
    let namesake = FieldRef { namespace: "source".into(), ..stored.clone() };
    let ingest = edge(file.clone(), stored.clone());
    let read = edge(stored.clone(), shown.clone());
    let count = LineageEdge {
        transformation: membrane_model::Transformation::Aggregation,
        masking: true,
        ..edge(stored.clone(), counted.clone())
    };
    let elsewhere = edge(other.clone(), shown.clone());
    record(&ledger, vec![ingest.clone()]).await;
    record(&ledger, vec![ingest.clone(), edge(namesake.clone(), FieldRef::answer("r2", "x"))]).await;
    record(&ledger, vec![read.clone(), count.clone(), elsewhere.clone()]).await;

    let follow =
        async |field: &FieldRef, direction, depth| ledger.lineage(field, direction, depth).await.unwrap();
    let sorted = |mut edges: Vec<LineageEdge>| {
        edges.sort();
        edges
    };
    let (up, down) = (Direction::Upstream, Direction::Downstream);
    assert_eq!(follow(&stored, up, 5).await, std::slice::from_ref(&ingest));
    assert_eq!(follow(&stored, down, 5).await, sorted(vec![read.clone(), count.clone()]));
    assert_eq!(follow(&shown, up, 1).await, sorted(vec![read.clone(), elsewhere.clone()]));
    let whole = sorted(vec![read.clone(), elsewhere, ingest.clone()]);
    assert_eq!(follow(&shown, up, 2).await, whole);
    assert_eq!(follow(&shown, up, u32::MAX).await, whole);
    assert_eq!(follow(&file, down, 2).await, sorted(vec![ingest, read, count]));
    assert_eq!(follow(&file, up, 5).await, []);
    assert_eq!(follow(&shown, up, 0).await, []);
}

pub(super) async fn check_lineage_in_circles_ends(ledger: Ledger) {
    let here = FieldRef::dataset("crm_members", "tier");
    let there = FieldRef::dataset("scores", "tier");
    let (to, back) = (edge(here.clone(), there.clone()), edge(there.clone(), here.clone()));
    record(&ledger, vec![to.clone(), back.clone(), edge(here.clone(), here.clone())]).await;
    let found = ledger.lineage(&here, Direction::Upstream, 30).await.unwrap();
    assert_eq!(found, [edge(here.clone(), here.clone()), to, back]);
}

pub(super) async fn check_edges_of_runs_that_did_the_same_are_one(ledger: Ledger) {
    let stored = FieldRef::dataset("crm_members", "city");
    let mut newest = None;
    for (second, level) in [(1, RevealLevel::Partial), (2, RevealLevel::Partial), (3, RevealLevel::Clear)] {
        let mut run = open(&ledger, second).await;
        let id = run.id();
        let column =
            ColumnDecision { column: "city".parse().unwrap(), level: Some(level), factors: Vec::new() };
        run.record_decision(&Decision { columns: vec![column], ..decision("crm_members") }).await.unwrap();
        let edges = vec![
            edge(stored.clone(), FieldRef::answer(id, "city")),
            edge(FieldRef::source("crm.csv", "city"), stored.clone()),
        ];
        run.close(RunOutcome { edges, ..outcome(1) }).await.unwrap();
        newest = newest.max(Some(id));
    }
    let size = ledger.log_head().await.unwrap().size;
    let mut found = ledger.grouped_edges(0, size).await.unwrap();
    found.sort_by_key(|one| (one.edge.clone(), one.level));
    let told: Vec<_> =
        found.iter().map(|one| (one.edge.to.name.as_str(), one.level, one.runs, Some(one.newest))).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].0, "", "an answer is nobody's own");
    assert_eq!((told[0].1, told[0].2), (Some(RevealLevel::Partial), 2));
    assert_eq!((told[1].1, told[1].2, told[1].3), (Some(RevealLevel::Clear), 1, newest));
    assert_eq!(told[2], ("crm_members", None, 3, newest));
    assert!(found.iter().all(|one| one.made_by.principal.to_string() == "analyst:ana"));
    assert_eq!(ledger.grouped_edges(size, size).await.unwrap(), []);
    assert_eq!(ledger.grouped_edges(2, 3).await.unwrap().len(), 2);
}

pub(super) async fn check_runs_are_paged_from_a_moment(ledger: Ledger) {
    let mut made = Vec::new();
    for second in [1, 1, 1, 2, 3] {
        made.push(open(&ledger, second).await.close(outcome(4)).await.unwrap().run);
    }
    let mut same: Vec<_> = made[..3].to_vec();
    same.sort();
    let first = ledger.runs_from(instant(1), None, 2).await.unwrap();
    assert_eq!(first.iter().map(|run| run.run).collect::<Vec<_>>(), same[..2]);
    let rest = ledger.runs_from(instant(1), Some(same[1]), 9).await.unwrap();
    assert_eq!(rest.iter().map(|run| run.run).collect::<Vec<_>>(), [same[2], made[3], made[4]]);
    assert_eq!(ledger.runs_from(instant(4), None, 9).await.unwrap(), []);
}
