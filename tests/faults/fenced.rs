//! A hub that was stopped while it took a source in, and wakes up after another has taken over: it adds nothing.
//!
//! The first hub's request waits in the proxy, the hub is stopped as if its machine were suspended, its hold on the source runs out, and
//! a second hub on the same ledger takes in what is there. Then the first goes on, and so does its request.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::proxy::{Fault, Proxy};
use super::store::Store;
use crate::backends::{on_s3, postgres};
use crate::policy::copy;
use crate::program::{Program, text};
use crate::world::repository;

/// Two hubs on one ledger, one key and one bucket; the first reaches it through the proxy.
struct Pair {
    store: Store,
    proxy: Proxy,
    first: Program,
    second: Program,
    catalog: PathBuf,
}

impl Pair {
    fn new(source: &str) -> Self {
        let store = Store::moto();
        let proxy = Proxy::start(&store.endpoint, 1);
        let first = on_s3(&proxy.endpoint);
        let catalog = first.path("catalog");
        copy(&repository().join("catalog"), &catalog);
        std::fs::create_dir_all(catalog.join("sources")).unwrap();
        std::fs::write(catalog.join("sources/stores.yaml"), source).unwrap();
        let second = on_s3(&store.endpoint)
            .with_env("MEMBRANE__LEDGER__URL", text(&first.path(".membrane/ledger.sqlite")))
            .with_env("MEMBRANE__KEYS__FILE", text(&first.path(".membrane/root.key")));
        let pair = Self { store, proxy, first, second, catalog };
        // Both have opened it once: the store has proved itself to each.
        pair.look(&pair.first, &["runs"]);
        pair.look(&pair.second, &["runs"]);
        pair
    }

    fn command(&self, program: &Program, words: &[&str]) -> Command {
        let mut command = program.command(words);
        // The first of two catalogs that are named is the repository's own.
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut own = program.bare();
        own.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let stop = arguments.iter().position(|argument| argument == "--catalog").unwrap();
        own.args(&arguments[..stop]).arg("--catalog").arg(&self.catalog);
        own.arg("--policies").arg(repository().join("policies"));
        command = own;
        command
    }

