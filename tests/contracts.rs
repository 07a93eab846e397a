//! Contracts that change while rows are there: what is new is nothing in old rows, what breaks is refused with what changed, and
//! every revision is kept.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use membrane::config::Config;
use membrane::flow::{self, IngestRequest, PublishRequest, ReleaseRequest};
use membrane::{Hub, OpenError};
use membrane_ingest::{Format, InputSource, Reading, Silent};
use membrane_ledger::DocumentKind;
use membrane_model::{DatasetName, FixedClock};

use crate::policy::copy;
use crate::program::{Program, text};
use crate::reuse::{Changing, ask, plain};
use crate::world::{World, repository};

/// The columns of the gallery that rows need not have, behind those that they must.
fn full() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("masks/catalog/contracts/gallery.yaml");
    fs::read_to_string(here).unwrap()
}

/// The gallery before it had most of its columns.
fn small() -> String {
    full().split("      - name: phone\n").next().unwrap().to_owned()
}

/// A hub over the gallery of the masks, with a catalog of its own.
struct Gallery {
    world: World,
    config: Config,
}

impl Gallery {
    async fn new(contract: &str) -> Self {
        let mut config = None;
        let world = World::with(|own| {
            let dir = tempfile::tempdir().unwrap().keep();
            let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("masks");
            copy(&here.join("catalog"), &dir.join("catalog"));
            copy(&here.join("policies"), &dir.join("policies"));
            let schema = repository().join("policies/membrane.cedarschema");
            fs::copy(schema, dir.join("policies/membrane.cedarschema")).unwrap();
            fs::write(dir.join("catalog/contracts/gallery.yaml"), contract).unwrap();
            own.catalog.dir = dir.join("catalog").display().to_string();
            own.policies.dir = dir.join("policies").display().to_string();
            config = Some(own.clone());
        });
        Self { world: world.await, config: config.unwrap() }
    }

    async fn open(&self) -> Result<Arc<Hub>, OpenError> {
        let clock = FixedClock(self.world.hub.clock().now());
        Hub::open(&self.config, Arc::new(clock)).await.map(Arc::new)
    }

    fn write(&self, contract: &str) {
        fs::write(Path::new(&self.config.catalog.dir).join("contracts/gallery.yaml"), contract).unwrap();
    }

    async fn change(&mut self, contract: &str) {
        self.write(contract);
        self.world.hub = self.open().await.unwrap();
    }

    async fn ingest(&self, name: &str, text: &str) {
        let path = self.world.write(name, text);
        let done =
            self.world.ingest("gallery", &path).await.unwrap_or_else(|failure| panic!("{}", failure.error));
        assert_eq!(done.report.rows_quarantined, 0, "{:?}", done.report.reasons);
    }

    /// What an analyst sees but for tokens, which no two hubs have alike.
    async fn seen(&self, analyst: &str) -> Vec<String> {
        let batches = self
            .world
            .query_for(&format!("analyst:{analyst}"), "testing", "SELECT * FROM gallery ORDER BY seq")
            .await;
        let mut rows = Vec::new();
        for batch in batches.unwrap_or_else(|failure| panic!("{analyst}: {}", failure.error)) {
            let schema = batch.schema();
            for row in 0..batch.num_rows() {
                let cells = schema.fields().iter().zip(batch.columns()).filter_map(|(field, cells)| {
                    let is_token = field.name() == "member_no" || matches!(analyst, "opaque" | "ff1");
                    let shown = arrow::util::display::array_value_to_string(cells, row).unwrap();
                    let shown = if cells.is_null(row) { "NULL".to_owned() } else { plain_of(&shown) };
                    (!is_token || shown == "NULL").then(|| format!("{}={shown}", field.name()))
                });
                rows.push(cells.collect::<Vec<_>>().join(" "));
            }
        }
        rows
    }
}

/// A token is like any other.
fn plain_of(shown: &str) -> String {
    let is_token =
        shown.len() == 22 && shown.chars().all(|one| one.is_ascii_alphanumeric() || "-_".contains(one));
    if is_token { "a token".to_owned() } else { shown.to_owned() }
}

