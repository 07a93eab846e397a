//! Documents: what was published and granted, as signed texts that runs brought about.
//!
//! A document is numbered within its kind, never changed and never removed. The leaf of the run that wrote it names it by its
//! hash. What it says and how it is signed is for those who write and read it.

use std::fmt;
use std::str::FromStr;

use membrane_model::RunId;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::batch::Insert;
use crate::row::{Cells, to_integer};
use crate::run::lock_open;
use crate::terms::lock_budgets;
use crate::{Ledger, LedgerError, OpenRun};

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A version of the policies, with the proof that it was published on.
    Publication,
    /// A step in the life of a break-glass grant.
    BreakGlass,
    /// A step in the life of a delegation.
    Delegation,
    /// A step in the life of a partner's budget.
    Budget,
    /// A revision of a contract that rows were brought in by.
    Contract,
    /// Something that stood out of what a principal did.
    Anomaly,
}

impl DocumentKind {
    const ALL: [Self; 6] =
        [Self::Publication, Self::BreakGlass, Self::Delegation, Self::Budget, Self::Contract, Self::Anomaly];

    /// Returns its name in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publication => "publication",
            Self::BreakGlass => "break_glass",
            Self::Delegation => "delegation",
            Self::Budget => "budget",
            Self::Contract => "contract",
            Self::Anomaly => "anomaly",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DocumentKind {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(LedgerError::Stored("kind"))
    }
}

/// A document that is to be written.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// What it is about.
    pub kind: DocumentKind,
    /// Its number: the one after the last of its kind.
    pub number: u64,
    /// What it says.
    pub body: String,
    /// Its signature, as text.
    pub signature: String,
    /// The texts of files that it names by their hash.
    pub files: Vec<String>,
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is about.
    pub kind: DocumentKind,
    /// Its number within its kind, from 1.
    pub number: u64,
    /// The run that wrote it.
    pub run: RunId,
    /// What it says.
    pub body: String,
    /// Its signature.
    pub signature: String,
}

/// A document as the leaf of its run names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRef {
    /// What it is about.
    pub kind: DocumentKind,
    /// Its number within its kind.
    pub number: u64,
    /// SHA-256 of what it says, as hexadecimal text.
    pub sha256: String,
}

impl Document {
    /// Returns the text that the signature of a document is of: its kind, its number and what it says, so that none stands for
    /// another.
    #[must_use]
    pub fn signed_text(kind: DocumentKind, number: u64, body: &str) -> String {
        format!("membrane-document/1\n{kind}\n{number}\n{body}")
    }

    /// Returns the name of a text: its SHA-256, as hexadecimal text.
    #[must_use]
    pub fn hash(text: &str) -> String {
        hex::encode(Sha256::digest(text))
    }
}

impl OpenRun {
    /// Writes a document. It is durable before this returns, and part of the run's leaf.
    ///
    /// # Errors
    /// [`LedgerError::DocumentTaken`] when there is one of this number, [`LedgerError::RunNotOpen`] or
    /// [`LedgerError::Database`]. Nothing was written then.
    pub async fn add_document(&mut self, document: &NewDocument) -> Result<(), LedgerError> {
        self.add_document_about(document, None).await
    }

    /// Writes a document that is about something of which there are many: it is found by that later.
    ///
    /// # Errors
    /// As [`Self::add_document`].
    pub async fn add_document_about(
        &mut self,
        document: &NewDocument,
        about: Option<&str>,
    ) -> Result<(), LedgerError> {
        let run = self.id().to_string();
        let mut transaction = self.ledger().begin().await?;
        if document.kind == DocumentKind::Budget {
            // INVARIANT: a price is reserved before this step or after it, on its terms.
            lock_budgets(&mut transaction).await?;
        }
        lock_open(&mut transaction, &run).await?;
        let written = sqlx::query(
            "INSERT INTO document (kind, number, run, body, signature, about) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT DO NOTHING",
        )
        .bind(document.kind.as_str())
        .bind(to_integer(document.number, "number")?)
        .bind(run.as_str())
        .bind(document.body.as_str())
        .bind(document.signature.as_str())
        .bind(about)
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() != 1 {
            return Err(LedgerError::DocumentTaken);
        }
        let insert = Insert {
            head: "INSERT INTO document_file (sha256, body) VALUES",
            width: 2,
            tail: "ON CONFLICT DO NOTHING",
        };
        insert
            .rows(&mut transaction, &document.files, |values, _, text| {
                values.push(Document::hash(text))?;
                values.push(text.as_str())
            })
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl Ledger {
    /// Returns the number of the last document of a kind; 0 when there is none.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn last_document(&self, kind: DocumentKind) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT COALESCE(MAX(number), 0) FROM document WHERE kind = $1")
            .bind(kind.as_str())
            .fetch_one(&self.pools.read)
            .await?;
        Cells::of(&row).number("number")
    }

    /// Returns the number and the signature of the last document of a kind; 0 and no text when there is none.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn last_signature(&self, kind: DocumentKind) -> Result<(u64, String), LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        last_signature(&mut connection, kind).await
    }

