//! The OpenAPI document says what there is, all of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::error::CODES;
use crate::http::openapi_document;

fn document() -> Value {
    serde_json::to_value(openapi_document()).expect("document")
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let source = include_str!("../../router.rs");
    let routes: BTreeSet<&str> =
        source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let document = document();
    let described = document["paths"].as_object().expect("paths");
    assert_eq!(routes, described.keys().map(String::as_str).collect());
    assert_eq!(document["openapi"], json!("3.1.0"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], json!("bearer"));
    for (path, methods) in described {
        for (method, operation) in methods.as_object().expect("methods") {
            let guarded = operation.get("security").is_some();
            assert_eq!(guarded, path.starts_with("/v1/"), "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            if guarded {
                let error = &operation["responses"]["401"]["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(error, &json!("#/components/schemas/ErrorBody"), "{method} {path}");
            }
        }
    }
}

#[test]
fn every_schema_that_is_named_is_described() {
    let document = document();
    let text = document.to_string();
    let named = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
    for name in named {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

/// The codes of a crate's errors, read from its source.
fn codes_of(source: &'static str) -> Vec<&'static str> {
    let body =
        source.split("fn code(").nth(1).and_then(|rest| rest.split("\n    }\n").next()).expect("fn code");
    body.split('"').skip(1).step_by(2).collect()
}

const ALL: [&str; 7] = [
    "unauthenticated",
    "bearer_expired",
    "bad_request",
    "not_acceptable",
    "busy",
    "requests_limit",
    "internal",
];
/// Of operations that take nothing.
const SEEN: [&str; 6] =
    ["unauthenticated", "bearer_expired", "not_acceptable", "busy", "requests_limit", "internal"];
const RECORD: [&str; 3] = ["ledger_failed", "log_altered", "timed_out"];
const RELEASE: [&str; 7] = [
    "budget_closed",
    "in_flight",
    "no_data",
    "nothing_shown",
    "over_budget",
    "over_price",
    "release_timed_out",
];
/// Of walks along lineage.
const TRACED: [&str; 4] = ["not_found", "unknown_column", "unknown_run", "no_standing_release"];
/// Of steps in the life of a budget.
const STEP: [&str; 5] = ["budget_stands", "in_the_way", "not_found", "over_ceiling", "too_large"];
/// Nobody's dataset is asked for.
const AUDIT: [&str; 4] = ["not_permitted", "unknown_principal", "policy_fault", "record_fault"];

/// Every operation that needs a bearer or a signature, with the codes that it can answer.
fn answers() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let query = codes_of(include_str!("../../../../../membrane-query/src/error.rs"));
    let ingest = codes_of(include_str!("../../../../../membrane-ingest/src/error.rs"));
    let mut refusal = codes_of(include_str!("../../../../../membrane-policy/src/refusal.rs"));
    // Values are looked up in queries only.
    refusal.retain(|code| !code.starts_with("lookup_"));
    let delivered: Vec<_> = ingest.iter().copied().filter(|code| *code != "name_taken").collect();
    let scraped = SEEN.iter().copied().filter(|code| *code != "not_acceptable").collect::<Vec<_>>();
    let scraped = scraped.as_slice();
    let (all, seen, record, audit) = (&ALL[..], &SEEN[..], &RECORD[..], &AUDIT[..]);
    let glass = ["own_request", "unknown_grant", "grant_stands", "in_the_way"].as_slice();
    let statement = ["too_large", "timed_out"].as_slice();
    let delivery = ["too_large", "unsupported_media"].as_slice();
    let mut answers = vec![
        (
            "/v1/query",
            "post",
            [all, statement, &query, &refusal, &["lookup_refused", "lookup_ambiguous", "lookup_limit"]]
                .concat(),
        ),
        ("/v1/ingest/{dataset}", "post", [all, delivery, &delivered, &refusal, &["tag_table"]].concat()),
        (
            "/v1/events/{dataset}",
            "post",
            [all, delivery, &ingest, &refusal, &["stream_full", "stream_closed", "tag_table"]].concat(),
        ),
        ("/v1/streams", "get", [seen, record, audit].concat()),
        ("/v1/metrics", "get", [scraped, record, audit].concat()),
        ("/v1/datasets", "get", [all, record, &refusal].concat()),
        ("/v1/runs", "get", [all, record, audit].concat()),
        ("/v1/runs/{id}", "get", [all, record, audit, &["unknown_run"]].concat()),
        (
            "/v1/lineage/{dataset}/{column}",
            "get",
            [all, record, audit, &["not_found", "unknown_column"]].concat(),
        ),
        ("/v1/tags", "get", [all, record, &refusal].concat()),
        ("/v1/tags/{id}", "get", [all, record, &refusal, &["unknown_tag"]].concat()),
        ("/v1/lineage/up", "get", [all, record, audit, &TRACED].concat()),
        ("/v1/lineage/down", "get", [all, record, audit, &TRACED].concat()),
        ("/v1/quality", "get", [all, record, audit, &["not_found"]].concat()),
        ("/v1/budget", "get", [all, record, &refusal].concat()),
        ("/v1/budget/history", "get", [all, record, &refusal].concat()),
        ("/v1/budget/steps", "post", [all, record, audit, &STEP].concat()),
        ("/v1/break-glass", "get", [seen, record, audit].concat()),
        (
            "/v1/break-glass",
            "post",
            [
                all,
                record,
                audit,
                &["own_request", "unknown_purpose", "too_large", "in_the_way", "glass_limit"],
            ]
            .concat(),
        ),
        ("/v1/break-glass/{number}/approve", "post", [all, record, audit, glass].concat()),
        ("/v1/break-glass/{number}/end", "post", [all, record, audit, glass].concat()),
    ];
    // A service has no bearer.
    let hook = ["signature_refused", "source_paused", "bad_request", "busy", "too_large", "internal"];
    answers.push((
        "/hooks/{source}",
        "post",
        [&hook[..], &ingest, &refusal, &["stream_full", "stream_closed"]].concat(),
    ));
    answers.push(("/hooks/{source}", "get", vec!["signature_refused", "bad_request"]));
    answers.extend(releases(&query, &refusal));
    answers.extend(delegations());
    answers.extend(catalog(&refusal));
    answers.extend(compliance());
    answers
}

/// Those that compliance asks for.
fn compliance() -> [(&'static str, &'static str, Vec<&'static str>); 2] {
    let asked = [&ALL[..], &RECORD[..], &AUDIT[..]].concat();
    let altered = ["contract_altered", "publication_altered", "storage_failed"].as_slice();
    [
        ("/v1/audit/anomalies", "get", [asked.as_slice(), &["in_the_way"]].concat()),
        ("/v1/reports/{kind}", "get", [asked.as_slice(), altered].concat()),
    ]
}

/// Those about what data there is.
fn catalog(refusal: &[&'static str]) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let asked = [&ALL[..], &RECORD[..], refusal, &["contract_altered"]].concat();
    let with = |codes: &[&'static str]| [&asked, codes].concat();
    vec![
        ("/v1/catalog", "get", with(&[])),
        ("/v1/catalog/{dataset}", "get", with(&["not_found"])),
        ("/v1/catalog/{dataset}/{column}", "get", with(&["not_found", "unknown_column"])),
    ]
}

/// Those about what is handed on.
fn delegations() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let (all, seen, record, audit) = (&ALL[..], &SEEN[..], &RECORD[..], &AUDIT[..]);
    vec![
        ("/v1/delegations", "get", [seen, record, audit].concat()),
        (
            "/v1/delegations",
            "post",
            [
                all,
                record,
                audit,
                &["delegate_refused", "unknown_purpose", "not_found"],
                &["too_large", "in_the_way", "delegation_limit"],
            ]
            .concat(),
        ),
        (
            "/v1/delegations/{number}/end",
            "post",
            [all, record, audit, &["unknown_delegation", "delegation_stands", "in_the_way"]].concat(),
        ),
    ]
}

/// Those about releases.
fn releases(
    query: &[&'static str],
    refusal: &[&'static str],
) -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let statement = ["too_large", "timed_out"].as_slice();
    let asked = [&ALL[..], statement, &RECORD[..], query, refusal, &RELEASE[..]].concat();
    let with = |codes: &[&'static str]| [&asked, codes].concat();
    vec![
        ("/v1/release", "post", with(&["no_sandbox"])),
        ("/v1/sandbox", "post", with(&["given_up", "no_sandbox"])),
        ("/v1/releases", "get", [&SEEN[..], &RECORD[..], refusal].concat()),
        ("/v1/releases/{name}", "post", with(&["counter_ended", "given_up", "no_standing_release"])),
    ]
}

#[test]
fn every_status_that_an_operation_can_answer_is_described_and_no_other() {
    let document = document();
    let mut seen = BTreeSet::new();
    for (path, method, codes) in answers() {
        seen.insert(path);
        let status = |code: &&str| CODES.iter().find(|known| known.code == *code).expect("a code").status;
        let mut expected: BTreeSet<String> = codes.iter().map(|code| status(code).to_string()).collect();
        expected.insert("200".to_owned());
        let responses = document["paths"][path][method]["responses"].as_object().expect("responses");
        let described: BTreeSet<String> = responses.keys().cloned().collect();
        assert_eq!(described, expected, "{method} {path}");
    }
    let paths = document["paths"].as_object().expect("paths").keys().map(String::as_str);
    assert_eq!(
        seen,
        paths.filter(|path| path.starts_with("/v1/") || path.starts_with("/hooks/")).collect(),
        "every operation is in the list"
    );
}
