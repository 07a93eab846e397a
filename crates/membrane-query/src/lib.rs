//! Answers SQL under a permit: the gate, the governed scan, masks, lineage from plans, release planning.
//!
//! ```text
//! SQL text -> Statement::parse (gate) -> user session of the permit -> plan -> plan check
//!          -> lineage -> optimise -> run: GovernedScanExec leaves -> limits -> Answer
//! ```
//!
//! INVARIANT (non-interference): for any two databases that agree on what a permit shows, answers, errors and
//! plans are the same. Three things hold it up: statements are planned in a session that holds nothing but
//! governed tables; a governed table is a leaf whose rows have passed the row rule and whose values have
//! passed their masks; and no text that was made from data leaves in an error.
//!
//! This is the only crate that names DataFusion, besides `membrane-lake`, which hands out table providers.

mod answer;
mod brake;
mod bytes;
mod cut;
mod digest;
mod engine;
mod error;
mod explain;
mod fault;
mod functions;
mod gate;
mod growth;
mod information;
mod lineage;
mod mask;
mod memory;
mod normalise;
mod open;
mod plain_name;
mod plan_check;
mod predicate;
mod program;
mod pushdown;
mod rebuild;
mod release;
mod row_filter;
mod rules;
mod sanitise;
mod scan;
mod session;
mod system;
mod table;
mod tag;
mod typed;
mod units;

#[cfg(test)]
mod leak_tests;
#[cfg(test)]
mod testing;

pub use answer::{Answer, AnswerColumn};
pub use cut::Cutter;
pub use digest::AnswerDigest;
pub use engine::{Engine, EngineParts};
pub use error::{Position, QueryError};
pub use gate::{Parameter, Statement};
pub use mask::doc::{MaskDoc, mask_docs};
pub use normalise::{normalise, normalised_schema};
pub use release::{
    Bars, Candidate, ColumnForecast, CounterOptions, EditionKey, ForecastOf, FoundPilot, Lie, MadeUp,
    Newcomer, PilotAnswer, PilotPlan, PilotTrial, Planned, Rehearsed, ReleaseAnswer, ReleaseColumn,
    ReleaseForecast, ReleaseOptions, ReleasePlan, ReleaseRole, ReleaseType, ReleasedDataset, Reused,
    SandboxPart, Shown, Synthetic, Trial, check_release, sandbox_parts, trace_release,
};
pub use system::{
    DatasetFacts, GrantFacts, PublicationFacts, RecordFacts, RecordParts, Standing, SystemColumn, SystemTable,
};
pub use tag::{
    Compared, StatementPlan, TagAnswer, TagComparison, TagFault, TagFixture, TagKeys, TagKnown, TagMembers,
    TagPlan, TagQuestion, TagValues, TrialError, Tried, check_tag,
};
