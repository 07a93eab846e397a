//! Files of a folder or a bucket, each one delivery. One that cannot be taken in keeps no other waiting: it is tried again later, each
//! time after longer, and then left. Those that failed before come after those that did not.

mod control;

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{FilesSource, OnFault, Source};
use membrane_ingest::{Format, Input, InputSource, Progress, Reading};
use membrane_lake::{Inbox, InboxBytes, InboxFile, LakeOptions};
use membrane_ledger::SourceFile;

use super::super::ingest::{Ingested, Taking, take_in};
use super::super::refused::note_refused;
use super::super::run::job;
use super::fault::{holds_up, wait};
use super::{Asked, Failed, Looked, Taken, Waits};
use crate::config::find_secret;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

use control::Control;

/// Files that are looked at at once.
const FILES_MAX: usize = 100_000;
/// As often a file in one state is tried without anybody asking.
const TRIES_MAX: u64 = 5;
/// How often a source counts as looked at that is only when somebody asks.
const EVERY_SECONDS: u32 = 60;

/// Takes in the files that are not there yet, oldest first.
pub(super) async fn look(
    ctx: &RequestCtx,
    hub: &Hub,
    (source, files): (&Source, &FilesSource),
    asked: Asked,
    progress: &dyn Progress,
) -> Result<Looked, Failure> {
    let inbox = inbox(files).map_err(Failure::without_run)?;
    let taken = files.clone();
    let found = inbox.list(move |path| taken.takes(path), FILES_MAX).await;
    let found = found.map_err(|error| Failure::without_run(Error::Inbox(error)))?;
    let known = hub.ledger().source_files(&source.name).await;
    let known = known.map_err(|error| Failure::without_run(Error::Ledger(error)))?;
    let mut found: Vec<_> = found.into_iter().map(|file| Found::new(hub, source, file, &known)).collect();
    if source.on_fault == OnFault::GoOn {
        // What holds up all of the source when one file is read cannot be the fault of the files behind it.
        found.sort_by_key(|found| found.before.is_some_and(|before| before.fault.is_some()));
    }
    let mut look =
        Look { ctx, hub, source, files, inbox, asked, progress, looked: Looked::default(), latest: None };
    for file in found {
        look.at(file).await?;
        let is_over =
            look.looked.held_up || (source.on_fault == OnFault::Stop && !look.looked.failed.is_empty());
        if is_over {
            break;
        }
    }
    Ok(Looked { fault_before: look.latest.map(|(_, fault)| fault), ..look.looked })
}

/// A file that lies there, and what is known of it.
struct Found<'a> {
    file: InboxFile,
    /// The keyed hash of its name.
    name: String,
    /// That of its name and state.
    state: String,
    before: Option<&'a SourceFile>,
}

impl<'a> Found<'a> {
    fn new(hub: &Hub, source: &Source, file: InboxFile, known: &'a HashMap<String, SourceFile>) -> Self {
        let name = digits(hub, source, &[&file.path]);
        let state = digits(hub, source, &[&file.path, &file.state]);
        let before = known.get(&name);
        Self { file, name, state, before }
    }

    /// Returns what is known of it in the state in which it is.
    fn same(&self) -> Option<&'a SourceFile> {
        self.before.filter(|before| before.state == self.state)
    }
}

/// A look at a folder.
struct Look<'a> {
    ctx: &'a RequestCtx,
    hub: &'a Hub,
    source: &'a Source,
    files: &'a FilesSource,
    inbox: Inbox,
    asked: Asked,
    progress: &'a dyn Progress,
    looked: Looked,
    /// When and why the latest of those failed that are not tried now.
    latest: Option<(DateTime<Utc>, String)>,
}