const OLD: &str = "seq,member_no\n1,M001\n2,M002\n";
const NEW: &str = "\
seq,member_no,phone,card,email,name,born,joined,seen,points,amount,vip,area
3,M001,13800138001,4111-1111-1111-4444,prashant@gmail.com,欧阳修文,1990-05-17,2024-07-15,2024-07-15T13:45:30Z,37,12.34,true,wtw3sjq6
";

const ANALYSTS: [&str; 15] = [
    "partial",
    "email",
    "mask-alphanum",
    "show-first-4",
    "show-last-4",
    "month",
    "year",
    "width",
    "prefix",
    "geo",
    "age",
    "fixed",
    "opaque",
    "ff1",
    "null",
];

/// To whoever asks, a table that got columns later is one that always had them, and rows without a value in them.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_come_later_are_nothing_in_old_rows_under_every_mask() {
    let mut later = Gallery::new(&small()).await;
    later.ingest("old.csv", OLD).await;
    let always = Gallery::new(&full()).await;
    always.ingest("old.csv", OLD).await;
    // The contract has them, the table not yet.
    later.change(&full()).await;
    for analyst in ANALYSTS {
        assert_eq!(later.seen(analyst).await, always.seen(analyst).await, "{analyst}");
    }
    for sql in [
        "SELECT count(*) FROM gallery WHERE phone IS NULL AND area IS NULL",
        "SELECT count(*) FROM gallery WHERE amount IS NULL OR amount > 3",
    ] {
        let batches = later.world.query_for("analyst:partial", "testing", sql).await.unwrap();
        let cells = batches[0].column(0).as_any().downcast_ref::<arrow::array::Int64Array>().unwrap();
        assert_eq!(cells.value(0), 2, "{sql}");
    }
    for gallery in [&later, &always] {
        gallery.ingest("new.csv", NEW).await;
        // A delivery that knows nothing of them goes on.
        gallery.ingest("more.csv", "seq,member_no\n4,M003\n").await;
    }
    for analyst in ANALYSTS {
        let seen = later.seen(analyst).await;
        assert_eq!(seen, always.seen(analyst).await, "{analyst}");
        assert_eq!(seen.len(), 4);
    }
    let version = |gallery: &Gallery| gallery.world.dir.path().join("data/tables/gallery/_delta_log");
    assert!(version(&later).join("00000000000000000002.json").exists(), "the columns came with the rows");
}

const LINES: &str = "catalog/contracts/pos_order_lines.yaml";

fn with_columns(before: &str) -> String {
    let columns = "      - name: promotion\n        logicalType: string\n        classification: business\n        customProperties:\n          \
         - { property: membrane.protection, value: clear }\n          - { property: membrane.enumeration, value: [spring, autumn] }\n      \
         - name: saved\n        logicalType: number\n        physicalType: decimal(12,2)\n        classification: transaction\n        customProperties:\n          \
         - { property: membrane.protection, value: clear }\n          - { property: membrane.privacy.bounds, value: [0, 50] }\n";
    format!("{}\n{columns}", before.trim_end())
}

