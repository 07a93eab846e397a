//! Runs that were found by what they were about.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use membrane_ledger::{RunRecord, RunSearch};
use membrane_policy::{Card, Policies};
use serde::{Deserialize, Serialize};

/// Runs that were found, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBody {
    /// The run in which it was looked.
    pub run: String,
    /// The runs.
    pub runs: Vec<FoundRunBody>,
    /// Whether there are more.
    pub has_more: bool,
    /// The policies that are named, as they are served now.
    pub policies: Vec<FoundPolicyBody>,
}

/// A run: who did what, what was seen, and why it was allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRunBody {
    /// Its id.
    pub run: String,
    /// Its place in the log; none while it is open.
    pub leaf: Option<u64>,
    /// When it began.
    pub started: String,
    /// Who acted.
    pub principal: String,
    /// On whose behalf, if not their own.
    pub on_behalf_of: Option<String>,
    /// What was done.
    pub action: String,
    /// Why.
    pub purpose: Option<String>,
    /// The job.
    pub job: String,
    /// The statement, without its literals.
    pub statement: Option<String>,
    /// How it ended: open, complete, fail, refused or abandoned.
    pub status: String,
    /// The code of the error, when there was one.
    pub error_code: Option<String>,
    /// Rows that were written or answered.
    pub rows_out: Option<u64>,
    /// The datasets that were decided about, read or written.
    pub datasets: Vec<String>,
    /// The columns that were taken; of a search by columns those that it is about.
    pub columns: Vec<FoundColumnBody>,
    /// The policies that decided about the columns; about the whole, where none was taken.
    pub policies: Vec<String>,
    /// What decisions say beside: by break-glass, on behalf of somebody, or why it was refused.
    pub reasons: Vec<String>,
}

/// A column that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumnBody {
    /// Of which dataset.
    pub dataset: String,
    /// The column.
    pub column: String,
    /// The highest level at which it was permitted; `noise` in a release; none where nothing was decided about it.
    pub level: Option<String>,
    /// Whether a value of it came through, or it had a say only.
    pub direct: bool,
    /// The policies that decided.
    pub policies: Vec<String>,
}

/// A policy that is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPolicyBody {
    /// Its id.
    pub policy: String,
    /// Its file, below the folder of policies.
    pub file: String,
    /// What it says in a sentence, where it is a card.
    pub says: Option<String>,
    /// Why there is this rule, where it is a card.
    pub because: Option<String>,
}

/// Reasons that say no more than that it was permitted.
const PLAIN: [&str; 4] = [
    "permitted",
    "permitted, every row",
    "permitted, no dataset named",
    "permitted, an exact value looked up",
];

impl FoundRunBody {
    /// Tells of a run what a search is about.
    #[must_use]
    pub fn of(record: &RunRecord, search: &RunSearch) -> Self {
        let reads = record.columns_read();
        let meant = reads.iter().filter(|read| {
            search.column.as_ref().is_none_or(|column| column.as_str() == read.column)
                && search.level.is_none_or(|level| Some(level.as_str()) == read.level)
                && search.dataset.as_ref().is_none_or(|dataset| dataset.as_str() == read.dataset)
        });
        let columns: Vec<FoundColumnBody> = meant
            .map(|read| FoundColumnBody {
                dataset: read.dataset.to_owned(),
                column: read.column.to_owned(),
                level: read.level.map(str::to_owned),
                direct: read.is_direct,
                policies: read.factors.iter().map(|factor| (*factor).to_owned()).collect(),
            })
            .collect();
        let mut policies: BTreeSet<String> =
            columns.iter().flat_map(|column| column.policies.iter().cloned()).collect();
        if policies.is_empty() {
            policies.extend(record.decisions.iter().flat_map(|decision| decision.factors.iter().cloned()));
        }
        let decided = record.decisions.iter().filter_map(|decision| decision.dataset.as_ref());
        let held = record.inputs.iter().chain(&record.outputs).map(|version| &version.dataset);
        let datasets: BTreeSet<String> = decided.chain(held).map(ToString::to_string).collect();
        let said = record.decisions.iter().map(|decision| decision.reason.as_str());
        let reasons: BTreeSet<&str> = said.filter(|reason| !PLAIN.contains(reason)).collect();
        Self {
            run: record.run.to_string(),
            leaf: record.leaf_index,
            started: record.started.to_rfc3339_opts(SecondsFormat::Millis, true),
            principal: record.principal.to_string(),
            on_behalf_of: record.on_behalf_of.as_ref().map(ToString::to_string),
            action: record.action.to_string(),
            purpose: record.purpose.as_ref().map(ToString::to_string),
            job: record.job.clone(),
            statement: record.statement.clone(),
            status: record.status.as_str().to_owned(),
            error_code: record.error_code.clone(),
            rows_out: record.rows_out,
            datasets: datasets.into_iter().collect(),
            columns,
            policies: policies.into_iter().collect(),
            reasons: reasons.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Says at which levels its columns were permitted, each level with its columns: `clear: phone`; all of them as the highest level alone.
    #[must_use]
    pub fn levels(&self, is_of_columns: bool) -> Vec<String> {
        let level = |column: &FoundColumnBody| column.level.clone().unwrap_or_else(|| "-".to_owned());
        if is_of_columns {
            let shown = |column: &FoundColumnBody| format!("{} {}", column.column, level(column));
            return self.columns.iter().map(shown).collect::<BTreeSet<_>>().into_iter().collect();
        }
        let order = ["noise", "null", "token", "generalised", "partial", "clear"];
        let rank = |word: &String| order.iter().position(|known| known == word);
        self.columns.iter().map(level).max_by_key(rank).into_iter().collect()
    }
}

impl FoundPolicyBody {
    /// Tells of the policies that runs name, as far as they are served.
    #[must_use]
    pub fn of(policies: &Policies, runs: &[FoundRunBody]) -> Vec<Self> {
        let named: BTreeSet<&str> = runs.iter().flat_map(|run| &run.policies).map(String::as_str).collect();
        let served = policies.listed().iter().filter(|policy| named.contains(policy.id.as_str()));
        served
            .map(|policy| {
                let card = policies.cards().iter().find(|card| card.id() == policy.id);
                Self {
                    policy: policy.id.clone(),
                    file: policy.file.clone(),
                    says: card.map(Card::words),
                    because: card.map(|card| card.because().to_owned()),
                }
            })
            .collect()
    }
}