impl Look<'_> {
    /// Does about a file what is to be done.
    async fn at(&mut self, found: Found<'_>) -> Result<(), Failure> {
        let rules = Rules {
            settle: TimeDelta::seconds(i64::from(self.files.settle_seconds)),
            every: TimeDelta::seconds(i64::from(self.source.every_seconds.unwrap_or(EVERY_SECONDS))),
            asked: self.asked,
        };
        match what_to_do(found.file.modified, found.before, found.same().is_some(), rules, self.ctx.now()) {
            Todo::Nothing => {}
            Todo::Wait => self.looked.young += 1,
            Todo::Later => {
                self.looked.behind.later += 1;
                self.keep(found.before);
            }
            Todo::Leave => {
                self.looked.behind.left += 1;
                self.keep(found.before);
            }
            Todo::Take { tries } => return self.take(found, tries).await,
            Todo::Refuse => {
                let failure = Failure::without_run(Error::FileChanged);
                self.fail(found, failure, (TRIES_MAX, Waits::Left), self.ctx.now()).await?;
            }
        }
        Ok(())
    }

    /// Tries to take a file in.
    async fn take(&mut self, found: Found<'_>, tries: u64) -> Result<(), Failure> {
        let stated = control::read(self.source, self.files, (&self.inbox, &found.file)).await;
        let outcome = match stated {
            Ok(Control::Awaited) => return self.wait_for_control(found).await,
            Ok(control) => {
                let (of, file) = ((self.source, self.files), (&self.inbox, &found.file, control));
                take(self.ctx, self.hub, of, file, self.progress).await
            }
            Err(error) => Err(Failure::without_run(error)),
        };
        match outcome {
            Ok(ingested) => {
                let noted = SourceFile {
                    file: found.name,
                    state: found.state,
                    fault: None,
                    tries,
                    run: Some(ingested.run),
                    seen: self.ctx.now(),
                };
                note(self.hub, self.source, &noted).await?;
                self.looked.taken.push(Taken { file: Some(found.file.path), ingested });
                Ok(())
            }
            Err(failure) if holds_up(&failure.error) => {
                self.looked.held_up = true;
                // It was no fault of this file: nothing of its tries is used up.
                self.fail(found, failure, (tries.saturating_sub(1), Waits::Again), self.ctx.now()).await
            }
            Err(failure) => {
                let is_again = tries < TRIES_MAX && self.source.on_fault == OnFault::GoOn;
                let waits = if is_again { Waits::Again } else { Waits::Left };
                self.fail(found, failure, (tries, waits), self.ctx.now()).await
            }
        }
    }

    /// Lets a file wait for what is said of it, and tells once when that has not come in time.
    async fn wait_for_control(&mut self, found: Found<'_>) -> Result<(), Failure> {
        let waits = found.same().and_then(control::since);
        let since = waits.unwrap_or_else(|| self.ctx.now());
        let was_told = found.same().is_some_and(control::was_told);
        let seconds = self.files.control_wait_seconds;
        if self.ctx.now() - since < TimeDelta::seconds(i64::from(seconds)) {
            self.looked.behind.awaited += 1;
            if waits.is_some() {
                return Ok(());
            }
            return note(self.hub, self.source, &control::awaited(found.name, found.state, since)).await;
        }
        if was_told && self.asked == Asked::OnTime {
            self.looked.behind.missing += 1;
            self.keep(found.before);
            return Ok(());
        }
        let failure = Failure::without_run(Error::ControlMissing { seconds });
        self.fail(found, failure, (0, Waits::Control), since).await
    }

    async fn fail(
        &mut self,
        found: Found<'_>,
        failure: Failure,
        (tries, waits): (u64, Waits),
        seen: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let noted = SourceFile {
            file: found.name,
            state: found.state,
            fault: Some(failure.error.code().to_owned()),
            tries,
            run: failure.run,
            seen,
        };
        note(self.hub, self.source, &noted).await?;
        let known_by = (Some(&self.source.name), Some(noted.state));
        let refused = note_refused(self.ctx, self.hub, &self.source.dataset, known_by, &failure).await;
        refused.map_err(Failure::without_run)?;
        self.looked.failed.push(Failed { file: Some(found.file.path), failure, waits });
        Ok(())
    }

    /// Keeps why a file failed that is not tried now, if it is the latest.
    fn keep(&mut self, before: Option<&SourceFile>) {
        let Some(SourceFile { fault: Some(fault), seen, .. }) = before else { return };
        if self.latest.as_ref().is_none_or(|(latest, _)| latest <= seen) {
            self.latest = Some((*seen, fault.clone()));
        }
    }
}

async fn note(hub: &Hub, source: &Source, noted: &SourceFile) -> Result<(), Failure> {
    let done = hub.ledger().note_file(&source.name, noted).await;
    done.map_err(|error| Failure::without_run(Error::Ledger(error)))
}

