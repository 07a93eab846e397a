//! The published log: verified, proved, published.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use arrow::ipc::reader::StreamReader;
use chrono::{DateTime, Utc};
use clap::Args;
use membrane_lake::Shelf;
use membrane_ledger::{LedgerError, LogHead, opens};
use membrane_log::{
    Hash, LogError, ProofFile, Report, SignedCheckpoint, TreeHead, Trust, VerifierKey, verify_from,
    verify_full,
};
use membrane_model::{PrincipalKind, RunId};
use membrane_query::AnswerDigest;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::caller::CallerArgs;
use super::super::runs::{Named, named};
use super::super::{CliError, Env, out, table};
use crate::audit_log::{OnShelf, head_of, place_of};
use crate::error::{Error, Failure, explain};
use crate::flow::{self, Openings, Verified};
use crate::hub::Hub;
use crate::wire::SinceBody;

/// Findings that are shown.
const SHOWN: usize = 20;

/// Check that the record was not altered: each run, each hash, the signature of the head.
///
/// On the hub's machine the ledger is checked as well, and that both are of the same runs. With `--log` and `--key` only the published log is read, and no hub
/// is opened: from any machine that may read where it lies. With `--since` the log must begin with a head that you kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit verify
  membrane audit verify --since 1200:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
  membrane audit verify --log /mnt/audit --key membrane/hub+c0ffee00+AYaPSWkW
  membrane audit verify --log /mnt/audit --key membrane/hub+c0ffee00+AYaPSWkW --witness w1.example+a0b1c2d3+BGFiYw==

