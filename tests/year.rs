//! A dirty year of all channels: it comes in from folders, matches what its senders counted, to the row and to the cent, is explained where
//! it is bad, adds nothing the second time, and shows nobody to programs that read the tables without the hub.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::policy::copy;
use crate::program::{Program, installed, text};
use crate::world::{files_with, repository};

fn readers(words: &[&str]) -> String {
    let script = repository().join("tests/year/readers.py");
    let output = Command::new(installed("", "python")).arg(script).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The year's hub: a source for each channel.
struct Year {
    program: Program,
    catalog: PathBuf,
    inbox: PathBuf,
    sample: Value,
}

impl Year {
    fn new(members: u32, dirty: &str) -> Self {
        let program = Program::new();
        program.ok(&["keys", "init"]);
        let (inbox, catalog) = (program.path("inbox"), program.path("catalog"));
        let members = members.to_string();
        let words =
            ["sample", "--members", &members, "--seed", "12", "--dirty-rate", dirty, "--out", "inbox"];
        let sample = program.json(&words);
        std::fs::rename(inbox.join("ground-truth"), program.path("truth")).unwrap();
        readers(&["totals", text(&inbox)]);
        copy(&repository().join("catalog"), &catalog);
        std::fs::create_dir_all(catalog.join("sources")).unwrap();
        for file in sample["files"].as_array().unwrap() {
            let (dataset, name) = (file["dataset"].as_str().unwrap(), file["name"].as_str().unwrap());
            let source = format!(
                "description: The year's {dataset}.\ndataset: {dataset}\nkind: files\nfolder: {}\npattern: '{name}'\n\
                 settle_seconds: 0\ncontrol_suffix: .control.json\n",
                inbox.display()
            );
            std::fs::write(catalog.join(format!("sources/{dataset}.yaml")), source).unwrap();
        }
        Self { program, catalog, inbox, sample }
    }

    fn json(&self, words: &[&str]) -> Value {
        let mut command = self.program.bare();
        command.args(words).arg("--json").arg("--catalog").arg(&self.catalog);
        let output = command.arg("--policies").arg(repository().join("policies")).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn files(&self) -> impl Iterator<Item = &Value> {
        self.sample["files"].as_array().unwrap().iter()
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// Kinds of dirt that are no fault of a row: it is taken in.
const HARMLESS: [&str; 1] = ["late"];

#[test]
fn a_dirty_year_is_accounted_for() {
    let year = Year::new(300, "0.05");
    let mut accepted = BTreeMap::new();
    for file in year.files() {
        let dataset = file["dataset"].as_str().unwrap();
        let looked = year.json(&["source", "run", dataset]);
        let [taken] = looked["taken"].as_array().unwrap().as_slice() else { panic!("{dataset}: {looked}") };
        // What the generator wrote, dirt and all, is what was read, and what it spoiled is what was set aside.
        let dirty = file["dirty"].as_object().unwrap().iter();
        let broken: u64 =
            dirty.filter(|(kind, _)| !HARMLESS.contains(&kind.as_str())).map(|(_, rows)| number(rows)).sum();
        assert_eq!(number(&taken["rows_read"]), number(&file["rows"]), "{dataset}");
        assert_eq!(number(&taken["rows_quarantined"]), broken, "{dataset}: {taken}");
        let wanted = if dataset.starts_with("pos_") { vec!["rows", "amount"] } else { vec!["rows"] };
        assert_eq!(taken["totals_agree"], serde_json::json!(wanted), "{dataset}: {taken}");
        accepted.insert(dataset.to_owned(), number(&taken["rows_accepted"]));

        // Every bad row is explained.
        let listed = year.json(&["quarantine", "list", dataset]);
        let listed = listed["set_aside"].as_array().unwrap_or_else(|| panic!("{listed}"));
        assert_eq!(listed.iter().map(|group| number(&group["rows"])).sum::<u64>(), broken, "{dataset}");
        assert!(listed.iter().all(|group| !group["reasons"].as_str().unwrap().is_empty()));
        // A second run adds nothing.
        assert_eq!(year.json(&["source", "run", dataset])["taken"], serde_json::json!([]), "{dataset}");
    }
    let quality = year.json(&["quality"]);
    let days = quality["days"].as_array().unwrap();
    assert_eq!(days.len(), year.files().count());
    assert!(days.iter().all(|day| day["totals"]["agree"] == 1 && day["totals"]["differ"] == 0), "{quality}");

    // Nobody's reader sees anybody.
    let data = year.program.path(".membrane/data");
    let told: Value = serde_json::from_str(&readers(&["read", text(&data), text(&year.inbox)])).unwrap();
    assert!(number(&told["identifiers"]) > 1_000, "{told}");
    for (dataset, rows) in &accepted {
        let table = told
            .as_object()
            .unwrap()
            .iter()
            .find(|(name, _)| name.ends_with(dataset.as_str()) && !name.contains("quarantine"));
        let (_, table) = table.unwrap_or_else(|| panic!("no table of {dataset}: {told}"));
        assert_eq!((number(&table["polars"]), number(&table["duckdb"])), (*rows, *rows), "{dataset}");
    }
    let tables = told.as_object().unwrap().values().filter(|table| table.is_object());
    assert!(tables.clone().count() >= 2 * accepted.len() - 2, "quarantines too: {told}");
    assert!(tables.clone().all(|table| table["leaks"] == serde_json::json!([])), "{told}");
    let members = std::fs::read_to_string(year.inbox.join("crm_members.csv")).unwrap();
    for line in members.lines().skip(1).step_by(60) {
        for field in line.split(',').filter(|field| field.len() >= 11).take(4) {
            let files = files_with(&year.program.path(".membrane"), field);
            assert_eq!(files, Vec::<PathBuf>::new(), "a field of {} bytes", field.len());
        }
    }
}
