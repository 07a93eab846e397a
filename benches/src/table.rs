//! Figures and how they are printed.

use anyhow::{Context, Result};

/// What one child process measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
    pub(crate) peak_mib: f64,
}

/// Returns the measure whose time is the median; the peak is the highest of all.
pub(crate) fn median(mut measures: Vec<Measure>) -> Result<Measure> {
    measures.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let peak_mib = measures.iter().map(|measure| measure.peak_mib).fold(0.0, f64::max);
    let middle = measures.get(measures.len() / 2).context("nothing was measured")?;
    Ok(Measure { peak_mib, ..*middle })
}

/// Returns the median of numbers.
pub(crate) fn middle(mut numbers: Vec<f64>) -> Result<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().context("nothing was measured")
}

/// Prints one line of the table of a bench.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// Tells how the work goes on, on the error stream.
#[expect(clippy::print_stderr, reason = "progress of a long run")]
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}
