//! Commands that a person may paste, and that `--check` runs as they stand.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;
use tokio::process::Command;

use crate::cli::{CliError, line, new_table};

/// Rows and letters of a cell that are shown of an answer that was checked.
const GLIMPSE_ROWS: usize = 3;
const GLIMPSE_LETTERS: usize = 24;

/// What earlier answers said, for the checks of later ones.
pub(crate) type Facts = BTreeMap<&'static str, Value>;

/// Looks at an answer: what was right with it, or what was wrong.
pub(crate) type Check = fn(&Value, &mut Facts) -> Result<String, String>;

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Who {
    /// The principal, or a word for one.
    pub(crate) id: &'static str,
    /// What it may.
    pub(crate) about: &'static str,
}

/// A command, and what its answer must be like.
pub(crate) struct ShellCommand {
    /// Who asks.
    pub(crate) who: Who,
    /// What the command shows.
    pub(crate) title: &'static str,
    /// What is pasted.
    pub(crate) shell: String,
    /// What must hold for the answer.
    pub(crate) check: Check,
}

/// Writes a command that posts a JSON object.
pub(crate) fn curl_post(base: &str, path: &str, bearer: &str, body: &Value) -> String {
    let body = body.to_string().replace('\'', r"'\''");
    format!(
        "curl -s {base}{path} -H \"Authorization: Bearer ${bearer}\" \\\n  -H 'Content-Type: application/json' -d '{body}'"
    )
}

/// Writes a command that gets something.
pub(crate) fn curl_get(base: &str, path: &str, bearer: &str) -> String {
    format!("curl -s '{base}{path}' -H \"Authorization: Bearer ${bearer}\"")
}

/// Shows what may be pasted.
pub(crate) fn show(exports: &[(String, String)], commands: &[ShellCommand]) -> Result<(), CliError> {
    line("Paste this into another terminal (the bearers are for this demonstration only):\n")?;
    for (name, bearer) in exports {
        line(format!("export {name}={bearer}"))?;
    }
    let mut who = "";
    for command in commands {
        if command.who.id != who {
            who = command.who.id;
            line(format!("\n### {who} ({})", command.who.about))?;
        }
        line(format!("\n# {}\n{}", command.title, command.shell))?;
    }
    line("")?;
    Ok(())
}

/// Runs every command through `sh` and checks its answer. Says PASS or FAIL for each.
pub(crate) async fn check_all(
    exports: &[(String, String)],
    commands: &[ShellCommand],
) -> Result<(), CliError> {
    let mut facts = Facts::new();
    let mut failed = 0_usize;
    let mut shown = None;
    for command in commands {
        let started = Instant::now();
        let checked = match answer_of(exports, command).await {
            Ok(answer) => {
                let checked = (command.check)(&answer, &mut facts);
                checked.map(|words| (words, glimpse(&answer)))
            }
            Err(fault) => Err(fault),
        };
        let seconds = started.elapsed().as_secs_f64();
        match checked {
            Ok((words, glimpse)) => {
                line(format!("PASS {}: {}: {words} ({seconds:.1} s)", command.who.id, command.title))?;
                if let Some(rows) = glimpse.as_ref().filter(|_| glimpse != shown) {
                    line(rows)?;
                }
                shown = glimpse;
            }
            Err(words) => {
                failed += 1;
                line(format!("FAIL {}: {}: {words}", command.who.id, command.title))?;
            }
        }
    }
    if failed > 0 {
        return Err(CliError::failed(format!("{failed} of {} checks failed", commands.len())));
    }
    line(format!("all {} checks passed", commands.len()))?;
    Ok(())
}

async fn answer_of(exports: &[(String, String)], command: &ShellCommand) -> Result<Value, String> {
    let output = Command::new("sh")
        .arg("-c")
        .arg(&command.shell)
        .envs(exports.iter().map(|(name, value)| (name, value)))
        .output()
        .await
        .map_err(|error| format!("sh did not start: {}", error.kind()))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("the command ended with {}: {words}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|_| "the answer is not JSON".to_owned())
}

/// Shows the first rows of an answer, as they came.
fn glimpse(answer: &Value) -> Option<String> {
    let rows = answer.get("rows")?.as_array()?;
    let columns = answer.get("columns")?.as_array()?;
    let names: Vec<&str> = columns.iter().filter_map(|column| column.get("name")?.as_str()).collect();
    let mut shown = new_table(&names);
    for row in rows.iter().take(GLIMPSE_ROWS) {
        let cell = |name: &&str| match row.get(name) {
            None | Some(Value::Null) => "NULL".to_owned(),
            Some(Value::String(text)) if text.chars().count() > GLIMPSE_LETTERS => {
                text.chars().take(GLIMPSE_LETTERS).chain(['…']).collect()
            }
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        shown.add_row(names.iter().map(cell));
    }
    Some(shown.to_string())
}

#[cfg(test)]
mod tests;
