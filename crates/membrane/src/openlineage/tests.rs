//! Events have what OpenLineage wants of them, and nothing about a member; a sink that is down stops nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use membrane_ledger::RunRecord;
use membrane_model::{FieldRef, LineageEdge, Transformation};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::columns::Columns;
use super::endpoint::pause;
use super::event::Names;
use crate::config::Config;
use crate::flow::tests::{LINES, STORES};
use crate::flow::{ReleaseRequest, Since, export_lineage, release};
use crate::testing::{World, world};

fn to_file(config: &mut Config) {
    config.openlineage.file = config.ledger.url.replace("ledger.sqlite", "events.ndjson");
    // Whoever waits, waits for all of it.
    config.openlineage.timeout_ms = 20_000;
}

/// Does one of everything: two deliveries, a question, one that is refused, one that fails, a release.
async fn busy(world: &World) {
    world.bring_in(STORES).await.expect("stores");
    world.deliver("pos_order_lines", LINES).await.expect("lines");
    let sql = "SELECT s.city, SUM(l.amount) AS spent FROM pos_order_lines l JOIN dim_stores s ON s.store_id = l.store_id \
               WHERE l.category = 'snacks' GROUP BY s.city";
    let answer = world.ask("analyst:ana", sql).await.expect("answer");
    answer.batches.try_collect::<Vec<_>>().await.expect("batches");
    assert!(world.ask("partner:acme", "SELECT 1").await.is_err());
    assert!(world.ask("analyst:ana", "SELECT nothing FROM dim_stores").await.is_err());
    let sql = "SELECT category, COUNT(*) AS lines FROM pos_order_lines GROUP BY category";
    let request = ReleaseRequest { sql: sql.into(), epsilon: Some(1.0), ..ReleaseRequest::default() };
    release(&world.ctx("partner:acme"), &world.hub, request).await.expect("release");
}

async fn exported(world: &World, since: Since) -> Vec<Value> {
    let mut events = Vec::new();
    let each = |event: &Value| events.push(event.clone());
    let (_, count) =
        export_lineage(&world.ctx("compliance:olga"), &world.hub, since, each).await.expect("export");
    assert_eq!(usize::try_from(count).expect("count"), events.len());
    events
}

fn written(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(&world.config.openlineage.file).expect("file");
    text.lines().map(str::to_owned).collect()
}

