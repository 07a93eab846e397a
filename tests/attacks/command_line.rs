//! The same attacks at the command line: what it prints, on both of its streams, and how it ends.

use std::process::{Command, Output, Stdio};

use membrane::attack::{Ask, corpus};

use super::compare::without_ids;
use super::doors::{HIDDEN, PURPOSE};
use super::twins::{Keeps, Twin, Twins};
use crate::program::binary;
use crate::world::{holds, repository};

/// Each of these many attacks is tried: a process for each of all would take minutes.
const EVERY: usize = 6;

/// Runs `membrane sql` on a twin's own folder.
fn sql(twin: &Twin, key: &str, text: &str, form: &[&str]) -> Output {
    let dir = twin.world.dir.path();
    Command::new(binary())
        .args(["sql", text, "--as", "analyst:ana", "--purpose", PURPOSE])
        .args(form)
        .arg("--catalog")
        .arg(repository().join("catalog"))
        .arg("--policies")
        .arg(repository().join("policies"))
        .arg("--data")
        .arg(format!("file://{}/data", dir.display()))
        .arg("--ledger")
        .arg(format!("sqlite://{}/ledger/ledger.db", dir.display()))
        .env("MEMBRANE__KEYS__FILE", key)
        .env("MEMBRANE__DATA__SCRATCH", dir.join("scratch"))
        .env("MEMBRANE__LOG__LEVEL", "trace")
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What was printed and how it ended, without ids of runs and without the log's times.
fn printed(output: &Output) -> (Option<i32>, Vec<u8>, Vec<String>) {
    let errors = String::from_utf8_lossy(&without_ids(&output.stderr)).into_owned();
    let told = errors.lines().filter(|line| !line.starts_with("20")).map(str::to_owned).collect();
    (output.status.code(), without_ids(&output.stdout), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_at_the_command_line() {
    let twins = Twins::new(Keeps::OnePercent).await;
    let statements =
        corpus().into_iter().filter(|attack| !attack.heavy).filter_map(|attack| match attack.ask {
            // No argument of a program has a zero byte, or begins as an option does.
            Ask::Sql(text) if !text.contains('\0') && !text.starts_with('-') && text.len() < 100_000 => {
                Some((attack.id, text.replace("{hidden}", HIDDEN)))
            }
            _ => None,
        });
    let (mut told, mut asked) = (Vec::new(), 0);
    for (place, (id, text)) in statements.step_by(EVERY).enumerate() {
        let form: &[&str] = [&[][..], &["--csv"], &["--json"]][place % 3];
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| sql(&twins.one, &twins.key, &text, form));
            (sql(&twins.other, &twins.key, &text, form), one.join().unwrap())
        });
        asked += 1;
        if printed(&one) != printed(&other) {
            told.push(format!("{id}: {text}\n  {:?}\n  {:?}", printed(&one), printed(&other)));
        }
        for output in [&one, &other] {
            let all = [output.stdout.as_slice(), &output.stderr].concat();
            if let Some(canary) = twins.canaries.iter().find(|canary| holds(&all, canary.as_bytes())) {
                told.push(format!("{id}: {text}\n  canary `{canary}`"));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(asked > 100, "{asked} statements");
}
