//! Publishes policies: reviews those of the folders, proves them, and signs what will be served from then on.

use std::path::PathBuf;

use membrane_catalog::Catalog;
use membrane_ledger::{Document, DocumentKind};
use membrane_model::{Action, RunId};
use membrane_policy::publication::{Bundle, Meant, Record, RecordHead, Review};
use membrane_policy::{Policies, PolicyError};

use super::check::check_statements;
use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::deep::on_deep_stack;
use crate::error::{Error, Failure};
use crate::hub::Hub;
use crate::published::{self, PublishedError, Signed};

/// What is to be published, and what it is proved with.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The folder of the catalog.
    pub catalog: PathBuf,
    /// The folder of the policies.
    pub policies: PathBuf,
    /// The program `cvc5`.
    pub solver: String,
    /// What is taken away from what was published before, on purpose.
    pub meant: Meant,
}

/// What came of it.
#[derive(Debug)]
pub struct Publication {
    /// The run.
    pub run: RunId,
    /// The record, as it was signed.
    pub record: Record,
    /// Whether it is new: otherwise this very version is served already.
    pub new: bool,
}

/// Publishes policies: only if nothing speaks against them. Whoever does it needs `administer`, by the policies that are
/// served now; the first time, by those that are to be.
///
/// # Errors
/// [`Failure`] when it is refused, or something speaks against the policies: all of it is told. What is served stays.
pub async fn publish(ctx: &RequestCtx, hub: &Hub, request: &PublishRequest) -> Result<Publication, Failure> {
    let head = RunHead {
        action: Action::Administer,
        purpose: None,
        job: "publish policies".to_owned(),
        statement: None,
    };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let published = publish_in(&mut run, ctx, hub, request).await;
    let (id, (record, new)) = finish(run, published).await?;
    Ok(Publication { run: id, record, new })
}

async fn publish_in(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    request: &PublishRequest,
) -> Result<(Record, bool), Error> {
    run.permit(hub, Vec::new()).await?;
    let (bundle, catalog, policies) = candidate(hub, request)?;
    let before = last(hub).await?;
    // Decided by what is published: if that changed meanwhile, this may not be permitted any more.
    if before.as_ref().map(|before| before.record.number) != hub.publication() {
        return Err(Error::InTheWay);
    }
    let unchanged = |before: &Signed| Record::new_files(&bundle) == before.record.files;
    if let Some(before) = before.as_ref().filter(|before| unchanged(before)) {
        return Ok((before.record.clone(), false));
    }
    let of_releases = of_statements(ctx, hub, request, (&catalog, &policies)).await;
    let broken = hub.contracts().broken(&catalog).await.map_err(Error::Contract)?;
    let (policies, review) = review(policies, catalog, ctx, request.solver.clone()).await?;
    let mut objections = review.objections.clone();
    objections.extend(of_releases);
    objections.extend(broken.iter().map(ToString::to_string));
    if let Some(before) = &before {
        objections.extend(before.record.taken_away(&bundle, review.cases.len(), &request.meant));
    }
    if !objections.is_empty() {
        return Err(Error::Unfit(objections));
    }
    let head = RecordHead {
        number: before.as_ref().map_or(0, |before| before.record.number).saturating_add(1),
        previous: before.map(|before| before.sha256),
        published: ctx.now(),
        principal: ctx.principal.clone(),
    };
    let record = Record::new(&policies, &review, &bundle, head);
    let record = record.ok_or(Error::Internal("policies that are not fit came past the review"))?;
    let body = record.text().ok_or(Error::Internal("the record cannot be written"))?;
    let files = bundle.files().iter().map(|file| file.text.clone()).collect();
    run.add_document(hub, (DocumentKind::Publication, record.number), body, files).await?;
    Ok((record, true))
}

/// Says what is wrong with standing releases and tags: with their statements, with the names of partners, and with how sensitive a tag is said
/// to be.
async fn of_statements(
    ctx: &RequestCtx,
    hub: &Hub,
    request: &PublishRequest,
    (catalog, policies): (&Catalog, &Policies),
) -> Vec<String> {
    let faults = check_statements(catalog, &request.catalog, hub.privacy(), &ctx.limits).await;
    let unknown = catalog.releases().filter(|standing| !policies.knows(&standing.partner));
    let unknown = unknown.map(|standing| {
        format!(
            "standing release `{}`: its partner `{}` is not in principals.json",
            standing.name, standing.partner
        )
    });
    faults.iter().map(ToString::to_string).chain(unknown).collect()
}

