//! The shape of the workspace, checked from `cargo metadata` and the sources: which crate may depend on
//! which, which library has its one home, and the rules of STYLE.md that a machine can read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The crates in the order of ARCHITECTURE.md's table: each may depend on those above it only.
const ORDER: [&str; 13] = [
    "membrane-model",
    "membrane-catalog",
    "membrane-vault",
    "membrane-log",
    "membrane-privacy",
    "membrane-ledger",
    "membrane-policy",
    "membrane-lake",
    "membrane-query",
    "membrane-ingest",
    "membrane-sample",
    "membrane-report",
    "membrane",
];

/// Libraries with one home (or two, where the table says so).
const HOMES: [(&str, &[&str]); 26] = [
    ("uuid", &["membrane-model"]),
    ("saphyr", &["membrane-catalog"]),
    ("phonenumber", &["membrane-catalog"]),
    ("aes", &["membrane-vault"]),
    ("aes-gcm", &["membrane-vault"]),
    ("ed25519-dalek", &["membrane-vault", "membrane-log"]),
    ("signed_note", &["membrane-log"]),
    ("tlog_tiles", &["membrane-log"]),
    ("fpe", &["membrane-vault"]),
    ("hmac", &["membrane-vault"]),
    ("siphasher", &["membrane-vault"]),
    ("opendp", &["membrane-privacy"]),
    ("sqlx", &["membrane-ledger", "membrane-ingest"]),
    ("cedar-policy", &["membrane-policy"]),
    ("cedar-policy-symcc", &["membrane-policy"]),
    ("deltalake", &["membrane-lake"]),
    ("object_store", &["membrane-lake"]),
    ("datafusion", &["membrane-lake", "membrane-query"]),
    ("encoding_rs", &["membrane-catalog", "membrane-ingest"]),
    ("quick-xml", &["membrane-ingest"]),
    ("rdkafka", &["membrane-ingest"]),
    ("axum", &["membrane"]),
    ("clap", &["membrane"]),
    ("fake", &["membrane-sample"]),
    ("krilla", &["membrane-report"]),
    ("skrifa", &["membrane-report"]),
];

const FILE_LINES_MAX: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Direct dependencies of each package of the workspace: (all but dev, dev).
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let names = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect();
        found.insert(package["name"].as_str().unwrap().to_owned(), names);
    }
    found
}

fn sources() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()
        .unwrap();
    let mut files: Vec<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| root().join(line))
        .filter(|path| path.exists())
        .collect();
    files.sort();
    assert!(files.len() > 50, "git ls-files found too few sources");
    files
}

#[test]
fn a_crate_depends_on_those_above_it_only() {
    let dependencies = dependencies();
    let crates: BTreeSet<_> = ORDER.iter().map(|name| (*name).to_owned()).collect();
    let folders: BTreeSet<_> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, crates, "every crate has its place in the order, folder = name");
    for (place, name) in ORDER.iter().enumerate() {
        for dependency in dependencies[*name].iter().filter(|dependency| crates.contains(*dependency)) {
            let other = ORDER.iter().position(|known| known == dependency).unwrap();
            assert!(other < place, "{name} may not depend on {dependency}");
        }
    }
    let sample: Vec<_> = dependencies["membrane-sample"].intersection(&crates).collect();
    assert!(sample.is_empty(), "the sample generator knows nothing of the hub: {sample:?}");
}

#[test]
fn heavy_libraries_have_one_home() {
    let dependencies = dependencies();
    for (library, homes) in HOMES {
        for name in ORDER.iter().filter(|name| !homes.contains(name)) {
            assert!(!dependencies[*name].contains(library), "{name} may not name {library}");
        }
    }
    for light in ORDER.iter().take(7) {
        for heavy in ["datafusion", "deltalake", "arrow", "parquet", "tonic"] {
            assert!(!dependencies[*light].contains(heavy), "{light} builds without {heavy}");
        }
    }
}

#[test]
fn there_is_one_version_of_the_engine() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for library in
        ["datafusion", "arrow", "arrow-array", "parquet", "object_store", "opendp", "deltalake-core"]
    {
        let count = lock.lines().filter(|line| *line == format!("name = \"{library}\"")).count();
        assert_eq!(count, 1, "{library}");
    }
}

#[test]
fn noise_is_drawn_securely() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let opendp = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["id"].as_str().unwrap().contains("opendp@0.16.0"))
        .expect("opendp is resolved");
    let features: BTreeSet<_> =
        opendp["features"].as_array().unwrap().iter().map(|feature| feature.as_str().unwrap()).collect();
    assert!(features.contains("use-openssl"), "{features:?}");
    for forbidden in ["untrusted", "idealized-numerics", "honest-but-curious", "polars"] {
        assert!(!features.contains(forbidden), "{forbidden}");
    }
}

