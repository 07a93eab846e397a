use std::path::Path;
use std::sync::Arc;

use membrane_model::FixedClock;

use super::{Elsewhere, Stage, make_key, names_a_hub, placed};
use crate::config::{Config, Sources};
use crate::testing::now;

const NOWHERE: Elsewhere = Elsewhere { data: false, ledger: false };
const BOTH: Elsewhere = Elsewhere { data: true, ledger: true };

/// A configuration that names a hub on servers, with a key of its own.
fn configured() -> Config {
    let text = "[data]\nurl = \"s3://bucket/hub\"\nscratch = \"/srv/scratch\"\n\
                storage = { aws_region = \"eu-1\" }\n\
                [ledger]\nurl = \"postgres://u:secret@host/hub\"\n\
                [keys]\nfile = \"/srv/root.key\"\nroot = \"0000000000000000000000000000000000000000000000000000000000000000\"\n\
                [limits]\nrows_max = 7\n";
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("hub.toml");
    std::fs::write(&file, text).expect("file");
    Config::load(&Sources { file: Some(file), ..Sources::default() }).expect("config")
}

#[test]
fn a_configured_hub_is_left_alone() {
    let config = placed(configured(), Path::new("/tmp/d"), NOWHERE).expect("config");
    assert_eq!(config.data.url, "/tmp/d/hub/data");
    assert_eq!(config.data.scratch, "/tmp/d/hub/scratch");
    assert!(config.data.storage.is_empty());
    assert_eq!(config.ledger.url, "/tmp/d/hub/ledger.sqlite");
    assert_eq!((config.keys.file.as_str(), config.keys.root), ("/tmp/d/hub/root.key", None));
    assert_eq!(config.limits.rows_max, 7, "what says not where, but how, holds");
    for path in [&config.catalog.dir, &config.policies.dir] {
        assert!(Path::new(path).is_absolute(), "{path}");
    }
    assert!(names_a_hub(&configured(), NOWHERE));
    assert!(!names_a_hub(&Config::default(), NOWHERE));
}

#[test]
fn what_the_command_line_puts_elsewhere_is_elsewhere() {
    let config = placed(configured(), Path::new("/tmp/d"), BOTH).expect("config");
    assert_eq!(config.data.url, "s3://bucket/hub");
    assert_eq!(config.data.storage.len(), 1, "the storage needs its options");
    assert_eq!(config.data.scratch, "/tmp/d/hub/scratch");
    assert_eq!(config.ledger.url, "postgres://u:secret@host/hub");
    assert_eq!((config.keys.file.as_str(), config.keys.root), ("/tmp/d/hub/root.key", None));

    let mut relative = Config::default();
    relative.data.url = "there/data".into();
    relative.ledger.url = "sqlite://there/l.sqlite".into();
    let config = placed(relative, Path::new("/tmp/d"), BOTH).expect("config");
    let here = std::env::current_dir().expect("folder");
    assert_eq!(config.data.url, here.join("there/data").display().to_string());
    assert_eq!(config.ledger.url, format!("sqlite://{}", here.join("there/l.sqlite").display()));
}

#[test]
fn a_ledger_on_a_server_gets_a_key_once_and_a_ledger_in_a_file_none_from_here() {
    let folder = tempfile::tempdir().expect("folder");
    let shared = placed(configured(), folder.path(), Elsewhere { ledger: true, ..NOWHERE }).expect("config");
    make_key(&shared).expect("key");
    let key = std::fs::read(&shared.keys.file).expect("key");
    make_key(&shared).expect("the key is there");
    assert_eq!(std::fs::read(&shared.keys.file).expect("key"), key);

    let folder = tempfile::tempdir().expect("folder");
    let own = placed(configured(), folder.path(), NOWHERE).expect("config");
    make_key(&own).expect("nothing to do");
    assert!(!Path::new(&own.keys.file).exists(), "the hub makes it, or says that it is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stage_is_in_its_folder_and_its_configuration_leads_there() {
    let folder = tempfile::tempdir().expect("folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let within = |name: &str| folder.path().join(name);
    let mut config = Config::default();
    config.catalog.dir = root.join("catalog").display().to_string();
    config.policies.dir = root.join("policies").display().to_string();
    config.data.url = within("configured/data").display().to_string();
    config.ledger.url = within("configured/ledger.sqlite").display().to_string();
    config.keys.file = within("configured/root.key").display().to_string();
    let clock = Arc::new(FixedClock(now()));
    let stage = Stage::open(config, &within("demo"), NOWHERE, clock).await.expect("stage");
    assert!(!within("configured").exists());
    for name in ["demo/hub/ledger.sqlite", "demo/hub/root.key", "demo/hub/data", "demo/hub/scratch"] {
        assert!(within(name).exists(), "{name}");
    }
    let file = Some(within("demo/membrane.toml"));
    let left = Config::load(&Sources { file, ..Sources::default() }).expect("config");
    assert_eq!(left, stage.config);
}
