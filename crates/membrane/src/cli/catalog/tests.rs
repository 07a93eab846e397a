use std::path::Path;

use membrane_catalog::Catalog;
use serde_json::json;

use super::{faults, for_releases, load, purposes_json, unreadable};
use crate::config::Config;

#[test]
fn purposes_are_those_of_the_catalog() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let catalog = Catalog::load(&folder).expect("catalog");
    let shown = purposes_json(&catalog);
    let names: Vec<_> = shown.as_array().expect("list").iter().map(|purpose| &purpose["name"]).collect();
    assert_eq!(
        names,
        ["compliance_review", "customer_service", "marketing_analysis", "operations", "partner_reporting"]
    );
    assert!(shown[0]["description"].as_str().is_some_and(|text| !text.is_empty()), "{shown}");
}

#[test]
fn what_a_release_goes_by_is_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let catalog = Catalog::load(&folder).expect("catalog");
    let shown = |name: &str| for_releases(catalog.dataset(&name.parse().expect("name")).expect("dataset"));
    let lines = shown("pos_order_lines");
    for line in [
        "in a release a member counts in 12 groups, with 20 rows in each",
        "a sum of `amount` adds between 0 and 300 a row",
    ] {
        assert!(lines.iter().any(|shown| shown == line), "{line}: {lines:#?}");
    }
    assert!(lines.iter().any(|shown| shown.starts_with("groups by `region` are known: ")), "{lines:#?}");
    assert!(shown("dim_stores").contains(&"groups by `city` are known: those of its rows".to_owned()));
}

#[test]
fn a_script_gets_each_fault_with_its_place() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("classes.yaml"), "classes: 1\n").expect("file");
    std::fs::write(folder.path().join("purposes.yaml"), "purposes: 1\n").expect("file");
    let error = Catalog::load(folder.path()).expect_err("faults");
    let shown = faults(error.faults());
    let shown = shown["faults"].as_array().expect("faults");
    assert_eq!(shown.len(), error.faults().len());
    assert!(shown.len() > 1);
    for fault in shown {
        assert!(fault["file"].is_string() && fault["message"].is_string(), "{fault}");
        assert!(fault["line"].as_u64() > Some(0) && fault["column"].as_u64() > Some(0), "{fault}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_a_fault_and_wrong_configuration() {
    let shown = unreadable(Path::new("nowhere"));
    assert_eq!(
        shown,
        json!({ "faults": [{ "file": "nowhere", "line": 1, "column": 1, "message": "cannot be read" }] })
    );
    let mut config = Config::default();
    config.catalog.dir = "/nonexistent/catalog".into();
    let error = load(&config, false).expect_err("no catalog");
    assert!(format!("{error:?}").contains("--catalog DIR"), "{error:?}");
}
