use std::path::PathBuf;

use super::{Config, ConfigError, Kind, SECTIONS, Sources};

fn check(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("hub.toml");
    std::fs::write(&path, file).expect("file");
    let sources = Sources {
        file: Some(path),
        environment: environment.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect(),
        flags: flags.iter().map(|(key, text)| (*key, (*text).into(), "--flag")).collect(),
    };
    let shown = folder.path().display().to_string();
    Config::load(&sources).map_err(|error| error.to_string().replace(&shown, "DIR"))
}

#[test]
fn defaults_stand_when_nothing_is_said() {
    let config = check("", &[], &[]).expect("config");
    assert_eq!(config, Config::default());
    assert_eq!(config.server.address.to_string(), "127.0.0.1:7878");
}

#[test]
fn file_then_environment_then_flag() {
    let file = "[limits]\nrows_max = 1\nseconds_max = 1\nsql_bytes_max = 1\n";
    let environment = [("MEMBRANE__LIMITS__SECONDS_MAX", "2"), ("MEMBRANE__LIMITS__SQL_BYTES_MAX", "2")];
    let config = check(file, &environment, &[("limits.sql_bytes_max", "3")]).expect("config");
    assert_eq!((config.limits.rows_max, config.limits.seconds_max, config.limits.sql_bytes_max), (1, 2, 3));
}

#[test]
fn lineage_goes_to_this_machine_or_over_tls() {
    for good in [
        "",
        "https://lineage.example/api/v1/lineage",
        "http://127.0.0.1:5000/x",
        "http://[::1]:5000/",
        "http://localhost/",
    ] {
        let config = check(&format!("[openlineage]\nurl = \"{good}\"\n"), &[], &[]).expect(good);
        assert_eq!(config.openlineage.url, good);
    }
    for bad in ["http://lineage.example/", "ftp://127.0.0.1/", "lineage", "http://127.0.0.1.example/"] {
        let text = check(&format!("[openlineage]\nurl = \"{bad}\"\n"), &[], &[]).expect_err(bad);
        assert!(text.contains("expected an https:// URL, or an http:// one on this machine"), "{text}");
    }
    let hidden =
        [("MEMBRANE__OPENLINEAGE__URL", "https://a:canary@b/"), ("MEMBRANE__OPENLINEAGE__BEARER", "canary")];
    let config = check("", &hidden, &[]).expect("config");
    assert!(!format!("{config:?}{}", config.render()).contains("canary"));
}

#[test]
fn a_secret_of_digits_stays_text() {
    let root = "1".repeat(64);
    let config = check("", &[("MEMBRANE__KEYS__ROOT", &root)], &[]).expect("config");
    assert_eq!(config.keys.root.as_ref().map(|root| root.expose().to_owned()), Some(root.clone()));
    assert!(!format!("{config:?}").contains(&root));
    assert!(!config.render().contains(&root));
}

#[test]
fn storage_options_are_free_and_never_shown() {
    let file = "[data]\nurl = \"s3://bucket/hub\"\nstorage = { aws_region = \"eu-1\" }\n";
    let environment = [("MEMBRANE__DATA__STORAGE__AWS_SECRET_ACCESS_KEY", "hidden-value")];
    let config = check(file, &environment, &[]).expect("config");
    assert_eq!(config.data.storage.len(), 2);
    assert!(!format!("{config:?}{}", config.render()).contains("hidden-value"));
}

/// Reads back, as a file, what a hub with this ledger shows of its configuration; returns the ledger of that.
fn read_back(ledger: &str) -> (String, String) {
    let config = check("", &[], &[("ledger.url", ledger)]).expect("config");
    let shown = config.render();
    assert_eq!(config.ledger.shown_url().is_some(), shown.contains(ledger), "{ledger}");
    (check(&shown, &[], &[]).expect("what is shown is a configuration").ledger.url, shown)
}

#[test]
fn a_location_that_may_hold_a_password_is_left_out_as_a_comment() {
    for secret in [
        "postgres://membrane:canary@host/hub",
        "postgres://host/hub?password=canary",
        "postgresql://canary@host/hub?sslmode=require",
    ] {
        let (ledger, shown) = read_back(secret);
        assert_eq!(ledger, Config::default().ledger.url, "no other ledger is named");
        assert!(!shown.contains("canary") && shown.contains("\n# url = \"...\"\n"), "{shown}");
        assert!(shown.contains("MEMBRANE__LEDGER__URL"), "{shown}");
    }
    let data = check("", &[], &[("data.url", "s3://canary:canary@bucket/hub")]).expect("config");
    assert!(!format!("{data:?}{}", data.render()).contains("canary"));
}

