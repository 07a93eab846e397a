use std::os::unix::fs::MetadataExt;

use super::*;
use crate::Ledger;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

async fn setting(ledger: &Ledger, pragma: &'static str) -> i64 {
    sqlx::query_scalar(pragma).fetch_one(&ledger.pools.write).await.unwrap()
}

#[tokio::test]
async fn a_new_file_is_private_and_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b/100% 会员/ledger?.sqlite".replace('?', "#"));
    let ledger = Ledger::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    ledger.reserve_bucket().await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for end in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        assert_eq!(mode(Path::new(&name)), 0o600, "{end}");
    }
    assert_eq!(setting(&ledger, "PRAGMA synchronous").await, 2, "FULL");
    assert_eq!(setting(&ledger, "PRAGMA foreign_keys").await, 1);
    assert!(setting(&ledger, "PRAGMA busy_timeout").await >= 10_000);
    let journal: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&ledger.pools.read).await.unwrap();
    assert_eq!(journal, "wal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_open_a_new_ledger_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/ledger.sqlite", folder.path().display());
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Ledger::connect(&url).await.unwrap().reserve_bucket().await.unwrap() })
        })
        .collect();
    let mut buckets = Vec::new();
    for opened in opening {
        buckets.push(opened.await.unwrap());
    }
    buckets.sort_unstable();
    buckets.dedup();
    assert_eq!(buckets.len(), 8);
}

#[tokio::test]
async fn places_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Ledger::connect(&format!("sqlite://{}/ledger.sqlite", file.display())).await.unwrap_err();
    assert!(matches!(error, LedgerError::File { .. }));

    let not_a_database = folder.path().join("text.sqlite");
    fs::write(&not_a_database, "13800138000 ".repeat(1000)).unwrap();
    let error = Ledger::connect(&format!("sqlite://{}", not_a_database.display())).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)));
    assert!(!error.to_string().contains("138"));
    assert_eq!(fs::read_to_string(&not_a_database).unwrap().len(), 12_000, "it is left as it was");
}

#[tokio::test]
async fn a_newer_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/ledger.sqlite", folder.path().display());
    let ledger = Ledger::connect(&url).await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 999 WHERE version = 2")
        .execute(&ledger.pools.write)
        .await
        .unwrap();
    ledger.disconnect().await;
    let error = Ledger::connect(&url).await.unwrap_err();
    assert!(matches!(error, LedgerError::Newer { version: 999 }), "{error}");
}
