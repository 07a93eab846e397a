//! The guarantees that come from how opendp is built, not from code here.

use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest(path: &Path) -> toml::Table {
    fs::read_to_string(path).expect("read a manifest").parse().expect("parse a manifest")
}

#[test]
fn opendp_is_pinned_with_secure_noise_and_nothing_idealised() {
    let root = manifest(&workspace().join("Cargo.toml"));
    let opendp = &root["workspace"]["dependencies"]["opendp"];
    assert_eq!(opendp["version"].as_str(), Some("=0.16.0"));
    assert_eq!(opendp["default-features"].as_bool(), Some(false));
    let features: Vec<&str> =
        opendp["features"].as_array().expect("features").iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(features, ["contrib", "use-openssl"]);
}

#[test]
fn no_other_crate_can_switch_features_of_opendp_on() {
    for entry in fs::read_dir(workspace().join("crates")).expect("list crates") {
        let folder = entry.expect("an entry").path();
        let path = folder.join("Cargo.toml");
        if !path.is_file() {
            continue;
        }
        let manifest = manifest(&path);
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(opendp) = manifest.get(section).and_then(|table| table.get("opendp")) else { continue };
            assert!(folder.ends_with("membrane-privacy"), "{} names opendp", path.display());
            assert_eq!(opendp.as_table().map(toml::Table::len), Some(1), "only `workspace = true`");
            assert_eq!(opendp["workspace"].as_bool(), Some(true));
        }
    }
}

/// Without `use-openssl` opendp compiles to a generator that its documentation calls non-secure, and this
/// program would not import OpenSSL's private random bytes.
#[test]
fn noise_is_drawn_from_openssl() {
    let program = fs::read(std::env::current_exe().expect("own path")).expect("own bytes");
    let needle = b"RAND_priv_bytes";
    assert!(program.windows(needle.len()).any(|window| window == needle));
}
