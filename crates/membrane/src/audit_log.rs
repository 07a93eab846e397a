//! The log, published: the tree of the ledger as tiles, and its signed head (docs/decisions/0047).
//!
//! The ledger makes the tree, run by run. Here its entries are put where others can read them, and its head is signed. What is about to be signed is
//! held against the ledger first, and what was signed before is never contradicted: a ledger and a log that disagree are left as they are, and
//! it is said how.
//!
//! ```text
//! keeper, each second ----+    one commits at a time            one publishes at a time, while more is committed
//! answers that wait ------+--> ledger: entries   -> pending --> bundles, tiles -> checkpoint -> ledger: note of what is published
//! audit publish, verify --+    behind the log's
//! ```

mod carry;
mod error;
mod keeper;
mod repair;
mod settle;
mod shelf;
mod standing;
mod witnesses;

use chrono::{DateTime, Utc};
use membrane_lake::Shelf;
use membrane_ledger::{Ledger, LogHead};
use membrane_log::{
    Edge, Hash, Identity, Log, LogError, LogSigner, Origin, ProofFile, SignedCheckpoint, TreeHead, Trust,
};
use membrane_model::RunId;
use membrane_vault::Vault;
use tokio::sync::Mutex;
use url::Url;

use crate::config::{Answers, AuditSection};
use carry::Carrying;
use settle::Handed;
use standing::Standing;
use witnesses::Witnesses;

pub(crate) use error::AuditLogError;
pub(crate) use keeper::{keep_published, keep_witnessed};
pub(crate) use repair::Repaired;
pub use shelf::OnShelf;
pub(crate) use standing::How;

/// Entries that are committed at once.
const GROUP_ENTRIES_MAX: u64 = 1024;
/// Entries that are committed and not published, before more are committed.
const BACKLOG_ENTRIES_MAX: usize = 512;
/// Times that it is tried while other processes publish the same log.
const TRIES: usize = 8;

/// The log as it is published. Cheap to share, not to clone.
pub struct AuditLog {
    ledger: Ledger,
    shelf: Shelf,
    identity: Identity,
    trust: Trust,
    /// Whether answers wait for it.
    answers: Answers,
    witnesses: Witnesses,
    standing: Standing,
    handed: Handed,
    open: Mutex<Opened>,
    /// Taken before `open` by whoever needs both.
    carrying: Mutex<Carrying>,
}

/// When it is done what need not be done before a head counts as signed: looking whether others went on, the note in the ledger, and tidying up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// At once.
    Now,
    /// By the keeper, within its second: an answer waits for the head alone.
    Later,
}

/// The log as this process left it.
#[derive(Debug, Default)]
struct Opened {
    /// None before it is opened, and after something failed in it.
    log: Option<Log<OnShelf>>,
    /// What this process signed last: a log is not begun anew for whoever takes it and its note in the ledger away.
    signed: Option<LogHead>,
    /// Whether the store has proved that it can keep a log.
    proved: bool,
    /// From which sizes to which ones the published log grew while entries were committed: whoever publishes next tidies up for it.
    carried: Vec<(u64, u64)>,
    /// The commit that failed last, and why, unless one went well since.
    failed: Option<(u64, String)>,
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLog").field("shelf", &self.shelf).finish_non_exhaustive()
    }
}

/// A run of the log, for who is to be shown that it is there.
#[derive(Debug, Clone)]
pub struct Proved {
    /// Its place in the log.
    pub leaf: u64,
    /// What stands there.
    pub entry: Vec<u8>,
    /// The proof, as a file.
    pub proof: Vec<u8>,
    /// The head that it leads to.
    pub head: LogHead,
}

impl AuditLog {
    /// Names the log of a hub. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`AuditLogError::Setting`] when a setting is none that can be used.
    pub(crate) fn new(
        (section, hub): (&AuditSection, &str),
        shelf: Shelf,
        ledger: Ledger,
        vault: &Vault,
    ) -> Result<Self, AuditLogError> {
        let origin =
            if section.origin.is_empty() { format!("membrane/{hub}") } else { section.origin.clone() };
        let origin = Origin::new(&origin)
            .map_err(|error| AuditLogError::Setting { key: "origin", why: error.to_string() })?;
        let signer = |number| LogSigner::from_seed(&origin, &vault.log_key(hub, number));
        let number = section.key.max(1);
        if section.keys_signing > number {
            return Err(AuditLogError::Setting {
                key: "keys_signing",
                why: "there is no key before the first".to_owned(),
            });
        }
        let mut signers = vec![signer(number)];
        if section.keys_signing > 1 && number > 1 {
            signers.push(signer(number - 1));
        }
        // Keys of before sign no more, and what they signed stays signed.
        let retired = (1..number).map(|number| signer(number).verifier().clone()).collect::<Vec<_>>();
        let identity = Identity::new(signers, retired.clone())?;
        let trust = Trust::new(identity.verifiers().cloned().chain(retired).collect())?;
        let witnesses = Witnesses::new(section, &trust)?;
        let (answers, standing) = (section.answers, Standing::default());
        Ok(Self {
            ledger,
            shelf,
            identity,
            trust,
            answers,
            witnesses,
            standing,
            handed: Handed::default(),
            open: Mutex::default(),
            carrying: Mutex::default(),
        })
    }

