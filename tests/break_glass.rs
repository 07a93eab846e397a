//! Break-glass through the flows that every door uses: what is seen before, behind and after it, by whom, and what the
//! record says.

use std::sync::Arc;

use arrow::array::AsArray;
use axum::http::StatusCode;
use membrane::flow::{self, GlassRequest};
use membrane::{GrantState, Hub};
use membrane_ledger::RunFilter;

use crate::program::Program;
use crate::world::{CANARIES, World, canary_deliveries, files_with, fits, ready};

const LEE: &str = "analyst:lee";
const OLGA: &str = "compliance:olga";
const PHONE: &str = CANARIES[0];

/// A hub that knows the planted member only.
async fn world() -> World {
    let world = World::empty().await;
    let (dataset, text, extension) =
        canary_deliveries().into_iter().find(|(dataset, ..)| *dataset == "crm_members").unwrap();
    let path = world.write(&format!("canary/{dataset}.{extension}"), &text);
    world.ingest(dataset, &path).await.unwrap();
    world
}

fn request(columns: &[&str]) -> GlassRequest {
    GlassRequest {
        purpose: "customer_service".parse().unwrap(),
        columns: columns.iter().map(|name| ("crm_members".parse().unwrap(), name.parse().unwrap())).collect(),
        hours: 2,
        ticket: "INC-1234".parse().unwrap(),
    }
}

/// Returns how the first phone is shown.
async fn phone(world: &World, principal: &str, purpose: &str) -> String {
    let batches = world.query_for(principal, purpose, "SELECT phone FROM crm_members").await.unwrap();
    batches[0].column(0).as_string_view_opt().unwrap().value(0).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_values_are_seen_for_one_purpose_by_one_person_until_it_ends() {
    let world = world().await;
    let hub = &world.hub;
    let masked = phone(&world, LEE, "customer_service").await;
    assert_ne!(masked, PHONE);

    let (_, asked) = flow::request_glass(&world.ctx(LEE), hub, request(&["phone"])).await.unwrap();
    assert_eq!((asked.number, asked.approved.is_none()), (1, true));
    assert_eq!(phone(&world, LEE, "customer_service").await, masked, "nothing is seen before another agrees");

    for nobody in [LEE, "analyst:ana", "operator:omar", "partner:acme"] {
        assert!(flow::approve_glass(&world.ctx(nobody), hub, 1).await.is_err(), "{nobody}");
    }
    flow::approve_glass(&world.ctx(OLGA), hub, 1).await.unwrap();
    assert!(flow::approve_glass(&world.ctx(OLGA), hub, 1).await.is_err(), "once");

    assert_eq!(phone(&world, LEE, "customer_service").await, PHONE);
    assert_ne!(phone(&world, LEE, "marketing_analysis").await, PHONE, "another purpose");
    assert_ne!(phone(&world, "analyst:kim", "customer_service").await, PHONE, "another person");
    let both = "SELECT email, id_number FROM crm_members WHERE phone IS NOT NULL";
    let told = format!("{:?}", world.query_for(LEE, "customer_service", both).await.unwrap());
    assert!(!told.contains(CANARIES[1]) && !told.contains(CANARIES[4]), "other columns stay");

    let (_, lines) = flow::list_glass(&world.ctx(OLGA), hub).await.unwrap();
    // Two queries of crm_members, one opened cell each, at least; what was counted is what is on record.
    assert_eq!((lines[0].state, lines[0].used.runs), (GrantState::Open, 2));
    assert!(lines[0].used.cells >= 1);
    // Whoever asked sees what they asked for, and others who may not look at the record see nothing of it.
    let own = |who: &'static str| {
        let ctx = world.ctx(who);
        async move { flow::list_glass(&ctx, hub).await.map(|(_, lines)| lines.len()) }
    };
    assert_eq!(own(LEE).await.unwrap(), 1);
    for nobody in ["analyst:ana", "partner:acme"] {
        assert_eq!(own(nobody).await.unwrap(), 0, "{nobody}");
    }
    assert!(own("analyst:nobody").await.is_err());
    let (listing, _) = flow::list_glass(&world.ctx(LEE), hub).await.unwrap();
    let filter = RunFilter { principal: Some(LEE.parse().unwrap()), dataset: None, limit: 100 };
    let runs = hub.ledger().runs(filter).await.unwrap();
    let listing = runs.iter().find(|run| run.run == listing).unwrap();
    let decision = &listing.decisions[0];
    assert_eq!((decision.allowed, decision.reason.as_str()), (true, "permitted, their own"));

    flow::end_glass(&world.ctx(LEE), hub, 1).await.unwrap();
    assert_eq!(phone(&world, LEE, "customer_service").await, masked);
    let (_, lines) = flow::list_glass(&world.ctx(OLGA), hub).await.unwrap();
    assert_eq!(lines[0].state, GrantState::Ended);
    on_record(hub).await;
    assert!(files_with(world.dir.path(), PHONE).iter().all(|file| file.to_string_lossy().contains("canary")));
}

