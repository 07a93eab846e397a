//! Makes a delivery visible: first its bad rows, then its good ones, each with the delivery's name.
//!
//! Killed in between, the same delivery again finds its bad rows committed, adds none of them twice and
//! commits the good ones. Only when the table has the name is the delivery done. The name of the bad rows holds
//! the contract too: when it was changed in between, the rows that are bad now are other ones, and are kept.

use membrane_lake::Appender;
use membrane_ledger::Ledger;
use membrane_model::{RunId, TableVersion};

use crate::source::DeliveryName;
use crate::{IngestError, Position};

/// The position that stands for a whole delivery: it is committed at once or not at all.
const WHOLE: i64 = 1;

/// What the commits did.
#[derive(Debug, Default)]
pub(crate) struct Visible {
    /// The table's version with the rows in it; none when nothing was added.
    pub(crate) version: Option<TableVersion>,
    /// The quarantine's version, when there were bad rows.
    pub(crate) quarantine_version: Option<TableVersion>,
    /// Whether the delivery was there before.
    pub(crate) already: bool,
    /// Whether it was checked against another state of the contract then.
    pub(crate) contract_changed: bool,
}

/// The commits of one delivery.
pub(crate) struct Commit<'a> {
    /// Where the run is on record.
    pub(crate) ledger: &'a Ledger,
    /// The run in which it is brought in.
    pub(crate) run: RunId,
    /// Its names.
    pub(crate) name: &'a DeliveryName,
    /// Whether rows were set aside.
    pub(crate) has_bad_rows: bool,
    /// Where it lies in its source.
    pub(crate) position: Option<&'a Position>,
}

impl Commit<'_> {
    /// Commits both tables, or neither.
    pub(crate) async fn make(
        &self,
        mut table: Appender,
        quarantine: Appender,
    ) -> Result<Visible, IngestError> {
        let before = self.before(&table).await;
        if !matches!(before, Ok(None)) {
            table.abort().await;
            quarantine.abort().await;
            return before.map(Option::unwrap_or_default);
        }
        let quarantine_version = if self.has_bad_rows {
            match quarantine.commit(self.name.in_quarantine(), WHOLE).await {
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
        // Last of all: rows must not appear in the name of a run that is closed on record.
        if let Err(error) = self.ledger.require_open(&self.run).await {
            table.abort().await;
            return Err(error.into());
        }
        let (id, contract) = self.name.contract();
        table.mark(&id, contract);
        if let Some(position) = self.position {
            table.expect(&position.id, position.before);
            table.mark(&position.id, position.after);
            if position.replaces {
                table.replace();
                table.mark(&content_of(position), self.name.content());
                table.mark(&contract_of(position), contract);
            }
        }
        let committed = table.commit(self.name.in_table(), WHOLE).await?;
        if committed.already {
            return Ok(Visible { already: true, ..Visible::default() });
        }
        Ok(Visible { version: Some(committed.version), quarantine_version, ..Visible::default() })
    }

    /// Tells whether the delivery is there already; an error when its run may not commit it.
    async fn before(&self, table: &Appender) -> Result<Option<Visible>, IngestError> {
        self.ledger.require_open(&self.run).await?;
        if let Some(position) = self.position.filter(|position| position.replaces)
            && table.committed(&content_of(position)).await? == Some(self.name.content())
            && table.committed(&contract_of(position)).await? == Some(self.name.contract().1)
        {
            return Ok(Some(Visible { already: true, ..Visible::default() }));
        }
        was_committed(table, self.name).await
    }
}

/// The id under which the table's log has what a snapshot held: one that holds the same changes nothing.
fn content_of(position: &Position) -> String {
    format!("{}/content", position.id)
}

/// The id under which it has the contract that the snapshot was checked against.
fn contract_of(position: &Position) -> String {
    format!("{}/contract", position.id)
}

/// Tells whether the table has this delivery, and whether it was checked as it would be now.
pub(crate) async fn was_committed(
    table: &Appender,
    name: &DeliveryName,
) -> Result<Option<Visible>, IngestError> {
    if table.committed(name.in_table()).await? < Some(WHOLE) {
        return Ok(None);
    }
    let (id, contract) = name.contract();
    let under = table.committed(&id).await?;
    let contract_changed = under.is_some_and(|under| under != contract);
    Ok(Some(Visible { already: true, contract_changed, ..Visible::default() }))
}