/// Checks an event by the rules of the specification, and by our own.
fn check_event(event: &Value) {
    let text = |value: &Value| {
        value.as_str().map(str::to_owned).unwrap_or_else(|| panic!("no text: {value} in {event}"))
    };
    assert!(text(&event["eventTime"]).ends_with('Z'));
    assert!(text(&event["producer"]).starts_with("urn:membrane:hub:"));
    assert_eq!(
        text(&event["schemaURL"]),
        "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    );
    assert!(["START", "COMPLETE", "FAIL", "ABORT"].contains(&text(&event["eventType"]).as_str()));
    assert_eq!(text(&event["run"]["runId"]).len(), 36);
    assert_eq!(text(&event["job"]["namespace"]), "membrane");
    assert!(!text(&event["job"]["name"]).is_empty());
    let facets = [&event["run"]["facets"], &event["job"]["facets"]];
    let datasets = ["inputs", "outputs"].map(|side| event[side].as_array().expect("datasets"));
    let of_datasets = datasets.into_iter().flatten().flat_map(|dataset| {
        assert!(!text(&dataset["namespace"]).is_empty() && !text(&dataset["name"]).is_empty());
        [&dataset["facets"], &dataset["inputFacets"], &dataset["outputFacets"]]
    });
    for facet in
        facets.into_iter().chain(of_datasets).filter_map(Value::as_object).flat_map(|all| all.values())
    {
        assert!(!text(&facet["_producer"]).is_empty() && text(&facet["_schemaURL"]).contains(':'), "{facet}");
    }
    for name in ["processing_engine", "membrane_run"] {
        assert!(event["run"]["facets"].get(name).is_some(), "{name}");
    }
    let has_error = event["run"]["facets"].get("errorMessage").is_some();
    assert_eq!(has_error, ["FAIL", "ABORT"].contains(&text(&event["eventType"]).as_str()), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_has_two_events_and_those_of_the_sink_are_those_of_the_record() {
    let world = world(to_file).await;
    busy(&world).await;
    assert!(world.hub.tasks().wait(Duration::from_secs(10)).await);
    world.hub.sinks().settle().await;
    let lines = written(&world);
    let sent: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("event")).collect();
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in &sent {
        check_event(event);
        let run = event["run"]["runId"].as_str().expect("run").to_owned();
        kinds.entry(run).or_default().push(event["eventType"].as_str().expect("type").to_owned());
    }
    assert_eq!(kinds.len(), 6);
    for of_run in kinds.values() {
        assert_eq!((of_run.len(), of_run[0].as_str()), (2, "START"), "{of_run:?}");
    }
    let ends: Vec<&str> = kinds.values().map(|of_run| of_run[1].as_str()).collect();
    assert_eq!(ends, ["COMPLETE", "COMPLETE", "COMPLETE", "FAIL", "FAIL", "COMPLETE"]);
    let exported = exported(&world, Since::Start).await.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    assert_eq!(exported, lines.iter().cloned().collect::<BTreeSet<_>>());
    world.hub.sinks().settle().await;
    let told = world.hub.sinks().told();
    assert_eq!((told.len(), told[0].1.dropped, told[0].1.waiting), (1, 0, 0));
    // PRIVACY: nothing of a row, of a literal or of who asked.
    let text = sent.iter().map(Value::to_string).collect::<String>();
    for value in [
        "Shanghai",
        "Temple",
        "M00000001",
        "O0000000000001",
        "20.5",
        "'snacks'",
        "analyst:ana",
        "acme",
        "ingestor",
    ] {
        assert!(!text.contains(value), "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_say_where_columns_came_from_and_how_strongly_they_are_protected() {
    let world = world(|_| ()).await;
    busy(&world).await;
    let events = exported(&world, Since::Start).await;
    let end = |job: &str| {
        let found = events.iter().find(|event| {
            event["eventType"] == json!("COMPLETE")
                && event["job"]["name"].as_str().is_some_and(|name| name.starts_with(job))
        });
        found.unwrap_or_else(|| panic!("{job}")).clone()
    };
    let ingest = end("ingest pos_order_lines");
    let output = &ingest["outputs"][0];
    assert_eq!((&output["namespace"], &output["name"]), (&json!("membrane"), &json!("pos_order_lines")));
    assert_eq!(output["facets"]["version"]["datasetVersion"], json!("1"));
    assert_eq!(output["outputFacets"]["outputStatistics"]["rowCount"], json!(1));
    let schema = output["facets"]["schema"]["fields"].as_array().expect("fields");
    assert!(
        schema.iter().any(|field| field["name"] == "amount" && field["type"] == "decimal(12,2)"),
        "{schema:?}"
    );
    assert!(output["facets"]["dataSource"]["uri"].as_str().expect("uri").starts_with("file:///"));
    let member = &output["facets"]["membrane_strength"]["fields"]["member_no"][0];
    assert_eq!((&member["by"], &member["keyed"]), (&json!("protection"), &json!(true)), "{member}");
    let lineage = &output["facets"]["columnLineage"]["fields"]["member_no"]["inputFields"][0];
    assert_eq!((&lineage["namespace"], &lineage["field"]), (&json!("membrane/source"), &json!("member_no")));
    assert_eq!(lineage["transformations"][0]["masking"], json!(true));

    let query = end("query");
    assert_eq!(query["job"]["facets"]["sql"]["query"].as_str().expect("sql").matches('\'').count(), 0);
    let run = &query["run"]["facets"]["membrane_run"];
    assert_eq!((&run["purpose"], &run["principalKind"]), (&json!("marketing_analysis"), &json!("analyst")));
    let facet = &query["outputs"][0]["facets"]["columnLineage"];
    let everywhere: BTreeSet<(&str, &str)> = facet["dataset"]
        .as_array()
        .expect("dataset")
        .iter()
        .flat_map(|input| {
            let how = input["transformations"].as_array().expect("how");
            how.iter().map(|how| {
                (input["field"].as_str().expect("field"), how["subtype"].as_str().expect("subtype"))
            })
        })
        .collect();
    assert_eq!(
        everywhere,
        BTreeSet::from([
            ("category", "FILTER"),
            ("city", "GROUP_BY"),
            // What policy decides rows by.
            ("region", "FILTER"),
            ("store_id", "JOIN"),
        ])
    );
    let spent = facet["fields"]["spent"]["inputFields"].as_array().expect("inputs");
    assert_eq!(spent.len(), 1, "what touches all rows is told once: {spent:?}");
    assert_eq!(spent[0]["transformations"][0]["subtype"], json!("AGGREGATION"));
    let names: BTreeSet<&str> = query["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .filter_map(|input| input["name"].as_str())
        .collect();
    assert_eq!(names, BTreeSet::from(["dim_stores", "pos_order_lines"]));
    let newer = &query["outputs"][0]["facets"]["lineage"];
    assert_eq!(newer["fields"]["spent"]["inputs"][0]["type"], json!("DATASET"));

    let release = end("release");
    let strength = &release["outputs"][0]["facets"]["membrane_strength"];
    assert_eq!(strength["fields"]["category"][0]["by"], json!("none"), "keys are shown as they are");
    assert_eq!(strength["fields"]["lines"][0]["by"], json!("noise"), "{strength}");
    assert!(strength["noise"]["rho"].as_f64().expect("rho") > 0.0);
    assert!((0.5..=1.5).contains(&strength["noise"]["epsilon"].as_f64().expect("epsilon")), "{strength}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_begins_where_it_is_told_to() {
    let world = world(|_| ()).await;
    busy(&world).await;
    let all = exported(&world, Since::Start).await;
    assert_eq!(all.len(), 12);
    let third = all[4]["run"]["runId"].as_str().expect("run").parse().expect("id");
    // Three more runs, of which the first export is one.
    let rest = exported(&world, Since::Run(third)).await;
    assert_eq!(rest[..8], all[4..]);
    assert_eq!(rest.len(), 10);
    let later = crate::testing::now() + chrono::TimeDelta::days(1);
    assert_eq!(exported(&world, Since::At(later)).await, Vec::<Value>::new());
    let refused =
        export_lineage(&world.ctx("analyst:ana"), &world.hub, Since::Start, |_| panic!("told")).await;
    assert_eq!(refused.expect_err("refused").error.code(), "not_permitted");
}

#[test]
fn what_touches_every_column_is_told_once() {
    let edge = |from: &str, to: &str, transformation| LineageEdge {
        from: FieldRef::dataset("member", from),
        to: FieldRef::answer("run", to),
        transformation,
        masking: false,
    };
    let edges = [
        edge("a", "x", Transformation::Identity),
        edge("b", "y", Transformation::Aggregation),
        edge("c", "x", Transformation::Filter),
        edge("c", "y", Transformation::Filter),
        edge("d", "y", Transformation::Filter),
        edge("e", "x", Transformation::Conditional),
        edge("e", "y", Transformation::Conditional),
    ];
    let columns = Columns::of(&edges.iter().collect::<Vec<_>>());
    let names = Names { namespace: "hub".into(), storage: None };
    let facet = columns.facet(&names);
    assert_eq!(facet["dataset"].as_array().expect("dataset").len(), 1);
    assert_eq!(facet["dataset"][0]["field"], json!("c"));
    assert_eq!(facet["fields"]["y"]["inputFields"].as_array().expect("inputs").len(), 3);
    assert_eq!(
        columns.new_facet(&names)["inputs"],
        json!([{
            "namespace": "hub", "name": "member", "field": "c", "type": "DATASET",
            "transformations": [{ "type": "INDIRECT", "subtype": "FILTER", "description": "", "masking": false }],
        }])
    );
}

#[test]
fn pauses_double_to_a_bound() {
    assert_eq!(pause(0), Duration::from_millis(250));
    assert_eq!(pause(2), Duration::from_secs(1));
    assert_eq!(pause(40), Duration::from_secs(30));
}

/// Answers each request with the next of these statuses, the last for all others; gives back the bodies.
async fn service(statuses: &'static [u16]) -> (String, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}/api/v1/lineage", listener.local_addr().expect("address"));
    let bodies = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&bodies);
    tokio::spawn(async move {
        let mut statuses = statuses.iter().chain(statuses.last().into_iter().cycle());
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut part = [0; 4096];
            let body = loop {
                let read = stream.read(&mut part).await.unwrap_or(0);
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length =
                    head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("length");
                if read == 0 || body.len() >= length.parse().expect("number") {
                    assert!(head.contains("authorization: Bearer sesame"), "{head}");
                    break body.to_owned();
                }
            };
            let status = statuses.next().expect("status");
            if *status == 200 {
                kept.lock().expect("lock").push(body);
            }
            let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, bodies)
}

/// A section that sends to a URL.
fn section(url: String) -> crate::config::OpenLineageSection {
    let bearer = serde_json::from_value(json!("sesame")).expect("text");
    crate::config::OpenLineageSection { url, bearer: Some(bearer), timeout_ms: 5_000, ..Default::default() }
}

async fn some_run(world: &World) -> RunRecord {
    world.bring_in(STORES).await.expect("stores");
    world.hub.ledger().runs_from(chrono::DateTime::UNIX_EPOCH, None, 1).await.expect("runs").remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_late_gets_every_event_and_one_that_refuses_none() {
    let world = world(|_| ()).await;
    let run = some_run(&world).await;
    let (url, bodies) = service(&[503, 200]).await;
    let sinks = super::Sinks::start(&section(url), None, world.hub.ledger());
    sinks.opened(run.run, world.hub.catalog());
    sinks.closed(run.run, world.hub.catalog());
    while sinks.told()[0].1.waiting > 0 {
        tokio::task::yield_now().await;
    }
    let told = sinks.told()[0].1;
    assert_eq!((told.sent, told.dropped, told.is_failing), (2, 0, false));
    let kinds: Vec<Value> = bodies
        .lock()
        .expect("lock")
        .iter()
        .map(|body| serde_json::from_str::<Value>(body).expect("event")["eventType"].clone())
        .collect();
    assert_eq!(kinds, [json!("START"), json!("COMPLETE")]);

    let (url, _) = service(&[400]).await;
    let sinks = super::Sinks::start(&section(url), None, world.hub.ledger());
    sinks.closed(run.run, world.hub.catalog());
    sinks.settle().await;
    assert_eq!((sinks.told()[0].1.sent, sinks.told()[0].1.dropped), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_stops_no_run() {
    let world = world(|config| {
        // Nobody listens on this port.
        config.openlineage.url = "http://127.0.0.1:1/".into();
        config.openlineage.queue_max = 2;
        config.openlineage.timeout_ms = 60_000;
    })
    .await;
    busy(&world).await;
    world.hub.sinks().settle().await;
    let told = world.hub.sinks().told()[0].1;
    assert!(told.is_failing && told.sent == 0, "{told:?}");
    assert!(told.waiting <= 2 + 64 && told.waiting + told.dropped == 12, "{told:?}");
    assert_eq!(exported(&world, Since::Start).await.len(), 12, "nothing is lost");
}