/// How long a release took tells of rows and noise: benches alone ask for it.
#[test]
fn no_door_tells_how_long_a_release_took() {
    let word = ["timed", "release"].join("_");
    let flow = ["crates/membrane/src/flow.rs", "crates/membrane/src/flow/release.rs"];
    let benches = ["benches/src/accuracy.rs", "benches/src/hub.rs"];
    assert_eq!(files_with(&word), [&benches[..], &flow].concat().into_iter().map(str::to_owned).collect());
}

/// What a partner may spend is read right before a price is reserved, and so there is one place that does both.
#[test]
fn prices_are_reserved_in_one_place() {
    let word = [".reserve", "_for("].concat();
    let expected = [
        "crates/membrane-ledger/src/release.rs",
        "crates/membrane-query/src/release/plan/tests.rs",
        "crates/membrane/src/flow/reserve.rs",
    ];
    assert_eq!(files_with(&word), expected.into_iter().map(str::to_owned).collect());
    let word = [".reserve", "_under("].concat();
    let expected = [
        "crates/membrane-ledger/src/tests/budget.rs",
        "crates/membrane-ledger/src/tests/kills.rs",
        "crates/membrane/src/flow/reserve.rs",
    ];
    assert_eq!(files_with(&word), expected.into_iter().map(str::to_owned).collect());
}

/// Draws that nobody gets are paid for all the same, but they are for benches alone, and for audits in hubs of their own.
#[test]
fn no_door_rehearses() {
    let flow = [
        "crates/membrane-query/src/release.rs",
        "crates/membrane-query/src/release/rehearse.rs",
        "crates/membrane/src/flow.rs",
        "crates/membrane/src/flow/release.rs",
        "crates/membrane/src/flow/release/rehearse.rs",
    ];
    let callers = ["benches/src/accuracy.rs", "crates/membrane/src/audit/hubs.rs"];
    let expected = callers.into_iter().chain(flow).map(str::to_owned).collect();
    assert_eq!(files_with(&["rehears", ""].concat()), expected);
}

/// Exact totals come out of a release over people who were made up, and for audits alone.
#[test]
fn no_door_plans_trials() {
    let flow = [
        "crates/membrane-query/src/release/trial.rs",
        "crates/membrane/src/audit.rs",
        "crates/membrane/src/audit/planted.rs",
        "crates/membrane/src/audit/timing.rs",
        "crates/membrane/src/flow.rs",
        "crates/membrane/src/flow/release.rs",
        "crates/membrane/src/flow/release/trial.rs",
    ];
    assert_eq!(files_with(&["plan", "trial"].join("_")), flow.into_iter().map(str::to_owned).collect());
}

/// Returns the sources that hold a word; this one has it in parts.
fn files_with(word: &str) -> BTreeSet<String> {
    let named = sources().into_iter().filter(|path| std::fs::read_to_string(path).unwrap().contains(word));
    let named = named.map(|path| path.strip_prefix(root()).unwrap().display().to_string());
    named.filter(|path| path != "tests/architecture.rs").collect()
}

#[test]
fn the_lint_wall_has_no_second_door() {
    let output = Command::new("git")
        .args(["ls-files", "*clippy.toml", "*mod.rs"])
        .current_dir(root())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "clippy.toml");
    for package in metadata()["packages"].as_array().unwrap() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        let name = package["name"].as_str().unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} inherits the lints");
        assert!(!manifest.contains("[features]"), "{name} has no features of its own");
    }
}

#[test]
fn every_source_file_says_what_it_is_and_is_short() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs")
            || path.components().any(|part| part.as_os_str() == "tests");
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines", path.display());
        assert!(is_test || text.starts_with("//!"), "{} begins with //!", path.display());
    }
}

#[test]
fn nothing_is_skipped_or_unfinished() {
    let words = ["ignore]", "ignore =", "should_panic"].map(|word| format!("#[{word}"));
    let calls = ["todo", "unimplemented"].map(|word| format!("{word}!("));
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in words.iter().chain(&calls) {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn no_file_has_the_markers_of_a_merge() {
    let markers = ["<".repeat(7), ">".repeat(7)].map(|marker| format!("^{marker} "));
    let output = Command::new("git")
        .args(["grep", "--name-only", "-e", &markers[0], "-e", &markers[1]])
        .current_dir(root())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
}
