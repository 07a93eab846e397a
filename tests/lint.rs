//! The contracts of this repository, and those that are proposed, are contracts to others too: the linter of `datacontract-cli`
//! takes them. It has the schemas of the standard in it, and needs no network.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Program, installed, text};
use crate::world::repository;

/// Lints all of its files in one process, as `datacontract lint` does each.
const LINT: &str = "
import sys
from datacontract.data_contract import DataContract
for file in sys.argv[1:]:
    run = DataContract(data_contract_file=file).lint()
    print(file, run.result.value, [check.reason for check in run.checks if check.result.value != 'passed'])
";

fn contracts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("contracts")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn lint(files: &[PathBuf]) -> Vec<String> {
    let output =
        Command::new(installed("-contracts", "python")).args(["-c", LINT]).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().filter(|line| !line.ends_with(" passed []")).map(str::to_owned).collect()
}

#[test]
fn others_read_every_contract_of_this_repository() {
    let mut files = Vec::new();
    for folder in [
        "catalog",
        "examples/completejourney/catalog",
        "tests/masks/catalog",
        "tests/standard/catalog",
        "tests/references/catalog",
    ] {
        files.extend(contracts(&repository().join(folder)));
    }
    assert!(files.len() > 18, "{files:?}");
    assert_eq!(lint(&files), Vec::<String>::new());
    // It looks: what is no contract is told.
    let program = Program::new();
    let wrong = program.path("wrong.yaml");
    let contract = std::fs::read_to_string(repository().join("catalog/contracts/dim_stores.yaml")).unwrap();
    std::fs::write(&wrong, contract.replace("logicalType: string", "logicalType: text")).unwrap();
    assert_eq!(lint(&[wrong]).len(), 1);
}

#[test]
fn others_read_what_is_proposed() {
    let program = Program::new();
    program.ok(&["sample", "--members", "300", "--seed", "5", "--out", "sample"]);
    let (file, contract) = (program.path("sample/crm_members.csv"), program.path("members.yaml"));
    program.ok(&["catalog", "propose", text(&file), "--dataset", "members", "--out", text(&contract)]);
    let output = Command::new(installed("-contracts", "datacontract"))
        .args(["lint", text(&contract)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
