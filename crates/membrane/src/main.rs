//! The one binary. It reads the machine's clock and hands everything else to [`membrane::cli`].

mod clock;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use membrane::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    membrane::cli::main(cli, Arc::new(clock::SystemClock))
}
