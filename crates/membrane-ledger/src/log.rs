//! The Merkle log over closed runs: appending to it, and proving that nothing in it was altered.
//!
//! What verification cannot see is a ledger that was replaced as a whole by an earlier or a newly made
//! one, head included. For that the head has to be known elsewhere: [`LogHead`] is what to publish.

use membrane_model::{Price, RunId};
use sqlx::AnyConnection;

use crate::leaf::run_hash;
use crate::load::load_records;
use crate::merkle::Frontier;
use crate::row::{Cells, to_integer};
use crate::{Account, ClosedRun, Ledger, LedgerError, LogFault, RunRecord};

/// Leaves that are read and recomputed at a time.
const PAGE: u64 = 100;

/// The head of the log: how many runs it holds, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Runs in the log.
    pub size: u64,
    /// The root, as hexadecimal text.
    pub root: String,
}

/// Locks the head of the log until the end of the transaction, and returns the tree.
pub(crate) async fn lock_head(connection: &mut AnyConnection) -> Result<Frontier, LedgerError> {
    let row = sqlx::query("UPDATE audit_head SET size = size WHERE head = 1 RETURNING size, frontier")
        .fetch_optional(connection)
        .await?
        .ok_or(LogFault::NoHead)?;
    let mut cells = Cells::of(&row);
    let (size, frontier) = (cells.number("size")?, cells.text()?);
    Frontier::parse(size, &frontier).ok_or(LedgerError::Stored("frontier"))
}

/// Appends the leaf of a closed run to the tree whose head is locked.
pub(crate) async fn append_leaf(
    connection: &mut AnyConnection,
    mut tree: Frontier,
    record: &RunRecord,
) -> Result<ClosedRun, LedgerError> {
    let leaf_index = tree.size();
    let hash = run_hash(record)?;
    tree.append(hash);
    let (leaf_hash, tree_root) = (hex::encode(hash), hex::encode(tree.root()));
    sqlx::query("INSERT INTO audit_leaf (leaf, run, hash) VALUES ($1, $2, $3)")
        .bind(to_integer(leaf_index, "leaf")?)
        .bind(record.run.to_string())
        .bind(leaf_hash.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE audit_head SET size = $1, root = $2, frontier = $3 WHERE head = 1")
        .bind(to_integer(tree.size(), "leaf")?)
        .bind(tree_root.as_str())
        .bind(tree.to_text())
        .execute(connection)
        .await?;
    Ok(ClosedRun { run: record.run, leaf_index, leaf_hash, tree_root })
}

impl Ledger {
    /// Returns the head of the log as it is stored, for publishing.
    ///
    /// # Errors
    /// [`LedgerError::Database`], or [`LedgerError::Altered`] when it is gone.
    pub async fn log_head(&self) -> Result<LogHead, LedgerError> {
        let row = sqlx::query("SELECT size, root FROM audit_head WHERE head = 1")
            .fetch_optional(&self.pools.read)
            .await?
            .ok_or(LogFault::NoHead)?;
        let mut cells = Cells::of(&row);
        Ok(LogHead { size: cells.number("size")?, root: cells.text()? })
    }

    /// Recomputes the log from the stored runs, and the budgets from the stored releases, and compares.
    /// Runs that are closed meanwhile are left for the next time.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] says what is not as it was written; [`LedgerError::Stored`] that something
    /// cannot even be read.
    pub async fn verify_log(&self) -> Result<LogHead, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        verify_budgets(&mut connection).await?;
        let (head, frontier) = counted_head(&mut connection).await?;
        let mut tree = Frontier::default();
        while tree.size() < head.size {
            let until = head.size.min(tree.size() + PAGE);
            verify_page(&mut connection, &mut tree, until).await?;
        }
        if hex::encode(tree.root()) == head.root && tree.to_text() == frontier {
            Ok(head)
        } else {
            Err(LogFault::Root.into())
        }
    }
}

