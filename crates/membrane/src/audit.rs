//! The audit of differential privacy: what leaves is held against what is claimed of it.
//!
//! ```text
//! mechanisms   draws of every part of a release on made-up totals            epsilon, grid, delta of keys     membrane-privacy
//! releases     statements over people who were made up, planned as releases  distances, keys, order of rows,  Trial
//!              are: before noise and after                                    epsilon, grid, coverage, bias
//! hubs         two hubs that differ by one member; a hub that many ask        epsilon, time, budgets           flows
//! ledger       tests that kill it and race for its last unit                  what they said                   membrane-ledger
//! planted      the same checks on what does not keep its word                 each must find it
//! ```
//!
//! `membrane audit privacy` runs all of it in a folder of its own (docs/audit.md is its report, docs/decisions/0019 says why it is as
//! it is), `membrane release audit` the second line for one statement of a hub at work. Neither reads a row of a hub.
//!
//! An audit can only find faults: that it finds none is evidence, as strong as the lines say that tell what was planted.

mod check;
mod coverage;
mod effort;
mod hubs;
mod ledger;
mod loss;
mod mechanisms;
mod neighbours;
mod planted;
mod race;
mod report;
mod shapes;
mod timing;

use std::path::Path;
use std::sync::Arc;

use membrane_model::{Clock, PrincipalKind, RunId};
use membrane_privacy::PrivacyError;
use membrane_query::{QueryError, Trial};

pub use self::check::{Area, Check, Verdict};
pub use self::effort::Effort;
pub use self::report::Report;
use self::shapes::{EPSILON, EPSILON_SHOWN};
use crate::config::Config;
use crate::ctx::{Channel, RequestCtx};
use crate::error::{Error, Failure};
use crate::flow::{self, ReleaseRequest};
use crate::hub::Hub;
use crate::open::OpenError;

/// Why an audit could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The hub of the audit could not be opened.
    #[error("the hub of the audit cannot be opened")]
    Open(#[source] OpenError),
    /// The hub of the audit refused what the audit asks.
    #[error("the hub of the audit refused what the audit asks")]
    Asked(#[source] Error),
    /// A release could not be run over people who were made up.
    #[error("a release cannot be run over people who were made up")]
    Query(#[from] QueryError),
    /// A mechanism could not be drawn.
    #[error("a mechanism cannot be drawn")]
    Privacy(#[from] PrivacyError),
    /// A file of the audit could not be written or read.
    #[error("a file of the audit cannot be used: {0}")]
    File(std::io::ErrorKind),
    /// Nobody is known who could ask.
    #[error("principals.json has no {0} principal, as whom the audit could ask")]
    Nobody(&'static str),
}

impl From<Failure> for AuditError {
    fn from(failure: Failure) -> Self {
        Self::Asked(failure.error)
    }
}

impl From<std::io::Error> for AuditError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.kind())
    }
}

/// Audits this program on the catalog and the policies of a configuration, in a folder of the audit's own. `said` is what the
/// ledger's tests wrote, if they were run.
///
/// # Errors
/// [`AuditError`] when something could not be looked at; a check that fails is part of the report.
pub async fn audit(
    config: &Config,
    clock: Arc<dyn Clock>,
    (folder, said): (&Path, Option<&str>),
    effort: &Effort,
    note: &(dyn Fn(&str) + Sync),
) -> Result<Report, AuditError> {
    let mut checks = Vec::new();
    note("mechanisms");
    checks.extend(mechanisms::checks(effort)?);
    let plans = Arc::new(hubs::open(config, &folder.join("plans"), Arc::clone(&clock)).await?);
    let ctx = asker(&plans)?;
    for (shape, number) in shapes::SHAPES.iter().zip(0_u64..) {
        note(shape.title);
        let (_, trial) = Box::pin(flow::plan_trial(&ctx, &plans, &shape.request(EPSILON))).await?;
        checks.extend(neighbours::checks(&trial, shape.title, effort, number).await?);
        if effort.drawn.is_none_or(|drawn| number < drawn) {
            let shown = shape.request(EPSILON_SHOWN);
            let (_, shown) = Box::pin(flow::plan_trial(&ctx, &plans, &shown)).await?;
            let alpha = effort.alpha / shapes::count();
            checks.extend(loss::checks(&shown, shape.title, effort, (number, alpha)).await?);
            checks.extend(coverage::checks(&trial, shape.title, effort, number).await?);
        }
    }
    note("what is planted");
    checks.extend(planted::checks(&ctx, &plans, effort).await?);
    note("two hubs");
    checks.extend(hubs::checks(config, &folder.join("hubs"), Arc::clone(&clock), effort).await?);
    note("64 who ask at once");
    checks.extend(race::checks(config, &folder.join("race"), Arc::clone(&clock)).await?);
    if effort.timed > 0 {
        note("time");
        checks.extend(timing::checks(config, &folder.join("time"), clock, effort).await?);
    }
    checks.extend(said.map(ledger::checks).unwrap_or_default());
    Ok(Report { checks })
}

/// Audits one release of a hub at work: under the asker's own permit, over people who were made up, at no price.
///
/// # Errors
/// [`Failure`] as for a dry run of it; [`AuditError`] when it cannot be run.
pub async fn audit_release(
    ctx: &RequestCtx,
    hub: &Hub,
    request: &ReleaseRequest,
    effort: &Effort,
) -> Result<Result<(RunId, Report), AuditError>, Failure> {
    let (run, trial) = Box::pin(flow::plan_trial(ctx, hub, request)).await?;
    Ok(checks_of(&trial, effort).await.map(|checks| (run, Report { checks })))
}

async fn checks_of(trial: &Trial, effort: &Effort) -> Result<Vec<Check>, AuditError> {
    const TITLE: &str = "this release";
    let mut checks = neighbours::checks(trial, TITLE, effort, 0).await?;
    checks.extend(loss::checks(trial, TITLE, effort, (0, effort.alpha)).await?);
    checks.extend(coverage::checks(trial, TITLE, effort, 0).await?);
    Ok(checks)
}

/// Returns who asks: the first partner.
fn asker(hub: &Hub) -> Result<RequestCtx, AuditError> {
    let partner = hub.principal_of(PrincipalKind::Partner).ok_or(AuditError::Nobody("partner"))?;
    Ok(hub.ctx(partner, Channel::CliDefault))
}
