//! Where sources stand.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use membrane_model::{DatasetName, Reconciled, Rest, SourceName, Verdict};

use super::*;
use crate::{
    AlertChanges, Behind, Delivered, Delivery, RefusedDelivery, ReplayPlan, SourceFile, SourceLook,
    SourceTotals,
};

fn name(text: &str) -> SourceName {
    text.parse().unwrap()
}

pub(super) async fn check_sources_stand_somewhere(ledger: Ledger) {
    let (tills, crm) = (name("tills"), name("crm"));
    assert_eq!(ledger.source_state(&tills).await.unwrap(), None);
    let by = "service:ops".parse().unwrap();
    ledger.pause_source(&tills, Some((instant(5), by))).await.unwrap();
    let state = ledger.source_state(&tills).await.unwrap().unwrap();
    assert_eq!(
        state.paused.map(|(when, by)| (when, by.to_string())),
        Some((instant(5), "service:ops".to_owned()))
    );
    assert!(ledger.hold_source(&crm, "h", instant(6), instant(66)).await.unwrap());
    let behind = Behind { later: 1, left: 2, awaited: 3, missing: 4 };
    let look = SourceLook {
        at: instant(7),
        waiting: 11,
        behind,
        fault: Some("input_unreadable".to_owned()),
        held_up: true,
        run: None,
    };
    ledger.note_look(&crm, "h", &look).await.unwrap();
    let state = ledger.source_state(&crm).await.unwrap().unwrap();
    assert_eq!((state.looked, state.waiting, state.failures), (Some(instant(7)), Some(11), 1));
    assert_eq!(state.behind, behind);
    assert_eq!(state.fault.as_deref(), Some("input_unreadable"));
    // Who holds it no more writes nothing.
    ledger.note_look(&crm, "h", &SourceLook { at: instant(9), ..look.clone() }).await.unwrap();
    assert_eq!(ledger.source_state(&crm).await.unwrap().unwrap().looked, Some(instant(7)));
    assert!(ledger.hold_source(&crm, "h", instant(10), instant(70)).await.unwrap());
    ledger.note_look(&crm, "h", &look).await.unwrap();
    assert_eq!(ledger.source_state(&crm).await.unwrap().unwrap().failures, 2);
    // It took something in before it was held up.
    assert!(ledger.hold_source(&crm, "h", instant(10), instant(70)).await.unwrap());
    let run = open(&ledger, 9).await.id();
    ledger.note_look(&crm, "h", &SourceLook { run: Some(run), ..look.clone() }).await.unwrap();
    assert_eq!(ledger.source_state(&crm).await.unwrap().unwrap().failures, 1);
    assert!(ledger.hold_source(&crm, "h", instant(10), instant(70)).await.unwrap());
    // A file that failed is no failure of the source.
    let of_a_file = SourceLook { at: instant(11), held_up: false, ..look.clone() };
    ledger.note_look(&crm, "h", &of_a_file).await.unwrap();
    let state = ledger.source_state(&crm).await.unwrap().unwrap();
    assert_eq!((state.failures, state.fault.as_deref()), (0, Some("input_unreadable")));
    assert!(ledger.hold_source(&crm, "h", instant(12), instant(72)).await.unwrap());
    let well =
        SourceLook { at: instant(13), waiting: 0, behind: Behind::default(), fault: None, ..of_a_file };
    ledger.note_look(&crm, "h", &well).await.unwrap();
    let state = ledger.source_state(&crm).await.unwrap().unwrap();
    assert_eq!((state.failures, state.fault, state.behind), (0, None, Behind::default()));
    ledger.pause_source(&tills, None).await.unwrap();
    let states = ledger.source_states().await.unwrap();
    let names: Vec<_> = states.iter().map(|state| (state.source.as_str(), state.paused.is_some())).collect();
    assert_eq!(names, [("crm", false), ("tills", false)]);
}

pub(super) async fn check_one_holder_at_a_time(ledger: Ledger) {
    let tills = name("tills");
    let until = |now: i64| instant(now) + TimeDelta::seconds(60);
    assert!(ledger.hold_source(&tills, "one", instant(0), until(0)).await.unwrap());
    assert!(!ledger.hold_source(&tills, "two", instant(59), until(59)).await.unwrap());
    assert!(ledger.hold_source(&tills, "one", instant(59), until(59)).await.unwrap(), "kept for longer");
    assert!(!ledger.hold_source(&tills, "two", instant(100), until(100)).await.unwrap());
    assert!(ledger.hold_source(&tills, "two", instant(120), until(120)).await.unwrap(), "left behind");
    assert!(!ledger.hold_source(&tills, "one", instant(121), until(121)).await.unwrap());
}

