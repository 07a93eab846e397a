//! What was published: reads it from the ledger, and makes sure that it is what was signed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use membrane_catalog::{Catalog, CatalogError};
use membrane_ledger::{Document, DocumentKind, Ledger, LedgerError};
use membrane_policy::publication::{Bundle, BundledFile, Record};
use membrane_policy::{Policies, PolicyError};
use membrane_vault::{Signer, VaultError};

use crate::deep::on_deep_stack;

/// Why what was published cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It was not signed with this hub's key.
    #[error("publication {number} was not signed by this hub: {source}")]
    Signature {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: VaultError,
    },
    /// Its record cannot be read, or does not follow the one before.
    #[error("the record of publication {number} {what}")]
    Record {
        /// Its number.
        number: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The thread that reads it could not be started.
    #[error("publication {number} cannot be read now: no thread for it could be started")]
    Thread {
        /// Its number.
        number: u64,
    },
    /// The ledger has fewer publications than there were.
    #[error(
        "publication {served} is served and the ledger ends with {last}: somebody took publications away"
    )]
    Gone {
        /// The number of what is served.
        served: u64,
        /// The number of the last in the ledger.
        last: u64,
    },
    /// Its files could not be laid out.
    #[error("publication {number} cannot be laid out in `{}`: {}", dir.display(), source.kind())]
    Scratch {
        /// Its number.
        number: u64,
        /// Where.
        dir: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its catalog is not one to this version of the program.
    #[error("the catalog of publication {number} cannot be used:\n{source}")]
    Catalog {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: CatalogError,
    },
    /// Its policies are none to this version of the program.
    #[error("the policies of publication {number} cannot be used:\n{source}")]
    Policies {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: PolicyError,
    },
}

/// A version that was published, ready to be served.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) number: u64,
    pub(crate) catalog: Catalog,
    pub(crate) policies: Policies,
}

/// A record that was signed by this hub, and its hash.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) record: Record,
    pub(crate) sha256: String,
}

/// Reads a document as the record of a publication, if this hub signed it.
pub(crate) fn signed(document: &Document, signer: &Signer) -> Result<Signed, PublishedError> {
    let number = document.number;
    signer
        .verify(
            &Document::signed_text(DocumentKind::Publication, number, &document.body),
            &document.signature,
        )
        .map_err(|source| PublishedError::Signature { number, source })?;
    let record = Record::parse(&document.body)
        .ok_or(PublishedError::Record { number, what: "is not of a form that this version knows" })?;
    if record.number != number {
        return Err(PublishedError::Record { number, what: "is that of another number" });
    }
    Ok(Signed { record, sha256: Document::hash(&document.body) })
}

/// Reads what was published last; nothing when nothing ever was.
pub(crate) async fn latest(
    ledger: &Ledger,
    signer: &Signer,
    scratch: &Path,
) -> Result<Option<Published>, PublishedError> {
    let number = ledger.last_document(DocumentKind::Publication).await?;
    if number == 0 {
        return Ok(None);
    }
    if ledger.count_documents(DocumentKind::Publication).await? != number {
        return Err(PublishedError::Record { number, what: "does not follow one without a gap" });
    }
    publication(ledger, signer, scratch, number).await.map(Some)
}

/// Reads the files of a publication.
pub(crate) async fn bundle(ledger: &Ledger, record: &Record) -> Result<Bundle, LedgerError> {
    let mut files = Vec::with_capacity(record.files.len());
    for file in &record.files {
        let text = ledger.document_file(&file.sha256).await?;
        files.push(BundledFile { path: file.path.clone(), text });
    }
    Ok(Bundle::from_files(files))
}

/// Reads a publication, if this hub signed it and its files are what was signed.
pub(crate) async fn publication(
    ledger: &Ledger,
    signer: &Signer,
    scratch: &Path,
    number: u64,
) -> Result<Published, PublishedError> {
    let document = ledger.document(DocumentKind::Publication, number).await?;
    let document = document.ok_or(PublishedError::Record { number, what: "is gone" })?;
    let record = signed(&document, signer)?.record;
    let bundle = bundle(ledger, &record).await?;
    // Hundreds of policies take a while to be checked: not on a thread that answers requests.
    let scratch = scratch.to_owned();
    let loaded = on_deep_stack("published", move || load(&bundle, &scratch, number)).await;
    let (catalog, policies) = loaded.ok_or(PublishedError::Thread { number })??;
    if policies.version() != record.version {
        return Err(PublishedError::Record { number, what: "names another version than its files make" });
    }
    Ok(Published { number, catalog, policies })
}

/// Reads the catalog and the policies of a bundle.
pub(crate) fn load(
    bundle: &Bundle,
    scratch: &Path,
    number: u64,
) -> Result<(Catalog, Policies), PublishedError> {
    let folder =
        Folder::new(scratch).map_err(|(dir, source)| PublishedError::Scratch { number, dir, source })?;
    let (catalog, policies) = bundle.write(&folder.0).map_err(|source| PublishedError::Scratch {
        number,
        dir: folder.0.clone(),
        source,
    })?;
    let catalog =
        Catalog::load_to_serve(&catalog).map_err(|source| PublishedError::Catalog { number, source })?;
    let policies =
        Policies::load(&policies, &catalog).map_err(|source| PublishedError::Policies { number, source })?;
    Ok((catalog, policies))
}

/// A folder of its own in the scratch space, which goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new(scratch: &Path) -> Result<Self, (PathBuf, std::io::Error)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = scratch.join(format!("published-{}-{next}", std::process::id()));
        // What a process of the same number left behind must not be read with it.
        match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err((dir, error)),
            _ => Ok(Self(dir)),
        }
    }
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let removed = std::fs::remove_dir_all(&self.0);
        if let Err(error) = removed.or_else(absent) {
            tracing::warn!("`{}` could not be removed: {}", self.0.display(), error.kind());
        }
    }
}