/// A partner's question of a column that no row has yet is answered, and goes on when rows come.
#[tokio::test(flavor = "multi_thread")]
async fn releases_go_on_over_a_column_that_came_later() {
    let mut hub = Changing::populated(200).await;
    // One row of each member: the noise is that of a few rows, far below what is asserted.
    let question = || ReleaseRequest {
        groups_max: Some(1),
        rows_max: Some(1),
        epsilon: Some(1.0),
        ..plain("SELECT COUNT(*) AS n, SUM(saved) AS s FROM pos_order_lines")
    };
    let contract = fs::read_to_string(hub.world.dir.path().join(LINES)).unwrap();
    hub.change(LINES, &contract, &with_columns(&contract)).await;
    let number = |released: &flow::Released, name: &str| -> f64 {
        let answer = released.answer.as_ref().unwrap();
        let place = answer.columns.iter().position(|one| one.name == name).unwrap();
        answer.rows[0][place].as_ref().map_or(0.0, |cell| cell.parse().unwrap())
    };
    let empty = ask(&hub.world, "partner:acme", question()).await;
    assert!(number(&empty, "n") > 50.0 && number(&empty, "s").abs() < 3_000.0, "{:?}", empty.answer);
    // Lines of members whom nobody had before.
    let header = "order_id,line_no,member_no,pay_account,store_id,region,product_id,category,quantity,amount,ordered_at,ordered_month,buyer_is_minor";
    let line = |number: u32, more: &str| {
        format!(
            "ONEW0000{number:06},1,M8{number:07},6222027777001233,S001,SH,P00001,snacks,1,12.50,2025-03-04T05:06:07Z,2025-03,false{more}\n"
        )
    };
    let with: String = (0..400).map(|number| line(number, ",spring,40.00")).collect();
    let path = hub.world.write("with.csv", &format!("{header},promotion,saved\n{with}"));
    let done = hub.world.ingest("pos_order_lines", &path).await.unwrap();
    assert_eq!(
        (done.report.rows_accepted, done.report.rows_quarantined),
        (400, 0),
        "{:?}",
        done.report.reasons
    );
    let after = ask(&hub.world, "partner:acme", question()).await;
    assert!((300.0..500.0).contains(&(number(&after, "n") - number(&empty, "n"))), "{:?}", after.answer);
    assert!((13_000.0..19_000.0).contains(&number(&after, "s")), "{:?}", after.answer);
}

fn dataset() -> DatasetName {
    "gallery".parse().unwrap()
}

async fn ingest(hub: &Hub, world: &World, path: &Path) -> Result<(), &'static str> {
    let request = IngestRequest {
        dataset: dataset(),
        reader: InputSource::File(path.to_path_buf()),
        format: Format::Csv,
        reading: Reading::default(),
        source: None,
        control: None,
    };
    let done = flow::ingest(&world.ctx("service:ingestor"), hub, request, &Silent).await;
    done.map(|_| ()).map_err(|failure| {
        let told = failure.error.to_string();
        assert!(told.contains("column `phone`: protection: sealed+token -> sealed"), "{told}");
        assert!(told.contains("put back what changed"), "{told}");
        failure.error.code()
    })
}

/// The full contract, by which `phone` is kept otherwise.
fn broken() -> String {
    let broken = full().replacen(
        "value: \"sealed+token\" }\n      - name: card",
        "value: \"sealed\" }\n      - name: card",
        1,
    );
    assert_ne!(broken, full());
    broken
}

/// A revision is written down before its rows come, and they may never come: rows need not be of the one that was written last.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_of_the_revision_that_they_say() {
    let gallery = Gallery::new(&full()).await;
    let path = gallery.world.write("bad.csv", "nothing\n1\n");
    let fails = async |hub: &Hub| {
        let request = IngestRequest {
            dataset: dataset(),
            reader: InputSource::File(path.clone()),
            format: Format::Csv,
            reading: Reading::default(),
            source: None,
            control: None,
        };
        let done = flow::ingest(&gallery.world.ctx("service:ingestor"), hub, request, &Silent).await;
        assert_eq!(done.unwrap_err().error.code(), "input_columns");
    };
    fails(&gallery.world.hub).await;
    gallery.write(&broken());
    let other = gallery.open().await.unwrap();
    fails(&other).await;
    let kept = other.ledger().documents_about(DocumentKind::Contract, "gallery").await.unwrap();
    assert_eq!(kept.len(), 2, "both were written down");
    gallery.ingest("new.csv", NEW).await;
    let refused = gallery.open().await.unwrap_err().to_string();
    assert!(refused.contains("is not one that its rows can be of"), "{refused}");
}