pub(super) async fn check_upkeep_is_held_and_noted(ledger: Ledger) {
    let orders = "pos_orders".parse().unwrap();
    let until = |now: i64| instant(now) + TimeDelta::seconds(60);
    assert_eq!(ledger.upkeep_done(&orders).await.unwrap(), None);
    assert!(ledger.hold_upkeep(&orders, "one", instant(0), until(0)).await.unwrap());
    assert!(!ledger.hold_upkeep(&orders, "two", instant(59), until(59)).await.unwrap());
    ledger.release_upkeep(&orders, "two", Some(instant(60))).await.unwrap();
    assert_eq!(ledger.upkeep_done(&orders).await.unwrap(), None, "who holds it not changes nothing");
    ledger.release_upkeep(&orders, "one", Some(instant(61))).await.unwrap();
    assert_eq!(ledger.upkeep_done(&orders).await.unwrap(), Some(instant(61)));
    assert!(ledger.hold_upkeep(&orders, "two", instant(62), until(62)).await.unwrap());
    ledger.release_upkeep(&orders, "two", None).await.unwrap();
    assert_eq!(ledger.upkeep_done(&orders).await.unwrap(), Some(instant(61)), "a visit that failed");
}

pub(super) async fn check_files_and_deliveries_are_noted(ledger: Ledger) {
    let tills = name("tills");
    let failed = SourceFile {
        file: "f".to_owned(),
        state: "1".to_owned(),
        fault: Some("input_not_utf8".to_owned()),
        tries: 1,
        run: None,
        seen: instant(1),
    };
    let taken = SourceFile { file: "g".to_owned(), fault: None, ..failed.clone() };
    for file in [&failed, &taken, &SourceFile { tries: 2, ..failed.clone() }] {
        ledger.note_file(&tills, file).await.unwrap();
    }
    let files = ledger.source_files(&tills).await.unwrap();
    assert_eq!((files.len(), files["f"].tries, files["g"].clone()), (2, 2, taken));
    assert!(ledger.source_files(&name("crm")).await.unwrap().is_empty());
    // Whoever lets a source go on wants its failed files to be tried again, but not those whose rows are there.
    let changed = Some("source_file_changed".to_owned());
    let changed = SourceFile { file: "h".to_owned(), fault: changed, ..failed.clone() };
    ledger.note_file(&tills, &changed).await.unwrap();
    ledger.pause_source(&tills, None).await.unwrap();
    let files = ledger.source_files(&tills).await.unwrap();
    let kept: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(kept, BTreeSet::from(["g", "h"]));

    let run = open(&ledger, 1).await;
    let delivery = Delivery {
        run: run.id(),
        dataset: "crm_members".parse().unwrap(),
        source: Some(tills),
        ended: instant(10),
        rows_in: 12,
        rows_accepted: 10,
        rows_quarantined: 2,
        reasons: [("missing:phone".to_owned(), 2)].into(),
        rows_late: 3,
        totals: vec![Reconciled {
            total: None,
            verdict: Verdict::Agrees,
            taken: "10".to_owned(),
            rest: Some(Rest { stated: "12".to_owned(), aside: "2".to_owned() }),
            unread: 0,
        }],
    };
    ledger.note_delivery(&delivery, 700).await.unwrap();
    ledger.note_delivery(&delivery, 700).await.unwrap();
    let other = Delivery { run: open(&ledger, 2).await.id(), ended: instant(11), ..delivery.clone() };
    ledger.note_delivery(&other, 70).await.unwrap();
    let strange = Delivery { run: open(&ledger, 3).await.id(), source: None, ..delivery.clone() };
    ledger.note_delivery(&strange, 7).await.unwrap();
    let totals = SourceTotals {
        deliveries: 2,
        rows_accepted: 20,
        rows_quarantined: 4,
        rows_late: 6,
        bytes: 770,
        rows_lately: 10,
    };
    let of = delivery.source.clone().unwrap();
    assert_eq!(ledger.source_totals(instant(11)).await.unwrap(), [(of, totals)].into());
    assert_eq!(ledger.deliveries(None, instant(0)).await.unwrap().len(), 3);
    assert_eq!(ledger.deliveries(None, instant(11)).await.unwrap(), [other]);
    assert_eq!(ledger.deliveries(Some(&delivery.dataset), instant(10)).await.unwrap().len(), 3);
    assert!(ledger.deliveries(Some(&delivery.dataset), instant(12)).await.unwrap().is_empty());
    assert!(ledger.deliveries(Some(&"pos_orders".parse().unwrap()), instant(0)).await.unwrap().is_empty());
    for second in [10, 20, 15] {
        ledger.note_delivered(&delivery.dataset, instant(second)).await.unwrap();
    }
    let times = Delivered { first: instant(10), last: instant(20) };
    assert_eq!(ledger.delivered().await.unwrap(), [(delivery.dataset.clone(), times)].into());
}

