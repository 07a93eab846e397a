//! PROVE: that the record was not altered, to whoever has the key of the log.

use membrane_ledger::{LogHead, RunRecord};
use membrane_log::{EMPTY_ROOT, Mended, Report, TreeHead, verify_from, verify_full};
use membrane_model::{Action, RunId};

use super::run::{ActiveRun, RunHead, finish};
use crate::audit_log::{AuditLog, AuditLogError, Proved, Repaired};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure, explain};
use crate::hub::Hub;

/// Ledger and published log, as they were found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The ledger's head: every run was computed again and is as it was closed.
    pub ledger: LogHead,
    /// Runs whose statement is not there any more, though the log has a commitment to it.
    pub forgotten: u64,
    /// What was found in the published log; nothing in it disagrees with the ledger.
    pub report: Report,
    /// Why what is new could not be published, where that tells nothing of what is there.
    pub unpublished: Option<String>,
}

/// A run that was proved.
#[derive(Debug, Clone)]
pub struct ProvedRun {
    /// The entry and its proof.
    pub proved: Proved,
    /// The text of the statement and its salt, where that was asked for and is there.
    pub statement: Option<(String, String)>,
    /// The salt of the commitment to the answer, where that was asked for and is there.
    pub answer_salt: Option<String>,
}

/// What is shown of a run beside its entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Openings {
    /// The statement, as it is on record.
    pub statement: bool,
    /// What opens the commitment to the answer; the answer itself is not kept.
    pub answer: bool,
}

/// Publishes what the log has not yet.
///
/// # Errors
/// [`Failure`] when it is refused, or cannot be published.
pub async fn publish_log(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, LogHead), Failure> {
    let mut run = open(ctx, hub, "publish log").await?;
    let published = match run.permit(hub, Vec::new()).await {
        Ok(_) => hub.audit_log().publish(ctx.now()).await.map_err(Error::AuditLog),
        Err(error) => Err(error),
    };
    finish(run, published).await
}

/// Computes ledger and published log again, and holds them against each other; `known` is a head that the log must begin with. What was not published yet
/// is published when all is as it should be, and read as well.
///
/// # Errors
/// [`Failure`] when it is refused, or when the ledger is altered, or not of the same runs as the published log. What is wrong in the published log itself is
/// in the report.
pub async fn verify_published(
    ctx: &RequestCtx,
    hub: &Hub,
    known: Option<TreeHead>,
) -> Result<(RunId, Verified), Failure> {
    let mut run = open(ctx, hub, "verify log").await?;
    let verified = match run.permit(hub, Vec::new()).await {
        Ok(_) => verify(ctx, hub, known).await,
        Err(error) => Err(error),
    };
    finish(run, verified).await
}

async fn verify(ctx: &RequestCtx, hub: &Hub, known: Option<TreeHead>) -> Result<Verified, Error> {
    let ledger = hub.ledger().verify_log().await.map_err(Error::Ledger)?;
    let forgotten = hub.ledger().forgotten_statements().await.map_err(Error::Ledger)?;
    let log = hub.audit_log();
    let (objects, trust) = (log.objects(), log.trust());
    // As it lies there, before anything is added to it.
    let mut report = match log.head().await {
        Ok(None) => Report::default(),
        _ => verify_full(&objects, trust, known, |_, _| ())
            .await
            .map_err(|error| Error::AuditLog(error.into()))?,
    };
    let mut unpublished = None;
    if report.is_clean() {
        match publish(ctx, log, &mut report).await {
            Err(error) if error.is_fault() => return Err(Error::AuditLog(error)),
            Err(error) => unpublished = Some(explain(&error)),
            Ok(()) => {}
        }
    }
    Ok(Verified { ledger, forgotten, report, unpublished })
}

/// Publishes what is new, reads that as well, and holds the whole against the ledger.
async fn publish(ctx: &RequestCtx, log: &AuditLog, report: &mut Report) -> Result<(), AuditLogError> {
    let published = log.publish(ctx.now()).await;
    let before = report.head.unwrap_or(TreeHead { size: 0, root: EMPTY_ROOT });
    if published.is_ok() {
        let news = verify_from(&log.objects(), log.trust(), before, |_, _| ()).await?;
        report.head = news.head;
        report.witnessed = news.witnessed;
        report.entries_checked += news.entries_checked;
        report.findings.extend(news.findings);
    }
    if let Some(head) = report.head.filter(|_| report.is_clean()) {
        log.agrees(head).await?;
    }
    published.map(drop)
}

/// What was put back into the published log.
#[derive(Debug, Clone)]
pub struct RepairedLog {
    /// The signed head that all of it leads to.
    pub head: LogHead,
    /// The objects, and whether each was missing; otherwise it was altered.
    pub mended: Vec<Mended>,
    /// Whether the index by which runs are found by their columns was made anew.
    pub is_index_mended: bool,
}

/// Makes objects of the published log again that are missing or altered, its checkpoint among them, from the ledger, where that has the runs that were
/// signed; and the index by which runs are found by their columns, from the record.
///
/// # Errors
/// [`Failure`] when it is refused, when the ledger has not the runs that were signed, or when the store cannot be read or written.
pub async fn repair_log(ctx: &RequestCtx, hub: &Hub) -> Result<(RunId, RepairedLog), Failure> {
    let mut run = open(ctx, hub, "repair log").await?;
    let repaired = match run.permit(hub, Vec::new()).await {
        Ok(_) => mend(hub).await,
        Err(error) => Err(error),
    };
    finish(run, repaired).await
}

async fn mend(hub: &Hub) -> Result<RepairedLog, Error> {
    let is_index_mended = hub.ledger().mend_columns().await.map_err(Error::Ledger)?;
    let Repaired { head, mended } = hub.audit_log().repair().await.map_err(Error::AuditLog)?;
    Ok(RepairedLog { head, mended, is_index_mended })
}

/// Proves that a run is in the log.
///
/// # Errors
/// [`Failure`] when it is refused, when the run is not closed or not there, or when the log cannot be read or published.
pub async fn prove_run(
    ctx: &RequestCtx,
    hub: &Hub,
    which: &RunId,
    openings: Openings,
) -> Result<(RunId, ProvedRun), Failure> {
    let mut run = open(ctx, hub, "prove run").await?;
    let proved = match run.permit(hub, Vec::new()).await {
        Ok(_) => prove(ctx, hub, which, openings).await,
        Err(error) => Err(error),
    };
    finish(run, proved).await
}

async fn prove(ctx: &RequestCtx, hub: &Hub, which: &RunId, openings: Openings) -> Result<ProvedRun, Error> {
    let proved = hub.audit_log().prove(which, ctx.now()).await.map_err(Error::AuditLog)?;
    let proved = proved.ok_or(Error::UnknownRun)?;
    if openings == Openings::default() {
        return Ok(ProvedRun { proved, statement: None, answer_salt: None });
    }
    let record = hub.ledger().run(which).await.map_err(Error::Ledger)?.ok_or(Error::UnknownRun)?;
    let RunRecord { statement, statement_salt, circumstances, .. } = record;
    let answer_salt = circumstances.and_then(|told| told.answer_salt);
    Ok(ProvedRun {
        proved,
        statement: statement.zip(statement_salt).filter(|_| openings.statement),
        answer_salt: answer_salt.filter(|_| openings.answer),
    })
}

async fn open(ctx: &RequestCtx, hub: &Hub, job: &str) -> Result<ActiveRun, Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job: job.to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    // What is wrong with the log is looked for, and mended, when nothing can be published.
    run.do_not_wait();
    Ok(run)
}
