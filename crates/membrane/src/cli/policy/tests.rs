use std::path::Path;

use serde_json::json;

use super::{principals_json, read};
use crate::config::Config;

fn config(policies: &str) -> Config {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join(policies).display().to_string();
    config
}

#[test]
fn principals_are_listed_with_kind_and_groups() {
    let shown = principals_json(&read(&config("policies"), false).expect("policies"));
    let listed = shown.as_array().expect("list");
    assert_eq!(listed.len(), 10);
    let ana = json!({ "id": "analyst:ana", "kind": "analyst", "groups": ["analysts", "marketing"] });
    let olga = json!({ "id": "compliance:olga", "kind": "compliance", "groups": [] });
    assert!(listed.contains(&ana) && listed.contains(&olga), "{shown}");
}

#[test]
fn a_folder_without_policies_is_wrong_configuration() {
    let error = read(&config("no-such-folder"), false).expect_err("no policies");
    assert!(format!("{error:?}").contains("--policies DIR"), "{error:?}");
}