    /// Returns how many documents of a kind there are: as many as the number of the last, unless some were taken away.
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn count_documents(&self, kind: DocumentKind) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT COUNT(*) FROM document WHERE kind = $1")
            .bind(kind.as_str())
            .fetch_one(&self.pools.read)
            .await?;
        Cells::of(&row).number("number")
    }

    /// Returns a document.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn document(&self, kind: DocumentKind, number: u64) -> Result<Option<Document>, LedgerError> {
        let row = sqlx::query(
            "SELECT kind, number, run, body, signature FROM document WHERE kind = $1 AND number = $2",
        )
        .bind(kind.as_str())
        .bind(to_integer(number, "number")?)
        .fetch_optional(&self.pools.read)
        .await?;
        row.as_ref().map(read_document).transpose()
    }

    /// Returns the documents of a kind after a number, in the order of their numbers.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn documents(&self, kind: DocumentKind, after: u64) -> Result<Vec<Document>, LedgerError> {
        let rows = sqlx::query(
            "SELECT kind, number, run, body, signature FROM document WHERE kind = $1 AND number > $2 ORDER BY number",
        )
        .bind(kind.as_str())
        .bind(to_integer(after, "number")?)
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read_document).collect()
    }

    /// Returns the documents of a kind about one thing, in the order of their numbers.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn documents_about(
        &self,
        kind: DocumentKind,
        about: &str,
    ) -> Result<Vec<Document>, LedgerError> {
        let rows = sqlx::query(
            "SELECT kind, number, run, body, signature FROM document WHERE kind = $1 AND about = $2 ORDER BY number",
        )
        .bind(kind.as_str())
        .bind(about)
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read_document).collect()
    }

    /// Returns the last document of a kind about each thing that there is one about.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn last_documents(&self, kind: DocumentKind) -> Result<Vec<Document>, LedgerError> {
        let rows = sqlx::query(
            "SELECT kind, number, run, body, signature FROM document WHERE kind = $1 AND number IN \
             (SELECT MAX(number) FROM document WHERE kind = $1 AND about IS NOT NULL GROUP BY about) ORDER BY number",
        )
        .bind(kind.as_str())
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(read_document).collect()
    }

    /// Returns the text of a file that documents name by its hash, if that is still its hash.
    ///
    /// # Errors
    /// [`LedgerError::Database`], or [`LedgerError::Stored`] when it is gone or was altered.
    pub async fn document_file(&self, sha256: &str) -> Result<String, LedgerError> {
        let row = sqlx::query("SELECT body FROM document_file WHERE sha256 = $1")
            .bind(sha256)
            .fetch_optional(&self.pools.read)
            .await?;
        let text = row.as_ref().map(|row| Cells::of(row).text()).transpose()?;
        text.filter(|text| Document::hash(text) == sha256).ok_or(LedgerError::Stored("file"))
    }
}

/// Returns the number and the signature of the last document of a kind, on a given connection.
pub(crate) async fn last_signature(
    connection: &mut AnyConnection,
    kind: DocumentKind,
) -> Result<(u64, String), LedgerError> {
    let row =
        sqlx::query("SELECT number, signature FROM document WHERE kind = $1 ORDER BY number DESC LIMIT 1")
            .bind(kind.as_str())
            .fetch_optional(connection)
            .await?;
    let Some(row) = row else { return Ok((0, String::new())) };
    let mut cells = Cells::of(&row);
    Ok((cells.number("number")?, cells.text()?))
}

fn read_document(row: &AnyRow) -> Result<Document, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(Document {
        kind: cells.parsed("kind")?,
        number: cells.number("number")?,
        run: cells.parsed("run")?,
        body: cells.text()?,
        signature: cells.text()?,
    })
}