/// The run says which grant, which column, how many cells; the log holds.
async fn on_record(hub: &Arc<Hub>) {
    let filter = RunFilter { principal: Some(LEE.parse().unwrap()), dataset: None, limit: 100 };
    let runs = hub.ledger().runs(filter).await.unwrap();
    let used =
        |reason: &str| runs.iter().find(|run| run.decisions.iter().any(|it| it.reason == reason)).cloned();
    let run = used("permitted, break-glass 1").unwrap();
    let decision = run.decisions.iter().find(|it| it.reason.contains("break-glass")).unwrap();
    assert_eq!(decision.columns[0].column.as_str(), "phone");
    assert_eq!(decision.columns[0].factors, ["break-glass.see"]);
    assert!(run.cells_opened.unwrap() >= 1);
    hub.ledger().verify_log().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn not_everybody_may_ask_and_not_for_everything() {
    let world = World::empty().await;
    let refused = async |principal: &str, request: GlassRequest| {
        flow::request_glass(&world.ctx(principal), &world.hub, request).await.unwrap_err().error.code()
    };
    assert_eq!(refused("analyst:ana", request(&["phone"])).await, "not_permitted");
    assert_eq!(refused("partner:acme", request(&["phone"])).await, "not_permitted");
    assert_eq!(refused(LEE, request(&["tier"])).await, "not_permitted", "it is no identifier");
    assert_eq!(refused(LEE, request(&["phone", "nowhere"])).await, "not_permitted");
    assert_eq!(refused(LEE, request(&[])).await, "bad_request");
    assert_eq!(refused(LEE, GlassRequest { hours: 25, ..request(&["phone"]) }).await, "bad_request");
    let other = GlassRequest { purpose: "marketing_analysis".parse().unwrap(), ..request(&["phone"]) };
    assert_eq!(refused(LEE, other).await, "not_permitted");
    let unknown = flow::approve_glass(&world.ctx(OLGA), &world.hub, 1).await.unwrap_err();
    assert_eq!(unknown.error.code(), "unknown_grant");
}

/// Who may neither agree nor look at the record is told nothing of which grants there are.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_there_is_and_one_that_there_is_not_answer_alike() {
    let world = world().await;
    flow::request_glass(&world.ctx(LEE), &world.hub, request(&["phone"])).await.unwrap();
    for who in ["analyst:ana", "partner:acme", "service:ingestor", "analyst:nobody"] {
        for number in [1, 99] {
            let approved = flow::approve_glass(&world.ctx(who), &world.hub, number).await.unwrap_err();
            let ended = flow::end_glass(&world.ctx(who), &world.hub, number).await.unwrap_err();
            let told = (approved.error.code(), ended.error.code());
            assert_eq!(told, ("unknown_grant", "unknown_grant"), "{who} {number}");
        }
    }
    let own = flow::approve_glass(&world.ctx(LEE), &world.hub, 1).await.unwrap_err();
    assert_eq!(own.error.code(), "own_request");
}

/// Four people ask at once: steps share their numbers, and none of them is in the way of another.
#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_moment_do_not_collide() {
    let world = world().await;
    let asked = futures::future::join_all((0..4).map(|_| {
        let (hub, ctx) = (Arc::clone(&world.hub), world.ctx(LEE));
        tokio::spawn(async move { flow::request_glass(&ctx, &hub, request(&["phone"])).await.map(|_| ()) })
    }));
    assert!(asked.await.into_iter().all(|one| one.unwrap().is_ok()));
}