Exit code 1 when something is not as it was signed, or could not be looked at.")]
pub(super) struct VerifyArgs {
    /// Where a published log lies: a folder, or s3://BUCKET/FOLDER with the settings of [data] storage.
    #[arg(long, value_name = "URL", requires = "key", conflicts_with_all = ["as", "bearer"])]
    log: Option<String>,
    /// A key of the log, as `membrane audit key` prints it; more of them while one follows another.
    #[arg(long, value_name = "KEY", requires = "log")]
    key: Vec<String>,
    #[command(flatten)]
    witnesses: WitnessArgs,
    /// A head that you know: SIZE:ROOT, as `membrane audit verify` prints it.
    #[arg(long, value_name = "SIZE:ROOT")]
    since: Option<KnownHead>,
    /// Read only what came after that head: quick, and says nothing of the entries before it but that they are those of then.
    #[arg(long, requires = "log", requires = "since")]
    new_only: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Write a proof that a run is in the log: for somebody who has the key of the log and nothing else.
///
/// Two files: the entry as it stands in the log, and a proof (C2SP tlog-proof) with the signed head. `membrane audit check`, or any other implementation of the
/// formats, checks them offline.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  membrane audit prove RUN --out proof")]
pub(super) struct ProveArgs {
    /// The run, by its id or the last 12 characters of it.
    #[arg(value_parser = named)]
    run: Named,
    /// The folder for the files.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Write the text of the statement as well, and the salt by which the entry's commitment to it is checked.
    #[arg(long)]
    with_statement: bool,
    /// Write the salt by which the entry's commitment to the answer is checked; whoever has it may try answers.
    #[arg(long)]
    with_answer: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Check a proof that a run is in a log. Nothing else is needed: no hub, no network.
///
/// With `--statement` and `--answer`: that it was this statement, and this answer, too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit check proof/RUN.tlog-proof --key membrane/hub+c0ffee00+AYaPSWkW
  membrane audit check proof/RUN.tlog-proof --key membrane/hub+c0ffee00+AYaPSWkW --answer answer.arrows")]
pub(super) struct CheckArgs {
    /// The proof.
    proof: PathBuf,
    /// The entry; the file beside the proof when not stated.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// A key of the log, as `membrane audit key` prints it.
    #[arg(long, value_name = "KEY", required = true)]
    key: Vec<String>,
    /// The statement, as `audit prove --with-statement` wrote it: that the run was about this one.
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// An answer as an Arrow IPC stream, as the hub gave it (Accept: application/vnd.apache.arrow.stream): that the run was answered with this one.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// The salt of the answer's commitment, as `audit prove --with-answer` wrote it; the file beside the proof when not stated.
    #[arg(long, value_name = "FILE", requires = "answer")]
    answer_salt: Option<PathBuf>,
    #[command(flatten)]
    witnesses: WitnessArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Publish what the log has not yet: `membrane serve` does it by itself.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane audit publish")]
pub(super) struct PublishArgs {
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Print the key by which others check the log: give it to them in a way that they trust.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane audit key")]
pub(super) struct KeyArgs {
    #[command(flatten)]
    caller: CallerArgs,
}

/// Who has to have seen a head.
#[derive(Debug, Args)]
struct WitnessArgs {
    /// The key of a witness that has to have cosigned; more of them for more witnesses.
    #[arg(long, value_name = "KEY", requires = "key")]
    witness: Vec<String>,
    /// How many of them: all when not stated.
    #[arg(long, value_name = "N", requires = "witness")]
    witnesses_min: Option<usize>,
}

/// A head that somebody kept.
#[derive(Debug, Clone, Copy)]
struct KnownHead(TreeHead);

impl FromStr for KnownHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const TOLD: &str = "write SIZE:ROOT, as `membrane audit verify` prints them";
        const NO_HEAD: &str = "a day is no head: write SIZE:ROOT, a head of that day that somebody kept (each report, receipt, proof and witness has \
             one). Without one it can be shown that nothing was altered since the oldest head that somebody has, and no earlier";
        if text.parse::<SinceBody>().is_ok() {
            return Err(NO_HEAD);
        }
        let (size, root) = text.split_once(':').ok_or(TOLD)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(root, &mut hash).map_err(|_| TOLD)?;
        Ok(Self(TreeHead { size: size.parse().map_err(|_| TOLD)?, root: Hash(hash) }))
    }
}

pub(super) async fn verify(args: VerifyArgs, env: Env) -> Result<(), CliError> {
    let known = args.since.map(|known| known.0);
    if let Some(url) = &args.log {
        let config = env.config()?;
        out::start_log(&config.log, out::LogUse::Command);
        let options = config.data.lake_options();
        let place = place_of(url).map_err(|why| CliError::usage(format!("--log: {why}")))?;
        let told = |_| CliError::usage("--log: name a folder, file:///FOLDER or s3://BUCKET/FOLDER");
        let shelf = Shelf::open(&place, &options).map_err(told)?;
        let trust = trust(&args.key, &args.witnesses)?;
        let objects = OnShelf(shelf);
        let mut newest = Newest::default();
        let report = match known.filter(|_| args.new_only) {
            Some(known) => verify_from(&objects, &trust, known, |_, entry| newest.take(entry)).await,
            None => verify_full(&objects, &trust, known, |_, entry| newest.take(entry)).await,
        };
        let report = report.map_err(|error| CliError::failed(explain(&error)))?;
        return judge(&Judged { report: &report, known, newest, ledger: Ledger::None }, args.json);
    }
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (run, verified) = match flow::verify_published(&ctx, &hub, known).await {
        Ok(verified) => verified,
        Err(failure) if matches!(failure.error, Error::Ledger(LedgerError::Altered(_))) => {
            return altered(&hub, known, failure, args.json).await;
        }
        Err(failure) => return Err(failure.into()),
    };
    let ledger = Ledger::Whole(run, &verified);
    judge(&Judged { report: &verified.report, known, newest: Newest::default(), ledger }, args.json)
}

/// Says that the ledger was altered, and what the published log is by itself: what it says of those runs is the evidence.
async fn altered(hub: &Hub, known: Option<TreeHead>, failure: Failure, json: bool) -> Result<(), CliError> {
    let (log, mut newest) = (hub.audit_log(), Newest::default());
    let why = explain(&failure.error);
    match verify_full(&log.objects(), log.trust(), known, |_, entry| newest.take(entry)).await {
        Ok(report) => {
            // What is wrong with it as well is in what was printed; how this ends is for the ledger to say.
            let _ = judge(&Judged { report: &report, known, newest, ledger: Ledger::Altered(&why) }, json);
        }
        Err(error) => out::note(format!("the published log cannot be read: {}", explain(&error))),
    }
    Err(failure.into())
}

/// The newest entry that was read.
#[derive(Debug, Default)]
struct Newest(Vec<u8>);

impl Newest {
    fn take(&mut self, entry: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice(entry);
    }