/// Two hubs that found no row disagree: the first rows decide. From then on nobody opens a hub with the other contract.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_breaks_rows_is_refused() {
    let gallery = Gallery::new(&full()).await;
    gallery.write(&broken());
    let other = gallery.open().await.unwrap();
    gallery.ingest("new.csv", NEW).await;
    let path = gallery.world.write("other.csv", "seq,member_no\n9,M009\n");
    assert_eq!(ingest(&other, &gallery.world, &path).await, Err("schema_changed"));
    let refused = gallery.open().await.unwrap_err().to_string();
    assert!(refused.contains("the contract of `gallery` is not one that its rows can be of"), "{refused}");
    assert!(refused.contains("column `phone`: protection"), "{refused}");
    // It is not published either.
    let request = PublishRequest {
        catalog: gallery.config.catalog.dir.clone().into(),
        policies: gallery.config.policies.dir.clone().into(),
        solver: "cvc5".to_owned(),
        meant: Default::default(),
    };
    let world = &gallery.world;
    let published = flow::publish(&world.ctx("service:ingestor"), &world.hub, &request).await;
    assert_eq!(published.unwrap_err().error.code(), "not_permitted");
    // What lets fewer values pass is meant once the version says so.
    let narrower = full().replacen("logicalType: integer\n        classification: transaction", "logicalType: integer\n        logicalTypeOptions: { maximum: 100 }\n        classification: transaction", 1);
    gallery.write(&narrower);
    let refused = gallery.open().await.unwrap_err().to_string();
    assert!(
        refused.contains("column `points`: maximum: 100") && refused.contains("MAJOR version"),
        "{refused}"
    );
    gallery.write(&narrower.replacen("version: 1.0.0", "version: 2.0.0", 1));
    let hub = gallery.open().await.unwrap();
    ingest(&hub, world, &path).await.unwrap();
    // And from then on it is what rows are of: what is wider again is compatible.
    let kept = hub.ledger().documents_about(DocumentKind::Contract, "gallery").await.unwrap();
    assert_eq!(kept.len(), 2);
    gallery.write(&full().replacen("version: 1.0.0", "version: 2.1.0", 1));
    assert!(gallery.open().await.is_ok());
}

/// Each revision is written down once, signed, with the run that first brought rows in by it; what was altered is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_kept() {
    let mut gallery = Gallery::new(&small()).await;
    gallery.ingest("old.csv", OLD).await;
    gallery.ingest("more.csv", "seq,member_no\n3,M003\n").await;
    gallery.change(&full().replacen("version: 1.0.0", "version: 1.1.0", 1)).await;
    gallery.ingest("new.csv", "seq,member_no,phone\n4,M003,1\n").await;
    let ledger = gallery.world.hub.ledger();
    let kept = ledger.documents_about(DocumentKind::Contract, "gallery").await.unwrap();
    assert_eq!(kept.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    let run = ledger.run(&kept[1].run).await.unwrap().unwrap();
    assert_eq!(run.documents.len(), 1, "it is part of the leaf of its run");
    ledger.verify_log().await.unwrap();
    let ctx = gallery.world.ctx("service:ingestor");
    let refused = flow::contract_history(&ctx, &gallery.world.hub, &dataset()).await.unwrap_err();
    assert_eq!(refused.error.code(), "not_permitted");
}

