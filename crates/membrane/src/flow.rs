//! What the hub does, one file a flow. Each opens a run, has a permit issued, does the work, and closes the run before
//! the last of the answer leaves; whatever fails on the way closes the run as failed and answers with an error.

mod anomaly;
mod audit_log;
mod bearer;
mod break_glass;
mod budget;
mod budget_steps;
mod caps;
mod catalog;
mod check;
mod contract;
mod delegation;
mod hook;
mod ingest;
mod lineage;
mod list_datasets;
mod log;
mod maintain;
mod publish;
mod quality;
mod quarantine;
mod query;
mod record;
mod refused;
mod release;
mod report;
mod reserve;
mod retain;
mod run;
mod runs;
mod sandbox;
mod search;
mod source;
mod standing;
mod stream;
mod tag;
mod usage;

pub use crate::stream_state::StreamTold;
pub use anomaly::{FoundAnomalies, acknowledge_anomaly, flag_anomalies, list_anomalies};
pub use audit_log::{
    Openings, ProvedRun, RepairedLog, Verified, prove_run, publish_log, repair_log, verify_published,
};
pub use bearer::issue_bearer;
pub use break_glass::{GlassRequest, GrantLine, approve_glass, end_glass, list_glass, request_glass};
pub use budget::{BudgetLine, Budgets, Forecast, Outlook, Pace, PartnerState, budget};
pub use budget_steps::{
    BudgetHistory, NewAmount, NewBudgetStep, NewStep, SettledStep, budget_history, take_budget_step,
};
pub use catalog::{
    CatalogEntry, CatalogRequest, ColumnPage, Contracted, DatasetPage, Hit, HitPlace, ReaderLine, UseLine,
    show_catalog, show_column, show_dataset,
};
pub(crate) use check::check_statements;
pub use contract::{RevisionLine, contract_history};
pub(crate) use contract::{broken_contracts, contracts_before};
pub use delegation::{
    DelegationLine, NewDelegation, SettledDelegation, end_delegation, list_delegations, make_delegation,
};
pub(crate) use hook::{HookAnswer, HookRequest, greet_hook, may_be_signed, take_hook};
pub use ingest::{IngestRequest, Ingested, ingest};
pub(crate) use lineage::described;
pub use lineage::{
    DEPTH_MAX, LineageFound, LineageRequest, PLACES_DEFAULT, PLACES_MAX, Place, Since, Subject, TraceFound,
    TraceRequest, What, export_lineage, lineage, trace_lineage,
};
pub use list_datasets::{Listing, list_datasets};
pub use log::verify_log;
pub use maintain::{Maintained, MaintainedTable, maintain};
pub use publish::{History, HistoryLine, Publication, PublishRequest, history, publish};
pub use quality::{
    DeliveryTotals, OBJECTIVE, Promise, Quality, QualityDay, QualityRequest, TotalsRequest, TotalsToday,
    check_promises, quality, totals,
};
pub use quarantine::{ASIDE_ROWS_MAX, AsideShown, count_quarantine, replay_quarantine, show_quarantine};
pub use query::{QueryAnswer, QueryRequest, query};
pub use release::{PilotTold, ReleaseRequest, Released, plan_trial, rehearse, release, timed_release};
pub use report::{ReportFilter, ReportKind, ReportRequest, make_report};
pub use retain::{RetainRequest, RetainedRows, RetainedTable, retain};
pub use runs::{run_detail, runs};
pub use sandbox::{SANDBOX_RHO, SandboxMade, make_sandbox};
pub use search::{FOUND_MAX, FoundRuns, TailRequest, search_runs, tail_entries};
pub use source::{
    Asked, Failed, Looked, SourceTold, Taken, Waits, list_sources, look_at_source, pause_source,
};
pub(crate) use source::{TopicState, follow_topic, tell_of_topic, wait_held_up};
pub use standing::{
    EditionTold, MadeBefore, StandingList, StandingTold, list_standing, run_edition, run_edition_after,
};
pub(crate) use standing::{ctx_of, is_made, last_due, release_refused};
pub use stream::{Measured, Pushed, list_streams, measure};
pub(crate) use stream::{StreamJob, push, recover_streams, room_for};
pub use tag::{
    BuiltTag, TagLine, TagPage, TagRequest, TrialReport, build_tags, list_tags, show_tag, try_tags,
};
pub(crate) use tag::{TagStream, check_tags};
pub use usage::{column_uses, factor_uses};

#[cfg(test)]
pub(crate) mod tests;
