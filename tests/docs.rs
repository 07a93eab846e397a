//! What the pages show works as they show it.

use membrane::flow::{self, ReleaseRequest};
use membrane_query::mask_docs;

use crate::program::Program;
use crate::world::{self, small};

/// The blocks of a page that are fenced as this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(world::repository().join("docs").join(page)).unwrap();
    let fence = format!("```{language}\n");
    let found: Vec<String> =
        text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
    assert!(!found.is_empty(), "{page} has no block of {language}");
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_partners_page_have_a_price() {
    let world = small::world().await;
    for sql in blocks("partners.md", "sql") {
        let request = ReleaseRequest { sql: sql.clone(), dry_run: true, ..ReleaseRequest::default() };
        let told = flow::release(&world.ctx("partner:acme"), &world.hub, request).await;
        assert!(told.is_ok_and(|told| told.price.rho_nano > 0), "{sql}");
    }
}

/// The small catalog of one page and the small policies of the other are a hub.
#[test]
fn the_small_hub_of_the_pages_works() {
    let program = Program::new();
    let write = |name: &str, text: &str| {
        let path = program.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for text in blocks("contracts.md", "yaml") {
        let name = text.lines().next().unwrap().trim_start_matches("# ");
        write(name, &text);
    }
    let schema = std::fs::read_to_string(world::repository().join("policies/membrane.cedarschema")).unwrap();
    write("policies/membrane.cedarschema", &schema);
    write("policies/visits.cedar", &blocks("policies.md", "text")[0]);
    write("policies/principals.json", blocks("policies.md", "json").last().unwrap());
    write(
        "visits.csv",
        "visit_id,card_no,phone,born_on,region,spent,visited_at\n\
         v1,AB12345678,+8613800138001,1990-05-17,north,12.50,2026-01-02T03:04:05Z\n",
    );
    let here = |words: &[&str]| {
        let own = ["--catalog", "catalog", "--policies", "policies"];
        let mut command = program.bare();
        let output = command.args(words).args(own).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    here(&["catalog", "check"]);
    here(&["policy", "check"]);
    here(&["ingest", "store_visits", "visits.csv"]);
    let analyst = ["--as", "analyst:mei", "--purpose", "store_planning", "--csv"];
    let shown = here(&[&["sql", "SELECT phone, born_on, region FROM store_visits"], &analyst[..]].concat());
    assert!(shown.contains("+86*") && !shown.contains("138001"), "{shown}");
    let partner = ["--as", "partner:acme", "--purpose", "store_planning", "--dry-run"];
    here(
        &[&["release", "SELECT region, SUM(spent) AS s FROM store_visits GROUP BY region"], &partner[..]]
            .concat(),
    );
}

#[test]
fn the_policies_of_the_policies_page_are_those_of_this_repository() {
    let read = |file: &str| std::fs::read_to_string(world::repository().join("policies").join(file)).unwrap();
    let text = read("floor.cedar")
        + &read("break-glass.cedar")
        + &read("delegation.cedar")
        + &read("claims/partners-get-no-personal-data.cedar");
    for policy in blocks("policies.md", "cedar") {
        assert!(text.contains(policy.trim()), "{policy}");
    }
    let cards = read("cards/marketing.yaml") + &read("cases/analysts.yaml");
    for part in blocks("policies.md", "yaml") {
        for line in part.lines() {
            assert!(cards.contains(line), "{line}");
        }
    }
}

/// The commands of the page on lineage, on a hub with deliveries, questions and a release.
#[test]
fn the_questions_about_lineage_are_answered_by_the_commands_of_its_page() {
    let program = Program::new();
    program.ok(&["sample", "--members", "300", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "pos_order_lines", "sample/pos_order_lines.parquet"]);
    let release = "SELECT category, SUM(amount) AS sales FROM pos_order_lines GROUP BY category";
    program.ok(&["release", release, "--as", "partner:acme", "--bounds", "amount=0..300"]);
    let commands = blocks("lineage.md", "sh");
    let mut shown = Vec::new();
    for command in &commands {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        shown.push(program.ok(&words));
    }
    let [up, down, _, _] = shown.as_slice() else { panic!("{commands:?}") };
    assert!(up.contains("pos_order_lines.amount") && up.contains("noise") && !up.contains("pii"), "{up}");
    assert!(down.contains("partner:acme") && down.contains("1 partner"), "{down}");
    let events = std::fs::read_to_string(program.path("all-events.ndjson")).unwrap();
    assert!(events.lines().count() > 4 && !events.contains("acme"), "{events}");
}

/// Every mask is on its page as it describes itself.
#[test]
fn the_masks_page_has_every_mask() {
    let page = std::fs::read_to_string(world::repository().join("docs/masks.md")).unwrap();
    for mask in mask_docs() {
        assert!(page.contains(&format!("| {} | {} |", mask.types, mask.shows)), "{}", mask.name);
        for (value, shown) in
            mask.examples.iter().filter(|(value, _)| !value.is_empty() && !value.contains('\u{301}'))
        {
            let shown = shown.map_or("NULL".to_owned(), |shown| format!("`{shown}`"));
            assert!(
                page.contains(&format!("| `{}` | `{value}` | {shown} |", mask.name)),
                "{} of {value}",
                mask.name
            );
        }
    }
}

/// The tour of the page on the catalog, and its questions to the record.
#[test]
fn the_tour_of_the_catalog_and_its_questions_work() {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    for dataset in ["crm_members.csv", "pos_order_lines.parquet"] {
        let name = dataset.split('.').next().unwrap();
        program.ok(&["ingest", name, &format!("sample/{dataset}")]);
    }
    let purpose = ["--as", "analyst:ana", "--purpose", "marketing_analysis"];
    program.ok(&[&["sql", "SELECT phone FROM crm_members"], &purpose[..]].concat());
    for command in blocks("catalog.md", "sh").iter().flat_map(|block| block.lines()) {
        let quoted: Vec<&str> = command.split('"').collect();
        let words: Vec<&str> = match quoted.as_slice() {
            [plain] => plain.split_whitespace().skip(1).collect(),
            [before, sql, after] => {
                before.split_whitespace().skip(1).chain([*sql]).chain(after.split_whitespace()).collect()
            }
            _ => panic!("{command}"),
        };
        assert!(!program.ok(&words).is_empty(), "{command}");
    }
    for sql in blocks("catalog.md", "sql") {
        let told = program.json(&["sql", &sql, "--as", "compliance:olga"]);
        assert!(told["rows"].is_array(), "{sql}: {told}");
    }
}

/// The question of the page on the log: who saw it, why, and each run counted once.
#[test]
fn who_saw_a_column_is_answered_by_the_command_of_the_page() {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    let purpose = ["--as", "analyst:ana", "--purpose", "marketing_analysis"];
    program.ok(&[&["sql", "SELECT phone FROM crm_members ORDER BY phone LIMIT 3"], &purpose[..]].concat());
    let found = blocks("log.md", "bash");
    let search = |level: &str| {
        let line = found[0].replace("2026-11-01", "2000-01-01").replace("2026-12-01", "2100-01-01");
        let line = line.replace("clear", level);
        program.json(&line.split_whitespace().skip(1).collect::<Vec<_>>())
    };
    assert_eq!(search("clear")["runs"], serde_json::json!([]));
    let seen = search("partial");
    let [run] = seen["runs"].as_array().unwrap().as_slice() else { panic!("{seen}") };
    assert_eq!((&run["principal"], &run["rows_out"]), (&"analyst:ana".into(), &3.into()));
    assert_eq!(run["policies"], serde_json::json!(["marketing.phone"]));
    assert!(seen["policies"][0]["because"].is_string() && run["leaf"].is_u64(), "{seen}");
    let page = found.concat();
    let sql = page.split('"').nth(1).unwrap();
    assert!(sql.contains("c.level = 'clear'") && sql.contains("2026-11-01") && sql.contains("2026-12-01"));
    let ask = |level: &str| {
        let sql = sql.replace("2026-11-01", "2000-01-01").replace("2026-12-01", "2100-01-01");
        program.json(&["sql", &sql.replace("'clear'", level), "--as", "compliance:olga"])
    };
    assert_eq!(ask("'clear'")["rows"], serde_json::json!([]));
    let told = ask("'partial'");
    let [row] = told["rows"].as_array().unwrap().as_slice() else { panic!("{told}") };
    let of = |key: &str| row[key].to_string();
    assert_eq!((of("principal"), of("runs"), of("rows")), ("\"analyst:ana\"".into(), "1".into(), "3".into()));
}

/// Every table of the record is on its page as it describes itself.
#[test]
fn the_catalog_page_has_every_table_of_the_record() {
    let page = std::fs::read_to_string(world::repository().join("docs/catalog.md")).unwrap();
    for table in membrane_query::SystemTable::ALL {
        let (_, rest) = page.split_once(&format!("### system.{}\n", table.name())).unwrap();
        let rest = rest.split("\n###").next().unwrap();
        for column in table.columns() {
            let line = format!("| `{}` | {} | {} |", column.name, column.sql_type(), column.says);
            assert!(rest.contains(&line), "{}: {line}", table.name());
        }
        assert_eq!(rest.matches("\n| `").count(), table.columns().len(), "{}", table.name());
    }
}

/// The tour of the page on reports.
#[test]
fn the_tour_of_reports_works() {
    let program = Program::new();
    program.ok(&["sample", "--members", "60", "--seed", "3", "--out", "sample"]);
    program.ok(&["ingest", "crm_members", "sample/crm_members.csv"]);
    for command in blocks("reports.md", "sh").iter().flat_map(|block| block.lines()) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        assert_eq!(program.ok(&words).is_empty(), words.contains(&"--out"), "{command}");
    }
    assert!(std::fs::read(program.path("processing.pdf")).unwrap().starts_with(b"%PDF"));
}
