//! Files of a folder or a bucket, each one delivery.

use std::collections::HashMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::{FilesSource, OnFault, Source};
use membrane_ingest::{ControlTotals, Format, Input, InputSource, Progress, Reading};
use membrane_lake::{Inbox, InboxBytes, InboxFile, LakeOptions};
use membrane_ledger::SourceFile;

use super::super::ingest::{Ingested, Taking, take_in};
use super::super::run::job;
use super::{Asked, Failed, Looked, Taken};
use crate::config::find_secret;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Files that are looked at at once.
const FILES_MAX: usize = 100_000;
/// As often a file in one state is tried without anybody asking.
const TRIES_MAX: u64 = 5;
/// Bytes of the control totals of one file.
const CONTROL_BYTES_MAX: usize = 64 << 10;

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
    let mut looked = Looked::default();
    for file in found {
        let name = digits(hub, source, &[&file.path]);
        let state = digits(hub, source, &[&file.path, &file.state]);
        match what_to_do(&file, (&name, &state), &known, (files, asked), ctx.now()) {
            Todo::Nothing => continue,
            Todo::Wait => looked.young += 1,
            Todo::Leave => looked.left += 1,
            Todo::Take { tries } => {
                let control = control(source, files, (&inbox, &file)).await;
                let outcome = match control {
                    // What it has to have is not said yet.
                    Ok(Control::Awaited) => {
                        looked.young += 1;
                        continue;
                    }
                    Ok(control) => take(ctx, hub, (source, files), (&inbox, &file, control), progress).await,
                    Err(error) => Err(Failure::without_run(error)),
                };
                let noted = SourceFile {
                    file: name,
                    state,
                    fault: outcome.as_ref().err().map(|failure| failure.error.code().to_owned()),
                    tries,
                    run: outcome.as_ref().map_or_else(|failure| failure.run, |ingested| Some(ingested.run)),
                    seen: ctx.now(),
                };
                note(hub, source, &noted).await?;
                add(&mut looked, file.path, outcome);
            }
            Todo::Refuse => {
                let noted = SourceFile {
                    file: name,
                    state,
                    fault: Some(Error::FileChanged.code().to_owned()),
                    tries: TRIES_MAX,
                    run: None,
                    seen: ctx.now(),
                };
                note(hub, source, &noted).await?;
                add(&mut looked, file.path, Err(Failure::without_run(Error::FileChanged)));
            }
        }
        if !looked.failed.is_empty() && source.on_fault == OnFault::Stop {
            break;
        }
    }
    Ok(looked)
}

fn add(looked: &mut Looked, path: String, outcome: Result<Ingested, Failure>) {
    let file = Some(path);
    match outcome {
        Ok(ingested) => looked.taken.push(Taken { file, ingested }),
        Err(failure) => looked.failed.push(Failed { file, failure }),
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
    /// It failed in this state, and nobody asked for another try.
    Leave,
    /// It was taken in, and is another one now.
    Refuse,
    /// It is new, or is tried again.
    Take { tries: u64 },
}

fn what_to_do(
    file: &InboxFile,
    (name, state): (&str, &str),
    known: &HashMap<String, SourceFile>,
    (files, asked): (&FilesSource, Asked),
    now: DateTime<Utc>,
) -> Todo {
    let before = known.get(name);
    let is_same = before.is_some_and(|before| before.state == state);
    let was_refused = before.is_some_and(|before| before.fault.as_deref() == Some(Error::FileChanged.code()));
    match before {
        Some(before) if before.fault.is_none() && is_same => return Todo::Nothing,
        Some(before) if before.fault.is_none() => return Todo::Refuse,
        // What was taken in before it changed is not forgotten by asking again.
        Some(_) if was_refused && asked == Asked::OnTime && is_same => return Todo::Leave,
        Some(_) if was_refused => return Todo::Refuse,
        Some(before) if is_same && asked == Asked::OnTime && before.tries >= TRIES_MAX => return Todo::Leave,
        _ => {}
    }
    if now - file.modified < TimeDelta::seconds(i64::from(files.settle_seconds)) {
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

/// What is said of a file by the one beside it.
enum Control {
    /// Nothing ever is.
    None,
    /// It is not there yet.
    Awaited,
    /// This.
    Stated(ControlTotals),
}

async fn control(
    source: &Source,
    files: &FilesSource,
    (inbox, file): (&Inbox, &InboxFile),
) -> Result<Control, Error> {
    let Some(suffix) = &files.control_suffix else { return Ok(Control::None) };
    let path = format!("{}{suffix}", file.path);
    let found = inbox.read_small(&path, CONTROL_BYTES_MAX).await.map_err(Error::Inbox)?;
    let Some(text) = found else { return Ok(Control::Awaited) };
    ControlTotals::parse(&text, source.on_difference).map(Control::Stated).map_err(Error::Ingest)
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
