//! Break-glass grants.

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_model::{ColumnName, DatasetName, Purpose};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{GlassRequest, GrantLine};
use crate::grants::Grant;
use crate::ticket::Ticket;

/// What somebody asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GlassRequestBody {
    /// What for.
    #[schema(value_type = String, example = "customer_service")]
    pub purpose: Purpose,
    /// To see which columns in clear, each written `DATASET.COLUMN`: 1 to 20 of them.
    #[schema(min_items = 1, max_items = 20, example = json!(["crm_members.phone"]))]
    pub columns: Vec<String>,
    /// For how many hours from when another agrees: 1 to 24.
    #[schema(minimum = 1, maximum = 24, example = 4)]
    pub hours: u32,
    /// For which case, as another system knows it: 2 to 5 capital letters of ASCII, `-`, and 1 to 6 digits. Nothing else, so that
    /// no name and no number of a member stands in the record.
    #[schema(value_type = String, pattern = "^[A-Z]{2,5}-[0-9]{1,6}$", max_length = 12, example = "INC-1234")]
    pub ticket: Ticket,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GlassBody {
    /// The run in which it was asked for, agreed to or ended.
    pub run: String,
    /// The grant.
    pub grant: GrantBody,
}

/// Grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GlassesBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The grants, in the order in which they were asked for.
    pub grants: Vec<GrantBody>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrantBody {
    /// Its number.
    pub number: u64,
    /// Where it stands: requested, lapsed, open, expired or ended.
    pub state: String,
    /// Who asked.
    pub principal: String,
    /// What for.
    pub purpose: String,
    /// Which columns.
    pub columns: Vec<String>,
    /// For which case.
    pub ticket: String,
    /// When it was asked for.
    pub requested: String,
    /// For how many hours from when another agreed.
    pub hours: u32,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// Until when its columns are seen.
    pub until: Option<String>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Runs in which its columns were shown; only in a list.
    pub runs: Option<u64>,
    /// Sealed cells that were opened in those runs; only in a list.
    pub cells_opened: Option<u64>,
}

impl GlassRequestBody {
    /// Reads the names of the columns.
    ///
    /// # Errors
    /// What is wrong, without what was sent.
    pub fn request(self) -> Result<GlassRequest, &'static str> {
        let columns = self.columns.iter().map(|text| column(text)).collect::<Option<Vec<_>>>();
        let columns =
            columns.ok_or("each of `columns` is written `DATASET.COLUMN`, such as `crm_members.phone`")?;
        Ok(GlassRequest { purpose: self.purpose, columns, hours: self.hours, ticket: self.ticket })
    }
}

fn column(text: &str) -> Option<(DatasetName, ColumnName)> {
    let (dataset, column) = text.split_once('.')?;
    Some((dataset.parse().ok()?, column.parse().ok()?))
}

impl GrantBody {
    /// Tells of a grant as it stands at a moment.
    #[must_use]
    pub fn of(grant: &Grant, now: DateTime<Utc>) -> Self {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let name = |(dataset, column): &(DatasetName, ColumnName)| format!("{dataset}.{column}");
        Self {
            number: grant.number,
            state: grant.state(now).as_str().to_owned(),
            principal: grant.asked.requester.to_string(),
            purpose: grant.asked.purpose.to_string(),
            columns: grant.asked.columns.iter().map(name).collect(),
            ticket: grant.ticket.to_string(),
            requested: time(grant.requested),
            hours: grant.hours,
            approved_by: grant.approved.as_ref().map(|(who, _)| who.to_string()),
            until: grant.until().map(time),
            ended_by: grant.ended.as_ref().map(|(who, _)| who.to_string()),
            runs: None,
            cells_opened: None,
        }
    }

    /// Tells of a grant and how it was used.
    #[must_use]
    pub fn of_line(line: &GrantLine, now: DateTime<Utc>) -> Self {
        Self { runs: Some(line.used.runs), cells_opened: Some(line.used.cells), ..Self::of(&line.grant, now) }
    }
}
