//! Which version's rows a version has: that of the last commit that changed any.
//!
//! A commit of the upkeep has two transactions: its own version, and the version whose rows it keeps. A version whose number is
//! not the first of these was made by somebody who changed rows. Both are in the log for good, as checkpoints keep them.

use deltalake::DeltaTable;
use deltalake::kernel::Transaction;
use deltalake::logstore::LogStoreRef;
use membrane_model::TableVersion;

use crate::LakeError;
use crate::positions::positions;

const OWN: &str = "upkeep/version";
const KEEPS: &str = "upkeep/keeps";

/// Returns the version whose rows this one has.
pub(crate) async fn content_version(
    log_store: &LogStoreRef,
    table: &DeltaTable,
) -> Result<TableVersion, LakeError> {
    let version = table.version().unwrap_or_default();
    let stated = positions(log_store, table, [OWN, KEEPS]).await?;
    if stated.get(OWN).copied() != i64::try_from(version).ok() {
        return Ok(TableVersion(version));
    }
    let keeps = stated.get(KEEPS).and_then(|keeps| u64::try_from(*keeps).ok());
    Ok(TableVersion(keeps.filter(|keeps| *keeps <= version).unwrap_or(version)))
}

/// Returns the transactions of a commit that will be the version after this one, and keeps its rows.
pub(super) fn transactions(version: u64, content: TableVersion) -> Option<[Transaction; 2]> {
    let own = i64::try_from(version.checked_add(1)?).ok()?;
    Some([Transaction::new(OWN, own), Transaction::new(KEEPS, i64::try_from(content.0).ok()?)])
}
