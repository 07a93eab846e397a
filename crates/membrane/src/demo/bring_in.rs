//! Bringing files in, one after the other, with a line for each.

use std::path::PathBuf;
use std::time::Instant;

use membrane_ingest::{Format, InputSource, Reading};
use membrane_model::{DatasetName, PrincipalKind};

use crate::cli::{CliError, IngestProgress, count, line, new_table, right};
use crate::ctx::Channel;
use crate::flow::{self, IngestRequest};
use crate::hub::Hub;
use crate::wire::IngestBody;

/// A file and the dataset that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) dataset: DatasetName,
    pub(crate) file: PathBuf,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) body: IngestBody,
    pub(crate) seconds: f64,
}

/// Brings files in, as the first service principal.
pub(crate) async fn bring_in(hub: &Hub, deliveries: &[Delivery]) -> Result<Vec<Taken>, CliError> {
    let principal = hub.principal_of(PrincipalKind::Service).ok_or_else(|| {
        CliError::failed("principals.json has no service principal that could bring data in")
    })?;
    let ctx = hub.ctx(principal, Channel::Cli);
    let mut all = Vec::new();
    for Delivery { dataset, file } in deliveries {
        let format = Format::from_path(file)
            .ok_or_else(|| CliError::failed(format!("`{}` is of no known format", file.display())))?;
        let bytes = std::fs::metadata(file).map(|found| found.len()).ok();
        let started = Instant::now();
        let progress = IngestProgress::start(dataset.as_str(), bytes);
        let reader = InputSource::File(file.clone());
        let reading = Reading::default();
        let request =
            IngestRequest { dataset: dataset.clone(), reader, format, reading, source: None, control: None };
        let ingested = flow::ingest(&ctx, hub, request, &progress).await;
        progress.finish();
        let taken =
            Taken { body: IngestBody::new(dataset, &ingested?), seconds: started.elapsed().as_secs_f64() };
        line(taken.sentence())?;
        all.push(taken);
    }
    Ok(all)
}

impl Taken {
    /// Rows that were read in a second.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "for show"
    )]
    pub(crate) fn rows_per_second(&self) -> u64 {
        (self.body.rows_read as f64 / self.seconds.max(0.001)) as u64
    }

    fn sentence(&self) -> String {
        let body = &self.body;
        if body.already {
            return format!("  {}: was taken in before; nothing was added", body.dataset);
        }
        format!(
            "  {}: {} rows in {:.1} s ({} rows/s), {} set aside",
            body.dataset,
            count(body.rows_accepted),
            self.seconds,
            count(self.rows_per_second()),
            count(body.rows_quarantined)
        )
    }
}

/// Shows what was brought in.
pub(crate) fn taken_table(all: &[Taken]) -> Result<(), CliError> {
    if all.iter().all(|taken| taken.body.already) {
        return Ok(());
    }
    let mut shown = new_table(&["dataset", "rows", "set aside", "seconds", "rows/s"]);
    for taken in all {
        let body = &taken.body;
        if body.already {
            shown.add_row([body.dataset.clone(), "taken in before".to_owned()]);
            continue;
        }
        shown.add_row([
            body.dataset.clone(),
            count(body.rows_accepted),
            count(body.rows_quarantined),
            format!("{:.1}", taken.seconds),
            count(taken.rows_per_second()),
        ]);
    }
    right(&mut shown, &[1, 2, 3, 4]);
    line(shown.to_string())?;
    Ok(())
}
