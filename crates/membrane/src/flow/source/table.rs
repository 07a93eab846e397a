//! A table of a database: a snapshot in place of the one before, or the rows after the last ones.

use membrane_catalog::{Source, TableSource, Takes};
use membrane_ingest::{DatabaseUrl, Piece, Progress, read_table};
use membrane_ledger::SourceFile;

use super::super::ingest::{Taking, take_in};
use super::super::refused::note_refused;
use super::super::run::job;
use super::{Failed, Looked, Taken, Waits};
use crate::config::find_secret;
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// The name under which the ledger has the last position: it saves a run where nothing is new.
const POSITION: &str = "position";

/// Takes in what is new.
pub(super) async fn look(
    ctx: &RequestCtx,
    hub: &Hub,
    (source, table): (&Source, &TableSource),
    progress: &dyn Progress,
) -> Result<Looked, Failure> {
    let mut looked = Looked::default();
    let url = find_secret(&table.url).map_err(|error| Failure::without_run(Error::Secret(error)))?;
    let url = DatabaseUrl::new(url.expose().to_owned());
    let piece = match glance(hub, (source, table), &url).await.map_err(Failure::without_run)? {
        Glance::Nothing => return Ok(looked),
        Glance::Perhaps(piece) => piece,
    };
    let taking = Taking::Table { source, table, url, piece };
    let job = job("source", &source.name, true);
    match take_in(ctx, hub, (job, Some(&source.name)), &source.dataset, taking, progress).await {
        Ok(Some(ingested)) => {
            if let Some(position) = ingested.position {
                let noted = note_position(ctx, hub, source, position).await;
                noted.map_err(Failure::without_run)?;
            }
            looked.taken.push(Taken { file: None, ingested });
        }
        Ok(None) => {}
        Err(failure) => {
            let known_by = (Some(&source.name), Some(format!("source/{}", source.name)));
            let refused = note_refused(ctx, hub, &source.dataset, known_by, &failure).await;
            refused.map_err(Failure::without_run)?;
            // What comes next is behind it, or the same again.
            looked.held_up = true;
            looked.failed.push(Failed { file: None, failure, waits: Waits::Again });
        }
    }
    Ok(looked)
}

/// What a first look at the table came to.
enum Glance {
    /// It has no row after one that was taken in.
    Nothing,
    /// It may have; here is the piece that fits if nobody went on.
    Perhaps(Option<Piece>),
}

/// Asks the table for rows after the position that the ledger knows. It may lag behind: then there are some, and the table's log
/// says which of them are new.
async fn glance(
    hub: &Hub,
    (source, table): (&Source, &TableSource),
    url: &DatabaseUrl,
) -> Result<Glance, Error> {
    if table.takes == Takes::Snapshot {
        return Ok(Glance::Perhaps(None));
    }
    let dataset = hub.catalog().dataset(&source.dataset).ok_or(Error::UnknownDataset)?;
    let known = hub.ledger().source_files(&source.name).await.map_err(Error::Ledger)?;
    let before = known.get(POSITION).and_then(|known| known.state.parse().ok());
    let piece = read_table(&source.name, table, url, dataset, before).await.map_err(Error::Connect)?;
    Ok(match piece {
        None => Glance::Nothing,
        piece => Glance::Perhaps(piece),
    })
}

/// Writes down how far a table was taken in.
async fn note_position(ctx: &RequestCtx, hub: &Hub, source: &Source, position: i64) -> Result<(), Error> {
    let noted = SourceFile {
        file: POSITION.to_owned(),
        state: position.to_string(),
        fault: None,
        tries: 1,
        run: None,
        seen: ctx.now(),
    };
    hub.ledger().note_file(&source.name, &noted).await.map_err(Error::Ledger)
}
