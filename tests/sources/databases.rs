//! Tables of real databases: snapshots, pieces by a cursor, and what is said when they do not fit.

use std::process::Command;

use membrane::flow::Asked;

use super::mariadb::MariaDb;
use super::{look, rows, told, world};
use crate::backends::postgres::Server;
use crate::world::{World, files_with};

/// What both databases are asked, in their own words.
trait Shop {
    fn kind(&self) -> &'static str;
    fn url(&self) -> String;
    fn run(&self, sql: &str);
    /// How an instant is typed.
    fn instant(&self) -> &'static str;
}

impl Shop for MariaDb {
    fn kind(&self) -> &'static str {
        "mysql"
    }

    fn url(&self) -> String {
        Self::url(self)
    }

    fn run(&self, sql: &str) {
        Self::run(self, &format!("USE shop; SET time_zone = '+00:00'; {sql}"));
    }

    fn instant(&self) -> &'static str {
        "DATETIME(6)"
    }
}

impl Shop for Server {
    fn kind(&self) -> &'static str {
        "postgresql"
    }

    fn url(&self) -> String {
        Self::url(self, "postgres")
    }

    fn run(&self, sql: &str) {
        let words = ["--quiet", "--set", "ON_ERROR_STOP=1", "--command", sql, &self.url("postgres")];
        let output = Command::new("psql").args(words).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn instant(&self) -> &'static str {
        "TIMESTAMPTZ"
    }
}

fn stores(shop: &dyn Shop, take: &str) -> (String, tempfile::NamedTempFile) {
    // The URL is found in a file.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", shop.url())).unwrap();
    let text = format!(
        "description: Stores.\ndataset: dim_stores\nkind: {}\nurl: {{ file: {} }}\ntable: stores\ncolumns: {{ store_id: id, name: Shop Name }}\n{take}\n",
        shop.kind(),
        file.path().display()
    );
    (text, file)
}

fn table(shop: &dyn Shop, extra: &str) {
    let quote = if shop.kind() == "mysql" { '`' } else { '"' };
    shop.run(&format!(
        "CREATE TABLE stores (id VARCHAR(10), {quote}Shop Name{quote} VARCHAR(100), city VARCHAR(40), region CHAR(4), opened_on DATE{extra})"
    ));
}

async fn names(world: &World) -> String {
    let batches = world.query("analyst:lee", "SELECT name FROM dim_stores ORDER BY name").await.unwrap();
    let mut names = Vec::new();
    for batch in batches {
        let column = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8).unwrap();
        let column = column.as_any().downcast_ref::<arrow::array::StringArray>().unwrap();
        names.extend(column.iter().flatten().map(str::to_owned));
    }
    names.join("; ")
}

/// A snapshot takes the place of the one before; one that is the same adds nothing.
async fn check_snapshots(shop: &dyn Shop) {
    table(shop, "");
    let (text, _file) = stores(shop, "take: snapshot");
    let world = world(&[("stores", &text)]).await;
    shop.run("INSERT INTO stores VALUES ('S101', 'say \"hi\", 北', 'Shanghai', 'SH', '2020-01-02'), ('S102', 'a\nb', 'Beijing', 'BJ', NULL), ('bad', 'x', 'y', 'ZZ', NULL)");
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 1 + 2"]);
    assert_eq!(names(&world).await, "say \"hi\", 北");
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 0 + 0 again"]);
    shop.run("UPDATE stores SET opened_on = '2021-02-03' WHERE id = 'S102'");
    shop.run("DELETE FROM stores WHERE id IN ('bad', 'S101')");
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 1 + 0"]);
    assert_eq!(names(&world).await, "a\nb");
    // What was there before comes again: it is no repetition now.
    shop.run("INSERT INTO stores VALUES ('S101', 'say \"hi\", 北', 'Shanghai', 'SH', '2020-01-02')");
    shop.run("DELETE FROM stores WHERE id = 'S102'");
    assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 1 + 0"]);
    assert_eq!(names(&world).await, "say \"hi\", 北");
    shop.run("DROP TABLE stores");
    let gone = look(&world.hub, "stores", Asked::OnTime).await;
    assert_eq!(told(gone), ["table: source_unfit", "held up"]);
    assert_eq!(rows(&world).await, 1, "what is gone there stays here");
}

