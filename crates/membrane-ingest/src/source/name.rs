//! What a delivery is called in the logs of the tables and in the lineage.
//!
//! ```text
//! ingest/<dataset>/<64 digits>              in the table's log: the delivery is there
//! ingest/<dataset>/<64 digits>/contract     beside it: under which contract its rows were checked
//! ingest/<dataset>/<64 digits>/<32 digits>  in the quarantine's log: what that contract set aside
//! <format> delivery <12 digits>             in the lineage
//! ```
//!
//! PRIVACY: names and contents of deliveries can be guessed: a file may be called after somebody, a body may
//! be one telephone number. The digits are a keyed hash, so that nobody without the key can try.

use membrane_catalog::Dataset;
use membrane_vault::Vault;

use crate::Format;

/// Digits in the lineage: enough to find the delivery in the table's log.
const SHORT_DIGITS: usize = 12;
/// Digits of a hash that fit a number of the log.
const CONTRACT_DIGITS: usize = 15;

/// The names of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryName {
    table: String,
    quarantine: String,
    digits: String,
    contract: i64,
    content: i64,
}

impl DeliveryName {
    /// Names a delivery by the hash of its content, by what the deliverer calls it, if anything, and by the sheet that
    /// was named, if one was: another sheet of the same workbook is another delivery.
    pub(crate) fn new(
        vault: &Vault,
        dataset: &Dataset,
        content: &[u8; 32],
        source: Option<&str>,
        sheet: Option<&str>,
    ) -> Self {
        let name = dataset.name.as_str();
        let mut parts = vec![name.as_bytes()];
        parts.extend(source.map(str::as_bytes));
        parts.push(content.as_slice());
        parts.extend(sheet.into_iter().flat_map(|sheet| [b"sheet".as_slice(), sheet.as_bytes()]));
        let digits = vault.delivery_hasher().hash(&parts);
        let table = format!("ingest/{name}/{digits}");
        let contract = dataset.contract_hash();
        let content = vault.delivery_hasher().hash(&[name.as_bytes(), content]);
        let number = |digits: &str| {
            i64::from_str_radix(digits.get(..CONTRACT_DIGITS).unwrap_or_default(), 16).unwrap_or_default()
        };
        Self {
            quarantine: format!("{table}/{contract}"),
            table,
            digits,
            contract: number(&contract),
            content: number(&content),
        }
    }

    /// Returns the id under which the table's log has it.
    pub(crate) fn in_table(&self) -> &str {
        &self.table
    }

    /// Returns the id under which the quarantine's log has what this contract set aside of it.
    pub(crate) fn in_quarantine(&self) -> &str {
        &self.quarantine
    }

    /// Returns the id and the number by which the table's log tells the contract.
    pub(crate) fn contract(&self) -> (String, i64) {
        (format!("{}/contract", self.table), self.contract)
    }

    /// Returns a number that stands for what is in it, whatever it is called.
    pub(crate) const fn content(&self) -> i64 {
        self.content
    }

    /// Returns the name in the lineage.
    pub(crate) fn in_lineage(&self, format: Format) -> String {
        let short = self.digits.get(..SHORT_DIGITS).unwrap_or_default();
        format!("{} delivery {short}", format.as_word())
    }
}

#[cfg(test)]
mod tests;
