//! Standing releases.

use chrono::SecondsFormat;
use membrane_model::{NameError, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{EditionTold, StandingTold};

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
    /// When the next edition is due.
    pub next: Option<String>,
    /// The last editions, the latest first.
    pub editions: Vec<EditionBody>,
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
    pub fn new(run: RunId, told: &[StandingTold]) -> Self {
        Self { run: run.to_string(), releases: told.iter().map(StandingReleaseBody::from).collect() }
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