#[test]
fn the_command_line_says_whom_a_change_hurts() {
    let program = Program::new();
    let (before, after) = (program.path("before"), program.path("after"));
    for folder in [&before, &after] {
        copy(&repository().join("catalog"), folder);
        fs::create_dir_all(folder.join("releases")).unwrap();
        fs::create_dir_all(folder.join("sources")).unwrap();
        fs::write(folder.join("releases/monthly.yaml"), crate::standing::MONTHLY).unwrap();
        let source = "description: What tills sold.\ndataset: pos_orders\nkind: files\nfolder: inbox\n";
        fs::write(folder.join("sources/tills.yaml"), source).unwrap();
    }
    let change = |name: &str, from: &str, to: &str| {
        let path = after.join(format!("contracts/{name}.yaml"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    let diff = |more: &[&str]| {
        let mut words = vec!["catalog", "diff", text(&before), text(&after)];
        words.extend(more);
        let output = program.run(&words);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, told) = diff(&[]);
    assert_eq!((code, told.contains("no contract changed")), (Some(0), true), "{told}");
    change("dim_stores", "[SH, BJ, GD, ZJ, JS, SC, HB, SN]", "[SH, BJ, GD, ZJ, JS, SC, HB, SN, HU]");
    let (code, told) = diff(&[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("compatible  column `region`: enumeration: 8 values -> 9 values (0 gone, 1 new)"),
        "{told}"
    );
    assert!(told.contains("these changes make it"), "{told}");
    // Whom it hurts: those who deliver, and those who are told something each month.
    change("pos_orders", "      - name: region", "      - name: area");
    change("pos_orders", "membrane.identity, value: member_no", "membrane.identity, value: card_no");
    let (code, told) = diff(&[]);
    assert_eq!(code, Some(1), "{told}");
    for line in [
        "breaking    column `region`: renamed: `region` -> `area`",
        "breaking    column `member_no`: identity: member_no -> card_no",
        "hurts source `tills`: what it delivers is judged otherwise",
        "hurts standing release `monthly of partner:acme`: it would be refused:",
        "hurts contract `crm_members.member_no`: tokens of `pos_orders.member_no` were made like its own",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    let (_, told) = diff(&["--json"]);
    let json = told.split("\nmembrane:").next().unwrap();
    let found: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(found["breaking"], true);
    let names: Vec<_> =
        found["datasets"].as_array().unwrap().iter().map(|one| one["dataset"].as_str().unwrap()).collect();
    assert_eq!(names, ["dim_stores", "pos_orders"]);
    fs::remove_file(after.join("contracts/social_follows.yaml")).unwrap();
    assert!(diff(&[]).1.contains("social_follows: removed"));
}

#[test]
fn the_command_line_compares_with_the_rows_that_are_there() {
    let program = Program::new();
    fs::write(
        program.path("stores.csv"),
        "store_id,name,city,region,opened_on\nS101,North,Shanghai,SH,2020-01-02\n",
    )
    .unwrap();
    program.ok(&["ingest", "dim_stores", "stores.csv"]);
    let own = program.path("own");
    copy(&repository().join("catalog"), &own);
    let path = own.join("contracts/dim_stores.yaml");
    let contract = fs::read_to_string(&path).unwrap();
    let run = |words: &[&str]| {
        let mut command = program.bare();
        command.args(words).arg("--catalog").arg(&own).arg("--policies").arg(repository().join("policies"));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    assert_eq!(run(&["catalog", "check", "--stored"]).0, Some(0));
    assert_eq!(run(&["catalog", "diff"]).0, Some(0));
    fs::write(&path, contract.replacen("      - name: city", "      - name: town", 1)).unwrap();
    let (code, told) = run(&["catalog", "diff"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("column `city`: renamed: `city` -> `town`"), "{told}");
    let (code, told) = run(&["catalog", "check", "--stored"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("put back what changed"), "{told}");
    assert_eq!(run(&["catalog", "check"]).0, Some(0), "the contract alone is well");
    assert_eq!(run(&["runs"]).0, Some(2), "and nothing is served by it");
    fs::write(&path, contract).unwrap();
    let (code, told) = run(&["catalog", "history", "dim_stores"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("revision 1, version ") && told.contains("which its rows are of"), "{told}");
    let (code, told) = run(&["catalog", "history", "dim_stors"]);
    assert_ne!(code, Some(0), "{told}");
    assert!(
        told.contains("no such dataset; the catalog has `app_events`, ") && told.contains("`dim_stores`"),
        "{told}"
    );

    // Each look at rows or at what is kept is on record, and refused to whoever may not audit.
    let (_, runs) = run(&["runs", "--json"]);
    for (job, times) in [("compare contracts with rows", 2), ("compare contracts", 2)] {
        assert_eq!(runs.matches(&format!("\"{job}\"")).count(), times, "{job}: {runs}");
    }
    for words in [&["catalog", "check", "--stored"][..], &["catalog", "diff"]] {
        let (code, told) = run(&[words, &["--as", "analyst:lee"]].concat());
        assert_ne!(code, Some(0), "{told}");
        assert!(told.contains("not permitted"), "{told}");
    }
}
