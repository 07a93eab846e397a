//! Tags: what is written down of members follows from their rows, whichever way they are asked, and from nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use membrane::Hub;
use membrane::flow::{BuiltTag, IngestRequest, TagRequest, build_tags, ingest, list_tags, try_tags};
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_ledger::TagBuildKind;
use serde_json::{Value, json};

use crate::policy::copy;
use crate::program::Program;
use crate::world::{CANARIES, World, configuration, files_with, holds, repository};

const CURRENT: &str = "SELECT DISTINCT ON (member_no) member_no, value FROM member_tags WHERE tag = 'TAG' ORDER BY member_no, since DESC";

/// The day of most of these tests: the sample has orders in the ninety days before.
fn day() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 12, 31, 3, 0, 0).unwrap()
}

impl World {
    async fn build(&self, request: TagRequest) -> Vec<BuiltTag> {
        build_tags(&self.ctx("service:tagger"), &self.hub, request).await.unwrap()
    }

    /// Builds all tags, which must be good, for a moment.
    async fn build_all(&self, as_of: DateTime<Utc>, full: bool) -> BTreeMap<String, BuiltTag> {
        let built =
            self.build(TagRequest { tags: Vec::new(), as_of: Some(as_of), full, dry_run: false }).await;
        let told = |one: &BuiltTag| (one.build.tag.to_string(), one.build.fault.clone(), one.detail.clone());
        assert!(
            built.iter().all(|one| one.build.fault.is_none()),
            "{:?}",
            built.iter().map(told).collect::<Vec<_>>()
        );
        built.into_iter().map(|one| (one.build.tag.to_string(), one)).collect()
    }

    /// What members have of a tag now, by the tokens that an analyst sees.
    async fn current(&self, tag: &str) -> BTreeMap<String, String> {
        pairs(&self.query("analyst:lee", &CURRENT.replace("TAG", tag)).await.unwrap())
    }

    async fn pairs(&self, sql: &str) -> BTreeMap<String, String> {
        pairs(&self.query("analyst:lee", sql).await.unwrap())
    }

    /// Brings in orders: number, member, and when.
    async fn order(&self, name: &str, orders: &[(u32, &str, DateTime<Utc>)]) {
        let mut text = "order_id,member_no,store_id,region,ordered_at,channel,items,amount,payment_account,buyer_is_minor\n".to_owned();
        for (number, member, at) in orders {
            let at = at.format("%Y-%m-%dT%H:%M:%SZ");
            writeln!(text, "O{number:013},{member},S001,SH,{at},store,1,900.00,,false").unwrap();
        }
        let path = self.write(name, &text);
        self.ingest("pos_orders", &path).await.unwrap();
    }
}

fn pairs(batches: &[RecordBatch]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for batch in batches {
        let text = |column: usize| cast(batch.column(column), &DataType::Utf8).unwrap();
        let (keys, values) = (text(0), text(1));
        let (keys, values) = (keys.as_string::<i32>(), values.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if values.is_valid(row) {
                found.insert(keys.value(row).to_owned(), values.value(row).to_owned());
            }
        }
    }
    found
}

/// A world with a catalog of its own.
async fn world_with(change: impl FnOnce(&Path)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("catalog");
    copy(&repository().join("catalog"), &catalog);
    change(&catalog);
    let dir = catalog.display().to_string();
    World::with(move |config| config.catalog.dir = dir).await
}

