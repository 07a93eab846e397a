//! Revisions of contracts: what rows were brought in by, and whether a contract can go on from there.
//!
//! ```text
//! catalog  -> Dataset::revision -> document `contract` N, signed, part of the leaf of the run that first brings rows in by it
//! table    -> its log has N (`membrane/contract`), in the same commit as the rows
//! ingest, replay, start, publish, catalog diff: the revision that the table's log names, compared with the one that is served
//! ```
//!
//! A revision that was written down and whose rows never came binds nobody: the table's log says which one counts.

use std::collections::BTreeMap;

use membrane_catalog::{Catalog, Comparison, Dataset, Effect, Revision};
use membrane_lake::{Lake, LakeError};
use membrane_ledger::{Document, DocumentKind, Ledger, LedgerError};
use membrane_model::DatasetName;
use membrane_vault::{Signer, VaultError};

/// Why a revision that is kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The table's log could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// It was not signed with this hub's key.
    #[error("revision {number} of a contract was not signed by this hub: {source}")]
    Signature {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: VaultError,
    },
    /// It is not there, or not what the table says that it is.
    #[error(
        "the rows of `{dataset}` are of revision {number} of its contract, and the ledger {what}: a ledger that is older than the \
         data cannot be used with it"
    )]
    Lost {
        /// The dataset.
        dataset: DatasetName,
        /// The number.
        number: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// A revision of a contract, as the ledger keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) number: u64,
    pub(crate) revision: Revision,
}

/// A contract that cannot go on from the rows that are there.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The dataset.
    pub dataset: DatasetName,
    /// What changed since the rows were brought in.
    pub comparison: Comparison,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Comparison { older, newer, .. } = &self.comparison;
        let dataset = &self.dataset;
        write!(
            f,
            "the contract of `{dataset}` is not one that its rows can be of: they were brought in by version {older}, and in {newer}"
        )?;
        let mut breaks = false;
        for change in self.comparison.in_the_way() {
            breaks |= change.effect == Effect::Breaking;
            write!(f, "\n  {change}")?;
        }
        f.write_str(if breaks {
            "\nput back what changed, or bring the data into a dataset of another name"
        } else {
            "\nrows that are there stay as they are: if that is meant, say so by a new MAJOR version of the contract"
        })
    }
}

/// What rows were brought in by.
pub(crate) struct Contracts<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) lake: &'a Lake,
    pub(crate) signer: &'a Signer,
}

impl Contracts<'_> {
    /// Returns the revision that the rows of a dataset are of: none when there are none, or none that say so.
    pub(crate) async fn bound(&self, dataset: &DatasetName) -> Result<Option<Kept>, ContractError> {
        let Some(number) = self.lake.contract(dataset).await? else { return Ok(None) };
        let number = u64::try_from(number).unwrap_or_default();
        let lost = |what| ContractError::Lost { dataset: dataset.clone(), number, what };
        let document = self.ledger.document(DocumentKind::Contract, number).await?;
        let kept = self.read(&document.ok_or_else(|| lost("does not have it"))?)?;
        let kept = kept.filter(|kept| kept.revision.dataset() == dataset.as_str());
        kept.map(Some).ok_or_else(|| lost("has another under this number"))
    }

    /// Returns every revision of a dataset's contract that was written down, in the order of their numbers.
    pub(crate) async fn history(
        &self,
        dataset: &DatasetName,
    ) -> Result<Vec<(Document, Revision)>, ContractError> {
        let documents = self.ledger.documents_about(DocumentKind::Contract, dataset.as_str()).await?;
        let mut found = Vec::with_capacity(documents.len());
        for document in documents {
            if let Some(kept) = self.read(&document)? {
                found.push((document, kept.revision));
            }
        }
        Ok(found)
    }

    /// Returns the last revision that was written down of each contract, whether rows came by it or not.
    pub(crate) async fn last(&self) -> Result<BTreeMap<String, Kept>, ContractError> {
        let mut found = BTreeMap::new();
        for document in self.ledger.last_documents(DocumentKind::Contract).await? {
            if let Some(kept) = self.read(&document)? {
                found.insert(kept.revision.dataset().to_owned(), kept);
            }
        }
        Ok(found)
    }

    /// Returns every revision that was written down, by the dataset that is signed with it.
    async fn written(&self) -> Result<Written, ContractError> {
        let mut written = Written::default();
        for document in self.ledger.documents(DocumentKind::Contract, 0).await? {
            match self.read(&document)? {
                Some(kept) => {
                    written.of.entry(kept.revision.dataset().to_owned()).or_default().push(kept);
                }
                None => written.has_unknown = true,
            }
        }
        Ok(written)
    }

    /// Returns the contracts of a catalog that cannot go on from the rows that are there.
    pub(crate) async fn broken(&self, catalog: &Catalog) -> Result<Vec<Broken>, ContractError> {
        let written = self.written().await?;
        let mut broken = Vec::new();
        for dataset in catalog.datasets() {
            // Most are as they were: only of the others the tables are looked at. Rows may be of any revision that was written down,
            // and not of the last one, for one is written down before its rows come.
            let may_go_on = |kept: &Kept| cannot_go_on(dataset, kept).is_none();
            let of_this = written.of.get(dataset.name.as_str());
            if !written.has_unknown && of_this.is_none_or(|all| all.iter().all(may_go_on)) {
                continue;
            }
            let bound = self.bound(&dataset.name).await?;
            broken.extend(bound.and_then(|bound| cannot_go_on(dataset, &bound)));
        }
        Ok(broken)
    }

    fn read(&self, document: &Document) -> Result<Option<Kept>, ContractError> {
        let number = document.number;
        self.signer
            .verify(
                &Document::signed_text(DocumentKind::Contract, number, &document.body),
                &document.signature,
            )
            .map_err(|source| ContractError::Signature { number, source })?;
        Ok(Revision::parse(&document.body).map(|revision| Kept { number, revision }))
    }
}

/// Revisions that were written down.
#[derive(Default)]
struct Written {
    /// By dataset.
    of: BTreeMap<String, Vec<Kept>>,
    /// Whether there is one that this version of the hub cannot read: any dataset's rows may be of it.
    has_unknown: bool,
}

/// Says why a contract cannot go on from a revision, if it cannot.
pub(crate) fn cannot_go_on(dataset: &Dataset, kept: &Kept) -> Option<Broken> {
    let comparison = dataset.revision().compare(&kept.revision);
    let stops = comparison.in_the_way().next().is_some();
    stops.then(|| Broken { dataset: dataset.name.clone(), comparison })
}
