//! The record in pages.

use membrane_model::RunId;

use super::{decision, instant, open, outcome};
use crate::{Delivery, Ledger, RefusedDelivery, RunDetail, RunMark, RunRecord, RunWindow};

async fn all_pages(ledger: &Ledger, window: RunWindow, detail: RunDetail) -> Vec<RunRecord> {
    let mut found: Vec<RunRecord> = Vec::new();
    loop {
        let before = found.last().map(|run| RunMark { at: run.started, run: run.run });
        let page = ledger.page_of_runs(&window, detail, before, 2).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

fn ids(runs: &[RunRecord]) -> Vec<RunId> {
    runs.iter().map(|run| run.run).collect()
}

pub(super) async fn check_runs_are_paged_to_the_first(ledger: Ledger) {
    let mut made = Vec::new();
    for second in [1, 1, 1, 2, 3] {
        let mut run = open(&ledger, second).await;
        if second < 3 {
            run.record_decision(&decision("crm_members")).await.unwrap();
        }
        made.push((second, run.close(outcome(4)).await.unwrap().run));
    }
    made.sort();
    let latest_first: Vec<RunId> = made.iter().rev().map(|(_, run)| *run).collect();
    let whole = RunWindow::default;
    let heads = all_pages(&ledger, whole(), RunDetail::Head).await;
    assert_eq!(ids(&heads), latest_first);
    assert!(heads.iter().all(|run| run.decisions.is_empty() && run.edges.is_empty()));
    let decided = all_pages(&ledger, whole(), RunDetail::Decisions).await;
    assert_eq!(ids(&decided), latest_first[1..]);
    assert!(decided.iter().all(|run| run.decisions.len() == 1));
    assert_eq!(all_pages(&ledger, whole(), RunDetail::Edges).await.len(), 5);
    assert_eq!(all_pages(&ledger, whole(), RunDetail::Releases).await, []);
    let of = |since, until| RunWindow { since: Some(instant(since)), until: Some(instant(until)), ..whole() };
    assert_eq!(ids(&all_pages(&ledger, of(2, 3), RunDetail::Head).await), latest_first[..2]);
    assert_eq!(ids(&all_pages(&ledger, of(0, 1), RunDetail::Head).await), latest_first[2..]);
    let one = RunWindow { run: Some(latest_first[1]), ..whole() };
    assert_eq!(ids(&all_pages(&ledger, one, RunDetail::Head).await), latest_first[1..2]);
    let elsewhen = RunWindow { run: Some(latest_first[1]), ..of(0, 1) };
    assert_eq!(all_pages(&ledger, elsewhen, RunDetail::Head).await, []);
    let uses = ledger.dataset_uses(instant(2)).await.unwrap();
    let told: Vec<_> = uses.iter().map(|used| (used.dataset.as_str(), used.runs, used.latest)).collect();
    assert_eq!(told, [("crm_members", 2, instant(3))]);
}

pub(super) async fn check_deliveries_are_paged(ledger: Ledger) {
    for second in [1, 2, 2] {
        let run = open(&ledger, second).await.close(outcome(second)).await.unwrap().run;
        let delivery = Delivery {
            run,
            dataset: "crm_members".parse().unwrap(),
            source: None,
            ended: instant(second),
            rows_in: 3,
            rows_accepted: 2,
            rows_quarantined: 1,
            reasons: [("required:phone".to_owned(), 1)].into(),
            rows_late: 0,
            totals: Vec::new(),
        };
        ledger.note_delivery(&delivery, 10).await.unwrap();
        let refused = RefusedDelivery {
            dataset: "web_events".parse().unwrap(),
            delivery: run.to_string(),
            source: None,
            at: instant(second),
            code: "encoding".to_owned(),
            rows_in: None,
            run: Some(run),
        };
        ledger.note_refused(&refused).await.unwrap();
    }
    let (members, events) = ("crm_members".parse().unwrap(), "web_events".parse().unwrap());
    let whole = RunWindow::default();
    let first = ledger.page_of_deliveries(&members, &whole, None, 2).await.unwrap();
    let mark = first.last().map(|one| RunMark { at: one.ended, run: one.run });
    let rest = ledger.page_of_deliveries(&members, &whole, mark, 2).await.unwrap();
    let moments: Vec<_> = first.iter().chain(&rest).map(|one| one.ended).collect();
    assert_eq!(moments, [instant(2), instant(2), instant(1)]);
    let first = ledger.page_of_refused(&events, &whole, None, 2).await.unwrap();
    let last = first.last().map(|one| (one.at, one.delivery.as_str()));
    let rest = ledger.page_of_refused(&events, &whole, last, 2).await.unwrap();
    assert_eq!((first.len(), rest.len(), rest[0].at), (2, 1, instant(1)));
    let names = ledger.datasets_on_record().await.unwrap();
    assert_eq!(names, [events]);
    ledger.note_delivered(&members, instant(3)).await.unwrap();
    assert_eq!(ledger.datasets_on_record().await.unwrap().len(), 2);
}