fn change(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} has no {from}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_tags_pass_their_tests() {
    let world = World::empty().await;
    let reports = try_tags(&world.hub, &[]).await.unwrap();
    assert!(reports.len() >= 6);
    for report in reports {
        assert!(report.tests > 0 && report.failures.is_empty(), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_what_their_statement_says_of_those_who_consented() {
    let (world, _) = World::populated(400).await;
    let built = world.build_all(day(), false).await;
    // The same in an analyst's own words.
    let window =
        "ordered_at >= TIMESTAMP '2025-10-01 16:00:00' AND ordered_at < TIMESTAMP '2025-12-30 16:00:00'";
    let consented = "member_no IN (SELECT member_no FROM crm_members WHERE marketing_consent)";
    let sql = format!(
        "SELECT member_no, count(*) FROM pos_orders WHERE {window} AND {consented} GROUP BY member_no"
    );
    let expected = world.pairs(&sql).await;
    assert!(expected.len() > 50, "{} members", expected.len());
    assert_eq!(world.current("member.orders_90d").await, expected);
    assert_eq!(built["member.orders_90d"].build.members, expected.len() as u64);
    // Everyone who consented has a value of this one.
    let all =
        world.count("analyst:lee", "SELECT count(*) AS n FROM crm_members WHERE marketing_consent").await;
    assert_eq!(world.current("member.active_30d").await.len(), usize::try_from(all).unwrap());
    let all = u64::try_from(all).unwrap();
    assert_eq!(built["member.active_30d"].build.population, Some(all));
    let shares: u64 = built["member.active_30d"].build.shares.values().sum();
    assert_eq!(shares, all);
    let numbers = "SELECT count(*) AS n FROM member_tags WHERE number IS NOT NULL AND value <> CAST(CAST(number AS BIGINT) AS VARCHAR)";
    assert_eq!(world.count("analyst:lee", numbers).await, 0);
    for canary in CANARIES {
        for folder in ["data", "ledger", "streams", "scratch"].map(|name| world.dir.path().join(name)) {
            let found = if folder.exists() { files_with(&folder, canary) } else { Vec::new() };
            assert_eq!(found, Vec::<std::path::PathBuf>::new(), "{canary}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_of_those_with_news_says_the_same_as_asking_of_everyone() {
    let (world, _) = World::populated(300).await;
    world.build_all(day(), false).await;
    let same = world.build_all(day() + TimeDelta::minutes(1), false).await;
    for tag in ["member.active_30d", "member.orders_90d", "member.favourite_category"] {
        assert_eq!((same[tag].build.kind, same[tag].build.changed), (TagBuildKind::Members, 0), "{tag}");
    }
    let before = world.current("member.orders_90d").await;
    let member = |number: u32| format!("M{number:08}");
    let (one, two) = (member(3), member(7));
    let at = day() - TimeDelta::days(2);
    world.order("more.csv", &[(900_001, &one, at), (900_002, &one, at), (900_003, &two, at)]).await;
    let news = world.build_all(day() + TimeDelta::minutes(2), false).await;
    let orders = &news["member.orders_90d"].build;
    assert_eq!(orders.kind, TagBuildKind::Members);
    assert!(orders.changed <= 2, "{} rows", orders.changed);
    let after = world.current("member.orders_90d").await;
    // Whoever of the two consented has more; nobody else has anything else.
    let changed = after.iter().filter(|(key, value)| before.get(*key) != Some(value)).count();
    assert_eq!(changed as u64, orders.changed);
    assert_eq!(orders.members, after.len() as u64);
    // Everyone is asked, and there is nothing to add.
    let full = world.build_all(day() + TimeDelta::minutes(3), true).await;
    for (tag, one) in &full {
        assert_eq!((one.build.kind, one.build.changed), (TagBuildKind::Full, 0), "{tag}");
        assert_eq!(one.build.shares, news[tag].build.shares, "{tag}");
    }
    // Another day: what was in the window may be in it no more, and that is no news of a member.
    let later = TagRequest {
        tags: vec!["member.orders_90d".parse().unwrap()],
        as_of: Some(day() + TimeDelta::days(30)),
        full: false,
        dry_run: false,
    };
    let later = world.build(later).await;
    assert_eq!((later[0].build.kind, &later[0].build.fault), (TagBuildKind::Full, &None));
    assert!(later[0].build.changed > 0);
    // What was said then is there as it was.
    let past = format!(
        "SELECT DISTINCT ON (member_no) member_no, value FROM member_tags WHERE tag = 'member.orders_90d' AND since <= TIMESTAMP '{}' \
         ORDER BY member_no, since DESC",
        (day() + TimeDelta::minutes(3)).format("%Y-%m-%d %H:%M:%S")
    );
    assert_eq!(world.pairs(&past).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_limit_writes_nothing_and_what_was_there_stays() {
    let world = world_with(|catalog| {
        let file = catalog.join("tags/member.active_30d.yaml");
        change(&file, "  drift_psi_max: 0.25", "  coverage: { min: 0.9 }\n  value_share_max: { none: 0.1 }");
    })
    .await;
    world.populate(200).await;
    let tag = |name: &str| TagRequest {
        tags: vec![name.parse().unwrap()],
        as_of: Some(day()),
        full: false,
        dry_run: false,
    };
    let first = world.build(tag("member.active_30d")).await;
    let built = &first[0].build;
    let none = built.shares["none"] as f64 / built.members as f64;
    assert!(none > 0.1, "{none}");
    assert_eq!(built.fault.as_deref(), Some("tag_share"));
    assert!(world.current("member.active_30d").await.is_empty());
    let (_, lines) = list_tags(&world.ctx("compliance:olga"), &world.hub, None).await.unwrap();
    let line = lines.iter().find(|line| line.tag.id.as_str() == "member.active_30d").unwrap();
    assert_eq!(line.good.is_none(), built.fault.is_some());
    assert_eq!(line.last.as_ref().map(|last| last.number), Some(1));
    // For an earlier moment than that of the last good build nothing is written.
    let good = world.build(tag("member.orders_90d")).await;
    assert_eq!(good[0].build.fault, None);
    let earlier = TagRequest { as_of: Some(day() - TimeDelta::days(1)), ..tag("member.orders_90d") };
    assert_eq!(world.build(earlier).await[0].build.fault.as_deref(), Some("tag_as_of"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_changes_with_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = folder.path().join("catalog");
    copy(&repository().join("catalog"), &catalog);
    let own = || {
        let dir = catalog.display().to_string();
        move |config: &mut membrane::config::Config| config.catalog.dir = dir
    };
    let world = World::with(own()).await;
    world.populate(60).await;
    let request = || TagRequest {
        tags: vec!["member.favourite_category".parse().unwrap()],
        as_of: Some(day()),
        full: false,
        dry_run: false,
    };
    assert_eq!(world.build(request()).await[0].build.fault, None);
    let before = world.current("member.favourite_category").await;
    change(&catalog.join("tags/favourite_category.sql"), "-- The category", "-- That category");
    let World { dir, hub } = world;
    let clock = Arc::clone(hub.clock());
    drop(hub);
    let mut config = configuration(dir.path());
    own()(&mut config);
    let world = World { hub: Arc::new(Hub::open(&config, clock).await.unwrap()), dir };
    let refused = world.build(request()).await;
    assert_eq!(refused[0].build.fault.as_deref(), Some("tag_version"));
    assert_eq!(world.current("member.favourite_category").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn policy_says_who_builds_and_who_reads() {
    let (world, _) = World::populated(60).await;
    let request = || TagRequest {
        tags: vec!["member.orders_90d".parse().unwrap()],
        as_of: Some(day()),
        full: false,
        dry_run: false,
    };
    // Who may not read what it is made of builds nothing, and that is told.
    for principal in ["service:ingestor", "analyst:lee", "operator:omar"] {
        let built = build_tags(&world.ctx(principal), &world.hub, request()).await;
        match built {
            Ok(built) => assert!(built[0].build.fault.is_some(), "{principal}"),
            Err(failure) => assert!(failure.error.is_refusal(), "{principal}: {}", failure.error),
        }
    }
    assert!(world.current("member.orders_90d").await.is_empty());
    world.build(request()).await;
    assert!(!world.current("member.orders_90d").await.is_empty());
    assert_eq!(world.count("analyst:ana", "SELECT count(*) AS n FROM member_tags").await, 0, "not her rows");
    let (_, told) =
        world.send("analyst:ana", "/v1/tags/member.orders_90d?purpose=marketing_analysis", None).await;
    let good = &told["tag"]["good"];
    assert_eq!(
        (&good["members"], &good["changed"], &good["shares"]),
        (&Value::Null, &Value::Null, &json!({})),
        "nor how many: {told}"
    );
    let (status, told) = world.send("partner:acme", "/v1/tags", None).await;
    assert!(status.is_client_error() || told["tags"] == json!([]), "{told}");
    let (status, told) =
        world.send("analyst:lee", "/v1/tags/member.orders_90d?purpose=marketing_analysis", None).await;
    assert_eq!(
        (status.as_u16(), &told["tag"]["good"]["number"]),
        (200, &json!(told["builds"].as_array().unwrap().len())),
        "{told}"
    );
    let (status, told) = world.send("compliance:olga", "/v1/tags/member.nothing", None).await;
    assert_eq!((status.as_u16(), &told["error"]["code"]), (404, &json!("unknown_tag")), "{told}");
    // Nobody delivers tags, and the service that builds them delivers nothing else.
    let forged = world.write("forged.ndjson", "{\"member_no\":\"M00000001\",\"tag\":\"member.orders_90d\",\"value\":\"9\",\"since\":\"2025-01-01T00:00:00Z\",\"version\":1,\"definition\":\"x\"}\n");
    let failure = world.ingest("member_tags", &forged).await.unwrap_err();
    assert_eq!(failure.error.code(), "tag_table");
    let lines = "store_id,name,city,region,opened_on\nS001,A,上海,SH,2020-01-01\n";
    let delivery = IngestRequest {
        dataset: "dim_stores".parse().unwrap(),
        reader: InputSource::File(world.write("stores.csv", lines)),
        format: Format::Csv,
        reading: Reading::default(),
        source: None,
        control: None,
    };
    let refused = ingest(&world.ctx("service:tagger"), &world.hub, delivery, &Silent).await.unwrap_err();
    assert!(refused.error.is_refusal(), "{}", refused.error);
    // A moment that is to come would end what is so.
    let to_come = TagRequest { as_of: Some(day() + TimeDelta::days(400)), ..request() };
    assert_eq!(world.build(to_come).await[0].build.fault.as_deref(), Some("tag_as_of"));
    // Where the tag's values came from.
    let (_, told) = world.send("compliance:olga", "/v1/lineage/member_tags/value", None).await;
    let text = told.to_string();
    assert!(text.contains("member.orders_90d") && text.contains("pos_orders"), "{text}");
}

/// A tag of its own, of which nothing but the statement matters.
fn draft(catalog: &Path, id: &str, value: &str, sql: &str) {
    let text = format!(
        "id: {id}\nname: {{ en: Draft, zh: 草稿 }}\nkind: sql\nentity: member_no\nvalue: {value}\nversion: 1\nstatus: draft\n\
         owner: {{ team: tests }}\npurposes: [marketing_analysis]\nsensitivity: personal\nsource:\n  query: >-\n    {sql}\n\
         refresh: {{ mode: manual }}\n"
    );
    std::fs::write(catalog.join(format!("tags/{id}.yaml")), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_made_of_what_names_a_member() {
    let statements = [
        "SELECT member_no, CAST(member_no AS VARCHAR) AS value FROM crm_members",
        "SELECT member_no, max(CAST(member_no AS VARCHAR)) AS value FROM crm_members GROUP BY member_no",
        "SELECT member_no, 'x' || CAST(member_no AS VARCHAR) AS value FROM crm_members",
        "SELECT member_no, CASE WHEN true THEN CAST(member_no AS VARCHAR) ELSE '' END AS value FROM crm_members",
        "SELECT member_no, phone AS value FROM crm_members",
        "SELECT member_no, substr(name, 1, 1) AS value FROM crm_members",
        "SELECT m.member_no, e.app_user_id AS value FROM crm_members m CROSS JOIN app_events e",
        "SELECT member_no, (SELECT max(app_user_id) FROM app_events) AS value FROM crm_members",
        "SELECT member_no AS other, member_no, 'x' AS value FROM crm_members",
        "SELECT member_no, CASE WHEN member_no < X'80' THEN 'low' ELSE 'high' END AS value FROM crm_members",
        "SELECT member_no, 'low' AS value FROM crm_members WHERE member_no < X'80'",
        "SELECT member_no, CAST(rank() OVER (ORDER BY member_no) AS VARCHAR) AS value FROM crm_members",
        "SELECT member_no, CAST(count(*) FILTER (WHERE member_no < X'80') AS VARCHAR) AS value FROM crm_members GROUP BY member_no",
        "SELECT max(member_no) AS member_no, region AS value FROM crm_members GROUP BY region",
        "SELECT m.member_no, 'x' AS value FROM crm_members m JOIN pos_orders o ON o.member_no > m.member_no",
        "SELECT member_no, CASE WHEN member_no IN (X'00', X'01') THEN 'x' END AS value FROM crm_members",
        "SELECT member_no, 'x' AS value FROM (SELECT member_no FROM crm_members UNION ALL SELECT X'00' AS member_no) AS u",
        "SELECT member_no, 'x' AS value FROM crm_members ORDER BY member_no LIMIT 3",
    ];
    let world = world_with(|catalog| {
        for (number, sql) in statements.iter().enumerate() {
            draft(catalog, &format!("draft.leak_{number}"), "{ type: text, nullable: true }", sql);
        }
    })
    .await;
    world.populate(40).await;
    for (number, sql) in statements.iter().enumerate() {
        let request = TagRequest {
            tags: vec![format!("draft.leak_{number}").parse().unwrap()],
            ..TagRequest::default()
        };
        let built = world.build(request).await;
        assert!(built[0].build.fault.is_some(), "{sql}: {built:?}");
        assert_eq!(built[0].build.changed, 0);
    }
    assert_eq!(world.count("analyst:lee", "SELECT count(*) AS n FROM member_tags").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_values_is_told_and_writes_nothing() {
    let cases = [
        (
            "{ type: enum, values: [a, b] }",
            "SELECT member_no, tier AS value FROM crm_members",
            "tag_value_not_listed",
        ),
        ("{ type: integer }", "SELECT member_no, tier AS value FROM crm_members", "tag_type"),
        ("{ type: text }", "SELECT member_no, nullif(tier, tier) AS value FROM crm_members", "tag_null"),
        ("{ type: integer }", "SELECT member_no, items AS value FROM pos_orders", "tag_not_unique"),
        ("{ type: text }", "SELECT member_no, no_such AS value FROM crm_members", "unknown_column"),
        ("{ type: integer }", "SELECT member_no, 1 / (items - items) AS value FROM pos_orders", "evaluation"),
    ];
    let world = world_with(|catalog| {
        for (number, (value, sql, _)) in cases.iter().enumerate() {
            draft(catalog, &format!("draft.case_{number}"), value, sql);
        }
    })
    .await;
    world.populate(60).await;
    for (number, (_, sql, fault)) in cases.iter().enumerate() {
        let request = TagRequest {
            tags: vec![format!("draft.case_{number}").parse().unwrap()],
            ..TagRequest::default()
        };
        assert_eq!(world.build(request).await[0].build.fault.as_deref(), Some(*fault), "{sql}");
    }
    assert_eq!(world.count("analyst:lee", "SELECT count(*) AS n FROM member_tags").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_not_kept_of_who_does_not_consent_any_more() {
    let world = World::empty().await;
    let member = |consent: bool| {
        format!(
            "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent\n\
             M00000001,甲,female,1961-03-03,13912345678,,,某路1号,上海,SH,2025-01-02,gold,{consent}\n"
        )
    };
    let day = || Utc.with_ymd_and_hms(2025, 3, 31, 3, 0, 0).unwrap();
    let path = world.write("one.csv", &member(true));
    world.ingest("crm_members", &path).await.unwrap();
    world.order("orders.csv", &[(1, "M00000001", day() - TimeDelta::days(5))]).await;
    let request = |at| TagRequest {
        tags: vec!["member.last_order_day".parse().unwrap()],
        as_of: Some(at),
        full: true,
        dry_run: false,
    };
    world.build(request(day())).await;
    assert_eq!(world.current("member.last_order_day").await.len(), 1);
    // Long after the window it is kept.
    let kept = world.build(request(day() + TimeDelta::days(200))).await;
    assert_eq!((kept[0].build.changed, kept[0].build.members), (0, 1));
    // What would change is looked at first, and changes nothing.
    let looked = TagRequest { dry_run: true, ..request(day() + TimeDelta::days(201)) };
    assert_eq!(world.build(looked).await[0].build.number, 0);
    let World { dir, hub } = world;
    std::fs::remove_dir_all(dir.path().join("data/tables/crm_members")).unwrap();
    let world = World { dir, hub };
    let path = world.write("two.csv", &member(false));
    world.ingest("crm_members", &path).await.unwrap();
    let ended = world.build(request(day() + TimeDelta::days(202))).await;
    assert_eq!((ended[0].build.changed, ended[0].build.members), (1, 0), "{ended:?}");
    assert!(world.current("member.last_order_day").await.is_empty());
}

/// Seconds since 1970, by the clock that the hub reads too.
#[expect(clippy::disallowed_methods, reason = "the hub is another process, with the system's clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[test]
fn a_tag_follows_events_within_seconds_and_ends_with_time() {
    let program = Program::new().with_sources(&[]).with_env("MEMBRANE__STREAMS__COMMIT_SECONDS", "3600");
    let file = program.path("catalog/tags/member.shopping_now.yaml");
    change(&file, "sweep: 60s", "sweep: 1s");
    program.ok(&["keys", "init"]);
    let members = "member_no,name,gender,birth_date,phone,email,id_number,address,city,region,joined_on,tier,marketing_consent\n\
                   M00000001,甲,female,1961-03-03,13912345678,,,某路1号,上海,SH,2025-01-02,gold,true\n\
                   M00000003,丙,female,1961-03-03,13912345670,,,某路1号,上海,SH,2025-01-02,gold,true\n\
                   M00000002,乙,female,1961-03-03,13912345679,,,某路1号,上海,SH,2025-01-02,gold,false\n";
    std::fs::write(program.path("members.csv"), members).unwrap();
    program.ok(&["ingest", "crm_members", "members.csv"]);
    let (lee, till) = (program.bearer("analyst:lee"), program.bearer("service:ingestor"));
    let served = program.serve();
    let push = |number: u32, member: &str, at: DateTime<Utc>| {
        let event = json!({
            "order_id": format!("O{number:013}"), "member_no": member, "store_id": "S001", "region": "SH",
            "ordered_at": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "channel": "store", "items": 1, "amount": "5.00",
            "payment_account": null, "buyer_is_minor": false,
        });
        std::fs::write(program.path("event.json"), event.to_string()).unwrap();
        let at = format!("@{}", program.path("event.json").display());
        let words = ["--header", "Content-Type: application/json", "--data-binary", &at];
        let told = served.curl("/v1/events/pos_orders", Some(&till), &words);
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    };
    let values = || -> Vec<Value> {
        let sql = CURRENT.replace("TAG", "member.shopping_now");
        let rows = served.rows(&lee, &format!("SELECT value FROM ({sql}) AS now"));
        let mut values: Vec<Value> =
            rows.as_array().unwrap().iter().map(|row| row["value"].clone()).collect();
        values.sort_by_key(Value::is_null);
        values
    };
    let wait_for = |expected: &[Value]| {
        let begun = Instant::now();
        while values() != expected {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?} and not {expected:?}", values());
            std::thread::yield_now();
        }
    };
    push(1, "M00000001", now());
    // Somebody who did not agree is not there.
    push(2, "M00000002", now());
    wait_for(&[json!("warm")]);
    // Of a till whose clock is ahead: it is found at the next sweep.
    push(3, "M00000001", now() + TimeDelta::seconds(2));
    wait_for(&[json!("hot")]);
    // One of nearly ten minutes ago: it ends in a quarter of a minute, and nothing comes in of them meanwhile.
    push(4, "M00000003", now() - TimeDelta::seconds(585));
    let ended = "SELECT count(*) AS n FROM member_tags WHERE tag = 'member.shopping_now' AND value IS NULL";
    let begun = Instant::now();
    while served.rows(&lee, ended)[0]["n"] != 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end: {:?}", values());
        std::thread::yield_now();
    }
    wait_for(&[json!("hot"), Value::Null]);
    let log = served.stop();
    assert!(!holds(&log, b"M0000000") && !holds(&log, b"13912345678"), "{}", String::from_utf8_lossy(&log));
    let history = program.json(&["tag", "history", "member.shopping_now"]);
    let builds = history.as_array().unwrap();
    assert!(
        builds.iter().all(|build| build["kind"] == "stream" && build["fault"] == Value::Null),
        "{history}"
    );
    assert_eq!(builds.iter().map(|build| build["changed"].as_u64().unwrap()).sum::<u64>(), 4, "{history}");
    let runs = program.json(&["runs", "--limit", "50"]);
    let open = runs["runs"].as_array().unwrap().iter().filter(|run| run["status"] == "open");
    // The one that lists them.
    assert_eq!(open.count(), 1, "{runs}");
}

/// What a tag says of itself is held against what it is made of, and its statement against the contracts, before anything is published: with file
/// and line.
#[test]
fn classes_go_along_lineage_and_a_drop_is_a_fault() {
    let program = Program::new();
    copy(&repository().join("catalog"), &program.path("own"));
    let check = || {
        let output = program.bare().args(["catalog", "check", "--catalog", "own"]).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, told) = check();
    assert!(code == Some(0) && told.contains("6 tags: no fault"), "{told}");
    for (file, from, to, expected) in [
        // A count of rows is still about the member: no transformation in it makes less of that.
        (
            "tags/member.orders_90d.yaml",
            "sensitivity: personal",
            "sensitivity: internal",
            &["member.orders_90d.yaml:11:", "`pos_orders.", "`personal`"][..],
        ),
        // What is decided by a sensitive column is as sensitive, though its value is not in it.
        (
            "classes.yaml",
            "description: What somebody bought.\n    sensitivity: personal",
            "description: What somebody bought.\n    sensitivity: sensitive",
            &[
                "member.last_order_day.yaml:11:",
                "is made of `pos_orders.ordered_at` (AGGREGATION)",
                "class `transaction` is `sensitive`",
            ],
        ),
        // That there is a value says something, whatever it is.
        (
            "tags/member.orders_90d.yaml",
            "sensitivity: personal\nsource: { sql: orders_90d.sql, column: orders }",
            "sensitivity: public\nconsent_missing: ignore\nsource: { query: \"SELECT member_no, 1 AS value FROM pos_orders WHERE DATE '2026-01-01' < :as_of\" }",
            &["member.orders_90d.yaml:11:", "reads `pos_orders`, whose rows are of members"],
        ),
        (
            "tags/shopping_now.sql",
            "ordered_at",
            "ordered_on",
            &["shopping_now.sql:1:", "`member.shopping_now`", "ordered_on"],
        ),
    ] {
        let path = program.path("own").join(file);
        let before = std::fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{file}: {before}");
        std::fs::write(&path, before.replace(from, to)).unwrap();
        let (code, told) = check();
        assert_eq!(code, Some(2), "{told}");
        for expected in expected {
            assert!(told.contains(expected), "{expected} in {told}");
        }
        std::fs::write(&path, before).unwrap();
    }
}
