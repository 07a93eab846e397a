//! What stands between the configuration and the parts: locations, and the root key.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use membrane_lake::{Lake, LakeError};
use membrane_ledger::{Identity, Ledger, LedgerError};
use membrane_model::RunId;
use membrane_vault::{FileKey, KeyProvider, RootKey, TextKey, Vault, VaultError};
use url::Url;

use crate::audit_log::AuditLogError;
use crate::config::{DataSection, KeysSection, LedgerSection};
use crate::contracts::{Broken, ContractError};
use crate::error::explain;
use crate::hub::absolute;
use crate::published::PublishedError;

/// Why the hub did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog has faults.
    #[error("the catalog cannot be used:\n{0}")]
    Catalog(#[from] membrane_catalog::CatalogError),
    /// The policies have faults.
    #[error("the policies cannot be used:\n{0}")]
    Policies(#[from] membrane_policy::PolicyError),
    /// Nothing was published yet.
    #[error(
        "no policies were published for this hub yet: `membrane policy publish` proves those of the folder and serves \
         them from then on; to try things out without, set [policies] serve = \"folder\""
    )]
    Unpublished,
    /// What was published cannot be served.
    #[error("what was published cannot be served: {0}")]
    Published(#[from] PublishedError),
    /// Rows that are there are not what contracts say.
    #[error("the catalog cannot be served with the rows that are there:\n{}", lines(.0))]
    ContractsBroken(Vec<Broken>),
    /// What is kept of contracts cannot be read.
    #[error("what is kept of contracts cannot be used: {}", explain(.0))]
    Contract(#[source] ContractError),
    /// The ledger cannot be reached.
    #[error("the ledger cannot be opened: {}; see [ledger] url", explain(.0))]
    Ledger(#[from] LedgerError),
    /// The lake cannot be reached.
    #[error("the data cannot be opened: {}; see [data] url and storage", explain(.0))]
    Lake(#[from] LakeError),
    /// The published log cannot be named.
    #[error("the log cannot be published: {0}")]
    AuditLog(#[from] AuditLogError),
    /// The engine cannot be made.
    #[error("the query engine cannot be made: {0}")]
    Engine(#[source] membrane_query::QueryError),
    /// The root key cannot be read.
    #[error("the root key cannot be read: {}; see [keys] file", explain(.0))]
    Key(#[from] VaultError),
    /// There is a ledger, but not the key that belongs to it.
    #[error(
        "the root key `{}` is gone but the ledger `{}` is there: restore the key from its backup, \
         a new one could not open what the old one sealed",
        key.display(), ledger.display()
    )]
    KeyLost {
        /// Where the key should be.
        key: PathBuf,
        /// The ledger that needs it.
        ledger: PathBuf,
    },
    /// A ledger that machines share, and no key on this one.
    #[error(
        "there is no root key at `{}`: copy it from the machine that has it, or run `membrane keys init` once for a new hub",
        key.display()
    )]
    KeyAbsent {
        /// Where the key should be.
        key: PathBuf,
    },
    /// Data without the ledger that belongs to it.
    #[error(
        "the data at `{data}` belongs to a hub whose ledger is not at `{}`: say where it is with --ledger or [ledger] \
         url, or name another place for the data of a new hub",
        ledger.display()
    )]
    LedgerLost {
        /// Where the data is.
        data: String,
        /// Where a ledger should be.
        ledger: PathBuf,
    },
    /// The ledger was made with another root key.
    #[error(
        "the root key is not the one that this ledger was made with: take the hub's own key ([keys] file or root); \
         with this one nothing that was sealed would open"
    )]
    KeyForeign,
    /// The data is another hub's.
    #[error("the data at `{data}` belongs to another hub than the ledger: check --data and --ledger")]
    DataForeign {
        /// Where the data is.
        data: String,
    },
    /// A folder cannot be made or named.
    #[error("cannot use `{}`: {}", path.display(), source.kind())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A URL that is none.
    #[error("`{key}` is not a URL that this hub can use")]
    Url {
        /// The key of the configuration.
        key: &'static str,
    },
}

fn lines(broken: &[Broken]) -> String {
    broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Returns where the tables are, as a URL; a local folder is made.
pub(crate) fn data_url(section: &DataSection) -> Result<Url, OpenError> {
    const KEY: &str = "data.url";
    let fault = || OpenError::Url { key: KEY };
    let url = if section.url.contains("://") {
        Url::parse(&section.url).map_err(|_| fault())?
    } else {
        Url::from_directory_path(absolute(&section.url)?).map_err(|()| fault())?
    };
    if url.scheme() == "file" {
        let folder = url.to_file_path().map_err(|()| fault())?;
        std::fs::create_dir_all(&folder).map_err(|source| OpenError::Folder { path: folder, source })?;
    }
    Ok(url)
}

/// Returns where the ledger is, as a URL, and its file when it is one.
pub(crate) fn ledger_url(section: &LedgerSection) -> Result<(String, Option<PathBuf>), OpenError> {
    let path = match section.url.split_once("://") {
        Some(("sqlite", path)) => path,
        Some(_) => return Ok((section.url.clone(), None)),
        None => &section.url,
    };
    let (path, options) = path.split_once('?').map_or((path, None), |(path, options)| (path, Some(options)));
    let file = absolute(path)?;
    let mut url = format!("sqlite://{}", file.display());
    if let Some(options) = options {
        url = format!("{url}?{options}");
    }
    Ok((url, Some(file)))
}

/// Refuses data whose ledger is not where it should be, before a new key or a new ledger is made.
pub(crate) async fn require_ledger(lake: &Lake, data: &Url, ledger: Option<&Path>) -> Result<(), OpenError> {
    match ledger {
        Some(ledger) if !ledger.exists() && lake.hub().await?.is_some() => {
            Err(OpenError::LedgerLost { data: shown(data), ledger: ledger.to_path_buf() })
        }
        _ => Ok(()),
    }
}

/// Makes sure that key, ledger and data belong together, and returns the id of the hub. The first time they are tied to each
/// other.
pub(crate) async fn require_one_hub(
    vault: &Vault,
    ledger: &Ledger,
    lake: &Lake,
    data: &Url,
    now: DateTime<Utc>,
) -> Result<String, OpenError> {
    let first = Identity { hub: RunId::new(now).to_string(), key_check: vault.key_check() };
    let identity = ledger.identify(&first).await?;
    if identity.key_check != first.key_check {
        return Err(OpenError::KeyForeign);
    }
    if lake.claim(&identity.hub).await? != identity.hub {
        return Err(OpenError::DataForeign { data: shown(data) });
    }
    Ok(identity.hub)
}

// PRIVACY: a URL may carry credentials before the host.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Reads the root key, or makes one for a hub that has no ledger yet.
pub(crate) fn open_root_key(section: &KeysSection, ledger: Option<&Path>) -> Result<RootKey, OpenError> {
    if let Some(text) = &section.root {
        return Ok(TextKey::new(text.expose().to_owned()).root_key()?);
    }
    let path = absolute(&section.file)?;
    if path.exists() {
        return Ok(FileKey::new(path).root_key()?);
    }
    // INVARIANT: a key is only ever made for a hub that has sealed nothing.
    match ledger {
        None => return Err(OpenError::KeyAbsent { key: path }),
        Some(ledger) if ledger.exists() => {
            return Err(OpenError::KeyLost { key: path, ledger: ledger.to_path_buf() });
        }
        Some(_) => {}
    }
    Ok(FileKey::create(path)?.root_key()?)
}

#[cfg(test)]
mod tests;
