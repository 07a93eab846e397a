use chrono::DateTime;
use membrane_model::{Reconciled, RunId};

use super::super::OBJECTIVE;
use super::*;

fn delivery(dataset: &str, day: i64, accepted: u64, reasons: &[(&str, u64)]) -> Delivery {
    let bad = reasons.iter().map(|(_, times)| times).sum::<u64>();
    let ended = DateTime::from_timestamp(1_800_000_000 + day * 86_400, 0).unwrap();
    Delivery {
        run: RunId::new(ended),
        dataset: dataset.parse().unwrap(),
        source: None,
        ended,
        rows_in: accepted + bad,
        rows_accepted: accepted,
        rows_quarantined: bad,
        reasons: reasons.iter().map(|(reason, times)| ((*reason).to_owned(), *times)).collect(),
        rows_late: 2,
        totals: Vec::new(),
    }
}

#[test]
fn deliveries_add_up_by_day() {
    let told = by_day(
        (
            &[
                delivery("pos_orders", 1, 98, &[("duplicate:order_id", 1), ("missing:amount", 1)]),
                delivery("pos_orders", 1, 100, &[("missing:amount", 2)]),
                delivery("pos_orders", 0, 99, &[("missing:amount", 1)]),
                delivery("crm_members", 1, 0, &[]),
            ],
            &[],
        ),
        |_| OBJECTIVE,
    );
    let lines: Vec<String> = told
        .iter()
        .map(|day| {
            let share = day.pass_share.map(|share| format!("{share:.4}"));
            format!(
                "{} {} {} {share:?} {} {} {}",
                day.dataset, day.deliveries, day.rows_in, day.duplicates, day.rows_late, day.meets_objective
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "crm_members 1 0 None 0 2 true",
            "pos_orders 2 202 Some(\"0.9802\") 1 4 false",
            "pos_orders 1 100 Some(\"0.9900\") 0 2 true",
        ]
    );
    assert_eq!(told[1].reasons, [("missing:amount".to_owned(), 3), ("duplicate:order_id".to_owned(), 1)]);
}

#[test]
fn a_delivery_is_as_its_worst_total() {
    let total = |name: Option<&str>, verdict| Reconciled {
        total: name.map(|name| name.parse().unwrap()),
        verdict,
        taken: String::new(),
        rest: None,
        unread: 0,
    };
    let of = |totals| Delivery { totals, ..delivery("pos_orders", 1, 1, &[]) };
    let told = by_day(
        (
            &[
                of(vec![]),
                of(vec![total(None, Verdict::Agrees)]),
                of(vec![total(None, Verdict::Agrees), total(Some("amount"), Verdict::Unknown)]),
                of(vec![total(None, Verdict::Differs), total(Some("amount"), Verdict::Differs)]),
            ],
            &[],
        ),
        |_| OBJECTIVE,
    );
    let wanted =
        TotalsToday { agree: 1, differ: 1, unknown: 1, of: ["amount".to_owned(), "rows".to_owned()].into() };
    assert_eq!(told[0].totals, wanted);
}

fn refused(day: i64, code: &str, rows_in: Option<u64>) -> RefusedDelivery {
    RefusedDelivery {
        dataset: "pos_orders".parse().unwrap(),
        delivery: String::new(),
        source: None,
        at: DateTime::from_timestamp(1_800_000_000 + day * 86_400, 0).unwrap(),
        code: code.to_owned(),
        rows_in,
        run: None,
    }
}

/// What never came in is no rows of the day, but it is seen.
#[test]
fn what_was_refused_counts_on_its_day() {
    let taken = |count: usize| vec![delivery("pos_orders", 0, 100, &[]); count];
    let check = |taken: &[Delivery], refused: &[RefusedDelivery], share: Option<&str>, meets: bool| {
        let told = by_day((taken, refused), |_| OBJECTIVE);
        let [day] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(day.pass_share.map(|share| format!("{share:.3}")).as_deref(), share);
        assert_eq!((day.refused, day.meets_objective), (refused.len() as u64, meets), "{day:?}");
        day.clone()
    };
    check(&taken(1), &[], Some("1.000"), true);
    check(&[], &[refused(0, "input_columns", None)], None, false);
    check(&taken(50), &[refused(0, "totals_differ", None)], Some("1.000"), false);
    // One of a hundred may be, and the rows of one that were counted are rows that do not fit.
    check(&taken(99), &[refused(0, "totals_differ", None)], Some("1.000"), true);
    let counted = check(&taken(99), &[refused(0, "too_many_bad_rows", Some(1_100))], Some("0.900"), false);
    assert_eq!((counted.rows_in, counted.refusals), (9_900, vec![("too_many_bad_rows".to_owned(), 1)]));
}