#[test]
fn a_location_without_a_password_is_shown_as_it_is() {
    for open in ["a@b/ledger?.sqlite", "sqlite:///var/a@b/l.sqlite?mode=rwc", "postgres://host/hub"] {
        assert_eq!(read_back(open).0, open);
    }
}

#[test]
fn what_stands_for_a_value_that_was_left_out_is_no_value() {
    let wanted = "`...` stands for a value that was left out: say the value itself, or remove the line";
    for (section, line) in [
        ("ledger", "url = \"...\""),
        ("ledger", "url = \"sqlite:///...\""),
        ("data", "url = \" ... \""),
        ("data", "storage = { aws_region = \"...\" }"),
        ("keys", "file = \"...\""),
        ("keys", "root = \"...\""),
    ] {
        let text = check(&format!("[{section}]\n{line}\n"), &[], &[]).expect_err(line);
        assert!(text.contains(wanted), "{line}: {text}");
    }
    assert!(check("", &[("MEMBRANE__DATA__URL", "...")], &[]).expect_err("variable").contains(wanted));
    assert!(check("", &[], &[("ledger.url", "...")]).expect_err("flag").contains(wanted));
}

#[test]
fn a_partner_may_have_budgets_of_its_own() {
    let file = "[privacy]\npartner_rho = 1\n[privacy.partners.\"partner:acme\"]\npartner_rho_month = 1.05\nrelease_rho_max = 0.1\n";
    let config = check(file, &[], &[]).expect("config");
    let (acme, bolt) = ("partner:acme".parse().expect("name"), "partner:bolt".parse().expect("name"));
    let held = config.privacy.of(&acme);
    assert_eq!((held.partner_rho, held.partner_rho_month, held.release_rho_max), (1.0, 1.05, 0.1));
    assert_eq!(config.privacy.of(&bolt), config.privacy);
    // What is shown of it is read back as the same.
    assert_eq!(check(&config.render(), &[], &[]).expect("what is shown is a configuration"), config);
}

#[test]
fn every_key_of_a_partner_overrides_the_one_of_its_name() {
    let privacy = SECTIONS.iter().find(|section| section.name == "privacy").expect("section");
    let Kind::Tables(keys) = privacy.keys.iter().find(|key| key.name == "partners").expect("key").kind else {
        panic!("tables")
    };
    for key in keys {
        let file = format!("[privacy.partners.\"partner:acme\"]\n{} = 0.0078125\n", key.name);
        let held = check(&file, &[], &[]).expect(key.name).privacy.of(&"partner:acme".parse().expect("name"));
        let held = toml::Table::try_from(held).expect("table");
        assert_eq!(held.get(key.name).and_then(toml::Value::as_float), Some(0.007_812_5), "{}", key.name);
    }
}

#[test]
fn what_is_no_budget_of_a_partner_is_refused() {
    for table in [
        "partners = 1",
        "partners = { \"partner:acme\" = 1 }",
        "partners = { acme = { partner_rho = 1 } }",
        "partners = { \"analyst:ana\" = { partner_rho = 1 } }",
        "partners = { \"partner:acme\" = { partner_rho = 0 } }",
        "partners = { \"partner:acme\" = { partner_rho = \"1\" } }",
        "partners = { \"partner:acme\" = { dataset_rho = 1 } }",
    ] {
        let text = check(&format!("[privacy]\n{table}\n"), &[], &[]).expect_err(table);
        assert!(text.contains("`privacy.partners`: expected tables named after partners"), "{table}: {text}");
    }
}