pub(super) async fn check_a_refused_delivery_is_noted_once_a_day(ledger: Ledger) {
    let orders: DatasetName = "pos_orders".parse().unwrap();
    let first = RefusedDelivery {
        dataset: orders.clone(),
        delivery: "a".to_owned(),
        source: Some(name("tills")),
        at: instant(5),
        code: "too_many_bad_rows".to_owned(),
        rows_in: Some(7),
        run: None,
    };
    let again = RefusedDelivery { at: instant(6), code: "input_columns".to_owned(), ..first.clone() };
    let other = RefusedDelivery { delivery: "b".to_owned(), rows_in: None, ..again.clone() };
    for refused in [&first, &again, &other] {
        ledger.note_refused(refused).await.unwrap();
    }
    let found = ledger.refused_deliveries(Some(&orders), instant(0)).await.unwrap();
    assert_eq!(found, [other, first.clone()]);
    // The next day it counts again.
    let next = RefusedDelivery { at: instant(5) + TimeDelta::days(1), ..first };
    ledger.note_refused(&next).await.unwrap();
    assert_eq!(ledger.refused_deliveries(None, instant(7)).await.unwrap(), [next]);
    assert!(
        ledger
            .refused_deliveries(Some(&"crm_members".parse().unwrap()), instant(0))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn check_a_broken_promise_is_told_once(ledger: Ledger) {
    let broken = |promises: &[&str]| {
        let dataset: DatasetName = "pos_orders".parse().unwrap();
        promises.iter().map(|promise| (dataset.clone(), (*promise).to_owned())).collect::<BTreeSet<_>>()
    };
    let list = |broken: BTreeSet<(DatasetName, String)>| broken.into_iter().collect::<Vec<_>>();
    let changes = ledger.set_alerts(&broken(&["frequency", "totals"]), instant(1)).await.unwrap();
    assert_eq!((changes.opened, changes.ended), (list(broken(&["frequency", "totals"])), Vec::new()));
    let changes = ledger.set_alerts(&broken(&["frequency", "totals"]), instant(2)).await.unwrap();
    assert_eq!(changes, AlertChanges::default());
    let changes = ledger.set_alerts(&broken(&["totals", "volume"]), instant(3)).await.unwrap();
    assert_eq!((changes.opened, changes.ended), (list(broken(&["volume"])), list(broken(&["frequency"]))));
    let known = ledger.alerts().await.unwrap().into_iter().map(|alert| (alert.promise, alert.since));
    let all = [("totals".to_owned(), instant(1)), ("volume".to_owned(), instant(3))];
    assert_eq!(known.collect::<Vec<_>>(), all);
}

pub(super) async fn check_a_replay_is_planned_by_one(ledger: Ledger) {
    let dataset = "pos_orders".parse().unwrap();
    assert_eq!(ledger.replay_plan(&dataset).await.unwrap(), None);
    assert!(ledger.hold_replay(&dataset, "one", instant(0), instant(60)).await.unwrap());
    assert!(!ledger.hold_replay(&dataset, "two", instant(59), instant(99)).await.unwrap());
    let plan = ReplayPlan {
        version: TableVersion(7),
        files: vec!["a".to_owned(), "b".to_owned()],
        taken: vec![0b101, 0],
    };
    assert!(ledger.set_replay_plan(&dataset, "one", Some(&plan)).await.unwrap());
    assert_eq!(ledger.replay_plan(&dataset).await.unwrap(), Some(plan.clone()));
    // Whoever was taken for dead writes nothing any more; what it planned is found.
    assert!(ledger.hold_replay(&dataset, "two", instant(61), instant(121)).await.unwrap());
    assert!(!ledger.set_replay_plan(&dataset, "one", None).await.unwrap());
    assert_eq!(ledger.replay_plan(&dataset).await.unwrap(), Some(plan));
    assert!(ledger.set_replay_plan(&dataset, "two", None).await.unwrap());
    assert_eq!(ledger.replay_plan(&dataset).await.unwrap(), None);
    ledger.release_replay(&dataset, "two").await.unwrap();
    assert!(ledger.hold_replay(&dataset, "one", instant(62), instant(99)).await.unwrap());
}
