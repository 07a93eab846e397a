//! Kills at every step of taking a delivery in: nothing is lost, nothing is there twice, in the table and in the quarantine.
//!
//! Each round delivers a small file of good and bad rows to a source, and kills the program that takes it in: when a given number of files
//! has appeared in the hub's folder, and a moment later. `make kills` does so a thousand times.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::policy::copy;
use crate::program::{Program, number_of};
use crate::world::repository;

const GOOD: u32 = 8;
const BAD: u32 = 2;
/// Rounds when nobody says how many: a thousand take ten minutes.
const ROUNDS: u32 = 24;

const SOURCE: &str = "description: Products, killed at every step.
dataset: dim_products
kind: files
folder: INBOX
settle_seconds: 0
control_suffix: .control.json
";

struct Killed {
    program: Program,
    rounds: u32,
    /// How far the killed ones had come: files of theirs that were there.
    reached: std::collections::BTreeMap<usize, u32>,
}

impl Killed {
    fn new() -> Self {
        let program = Program::new();
        program.ok(&["keys", "init"]);
        std::fs::create_dir(program.path("inbox")).unwrap();
        copy(&repository().join("catalog"), &program.path("catalog"));
        std::fs::create_dir_all(program.path("catalog/sources")).unwrap();
        let text = SOURCE.replace("INBOX", program.path("inbox").to_str().unwrap());
        std::fs::write(program.path("catalog/sources/products.yaml"), text).unwrap();
        Self { program, rounds: 0, reached: std::collections::BTreeMap::new() }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.program.bare();
        command.args(words).arg("--catalog").arg(self.program.path("catalog"));
        command.arg("--policies").arg(repository().join("policies"));
        command
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.command(&[words, &["--json"]].concat()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Puts a file of this round into the inbox, with what it has.
    fn deliver(&mut self) {
        let first = self.rounds * (GOOD + BAD);
        let row = |number: u32| {
            let price = if number < first + GOOD { "1.25" } else { "-1.00" };
            format!("P{number:05},Tea,tea_coffee,Leaf,{price}\n")
        };
        let rows: String = (first..first + GOOD + BAD).map(row).collect();
        let path = self.program.path(&format!("inbox/{:04}.csv", self.rounds));
        let control = self.program.path(&format!("inbox/{:04}.csv.control.json", self.rounds));
        std::fs::write(&path, format!("product_id,name,category,brand,price\n{rows}")).unwrap();
        std::fs::write(control, r#"{"rows": 10, "sums": {"price": "8.00"}}"#).unwrap();
        self.rounds += 1;
    }

    /// Takes in what lies there, and is killed a moment after so many files have appeared.
    fn kill_after(&mut self, files: usize, moment: Duration) {
        self.let_go();
        let hub = self.program.path(".membrane/data");
        let before = files_below(&hub);
        let mut command = self.command(&["source", "run", "products"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while files_below(&hub) < before + files && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let since = Instant::now();
        while since.elapsed() < moment {
            std::thread::yield_now();
        }
        let _ = child.kill();
        if !child.wait().unwrap().success() {
            *self.reached.entry(files_below(&hub) - before).or_default() += 1;
        }
    }

    /// As if the time had passed for which a killed process holds the source.
    fn let_go(&self) {
        let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                      c.execute('UPDATE source SET holder = NULL, held_until = NULL'); c.commit()";
        let ledger = self.program.path(".membrane/ledger.sqlite");
        if ledger.exists() {
            let done = Command::new("python3").args(["-c", script]).arg(ledger).status().unwrap();
            assert!(done.success());
        }
    }

    /// Takes in what is left, and counts.
    fn settle(&self) {
        self.let_go();
        let looked = self.json(&["source", "run", "products"]);
        assert_eq!(looked["failed"], serde_json::json!([]), "{looked}");
        let sql = "SELECT count(*) AS n, count(DISTINCT product_id) AS d FROM dim_products";
        let words = ["sql", sql, "--as", "analyst:lee", "--purpose", "marketing_analysis"];
        let row = &self.json(&words)["rows"][0];
        let good = u64::from(self.rounds * GOOD);
        assert_eq!((row["n"].as_u64(), row["d"].as_u64()), (Some(good), Some(good)), "{:?}", self.reached);
        let listed = self.json(&["quarantine", "list", "dim_products"]);
        let aside: u64 =
            listed["set_aside"].as_array().unwrap().iter().map(|one| one["rows"].as_u64().unwrap()).sum();
        assert_eq!(aside, u64::from(self.rounds * BAD), "{:?}", self.reached);
    }
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

#[test]
fn sources_that_are_killed_at_every_step_lose_and_double_nothing() {
    let rounds = number_of("MEMBRANE_KILLS", ROUNDS);
    let mut killed = Killed::new();
    // The tables are there: what is killed is their commits, not their making.
    killed.deliver();
    killed.settle();
    for round in 0..rounds {
        killed.deliver();
        let moment = Duration::from_micros(u64::from(round % 7) * 700);
        killed.kill_after(usize::try_from(round % 6).unwrap(), moment);
        if round % 100 == 99 {
            killed.settle();
        }
    }
    killed.settle();
    killed.settle();
    assert_eq!(killed.program.run(&["log", "verify"]).status.code(), Some(0));
    let at_work: u32 = killed.reached.values().sum();
    assert!(at_work * 2 > rounds, "most were killed at work: {:?}", killed.reached);
}
