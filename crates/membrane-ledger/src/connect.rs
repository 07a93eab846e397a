//! Opens the pools, and brings the tables up to date.
//!
//! SQLite: write-ahead log, `synchronous = FULL` (a commit is on disk when it returns), foreign keys on,
//! ten seconds and more of patience with other processes. Within this process all writers share one
//! connection, so that they queue in order instead of waking up to find the file locked.
//!
//! PostgreSQL: `synchronous_commit = on` and READ COMMITTED whatever the server's defaults are; the row
//! locks in this crate are written for it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Executor};

use crate::place::{Place, file_url};
use crate::{DatabaseError, LedgerError};

static MIGRATOR: Migrator = sqlx::migrate!();

const READERS_MAX: u32 = 4;
const SERVER_CONNECTIONS_MAX: u32 = 8;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
const JOURNAL_ATTEMPTS: u32 = 100;
const JOURNAL_PAUSE: Duration = Duration::from_millis(50);

/// Keys are inserted in no order: their index should stay in memory (`cache_size` is in KiB when negative),
/// and a page that is written again and again should reach the file once (`wal_autocheckpoint` is in pages).
const FILE_SETTINGS: &str = "PRAGMA busy_timeout = 20000; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 10000";
const SERVER_SETTINGS: &str = "SET synchronous_commit = on; \
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The connections of a ledger.
#[derive(Debug, Clone)]
pub(crate) struct Pools {
    /// For transactions that write.
    pub(crate) write: AnyPool,
    /// For statements that read.
    pub(crate) read: AnyPool,
}

/// Opens the ledger at `place`, after making what is missing.
pub(crate) async fn connect(place: &Place) -> Result<Pools, LedgerError> {
    sqlx::any::install_default_drivers();
    match place {
        Place::File(path) => connect_file(path).await,
        Place::Server(url) => connect_server(&url.0).await,
    }
}

async fn connect_file(path: &Path) -> Result<Pools, LedgerError> {
    let fault = |source| LedgerError::File { path: path.to_path_buf(), source };
    let path = make_file(path).map_err(fault)?;
    let options = options(&file_url(&path))?;
    let mut connection = options.connect().await?;
    connection.execute(FILE_SETTINGS).await?;
    use_write_ahead_log(&mut connection).await?;
    // Two processes that open a new ledger at once: the second waits here, then finds nothing to do.
    let mut upgrade = connection.begin_with("BEGIN IMMEDIATE").await?;
    // `run` takes a pool or owns a connection; only `run_direct` works within a transaction that may be
    // sent to another thread.
    MIGRATOR.run_direct(None, &mut *upgrade, false).await?;
    upgrade.commit().await?;
    connection.close().await?;
    let write = pool(1, FILE_SETTINGS).connect_with(options.clone()).await?;
    let read = pool(READERS_MAX, FILE_SETTINGS).connect_with(options).await?;
    Ok(Pools { write, read })
}

async fn connect_server(url: &str) -> Result<Pools, LedgerError> {
    let write = pool(SERVER_CONNECTIONS_MAX, SERVER_SETTINGS).connect_with(options(url)?).await?;
    MIGRATOR.run(&write).await?;
    Ok(Pools { read: write.clone(), write })
}

/// Returns the newest migration that this version knows.
pub(crate) fn newest_migration() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn options(url: &str) -> Result<AnyConnectOptions, LedgerError> {
    // PRIVACY: statements are not logged; the ledger is the record, the log is not.
    Ok(AnyConnectOptions::from_str(url)?.disable_statement_logging())
}

fn pool(connections_max: u32, settings: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections_max).acquire_timeout(ACQUIRE_TIMEOUT).after_connect(
        move |connection, _| {
            Box::pin(async move {
                connection.execute(settings).await?;
                Ok(())
            })
        },
    )
}

/// Makes the folder (mode 0700) and the file (mode 0600) unless they are there. SQLite gives its log
/// files the mode of the file.
fn make_file(path: &Path) -> io::Result<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let path = fs::canonicalize(folder)?.join(name);
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
    Ok(path)
}

/// Switches the file to write-ahead logging, which sticks. SQLite does not wait for the lock that the
/// first switch needs, so this does.
async fn use_write_ahead_log(connection: &mut AnyConnection) -> Result<(), LedgerError> {
    let mut last = LedgerError::Database(DatabaseError::new("the file does not take a write-ahead log"));
    for _ in 0..JOURNAL_ATTEMPTS {
        let asked = sqlx::query_scalar::<_, String>("PRAGMA journal_mode = WAL").fetch_one(&mut *connection);
        match asked.await {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => {}
            Err(error) => last = error.into(),
        }
        tokio::time::sleep(JOURNAL_PAUSE).await;
    }
    Err(last)
}

#[cfg(test)]
mod tests;