/// Rows after the last ones, by a number and by an instant; each once, whoever looks and however often.
async fn check_pieces(shop: &dyn Shop) {
    table(shop, &format!(", no BIGINT, changed {}", shop.instant()));
    let (by_number, _one) = stores(shop, "take: incremental\ncursor: no");
    let (by_instant, _two) = stores(shop, "take: incremental\ncursor: changed\nsettle_seconds: 3600");
    let row = |number: i64, changed: &str| {
        format!(
            "INSERT INTO stores VALUES ('S{}', 'N{number}', 'Shanghai', 'SH', '2020-01-02', {number}, {changed})",
            100 + number
        )
    };
    for (text, name) in [(&by_number, "number"), (&by_instant, "instant")] {
        shop.run("DELETE FROM stores");
        let world = world(&[("stores", text)]).await;
        assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), Vec::<String>::new(), "{name}");
        shop.run(&row(1, "'2025-01-01 10:00:00.000001'"));
        shop.run(&row(2, "'2025-01-01 10:00:00.000002'"));
        assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 2 + 0"], "{name}");
        assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), Vec::<String>::new(), "{name}");
        shop.run(&row(3, "'2025-01-01 10:00:00.000003'"));
        // An old row that changes is no new row; one without a place is never read; a young one waits.
        shop.run("UPDATE stores SET city = 'Beijing' WHERE no = 1");
        shop.run("INSERT INTO stores VALUES ('S199', 'N', 'Shanghai', 'SH', '2020-01-02', NULL, NULL)");
        if name == "instant" {
            shop.run(&row(4, "CURRENT_TIMESTAMP"));
        }
        assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), ["table: 1 + 0"], "{name}");
        assert_eq!(names(&world).await, "N1; N2; N3", "{name}");

        // A ledger that lags behind: the table's log knows what is there.
        let lagging = membrane_ledger::SourceFile {
            file: "position".to_owned(),
            state: "0".to_owned(),
            fault: None,
            tries: 1,
            run: None,
            seen: chrono::DateTime::UNIX_EPOCH,
        };
        world.hub.ledger().note_file(&"stores".parse().unwrap(), &lagging).await.unwrap();
        assert_eq!(told(look(&world.hub, "stores", Asked::OnTime).await), Vec::<String>::new(), "{name}");
        assert_eq!(rows(&world).await, 3, "{name}");
    }
    shop.run("DROP TABLE stores");
}

/// The database counts in the transaction in which it is read, and what is taken in and set aside is that.
async fn check_totals(shop: &dyn Shop) {
    shop.run(
        "CREATE TABLE goods (product_id VARCHAR(10), name VARCHAR(40), category VARCHAR(20), brand VARCHAR(20), \
         price DECIMAL(12,2), no BIGINT)",
    );
    let row = |number: i64, price: &str| {
        format!("INSERT INTO goods VALUES ('P0000{number}', 'Tea', 'tea_coffee', 'Leaf', {price}, {number})")
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), shop.url()).unwrap();
    let source = |take: &str| {
        format!(
            "description: Goods.\ndataset: dim_products\nkind: {}\nurl: {{ file: {} }}\ntable: goods\ncontrol_sums: [price]\n{take}\n",
            shop.kind(),
            file.path().display()
        )
    };
    let pieces = source("take: incremental\ncursor: no");
    for (text, is_snapshot) in [(source("take: snapshot"), true), (pieces, false)] {
        shop.run("DELETE FROM goods");
        let world = world(&[("goods", &text)]).await;
        shop.run(&row(1, "12.50"));
        // Below the least price: it is set aside, and counts all the same.
        shop.run(&row(2, "-2.25"));
        assert_eq!(told(look(&world.hub, "goods", Asked::OnTime).await), ["table: 1 + 1"]);
        shop.run(&row(3, "1.00"));
        let rows = if is_snapshot { "table: 2 + 1" } else { "table: 1 + 0" };
        assert_eq!(told(look(&world.hub, "goods", Asked::OnTime).await), [rows]);
        let mut totals = super::totals::figures(&world, "dim_products").await;
        // The clock of a test stands still, so that deliveries have no order.
        totals.sort();
        let first = ["rows agrees 2 = 1 + 1", "price agrees ? = 12.50 + ?"];
        let second = if is_snapshot {
            ["rows agrees 3 = 2 + 1", "price agrees ? = 13.50 + ?"]
        } else {
            ["rows agrees 1 = 1 + 0", "price agrees 1.00 = 1.00 + 0.00"]
        };
        let mut wanted = [second, first].concat();
        wanted.sort_unstable();
        assert_eq!(totals, wanted, "{text}");
    }
    shop.run("DROP TABLE goods");
}

async fn check_faults(shop: &dyn Shop) {
    shop.run("CREATE TABLE stores (id VARCHAR(10), city VARCHAR(40))");
    let (text, _one) = stores(shop, "take: incremental\ncursor: city");
    let world = world(&[
        ("stores", &text),
        ("typed", &text.replace(", name: Shop Name", ", name: city, region: city, opened_on: city")),
        ("away", &text.replace("file: ", "file: /nowhere")),
    ])
    .await;
    let message = |outcome: Result<membrane::flow::Looked, membrane::error::Failure>| match outcome {
        Ok(looked) => looked.failed.iter().map(|failed| failed.failure.error.to_string()).collect::<String>(),
        Err(failure) => failure.error.to_string(),
    };
    let missing = message(look(&world.hub, "stores", Asked::OnTime).await);
    assert_eq!(missing, "the table lacks columns: name, region, opened_on");
    let typed = message(look(&world.hub, "typed", Asked::OnTime).await);
    assert!(
        typed.starts_with("the cursor is of type ")
            && typed.ends_with("a whole number or an instant is wanted"),
        "{typed}"
    );
    let away = message(look(&world.hub, "away", Asked::OnTime).await);
    assert!(away.ends_with("cannot be read: entity not found"), "{away}");
    shop.run("DROP TABLE stores");
    // The password is nowhere.
    assert_eq!(files_with(world.dir.path(), &shop.url()), Vec::<std::path::PathBuf>::new());
}

async fn check(shop: &dyn Shop) {
    check_snapshots(shop).await;
    check_pieces(shop).await;
    check_totals(shop).await;
    check_faults(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_a_source() {
    let Some(server) = Server::start() else { return };
    Box::pin(check(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_is_a_source() {
    Box::pin(check(&MariaDb::start())).await;
}