/// What a look does about a file.
#[derive(Debug, PartialEq, Eq)]
enum Todo {
    /// It is there.
    Nothing,
    /// Somebody may still be writing it.
    Wait,
    /// It failed in this state, and is not due yet for another try.
    Later,
    /// It failed in this state as often as it may, and nobody asked for another try.
    Leave,
    /// It was taken in, and is another one now.
    Refuse,
    /// It is new, or is tried again.
    Take { tries: u64 },
}

/// By what it is known what to do about a file.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// For how long it must have lain untouched.
    settle: TimeDelta,
    /// How often the source is looked at.
    every: TimeDelta,
    asked: Asked,
}

fn what_to_do(
    modified: DateTime<Utc>,
    before: Option<&SourceFile>,
    is_same: bool,
    rules: Rules,
    now: DateTime<Utc>,
) -> Todo {
    let on_time = rules.asked == Asked::OnTime;
    let was_refused = before.is_some_and(|before| before.fault.as_deref() == Some(Error::FileChanged.code()));
    match before {
        Some(before) if before.fault.is_none() && is_same => return Todo::Nothing,
        Some(before) if before.fault.is_none() => return Todo::Refuse,
        // What was taken in before it changed is not forgotten by asking again.
        Some(_) if was_refused && on_time && is_same => return Todo::Leave,
        Some(_) if was_refused => return Todo::Refuse,
        Some(before) if is_same && on_time && before.tries >= TRIES_MAX => return Todo::Leave,
        Some(before) if is_same && on_time && !control::is_awaited(before) => {
            let tries = u32::try_from(before.tries).unwrap_or(u32::MAX);
            if now < before.seen + wait(rules.every, tries) {
                return Todo::Later;
            }
        }
        _ => {}
    }
    if now - modified < rules.settle {
        return Todo::Wait;
    }
    Todo::Take { tries: before.filter(|_| is_same).map_or(0, |before| before.tries).saturating_add(1) }
}

/// Returns the keyed hash of a file's name, or of its name and state.
fn digits(hub: &Hub, source: &Source, parts: &[&str]) -> String {
    let mut texts = vec![b"source file".as_slice(), source.name.as_str().as_bytes()];
    texts.extend(parts.iter().map(|part| part.as_bytes()));
    hub.vault().delivery_hasher().hash(&texts)
}

fn inbox(files: &FilesSource) -> Result<Inbox, Error> {
    let mut storage = files.storage.clone();
    for (setting, secret) in &files.credentials {
        let found = find_secret(secret).map_err(Error::Secret)?;
        storage.insert(setting.clone(), found.expose().to_owned());
    }
    Inbox::open(&files.folder, &LakeOptions { storage, ..LakeOptions::default() }).map_err(Error::Inbox)
}

/// Says how the files are to be read.
fn reading(files: &FilesSource) -> Result<Reading, Error> {
    let encoding = files.encoding.as_deref().map(str::parse).transpose();
    let encoding = encoding
        .map_err(|_| Error::BadRequest("the source's `encoding` is none that this hub reads".to_owned()))?;
    Ok(Reading { encoding, sheet: files.sheet.clone(), columns: files.columns.clone(), ..Reading::default() })
}

async fn take(
    ctx: &RequestCtx,
    hub: &Hub,
    (source, files): (&Source, &FilesSource),
    (inbox, file, control): (&Inbox, &InboxFile, Control),
    progress: &dyn Progress,
) -> Result<Ingested, Failure> {
    let format = match files.format {
        Some(word) => Format::from_word(word),
        None => Format::from_path(Path::new(&file.path)),
    };
    let format = format.ok_or_else(|| Failure::without_run(Error::FileEnding))?;
    let bytes = inbox.read(file).await.map_err(|error| Failure::without_run(Error::Inbox(error)))?;
    let reader = match bytes {
        InboxBytes::File(path) => InputSource::File(path),
        InboxBytes::Stream(stream) => InputSource::Stream(stream),
    };
    let reading = reading(files).map_err(Failure::without_run)?;
    let control = match control {
        Control::Stated(totals) => Some(totals),
        Control::None | Control::Awaited => None,
    };
    let bad_share_max = source.bad_share_max;
    let input = Input { reading, bad_share_max, control, ..Input::new(reader, format, None, ctx.now()) };
    let job = job("source", &source.name, true);
    let taken =
        take_in(ctx, hub, (job, Some(&source.name)), &source.dataset, Taking::Delivery(input), progress);
    taken.await?.ok_or_else(|| Failure::without_run(Error::Internal("a delivery was not looked at")))
}

#[cfg(test)]
mod tests;
