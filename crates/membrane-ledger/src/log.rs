//! The Merkle log over closed runs: appending to it, and proving that nothing in it was altered.
//!
//! What verification cannot see is a ledger that was replaced as a whole by an earlier or a newly made
//! one, head included. For that the head has to be known elsewhere: [`LogHead`] is what to publish.

use chrono::{DateTime, Utc};
use membrane_log::bundle::ENTRY_BYTES_MAX;
use membrane_log::{Edge, Hash};
use membrane_model::{Price, RunId};
use sqlx::AnyConnection;

use crate::held::{indexed, others_altered, verify_columns};
use crate::leaf::{entry_of, entry_with};
use crate::load::load_records;
use crate::merkle;
use crate::row::{Cells, to_integer};
use crate::{Account, ClosedRun, Ledger, LedgerError, LogFault, RunRecord};

/// Leaves that are read and recomputed at a time.
const PAGE: u64 = 100;
/// Hashes that are read at a time.
const HASHES: u64 = 10_000;

/// The head of the log: how many runs it holds, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Runs in the log.
    pub size: u64,
    /// The root, as hexadecimal text.
    pub root: String,
}

/// What stands in the log of a closed run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The index of its leaf.
    pub leaf: u64,
    /// The run.
    pub run: RunId,
    /// What its leaf is the hash of: canonical JSON.
    pub text: Vec<u8>,
}

/// Locks the head of the log until the end of the transaction, and returns the tree.
pub(crate) async fn lock_head(connection: &mut AnyConnection) -> Result<Edge, LedgerError> {
    let row = sqlx::query("UPDATE audit_head SET size = size WHERE head = 1 RETURNING size, frontier")
        .fetch_optional(connection)
        .await?
        .ok_or(LogFault::NoHead)?;
    let mut cells = Cells::of(&row);
    let (size, frontier) = (cells.number("size")?, cells.text()?);
    merkle::parse(size, &frontier).ok_or(LedgerError::Stored("frontier"))
}

