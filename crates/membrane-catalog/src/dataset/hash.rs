//! Hashes of a contract: of all that decides which rows are good and what becomes of them, and of all that a release goes by.

use sha2::{Digest as _, Sha256};

use crate::{Column, Dataset};

/// The version of what standardisers make of texts. It goes up when one of them reads a text otherwise than before.
const STANDARDS: u32 = 1;

/// Bytes of the hash that are kept.
const HASH_BYTES: usize = 16;

impl Dataset {
    /// Returns 32 hexadecimal digits that stand for the contract's version, columns, rules and keys. They
    /// change whenever one of these does, also when nobody raised the version; descriptions, contribution
    /// bounds and what policies know of a column do not count.
    #[must_use]
    pub fn contract_hash(&self) -> String {
        let mut parts = Parts(Sha256::new());
        parts.text("membrane/v1/contract");
        parts.text(self.name.as_str());
        parts.text(&self.version);
        parts.rows(self);
        // Only where there is one: the hashes of contracts without are those that they had before there were any.
        if let Some(ahead) = self.service.ahead_max {
            parts.text(&format!("ahead {}", ahead.as_secs()));
        }
        parts.digits()
    }

    /// Returns 32 hexadecimal digits that stand for all of the contract that a release is read, grouped and bounded by:
    /// columns with their types, classes, protections, rules, bounds and public values, keys, subject, event time and
    /// contribution bounds. They change whenever one of these does. The contract's version, descriptions, owner, waivers and
    /// what policies know of a column do not count: what policies make of that is in the permit.
    #[must_use]
    pub fn release_hash(&self) -> String {
        let mut parts = Parts(Sha256::new());
        parts.text("membrane/v1/release");
        parts.text(self.name.as_str());
        parts.rows(self);
        parts.optional(self.event_time.as_ref().map(|column| column.as_str()));
        let bounds = self.privacy.map(|privacy| [privacy.groups_max, privacy.rows_max]);
        parts.optional(bounds.map(|[groups, rows]| format!("{groups} {rows}")).as_deref());
        for column in &self.columns {
            let privacy = column.privacy;
            parts.count(usize::from(privacy.public_keys));
            let bounds =
                privacy.bounds.map(|(low, high)| format!("{:x} {:x}", low.to_bits(), high.to_bits()));
            parts.optional(bounds.as_deref());
        }
        parts.digits()
    }
}

/// Hashes parts, each behind its length, so that no two lists of them run together.
struct Parts(Sha256);

impl Parts {
    /// Adds what decides about rows: columns, subject and key.
    fn rows(&mut self, dataset: &Dataset) {
        self.count(dataset.columns.len());
        for column in &dataset.columns {
            self.column(column);
        }
        self.optional(dataset.subject.as_ref().map(|subject| subject.column.as_str()));
        self.optional(dataset.subject.as_ref().map(|subject| subject.kind.as_str()));
        self.count(dataset.primary_key.len());
        for column in &dataset.primary_key {
            self.text(column.as_str());
        }
        // What contracts could not say at first stands behind: one that does not say it keeps its hash.
        for (place, column) in dataset.columns.iter().enumerate() {
            self.later(place, column);
        }
    }

    fn digits(self) -> String {
        let mut digits = hex::encode(self.0.finalize());
        digits.truncate(HASH_BYTES * 2);
        digits
    }

    fn column(&mut self, column: &Column) {
        self.text(column.name.as_str());
        self.text(&column.logical_type.to_string());
        self.text(column.class.as_str());
        self.text(&column.protection.to_string());
        self.optional(column.identity.as_ref().map(|kind| kind.as_str()));
        self.count(usize::from(column.required));
        self.count(usize::from(column.unique));
        let rules = &column.rules;
        self.count(rules.enumeration.as_ref().map_or(0, |values| values.len() + 1));
        for value in rules.enumeration.iter().flatten() {
            self.text(value);
        }
        self.optional(rules.pattern.as_ref().map(|pattern| pattern.as_str()));
        for number in [rules.minimum, rules.maximum] {
            self.optional(number.map(|number| number.to_string()).as_deref());
        }
        self.optional(rules.length_max.map(|length| length.to_string()).as_deref());
        self.optional(rules.check.map(|check| check.as_str()));
    }

    fn later(&mut self, place: usize, column: &Column) {
        let rules = &column.rules;
        let stated = [
            ("standard", column.standard.map(|standard| format!("{standard}/{STANDARDS}"))),
            ("from", column.from.as_ref().map(|from| format!("{}.{}", from.column, from.part))),
            ("above", rules.above_minimum.then(String::new)),
            ("below", rules.below_maximum.then(String::new)),
            ("multiple", rules.multiple_of.map(|number| number.to_string())),
            ("least", rules.length_min.map(|length| length.to_string())),
            (
                "reference",
                rules
                    .reference
                    .as_ref()
                    .map(|to| format!("{}.{} {}", to.dataset, to.column, to.on_orphan.as_str())),
            ),
        ];
        for (what, text) in stated {
            if let Some(text) = text {
                self.count(place);
                self.text(what);
                self.text(&text);
            }
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        self.count(usize::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update(u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
