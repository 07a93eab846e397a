//! Which runs are meant, as a person says it.

use chrono::{DateTime, Utc};
use clap::Args;
use membrane_ledger::{RunSearch, RunStatus};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose, RevealLevel};

use crate::wire::SinceBody;

/// Which runs are meant: those to which all of this applies.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which runs")]
pub(super) struct FilterArgs {
    /// Of this principal, or on its behalf.
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<PrincipalId>,
    /// That did this: ingest, read, release, audit, administer, erase, requestBreakGlass, approveBreakGlass or delegate.
    #[arg(long, value_name = "ACTION", value_parser = action)]
    action: Option<Action>,
    /// That had to do with this dataset.
    #[arg(long, value_name = "DATASET")]
    dataset: Option<DatasetName>,
    /// That took this column.
    #[arg(long, value_name = "COLUMN")]
    column: Option<ColumnName>,
    /// That took a column which was permitted at this level: clear, partial, generalised, token or null. With --column: that one.
    #[arg(long, value_name = "LEVEL")]
    level: Option<RevealLevel>,
    /// For this purpose.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    /// That began on this day or at this moment, UTC, or later.
    #[arg(long, value_name = "DATE", value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// That began before this day or moment, UTC.
    #[arg(long, value_name = "DATE", value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// That ended so: complete, fail, refused or abandoned; or are open.
    #[arg(long, value_name = "STATUS")]
    status: Option<RunStatus>,
}

fn action(text: &str) -> Result<Action, String> {
    let found = Action::ALL.into_iter().find(|action| action.as_str() == text);
    found.ok_or_else(|| format!("expected one of {}", Action::ALL.map(Action::as_str).join(", ")))
}

pub(in crate::cli) fn moment(text: &str) -> Result<DateTime<Utc>, &'static str> {
    text.parse().map(|SinceBody(moment)| moment)
}

impl FilterArgs {
    /// Returns what is looked for.
    pub(super) fn search(self) -> RunSearch {
        RunSearch {
            principal: self.principal,
            action: self.action,
            purpose: self.purpose,
            status: self.status,
            dataset: self.dataset,
            column: self.column,
            level: self.level,
            since: self.since,
            until: self.until,
        }
    }
}
