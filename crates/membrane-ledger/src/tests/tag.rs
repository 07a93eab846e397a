//! Builds of tags, and who is at work on them.

use std::collections::BTreeMap;

use chrono::{TimeDelta, TimeZone as _, Utc};
use membrane_model::{RunId, TableVersion};

use super::*;
use crate::{TagBuild, TagBuildKind, TagMark};

fn build(tag: &str, fault: Option<&str>) -> TagBuild {
    let at = Utc.with_ymd_and_hms(2026, 6, 30, 3, 0, 0).unwrap();
    TagBuild {
        tag: tag.parse().unwrap(),
        number: 0,
        version: 3,
        definition: "ab".repeat(32),
        rules: "cd".repeat(32),
        run: RunId::new(at),
        kind: TagBuildKind::Members,
        as_of: Some(at),
        started: at,
        ended: at + TimeDelta::seconds(2),
        fault: fault.map(str::to_owned),
        members: 10,
        changed: 4,
        population: Some(12),
        drift: Some(0.125),
        shares: BTreeMap::from([("high".to_owned(), 7), ("low".to_owned(), 3)]),
        marks: vec![TagMark {
            dataset: "orders".parse().unwrap(),
            table: "t".into(),
            version: TableVersion(9),
        }],
    }
}

pub(super) async fn check_builds_of_tags_are_numbered_and_read(ledger: Ledger) {
    let (good, failed) = (build("member.active", None), build("member.active", Some("tag_coverage")));
    for (one, number) in [(&good, 1), (&failed, 2), (&failed, 3)] {
        assert_eq!(ledger.note_tag_build(one).await.unwrap(), number);
    }
    assert_eq!(ledger.note_tag_build(&build("member.other", None)).await.unwrap(), 1);
    let found = ledger.tag_builds(&good.tag, 2).await.unwrap();
    assert_eq!(found, [TagBuild { number: 3, ..failed.clone() }, TagBuild { number: 2, ..failed.clone() }]);
    let last: Vec<(String, u64)> = ledger
        .last_tag_builds()
        .await
        .unwrap()
        .into_iter()
        .map(|build| (build.tag.to_string(), build.number))
        .collect();
    let expected = [("member.active", 1), ("member.active", 3), ("member.other", 1)];
    assert_eq!(last, expected.map(|(tag, number)| (tag.to_owned(), number)), "the good one and the last one");
}

pub(super) async fn check_one_at_a_time_builds_a_tag(ledger: Ledger) {
    let (tag, now) = ("member.active".parse().unwrap(), instant(1_000));
    let until = now + TimeDelta::seconds(60);
    assert!(ledger.hold_tag(&tag, "one", now, until).await.unwrap());
    assert!(ledger.hold_tag(&tag, "one", now, until).await.unwrap(), "for longer");
    assert!(!ledger.hold_tag(&tag, "two", now, until).await.unwrap());
    ledger.release_tag(&tag, "two").await.unwrap();
    assert!(!ledger.hold_tag(&tag, "two", now, until).await.unwrap(), "it was not its own to give");
    assert!(
        ledger.hold_tag(&tag, "two", until + TimeDelta::seconds(1), until).await.unwrap(),
        "its time is over"
    );
    ledger.release_tag(&tag, "two").await.unwrap();
    assert!(ledger.hold_tag(&tag, "one", now, until).await.unwrap());
}