/// Appends the leaf of a closed run to the tree whose head is locked.
pub(crate) async fn append_leaf(
    connection: &mut AnyConnection,
    mut tree: Edge,
    record: &RunRecord,
) -> Result<ClosedRun, LedgerError> {
    let leaf_index = tree.size();
    let entry = entry_of(record)?;
    let hash = Hash::of_entry(&entry);
    tree.append(hash);
    let (leaf_hash, tree_root) = (hex::encode(hash.0), hex::encode(tree.root().0));
    sqlx::query("INSERT INTO audit_leaf (leaf, run, hash) VALUES ($1, $2, $3)")
        .bind(to_integer(leaf_index, "leaf")?)
        .bind(record.run.to_string())
        .bind(leaf_hash.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE audit_head SET size = $1, root = $2, frontier = $3 WHERE head = 1")
        .bind(to_integer(tree.size(), "leaf")?)
        .bind(tree_root.as_str())
        .bind(merkle::to_text(&tree))
        .execute(connection)
        .await?;
    Ok(ClosedRun { run: record.run, leaf_index, leaf_hash, tree_root, entry })
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

    /// Returns the entries of the log from a leaf on, before another one, made again from the runs as they are stored.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] when a leaf or a run is not what it was, [`LedgerError::EntryTooLong`] when a run of an old version does not fit an entry,
    /// or [`LedgerError::Database`].
    pub async fn log_entries(&self, from: u64, before: u64) -> Result<Vec<LogEntry>, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        let mut entries = Vec::new();
        let mut next = from;
        while next < before {
            let until = before.min(next + PAGE);
            entries.extend(load_entries(&mut connection, next, until).await?);
            next = until;
        }
        match entries.iter().find(|entry| entry.text.len() > ENTRY_BYTES_MAX) {
            Some(LogEntry { leaf, run, text }) => {
                Err(LedgerError::EntryTooLong { leaf: *leaf, run: *run, bytes: text.len() })
            }
            None => Ok(entries),
        }
    }

    /// Returns the hashes of the leaves from one on, before another one, as they are stored: 10,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Altered`] when one is gone, [`LedgerError::Stored`] when one is no hash, or [`LedgerError::Database`].
    pub async fn leaf_hashes(&self, from: u64, before: u64) -> Result<Vec<Hash>, LedgerError> {
        let before = before.min(from.saturating_add(HASHES));
        let rows =
            sqlx::query("SELECT leaf, hash FROM audit_leaf WHERE leaf >= $1 AND leaf < $2 ORDER BY leaf")
                .bind(to_integer(from, "leaf")?)
                .bind(to_integer(before, "leaf")?)
                .fetch_all(&self.pools.read)
                .await?;
        let mut hashes = Vec::with_capacity(rows.len());
        for (expected, row) in (from..before).zip(&rows) {
            let mut cells = Cells::of(row);
            if cells.number("leaf")? != expected {
                return Err(LogFault::LeafGone { leaf: expected }.into());
            }
            let mut hash = [0; 32];
            hex::decode_to_slice(cells.text()?, &mut hash).map_err(|_| LedgerError::Stored("hash"))?;
            hashes.push(Hash(hash));
        }
        let next = from + u64::try_from(hashes.len()).unwrap_or(0);
        if next < before { Err(LogFault::LeafGone { leaf: next }.into()) } else { Ok(hashes) }
    }

    /// Finds the leaf of a closed run; none when it is open, or there is none.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn leaf_of(&self, run: &RunId) -> Result<Option<u64>, LedgerError> {
        let row = sqlx::query("SELECT leaf FROM audit_leaf WHERE run = $1")
            .bind(run.to_string())
            .fetch_optional(&self.pools.read)
            .await?;
        row.map(|row| Cells::of(&row).number("leaf")).transpose()
    }

    /// Counts the runs whose statement is not there any more, though their leaf has a commitment to one.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn forgotten_statements(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query(
            "SELECT COUNT(*) FROM run WHERE statement IS NULL AND statement_commitment IS NOT NULL",
        )
        .fetch_one(&self.pools.read)
        .await?;
        Cells::of(&row).number("a count of statements")
    }

    /// Notes that the log was signed and published up to a size.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn note_published(&self, head: &LogHead, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let size = to_integer(head.size, "leaf")?;
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO audit_published (size, root, published) VALUES ($1, $2, $3) \
             ON CONFLICT (size) DO NOTHING",
        )
        .bind(size)
        .bind(head.root.as_str())
        .bind(now.timestamp_micros())
        .execute(&mut *transaction)
        .await?;
        // The largest tells all: each tree begins with those before it.
        sqlx::query("DELETE FROM audit_published WHERE size < $1")
            .bind(size)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns what was published last, as far as the ledger knows.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn last_published(&self) -> Result<Option<(LogHead, DateTime<Utc>)>, LedgerError> {
        let row = sqlx::query("SELECT size, root, published FROM audit_published ORDER BY size DESC LIMIT 1")
            .fetch_optional(&self.pools.read)
            .await?;
        row.map(|row| {
            let mut cells = Cells::of(&row);
            let head = LogHead { size: cells.number("size")?, root: cells.text()? };
            Ok((head, cells.instant("published")?))
        })
        .transpose()
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
        // Before the head: leaves that come in between are not looked at.
        let indexed = indexed(&mut connection).await?;
        let (head, frontier) = counted_head(&mut connection).await?;
        let mut tree = Edge::default();
        while tree.size() < head.size {
            let from = tree.size();
            let until = head.size.min(from + PAGE);
            match verify_page(&mut connection, &mut tree, until).await {
                Err(LedgerError::Altered(LogFault::RunAltered { leaf, run })) => {
                    let others = others_altered(&mut connection, (leaf + 1, head.size)).await?;
                    return Err(LogFault::altered(leaf, run, others).into());
                }
                verified => verified?,
            }
            verify_columns(&mut connection, (from, until.min(indexed))).await?;
        }
        if hex::encode(tree.root().0) == head.root && merkle::to_text(&tree) == frontier {
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
async fn verify_page(connection: &mut AnyConnection, tree: &mut Edge, until: u64) -> Result<(), LedgerError> {
    for entry in load_entries(connection, tree.size(), until).await? {
        tree.append(Hash::of_entry(&entry.text));
    }
    Ok(())
}

/// Returns the leaves from one on, before another one, in their order: each with its run and its hash, as they are stored.
pub(crate) async fn leaf_rows(
    connection: &mut AnyConnection,
    from: u64,
    until: u64,
) -> Result<Vec<(u64, RunId, String)>, LedgerError> {
    let rows =
        sqlx::query("SELECT leaf, run, hash FROM audit_leaf WHERE leaf >= $1 AND leaf < $2 ORDER BY leaf")
            .bind(to_integer(from, "leaf")?)
            .bind(to_integer(until, "leaf")?)
            .fetch_all(&mut *connection)
            .await?;
    let mut leaves = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut cells = Cells::of(row);
        leaves.push((cells.number("leaf")?, cells.parsed("run")?, cells.text()?));
    }
    Ok(leaves)
}

/// Makes the entries of these leaves again, from the runs as they are stored.
async fn load_entries(
    connection: &mut AnyConnection,
    from: u64,
    until: u64,
) -> Result<Vec<LogEntry>, LedgerError> {
    let leaves = leaf_rows(connection, from, until).await?;
    let runs: Vec<RunId> = leaves.iter().map(|(_, run, _)| *run).collect();
    let records = load_records(connection, &runs).await?;
    let (mut records, mut next) = (records.iter().peekable(), from);
    let mut entries = Vec::with_capacity(leaves.len());
    for (leaf, run, hash) in leaves {
        if leaf != next {
            return Err(LogFault::LeafGone { leaf: next }.into());
        }
        let record = records.next_if(|record| record.run == run).ok_or(LogFault::RunGone { leaf, run })?;
        let text = entry_with(record, &hash)?.ok_or(LogFault::RunAltered { leaf, run })?;
        entries.push(LogEntry { leaf, run, text });
        next += 1;
    }
    if next == until { Ok(entries) } else { Err(LogFault::LeafGone { leaf: next }.into()) }
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
