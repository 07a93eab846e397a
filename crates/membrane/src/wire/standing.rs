//! Standing releases.

use chrono::SecondsFormat;
use membrane_catalog::{Continual, Fault};
use membrane_model::{NameError, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{EditionTold, StandingList, StandingTold};

/// Which edition of a standing release is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditionRequestBody {
    /// Its period: `2026-11-29T13`, `2026-11-29`, `2026-W48` or `2026-11`; the last one that is due when not stated.
    #[serde(default)]
    #[schema(example = "2026-11")]
    pub edition: Option<String>,
}

impl EditionRequestBody {
    /// Reads the edition.
    ///
    /// # Errors
    /// [`NameError`] when it is none.
    pub fn edition(&self) -> Result<Option<membrane_catalog::Edition>, NameError> {
        self.edition.as_deref().map(str::parse).transpose()
    }
}

/// The standing releases that one may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StandingReleasesBody {
    /// The run in which this was looked up.
    pub run: String,
    /// One after the other, by name.
    pub releases: Vec<StandingReleaseBody>,
    /// Files of standing releases that cannot be read, with what is wrong: those are not made. For whoever may audit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A standing release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StandingReleaseBody {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who gets it, and pays for it.
    pub partner: String,
    /// The statement, with marks for the period.
    pub sql: String,
    /// How often it is made: `hour`, `day`, `week` or `month`; only when somebody asks, where there is none.
    pub every: Option<String>,
    /// Where each edition tells of all periods so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continual: Option<ContinualBody>,
    /// When the next edition is due.
    pub next: Option<String>,
    /// The last editions, the latest first.
    pub editions: Vec<EditionBody>,
}

/// Editions that count on, for one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContinualBody {
    /// The first edition.
    pub from: String,
    /// How many there are at most.
    pub refreshes: u32,
    /// Rows of one member that count, over all of them: the earliest ones.
    pub rows_max: u32,
}

impl From<&Continual> for ContinualBody {
    fn from(continual: &Continual) -> Self {
        let Continual { from, refreshes, rows_max } = *continual;
        Self { from: from.to_string(), refreshes, rows_max }
    }
}

/// An edition of a standing release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EditionBody {
    /// Its period.
    pub edition: String,
    /// The run in which it was made; none while it was not.
    pub run: Option<String>,
    /// When that was.
    pub made: Option<String>,
}

impl StandingReleasesBody {
    /// Shows standing releases.
    #[must_use]
    pub fn new(run: RunId, told: &StandingList) -> Self {
        // Where the files lie is the hub's own business.
        let fault = |fault: &Fault| {
            let file = fault.file.file_name().unwrap_or_default().to_string_lossy();
            format!("{file}:{}:{}: {}", fault.line, fault.column, fault.message)
        };
        Self {
            run: run.to_string(),
            releases: told.releases.iter().map(StandingReleaseBody::from).collect(),
            faults: told.faults.iter().map(fault).collect(),
        }
    }
}

impl From<&StandingTold> for StandingReleaseBody {
    fn from(told: &StandingTold) -> Self {
        let release = &told.release;
        Self {
            name: release.name.to_string(),
            description: release.description.clone(),
            partner: release.partner.to_string(),
            sql: release.sql.clone(),
            every: release.schedule.map(|schedule| schedule.every.as_str().to_owned()),
            continual: release.continual.as_ref().map(ContinualBody::from),
            next: told.next.map(|next| next.to_rfc3339_opts(SecondsFormat::Secs, true)),
            editions: told.editions.iter().map(EditionBody::from).collect(),
        }
    }
}

impl From<&EditionTold> for EditionBody {
    fn from(told: &EditionTold) -> Self {
        let made = told.made.as_ref();
        Self {
            edition: told.edition.to_string(),
            run: made.map(|(run, _)| run.to_string()),
            made: made.map(|(_, moment)| moment.to_rfc3339_opts(SecondsFormat::Secs, true)),
        }
    }
}
