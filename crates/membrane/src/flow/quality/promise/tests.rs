use std::time::Duration;

use membrane_catalog::ServiceLevels;

use super::super::TotalsToday;
use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The stores of the repository's catalog, with promises.
fn stores(service: ServiceLevels) -> Dataset {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let catalog = membrane_catalog::Catalog::load(&root.join("catalog")).unwrap();
    let dataset = catalog.dataset(&"dim_stores".parse().unwrap()).unwrap();
    Dataset { service, ..Dataset::clone(dataset) }
}

fn day(day: &str, rows: u64) -> QualityDay {
    QualityDay {
        dataset: "dim_stores".parse().unwrap(),
        day: day.parse().unwrap(),
        deliveries: 1,
        refused: 0,
        refusals: Vec::new(),
        rows_in: rows,
        rows_accepted: rows,
        rows_quarantined: 0,
        duplicates: 0,
        rows_late: 0,
        pass_share: Some(1.0),
        objective: 0.99,
        meets_objective: true,
        totals: TotalsToday::default(),
        reasons: Vec::new(),
    }
}

fn words(broken: impl IntoIterator<Item = Promise>) -> Vec<&'static str> {
    broken.into_iter().map(Promise::as_str).collect()
}

#[test]
fn a_day_breaks_what_it_breaks() {
    let dataset = stores(ServiceLevels { rows_per_day: Some((10, 100)), ..ServiceLevels::default() });
    let of = |day: QualityDay| words(broken_on(&dataset, &day));
    let good = day("2026-03-01", 100);
    assert!(of(good.clone()).is_empty());
    assert_eq!(of(QualityDay { meets_objective: false, ..good.clone() }), ["error_rate"]);
    assert!(of(QualityDay { rows_late: 1, ..good.clone() }).is_empty(), "one in a hundred may");
    assert_eq!(of(QualityDay { rows_late: 2, ..good.clone() }), ["latency"]);
    assert_eq!(of(day("2026-03-01", 101)), ["volume"]);
    assert!(of(day("2026-03-01", 9)).is_empty(), "the day may not be over");
    let totals = TotalsToday { differ: 1, ..TotalsToday::default() };
    assert_eq!(of(QualityDay { totals, ..good }), ["totals"]);
}

#[test]
fn what_did_not_come_breaks_a_promise_too() {
    let hourly = Some(Duration::from_secs(3_600));
    let dataset = stores(ServiceLevels {
        frequency: hourly,
        rows_per_day: Some((10, 100)),
        ..ServiceLevels::default()
    });
    let (now, last) = (at("2026-03-02T12:00:00Z"), at("2026-03-02T11:30:00Z"));
    let (before, today) = (day("2026-03-01", 10), day("2026-03-02", 1));
    let since = |last| Some(Delivered { first: at("2026-03-01T12:00:00Z"), last });
    let is = |days: &[&QualityDay], delivered| words(broken(&dataset, days, delivered, now));
    assert!(is(&[&today, &before], since(last)).is_empty());
    assert_eq!(is(&[&today, &before], since(at("2026-03-02T10:59:59Z"))), ["frequency"]);
    assert_eq!(is(&[&today], since(last)), ["volume"]);
    let new = Some(Delivered { first: at("2026-03-02T00:00:00Z"), last });
    assert!(is(&[&today], new).is_empty(), "nobody delivered yesterday yet");
    assert_eq!(is(&[], None), ["frequency"], "no day is short of rows before there was one");
    let nothing = stores(ServiceLevels::default());
    assert!(broken(&nothing, &[&today], None, now).is_empty());
}
