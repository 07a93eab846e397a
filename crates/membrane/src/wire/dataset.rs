//! Datasets as the caller may see them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::Listing;

/// The datasets that there are for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The datasets, by name.
    pub datasets: Vec<DatasetBody>,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetBody {
    /// Its name, as SQL calls it.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The version of its contract.
    pub version: String,
    /// Whether its rows are about members.
    pub private: bool,
    /// Whether policy may leave rows out for the caller.
    pub some_rows: bool,
    /// The columns that exist for the caller.
    pub columns: Vec<ColumnBody>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnBody {
    /// Its name.
    pub name: String,
    /// Its type, before any mask.
    #[serde(rename = "type")]
    pub logical_type: String,
    /// How sensitive it is.
    #[schema(example = "pii.phone")]
    pub class: String,
    /// How it is stored.
    #[schema(example = "sealed+token")]
    pub protection: String,
    /// How much of it the caller sees: clear, partial, generalised, token or null.
    pub level: Option<String>,
    /// What it means.
    pub description: String,
}

impl From<&Listing> for DatasetBody {
    fn from(listing: &Listing) -> Self {
        let dataset = &listing.dataset;
        let columns = listing.columns.iter().filter_map(|(name, level)| {
            let column = dataset.column(name)?;
            Some(ColumnBody {
                name: name.to_string(),
                logical_type: column.logical_type.to_string(),
                class: column.class.to_string(),
                protection: column.protection.to_string(),
                level: level.map(|level| level.to_string()),
                description: column.description.clone(),
            })
        });
        Self {
            name: dataset.name.to_string(),
            description: dataset.description.clone(),
            owner: dataset.owner.clone(),
            version: dataset.version.clone(),
            private: dataset.is_private(),
            some_rows: listing.some_rows,
            columns: columns.collect(),
        }
    }
}