    fn look(&self, program: &Program, words: &[&str]) -> Value {
        let output = self.command(program, &[words, &["--json"]].concat()).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn run(&self, program: &Program) -> Value {
        self.look(program, &["source", "run", "stores"])
    }

    /// Starts the first hub and stops it where a request of it waits.
    fn stop_at(&self, part: &'static str) -> Child {
        self.proxy.plan.let_go.store(false, Ordering::SeqCst);
        let before = self.proxy.plan.waiting.load(Ordering::SeqCst);
        self.proxy.aim("PUT", part, &[Fault::Held]);
        let mut child = self
            .command(&self.first, &["source", "run", "stores", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.proxy.plan.waiting.load(Ordering::SeqCst) == before {
            assert!(child.try_wait().unwrap().is_none(), "it ended before its request");
            assert!(Instant::now() < deadline, "it never came to {part}");
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&child, "-STOP");
        child
    }

    /// Lets the first hub and its request go on, and returns what it says.
    fn go_on(&self, child: Child) -> Value {
        self.proxy.plan.let_go.store(true, Ordering::SeqCst);
        signal(&child, "-CONT");
        let output = child.wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The hold's time is over; so may be that after which a silent run is given up.
    fn let_time_pass(&self, long: bool) {
        let runs =
            if long { "db.execute(\"UPDATE run SET seen=0, started=0 WHERE status='open'\");" } else { "" };
        let script = format!(
            "import sqlite3,sys; db=sqlite3.connect(sys.argv[1],timeout=60); db.execute('UPDATE source SET held_until=0'); {runs} db.commit()"
        );
        let ledger = self.first.path(".membrane/ledger.sqlite");
        assert!(Command::new("python3").args(["-c", &script, text(&ledger)]).status().unwrap().success());
    }

    fn count(&self) -> u64 {
        let sql = "SELECT count(*) AS n FROM dim_stores";
        let words = ["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
        self.look(&self.second, &words)["rows"][0]["n"].as_u64().unwrap()
    }

    /// Rows in files that commits of the table name.
    fn commits(&self) -> usize {
        let log = self.store.objects().into_iter();
        log.filter(|(name, _)| name.contains("tables/dim_stores/_delta_log/") && name.ends_with(".json"))
            .count()
    }
}

fn signal(child: &Child, what: &str) {
    assert!(Command::new("kill").args([what, &child.id().to_string()]).status().unwrap().success());
}

fn taken(looked: &Value) -> Vec<(bool, u64)> {
    let list = looked["taken"].as_array().unwrap().iter();
    list.map(|one| (one["already"] == true, one["rows_accepted"].as_u64().unwrap())).collect()
}

fn failed(looked: &Value) -> Vec<String> {
    let list = looked["failed"].as_array().unwrap().iter();
    list.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

/// Where the first hub may be stopped: before its data file is whole, and with its commit on the way.
const STOPS: [&str; 2] =
    ["tables/dim_stores/part-", "tables/dim_stores/_delta_log/00000000000000000001.json"];

#[test]
fn a_piece_of_a_table_is_taken_in_once_though_its_hub_was_overtaken() {
    for stop in STOPS {
        for long in [false, true] {
            let Some(server) = postgres::Server::start() else { return };
            let sql = "CREATE TABLE stores (store_id VARCHAR(10), name VARCHAR(100), city VARCHAR(40), region CHAR(2), opened_on DATE, no BIGINT); \
                       INSERT INTO stores SELECT 'S' || n, 'N', 'Shanghai', 'SH', '2020-01-02', n FROM generate_series(101, 110) n";
            let psql = |sql: &str| {
                let words = ["--quiet", "--command", sql, &server.url("postgres")];
                assert!(Command::new("psql").args(words).output().unwrap().status.success());
            };
            psql(sql);
            let secret = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(secret.path(), format!("{}\n", server.url("postgres"))).unwrap();
            let pair = Pair::new(&format!(
                "description: Stores.\ndataset: dim_stores\nkind: postgresql\nurl: {{ file: {} }}\ntable: stores\ntake: incremental\ncursor: no\n",
                secret.path().display()
            ));
            let child = pair.stop_at(stop);
            pair.let_time_pass(long);
            // Another row is there by now: the second hub's piece is another one, from the same position on.
            psql("INSERT INTO stores VALUES ('S111', 'N', 'Shanghai', 'SH', '2020-01-02', 111)");
            let second = pair.run(&pair.second);
            assert_eq!((taken(&second), failed(&second)), (vec![(false, 11)], vec![]), "{stop}: {second}");
            let first = pair.go_on(child);
            assert_eq!(taken(&first), vec![], "{stop} {long}: {first}");
            let code = failed(&first).join(" ");
            assert!(code == "source_overtaken" || (long && !code.is_empty()), "{stop} {long}: {first}");
            assert_eq!((pair.count(), pair.commits()), (11, 2), "{stop} {long}");
            let again = pair.run(&pair.first);
            assert_eq!((taken(&again), failed(&again)), (vec![], vec![]), "{stop} {long}");
        }
    }
}

#[test]
fn a_file_is_taken_in_once_though_its_hub_was_overtaken() {
    for stop in STOPS {
        let inbox = tempfile::tempdir().unwrap();
        let rows: String = (101..111).map(|id| format!("S{id},N,Shanghai,SH,2020-01-02\n")).collect();
        std::fs::write(inbox.path().join("a.csv"), format!("store_id,name,city,region,opened_on\n{rows}"))
            .unwrap();
        let pair = Pair::new(&format!(
            "description: Stores.\ndataset: dim_stores\nkind: files\nfolder: {}\npattern: '**/*.csv'\nsettle_seconds: 0\n",
            inbox.path().display()
        ));
        let child = pair.stop_at(stop);
        pair.let_time_pass(false);
        assert_eq!(taken(&pair.run(&pair.second)), vec![(false, 10)], "{stop}");
        let first = pair.go_on(child);
        assert_eq!((taken(&first), failed(&first)), (vec![(true, 0)], vec![]), "{stop}: {first}");
        assert_eq!((pair.count(), pair.commits()), (10, 2), "{stop}");
    }
}
