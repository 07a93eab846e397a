//! Reports as compliance asks for them: what they find, how it is proved, who gets none, and that no value of a member is in one.

use std::os::unix::fs::PermissionsExt as _;

use axum::http::StatusCode;
use membrane::ReportForm;
use membrane::flow::{self, GlassRequest, ReportFilter, ReportKind, ReportRequest};
use serde_json::{Value, json};

use crate::program::{Program, SERVE, text};
use crate::world::{CANARIES, World, holds};

const ANA: [&str; 4] = ["--as", "analyst:ana", "--purpose", "marketing_analysis"];
const OLGA: &str = "compliance:olga";
const KINDS: [&[&str]; 5] = [
    &["report", "access", "--class", "pii"],
    &["report", "processing"],
    &["report", "releases"],
    &["report", "policy"],
    &["report", "impact", "--purpose", "marketing_analysis"],
];

/// A hub in which somebody read phones, and a partner received a release.
fn acted() -> Program {
    let program = Program::new();
    program.ok(&["sample", "--members", "300", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    program.ok(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    program.ok(&[&["sql", "SELECT phone, region FROM crm_members LIMIT 3"], &ANA[..]].concat());
    program.ok(&[&["sql", "SELECT phone FROM crm_members LIMIT 2"], &ANA[..]].concat());
    let sales = "SELECT category, SUM(amount) AS sales FROM pos_order_lines GROUP BY category";
    program.ok(&["release", sales, "--as", "partner:acme", "--bounds", "amount=0..300"]);
    program
}

fn reported(program: &Program, words: &[&str]) -> Value {
    serde_json::from_str(&program.ok(&[&["report"], words, &["--format", "json"]].concat())).unwrap()
}

/// The rows of a table of a report.
fn rows(report: &Value, id: &str) -> Vec<Value> {
    let sections = report["sections"].as_array().unwrap();
    let blocks = sections.iter().flat_map(|section| section["blocks"].as_array().unwrap());
    let table = blocks.filter(|block| block["kind"] == "table").find(|table| table["id"] == id);
    table.unwrap_or_else(|| panic!("no table {id}"))["rows"].as_array().unwrap().clone()
}

#[test]
fn who_saw_a_column_why_and_how_it_is_proved() {
    let program = acted();
    let report = reported(&program, &["access", "--column", "phone", "--level", "partial", "--as", OLGA]);
    let added_up = rows(&report, "did_added_up");
    let [one] = added_up.as_slice() else { panic!("{added_up:?}") };
    assert_eq!((&one["who"], &one["column"]), (&json!("analyst:ana"), &json!("crm_members.phone")));
    assert_eq!((&one["runs"], &one["rows"], &one["unfinished"]), (&json!(2), &json!(5), &json!(0)), "{one}");
    assert_eq!((&one["policies"], &one["class"]), (&json!("marketing.phone"), &json!("pii.phone")));
    let runs = rows(&report, "did_runs");
    assert_eq!(runs.len(), 2);
    assert!(runs[0]["started"].as_str() >= runs[1]["started"].as_str(), "the newest first");
    let why = rows(&report, "why_policies");
    let own = why.iter().find(|row| row["policy"] == "marketing.phone").unwrap();
    assert!(own["because"].is_string() && own["says"].is_string() && own["effect"] == "permit", "{own}");
    assert!(rows(&report, "can_see").iter().any(|row| row["who"].as_str().unwrap().contains("analyst:ana")));

    // What it says of a run is proved by its own commands.
    let run = runs[0]["run"].as_str().unwrap();
    let proved = program.json(&["audit", "prove", run, "--out", "proof"]);
    assert_eq!(proved["leaf"], runs[0]["leaf"]);
    let facts = report["facts"].as_array().unwrap();
    let fact =
        |label: &str| facts.iter().find(|fact| fact["label"] == label).unwrap()["value"].as_str().unwrap();
    let key = fact("Keys of the log").lines().next().unwrap();
    program.ok(&["audit", "check", &format!("proof/{run}.tlog-proof"), "--key", key]);
    let (size, root) = fact("Log, signed").split_once(" runs, root ").unwrap();
    assert!(size.parse::<u64>().unwrap() > runs[0]["leaf"].as_u64().unwrap(), "below a signed head");
    program.ok(&["audit", "verify", "--since", &format!("{size}:{root}")]);
    let own = fact("Run").split_once(':').unwrap().0;
    assert_eq!(program.json(&["runs", own])["job"], "report access column=phone level=partial");

    let by_class = reported(&program, &["access", "--class", "pii.phone"]);
    let levels: Vec<_> = rows(&by_class, "did_added_up").iter().map(|row| row["level"].clone()).collect();
    assert_eq!(levels, ["partial"]);
    assert_eq!(rows(&by_class, "did_runs").len(), 2);
    for none in [&["--level", "clear"][..], &["--until", "2020-01-01"], &["--principal", "analyst:lee"]] {
        let report = reported(&program, &[&["access", "--column", "phone"], none].concat());
        assert_eq!(rows(&report, "did_runs"), [] as [Value; 0], "{none:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_a_phone_in_clear_is_told_with_the_case_and_who_agreed() {
    let (world, _) = World::populated(20).await;
    let (hub, lee) = (&world.hub, world.ctx("analyst:lee"));
    let request = GlassRequest {
        purpose: "customer_service".parse().unwrap(),
        columns: vec![("crm_members".parse().unwrap(), "phone".parse().unwrap())],
        hours: 2,
        ticket: "INC-1234".parse().unwrap(),
    };
    flow::request_glass(&lee, hub, request).await.unwrap();
    flow::approve_glass(&world.ctx(OLGA), hub, 1).await.unwrap();
    world
        .query_for("analyst:lee", "customer_service", "SELECT phone FROM crm_members LIMIT 1")
        .await
        .unwrap();
    let filter = ReportFilter {
        column: Some("phone".parse().unwrap()),
        level: Some("clear".parse().unwrap()),
        ..ReportFilter::default()
    };
    let request = ReportRequest { kind: ReportKind::Access, filter };
    let (_, document) = flow::make_report(&world.ctx(OLGA), hub, &request).await.unwrap();
    let report: Value = serde_json::from_slice(&ReportForm::Json.render(&document, None).unwrap()).unwrap();
    let runs = rows(&report, "did_runs");
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((&run["who"], &run["grants"]), (&json!("analyst:lee"), &json!("break-glass 1")));
    assert_eq!(
        (&run["policies"], &run["columns"]),
        (&json!("break-glass.see"), &json!("crm_members.phone clear"))
    );
    assert!(run["leaf"].is_u64());
    let grants = rows(&report, "grants_counted");
    assert_eq!((&grants[0]["ticket"], &grants[0]["approved_by"]), (&json!("INC-1234"), &json!(OLGA)));
    let may = rows(&report, "can_see");
    assert!(may.iter().any(|row| row["who"] == "analyst:lee" && row["level"] == "clear"), "{may:?}");
    let because = rows(&report, "why_policies")[0]["because"].to_string();
    assert!(because.contains("Break-glass"), "the words of its file: {because}");
}

#[test]
fn whoever_may_not_audit_gets_nothing() {
    let program = acted();
    for kind in KINDS {
        let refused = program.run(&[kind, &["--as", "analyst:ana", "--out", "refused.md"]].concat());
        assert_eq!(refused.status.code(), Some(3), "{kind:?}");
        assert!(refused.stdout.is_empty() && !program.path("refused.md").exists(), "{kind:?}");
    }
    let found = program.json(&["audit", "search", "--principal", "analyst:ana", "--status", "refused"]);
    assert_eq!(found["runs"].as_array().unwrap().len(), KINDS.len());
}

#[test]
fn every_kind_is_written_in_every_form() {
    let program = acted();
    for (number, kind) in KINDS.into_iter().enumerate() {
        for form in ["md", "json", "html", "pdf"] {
            let file = program.path(&format!("{number}.{form}"));
            let words = [kind, &["--format", form, "--out", text(&file)][..]].concat();
            assert_eq!(program.ok(&words), "", "{words:?}");
            let bytes = std::fs::read(&file).unwrap();
            let begin: &[u8] = match form {
                "md" => b"# ",
                "json" => b"{",
                "html" => b"<!DOCTYPE html>",
                _ => b"%PDF",
            };
            assert!(bytes.starts_with(begin) && bytes.len() > 2_000, "{words:?}");
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let again = program.run(&["report", "policy", "--out", "0.md"]);
    assert_eq!(again.status.code(), Some(2), "what is there is not written over");
    let unfit = ["report", "policy", "--format", "pdf", "--out", "font.pdf", "--font", "0.md"];
    assert_eq!(program.run(&unfit).status.code(), Some(2));
    assert!(!program.path("font.pdf").exists());
    let printed = program.run(&["report", "policy", "--format", "pdf"]);
    assert!(printed.status.success() && printed.stdout.starts_with(b"%PDF"));
}

#[test]
fn releases_are_told_with_prices_budgets_and_places_in_the_log() {
    let program = acted();
    let report = reported(&program, &["releases", "--partner", "partner:acme"]);
    let releases = rows(&report, "releases_all");
    let [release] = releases.as_slice() else { panic!("{releases:?}") };
    assert_eq!((&release["partner"], &release["state"]), (&json!("partner:acme"), &json!("committed")));
    assert!(release["leaf"].is_u64() && release["rho"].as_f64().unwrap() > 0.0, "{release}");
    assert_eq!(release["datasets"], json!("pos_order_lines"));
    let left = rows(&report, "budgets_left");
    assert!(left.iter().all(|row| row["rho_left"].as_f64() < row["rho_cap"].as_f64()), "{left:?}");
    assert!(!left.is_empty());
    let none = reported(&program, &["releases", "--partner", "partner:globex"]);
    assert_eq!(rows(&none, "releases_all"), [] as [Value; 0]);
}

#[test]
fn what_nobody_can_know_is_a_question() {
    let program = acted();
    let processing = reported(&program, &["processing"]).to_string();
    for asked in ["controller_name", "data_basis", "recipients_transfers", "measures_outside"] {
        assert!(processing.contains(&format!("\"id\":\"{asked}\"")), "{asked}");
    }
    let report = reported(&program, &["processing", "--dataset", "crm_members"]);
    let data = rows(&report, "data_datasets");
    assert_eq!(data.len(), 1);
    assert!(data[0]["classes"].as_str().unwrap().contains("pii.phone"), "{data:?}");
    let came = rows(&report, "sources_all");
    assert!(came[0]["deliveries"].as_str().unwrap().contains("csv") && came[0]["leaf"].is_u64(), "{came:?}");

    let impact = reported(&program, &["impact", "--purpose", "churn_scoring"]);
    assert!(impact.to_string().contains("Nobody knows the purpose `churn_scoring`"));
    assert_eq!(rows(&impact, "data_classes"), [] as [Value; 0]);
    assert!(!rows(&impact, "classes_all").is_empty() && !rows(&impact, "volumes_all").is_empty());
    let looked = program.json(&["audit", "search", "--action", "audit", "--limit", "50"]).to_string();
    assert!(looked.contains("report impact purpose=?") && !looked.contains("churn_scoring"), "{looked}");
    let known = reported(&program, &["impact", "--purpose", "marketing_analysis"]);
    assert!(rows(&known, "data_classes").iter().any(|row| row["class"] == "pii.phone"));
    assert!(rows(&known, "happened_runs").iter().any(|row| row["action"] == "read"));
}

#[test]
fn what_was_published_is_told_with_its_proofs() {
    let program = Program::new().with_env(SERVE, "published");
    program.ok(&["policy", "publish"]);
    let report = reported(&program, &["policy"]);
    let claims = rows(&report, "claims_all");
    assert!(claims.len() > 5 && claims.iter().all(|claim| claim["proved"] == "yes"), "{claims:?}");
    let changes = rows(&report, "changes_all");
    assert_eq!((changes.len(), &changes[0]["number"]), (1, &json!(1)));
    assert!(
        changes[0]["leaf"].is_u64()
            && changes[0]["files"].as_str().unwrap().contains("+ policies/floor.cedar")
    );
    assert!(report.to_string().contains("read for marketing_analysis by analyst:ana"), "the matrix");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_member_is_in_a_report() {
    let (world, _) = World::populated(30).await;
    for canary in CANARIES {
        let sql = format!("SELECT phone AS p FROM crm_members WHERE member_no <> '{canary}' LIMIT 2");
        let _ = world.query("analyst:ana", &sql).await;
    }
    for kind in ReportKind::ALL {
        let purpose = (kind == ReportKind::Impact).then(|| "marketing_analysis".parse().unwrap());
        let request = ReportRequest { kind, filter: ReportFilter { purpose, ..ReportFilter::default() } };
        let (_, document) = flow::make_report(&world.ctx(OLGA), &world.hub, &request).await.unwrap();
        for form in ReportForm::ALL {
            let bytes = form.render(&document, None).unwrap();
            let shown = CANARIES.iter().find(|canary| holds(&bytes, canary.as_bytes()));
            assert_eq!(shown, None, "{kind} {form:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_asked_for_over_http() {
    let world = crate::world::small::world().await;
    world.query("analyst:ana", "SELECT phone FROM crm_members").await.unwrap();
    let path = "/v1/reports/access?column=phone&level=partial&format=json";
    let (status, report) = world.send(OLGA, path, None).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!(rows(&report, "did_added_up")[0]["who"], "analyst:ana");
    for (path, expected) in [
        ("/v1/reports/colour", "bad_request"),
        ("/v1/reports/policy?format=doc", "bad_request"),
        ("/v1/reports/policy?column=phone", "bad_request"),
        ("/v1/reports/impact", "bad_request"),
        ("/v1/reports/access?since=2026-02-01&until=2026-01-01", "bad_request"),
        ("/v1/reports/access?level=all", "bad_request"),
    ] {
        let (status, told) = world.send(OLGA, path, None).await;
        assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(expected)), "{path}");
    }
    let (status, told) = world.send("analyst:ana", "/v1/reports/access?column=phone", None).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::FORBIDDEN, &json!("not_permitted")));
}