    /// Returns the keys by which others check the log: those that sign.
    pub fn keys(&self) -> Vec<String> {
        self.identity.verifiers().map(ToString::to_string).collect()
    }

    /// Returns whose signatures count, witnesses among them, as for whoever reads the log.
    pub(crate) const fn trust(&self) -> &Trust {
        self.witnesses.readers()
    }

    /// Tells how it stands, as far as this process knows; nothing is looked at.
    pub(crate) fn how(&self) -> How {
        How { answers_wait: self.answers_wait(), ..self.standing.how() }
    }

    /// Returns where the log lies.
    pub(crate) fn objects(&self) -> OnShelf {
        OnShelf(self.shelf.clone())
    }

    /// Publishes what the ledger has and the log has not; returns the head that is signed then. Other processes may do the same at the same time: one of
    /// them commits, and the others look again.
    ///
    /// # Errors
    /// [`AuditLogError`]; nothing is signed that disagrees with the ledger or with what was signed before.
    pub async fn publish(&self, now: DateTime<Utc>) -> Result<LogHead, AuditLogError> {
        let mut carrying = self.carrying.lock().await;
        let head = self.publish_into(&mut carrying, (now, Rest::Now)).await?;
        self.finish(carrying, &head, now).await?;
        Ok(head)
    }

    /// Says that somebody publishes again and again in this process, and so does what is left to do after answers that waited.
    pub fn keep(&self) {
        self.standing.keep();
    }

    /// Commits what the ledger has and the log has not, and notes how it went. Returns the head that is signed, and not published yet.
    async fn commit_into(
        &self,
        open: &mut Opened,
        when: (DateTime<Utc>, Rest),
    ) -> Result<LogHead, AuditLogError> {
        let attempt = self.standing.begin();
        let committed = self.commit_again(open, when).await;
        open.failed = match &committed {
            Ok(head) => {
                self.standing.committed(head.size);
                None
            }
            Err(error) => Some((attempt, self.standing.failed(error))),
        };
        committed
    }

    /// Commits, again where other processes came in between.
    async fn commit_again(
        &self,
        open: &mut Opened,
        when: (DateTime<Utc>, Rest),
    ) -> Result<LogHead, AuditLogError> {
        let mut last = LogError::Conflict;
        for _ in 0..TRIES {
            match self.commit_once(open, when).await {
                Ok(head) => return Ok(head),
                Err(error) => last = passing(error)?,
            }
        }
        Err(last.into())
    }

    async fn commit_once(
        &self,
        open: &mut Opened,
        (now, rest): (DateTime<Utc>, Rest),
    ) -> Result<LogHead, AuditLogError> {
        // What this process signed last it knows; that another one went on is told by the commit, which fails then.
        let noted = match (&open.log, rest) {
            (Some(_), Rest::Later) => open.signed.clone(),
            _ => self.ledger.last_published().await?.map(|(head, when)| {
                self.standing.holds_clock(when, now);
                head
            }),
        };
        if rest == Rest::Later
            && let Some(head) = self.commit_handed(open).await?
        {
            return Ok(head);
        }
        let wanted = self.ledger.log_head().await?;
        // A note alone is not enough: whoever writes to the ledger could keep everything from being published by it.
        let is_ours = open.log.as_ref().is_some_and(|log| head_of(log.committed()) == wanted);
        if is_ours && noted.as_ref().is_none_or(|noted| noted.size < wanted.size || *noted == wanted) {
            return Ok(wanted);
        }
        if !open.proved {
            self.shelf.require_conditional().await.map_err(AuditLogError::Store)?;
            open.proved = true;
        }
        let published = noted.into_iter().chain(open.signed.clone()).max_by_key(|head| head.size);
        // Taken out first: a log in which something failed is opened anew.
        let log = open.log.take();
        let mut log = self.opened(log, published.as_ref()).await?;
        // Read after the log: it never holds more than the ledger, whoever goes on meanwhile.
        let wanted = self.ledger.log_head().await?;
        self.append(&mut log, &wanted, &mut open.carried).await?;
        let head = head_of(log.committed());
        (open.log, open.signed) = (Some(log), Some(head.clone()));
        Ok(head)
    }

