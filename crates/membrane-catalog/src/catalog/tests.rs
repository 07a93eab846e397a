mod content;
mod documented;
mod folder;
mod golden;
mod mutated;
mod personal;
mod policy;
mod quality;
mod references;
mod settings;
mod shipped;
mod single;
mod together;

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::Column;

const CLASSES: &str = "\
classes:
  - {name: pii, description: Personal.}
  - {name: pii.phone, description: Telephone number.}
  - {name: pii.identifier, description: Member number.}
  - {name: business, description: Of the company.}
";

const PURPOSES: &str = "\
purposes:
  - {name: marketing_analysis, description: Measure campaigns.}
  - {name: customer_service, description: Help a member.}
";

/// A valid contract with one column of every kind that other tests change.
const ORDERS: &str = include_str!("../../fixtures/orders.yaml");

/// Writes a catalog.
fn write(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// Writes a catalog with these contracts and the usual lists.
fn write_contracts(contracts: &[(&str, &str)]) -> TempDir {
    let dir = write(&[("classes.yaml", CLASSES), ("purposes.yaml", PURPOSES)]);
    std::fs::create_dir(dir.path().join("contracts")).unwrap();
    for (name, text) in contracts {
        std::fs::write(dir.path().join("contracts").join(name), text).unwrap();
    }
    dir
}

/// Loads and returns the faults, one per line, paths from `dir` on.
fn faults(dir: &Path) -> Vec<String> {
    let error = Catalog::load(dir).map(|_| "no fault").unwrap_err();
    let prefix = format!("{}/", dir.display());
    error.to_string().lines().map(|line| line.replace(&prefix, "")).collect()
}

/// Loads a catalog with one contract.
fn load(contract: &str) -> Catalog {
    let dir = write_contracts(&[("orders.yaml", contract)]);
    Catalog::load(dir.path()).unwrap()
}

/// Changes the valid contract and expects these faults, as `line: message`.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(ORDERS.contains(from), "{from}");
    let dir = write_contracts(&[("orders.yaml", &ORDERS.replacen(from, to, 1))]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => {
            error.faults().iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect()
        }
    };
    assert_eq!(found, expected, "{from} -> {to}");
}

/// Changes the settings of a column, whose line starts its `customProperties`.
fn check_setting(column: &str, from: &str, to: &str, expected: &[&str]) {
    let start = ORDERS.find(&format!("- name: {column}\n")).unwrap();
    let (before, after) = ORDERS.split_at(start);
    assert!(after.contains(from), "{from}");
    let changed = format!("{before}{}", after.replacen(from, to, 1));
    let dir = write_contracts(&[("orders.yaml", &changed)]);
    let found: Vec<_> = match Catalog::load(dir.path()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.message.clone()).collect(),
    };
    assert_eq!(found, expected, "{column}: {from} -> {to}");
}
