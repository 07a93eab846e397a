use super::*;

fn check(url: &str, expected: &str) {
    assert_eq!(Place::parse(url).unwrap(), Place::File(PathBuf::from(expected)), "{url}");
}

#[test]
fn sqlite_urls_are_paths() {
    check("sqlite:///var/lib/ledger.sqlite", "/var/lib/ledger.sqlite");
    check("sqlite://ledger.sqlite", "ledger.sqlite");
    check("sqlite://../data/ledger.sqlite", "../data/ledger.sqlite");
    check("sqlite:ledger.sqlite", "ledger.sqlite");
    check("sqlite:///my data/100%/会员.db", "/my data/100%/会员.db");
}

#[test]
fn postgresql_urls_are_kept_and_not_shown() {
    for url in ["postgres://u:hunter2@h/d", "postgresql://u:hunter2@h/d?sslmode=require"] {
        let place = Place::parse(url).unwrap();
        assert_eq!(place, Place::Server(Secret(url.to_owned())));
        assert!(!format!("{place:?}").contains("hunter2"));
    }
}

#[test]
fn other_urls_are_refused() {
    for url in [
        "",
        "ledger.sqlite",
        "mysql://h/d",
        "sqlite://",
        "sqlite://folder/",
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite://a.db?mode=memory",
    ] {
        assert!(matches!(Place::parse(url), Err(LedgerError::Url(_))), "{url}");
    }
}

#[test]
fn the_driver_gets_every_letter() {
    assert_eq!(file_url(Path::new("/a b/100%/é.db")), "sqlite:///a%20b/100%25/%C3%A9.db?mode=rw");
}