#[test]
fn every_fault_is_listed() {
    let file = "colour = 1\n[server]\naddress = \"nowhere\"\nprot = 1\n[limits]\nrows_max = \"many\"\n[nosuch]\na = 1\n";
    let environment = [("MEMBRANE__SERVER__PORT", "1"), ("MEMBRANE__PRIVACY__EPSILON", "-1")];
    let text = check(file, &environment, &[("ledger.url", "mysql://x")]).expect_err("faults");
    let expected = [
        "the configuration has 8 fault(s)",
        "  DIR/hub.toml: `limits.rows_max`: expected a whole number from 1 to 1125899906842624",
        "  DIR/hub.toml: `server.address`: expected an IP address and a port, like 127.0.0.1:7878",
        "  DIR/hub.toml: unknown key `[nosuch]`; `membrane config --defaults` lists every key",
        "  DIR/hub.toml: unknown key `colour`; `membrane config --defaults` lists every key",
        "  DIR/hub.toml: unknown key `server.prot`; `membrane config --defaults` lists every key",
        "  environment variable `MEMBRANE__PRIVACY__EPSILON`: `privacy.epsilon`: expected a number above 0 and at most 20",
        "  environment variable `MEMBRANE__SERVER__PORT`: unknown key `server.port`; `membrane config --defaults` lists every key",
        "  flag `--flag`: `ledger.url`: expected a path, or a URL that starts with `sqlite://`, `postgres://`, `postgresql://`",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_broken_file_shows_its_line_and_not_its_text() {
    let text = check("[keys]\n\nroot = \"abc\n", &[], &[]).expect_err("fault");
    assert!(text.contains("DIR/hub.toml:3: "), "{text}");
    assert!(!text.contains("abc"), "{text}");
}

#[test]
fn a_named_file_must_be_there() {
    let sources = Sources { file: Some(PathBuf::from("/nonexistent/hub.toml")), ..Sources::default() };
    assert!(matches!(Config::load(&sources), Err(ConfigError::Read { .. })));
}

#[test]
fn the_reference_file_is_every_key_with_its_default() {
    let expected = Config::default().render();
    let committed = include_str!("../../../../deploy/membrane.toml");
    assert_eq!(committed, expected, "run `membrane config --defaults > deploy/membrane.toml`");
    assert_eq!(check(committed, &[], &[]).expect("config"), Config::default());
}

#[test]
fn every_field_is_a_key_and_every_key_a_field() {
    let table = toml::Table::try_from(Config::default()).expect("table");
    for section in SECTIONS {
        let fields: Vec<&String> =
            table.get(section.name).and_then(toml::Value::as_table).expect("section").keys().collect();
        let mut keys: Vec<&str> =
            section.keys.iter().filter(|key| key.kind != Kind::Secret).map(|key| key.name).collect();
        keys.sort_unstable();
        let mut fields: Vec<&str> = fields.into_iter().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, keys, "{}", section.name);
    }
    assert_eq!(table.len(), SECTIONS.len());
}

#[test]
fn witnesses_are_a_url_and_a_key_each() {
    let key = "witness.example/w1+a0b1c2d3+not-a-key";
    let bad = format!("https://w.example {key}");
    let text = check(&format!("[audit]\nwitnesses = [\"{bad}\"]\n"), &[], &[]).expect_err("no key");
    assert!(text.contains("expected a list of texts `URL KEY`") && !text.contains("not-a-key"), "{text}");
    let name = membrane_log::Origin::new("witness.example/w1").expect("a name");
    let trust = membrane_log::LogSigner::from_seed(&name, &[1; 32]).verifier().clone();
    let trust = membrane_log::Trust::new(vec![trust]).expect("trust");
    let key = membrane_log::witness::Cosigner::new(&name, &[2; 32], trust).verifier().to_string();
    let one = format!("https://w.example/x {key}");
    let config = check(&format!("[audit]\nwitnesses = [\"{one}\"]\n"), &[], &[]).expect("config");
    assert_eq!(config.audit.witnesses, [one.as_str()]);
    assert_eq!(check(&config.render(), &[], &[]).expect("what is shown is a configuration"), config);
    let both = format!("{one}, http://127.0.0.1:9 {key}");
    let config = check("", &[("MEMBRANE__AUDIT__WITNESSES", &both)], &[]).expect("config");
    assert_eq!(config.audit.witnesses.len(), 2);
    for bad in ["http://w.example", "https://me:canary@w.example", "", "w.example"] {
        let text = check(&format!("[audit]\nwitnesses = [\"{bad} {key}\"]\n"), &[], &[]).expect_err(bad);
        assert!(!text.contains("canary"), "{text}");
    }
}
