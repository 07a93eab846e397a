//! Column lineage.

use membrane_model::{FieldRef, LineageEdge};

use super::{edge, open, outcome};
use crate::{Direction, Ledger, RunOutcome};

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
