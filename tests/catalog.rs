//! What is known of the data, and the record in SQL: to whoever may look at it, and to nobody else.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use axum::http::StatusCode;
use membrane::Hub;
use membrane::flow::{self, CatalogRequest, ReleaseRequest};
use membrane_ledger::{NewRun, RunOutcome, RunState};
use membrane_model::{Action, Channel};
use serde_json::{Value, json};

use crate::policy::copy;
use crate::program::{Program, SERVE, output};
use crate::world::{CANARIES, World, configuration, fits, repository, small};

const OLGA: &str = "compliance:olga";

/// All cells, row by row, as text.
fn cells(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("-");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        rows.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|cell| cell.value(row).to_string()).collect()),
        );
    }
    rows
}

impl World {
    async fn look(&self, sql: &str) -> Vec<Vec<String>> {
        let told = self.query(OLGA, sql).await;
        cells(&told.unwrap_or_else(|failure| panic!("{sql}: {}", failure.error)))
    }

    async fn numbers(&self, sql: &str) -> i64 {
        self.count(OLGA, sql).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_what_and_by_which_policy_is_one_statement() {
    let world = small::world().await;
    let sql = "SELECT name, phone FROM crm_members WHERE phone = '13800138001' OR name = '13800138001'";
    world.query("analyst:ana", sql).await.unwrap();
    let seen = world
        .look(
            "SELECT d.principal, d.purpose, c.column_name, c.level, c.policies, r.statement \
             FROM system.decision_columns c JOIN system.decisions d ON d.run = c.run AND d.position = c.position \
             JOIN system.runs r ON r.run = c.run \
             WHERE c.dataset = 'crm_members' AND c.column_name = 'phone' AND r.action = 'read'",
        )
        .await;
    let [row] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(row[..5], ["analyst:ana", "marketing_analysis", "phone", "partial", "marketing.phone"]);
    assert!(row[5].contains("phone = ?") && !row[5].contains("138"), "{}", row[5]);
    let lineage = world
        .look("SELECT to_column, kind, subtype, masked, strength FROM system.lineage WHERE from_column = 'phone' AND to_kind = 'answer' AND subtype = 'IDENTITY'")
        .await;
    assert_eq!(lineage, [["phone", "DIRECT", "IDENTITY", "true", "partial"]]);
    // Looking is on record too.
    let looks = world
        .look("SELECT DISTINCT action, statement IS NULL FROM system.runs WHERE job = 'query the record'")
        .await;
    assert_eq!(looks, [["audit", "false"]]);
}

/// What was taken, and not what could have been; what was granted; and the log that all of it is an entry of.
#[tokio::test(flavor = "multi_thread")]
async fn who_did_see_is_told_from_who_could_have() {
    let world = small::world().await;
    world.query("analyst:ana", "SELECT name FROM crm_members WHERE phone IS NOT NULL").await.unwrap();
    let taken = "SELECT principal, column_name, level, direct, indirect, policies FROM system.columns_read \
                 WHERE action = 'read' AND dataset = 'crm_members' AND column_name IN ('name', 'phone') ORDER BY column_name";
    let rows = world.look(taken).await;
    let [name, phone] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((name[0].as_str(), name[3].as_str()), ("analyst:ana", "true"));
    assert_eq!(phone[2..], ["partial", "false", "true", "marketing.phone"]);
    // By an index, the same.
    let indexed = world
        .look("SELECT principal, level FROM system.columns_read WHERE column_name = 'phone' AND action = 'read'")
        .await;
    assert_eq!(indexed, [["analyst:ana", "partial"]]);
    let could =
        "SELECT count(*) AS n FROM system.decision_columns WHERE action = 'read' AND column_name = 'email'";
    assert_eq!(world.numbers(could).await, 1);
    let did = "SELECT count(*) AS n FROM system.columns_read WHERE action = 'read' AND column_name = 'email'";
    assert_eq!(world.numbers(did).await, 0);

    let asked = flow::GlassRequest {
        purpose: "customer_service".parse().unwrap(),
        columns: vec![("crm_members".parse().unwrap(), "phone".parse().unwrap())],
        hours: 2,
        ticket: "INC-1234".parse().unwrap(),
    };
    flow::request_glass(&world.ctx("analyst:lee"), &world.hub, asked).await.unwrap();
    flow::approve_glass(&world.ctx(OLGA), &world.hub, 1).await.unwrap();
    let grants = world
        .look(
            "SELECT g.kind, g.number, g.principal, g.columns, g.ticket, g.approved_by, g.state, g.ends > g.starts, r.action \
             FROM system.grants g JOIN system.runs r ON r.run = g.run",
        )
        .await;
    let expected = [
        "break_glass",
        "1",
        "analyst:lee",
        "crm_members.phone",
        "INC-1234",
        OLGA,
        "open",
        "true",
        "requestBreakGlass",
    ];
    assert_eq!(grants, [expected]);

    let entries = "SELECT count(*) AS n FROM system.audit a JOIN system.runs r ON r.run = a.run AND r.leaf = a.leaf \
                   AND r.status = a.status";
    let before = world.numbers(entries).await;
    assert!(before > 4);
    assert_eq!(world.numbers(&format!("{entries} WHERE a.published")).await, 0);
    world.hub.audit_log().publish(world.hub.clock().now()).await.unwrap();
    assert!(world.numbers(&format!("{entries} WHERE a.published")).await > before);
    let first = world
        .look("SELECT leaf, character_length(leaf_hash) FROM system.audit WHERE leaf <= 1 ORDER BY leaf")
        .await;
    assert_eq!(first, [["0", "64"], ["1", "64"]]);
    let written = world
        .look("SELECT DISTINCT p.file, p.form FROM system.policies p WHERE p.policy = 'marketing.phone' AND p.because IS NOT NULL")
        .await;
    assert_eq!(written, [["cards/marketing.yaml", "card"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_partner_paid_for_is_in_the_record() {
    let world = small::world().await;
    let sql = "SELECT category, COUNT(*) AS n FROM pos_order_lines GROUP BY category";
    let request = ReleaseRequest { sql: sql.to_owned(), epsilon: Some(1.0), ..ReleaseRequest::default() };
    let told = flow::release(&world.ctx("partner:acme"), &world.hub, request).await.unwrap();
    let rows = world
        .look(
            "SELECT partner, datasets, state, rho > 0, committed >= reserved, statement FROM system.releases",
        )
        .await;
    assert_eq!(rows, [["partner:acme", "pos_order_lines", "committed", "true", "true", sql]]);
    let noisy =
        world.look("SELECT DISTINCT strength FROM system.lineage WHERE action = 'release' AND masked").await;
    assert_eq!(noisy, [["noise"]]);
    assert!(told.price.rho_nano > 0);
}

/// A release cannot read the record, whoever asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_record_is_released() {
    let world = small::world().await;
    for (who, sql) in [
        ("partner:acme", "SELECT COUNT(*) AS n FROM system.runs"),
        ("partner:acme", "SELECT COUNT(*) AS n FROM pos_order_lines JOIN system.runs ON order_id = run"),
        ("compliance:olga", "SELECT COUNT(*) AS n FROM system.runs"),
    ] {
        let ask = async |sql: String| {
            let request = ReleaseRequest { sql, dry_run: true, ..ReleaseRequest::default() };
            let failure = flow::release(&world.ctx(who), &world.hub, request).await.unwrap_err();
            (failure.error.code(), failure.error.to_string())
        };
        let told = ask(sql.to_owned()).await;
        assert_eq!(told, ask(sql.replace("system", "nobody")).await, "{who}: {sql}");
        assert!(["unknown_table", "not_permitted"].contains(&told.0), "{who}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn for_all_others_the_record_is_a_table_that_is_not_there() {
    let world = small::world().await;
    for who in ["analyst:ana", "analyst:lee", "partner:acme", "service:ingestor", "service:tagger"] {
        for sql in [
            "SELECT * FROM system.runs",
            "SELECT * FROM system.datasets, crm_members",
            "DESCRIBE system.quality",
            "SELECT 1 FROM system.decisions WHERE run = $1",
            "SELECT * FROM system.audit WHERE leaf = 0",
            "SELECT * FROM system.columns_read WHERE column_name = 'phone'",
            "SELECT number FROM system.grants",
            "SELECT policy FROM system.policies, crm_members",
            "DESCRIBE system.policy_versions",
            "SELECT file FROM system.policy_files",
        ] {
            let ask = async |sql: &str| {
                let failure = world.query(who, sql).await.unwrap_err();
                let error = failure.error;
                (error.code(), error.status(), error.to_string())
            };
            assert_eq!(ask(sql).await, ask(&sql.replace("system", "nobody")).await, "{who}: {sql}");
            assert_eq!(ask(sql).await.0, "unknown_table", "{who}: {sql}");
        }
    }
    // That they tried is on record, as what it was.
    let tried = "SELECT DISTINCT r.principal FROM system.runs r JOIN system.decisions d ON d.run = r.run \
                 WHERE r.job = 'query the record' AND NOT d.allowed AND r.error_code = 'unknown_table' ORDER BY 1";
    let tried: Vec<String> = world.look(tried).await.concat();
    assert_eq!(tried, ["analyst:ana", "analyst:lee", "partner:acme", "service:ingestor", "service:tagger"]);
    // Operators see what they see of runs elsewhere.
    let told = world.query("operator:omar", "SELECT count(*) AS n FROM system.runs").await.unwrap();
    assert_ne!(cells(&told), [["0"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_record_is_read_in_pages_and_in_part() {
    let world = World::empty().await;
    let start = world.hub.clock().now() - chrono::TimeDelta::days(400);
    let mut middle = None;
    for day in 0..600 {
        let started = start + chrono::TimeDelta::hours(day);
        let run = NewRun {
            entrance: membrane_ledger::Entrance::default(),
            principal: "analyst:ana".parse().unwrap(),
            on_behalf_of: None,
            channel: Channel::Cli,
            action: Action::Read,
            purpose: None,
            job: "old".to_owned(),
            statement: None,
            started,
        };
        let run = world.hub.ledger().open_run(run).await.unwrap();
        if day == 300 {
            middle = Some((run.id(), started));
        }
        if day % 50 == 0 {
            let outcome = RunOutcome { rows_out: Some(7), ..RunOutcome::ended(RunState::Complete, started) };
            run.close(outcome).await.unwrap();
        }
    }
    let (run, started) = middle.unwrap();
    let count = |rest: &str| format!("SELECT count(*) AS n FROM system.runs WHERE job = 'old'{rest}");
    assert_eq!(world.numbers(&count("")).await, 600);
    assert_eq!(
        world.numbers("SELECT count(DISTINCT run) AS n FROM system.runs WHERE job = 'old'").await,
        600
    );
    assert_eq!(world.numbers(&count(&format!(" AND run = '{run}'"))).await, 1);
    let moment = started.format("%Y-%m-%d %H:%M:%S");
    assert_eq!(world.numbers(&count(&format!(" AND started >= TIMESTAMP '{moment}'"))).await, 300);
    assert_eq!(world.numbers(&count(&format!(" AND started < TIMESTAMP '{moment}'"))).await, 300);
    assert_eq!(
        world.numbers(&count(&format!(" AND started BETWEEN '{moment}' AND TIMESTAMP '{moment}'"))).await,
        1
    );
    assert_eq!(world.numbers(&count(" AND started > now() - INTERVAL '30 days'")).await, 0);
    assert_eq!(world.look("SELECT job FROM system.runs WHERE job = 'old' LIMIT 3").await.len(), 3);
    assert_eq!(world.numbers("SELECT sum(rows_out) AS n FROM system.runs WHERE job = 'old'").await, 84);
    // An order of its own, and the whole.
    let first = world.look("SELECT run, rows_out FROM system.runs ORDER BY started LIMIT 1").await;
    assert_eq!(first[0][1], "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_member_is_in_the_record_or_the_catalog() {
    let (world, _) = World::populated(40).await;
    for canary in CANARIES {
        let sql = format!("SELECT '{canary}' AS \"{canary}\" FROM crm_members WHERE phone = '{canary}'");
        let _ = world.query("analyst:ana", &sql).await;
        let sql = format!("SELECT '{canary}' AS \"{canary}\" FROM system.runs WHERE statement = '{canary}'");
        world.query(OLGA, &sql).await.unwrap();
        let request = CatalogRequest { search: Some(canary.to_owned()), purpose: None };
        let (_, found) = flow::show_catalog(&world.ctx(OLGA), &world.hub, request).await.unwrap();
        assert!(found.is_empty(), "{canary}");
    }
    let mut seen = String::new();
    for table in membrane_query::SystemTable::ALL {
        let rows = world.look(&format!("SELECT * FROM system.{}", table.name())).await;
        let may_be_empty =
            ["anomalies", "grants", "policy_files", "policy_versions", "releases"].contains(&table.name());
        assert!(!rows.is_empty() || may_be_empty, "{}", table.name());
        seen.push_str(&format!("{rows:?}"));
    }
    for path in ["/v1/catalog", "/v1/catalog/crm_members", "/v1/catalog/crm_members/phone"] {
        let (status, told) = world.send(OLGA, path, None).await;
        assert_eq!(status, StatusCode::OK, "{told}");
        seen.push_str(&told.to_string());
    }
    assert!(seen.len() > 20_000, "{}", seen.len());
    for canary in CANARIES {
        assert!(!seen.contains(canary), "{canary}");
    }
    // What was counted is what was brought in, set aside rows among it.
    let set_aside =
        "SELECT sum(rows) AS n FROM system.quality WHERE dataset = 'crm_members' AND figure = 'set_aside'";
    assert!(world.numbers(set_aside).await > 0);
    let reasons = world
        .look("SELECT DISTINCT reason FROM system.quality WHERE figure = 'reason' AND dataset = 'crm_members' ORDER BY 1")
        .await;
    assert!(!reasons.is_empty() && reasons.iter().all(|row| !row[0].contains(':')), "{reasons:?}");
}

/// What the catalog says by HTTP.
async fn catalog(world: &World, who: &str, query: &str) -> Value {
    let (status, told) = world.send(who, &format!("/v1/catalog{query}"), None).await;
    assert_eq!(status, StatusCode::OK, "{who} {query}: {told}");
    told
}

fn names(told: &Value) -> Vec<&str> {
    told["datasets"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_all_that_is_known_to_whoever_may_know_it() {
    let world = small::world().await;
    world.query("analyst:ana", "SELECT phone FROM crm_members").await.unwrap();
    world.query("analyst:lee", "SELECT count(*) AS n FROM crm_members").await.unwrap();
    let told = catalog(&world, OLGA, "").await;
    assert_eq!(names(&told).len(), 10);
    let page = catalog(&world, OLGA, "/crm_members").await;
    let facts = &page["dataset"]["facts"];
    assert_eq!((&facts["rows"], &facts["table_version"]), (&json!(6), &json!(1)), "{facts}");
    assert!(facts["bytes"].as_u64() > Some(1_000) && facts["files"] == json!(1), "{facts}");
    assert_eq!((&facts["reads_7d"], &facts["readers_30d"]), (&json!(2), &json!(2)), "{facts}");
    assert_eq!(page["dataset"]["owner"], json!("member-data@membrane.example"));
    assert_eq!(page["retention"], json!("3 y"));
    assert!(page["legal_basis"].as_str().unwrap().contains("membership contract"), "{page}");
    assert_eq!(page["tags"], json!(["members", "crm"]));
    assert!(page["member_tags"].as_array().unwrap().contains(&json!("member.active_30d")), "{page}");
    assert_eq!(page["quality"][0]["rows_in"], json!(6));
    assert_eq!(page["uses"][0]["kind"], json!("analyst"));
    assert_eq!(page["uses"][0]["principals_30d"], json!(2));
    let readers = page["readers"].as_array().unwrap();
    let ana = readers.iter().find(|one| one["principal"] == "analyst:ana").unwrap();
    assert!(ana["levels"].as_str().unwrap().contains("partial"), "{ana}");
    assert!(readers.iter().all(|one| one["principal"] != "partner:acme"), "{readers:?}");
    let phone = catalog(&world, OLGA, "/crm_members/phone").await;
    assert_eq!(phone["column"]["protection"], json!("sealed+token"));
    assert_eq!(phone["uses"][0]["principal"], json!("analyst:ana"));
    assert_eq!(world.send(OLGA, "/v1/catalog/nothing", None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.send(OLGA, "/v1/catalog/crm_members/nothing", None).await.0, StatusCode::BAD_REQUEST);
}

/// The rules of a page that name other columns, datasets or policies.
fn rules_that_name_others(page: &Value) -> Vec<&str> {
    let columns = page["columns"].as_array().unwrap().iter();
    let rules = columns.flat_map(|column| column["rules"].as_array().unwrap());
    let names_others = |rule: &&str| {
        rule.contains(" of `") || rule.ends_with(" in policies") || rule.starts_with("consent for ")
    };
    rules.map(|rule| rule.as_str().unwrap()).filter(names_others).collect()
}

/// What a page says to whoever may look at the record alone.
const AUDITED: [&str; 2] = ["/dataset/facts", "/readers"];

/// Of others nothing is told that counts rows, and no column that policy does not show them.
#[tokio::test(flavor = "multi_thread")]
async fn others_see_what_contracts_say_of_what_they_may_see() {
    let world = small::world().await;
    let hers = catalog(&world, OLGA, "/crm_members").await;
    for audited in AUDITED {
        assert!(hers.pointer(audited).is_some_and(|told| !told.is_null()), "{audited}: {hers}");
    }
    assert!(!rules_that_name_others(&hers).is_empty(), "{hers}");
    for (who, purpose) in [("analyst:ana", "?purpose=marketing_analysis"), ("partner:acme", "")] {
        let told = catalog(&world, who, purpose).await;
        let text = told.to_string();
        for one in told["datasets"].as_array().unwrap() {
            assert_eq!((&one["facts"], &one["standing"]), (&Value::Null, &json!("served")), "{who}: {one}");
            let page = catalog(&world, who, &format!("/{}{purpose}", one["name"].as_str().unwrap())).await;
            for hidden in AUDITED {
                assert_eq!(page.pointer(hidden), Some(&Value::Null), "{who} {hidden}: {page}");
            }
            assert_eq!(rules_that_name_others(&page), Vec::<&str>::new(), "{who}");
            for hidden in ["uses", "quality", "sources"] {
                assert_eq!(page[hidden], json!([]), "{who}: {page}");
            }
        }
        assert!(!text.contains("reads_30d"), "{text}");
    }
    let told = catalog(&world, "partner:acme", "").await;
    assert_eq!(names(&told), ["dim_products", "dim_stores", "pos_order_lines", "pos_orders"]);
    let lines = catalog(&world, "partner:acme", "/pos_order_lines").await;
    let columns: Vec<&str> =
        lines["columns"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(columns.contains(&"amount") && !columns.contains(&"pay_account"), "{columns:?}");
    // What is hidden and what was never there are told alike, and neither is found by its words.
    let ask = async |path: &str| {
        let (status, mut told) = world.send("partner:acme", path, None).await;
        told["error"]["run"] = Value::Null;
        (status, told)
    };
    for (hidden, nothing) in [
        ("/v1/catalog/crm_members", "/v1/catalog/crm_nobodys"),
        ("/v1/catalog/crm_members/phone", "/v1/catalog/crm_nobodys/phone"),
        ("/v1/catalog/pos_order_lines/pay_account", "/v1/catalog/pos_order_lines/no_such_one"),
    ] {
        assert_eq!(ask(hidden).await, ask(nothing).await, "{hidden}");
        assert_ne!(ask(hidden).await.0, StatusCode::OK);
    }
    for word in ["crm", "phone", "pii.email", "account", "minor"] {
        let found = catalog(&world, "partner:acme", &format!("?search={word}")).await;
        assert_eq!(found["datasets"], json!([]), "{word}");
    }
    let none = world.send("analyst:ana", "/v1/catalog", None).await;
    assert_eq!(none.1["error"]["code"], json!("unknown_purpose"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_every_word_and_the_best_first() {
    let world = World::empty().await;
    let check = async |words: &str, expected: &[&str]| {
        let told = catalog(&world, OLGA, &format!("?search={}", words.replace(' ', "%20"))).await;
        assert_eq!(names(&told)[..expected.len().min(names(&told).len())], *expected, "{words}");
        told
    };
    // The dataset of that name, then one whose name has it, then the rest.
    check("pos_orders", &["pos_orders"]).await;
    let orders = check("orders", &["pos_orders"]).await;
    assert_eq!(orders["datasets"][0]["hits"][0]["place"], json!("name"));
    // A class, in columns; both words in one dataset.
    let phones = check("pii.phone", &["app_events", "crm_members", "mini_program_events"]).await;
    assert_eq!(names(&phones).len(), 3);
    assert_eq!(phones["datasets"][1]["hits"], json!([{ "place": "column", "column": "phone" }]));
    let both = check("PHONE loyalty", &["crm_members"]).await;
    assert_eq!(names(&both), ["crm_members"]);
    check("member-data@membrane.example", &["crm_members"]).await;
    assert!(names(&check("活跃", &["member_tags"]).await).contains(&"member_tags"));
    assert_eq!(names(&check("nothinglikethis", &[]).await), Vec::<&str>::new());
    let (status, told) = world.send(OLGA, "/v1/catalog?search=%20", None).await;
    assert_eq!((status, &told["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")));
    let many = "a+".repeat(40);
    assert_eq!(
        world.send(OLGA, &format!("/v1/catalog?search={many}"), None).await.0,
        StatusCode::BAD_REQUEST
    );
}

const NOTES: &str = r#"
apiVersion: v3.0.2
kind: DataContract
id: urn:membrane:contract:call_notes
name: Call notes
version: 1.2.0
status: active
domain: service
team: [{ username: desk@membrane.example, role: owner }]
slaProperties: [{ property: frequency, value: 1, unit: d }]
schema:
  - name: call_notes
    physicalType: table
    description: What was said on the phone.
    properties:
      - name: note_id
        description: The note.
        logicalType: string
        required: true
        classification: technical
        customProperties: [{ property: membrane.protection, value: clear }]
"#;

fn with_notes(folder: &Path) -> String {
    let catalog = folder.join("catalog");
    copy(&repository().join("catalog"), &catalog);
    std::fs::write(catalog.join("contracts/call_notes.yaml"), NOTES).unwrap();
    catalog.display().to_string()
}

/// A contract that was taken out: what is there of it is said, and nothing else is kept from being shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_vanished_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let dir = with_notes(folder.path());
    let World { dir, hub } = World::with(move |config| config.catalog.dir = dir).await;
    let world = World { dir, hub };
    let path = world.write("notes.csv", "note_id\nn1\nn2\n");
    world.ingest("call_notes", &path).await.unwrap();
    let served = catalog(&world, OLGA, "/call_notes").await;
    assert_eq!(
        (&served["dataset"]["facts"]["late"], &served["dataset"]["facts"]["rows"]),
        (&json!(false), &json!(2))
    );
    let World { dir, hub } = world;
    let clock = Arc::clone(hub.clock());
    drop(hub);
    let hub = Hub::open(&configuration(dir.path()), clock).await.unwrap();
    let world = World { dir, hub: Arc::new(hub) };
    let told = catalog(&world, OLGA, "").await;
    assert_eq!(names(&told).len(), 11);
    let gone = catalog(&world, OLGA, "/call_notes").await;
    let dataset = &gone["dataset"];
    assert_eq!((&dataset["standing"], &dataset["version"]), (&json!("gone"), &json!("1.2.0")), "{gone}");
    assert_eq!((&dataset["owner"], &dataset["facts"]["rows"]), (&json!("desk@membrane.example"), &json!(2)));
    assert_eq!(gone["columns"][0]["name"], json!("note_id"));
    assert_eq!(names(&catalog(&world, OLGA, "?search=note_id").await), ["call_notes"]);
    let column = catalog(&world, OLGA, "/call_notes/note_id").await;
    assert_eq!(
        (&column["column"]["name"], &column["readers"]),
        (&json!("note_id"), &Value::Null),
        "{column}"
    );
    let rows =
        world.look("SELECT dataset, standing, rows FROM system.datasets WHERE standing = 'gone'").await;
    assert_eq!(rows, [["call_notes", "gone", "2"]]);
    // To others it never was.
    let told = catalog(&world, "analyst:lee", "?purpose=marketing_analysis").await;
    assert!(!names(&told).contains(&"call_notes"));
    let hidden = world.send("analyst:lee", "/v1/catalog/call_notes?purpose=marketing_analysis", None).await;
    assert_eq!(hidden.0, StatusCode::NOT_FOUND);
}

#[test]
fn the_command_line_shows_finds_and_says_where_the_record_ends() {
    let program = Program::new();
    // Nothing was published yet: the files are there.
    let mut unpublished = program.command(&["catalog", "show", "crm_members"]);
    let files = output(unpublished.env_remove(SERVE));
    let (told, note) = (String::from_utf8_lossy(&files.stdout), String::from_utf8_lossy(&files.stderr));
    assert!(
        files.status.success() && told.contains("sealed+token") && note.contains("files in"),
        "{told} {note}"
    );
    program.ok(&["keys", "init"]);
    std::fs::write(
        program.path("stores.csv"),
        "store_id,name,city,region,opened_on\nS001,One,上海,SH,2020-01-02\n",
    )
    .unwrap();
    program.ok(&["ingest", "dim_stores", "stores.csv"]);
    let list = program.ok(&["catalog", "show"]);
    fits(&list);
    assert!(list.contains("dim_stores") && list.contains("pos_order_lines"), "{list}");
    let page = program.ok(&["catalog", "show", "crm_members"]);
    for part in
        ["member-data@membrane.example", "legal basis", "3 y", "analyst:ana", "sealed+token", "in a release"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    let column = program.ok(&["catalog", "show", "crm_members.phone"]);
    assert!(column.contains("pii.phone") && column.contains("partial 1"), "{column}");
    let found = program.ok(&["catalog", "search", "pii.phone", "member"]);
    assert!(found.contains("crm_members") && !found.contains("dim_stores"), "{found}");
    let json = program.json(&["catalog", "show", "dim_stores"]);
    assert_eq!(json["dataset"]["facts"]["rows"], json!(1));
    let hers = program.ok(&["catalog", "show", "--as", "analyst:ana", "--purpose", "marketing_analysis"]);
    assert!(hers.contains("dim_stores") && hers.contains(" - "), "{hers}");
    let wrong = program.run(&["catalog", "show", "nothing"]);
    assert_eq!(wrong.status.code(), Some(1));
    let sql = ["sql", "SELECT count(*) AS n FROM system.runs WHERE job LIKE 'show dataset%'", "--as", OLGA];
    assert!(program.json(&sql)["rows"][0]["n"].as_i64() > Some(0));

    // A ledger of a newer version is said to be one, and what the files say is shown.
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                  c.execute(\"INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, 1, checksum, execution_time \
                  FROM _sqlx_migrations WHERE version = 1\"); c.commit()";
    let ledger = program.path(".membrane/ledger.sqlite");
    assert!(Command::new("python3").args(["-c", script]).arg(&ledger).status().unwrap().success());
    let newer = program.run(&["catalog", "show"]);
    let (told, note) = (String::from_utf8_lossy(&newer.stdout), String::from_utf8_lossy(&newer.stderr));
    assert!(newer.status.success() && told.contains("crm_members"), "{told} {note}");
    assert!(note.contains("newer version") && note.contains("the record is not looked at"), "{note}");
    // For somebody else nothing is decided without a record.
    let refused = program.run(&["catalog", "show", "--as", "analyst:ana", "--purpose", "marketing_analysis"]);
    assert!(!refused.status.success() && refused.stdout.is_empty());
}
