//! Wrapped keys: bucket keys, and one data key per subject. Nothing here can open them.

use std::collections::HashMap;

use membrane_model::SubjectId;
use membrane_vault::{BucketId, WrappedKey};

use crate::batch::{Database, Insert, select};
use crate::row::Cells;
use crate::{Ledger, LedgerError};

impl Ledger {
    /// Returns a bucket id that no one else gets.
    ///
    /// # Errors
    /// [`LedgerError::BucketTaken`] when all ids are used up, or [`LedgerError::Database`].
    pub async fn reserve_bucket(&self) -> Result<BucketId, LedgerError> {
        let row = sqlx::query("UPDATE counter SET value = value + 1 WHERE name = 'bucket' RETURNING value")
            .fetch_one(&self.pools.write)
            .await?;
        let id = u32::try_from(Cells::of(&row).integer()?).map_err(|_| LedgerError::BucketTaken)?;
        Ok(BucketId(id))
    }

    /// Stores the wrapped key of a bucket.
    ///
    /// # Errors
    /// [`LedgerError::BucketTaken`] when the bucket has a key already, or [`LedgerError::Database`].
    pub async fn store_bucket(&self, bucket: BucketId, wrapped: &WrappedKey) -> Result<(), LedgerError> {
        let stored = sqlx::query(
            "INSERT INTO bucket_key (bucket, wrapped) VALUES ($1, $2) ON CONFLICT (bucket) DO NOTHING",
        )
        .bind(i64::from(bucket.0))
        .bind(wrapped.as_bytes())
        .execute(&self.pools.write)
        .await?;
        if stored.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::BucketTaken) }
    }

    /// Returns the wrapped keys of these buckets. Buckets without a key are left out.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn bucket_keys(
        &self,
        buckets: &[BucketId],
    ) -> Result<HashMap<BucketId, WrappedKey>, LedgerError> {
        let keys: Vec<i64> = buckets.iter().map(|bucket| i64::from(bucket.0)).collect();
        let mut connection = self.pools.read.acquire().await?;
        let mut found = HashMap::with_capacity(keys.len());
        let sql = "SELECT bucket, wrapped FROM bucket_key WHERE bucket {keys}";
        select(&mut connection, sql, &keys, |row| {
            let mut cells = Cells::of(row);
            found.insert(bucket(&mut cells)?, WrappedKey::from_bytes(cells.bytes()?));
            Ok(())
        })
        .await?;
        Ok(found)
    }

    /// Stores the wrapped data keys of subjects, in one transaction, and returns how many were stored. A subject that
    /// has a key keeps it: of two writers one wins, and who has stored fewer than were offered reads the winner's.
    ///
    /// # Errors
    /// [`LedgerError::Database`], also when a bucket has no key. Nothing is stored then.
    pub async fn store_data_keys(
        &self,
        keys: &[(SubjectId, BucketId, WrappedKey)],
    ) -> Result<u64, LedgerError> {
        if keys.is_empty() {
            return Ok(0);
        }
        let mut sorted: Vec<&(SubjectId, BucketId, WrappedKey)> = keys.iter().collect();
        // Two writers that insert the same subjects wait for each other in the same order, and so never
        // in a circle; and a sorted batch touches each page of the index once.
        sorted.sort_unstable_by_key(|(subject, _, _)| *subject);
        let insert = Insert {
            head: "INSERT INTO data_key (subject, bucket, wrapped) VALUES",
            width: 3,
            tail: "ON CONFLICT (subject) DO NOTHING",
        };
        let mut transaction = self.begin().await?;
        let stored = insert
            .rows(&mut transaction, &sorted, |values, _, (subject, bucket, wrapped)| {
                values.push(subject.as_bytes().as_slice())?;
                values.push(i64::from(bucket.0))?;
                values.push(wrapped.as_bytes())
            })
            .await?;
        transaction.commit().await?;
        Ok(stored)
    }

    /// Returns the wrapped data keys of these subjects, and the buckets whose keys open them. Subjects
    /// without a key are left out.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn data_keys(
        &self,
        subjects: &[SubjectId],
    ) -> Result<HashMap<SubjectId, (BucketId, WrappedKey)>, LedgerError> {
        let mut sorted: Vec<&[u8]> = subjects.iter().map(|subject| subject.as_bytes().as_slice()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut connection = self.pools.read.acquire().await?;
        let mut found = HashMap::with_capacity(sorted.len());
        // One text for many keys: a row for each costs several times what finding the key does.
        let sql = match Database::of(&connection) {
            Database::Sqlite => {
                "SELECT group_concat(hex(subject || wrapped) || bucket, ' ') FROM data_key WHERE subject {keys}"
            }
            Database::Postgres => {
                "SELECT string_agg(encode(subject || wrapped, 'hex') || bucket, ' ') \
                 FROM data_key WHERE subject {keys}"
            }
        };
        select(&mut connection, sql, &sorted, |row| {
            // Of subjects without keys there is no text.
            let text = Cells::of(row).text_or_null()?.unwrap_or_default();
            for word in text.split_ascii_whitespace() {
                let (subject, bucket, wrapped) = packed(word).ok_or(LedgerError::Stored("data key"))?;
                found.insert(subject, (bucket, wrapped));
            }
            Ok(())
        })
        .await?;
        Ok(found)
    }
}

/// Reads a key that is packed into a word: subject and wrapped key in hexadecimal digits, then the bucket in decimal ones.
fn packed(word: &str) -> Option<(SubjectId, BucketId, WrappedKey)> {
    const SUBJECT: usize = 16;
    let (bytes, bucket) = word.split_at_checked(2 * (SUBJECT + WrappedKey::LENGTH))?;
    let mut unpacked = [0; SUBJECT + WrappedKey::LENGTH];
    let (subject, wrapped) =
        base16ct::mixed::decode(bytes, &mut unpacked).ok()?.split_first_chunk::<SUBJECT>()?;
    let wrapped = WrappedKey::from_bytes(wrapped.to_vec());
    Some((SubjectId::from_bytes(*subject), BucketId(bucket.parse().ok()?), wrapped))
}

fn bucket(cells: &mut Cells<'_>) -> Result<BucketId, LedgerError> {
    u32::try_from(cells.integer()?).map(BucketId).map_err(|_| LedgerError::Stored("bucket"))
}
