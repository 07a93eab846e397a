//! Progress on a terminal. Nothing is shown when nobody looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use membrane_ingest::Progress;

use super::{out, table};

fn bar(template: &str, length: Option<u64>) -> ProgressBar {
    let target = if out::is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(length, target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Shows how far an ingest is.
pub(crate) struct IngestProgress(ProgressBar);

impl IngestProgress {
    /// Starts; the length is that of the file, when it is known.
    pub(crate) fn start(name: &str, bytes: Option<u64>) -> Self {
        let template = match bytes {
            Some(_) => "{prefix} [{bar:30}] {bytes}/{total_bytes} {msg} {elapsed}",
            None => "{prefix} {spinner} {bytes} {msg} {elapsed}",
        };
        let bar = bar(template, bytes);
        bar.set_prefix(name.to_owned());
        Self(bar)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for IngestProgress {
    fn rows(&self, bytes: u64, rows: u64) {
        self.0.set_position(bytes);
        self.0.set_message(format!("{} rows", table::count(rows)));
    }
}

impl Drop for IngestProgress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Shows how far the generator is.
pub(super) struct SampleProgress(ProgressBar);

impl SampleProgress {
    pub(super) fn start() -> Self {
        Self(bar("generating {spinner} {msg} {elapsed}", None))
    }

    pub(super) fn rows(&mut self, file: &str, rows: u64) {
        self.0.set_message(format!("{file} {} rows", table::count(rows)));
    }
}

impl Drop for SampleProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
