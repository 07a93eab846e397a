//! Makes a delivery visible: first its bad rows, then its good ones, each with the delivery's id.
//!
//! Killed in between, the same delivery again finds its bad rows committed, adds none of them twice and
//! commits the good ones. Only when the table has the id is the delivery done.

use membrane_lake::Appender;
use membrane_model::TableVersion;

use crate::IngestError;

/// The position that stands for a whole delivery: it is committed at once or not at all.
const WHOLE: i64 = 1;

/// What the commits did.
pub(crate) struct Visible {
    /// The table's version.
    pub(crate) version: Option<TableVersion>,
    /// The quarantine's version, when there were bad rows.
    pub(crate) quarantine_version: Option<TableVersion>,
    /// Whether the delivery was there before.
    pub(crate) already: bool,
}

/// Commits both tables, or neither.
pub(crate) async fn commit(
    table: Appender,
    quarantine: Appender,
    app_id: &str,
    has_bad_rows: bool,
) -> Result<Visible, IngestError> {
    match was_committed(&table, app_id).await {
        Ok(None) => {}
        Ok(Some(before)) => {
            table.abort().await;
            quarantine.abort().await;
            return Ok(before);
        }
        Err(error) => {
            table.abort().await;
            quarantine.abort().await;
            return Err(error);
        }
    }
    let quarantine_version = if has_bad_rows {
        match quarantine.commit(app_id, WHOLE).await {
            Ok(committed) => Some(committed.version),
            Err(error) => {
                table.abort().await;
                return Err(error.into());
            }
        }
    } else {
        quarantine.abort().await;
        None
    };
    let committed = table.commit(app_id, WHOLE).await?;
    Ok(Visible { version: Some(committed.version), quarantine_version, already: committed.already })
}

/// Tells whether the table has this delivery, and what its version is now.
pub(crate) async fn was_committed(table: &Appender, app_id: &str) -> Result<Option<Visible>, IngestError> {
    if table.committed(app_id).await? < Some(WHOLE) {
        return Ok(None);
    }
    let version = table.version().await?;
    Ok(Some(Visible { version, quarantine_version: None, already: true }))
}
