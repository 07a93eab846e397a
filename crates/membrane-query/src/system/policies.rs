//! `system.policies`: the policies that are served.

use datafusion::arrow::record_batch::RecordBatch;
use membrane_policy::Card;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("policy", Kind::Text, "Its id, as decisions name it."),
    column("policy_version", Kind::Text, "The version of all policies that is served, as decisions name it."),
    column("effect", Kind::Text, "`permit` or `forbid`."),
    column("actions", Kind::Text, "What it is about, with commas between them; none: everything."),
    column("file", Kind::Text, "Its file, below the folder of policies."),
    column("line", Kind::Whole, "The line at which it begins."),
    column("form", Kind::Text, "`cedar`, or `card`: it was written as a rule card."),
    column("shows", Kind::Text, "How its level looks, as its annotations say: `partial(3,4)`."),
    column(
        "because",
        Kind::Text,
        "Why there is this rule, where it is a card, in the words of who wrote it.",
    ),
    column("says", Kind::Text, "What the card says, in a sentence."),
];

pub(super) fn rows(record: &Record) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    let Some(policies) = &record.parts.facts.policies else { return rows.finish() };
    for policy in policies.listed() {
        let card = policies.cards().iter().find(|card| card.id() == policy.id);
        rows.push([
            Cell::text(&policy.id),
            Cell::text(policies.version()),
            Cell::text(policy.effect),
            Cell::list(&policy.actions),
            Cell::text(&policy.file),
            Cell::count(policy.line),
            Cell::text(if card.is_some() { "card" } else { "cedar" }),
            Cell::list(&policy.shows),
            Cell::text_or_null(card.map(Card::because)),
            Cell::text_or_null(card.map(Card::words)),
        ])?;
    }
    rows.finish()
}
