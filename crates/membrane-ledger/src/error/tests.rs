use super::*;

fn check(error: sqlx::Error, expected: &str) {
    assert_eq!(LedgerError::from(error).to_string(), expected);
}

#[test]
fn the_driver_shows_no_value() {
    check(
        sqlx::Error::ColumnDecode { index: "0".to_owned(), source: "expected TEXT, got 13800138000".into() },
        "ledger database: column 0 cannot be decoded",
    );
    check(
        sqlx::Error::Configuration("invalid port in postgres://u:hunter2@h:x/d".into()),
        "ledger database: the connection URL is not valid",
    );
    check(sqlx::Error::Encode("13800138000".into()), "ledger database: the driver failed");
    check(sqlx::Error::Protocol("13800138000".to_owned()), "ledger database: the driver failed");
}

#[test]
fn an_operator_learns_what_to_mend() {
    check(
        sqlx::Error::Io(io::Error::from(io::ErrorKind::ConnectionRefused)),
        "ledger database: connection refused",
    );
    check(sqlx::Error::PoolTimedOut, "ledger database: no connection was free in time");
    let newer = LedgerError::from(MigrateError::VersionMissing(9_999)).to_string();
    assert!(newer.contains("a newer version of membrane") && newer.contains("migration 9999"), "{newer}");
    // One that is not after the newest was never one of this hub's: whoever made these tables, it was no later version.
    for version in [-1, 0, newest_migration()] {
        let foreign = LedgerError::from(MigrateError::VersionMissing(version)).to_string();
        assert!(foreign.starts_with(&format!("ledger schema: migration {version} ")), "{foreign}");
    }
    let schema = LedgerError::from(MigrateError::Dirty(7)).to_string();
    assert!(schema.starts_with("ledger schema: migration 7"), "{schema}");
}
