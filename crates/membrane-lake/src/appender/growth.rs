//! A contract that went on since the table's last commit: what the commit to come has to fit, and what the table gets with it.

use deltalake::kernel::{Action, MetadataExt as _, StructType};
use deltalake::{DeltaTable, DeltaTableError};

use super::Appender;
use crate::lake::contract_of;
use crate::layout::Fit;
use crate::{LakeError, layout};

impl Appender {
    pub(super) async fn require_contract(&self, table: &DeltaTable) -> Result<(), LakeError> {
        let Some((before, revision)) = self.contract else { return Ok(()) };
        let now = contract_of(table, &self.log_store).await?;
        if now == before || now == Some(revision) {
            Ok(())
        } else {
            Err(LakeError::OtherContract { dataset: self.dataset.name.clone() })
        }
    }

    pub(super) fn require_same_schema(&self, table: &DeltaTable) -> Result<(), LakeError> {
        match self.fit(table).map_err(|source| LakeError::table("read the table's log", source))? {
            Fit::Fits | Fit::Grows(_) => Ok(()),
            Fit::Differs(difference) => {
                Err(LakeError::SchemaChanged { dataset: self.dataset.name.clone(), difference })
            }
        }
    }

    fn fit(&self, table: &DeltaTable) -> Result<Fit, DeltaTableError> {
        let expected = layout::delta_fields(&self.schema).unwrap_or_default();
        Ok(layout::fit(&expected, table.snapshot()?.schema().fields()))
    }

    /// Returns what gives the table the columns that the contract has got, if there are any.
    pub(super) fn grown(&self, table: &DeltaTable) -> Result<Option<Action>, DeltaTableError> {
        let Fit::Grows(fields) = self.fit(table)? else { return Ok(None) };
        let mut metadata = table.snapshot()?.metadata().clone().with_schema(&StructType::try_new(fields)?)?;
        // PRIVACY: other writers collect statistics of no column but these.
        let statistics = layout::statistics_columns(&self.columns);
        for (key, other) in
            [(layout::STATISTICS, layout::NO_STATISTICS), (layout::NO_STATISTICS, layout::STATISTICS)]
        {
            let stated = layout::table_properties(&statistics).into_iter().find(|(name, _)| *name == key);
            if let Some((_, Some(value))) = stated {
                metadata = metadata.add_config_key(key.to_owned(), value)?.remove_config_key(other)?;
            }
        }
        Ok(Some(Action::Metadata(metadata)))
    }
}
