use std::fs;
use std::path::Path;
use std::sync::Arc;

use membrane_model::FixedClock;

use super::{OpenError, data_url, ledger_url, open_root_key};
use crate::config::{Config, DataSection, KeysSection, LedgerSection, Serve};
use crate::hub::Hub;
use crate::testing::now;

fn keys(folder: &Path) -> KeysSection {
    KeysSection { file: folder.join("keys/root.key").display().to_string(), root: None }
}

#[test]
fn locations_become_urls() {
    let here = std::env::current_dir().expect("folder");
    let ledger = |url: &str| ledger_url(&LedgerSection { url: url.into() }).expect("url");
    let file = |path: &str| format!("sqlite://{}", here.join(path).display());
    assert_eq!(ledger("x/l.sqlite"), (file("x/l.sqlite"), Some(here.join("x/l.sqlite"))));
    assert_eq!(ledger("sqlite://x/l.sqlite").0, file("x/l.sqlite"));
    assert_eq!(ledger("sqlite:///tmp/l.sqlite").0, "sqlite:///tmp/l.sqlite");
    assert_eq!(ledger("postgres://u:p@h/d"), ("postgres://u:p@h/d".into(), None));
    let folder = tempfile::tempdir().expect("folder");
    let data = |url: String| data_url(&DataSection { url, ..DataSection::default() });
    let made = folder.path().join("a b/data");
    let url = data(made.display().to_string()).expect("url");
    assert!(made.is_dir());
    assert_eq!(url.to_file_path(), Ok(made));
    assert_eq!(data("s3://bucket/hub".into()).expect("url").as_str(), "s3://bucket/hub");
    assert!(matches!(data("file://host/x".into()), Err(OpenError::Url { key: "data.url" })));
}

#[test]
fn a_key_is_made_for_a_new_hub_only() {
    let folder = tempfile::tempdir().expect("folder");
    let ledger = folder.path().join("ledger.sqlite");
    let keys = keys(folder.path());
    let made = open_root_key(&keys, Some(&ledger)).expect("made");
    let read = open_root_key(&keys, Some(&ledger)).expect("read");
    assert_eq!(made.to_hex(), read.to_hex());

    fs::write(&ledger, "").expect("ledger");
    fs::remove_file(&keys.file).expect("key lost");
    assert!(matches!(open_root_key(&keys, Some(&ledger)), Err(OpenError::KeyLost { .. })));
    assert!(!Path::new(&keys.file).exists());
}

#[test]
fn a_hub_that_shares_its_ledger_never_makes_a_key() {
    let folder = tempfile::tempdir().expect("folder");
    let keys = keys(folder.path());
    assert!(matches!(open_root_key(&keys, None), Err(OpenError::KeyAbsent { .. })));
    assert!(!Path::new(&keys.file).exists());
}

#[test]
fn a_key_in_the_configuration_wins_and_is_never_shown() {
    let folder = tempfile::tempdir().expect("folder");
    let toml = |root: &str| format!("file = \"{}\"\nroot = \"{root}\"", folder.path().join("k").display());
    let keys: KeysSection = toml::from_str(&toml(&"ab".repeat(32))).expect("section");
    assert_eq!(*open_root_key(&keys, None).expect("key").to_hex(), "ab".repeat(32));
    let wrong: KeysSection = toml::from_str(&toml("not-a-key-canary")).expect("section");
    let error = open_root_key(&wrong, None).expect_err("no key");
    assert!(!format!("{error} {error:?} {:?}", Config::default()).contains("canary"), "{error}");
    assert!(!folder.path().join("k").exists());
}

/// A hub's configuration: each part under a name of its own.
fn parts(folder: &Path, data: &str, ledger: &str, key: &str) -> Config {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let within = |name: &str| folder.join(name).display().to_string();
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join("policies").display().to_string();
    config.policies.serve = Serve::Folder;
    config.data.url = within(data);
    config.data.scratch = within("scratch");
    config.streams.folder = within("streams");
    config.ledger.url = within(ledger);
    config.keys.file = within(key);
    config
}

async fn open(config: &Config) -> Result<Hub, OpenError> {
    Hub::open(config, Arc::new(FixedClock(now()))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn key_ledger_and_data_belong_together() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    open(&parts(folder, "data", "ledger", "key")).await.expect("a new hub");
    open(&parts(folder, "data", "ledger", "key")).await.expect("the same hub again");
    open(&parts(folder, "other-data", "other-ledger", "other-key")).await.expect("another hub");

    let foreign = open(&parts(folder, "data", "ledger", "other-key")).await;
    assert!(matches!(foreign, Err(OpenError::KeyForeign)), "{foreign:?}");
    let foreign = open(&parts(folder, "data", "other-ledger", "other-key")).await;
    assert!(matches!(foreign, Err(OpenError::DataForeign { .. })), "{foreign:?}");
    // Data whose ledger is lost gets no fresh budgets and no new key.
    let lost = open(&parts(folder, "data", "no-ledger", "no-key")).await;
    assert!(matches!(lost, Err(OpenError::LedgerLost { .. })), "{lost:?}");
    assert!(!folder.join("no-ledger").exists() && !folder.join("no-key").exists());
}