    /// Commits entries that were handed over by who closed their runs, where they follow what this process committed last, after making sure that with them
    /// the log is the ledger's. Returns the head with them; none where there are none of that kind.
    async fn commit_handed(&self, open: &mut Opened) -> Result<Option<LogHead>, AuditLogError> {
        let Opened { log, signed, carried, .. } = open;
        let is_last = |log: &mut Log<OnShelf>| signed.as_ref() == Some(&head_of(log.committed()));
        // Taken out first: a log in which something failed is opened anew.
        let Some(mut ours) = log.take_if(is_last) else { return Ok(None) };
        let Some((entries, wanted)) = self.handed.from(ours.committed().size, BACKLOG_ENTRIES_MAX) else {
            *log = Some(ours);
            return Ok(None);
        };
        let mut edge = ours.edge();
        entries.iter().for_each(|entry| edge.append(Hash::of_entry(entry)));
        if head_of(edge.head()) != wanted {
            return Err(AuditLogError::Disagree { size: wanted.size });
        }
        if ours.backlog() >= BACKLOG_ENTRIES_MAX {
            carried.extend(ours.carry_out().await?);
        }
        ours.commit(entries).await?;
        (*log, *signed) = (Some(ours), Some(wanted.clone()));
        Ok(Some(wanted))
    }

    /// Opens the log, or goes on with the one that is open, and makes sure that it is not an earlier one.
    async fn opened(
        &self,
        log: Option<Log<OnShelf>>,
        published: Option<&LogHead>,
    ) -> Result<Log<OnShelf>, AuditLogError> {
        let log = match (log, published) {
            // Nobody went on, as far as is known. If somebody did, the commit fails, and it is opened anew.
            (Some(log), Some(published)) if head_of(log.committed()) == *published => log,
            (Some(mut log), _) => {
                log.reload().await?;
                log
            }
            (None, None) => {
                let log = Log::open_or_create(self.objects(), self.identity.clone()).await?;
                let size = self.ledger.log_head().await?.size;
                if log.head().size == 0 && size > 0 {
                    tracing::warn!(size, "the published log is begun; the ledger has {size} runs already");
                }
                log
            }
            (None, Some(published)) => match Log::open(self.objects(), self.identity.clone()).await {
                Err(LogError::NoCheckpoint) => return Err(AuditLogError::Gone { size: published.size }),
                opened => opened?,
            },
        };
        let found = log.committed();
        if let Some(published) = published {
            if found.size < published.size {
                self.require_prefix(found, published).await?;
                tracing::warn!(
                    found = found.size,
                    published = published.size,
                    "the published log was set back; what it lacks is published again from the ledger"
                );
            }
            if found.size == published.size && head_of(found) != *published {
                return Err(AuditLogError::Disagree { size: found.size });
            }
        }
        Ok(log)
    }

    /// Makes sure that a log which was set back can be carried on: the ledger has what it holds and what was published since, so that nothing that was
    /// signed is contradicted.
    async fn require_prefix(&self, found: TreeHead, published: &LogHead) -> Result<(), AuditLogError> {
        let told = AuditLogError::SetBack { published: published.size, found: found.size };
        if self.ledger.log_head().await?.size < published.size {
            return Err(told);
        }
        let early = self.grown(Edge::default(), found.size).await?;
        let later = self.grown(Edge::default(), published.size).await?;
        if early == found && head_of(later) == *published { Ok(()) } else { Err(told) }
    }

    /// Commits the entries that are missing, group by group, after making sure that with them the log is the ledger's.
    async fn append(
        &self,
        log: &mut Log<OnShelf>,
        wanted: &LogHead,
        carried: &mut Vec<(u64, u64)>,
    ) -> Result<(), AuditLogError> {
        let first = log.committed().size;
        if first > wanted.size {
            return Err(AuditLogError::LedgerSetBack { log: first, ledger: wanted.size });
        }
        if head_of(self.grown(log.edge(), wanted.size).await?) != *wanted {
            return Err(AuditLogError::Disagree { size: wanted.size });
        }
        while log.committed().size < wanted.size {
            // What is committed with is written whole each time.
            if log.backlog() >= BACKLOG_ENTRIES_MAX {
                carried.extend(log.carry_out().await?);
            }
            let from = log.committed().size;
            let entries = self.ledger.log_entries(from, wanted.size.min(from + GROUP_ENTRIES_MAX)).await?;
            log.commit(entries.into_iter().map(|entry| entry.text).collect()).await?;
        }
        Ok(())
    }