/// Reviews policies on a stack that is deep enough.
async fn review(
    policies: Policies,
    catalog: Catalog,
    ctx: &RequestCtx,
    solver: String,
) -> Result<(Policies, Review), Error> {
    let (now, lookups) = (ctx.now(), ctx.limits.lookups_per_hour);
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let review = runtime.block_on(policies.review(&catalog, now, lookups, &solver));
        Some((policies, review))
    };
    let reviewed = on_deep_stack("prover", work).await.flatten();
    let (policies, review) = reviewed.ok_or(Error::Internal("the prover's thread cannot work"))?;
    Ok((policies, review.map_err(Error::Prove)?))
}

/// Reads what lies in the folders, as it was at one moment. What is wrong is told with the places that people know.
fn candidate(hub: &Hub, request: &PublishRequest) -> Result<(Bundle, Catalog, Policies), Error> {
    let unfit = |error: PolicyError| Error::Unfit(lines(&error));
    // Of a catalog that is not there the catalog's own words are told.
    let read = Bundle::read(&request.catalog, &request.policies);
    let bundle = read.map_err(|error| match Catalog::load(&request.catalog) {
        Err(error) => Error::Unfit(lines(&error)),
        Ok(_) => unfit(error),
    })?;
    let catalog = Catalog::load(&request.catalog).map_err(|error| Error::Unfit(lines(&error)))?;
    let policies = Policies::load(&request.policies, &catalog).map_err(unfit)?;
    // What is reviewed is what is signed and served: the same files before and after.
    let after = Bundle::read(&request.catalog, &request.policies).map_err(unfit)?;
    let (_, kept) = published::load(&bundle, hub.scratch(), 0).map_err(Error::Published)?;
    if after != bundle || kept.version() != policies.version() {
        return Err(Error::Unfit(vec!["the files changed while they were read: try again".to_owned()]));
    }
    Ok((bundle, catalog, policies))
}

fn lines(error: &dyn std::error::Error) -> Vec<String> {
    error.to_string().lines().map(str::to_owned).collect()
}

/// Returns what was published last.
async fn last(hub: &Hub) -> Result<Option<Signed>, Error> {
    let number = hub.ledger().last_document(DocumentKind::Publication).await.map_err(Error::Ledger)?;
    let document = hub.ledger().document(DocumentKind::Publication, number).await.map_err(Error::Ledger)?;
    let signed = document.map(|document| published::signed(&document, hub.signer()));
    signed.transpose().map_err(Error::Published)
}

/// Everything that was ever published.
#[derive(Debug)]
pub struct History {
    /// The run that asked.
    pub run: RunId,
    /// The key by which all of it was signed, as hexadecimal text.
    pub public_key: String,
    /// One for each publication, in the order of their numbers.
    pub lines: Vec<HistoryLine>,
}

/// One publication.
#[derive(Debug)]
pub struct HistoryLine {
    /// The run that published it.
    pub run: RunId,
    /// The record.
    pub record: Record,
    /// The text that was signed.
    pub signed: String,
    /// Its signature, as hexadecimal text.
    pub signature: String,
    /// Its files, where they were asked for.
    pub files: Option<Bundle>,
}

/// Lists what was published, after checking each signature and that each record follows the one before. `files_of` is the
/// number of a publication whose files are wanted.
///
/// # Errors
/// [`Failure`] when it is refused, or something is not as it was signed.
pub async fn history(ctx: &RequestCtx, hub: &Hub, files_of: Option<u64>) -> Result<History, Failure> {
    let head =
        RunHead { action: Action::Audit, purpose: None, job: "policy history".to_owned(), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let found = match run.permit(hub, Vec::new()).await {
        Ok(_) => read_history(hub, files_of).await,
        Err(error) => Err(error),
    };
    let (id, lines) = finish(run, found).await?;
    Ok(History { run: id, public_key: hub.signer().public_key(), lines })
}

pub(super) async fn read_history(hub: &Hub, files_of: Option<u64>) -> Result<Vec<HistoryLine>, Error> {
    let documents = hub.ledger().documents(DocumentKind::Publication, 0).await.map_err(Error::Ledger)?;
    let mut before: Option<Signed> = None;
    let mut lines = Vec::with_capacity(documents.len());
    for document in documents {
        let signed = published::signed(&document, hub.signer()).map_err(Error::Published)?;
        let number = document.number;
        let follows = before.as_ref().map_or(1, |before| before.record.number.saturating_add(1)) == number
            && signed.record.previous.as_ref() == before.as_ref().map(|before| &before.sha256);
        if !follows {
            let what = "does not follow the one before";
            return Err(Error::Published(PublishedError::Record { number, what }));
        }
        let signed_text = Document::signed_text(document.kind, number, &document.body);
        let Document { run, signature, .. } = document;
        let files = match files_of {
            Some(wanted) if wanted == number => {
                Some(published::bundle(hub.ledger(), &signed.record).await.map_err(Error::Ledger)?)
            }
            _ => None,
        };
        lines.push(HistoryLine { run, record: signed.record.clone(), signed: signed_text, signature, files });
        before = Some(signed);
    }
    Ok(lines)
}