    /// Returns when its run started, if it says so.
    fn started(&self) -> Option<String> {
        let entry: Value = serde_json::from_slice(&self.0).ok()?;
        let started = entry.get("started").and_then(Value::as_i64);
        started.and_then(DateTime::from_timestamp_micros).map(shown_moment)
    }
}

fn shown_moment(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What is known of the ledger.
enum Ledger<'a> {
    /// There is none here.
    None,
    /// Each run is what was closed.
    Whole(RunId, &'a Verified),
    /// Something is not, and what.
    Altered(&'a str),
}

/// What was found.
struct Judged<'a> {
    report: &'a Report,
    /// The head that the log has to begin with.
    known: Option<TreeHead>,
    newest: Newest,
    ledger: Ledger<'a>,
}

fn trust(keys: &[String], witnesses: &WitnessArgs) -> Result<Trust, CliError> {
    // As `membrane audit key` prints them, one in a line.
    let keys: Vec<&str> = keys.iter().flat_map(|keys| keys.split_whitespace()).collect();
    let trust = Trust::from_vkeys(&keys).map_err(|error| CliError::usage(format!("--key: {error}")))?;
    let wrong = |error: LogError| CliError::usage(format!("--witness: {error}"));
    let known: Result<Vec<VerifierKey>, _> = witnesses.witness.iter().map(|key| key.parse()).collect();
    let known = known.map_err(wrong)?;
    let all: HashSet<&str> = known.iter().map(|key| key.name().as_str()).collect();
    let min = witnesses.witnesses_min.unwrap_or(all.len());
    trust.with_witnesses(known, min).map_err(wrong)
}

fn cosigned_by(signed: &SignedCheckpoint) -> Vec<String> {
    signed.cosignatures().iter().map(|by| by.witness.to_string()).collect()
}

pub(super) fn head_json(head: &LogHead) -> Value {
    json!({ "size": head.size, "root": head.root })
}

/// Says what was found, and ends badly unless nothing was.
fn judge(judged: &Judged<'_>, json: bool) -> Result<(), CliError> {
    let Judged { report, ledger, .. } = judged;
    if json {
        out::json(&judged_json(judged))?;
    } else {
        judged_lines(judged)?;
    }
    let unpublished = match ledger {
        Ledger::Whole(_, verified) => verified.unpublished.as_deref(),
        Ledger::None | Ledger::Altered(_) => None,
    };
    match report.findings.len() {
        0 => unpublished.map_or(Ok(()), |why| {
            Err(CliError::failed(format!("what is new could not be published: {why}")))
        }),
        count => Err(CliError::failed(format!(
            "the log is not as it was signed: {}; docs/log.md says what to do",
            table::counted(count, "finding")
        ))),
    }
}

fn judged_json(Judged { report, known, newest, ledger }: &Judged<'_>) -> Value {
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let head = |head: Option<TreeHead>| head.map(head_of).as_ref().map(head_json);
    let mut body = json!({
        "published": head(report.head), "begins_with": head(known.filter(|_| findings.is_empty())), "witnessed": head(report.witnessed),
        "entries_checked": report.entries_checked, "newest": newest.started(),
        "unaltered": findings.is_empty() && !matches!(ledger, Ledger::Altered(_)),
        "findings": findings, "has_more": report.has_more,
    });
    let Value::Object(fields) = &mut body else { return body };
    match ledger {
        Ledger::None => {}
        Ledger::Altered(why) => drop(fields.insert("ledger_fault".to_owned(), json!(why))),
        Ledger::Whole(run, Verified { ledger, forgotten, unpublished, .. }) => {
            fields.insert("run".to_owned(), json!(run.to_string()));
            fields.insert("ledger".to_owned(), head_json(ledger));
            fields.insert("statements_forgotten".to_owned(), json!(forgotten));
            fields.insert("unpublished".to_owned(), json!(unpublished));
        }
    }
    body
}

fn judged_lines(Judged { report, known, newest, ledger }: &Judged<'_>) -> Result<(), CliError> {
    match ledger {
        Ledger::None => {}
        Ledger::Altered(why) => out::line(format!("ledger: {why}"))?,
        Ledger::Whole(_, Verified { ledger, forgotten, .. }) => {
            let statements = match forgotten {
                0 => String::new(),
                count => format!(
                    "; the text of {} is not there any more, and no erasure is on record",
                    table::counted(usize::try_from(*count).unwrap_or(usize::MAX), "statement")
                ),
            };
            out::line(format!("ledger: {} runs, unaltered{statements}", table::count(ledger.size)))?;
        }
    }
    let Some(head) = report.head.map(head_of) else {
        return Ok(out::line("published log: no head that can be trusted")?);
    };
    let is_clean = report.findings.is_empty();
    out::line(format!(
        "published log: {} runs, {} read{}{}; head {}:{}",
        table::count(head.size),
        table::count(report.entries_checked),
        if report.entries_checked < head.size { ", the others not" } else { "" },
        if is_clean { ", unaltered" } else { "" },
        head.size,
        head.root
    ))?;
    if let Some(known) = known.filter(|_| is_clean) {
        let since = head.size.saturating_sub(known.size);
        let later = match since {
            0 => "nothing has come since".to_owned(),
            since => format!("{} came since", table::count(since)),
        };
        out::line(format!(
            "  it begins with the {} runs that were known; {later}",
            table::count(known.size)
        ))?;
    }
    if let Some(started) = newest.started() {
        out::line(format!("  the newest run began at {started}"))?;
    }
    if let Some(witnessed) = report.witnessed {
        out::line(format!("witnesses: cosigned, up to {} runs", table::count(witnessed.size)))?;
    }
    for finding in report.findings.iter().take(SHOWN) {
        out::line(format!("  {finding}"))?;
    }
    if report.findings.len() > SHOWN {
        out::line(format!("  and {} more; --json has them all", report.findings.len() - SHOWN))?;
    }
    Ok(())
}

pub(super) async fn prove(args: ProveArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let openings = Openings { statement: args.with_statement, answer: args.with_answer };
    let run = args.run.find(&ctx, &hub).await?;
    let (_, proved) = flow::prove_run(&ctx, &hub, &run, openings).await?;
    std::fs::create_dir_all(&args.out)?;
    let file = |ending: &str| args.out.join(format!("{run}{ending}"));
    std::fs::write(file(".json"), &proved.proved.entry)?;
    std::fs::write(file(".tlog-proof"), &proved.proved.proof)?;
    if args.with_statement && proved.statement.is_none() {
        out::note("the run has no statement that is still there");
    }
    if let Some((statement, salt)) = &proved.statement {
        let opened = json!({ "run": run.to_string(), "statement": statement, "salt": salt });
        write_opening(&file(".statement.json"), &opened)?;
    }
    if args.with_answer && proved.answer_salt.is_none() {
        out::note("the run has no answer that was committed to");
    }
    if let Some(salt) = &proved.answer_salt {
        let opened = json!({ "run": run.to_string(), "salt": salt });
        write_opening(&file(".answer.json"), &opened)?;
    }
    let proof = file(".tlog-proof").display().to_string();
    if args.json {
        let head = head_json(&proved.proved.head);
        return out::json(
            &json!({ "run": run.to_string(), "leaf": proved.proved.leaf, "head": head, "proof": proof }),
        );
    }
    out::line(format!(
        "run {run} is in the log, at place {} (from 0) of {}; the proof is in {proof}, the entry beside it",
        proved.proved.leaf,
        table::count(proved.proved.head.size)
    ))?;
    Ok(())
}

/// Writes what opens a commitment, for its owner alone; what an earlier proof wrote there is replaced, and never written to: it may be open to others.
fn write_opening(path: &Path, opening: &Value) -> Result<(), CliError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    Ok(out::private(path)?.write_all(serde_json::to_string_pretty(opening)?.as_bytes())?)
}

pub(super) fn check(args: &CheckArgs) -> Result<(), CliError> {
    let trust = trust(&args.key, &args.witnesses)?;
    let entry_path = args.entry.clone().unwrap_or_else(|| args.proof.with_extension("json"));
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| CliError::failed(format!("{}: {error}", path.display())))
    };
    let (proof, entry) = (read(&args.proof)?, read(&entry_path)?);
    let file = ProofFile::parse(&proof).map_err(|error| CliError::failed(error.to_string()))?;
    let signed = file.verify(&trust, &entry).map_err(|error| {
        CliError::failed(format!("it is not shown that the entry is in the log: {error}"))
    })?;
    let head = head_of(signed.head());
    let said: Value = serde_json::from_slice(&entry)?;
    let of = |key: &str| said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let stem = args.proof.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    // A proof of one run under the name of another would be taken for that one's.
    if stem.parse::<RunId>().is_ok() && stem != of("run") {
        return Err(CliError::failed(format!(
            "the file is called after run {stem}, and the entry is of run {}",
            of("run")
        )));
    }
    let shown = shown_beside(args, &said)?;
    let started = said.get("started").and_then(Value::as_i64).and_then(DateTime::from_timestamp_micros);
    let started = started.map(shown_moment);
    if args.json {
        let body = json!({
            "run": of("run"), "leaf": file.index, "head": head_json(&head),
            "signed_by": signed.signed_by(), "cosigned_by": cosigned_by(&signed),
            "shown": shown,
        });
        return out::json(&body);
    }
    out::line(format!(
        "run {} is in the log, at place {} (from 0) of {}",
        of("run"),
        file.index,
        table::count(head.size)
    ))?;
    out::line(format!(
        "  {}: {} ({}), {}, {}",
        of("principal"),
        of("job"),
        of("action"),
        started.unwrap_or_default(),
        of("status")
    ))?;
    for line in said_of(&said) {
        out::line(format!("  {line}"))?;
    }
    for what in shown {
        out::line(format!("  the {what} is the one that the run was closed with"))?;
    }
    out::line(format!("signed by {}", signed.signed_by().join(", ")))?;
    if !signed.cosignatures().is_empty() {
        out::line(format!("cosigned by {}", cosigned_by(&signed).join(", ")))?;
    }
    Ok(())
}

