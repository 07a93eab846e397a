//! The one map from what went wrong to what callers are told: a stable code, a status, a message without values.

mod codes;
mod fixes;
mod words;

use std::io;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use membrane_ingest::topic::TopicError;
use membrane_ingest::{ConnectError, IngestError};
use membrane_lake::LakeError;
use membrane_ledger::{LedgerError, Shortage};
use membrane_model::{
    DatasetName, NameError, Price, PriceError, PrincipalId, ReleaseName, RunId, SourceName, TagId,
};
use membrane_policy::{ProveError, Refused, RefusedReason};
use membrane_privacy::{Shortfall, decimal};
use membrane_query::QueryError;
use membrane_vault::VaultError;

use crate::audit_log::AuditLogError;
use crate::bearer::BearerError;
use crate::config::SecretError;
use crate::contracts::{Broken, ContractError};
use crate::published::PublishedError;

pub use codes::{CODES, Code};
pub use fixes::fix;
use words::{
    handed_on, in_flight, known_datasets, known_tags, ledger, over_budget, over_price, refusal, stands,
    stays_spent,
};

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller did not show who it is.
    #[error(transparent)]
    Unauthenticated(BearerError),
    /// Policy refused.
    #[error("{}", refusal(.0))]
    Refused(Refused),
    /// The budget does not allow the price.
    #[error("{}", over_budget(.shortage, *.price))]
    OverBudget {
        /// The budget, and what is left of it.
        shortage: Box<Shortage>,
        /// What was asked for.
        price: Price,
    },
    /// Nothing is released to the partner.
    #[error(
        "your budget is closed: nothing is released until it is opened; answers that were paid for are given again all the same"
    )]
    BudgetClosed,
    /// One release may not cost so much.
    #[error("{}", over_price(*.price, *.most, *.epsilon_milli))]
    OverPrice {
        /// What was asked for.
        price: Price,
        /// The most.
        most: Price,
        /// An epsilon that fits, in thousandths.
        epsilon_milli: Option<u64>,
    },
    /// The targets of a release cannot be met for what may be paid.
    #[error(
        "{short}; one release may cost rho {} at most, and rho {} is left of your budgets",
        decimal(.most.rho_nano, 9), decimal(.remaining.rho_nano, 9)
    )]
    Missed {
        /// What they need, and which could be had.
        short: Box<Shortfall>,
        /// The most that one release may cost.
        most: Price,
        /// What is left of the partner's own budgets.
        remaining: Price,
    },
    /// The same question is being answered for the same partner right now.
    #[error("{}", in_flight(*.until, *.taken_up))]
    InFlight {
        /// When it is given up.
        until: DateTime<Utc>,
        /// Whether the next try then takes up what was paid, as for editions.
        taken_up: bool,
    },
    /// A release failed after it was paid for. PRIVACY: why could tell of a row.
    #[error("the release failed, for a reason that is not told; {}", stays_spent(*.price, *.taken_up))]
    ReleaseFailed {
        /// What it cost.
        price: Price,
        /// Whether the next try takes up what was paid, as for editions.
        taken_up: bool,
    },
    /// A release that was paid for had no answer in time.
    #[error(
        "the release had no answer within {seconds_max} seconds; {}: ask a narrower one (fewer joins, datasets, groups or \
         months), or have [limits] seconds_max raised",
        stays_spent(*.price, *.taken_up)
    )]
    ReleaseTimedOut {
        /// What it cost.
        price: Price,
        /// How long it may take.
        seconds_max: u64,
        /// Whether the next try takes up what was paid, as for editions.
        taken_up: bool,
    },
    /// A release of a dataset that has no data: its answer would be noise, and would be paid for.
    #[error("nothing was ever brought into `{dataset}`: there is nothing to release yet")]
    NoData {
        /// The dataset.
        dataset: DatasetName,
    },
    /// Synthetic rows of a dataset for which none were made.
    #[error(
        "there is no sandbox of `{dataset}` for you: `POST /v1/sandbox` and `membrane release sandbox` make one of a dataset about \
         members that you may release from; `GET /v1/datasets` lists them"
    )]
    NoSandbox {
        /// The dataset.
        dataset: DatasetName,
    },
    /// A release of groups none of which would be shown, as a pilot found. The pilot is paid for, the release is not.
    #[error(
        "of about {groups} groups none would be shown: each has fewer members than noise hides; ask for larger groups, or \
         raise the price. Only the pilot was charged, and its findings serve your next questions of this form"
    )]
    NothingShown {
        /// How many groups there are, about.
        groups: u64,
    },
    /// There is no standing release of this name for the one who asks.
    #[error("there is no standing release `{name}` of yours")]
    NoStanding {
        /// The name.
        name: ReleaseName,
    },
    /// What was paid for an edition was taken up as often as may be.
    #[error(
        "the edition was paid for and failed each time it was made: somebody has to look why; a changed definition makes a new \
         edition, which is charged"
    )]
    GivenUp,
    /// A counter cannot count on.
    #[error(
        "the policies, contracts or settings that say which rows count, and with how much noise, have changed since the last \
         edition, so it cannot count on: whoever operates the hub has to start another one; what it told so far can still be asked for"
    )]
    CounterEnded,
    /// The statement, or the data that it reads, did not allow an answer.
    #[error(transparent)]
    Query(QueryError),
    /// What was delivered could not be taken in.
    #[error(transparent)]
    Ingest(IngestError),
    /// No source of that name.
    #[error("the catalog has no source `{name}`; `membrane source list` names them")]
    UnknownSource {
        /// The name.
        name: SourceName,
    },
    /// The source waits until somebody lets it go on.
    #[error("source `{name}` was paused by `{by}`; `membrane source resume {name}` lets it go on")]
    SourcePaused {
        /// The name.
        name: SourceName,
        /// Who paused it: its own principal, where it stopped by its rule.
        by: PrincipalId,
    },
    /// Another process is at work on the source.
    #[error(
        "another process is at work on source `{name}`, or was killed within the last minutes; try again soon"
    )]
    SourceHeld {
        /// The name.
        name: SourceName,
    },
    /// Another process keeps the files of the dataset in order.
    #[error(
        "another process keeps the files of `{dataset}` in order, or was killed within the last minutes; try again soon"
    )]
    MaintenanceHeld {
        /// The dataset.
        dataset: DatasetName,
    },
    /// The hub itself writes the dataset.
    #[error("dataset `{dataset}` holds tags, which the hub writes itself: nothing can be delivered to it")]
    TagTable {
        /// The dataset.
        dataset: DatasetName,
    },
    /// There is no such tag, for the one who asks.
    #[error("there is no such tag; {}", known_tags(.known))]
    UnknownTag {
        /// Those that there are.
        known: Vec<TagId>,
    },
    /// The file of a tag is wrong, so that it is not served.
    #[error("something in the file of tag `{tag}` is wrong; `membrane catalog check` says what")]
    TagUnserved {
        /// The tag.
        tag: TagId,
    },
    /// Another process builds the tag, or follows it.
    #[error(
        "another process builds tag `{tag}` or follows its events, or was killed within the last minutes; try again soon"
    )]
    TagHeld {
        /// The tag.
        tag: TagId,
    },
    /// What a tag says cannot be written down.
    #[error("tag `{tag}` is not built: {fault}; `membrane tag show {tag}` says more")]
    TagFault {
        /// The tag.
        tag: TagId,
        /// Why: a code.
        fault: &'static str,
    },
    /// A credential of a source was not found.
    #[error(transparent)]
    Secret(SecretError),
    /// The folder of a source cannot be looked at.
    #[error(transparent)]
    Inbox(LakeError),
    /// The database of a source cannot be read.
    #[error(transparent)]
    Connect(ConnectError),
    /// The topic of a source cannot be followed.
    #[error(transparent)]
    Topic(TopicError),
    /// A file that was taken in is another one now.
    #[error(
        "the file was taken in and has changed since: its rows would be there twice. Deliver new rows in a new file"
    )]
    FileChanged,
    /// A file whose name does not say what it is.
    #[error(
        "the name of the file does not say its form: state `format` in the source, or leave it out by `pattern`"
    )]
    FileEnding,
    /// What is to be said of a file by the one beside it did not come.
    #[error(
        "the file with its control totals has not come within {seconds} seconds: deliver it, and the file is taken in; or leave \
         `control_suffix` out of the source"
    )]
    ControlMissing {
        /// How long it was waited for.
        seconds: u32,
    },
    /// A name that has not the form of one.
    #[error(transparent)]
    Name(NameError),
    /// A privacy parameter that none can be.
    #[error(transparent)]
    Price(PriceError),
    /// The request is not what the endpoint takes.
    // PRIVACY: the text never repeats what was sent.
    #[error("{0}")]
    BadRequest(String),
    /// No dataset of that name, for one who may know the catalog.
    #[error("no such dataset; `membrane catalog list` names them")]
    UnknownDataset,
    /// No dataset of that name, for one who may know the catalog and wants to know what there is.
    #[error("no such dataset; {}", known_datasets(.known))]
    NoSuchDataset {
        /// Those that there are.
        known: Vec<DatasetName>,
    },
    /// No column of that name, for one who may know the catalog.
    #[error("the dataset has no such column; `membrane catalog show DATASET` names them")]
    UnknownColumn,
    /// Policies that cannot be published.
    // The texts name files, policies, claims and principals; a policy folder has no member's value.
    #[error("the policies were not published, and those before are served on:\n{}", .0.join("\n"))]
    Unfit(Vec<String>),
    /// Policies that could not be proved.
    #[error(transparent)]
    Prove(ProveError),
    /// A contract that rows which are there are not of.
    #[error("{0}")]
    ContractBroken(Box<Broken>),
    /// A revision of a contract that is not as it was written, or not to be read.
    #[error(transparent)]
    Contract(ContractError),
    /// The published log is not as it was signed, or not in reach.
    #[error(transparent)]
    AuditLog(AuditLogError),
    /// Somebody else wrote at the same time.
    #[error("somebody else did the same at the same time: look what there is now, then try again")]
    InTheWay,
    /// What was published is not as it was signed.
    #[error(transparent)]
    Published(PublishedError),
    /// A step in the life of a budget that does not fit how it stands.
    #[error("the budget of that partner {what}")]
    BudgetStands {
        /// How it stands.
        what: &'static str,
    },
    /// More than a step may allow.
    #[error(
        "that would be {asked} in all, and steps may allow {most} at most: [privacy] ceiling says how far"
    )]
    OverCeiling {
        /// What would be allowed.
        asked: Price,
        /// The most.
        most: Price,
    },
    /// No break-glass grant of that number.
    #[error("no such break-glass; `membrane break-glass list` shows them")]
    UnknownGrant,
    /// More break-glass requests than one principal may make in a day.
    #[error("one principal asks for break-glass {requests_max} times a day at most")]
    TooManyRequests {
        /// The limit.
        requests_max: usize,
    },
    /// A grant that has come too far for this.
    #[error("break-glass {number} {}", stands(.state))]
    GrantStands {
        /// Its number.
        number: u64,
        /// Where it stands.
        state: &'static str,
    },
    /// No delegation of that number, or none that the caller may know of.
    #[error("no such delegation; `membrane delegation list` shows them")]
    UnknownDelegation,
    /// More delegations than one principal may make in a day.
    #[error("one principal hands on {delegations_max} times a day at most, refused tries among them")]
    TooManyDelegations {
        /// The limit.
        delegations_max: u64,
    },
    /// The same is handed on already, for as long or longer.
    #[error("{}, until {until}; end it first, or state more days", handed_on(.numbers))]
    AlreadyDelegated {
        /// Their numbers.
        numbers: Vec<u64>,
        /// Until when all of them are open.
        until: String,
    },
    /// A delegation that is over.
    #[error("delegation {number} {}", stands(.state))]
    DelegationStands {
        /// Its number.
        number: u64,
        /// Where it stands.
        state: &'static str,
    },
    /// The ledger could not be used.
    // The database's own words are for the log, not for callers.
    #[error("{}", ledger(.0))]
    Ledger(#[source] LedgerError),
    /// No run of that id.
    #[error("no such run")]
    UnknownRun,
    /// No endpoint of that path.
    #[error("no such endpoint; /openapi.json lists them")]
    UnknownEndpoint,
    /// The endpoint takes another method.
    #[error("this endpoint takes another method; /openapi.json lists them")]
    WrongMethod,
    /// None of the forms that the caller accepts.
    #[error("answers come as application/json, text/csv or application/vnd.apache.arrow.stream")]
    NotAcceptable,
    /// Not one of the forms in which data may come.
    #[error(
        "send application/x-ndjson, application/json, text/csv, application/vnd.apache.parquet, \
         application/vnd.apache.arrow.stream, application/vnd.apache.avro or \
         application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, as it is or with the content encoding gzip or \
         zstd, in a charset of the WHATWG Encoding Standard"
    )]
    UnsupportedMedia,
    /// The body is longer than allowed.
    #[error("the body is longer than this hub takes")]
    TooLarge,
    /// Too much is going on.
    #[error("too many requests at once; try again soon")]
    Busy,
    /// Too many events wait to be committed.
    #[error("too many events wait to be committed; send them again in a second, and less at a time")]
    StreamFull,
    /// A request to a webhook is not known to be its service's.
    #[error("the request is not signed as the source's service signs, or was made too long ago")]
    HookRefused,
    /// The source of a webhook is paused.
    #[error("the source is paused: send again later")]
    HookPaused,
    /// The hub takes no events in.
    #[error("the hub is stopping, or takes no events in; send them again when it is back")]
    StreamClosed,
    /// One principal has its share of what is going on.
    #[error(
        "{requests_max} of your requests are being worked on, as many as may be at once; wait for one of them"
    )]
    RequestsLimit {
        /// The limit.
        requests_max: usize,
    },
    /// It took too long.
    #[error("the request took more than {seconds_max} seconds")]
    TimedOut {
        /// The limit.
        seconds_max: u64,
    },
    /// The act could not be recorded, and so was not done or not answered.
    #[error("the record cannot be written; nothing is answered without it")]
    Record(#[source] LedgerError),
    /// The act is on record, and its record could not be published, for which answers wait.
    #[error("the record of this could not be published; nothing is answered without it")]
    Unpublished(#[source] AuditLogError),
    /// A rule of the hub itself did not hold.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// An error, and the run in which it happened.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// The run, once there was one.
    pub run: Option<RunId>,
}

impl Failure {
    /// Something that went wrong before a run was opened.
    #[must_use]
    pub const fn without_run(error: Error) -> Self {
        Self { error, run: None }
    }
}

impl From<PriceError> for Error {
    fn from(error: PriceError) -> Self {
        Self::Price(error)
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl Error {
    /// Returns the stable code.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a line for each cause")]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated(BearerError::Expired) => "bearer_expired",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::Refused(refused) => refused.reason.code(),
            Self::OverBudget { .. } => "over_budget",
            Self::BudgetClosed => "budget_closed",
            Self::OverPrice { .. } => "over_price",
            Self::Missed { .. } => "release_parameters",
            Self::InFlight { .. } => "in_flight",
            Self::ReleaseFailed { .. } => "failed",
            Self::ReleaseTimedOut { .. } => "release_timed_out",
            Self::NoData { .. } => "no_data",
            Self::NoSandbox { .. } => "no_sandbox",
            Self::NothingShown { .. } => "nothing_shown",
            Self::NoStanding { .. } => "no_standing_release",
            Self::GivenUp => "given_up",
            Self::CounterEnded => "counter_ended",
            Self::Query(error) => error.code(),
            Self::Ingest(IngestError::Read { source }) if source.kind() == io::ErrorKind::FileTooLarge => {
                "too_large"
            }
            Self::Ingest(error) => error.code(),
            Self::UnknownSource { .. } => "unknown_source",
            Self::SourcePaused { .. } | Self::HookPaused => "source_paused",
            Self::SourceHeld { .. } => "source_held",
            Self::MaintenanceHeld { .. } => "maintenance_held",
            Self::TagTable { .. } => "tag_table",
            Self::UnknownTag { .. } => "unknown_tag",
            Self::TagUnserved { .. } => "tag_unserved",
            Self::TagHeld { .. } => "tag_held",
            Self::TagFault { .. } => "tag_fault",
            Self::Secret(_) | Self::Inbox(_) => "source_unreachable",
            Self::Connect(error) => error.code(),
            Self::Topic(error) => error.code(),
            Self::FileChanged => "source_file_changed",
            Self::FileEnding => "input_format",
            Self::ControlMissing { .. } => "control_missing",
            Self::Name(_) | Self::Price(_) | Self::BadRequest(_) => "bad_request",
            Self::UnknownDataset | Self::NoSuchDataset { .. } => "not_found",
            Self::UnknownColumn => "unknown_column",
            Self::Unfit(_) => "policies_unfit",
            Self::Prove(_) => "not_proved",
            Self::ContractBroken(_) => "schema_changed",
            Self::Contract(ContractError::Ledger(_)) => "ledger_failed",
            Self::Contract(ContractError::Lake(_)) => "storage_failed",
            Self::Contract(_) => "contract_altered",
            Self::InTheWay => "in_the_way",
            Self::Published(_) => "publication_altered",
            Self::BudgetStands { .. } => "budget_stands",
            Self::OverCeiling { .. } => "over_ceiling",
            Self::UnknownGrant => "unknown_grant",
            Self::TooManyRequests { .. } => "glass_limit",
            Self::GrantStands { .. } => "grant_stands",
            Self::UnknownDelegation => "unknown_delegation",
            Self::TooManyDelegations { .. } => "delegation_limit",
            Self::AlreadyDelegated { .. } => "already_delegated",
            Self::DelegationStands { .. } => "delegation_stands",
            Self::Ledger(LedgerError::Altered(_)) => "log_altered",
            Self::AuditLog(error) if error.is_fault() => "log_altered",
            Self::AuditLog(_) => "log_unavailable",
            Self::Ledger(_) => "ledger_failed",
            Self::UnknownRun => "unknown_run",
            Self::UnknownEndpoint => "unknown_endpoint",
            Self::WrongMethod => "wrong_method",
            Self::NotAcceptable => "not_acceptable",
            Self::UnsupportedMedia => "unsupported_media",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::HookRefused => "signature_refused",
            Self::StreamFull => "stream_full",
            Self::StreamClosed => "stream_closed",
            Self::RequestsLimit { .. } => "requests_limit",
            Self::TimedOut { .. } => "timed_out",
            Self::Record(_) => "record_fault",
            Self::Unpublished(_) => "log_unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// Returns the HTTP status: the one that [`CODES`] has for the code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let code = self.code();
        let status = CODES.iter().find(|known| known.code == code).map_or(500, |known| known.status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Tells whether policy or a budget refused, rather than something failed.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(refused) => {
                !matches!(refused.reason, RefusedReason::PolicyFault | RefusedReason::RecordFault)
            }
            Self::Unauthenticated(_)
            | Self::HookRefused
            | Self::OverBudget { .. }
            | Self::BudgetClosed
            | Self::OverPrice { .. } => true,
            _ => false,
        }
    }

    /// Says what happened, for people who may know the inside of this machine: with the causes that hold no value.
    #[must_use]
    pub fn explain(&self) -> String {
        explain(self)
    }
}

/// Says what an error says, and which of its causes hold no value.
pub(crate) fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(words) = cause(error).filter(|words| !text.contains(words.as_str())) {
            text = format!("{text}: {words}");
        }
        next = error.source();
    }
    text
}

/// Words of a cause. PRIVACY: the engine's and the formats' own errors may quote a cell, so only those causes are told
/// that are known not to: our own, the system's, the object store's.
fn cause(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(error.kind().to_string());
    }
    match error.downcast_ref::<LakeError>() {
        Some(LakeError::Storage { source, .. }) => return Some(source.to_string()),
        Some(_) => return None,
        None => {}
    }
    let ledger = error.downcast_ref::<LedgerError>().map(ToString::to_string);
    let ledger = ledger.or_else(|| error.downcast_ref::<AuditLogError>().map(ToString::to_string));
    ledger.or_else(|| error.downcast_ref::<VaultError>().map(ToString::to_string))
}

#[cfg(test)]
mod tests;
