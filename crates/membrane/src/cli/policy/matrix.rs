//! `membrane policy matrix`.

use std::path::Path;
use std::{fs, io};

use crate::cli::{CliError, out};

/// The golden table, in the folder of policies.
const GOLDEN: &str = "matrix.txt";

/// What is done with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Print,
    Check,
    Write,
}

/// Prints who sees what, or compares it with what was reviewed.
pub(super) fn run(matrix: &str, policies: &Path, what: Use) -> Result<(), CliError> {
    let path = policies.join(GOLDEN);
    match what {
        Use::Print => Ok(out::bytes(matrix.as_bytes())?),
        Use::Write => {
            let told = |error: io::Error| {
                CliError::failed(format!("cannot write `{}`: {}", path.display(), error.kind()))
            };
            fs::write(&path, matrix).map_err(told)?;
            out::note(format!("wrote {}", path.display()));
            Ok(())
        }
        Use::Check => {
            let golden = fs::read_to_string(&path).map_err(|error| {
                let (path, kind) = (path.display(), error.kind());
                CliError::failed(format!(
                    "cannot read `{path}`: {kind}; `membrane policy matrix --write` makes it"
                ))
            })?;
            let changed = differences(&golden, matrix);
            for line in &changed {
                out::line(line)?;
            }
            if changed.is_empty() {
                out::line(format!("{}: as reviewed", path.display()))?;
                return Ok(());
            }
            Err(CliError::failed(format!(
                "who sees what is not as `{}` says: review it, then `membrane policy matrix --write`",
                path.display()
            )))
        }
    }
}

/// Returns the lines of each block that were taken away and added, each with the block that it is in.
pub(super) fn differences(golden: &str, now: &str) -> Vec<String> {
    let (old, new) = (with_blocks(golden), with_blocks(now));
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let added = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    gone.chain(added).collect()
}

fn with_blocks(matrix: &str) -> Vec<String> {
    let mut block = "";
    let mut lines = Vec::new();
    for line in matrix.lines().filter(|line| !line.is_empty()) {
        if line.starts_with(' ') {
            let words: Vec<&str> = line.split_whitespace().collect();
            lines.push(format!("{block}: {}", words.join(" ")));
        } else {
            block = line;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_block() {
        let golden = "read for x by analyst:ana\n  pii.phone   partial\n  geo  clear\n\nread for x by analyst:lee\n  geo clear\n";
        assert_eq!(differences(golden, golden), Vec::<String>::new());
        let now = golden.replacen("partial", "clear", 1);
        assert_eq!(
            differences(golden, &now),
            [
                "- read for x by analyst:ana: pii.phone partial",
                "+ read for x by analyst:ana: pii.phone clear"
            ]
        );
    }
}
