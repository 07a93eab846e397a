//! What goes over the wire and into `--json`: one file a resource. Domain types are turned into these at the edge.

mod anomaly;
mod bearer;
mod break_glass;
mod budget;
mod budget_step;
mod catalog;
mod dataset;
mod delegation;
mod error;
mod events;
mod found;
mod hooks;
mod ingest;
mod lineage;
mod maintain;
mod metric;
mod openlineage;
mod quality;
mod quarantine;
mod query;
mod receipt;
mod release;
mod retention;
mod run;
mod sandbox;
mod source;
mod standing;
mod streams;
mod tag;

pub use anomaly::{AnomaliesBody, AnomalyBody, SinceBody};
pub use bearer::BearerBody;
pub use break_glass::{GlassBody, GlassRequestBody, GlassesBody, GrantBody};
pub use budget::{AmountBody, BudgetBody, BudgetLineBody, ForecastBody, OutlookBody, PartnerStateBody};
pub use budget_step::{BudgetHistoryBody, BudgetStepAnswerBody, BudgetStepBody, NewBudgetStepBody};
pub use catalog::{
    CatalogBody, CatalogColumnBody, CatalogColumnPageBody, CatalogColumnUseBody, CatalogDatasetBody,
    CatalogEntryBody, CatalogFactsBody, CatalogReaderBody, CatalogUseBody, HitBody,
};
pub use dataset::{ColumnBody, DatasetBody, DatasetsBody, ReleaseColumnUseBody};
pub use delegation::{DelegationAnswerBody, DelegationBody, DelegationsBody, NewDelegationBody};
pub use error::{ErrorBody, ErrorDetail};
pub use events::EventsBody;
pub use found::{FoundBody, FoundColumnBody, FoundPolicyBody, FoundRunBody};
pub use hooks::HookBody;
pub use ingest::IngestBody;
pub use lineage::{EdgeBody, FieldBody, LineageBody, PlaceBody, TraceBody, TraceCountsBody};
pub use maintain::{MaintainedBody, MaintainedTableBody};
pub(crate) use openlineage::metrics as sink_metrics;
pub use quality::{
    AlertBody, QualityBody, QualityDayBody, QualityReasonBody, ReconciledBody, ReconciliationBody, TotalBody,
    TotalsBody,
};
pub use quarantine::{AsideCountBody, AsideRowBody, AsideRowsBody, QuarantineBody, ReplayBody};
pub use query::{AnswerBody, AnswerColumnBody, QueryBody, answer_columns};
pub use receipt::{ReceiptBody, ReceiptKeyBody};
pub use release::{
    AggregateBody, DatasetVersionBody, LevelBody, MechanismBody, NoiseBody, PriceBody, ReleaseAnswerBody,
    ReleaseBody, ReleaseColumnBody, release_head,
};
pub use retention::{RetentionBody, RetentionTableBody};
pub use run::{ColumnDecisionBody, DecisionBody, ReleaseRecordBody, RunBody, RunDetailBody, RunsBody};
pub use sandbox::{LeftOutBody, NewSandboxBody, SandboxBody};
pub(crate) use source::metrics as source_metrics;
pub use source::{FailedBody, LookedBody, SourceBody, SourcesBody, TakenBody};
pub use standing::{
    ContinualBody, EditionBody, EditionRequestBody, StandingReleaseBody, StandingReleasesBody,
};
pub(crate) use streams::metrics as stream_metrics;
pub use streams::{StreamBody, StreamsBody};
pub use tag::{TagBody, TagBuildBody, TagPageBody, TagTrialBody, TagsBody};
