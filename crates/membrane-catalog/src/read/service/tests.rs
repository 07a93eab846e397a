use std::path::Path;

use super::super::contract::read_contract;
use super::*;

/// Reads a contract with these service levels and settings of its schema object; `timed` says whether it has an event time.
fn read(levels: &str, settings: &str, timed: bool) -> (Option<ServiceLevels>, Vec<String>) {
    let levels = if levels.is_empty() { String::new() } else { format!("slaProperties:\n{levels}") };
    let event = if timed { "      - { property: membrane.eventTime, value: at }\n" } else { "" };
    let contract = format!(
        "apiVersion: v3.0.2\nkind: DataContract\nid: visits\nversion: 1.0.0\nstatus: active\n{levels}\
         schema:\n  - name: visits\n    customProperties:\n      - {{ property: membrane.onTruncated, value: stop }}\n{event}{settings}\
         \x20   properties:\n      - name: at\n        logicalType: date\n        physicalType: timestamp\n        classification: behaviour\n\
         \x20       customProperties: [{{ property: membrane.protection, value: clear }}]\n      - name: shop\n        logicalType: string\n\
         \x20       classification: behaviour\n        customProperties: [{{ property: membrane.protection, value: clear }}]\n"
    );
    let mut report = Report::new(Path::new("visits.yaml"));
    let read = read_contract(&contract, "visits", None, &mut report);
    let faults = report.into_faults().into_iter().map(|fault| fault.message).collect();
    (read.and_then(|read| read.dataset).map(|dataset| dataset.service), faults)
}

#[test]
fn levels_are_read() {
    let levels = "  - { property: latency, value: 36, unit: h, element: visits.at }\n  - { property: frequency, value: 1, unit: day }\n  \
                  - { property: errorRate, value: 0.5, unit: percent, driver: operational }\n  - { property: retention, value: 3, unit: y }\n";
    let settings = "      - { property: membrane.rowsPerDay, value: [100, 5000] }\n      \
                    - { property: membrane.aheadSecondsMax, value: 300 }\n";
    let (read, faults) = read(levels, settings, true);
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(
        read.unwrap(),
        ServiceLevels {
            latency: Some(Duration::from_secs(36 * 3_600)),
            frequency: Some(Duration::from_secs(86_400)),
            error_share: Some(0.005),
            rows_per_day: Some((100, 5_000)),
            ahead_max: Some(Duration::from_secs(300)),
        }
    );
}

#[test]
fn levels_that_say_nothing_are_refused() {
    let cases = [
        ("latency, value: 1, unit: month", "`month` is no unit of time: s, min, h, d, w or y"),
        ("latency, value: 1", "the service level `latency` has no `unit`"),
        ("latency, unit: d", "the service level `latency` has no `value`"),
        ("frequency, value: 0, unit: d", "`frequency` is from a second to ten years"),
        ("errorRate, value: 2", "`errorRate` is a share: from 0 to 1, or with `unit: percent` from 0 to 100"),
        ("errorRate, value: 1, unit: rows", "the unit of `errorRate` is `percent`"),
        (
            "latency, value: 1, unit: d, element: visits.shop",
            "latency is measured by the event time, `at`, and not by another column",
        ),
    ];
    for (level, wanted) in cases {
        let (_, faults) = read(&format!("  - {{ property: {level} }}\n"), "", true);
        assert_eq!(faults, [wanted], "{level}");
    }
    let twice = "  - { property: frequency, value: 1, unit: d }\n".repeat(2);
    assert_eq!(read(&twice, "", true).1, ["the service level `frequency` is stated twice"]);
    let late = "  - { property: latency, value: 1, unit: d }\n";
    let ahead = "      - { property: membrane.aheadSecondsMax, value: 300 }\n";
    let needs = "needs to know when a row happened: state `membrane.eventTime`";
    assert_eq!(
        read(late, ahead, false).1,
        [format!("the service level `latency` {needs}"), format!("`membrane.aheadSecondsMax` {needs}")]
    );
    for (value, wanted) in [
        ("7", "`membrane.rowsPerDay` is the fewest and the most rows of a day: [100, 5000]"),
        ("[1]", "`membrane.rowsPerDay` has two ends, here are 1"),
        ("[2, 1]", "`membrane.rowsPerDay`: the fewest are more than the most"),
    ] {
        let setting = format!("      - {{ property: membrane.rowsPerDay, value: {value} }}\n");
        assert_eq!(read("", &setting, true).1, [wanted]);
    }
}
