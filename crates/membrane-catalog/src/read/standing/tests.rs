use std::path::Path;

use super::*;
use crate::Fault;

fn read(text: &str) -> (Option<StandingRelease>, Vec<String>) {
    let mut report = Report::new(Path::new("monthly.yaml"));
    let found = read_standing(text, "monthly", &mut report);
    let told = |fault: Fault| format!("{}:{} {}", fault.line, fault.column, fault.message);
    (found, report.into_faults().into_iter().map(told).collect())
}

const WHOLE: &str = "description: Orders of each region.
partner: partner:acme
purpose: partner_reporting
sql: SELECT region, COUNT(*) AS n FROM pos_orders WHERE ordered_at >= :period_start GROUP BY region
schedule: { every: month, delay_minutes: 360 }
price: { epsilon: 0.5, delta: 1e-7, targets: { n: 500 }, within: { n: 0.02 } }
bounds: { groups_max: 2, rows_max: 10, values: { amount: [0, 300] }, choose: true }
";

#[test]
fn everything_is_read() {
    let (found, faults) = read(WHOLE);
    assert_eq!(faults, Vec::<String>::new());
    let release = found.expect("a release");
    assert_eq!((release.name.as_str(), release.partner.to_string().as_str()), ("monthly", "partner:acme"));
    assert_eq!(release.schedule, Some(Schedule { every: Every::Month, delay_minutes: 360 }));
    assert_eq!(
        (release.price.epsilon, release.price.rho, release.price.delta),
        (Some(0.5), None, Some(1e-7))
    );
    assert_eq!(
        (release.bounds.groups_max, release.bounds.rows_max, release.bounds.choose),
        (Some(2), Some(10), true)
    );
    assert_eq!(release.bounds.values.len() + release.price.targets.len() + release.price.within.len(), 3);
    let edition = "2026-11".parse().expect("an edition");
    assert!(release.statement(&edition).contains("ordered_at >= DATE '2026-11-01' GROUP"));
}

/// What changes the answer changes the definition, and nothing else does.
#[test]
fn another_definition_is_another_edition() {
    let definition = |text: &str| read(text).0.expect("a release").definition();
    let first = definition(WHOLE);
    for (from, to, same) in [
        ("Orders of each", "Sales of each", true),
        ("360", "30", true),
        ("partner:acme", "partner:globex", false),
        ("COUNT(*)", "COUNT(*) + 1", false),
        ("0.5", "0.4", false),
        ("[0, 300]", "[0, 301]", false),
        ("choose: true", "choose: false", false),
        ("partner_reporting", "operations", false),
    ] {
        assert_eq!(definition(&WHOLE.replace(from, to)) == first, same, "{from} to {to}");
    }
}

#[test]
fn faults_are_told_with_their_place() {
    let (_, faults) = read(
        "description: x
partner: acme
sql: SELECT COUNT(*) FROM pos_orders WHERE ordered_on >= :period_start
price: { epsilon: 0, rho: 1, widht: 3, within: { n: -1 } }
bounds: { groups_max: 0, values: { amount: [3, 1], Name: [1, 2] } }
",
    );
    for part in [
        "2:10 `partner` is not a",
        "3:6 `:period_start` and `:period_end` need a `schedule`",
        "4:19 `epsilon` must be above 0",
        "`price` says `epsilon` and `rho`: state one",
        "unknown key `widht`",
        "a width must be above 0",
        "`groups_max` must be a whole number from 1",
        "bounds are two numbers, the smaller one first",
        "a column is not a column name",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(part)), "{part} in {faults:#?}");
    }
    for (text, expected) in [
        ("", "the file is empty"),
        ("sql: [1]", "`sql` must be text"),
        ("schedule: { every: fortnight }", "`every` is not a length of a period"),
        ("schedule: { every: day, delay_minutes: 525601 }", "more than a year"),
    ] {
        let (found, faults) = read(text);
        assert!(
            found.is_none() && faults.iter().any(|fault| fault.contains(expected)),
            "{text}: {faults:#?}"
        );
    }
}

const COUNTER: &str = "description: Orders since January.
partner: partner:acme
sql: SELECT COUNT(*) AS n FROM pos_orders
schedule: { every: day }
price: { rho: 0.01 }
continual: { from: 2026-01-30, refreshes: 5, rows_max: 20 }
";

#[test]
fn editions_that_count_on_are_numbered() {
    let (found, faults) = read(COUNTER);
    assert_eq!(faults, Vec::<String>::new());
    let continual = found.expect("a release").continual.expect("it counts on");
    let edition = |text: &str| text.parse::<Edition>().expect("an edition");
    for (text, number) in [
        ("2026-01-29", None),
        ("2026-01-30", Some(1)),
        ("2026-02-01", Some(3)),
        ("2026-02-03", Some(5)),
        ("2026-02-04", None),
        ("2026-01", None),
    ] {
        assert_eq!(continual.number(&edition(text)), number, "{text}");
        assert_eq!(number.and_then(|number| continual.edition(number)), number.map(|_| edition(text)));
    }
    assert_eq!(continual.edition(0), None);
    assert_eq!(continual.edition(6), None);
}

#[test]
fn what_does_not_count_on_is_told() {
    for (from, to, fault) in [
        ("2026-01-30", "2026-01", "`from` must name the first day that counts"),
        ("every: day", "every: hour", "`from` must name the first hour that counts"),
        ("FROM pos_orders", "FROM pos_orders WHERE ordered_at >= :period_start", "are not for `continual`"),
        ("rho: 0.01", "targets: { n: 5 }", "needs a `price` with `epsilon` or `rho`"),
        ("price:", "bounds: { rows_max: 3 }\nprice:", "only `values` are bounds"),
        ("refreshes: 5", "refreshes: 9000", "`refreshes` is at most 4096"),
        ("rows_max: 20", "rows: 20", "`continual` needs `rows_max`"),
        ("schedule: { every: day }\n", "", "needs a `schedule`"),
    ] {
        let (_, faults) = read(&COUNTER.replace(from, to));
        assert!(faults.iter().any(|told| told.contains(fault)), "{to}: {faults:?}");
    }
}