/// A step that was not signed by this hub ends every question of whoever it would be about, and of all others: it is not known
/// what else was altered.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_step_opens_nothing() {
    let world = world().await;
    flow::request_glass(&world.ctx(LEE), &world.hub, request(&["phone"])).await.unwrap();
    let body = r#"{"format":"membrane-break-glass/1","grant":1,"principal":"compliance:olga","at":"2026-02-03T04:05:06Z","what":"approve"}"#;
    let run = membrane_ledger::NewRun {
        entrance: membrane_ledger::Entrance::default(),
        principal: OLGA.parse().unwrap(),
        on_behalf_of: None,
        channel: membrane::Channel::Cli,
        action: membrane_model::Action::ApproveBreakGlass,
        purpose: None,
        job: "forged".to_owned(),
        statement: None,
        started: world.hub.clock().now(),
    };
    let mut run = world.hub.ledger().open_run(run).await.unwrap();
    let forged = membrane_ledger::NewDocument {
        kind: membrane_ledger::DocumentKind::BreakGlass,
        number: 2,
        body: body.to_owned(),
        signature: "00".repeat(64),
        files: Vec::new(),
    };
    run.add_document(&forged).await.unwrap();
    let asked = world.query_for(LEE, "customer_service", "SELECT phone FROM crm_members").await.unwrap_err();
    assert_eq!(asked.error.code(), "ledger_failed");
    let asked = world.query_for("analyst:ana", "marketing_analysis", "SELECT tier FROM crm_members").await;
    assert_eq!(asked.unwrap_err().error.code(), "ledger_failed", "of nobody is it known what was altered");
    // Who watches the hub is told that it does not work, and why.
    let expected = serde_json::json!({ "ready": false, "ledger": true, "lake": true, "log": true, "fault": "break_glass_altered" });
    assert_eq!(ready(&world.hub).await, (StatusCode::SERVICE_UNAVAILABLE, expected));
}

/// As people do it: by two commands, and a third that shows what came of it.
#[test]
fn the_commands_go_together() {
    let program = Program::new();
    let (dataset, text, extension) =
        canary_deliveries().into_iter().find(|(dataset, ..)| *dataset == "crm_members").unwrap();
    let file = format!("{dataset}.{extension}");
    std::fs::write(program.path(&file), text).unwrap();
    program.ok(&["ingest", dataset, &file]);
    let ask = ["sql", "SELECT phone FROM crm_members", "--as", LEE, "--purpose", "customer_service"];
    assert!(!program.ok(&ask).contains(PHONE));
    let words =
        ["break-glass", "request", "crm_members.phone", "--purpose", "customer_service", "--ticket", "INC-7"];
    let told = program.ok(&[&words[..], &["--as", LEE]].concat());
    assert!(told.contains("`membrane break-glass approve 1 --as PRINCIPAL`"), "{told}");
    let refused = program.run(&["break-glass", "approve", "1", "--as", LEE]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("it takes another person"));
    let told = program.ok(&["break-glass", "approve", "1", "--as", OLGA]);
    assert!(told.contains("break-glass 1 is open until"), "{told}");
    assert!(program.ok(&ask).contains(PHONE));
    let told = program.ok(&["break-glass", "list"]);
    assert!(told.contains("INC-7") && told.contains("open") && told.contains(LEE), "{told}");
    fits(&told);
    let own = program.ok(&["break-glass", "list", "--as", LEE]);
    assert!(own.contains("INC-7"), "{own}");
    assert_eq!(program.ok(&["break-glass", "list", "--as", "analyst:ana"]), "no break-glass was asked for\n");
    explained(&program);
    listed(&program);
    program.ok(&["break-glass", "end", "1", "--as", OLGA]);
    assert!(!program.ok(&ask).contains(PHONE));
    for hours in ["0", "25", "two", "1.5"] {
        let wrong = program.run(&[&words[..], &["--as", LEE, "--hours", hours]].concat());
        let told = String::from_utf8(wrong.stderr).unwrap();
        assert!(wrong.status.code() == Some(2) && told.contains("for 1 to 24 whole hours"), "{told}");
    }
    let wrong = program.run(&[&words[..6], &["13800138000", "--as", LEE]].concat());
    assert_eq!(wrong.status.code(), Some(2));
    program.ok(&["log", "verify"]);
}