/// Returns the head and its frontier, after checking that it counts every leaf and every closed run. One
/// statement sees one moment.
async fn counted_head(connection: &mut AnyConnection) -> Result<(LogHead, String), LedgerError> {
    let row = sqlx::query(
        "SELECT size, root, frontier, (SELECT COUNT(*) FROM audit_leaf), \
         (SELECT COUNT(*) FROM run WHERE status <> 'open') FROM audit_head WHERE head = 1",
    )
    .fetch_optional(connection)
    .await?
    .ok_or(LogFault::NoHead)?;
    let mut cells = Cells::of(&row);
    let head = LogHead { size: cells.number("size")?, root: cells.text()? };
    let frontier = cells.text()?;
    let (leaves, runs) = (cells.number("leaf")?, cells.number("run")?);
    if leaves == head.size && runs == head.size {
        Ok((head, frontier))
    } else {
        Err(LogFault::Count { head: head.size, leaves, runs }.into())
    }
}

/// Recomputes the leaves from the size of `tree` up to `until`, and appends them to it.
async fn verify_page(
    connection: &mut AnyConnection,
    tree: &mut Frontier,
    until: u64,
) -> Result<(), LedgerError> {
    let rows =
        sqlx::query("SELECT leaf, run, hash FROM audit_leaf WHERE leaf >= $1 AND leaf < $2 ORDER BY leaf")
            .bind(to_integer(tree.size(), "leaf")?)
            .bind(to_integer(until, "leaf")?)
            .fetch_all(&mut *connection)
            .await?;
    let mut leaves: Vec<(u64, RunId, String)> = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut cells = Cells::of(row);
        leaves.push((cells.number("leaf")?, cells.parsed("run")?, cells.text()?));
    }
    let runs: Vec<RunId> = leaves.iter().map(|(_, run, _)| *run).collect();
    let records = load_records(connection, &runs).await?;
    let mut records = records.iter().peekable();
    for (leaf, run, hash) in leaves {
        if leaf != tree.size() {
            return Err(LogFault::LeafGone { leaf: tree.size() }.into());
        }
        let record = records.next_if(|record| record.run == run).ok_or(LogFault::RunGone { leaf, run })?;
        let recomputed = run_hash(record)?;
        if hex::encode(recomputed) != hash {
            return Err(LogFault::RunAltered { leaf, run }.into());
        }
        tree.append(recomputed);
    }
    if tree.size() == until { Ok(()) } else { Err(LogFault::LeafGone { leaf: tree.size() }.into()) }
}

/// Checks that each budget is the sum of what was charged to it.
async fn verify_budgets(connection: &mut AnyConnection) -> Result<(), LedgerError> {
    let rows = sqlx::query(
        "SELECT budget_scope.scope, budget_scope.rho_nano, budget_scope.delta_atto, \
         CAST(COALESCE(SUM(release.rho_nano), 0) AS BIGINT), CAST(COALESCE(SUM(release.delta_atto), 0) AS BIGINT) \
         FROM budget_scope \
         LEFT JOIN release_scope ON release_scope.scope = budget_scope.scope \
         LEFT JOIN release ON release.release = release_scope.release \
         GROUP BY budget_scope.scope, budget_scope.rho_nano, budget_scope.delta_atto",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let mut cells = Cells::of(row);
        let account: Account = cells.parsed("scope")?;
        let (stored, charged): (Price, Price) = (cells.price()?, cells.price()?);
        if stored != charged {
            return Err(LogFault::Spent { account }.into());
        }
    }
    let lost =
        sqlx::query("SELECT COUNT(*) FROM release_scope WHERE scope NOT IN (SELECT scope FROM budget_scope)")
            .fetch_one(connection)
            .await?;
    if Cells::of(&lost).integer()? == 0 { Ok(()) } else { Err(LogFault::ScopeGone.into()) }
}
