//! What is wrong with the statements of standing releases, as far as contracts tell: without a hub, its data or its policies.

use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use membrane_catalog::{Catalog, Dataset, Edition, Every, Fault, StandingRelease};
use membrane_model::{Delta, Limits, RunId};
use membrane_query::{Statement, check_release, trace_release};

use super::request;
use crate::config::PrivacySection;
use crate::error::Error;
use crate::flow::caps::configured_release;
use crate::flow::release::planned_with;
use crate::flow::run::knows;
use crate::hub::Hub;
use crate::lineage::StandingKnown;

/// A moment before which editions of every length are over. Which one is looked at does not matter.
pub(in crate::flow) const SOME_MOMENT_SECONDS: i64 = 1_767_225_600;

/// Lists the standing releases whose statements would be refused, whatever the data and the policies say. `dir` is the folder of
/// the catalog.
pub(in crate::flow) async fn check_releases(
    catalog: &Catalog,
    dir: &Path,
    privacy: &PrivacySection,
    limits: &Limits,
) -> Vec<Fault> {
    let datasets: Vec<Arc<Dataset>> = catalog.datasets().cloned().collect();
    let mut faults = Vec::new();
    for standing in catalog.releases() {
        if let Err(error) = check(standing, &datasets, privacy, limits).await {
            let (line, column) = standing.sql_place;
            let file = dir.join("releases").join(format!("{}.yaml", standing.name));
            faults.push(Fault { file, line, column, message: format!("`sql` would be refused: {error}") });
        }
    }
    faults
}

/// Says why a standing release would be refused with these contracts, if it would, whatever the data and the policies say.
pub(crate) async fn release_refused(
    standing: &StandingRelease,
    datasets: &[Arc<Dataset>],
    privacy: &PrivacySection,
    limits: &Limits,
) -> Option<String> {
    check(standing, datasets, privacy, limits).await.err().map(|error| error.to_string())
}

async fn check(
    standing: &StandingRelease,
    datasets: &[Arc<Dataset>],
    privacy: &PrivacySection,
    limits: &Limits,
) -> Result<(), Error> {
    let request = request(standing, &some_edition(standing)?);
    let delta = Delta::new(request.delta.unwrap_or(privacy.delta))?;
    let most = configured_release(privacy, &standing.partner)?;
    let options = planned_with(&request, delta, privacy, most)?;
    check_release(&request.sql, datasets, &options, limits).await.map_err(Error::Query)
}

/// Returns an edition: which one it is does not matter for what its statement reads.
fn some_edition(standing: &StandingRelease) -> Result<Edition, Error> {
    let every = standing.schedule.map_or(Every::Day, |schedule| schedule.every);
    let some = || every.last_before(DateTime::from_timestamp(SOME_MOMENT_SECONDS, 0)?);
    let edition = standing.continual.map(|continual| continual.from).or_else(some);
    edition.ok_or(Error::Internal("there is no edition at this time"))
}

/// Tells what the standing releases of the catalog read. Of one that would be refused nothing is known.
pub(crate) async fn standing_lineage(hub: &Hub) -> Vec<StandingKnown> {
    let datasets: Vec<Arc<Dataset>> = hub.catalog().datasets().cloned().collect();
    let run = RunId::new(hub.clock().now());
    let mut known = Vec::new();
    for standing in hub.catalog().releases() {
        let Ok(edition) = some_edition(standing) else { continue };
        let sql = standing.statement(&edition);
        let statement = Statement::parse(&sql, hub.limits()).ok();
        known.push(StandingKnown {
            name: standing.name.clone(),
            partner: standing.partner.clone(),
            statement: statement.map(|statement| statement.redacted(|word| knows(hub, word))),
            edges: trace_release(&sql, &datasets, hub.limits(), run).await.unwrap_or_default(),
        });
    }
    known
}
