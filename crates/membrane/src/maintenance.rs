//! Keeps the files of tables in order when it is time, for as long as this process serves, and lets rows go whose time is over.
//!
//! One dataset at a time, so that it takes little from those who ask and bring in. Hubs that share a ledger see there when it was done
//! last, and leave out what another is at.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Channel, DatasetName, PrincipalId, PrincipalKind};

use crate::config::RetentionSwitch;
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::{self, RetainRequest};
use crate::hub::Hub;
use crate::serving::{Beats, Serving};

/// How often it is looked which datasets are due.
const BEAT: Duration = Duration::from_secs(1);
/// How long a dataset waits whose files were never kept in order, unless its time is shorter.
const FIRST: TimeDelta = TimeDelta::minutes(15);
const RETENTION_COUNTER: &str = "membrane_retention_failures_total";

/// Keeps the files of tables in order when it is time.
#[derive(Debug, Default)]
pub(crate) struct MaintenanceKeeper {
    /// When each dataset is due, as far as this process knows.
    due: HashMap<DatasetName, DateTime<Utc>>,
}

impl MaintenanceKeeper {
    /// Goes on for as long as this process serves.
    pub(crate) async fn run(mut self, serving: Arc<Serving>) {
        metrics::describe_counter!(
            RETENTION_COUNTER,
            "Visits that left rows whose time is over, or may have, by code."
        );
        let mut beats = Beats::new(serving, BEAT);
        loop {
            let (hub, now) = beats.next().await;
            self.look(&hub, now).await;
        }
    }

    /// Does what is due. Returns of how many datasets.
    pub(crate) async fn look(&mut self, hub: &Arc<Hub>, now: DateTime<Utc>) -> usize {
        let every = TimeDelta::seconds(i64::from(hub.maintenance().every_seconds));
        if every.is_zero() {
            return 0;
        }
        let names: Vec<DatasetName> = hub.catalog().datasets().map(|dataset| dataset.name.clone()).collect();
        self.due.retain(|name, _| names.contains(name));
        let mut done = 0;
        for name in names {
            let due = match self.due.get(&name) {
                Some(due) => *due,
                None => *self.due.entry(name.clone()).or_insert(first_due(hub, &name, (now, every)).await),
            };
            if due > now {
                continue;
            }
            // A failure is told, and tried again when it is time.
            self.due.insert(name.clone(), now + every);
            match one(hub, &name, now - every).await {
                Ok(None) => done += 1,
                Ok(Some(last)) => {
                    self.due.insert(name, last + every);
                }
                Err(code) => {
                    tracing::warn!(dataset.name = %name, code, "the files of `{name}` were not kept in order: {code}");
                }
            }
        }
        done
    }
}

/// Returns when a dataset is due that this process has not looked at yet: who just began to serve has other things to do.
async fn first_due(hub: &Hub, name: &DatasetName, (now, every): (DateTime<Utc>, TimeDelta)) -> DateTime<Utc> {
    match hub.ledger().upkeep_done(name).await {
        Ok(Some(last)) => last + every,
        Ok(None) | Err(_) => now + every.min(FIRST),
    }
}

/// Returns in whose name the files of a dataset are kept in order: that of the source that brings its rows in, by their names the first
/// that says whose, or else the first service.
fn keeper_of(hub: &Hub, name: &DatasetName) -> Option<PrincipalId> {
    let mut sources = hub.catalog().sources().filter(|source| source.dataset == *name);
    let of_source = sources.find_map(|source| source.principal.clone());
    of_source.or_else(|| hub.principal_of(PrincipalKind::Service))
}

/// Keeps the files of a dataset in order, unless that was done since; says when.
async fn one(
    hub: &Arc<Hub>,
    name: &DatasetName,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, &'static str> {
    let last = hub.ledger().upkeep_done(name).await.map_err(|error| Error::Ledger(error).code())?;
    if let Some(last) = last.filter(|last| *last > since) {
        return Ok(Some(last));
    }
    let service = keeper_of(hub, name).ok_or("unknown_principal")?;
    let (own, of) = (Arc::clone(hub), name.clone());
    // On a task that goes on when this is dropped: a run that was begun is closed.
    let work = hub.tasks().spawn(Box::pin(async move {
        let ctx = own.ctx(service, Channel::Schedule);
        retain(&ctx, &own, &of).await;
        flow::maintain(&ctx, &own, &of, false).await
    }));
    match work.await {
        Ok(Ok(_)) => Ok(None),
        Ok(Err(failure)) if matches!(failure.error, Error::MaintenanceHeld { .. }) => Ok(None),
        Ok(Err(failure)) => Err(failure.error.code()),
        Err(_) => Err("internal"),
    }
}

/// Lets rows go whose time is over, if the contract has a rule. Whatever leaves some is told, keeps the files from nothing, and is tried again
/// when it is time. Returns its code.
async fn retain(ctx: &RequestCtx, hub: &Hub, name: &DatasetName) -> Option<&'static str> {
    let has_rule = hub.catalog().dataset(name).is_some_and(|dataset| dataset.retention.is_some());
    if !has_rule || hub.maintenance().retention == RetentionSwitch::Off {
        return None;
    }
    let request = RetainRequest { dataset: name.clone(), dry_run: false, scans: false };
    let code = match Box::pin(flow::retain(ctx, hub, request)).await {
        Ok((_, done)) => done.left_because()?,
        // Another hub is at it.
        Err(failure) if matches!(failure.error, Error::MaintenanceHeld { .. }) => return None,
        Err(failure) => failure.error.code(),
    };
    // PRIVACY: without the dataset; /metrics is served without a bearer.
    metrics::counter!(RETENTION_COUNTER, "code" => code).increment(1);
    tracing::warn!(dataset.name = %name, code, "rows of `{name}` whose time is over are left: {code}");
    Some(code)
}

#[cfg(test)]
mod tests;
