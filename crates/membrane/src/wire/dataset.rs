//! Datasets as the caller may see them.

use membrane_catalog::Column;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::Listing;

/// The datasets that there are for the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DatasetsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The datasets, by name.
    pub datasets: Vec<DatasetBody>,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// Groups in which one member counts in a release that does not say; told to partners.
    pub groups_max: Option<u32>,
    /// Rows of one member that count in one group in a release that does not say; told to partners.
    pub rows_max: Option<u32>,
    /// The columns that exist for the caller.
    pub columns: Vec<ColumnBody>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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
    /// What a release may do with it; told to partners, of columns that they may use.
    pub release: Option<ReleaseColumnUseBody>,
}

/// What a release may do with a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseColumnUseBody {
    /// Whether groups by it are known: all of them are in the answer, without a threshold.
    pub public_keys: bool,
    /// Its values, where the contract lists them. Where keys are public and none are listed, they are those of the dataset's
    /// rows.
    pub values: Option<Vec<String>>,
    /// The least and the greatest value that one row adds to a sum, in a release that does not say.
    pub bounds: Option<(f64, f64)>,
}

impl From<&Column> for ReleaseColumnUseBody {
    fn from(column: &Column) -> Self {
        Self {
            public_keys: column.privacy.public_keys,
            values: column.public_values().map(<[String]>::to_vec),
            bounds: column.privacy.bounds,
        }
    }
}

impl From<&Listing> for DatasetBody {
    fn from(listing: &Listing) -> Self {
        let (dataset, released) = (&listing.dataset, listing.released.as_ref());
        let columns = listing.columns.iter().filter_map(|(name, level)| {
            let column = dataset.column(name)?;
            Some(ColumnBody {
                name: name.to_string(),
                logical_type: column.logical_type.to_string(),
                class: column.class.to_string(),
                protection: column.protection.to_string(),
                level: level.map(|level| level.to_string()),
                description: column.description.clone(),
                release: released.is_some_and(|released| released.contains(name)).then(|| column.into()),
            })
        });
        let bounds = dataset.privacy.filter(|_| released.is_some());
        Self {
            name: dataset.name.to_string(),
            description: dataset.description.clone(),
            owner: dataset.owner.clone(),
            version: dataset.version.clone(),
            private: dataset.is_private(),
            some_rows: listing.some_rows,
            groups_max: bounds.map(|bounds| bounds.groups_max),
            rows_max: bounds.map(|bounds| bounds.rows_max),
            columns: columns.collect(),
        }
    }
}