/// Says for which purpose a run was, and what was decided: in the words of the entry, which whoever has only the proof can check.
fn said_of(entry: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut lines = vec![format!("purpose: {}", text(entry, "purpose"))];
    for decision in list(entry, "decisions") {
        let is_allowed = decision.get("allowed").and_then(Value::as_bool) == Some(true);
        let columns = list(&decision, "columns");
        let shown: Vec<String> = columns
            .iter()
            .map(|column| format!("{} {}", text(column, "column"), text(column, "level")))
            .collect();
        let factors: BTreeSet<String> = std::iter::once(&decision)
            .chain(&columns)
            .flat_map(|decided| list(decided, "factors"))
            .filter_map(|factor| factor.as_str().map(str::to_owned))
            .collect();
        let dataset = text(&decision, "dataset");
        let what = if is_allowed { "allowed" } else { "refused" };
        lines.push(format!("{what} {dataset}: {}", text(&decision, "reason")));
        if !shown.is_empty() {
            lines.push(format!("  columns: {}", shown.join(", ")));
        }
        if !factors.is_empty() {
            lines.push(format!("  policies: {}", factors.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    lines
}

/// What was written beside a proof, to open a commitment of its entry.
#[derive(Deserialize)]
struct Opening {
    run: String,
    #[serde(default)]
    statement: String,
    salt: String,
}

/// Checks what else is to be shown of the run, and names it.
fn shown_beside(args: &CheckArgs, entry: &Value) -> Result<Vec<&'static str>, CliError> {
    let mut shown = Vec::new();
    if let Some(path) = &args.statement {
        let opening = opening(path, entry)?;
        require_opened(("statement", &opening.statement), &opening.salt, entry)?;
        shown.push("statement");
    }
    if let Some(path) = &args.answer {
        let beside = args.proof.with_extension("answer.json");
        let opening = opening(args.answer_salt.as_ref().unwrap_or(&beside), entry)?;
        require_opened(("answer", &digest_of(path)?), &opening.salt, entry)?;
        shown.push("answer");
    }
    Ok(shown)
}

fn opening(path: &Path, entry: &Value) -> Result<Opening, CliError> {
    let failed = |why: &dyn std::fmt::Display| CliError::failed(format!("{}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    let opening: Opening = serde_json::from_slice(&text)
        .map_err(|_| failed(&"not what `membrane audit prove` writes beside a proof"))?;
    if entry.get("run").and_then(Value::as_str) != Some(&opening.run) {
        return Err(failed(&format!("it is of run {}, and the entry of another", opening.run)));
    }
    Ok(opening)
}

fn require_opened((what, text): (&str, &str), salt: &str, entry: &Value) -> Result<(), CliError> {
    let Some(commitment) = entry.get(format!("{what}_commitment")).and_then(Value::as_str) else {
        return Err(CliError::failed(format!("the entry has no commitment to its {what}")));
    };
    if opens(salt, text, commitment) {
        Ok(())
    } else {
        Err(CliError::failed(format!("the {what} is not the one that the run was closed with")))
    }
}

/// Returns the digest of an answer that lies in a file.
fn digest_of(path: &Path) -> Result<String, CliError> {
    let failed = |why: &dyn std::fmt::Display| CliError::failed(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let not_arrow = |_| failed(&"not an Arrow IPC stream that can be read");
    let batches = StreamReader::try_new_buffered(file, None).map_err(not_arrow)?;
    let mut digest = AnswerDigest::new(batches.schema());
    for batch in batches {
        batch.and_then(|batch| digest.add(&batch)).map_err(not_arrow)?;
    }
    Ok(digest.finish())
}

pub(super) async fn publish(args: PublishArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let (run, head) = flow::publish_log(&ctx, &hub).await?;
    if args.json {
        return out::json(&json!({ "run": run.to_string(), "size": head.size, "root": head.root }));
    }
    out::line(format!("published: {} runs; head {}:{}", table::count(head.size), head.size, head.root))?;
    Ok(())
}

pub(super) async fn key(args: KeyArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    // Public, and the same for everyone: who asks is only looked up.
    args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let keys = hub.audit_log().keys();
    for key in &keys {
        out::line(key)?;
    }
    if keys.len() > 1 {
        out::note(
            "the first one signs from now on; the second one as well, until [audit] keys_signing is 1 again",
        );
    }
    Ok(())
}
