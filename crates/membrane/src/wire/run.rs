//! Runs of the record.

use chrono::SecondsFormat;
use membrane_ledger::{DatasetVersion, Decision, ReleaseRecord, RunRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AmountBody, DatasetVersionBody, EdgeBody};

/// Runs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunsBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The runs.
    pub runs: Vec<RunBody>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunBody {
    /// Its id.
    pub run: String,
    /// Who acted.
    #[schema(example = "analyst:ana")]
    pub principal: String,
    /// On whose behalf, if not their own.
    pub on_behalf_of: Option<String>,
    /// By which door it came: cli (taken at its word), cli-default (nobody was named), cli-bearer or http.
    #[schema(example = "http")]
    pub channel: Option<String>,
    /// What was done: ingest, read, release, audit, administer or erase.
    pub action: String,
    /// Why.
    pub purpose: Option<String>,
    /// The job.
    pub job: String,
    /// Where it stands: open, complete, fail, refused or abandoned.
    pub status: String,
    /// The code of the error, when there was one.
    pub error_code: Option<String>,
    /// When it started.
    pub started: String,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// Rows that came in.
    pub rows_in: Option<u64>,
    /// Rows that were stored or answered.
    pub rows_out: Option<u64>,
    /// Rows that were set aside.
    pub rows_quarantined: Option<u64>,
    /// Sealed cells that were opened.
    pub cells_opened: Option<u64>,
    /// The datasets that were read.
    pub inputs: Vec<DatasetVersionBody>,
    /// The datasets that were written.
    pub outputs: Vec<DatasetVersionBody>,
}

/// All that is on record about a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunDetailBody {
    /// The run.
    #[serde(flatten)]
    pub run: RunBody,
    /// The id of the bearer that was shown.
    pub session: Option<String>,
    /// From where it was asked: local, loopback, private or public.
    pub address: Option<String>,
    /// The number of the publication of catalog and policies that was served; none where files were.
    pub publication: Option<u64>,
    /// The statement, its literals removed.
    pub statement: Option<String>,
    /// SHA-256 of the plan without its literals.
    pub plan_sha256: Option<String>,
    /// The commitment to the digest of the answer: see `membrane audit check --answer`.
    pub answer_commitment: Option<String>,
    /// What was held back beside the levels of columns: `rows DATASET`, `levels DATASET`.
    pub obligations: Vec<String>,
    /// The grants that counted: `break-glass N`, `delegation N`.
    pub grants: Vec<String>,
    /// What policy decided, dataset by dataset.
    pub decisions: Vec<DecisionBody>,
    /// What was released, and what it cost.
    pub releases: Vec<ReleaseRecordBody>,
    /// What came from what.
    pub edges: Vec<EdgeBody>,
    /// Its place in the Merkle log.
    pub leaf_index: Option<u64>,
}

/// A decision of policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DecisionBody {
    /// Whether it was permitted.
    pub allowed: bool,
    /// About which dataset.
    pub dataset: Option<String>,
    /// Why, in words.
    pub reason: String,
    /// The policies that decided.
    pub factors: Vec<String>,
    /// The version of the policies.
    pub policy_version: String,
    /// Column by column: the level, and the policies that decided it.
    pub columns: Vec<ColumnDecisionBody>,
}

/// A decision about a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ColumnDecisionBody {
    /// The column.
    pub column: String,
    /// The level; none when the column does not exist for the one who asked.
    pub level: Option<String>,
    /// The policies that decided.
    pub factors: Vec<String>,
}

/// What was released.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseRecordBody {
    /// Who paid.
    pub partner: String,
    /// The name of the question.
    pub query_key: String,
    /// What it cost.
    pub price: AmountBody,
    /// Where it stands: reserved, committed or burned.
    pub state: String,
    /// SHA-256 of the answer.
    pub answer_sha256: Option<String>,
    /// The budgets that it was charged to: each for ever, and in a month (`partner:NAME@2026-02`).
    pub scopes: Vec<String>,
}

impl From<&RunRecord> for RunBody {
    fn from(record: &RunRecord) -> Self {
        Self {
            run: record.run.to_string(),
            principal: record.principal.to_string(),
            on_behalf_of: record.on_behalf_of.as_ref().map(ToString::to_string),
            channel: record.channel.map(|channel| channel.to_string()),
            action: record.action.to_string(),
            purpose: record.purpose.as_ref().map(ToString::to_string),
            job: record.job.clone(),
            status: record.status.as_str().to_owned(),
            error_code: record.error_code.clone(),
            started: record.started.to_rfc3339_opts(SecondsFormat::Millis, true),
            duration_ms: record.duration_ms,
            rows_in: record.rows_in,
            rows_out: record.rows_out,
            rows_quarantined: record.rows_quarantined,
            cells_opened: record.cells_opened,
            inputs: record.inputs.iter().map(DatasetVersionBody::from).collect(),
            outputs: record.outputs.iter().map(DatasetVersionBody::from).collect(),
        }
    }
}

impl From<&RunRecord> for RunDetailBody {
    fn from(record: &RunRecord) -> Self {
        // Runs of before this was kept have none of it.
        let told = record.circumstances.clone().map(|told| (told.entrance.address.to_string(), told));
        let (address, told) = told.map_or_else(Default::default, |(address, told)| (Some(address), told));
        Self {
            run: record.into(),
            session: told.entrance.session,
            address,
            publication: told.entrance.publication,
            statement: record.statement.clone(),
            plan_sha256: told.plan,
            answer_commitment: told.answer_commitment,
            obligations: told.obligations,
            grants: told.grants,
            decisions: record.decisions.iter().map(DecisionBody::from).collect(),
            releases: record.releases.iter().map(ReleaseRecordBody::from).collect(),
            edges: record.edges.iter().map(EdgeBody::from).collect(),
            leaf_index: record.leaf_index,
        }
    }
}

impl From<&DatasetVersion> for DatasetVersionBody {
    fn from(version: &DatasetVersion) -> Self {
        Self { dataset: version.dataset.to_string(), version: Some(version.version.0) }
    }
}

impl From<&Decision> for DecisionBody {
    fn from(decision: &Decision) -> Self {
        let columns = decision.columns.iter().map(|column| ColumnDecisionBody {
            column: column.column.to_string(),
            level: column.level.map(|level| level.to_string()),
            factors: column.factors.clone(),
        });
        Self {
            allowed: decision.allowed,
            dataset: decision.dataset.as_ref().map(ToString::to_string),
            reason: decision.reason.clone(),
            factors: decision.factors.clone(),
            policy_version: decision.policy_version.clone(),
            columns: columns.collect(),
        }
    }
}

impl From<&ReleaseRecord> for ReleaseRecordBody {
    fn from(record: &ReleaseRecord) -> Self {
        Self {
            partner: record.partner.to_string(),
            query_key: record.query_key.clone(),
            price: record.price.into(),
            state: record.state.as_str().to_owned(),
            answer_sha256: record.answer_sha256.clone(),
            scopes: record.accounts.iter().map(ToString::to_string).collect(),
        }
    }
}
