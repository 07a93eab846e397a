//! Ledgers on a private PostgreSQL server.

use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::Ledger;

mod server;

pub(super) use server::Server;

impl Server {
    /// Opens a ledger in a new database.
    pub(in crate::tests) async fn new_ledger(&self, name: &str) -> Ledger {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&self.url("postgres")).await.unwrap();
        // `name` is the name of a test function.
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        connection.close().await.unwrap();
        Ledger::connect(&self.url(name)).await.unwrap()
    }

    /// Checks that the ledger asks for what it needs, whatever the server's defaults are.
    pub(in crate::tests) async fn check_settings(&self) {
        let ledger = self.new_ledger("settings").await;
        for (setting, expected) in [
            ("SHOW synchronous_commit", "on"),
            ("SHOW transaction_isolation", "read committed"),
            ("SHOW server_encoding", "UTF8"),
        ] {
            let value: String = sqlx::query_scalar(setting).fetch_one(&ledger.pools.write).await.unwrap();
            assert_eq!(value, expected, "{setting}");
        }
        ledger.disconnect().await;
    }
}