/// How a column is shown says which grants are open, and that one could be asked for.
fn explained(program: &Program) {
    let explain = |who: &str, column: &str| {
        program.ok(&["policy", "explain", who, column, "--purpose", "customer_service"])
    };
    let told = explain(LEE, "crm_members.phone");
    assert!(told.starts_with("by the folder ") && told.contains("policies, version "), "{told}");
    assert!(told.contains("analyst:lee sees crm_members.phone as clear"), "{told}");
    assert!(told.contains("break-glass 1 is open until 20"), "{told}");
    let told = explain(LEE, "crm_members.email");
    assert!(!told.contains("crm_members.email as clear"), "{told}");
    assert!(
        told.contains("break-glass 1 is open until 20") && told.contains(", not of this column"),
        "{told}"
    );
    assert!(told.contains("once they ask for it and another agrees: clear, by break-glass.see"), "{told}");
    let told = explain("analyst:kim", "crm_members.phone");
    assert!(!told.contains("another agrees") && !told.contains(" is open until"), "{told}");
    let words = ["policy", "explain", LEE, "crm_members.phone", "--purpose", "customer_service"];
    let told = program.json(&words);
    assert_eq!(told["break_glass"][0]["number"], 1, "{told}");
}

/// Runs fit on a page, and the end of an id finds its run.
fn listed(program: &Program) {
    let told = program.ok(&["runs"]);
    fits(&told);
    let runs = program.json(&["runs", "--limit", "2"]);
    let id = runs["runs"][1]["run"].as_str().unwrap();
    let end = id.rsplit('-').next().unwrap();
    assert!(program.ok(&["runs"]).contains(end));
    let detail = program.ok(&["runs", end]);
    assert!(detail.contains(id), "{detail}");
    assert_eq!(program.run(&["runs", "0123456789ab"]).status.code(), Some(2));
    assert_eq!(program.run(&["runs", "0123"]).status.code(), Some(2));
}

/// A member's number in the wrong place: in every field, by every door, and at the most talkative log level, nothing keeps it or
/// says it.
#[test]
fn what_is_typed_in_the_wrong_place_is_kept_nowhere() {
    let program = Program::new().with_env("MEMBRANE__LOG__LEVEL", "trace");
    let [lee, olga] = [LEE, OLGA].map(|principal| program.bearer(principal));
    let served = program.serve();
    let mut said = Vec::new();
    let mut post = |bearer: &str, path: &str, body: &str| {
        let more = ["--request", "POST", "--header", "Content-Type: application/json", "--data", body];
        said.extend(served.curl(path, Some(bearer), &more));
    };
    let body = |purpose: &str, column: &str, hours: &str, ticket: &str| {
        format!(r#"{{"purpose":"{purpose}","columns":["{column}"],"hours":{hours},"ticket":"{ticket}"}}"#)
    };
    let (purpose, column, planted) = ("customer_service", "crm_members.phone", format!("x{PHONE}"));
    post(&lee, "/v1/break-glass", &body(purpose, &format!("crm_members.{planted}"), "1", "INC-1"));
    post(&lee, "/v1/break-glass", &body(purpose, &format!("{planted}.phone"), "1", "INC-1"));
    post(&lee, "/v1/break-glass", &body(purpose, PHONE, "1", "INC-1"));
    post(&lee, "/v1/break-glass", &body(&planted, column, "1", "INC-1"));
    post(&lee, "/v1/break-glass", &body(purpose, column, PHONE, "INC-1"));
    post(&lee, "/v1/break-glass", &body(purpose, column, "1", &format!("TEL-{PHONE}")));
    post(&lee, "/v1/break-glass", &format!(r#"{{"{planted}":1}}"#));
    post(&olga, &format!("/v1/break-glass/{PHONE}/approve"), "{}");
    post(&olga, &format!("/v1/break-glass/{planted}/end"), "{}");
    served.stop();
    assert!(!crate::world::holds(&said, PHONE.as_bytes()), "{}", String::from_utf8_lossy(&said));
    assert_eq!(String::from_utf8_lossy(&said).matches("\"error\"").count(), 9);
    assert_eq!(files_with(program.dir.path(), PHONE), Vec::<std::path::PathBuf>::new());
}
