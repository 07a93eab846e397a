//! SANDBOX: synthetic rows of a dataset, for a partner to try statements on.
//!
//! A sandbox is made once, of some small releases: of members, of the rows of a member, of the values of each column. They
//! are releases of the partner like any other, each under a name of its own that hangs on the dataset and the month, so that
//! what was paid is paid once. Whatever is asked of it afterwards reads these stored answers and no row about a member; so it
//! costs nothing, and can be asked as often as one likes.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Months, Utc};
use membrane_catalog::Dataset;
use membrane_ledger::StoredRelease;
use membrane_model::{ColumnName, DatasetName, Price, ReleaseName};
use membrane_policy::Permit;
use membrane_query::{EditionKey, ReleaseAnswer, SandboxPart, Synthetic, sandbox_parts};
use sha2::{Digest as _, Sha256};

use super::list_datasets::{list_datasets, released_columns};
use super::release::{ReleaseRequest, release};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// What one statement may take: synthetic rows are few.
const SECONDS_MAX: u64 = 60;
/// A sandbox is good for so many months.
const MONTHS: u32 = 12;
/// What the releases that a sandbox is made of may cost together, in rho, when nothing else is said.
pub const SANDBOX_RHO: f64 = 0.01;

/// What became of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxMade {
    /// The month in whose name it is.
    pub edition: String,
    /// What was charged just now.
    pub charged: Price,
    /// How many of its parts are there.
    pub parts: usize,
    /// What could not be asked, and why: the code of each refusal.
    pub left_out: Vec<(String, &'static str)>,
}

/// Makes the sandbox of a dataset for the partner who asks, or finds it made; `rho` is what all of it may cost.
///
/// # Errors
/// [`Failure`] when there is no such dataset with members, when the partner may not ask how many there are, or a budget does not
/// allow it.
pub async fn make_sandbox(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &DatasetName,
    rho: f64,
) -> Result<SandboxMade, Failure> {
    // PRIVACY: a dataset that is hidden and one that there is not are the same; columns that are hidden are in no part.
    let (run, listed) = list_datasets(ctx, hub, None).await?;
    let listing = listed.into_iter().find(|listing| listing.dataset.name == *dataset);
    let parts = listing.and_then(|listing| Some(sandbox_parts(&listing.dataset, &listing.released?)));
    let parts = parts.unwrap_or_default();
    if parts.is_empty() {
        return Err(Failure { error: Error::NoSandbox { dataset: dataset.clone() }, run: Some(run) });
    }
    let edition = month(ctx.now());
    // A billionth less, as prices are rounded up.
    let each = rho / f64::from(u32::try_from(parts.len()).unwrap_or(u32::MAX)) - 1e-9;
    let mut made =
        SandboxMade { edition: edition.clone(), charged: Price::default(), parts: 0, left_out: Vec::new() };
    for part in parts {
        let request = ReleaseRequest {
            sql: part.sql.clone(),
            rho: Some(each),
            rows_max: part.rows_max,
            bounds: part.bounds.clone().into_iter().collect(),
            edition: Some(key(dataset, &edition, &part).map_err(Failure::without_run)?),
            ..ReleaseRequest::default()
        };
        match Box::pin(release(ctx, hub, request)).await {
            Ok(released) => {
                made.parts += 1;
                let charged = made.charged.checked_add(released.charged);
                made.charged = charged.map_err(|error| Failure::without_run(Error::from(error)))?;
            }
            // Without the first there is none: whoever may not ask for members gets no sandbox. What budgets refuse ends it.
            Err(failure) if made.parts == 0 || is_final(&failure.error) => return Err(failure),
            Err(failure) => made.left_out.push((part.sql, failure.error.code())),
        }
    }
    Ok(made)
}

/// Tells whether nothing more can be made after a failure: where it is not about what one part asks.
fn is_final(error: &Error) -> bool {
    !matches!(
        error.code(),
        "not_bounded" | "unknown_column" | "nothing_shown" | "release_parameters" | "too_complex"
    )
}

/// Finds the sandboxes of datasets.
pub(super) async fn find(
    ctx: &RequestCtx,
    hub: &Hub,
    permit: &Permit,
    datasets: impl Iterator<Item = &DatasetName>,
) -> Result<Synthetic, Error> {
    let mut synthetic = Synthetic::default();
    for name in datasets {
        let none = || Error::NoSandbox { dataset: name.clone() };
        let visible = permit.dataset(name).ok_or_else(none)?;
        let (dataset, columns) = (visible.dataset(), released_columns(visible));
        let found = last_made(ctx, hub, dataset, &columns).await?.ok_or_else(none)?;
        synthetic.add(dataset, &columns, &found);
    }
    Ok(synthetic)
}

/// Returns until when a statement may be tried.
pub(super) fn deadline(ctx: &RequestCtx) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(ctx.limits.seconds_max.min(SECONDS_MAX))
}

/// Answers, with what was asked for them.
type Answered = Vec<(SandboxPart, ReleaseAnswer)>;

/// Finds the answers of the last sandbox that was made of a dataset: of the last that is whole, or else of that with most parts.
async fn last_made(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &Dataset,
    columns: &BTreeSet<ColumnName>,
) -> Result<Option<Answered>, Error> {
    let parts = sandbox_parts(dataset, columns);
    let mut best: Option<Answered> = None;
    for back in 0..MONTHS {
        let Some(moment) = ctx.now().checked_sub_months(Months::new(back)) else { break };
        let found = made_in(ctx, hub, dataset, &parts, &month(moment)).await?;
        if !found.is_empty() && best.as_ref().is_none_or(|best| found.len() > best.len()) {
            best = Some(found);
        }
        if best.as_ref().is_some_and(|best| best.len() == parts.len()) {
            break;
        }
    }
    Ok(best)
}

/// Finds the answers of the sandbox of a month.
async fn made_in(
    ctx: &RequestCtx,
    hub: &Hub,
    dataset: &Dataset,
    parts: &[SandboxPart],
    edition: &str,
) -> Result<Answered, Error> {
    let mut found = Vec::new();
    for part in parts {
        let name = key(&dataset.name, edition, part)?;
        let name = hub.engine().edition_name(&ctx.principal, &name);
        match hub.ledger().find_release(&name).await.map_err(Error::Ledger)? {
            Some(StoredRelease { answer, .. }) => {
                found.push((part.clone(), ReleaseAnswer::from_bytes(&answer).map_err(Error::Query)?));
            }
            // The first tells how many members there are.
            None if found.is_empty() => break,
            None => {}
        }
    }
    Ok(found)
}

fn month(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m").to_string()
}

/// Returns the name under which a part is stored.
fn key(dataset: &DatasetName, edition: &str, part: &SandboxPart) -> Result<EditionKey, Error> {
    let release: ReleaseName = "sandbox".parse().map_err(Error::Name)?;
    let definition =
        hex::encode(Sha256::digest(format!("{dataset} {:?} {:?} {}", part.rows_max, part.bounds, part.sql)));
    Ok(EditionKey { release, edition: edition.to_owned(), definition })
}
