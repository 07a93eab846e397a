//! What the hub itself does to protect members, as far as catalog and settings tell it: counted, not claimed.

use membrane_model::Protection;
use membrane_report::{Block, Section};

use super::Asked;
use super::parts::{ask, listed, paragraph, section};
use crate::error::Error;

/// How columns of datasets about members are stored.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) columns: usize,
    /// Of those, columns whose values are direct identifiers.
    pub(super) identifying: usize,
    pub(super) sealed: usize,
    pub(super) tokens: usize,
    pub(super) generalised: usize,
    pub(super) dropped: usize,
    pub(super) clear: usize,
    /// Direct identifiers that lie in clear: their class says so, or somebody took that on.
    pub(super) identifying_clear: Vec<String>,
}

impl Kept {
    pub(super) fn count(asked: &Asked<'_>) -> Self {
        let mut kept = Self::default();
        for dataset in asked.hub.catalog().datasets().filter(|dataset| dataset.is_private()) {
            for column in &dataset.columns {
                kept.columns += 1;
                kept.identifying += usize::from(column.is_identifying());
                match column.protection {
                    Protection::Sealed | Protection::SealedToken => kept.sealed += 1,
                    Protection::Token => kept.tokens += 1,
                    Protection::Generalise(_) => kept.generalised += 1,
                    Protection::Drop => kept.dropped += 1,
                    Protection::Clear => {
                        kept.clear += 1;
                        if column.is_identifying() {
                            kept.identifying_clear.push(format!("{}.{}", dataset.name, column.name));
                        }
                    }
                }
            }
        }
        kept
    }
}

/// Lists the measures that the hub enforces, and asks for those that it cannot know.
pub(super) fn measures(asked: &Asked<'_>) -> Result<Section, Error> {
    let (hub, kept) = (asked.hub, Kept::count(asked));
    let mut section = section("measures", "Security measures")?;
    section.blocks.push(paragraph(
        "What the hub enforces, by the catalog, the policies and the settings of this moment:",
    ));
    let mut measures = vec![
        format!(
            "Of {} columns of datasets about members, {} of which are direct identifiers: {} are sealed under a key of the member, {} are stored as a \
             keyed token alone, {} coarser than they came, {} not at all, {} as they are.",
            kept.columns, kept.identifying, kept.sealed, kept.tokens, kept.generalised, kept.dropped, kept.clear
        ),
        format!(
            "Access is by {} policies: for a purpose, column by column at the highest level that is permitted, and row by row. Without a permit no \
             table is touched; every decision is on record before there is a permit.",
            hub.policies().count()
        ),
        "To see a sealed value in clear by break-glass takes another person who agrees, and ends after hours; each use is on record.".to_owned(),
        format!(
            "Partners receive differentially private aggregates alone, within budgets; a group whose key is not known beforehand is shown from {} \
             members on.",
            hub.privacy().cohort_min
        ),
        "Rows that break their contract are set aside, sealed.".to_owned(),
        "Every act is a run on record, in a Merkle log with a signed head that others check without the hub.".to_owned(),
    ];
    let ruled = hub.catalog().datasets().filter(|dataset| dataset.retention.is_some()).count();
    measures.push(format!(
        "Rows of {ruled} datasets are deleted by a rule of their contract when their time is over."
    ));
    if !kept.identifying_clear.is_empty() {
        let names = listed(&kept.identifying_clear);
        measures.push(format!(
            "Stored in clear, though their form or class is that of a direct identifier: {names}."
        ));
    }
    section.blocks.push(Block::List(measures));
    let questions = [(
        "measures_outside",
        "Measures outside the hub: access to its machine and root key, backups, network, staff and their training, response to incidents",
        4,
    )];
    ask(&mut section, &questions)?;
    Ok(section)
}
