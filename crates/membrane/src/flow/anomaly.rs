//! WATCH: what stands out of what principals did is looked for, written down, listed, and taken note of.
//!
//! ```text
//! Ledger::find_anomalies (kept figures, rules) -> open run -> permit to audit -> a signed document and a flag for each -> close the run
//! ```
//!
//! Nothing waits for it: whoever asked has the answer, and the run is closed. A flag stops nobody; it says two figures to whoever looks.

use chrono::{DateTime, Utc};
use membrane_ledger::{ACKNOWLEDGE, Anomaly, Document, DocumentKind, Flag, LedgerError};
use membrane_model::{Action, PrincipalKind, RunId};

use super::run::{ActiveRun, RunHead, finish, job};
use crate::ctx::{Channel, RequestCtx};
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Flags that are listed at most.
const LISTED_MAX: u32 = 1000;
/// Flags that one run writes down at most: its entry of the log names each, and has 65,535 bytes. The rest is found again by the next look.
const FLAGS_OF_A_RUN_MAX: usize = 100;
/// How often a flag is written whose number others take at the same moment.
const TRIES_MAX: usize = 16;

/// What stood out, as far as it is listed.
#[derive(Debug, Clone)]
pub struct FoundAnomalies {
    /// The flags, the latest first.
    pub flags: Vec<Flag>,
    /// Whether there are more, or some were not written down yet.
    pub has_more: bool,
}

/// Lists what stood out, the latest first: what was flagged since a moment, 1,000 at most. What was not written down yet is, in the same run, the
/// first hundred of it.
///
/// # Errors
/// [`Failure`] when it is refused, or the ledger cannot be read or written.
pub async fn list_anomalies(
    ctx: &RequestCtx,
    hub: &Hub,
    since: Option<DateTime<Utc>>,
) -> Result<(RunId, FoundAnomalies), Failure> {
    let mut run = open(ctx, hub, "list anomalies".to_owned()).await?;
    let listed = list(&mut run, ctx, hub, since).await;
    finish(run, listed).await
}

async fn list(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    since: Option<DateTime<Utc>>,
) -> Result<FoundAnomalies, Error> {
    run.permit(hub, Vec::new()).await?;
    let found = find(hub, ctx.now()).await?;
    let written = write_down(run, hub, &found).await?;
    let is_cut = written == FLAGS_OF_A_RUN_MAX && found.len() > written;
    let (ledger, since) = (hub.ledger(), (since, None));
    let flags = ledger.page_of_anomalies(since, None, LISTED_MAX).await.map_err(Error::Ledger)?;
    let last = flags.last().map(|flag| flag.number);
    let has_more = match last {
        Some(last) => {
            !ledger.page_of_anomalies(since, Some(last), 1).await.map_err(Error::Ledger)?.is_empty()
        }
        None => false,
    };
    Ok(FoundAnomalies { flags, has_more: has_more || is_cut })
}

/// Takes note of a flag; the run says who did.
///
/// # Errors
/// [`Failure`] when it is refused, there is no such flag, somebody took note of it, or the ledger cannot be written.
pub async fn acknowledge_anomaly(ctx: &RequestCtx, hub: &Hub, number: u64) -> Result<RunId, Failure> {
    // PRIVACY: a number that no flag has may be anything that someone typed; the job is published.
    let known = matches!(hub.ledger().document(DocumentKind::Anomaly, number).await, Ok(Some(_)));
    let mut run = open(ctx, hub, job(ACKNOWLEDGE, number, known)).await?;
    let noted = acknowledge(&mut run, hub, number).await;
    finish(run, noted).await.map(|(run, ())| run)
}

async fn acknowledge(run: &mut ActiveRun, hub: &Hub, number: u64) -> Result<(), Error> {
    run.permit(hub, Vec::new()).await?;
    if run.opened()?.acknowledge_anomaly(number).await.map_err(Error::Record)? {
        return Ok(());
    }
    Err(Error::BadRequest("there is no such anomaly, or somebody took note of it".to_owned()))
}

/// Looks for what stands out, and writes it down in a run of the first who may be expected to look at the record. Returns how many it wrote down, a
/// hundred at most; of none there is no run.
///
/// # Errors
/// The code of what went wrong.
pub async fn flag_anomalies(hub: &Hub) -> Result<usize, &'static str> {
    let found = find(hub, hub.clock().now()).await.map_err(|error| error.code())?;
    if found.is_empty() {
        return Ok(0);
    }
    let compliance = hub.principal_of(PrincipalKind::Compliance).ok_or("unknown_principal")?;
    let ctx = hub.ctx(compliance, Channel::Schedule);
    let flagged = flag(&ctx, hub, &found).await;
    flagged.map_err(|failure| failure.error.code())
}

async fn flag(ctx: &RequestCtx, hub: &Hub, found: &[Anomaly]) -> Result<usize, Failure> {
    let mut run = open(ctx, hub, "flag anomalies".to_owned()).await?;
    let written = match run.permit(hub, Vec::new()).await {
        Ok(_) => write_down(&mut run, hub, found).await,
        Err(error) => Err(error),
    };
    finish(run, written).await.map(|(_, written)| written)
}

async fn find(hub: &Hub, now: DateTime<Utc>) -> Result<Vec<Anomaly>, Error> {
    hub.ledger().find_anomalies(now.date_naive(), hub.anomaly_floors()).await.map_err(Error::Ledger)
}

/// Writes down what another hub, or another run, has not meanwhile, up to as much as one run may; tells the log of it. Returns how many.
async fn write_down(run: &mut ActiveRun, hub: &Hub, found: &[Anomaly]) -> Result<usize, Error> {
    let mut written = 0;
    for one in found {
        if written == FLAGS_OF_A_RUN_MAX {
            break;
        }
        let Some(number) = write_one(run, hub, one).await? else { continue };
        written += 1;
        // PRIVACY: counts of what a principal did; nothing of a member.
        tracing::warn!(
            anomaly = number, principal.id = %one.principal, kind = one.kind.as_str(), day = %one.day, measured = one.measured,
            usual = one.usual, "anomaly {number} of kind `{}` was flagged; `membrane audit anomalies` tells more", one.kind
        );
    }
    Ok(written)
}

/// Returns the number that it got; none where the same was flagged already.
async fn write_one(run: &mut ActiveRun, hub: &Hub, found: &Anomaly) -> Result<Option<u64>, Error> {
    let kind = DocumentKind::Anomaly;
    let body = found.body().map_err(Error::Record)?;
    for _ in 0..TRIES_MAX {
        let last = hub.ledger().last_document(kind).await.map_err(Error::Ledger)?;
        let number = last.saturating_add(1);
        let signature = hub.signer().sign(&Document::signed_text(kind, number, &body));
        match run.opened()?.add_anomaly(number, found, &signature).await {
            Err(LedgerError::DocumentTaken) => {}
            written => return written.map(|is_new| is_new.then_some(number)).map_err(Error::Record),
        }
    }
    Err(Error::InTheWay)
}

async fn open(ctx: &RequestCtx, hub: &Hub, job: String) -> Result<ActiveRun, Failure> {
    let head = RunHead { action: Action::Audit, purpose: None, job, statement: None };
    ActiveRun::open(ctx, hub, head).await
}
