//! Writes the OpenLineage events of all runs of the record again: what a sink has missed is not lost.

use chrono::{DateTime, Utc};
use membrane_model::{Action, RunId};
use serde_json::Value;

use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::flow::run::{ActiveRun, RunHead, finish};
use crate::hub::Hub;
use crate::openlineage::Maker;

/// Runs that are read at once.
const PAGE: u32 = 200;

/// From where on events are wanted.
#[derive(Debug, Clone, Copy)]
pub enum Since {
    /// From the first run on.
    Start,
    /// From this moment on.
    At(DateTime<Utc>),
    /// From when this run was opened on, with it.
    Run(RunId),
}

/// Makes the events of runs, the earliest first, and hands each over; returns how many there were. The run in which this is done is
/// left out: it is not over yet.
///
/// # Errors
/// [`Failure`] when it is refused, there is no such run, or the ledger cannot be read.
pub async fn export_lineage(
    ctx: &RequestCtx,
    hub: &Hub,
    since: Since,
    mut each: impl FnMut(&Value) + Send,
) -> Result<(RunId, u64), Failure> {
    let job = "export lineage".to_owned();
    let head = RunHead { action: Action::Audit, purpose: None, job, statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let exported = export(&mut run, hub, since, &mut each).await;
    run.work.rows_out = exported.as_ref().ok().copied();
    finish(run, exported).await
}

async fn export(
    run: &mut ActiveRun,
    hub: &Hub,
    since: Since,
    each: &mut (impl FnMut(&Value) + Send),
) -> Result<u64, Error> {
    run.permit(hub, Vec::new()).await?;
    let own = run.id();
    let maker = Maker { names: hub.sinks().names(), catalog: hub.catalog() };
    let mut from = match since {
        Since::Start => DateTime::UNIX_EPOCH,
        Since::At(moment) => moment,
        Since::Run(wanted) => {
            let found = hub.ledger().run(&wanted).await.map_err(Error::Ledger)?;
            found.ok_or(Error::UnknownRun)?.started
        }
    };
    let (mut after, mut count) = (None, 0);
    loop {
        let page = hub.ledger().runs_from(from, after, PAGE).await.map_err(Error::Ledger)?;
        let Some(last) = page.last() else { return Ok(count) };
        (from, after) = (last.started, Some(last.run));
        for record in page.iter().filter(|record| record.run != own) {
            for event in maker.all(record) {
                each(&event);
                count += 1;
            }
        }
    }
}