    /// Returns the head of a tree that grew by the leaves of the ledger.
    async fn grown(&self, mut edge: Edge, size: u64) -> Result<TreeHead, AuditLogError> {
        while edge.size() < size {
            for hash in self.ledger.leaf_hashes(edge.size(), size).await? {
                edge.append(hash);
            }
        }
        Ok(edge.head())
    }

    /// Reads the signed head; none where nothing was published.
    ///
    /// # Errors
    /// [`AuditLogError::Log`] when it cannot be read, or is not signed as it should be.
    pub async fn head(&self) -> Result<Option<SignedCheckpoint>, AuditLogError> {
        Ok(shelf::checkpoint(&self.objects(), self.trust()).await?)
    }

    /// Holds what is published against the ledger: the ledger's leaves up to there make the root that was signed.
    ///
    /// # Errors
    /// [`AuditLogError::LedgerSetBack`] or [`AuditLogError::Disagree`].
    pub(crate) async fn agrees(&self, head: TreeHead) -> Result<(), AuditLogError> {
        let ledger = self.ledger.log_head().await?;
        if head.size > ledger.size {
            return Err(AuditLogError::LedgerSetBack { log: head.size, ledger: ledger.size });
        }
        let same = self.grown(Edge::default(), head.size).await? == head;
        if same { Ok(()) } else { Err(AuditLogError::Disagree { size: head.size }) }
    }

    /// Proves that a closed run is in the log; publishes first where it is not there yet. None when the run is open, or there is none.
    ///
    /// # Errors
    /// [`AuditLogError`].
    pub(crate) async fn prove(
        &self,
        run: &RunId,
        now: DateTime<Utc>,
    ) -> Result<Option<Proved>, AuditLogError> {
        let Some(leaf) = self.ledger.leaf_of(run).await? else { return Ok(None) };
        let signed = match self.head().await? {
            Some(signed) if signed.head().size > leaf => signed,
            _ => {
                self.publish(now).await?;
                self.head().await?.ok_or(LogError::NoCheckpoint)?
            }
        };
        // One that witnesses have cosigned proves more, where it has the run already.
        let witnessed = self.trust().witnessed(&self.objects()).await.ok().flatten();
        let signed = witnessed.filter(|witnessed| witnessed.head().size > leaf).unwrap_or(signed);
        let entry = self.ledger.log_entries(leaf, leaf + 1).await?.pop().map(|entry| entry.text);
        let entry = entry.ok_or(AuditLogError::Disagree { size: leaf })?;
        let file = ProofFile::make(&self.objects(), &signed, leaf).await?;
        // What goes out is checked as whoever gets it checks it, but for witnesses, who may not have been asked yet.
        file.verify(&self.trust, &entry)?;
        Ok(Some(Proved { leaf, entry, proof: file.encode(), head: head_of(signed.head()) }))
    }
}

/// Returns the error of a log when another process came in between, so that it is to be looked again.
fn passing(error: AuditLogError) -> Result<LogError, AuditLogError> {
    match error {
        AuditLogError::Log(
            error @ (LogError::Conflict
            | LogError::Stale
            | LogError::Unpublished(_)
            // Another process began it at the same moment; what is another one's says so again.
            | LogError::NotEmpty { .. }),
        ) => Ok(error),
        error => Err(error),
    }
}

/// Writes a head as the ledger does.
pub(crate) fn head_of(head: TreeHead) -> LogHead {
    LogHead { size: head.size, root: hex::encode(head.root.0) }
}

/// Where a log lies that has no place of its own: below the tables.
pub(crate) fn shelf_of(
    section: &AuditSection,
    data: &Url,
    options: &membrane_lake::LakeOptions,
) -> Result<Shelf, AuditLogError> {
    let wrong = |why: &str| AuditLogError::Setting { key: "url", why: why.to_owned() };
    let url = if section.url.is_empty() {
        let mut folder = data.clone();
        folder.set_path(&format!("{}/audit", data.path().trim_end_matches('/')));
        folder
    } else {
        place_of(&section.url).map_err(wrong)?
    };
    Shelf::open(&url, options).map_err(|_| wrong("name a folder, file:///FOLDER or s3://BUCKET/FOLDER"))
}

/// Reads where a log lies: a folder, or a URL.
pub(crate) fn place_of(text: &str) -> Result<Url, &'static str> {
    if text.contains("://") {
        return Url::parse(text).map_err(|_| "it is no URL");
    }
    let folder = std::path::absolute(text).map_err(|_| "it is no folder")?;
    Url::from_directory_path(folder).map_err(|()| "it is no folder")
}

#[cfg(test)]
mod tests;
