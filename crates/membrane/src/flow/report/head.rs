//! The head of a report, and what shows a third party that it is of the record.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use membrane_ledger::LogHead;
use membrane_report::{Block, Document, FindingKind, Moment, Section};

use super::parts::{finding, moment, paragraph, section};
use super::{Asked, ReportFilter, ReportKind};
use crate::error::{Error, explain};

/// The log, as it was when the report was made.
pub(super) struct SignedLog {
    /// What was signed and published last; none: nothing was yet.
    signed: Option<LogHead>,
    /// What the ledger has.
    ledger: LogHead,
    keys: Vec<String>,
    /// Why not all that the ledger has is signed.
    unsigned: Option<(FindingKind, String)>,
}

impl SignedLog {
    /// Publishes what is new, so that the runs that a report names are below a signed head; says why, where that cannot be.
    pub(super) async fn read(asked: &Asked<'_>) -> Result<Self, Error> {
        let hub = asked.hub;
        let (log, ledger) = (hub.audit_log(), hub.ledger());
        let published = log.publish(asked.ctx.now()).await;
        let unsigned = published.as_ref().err().map(|error| {
            let kind = if error.is_fault() { FindingKind::Fault } else { FindingKind::Warning };
            (kind, explain(error))
        });
        let signed = match published.ok() {
            Some(head) => Some(head),
            None => ledger.last_published().await.map_err(Error::Ledger)?.map(|(head, _)| head),
        };
        Ok(Self {
            signed,
            ledger: ledger.log_head().await.map_err(Error::Ledger)?,
            keys: log.keys(),
            unsigned,
        })
    }

    fn known(&self) -> String {
        match &self.signed {
            Some(head) => format!("{}:{}", head.size, head.root),
            None => "SIZE:ROOT".to_owned(),
        }
    }
}

/// Begins the document of a report.
pub(super) fn document(asked: &Asked<'_>, kind: ReportKind, log: &SignedLog) -> Document {
    let (hub, run) = (asked.hub, asked.run.to_string());
    let end = run.rsplit('-').next().unwrap_or_default();
    let mut document = Document::new(kind.title(), format!("{kind}-{end}"));
    document.subject = subject(asked, kind);
    document.made_at = made_at(asked.now);
    let period = format!("{} to {}", moment(asked.period.since), moment(asked.period.until));
    document.push_fact("Period", format!("{period} (UTC; runs by when they started)"));
    document.push_fact("Hub", hub.id());
    document.push_fact("Asked by", format!("{}, by the door `{}`", asked.ctx.principal, asked.ctx.channel));
    document.push_fact("Run", format!("{run}: this report is an act on record, as all others are"));
    document.push_fact("Policies", policies(asked));
    document.push_fact("Catalog", format!("version {}", hub.catalog().content_hash()));
    match &log.signed {
        Some(head) => {
            document.push_fact("Log, signed", format!("{} runs, root {}", head.size, head.root));
        }
        None => document.push_fact("Log, signed", "nothing was signed and published yet"),
    }
    if log.signed.as_ref() != Some(&log.ledger) {
        document
            .push_fact("Log, in the ledger", format!("{} runs, root {}", log.ledger.size, log.ledger.root));
    }
    document.push_fact("Keys of the log", log.keys.join("\n"));
    document
}

/// Says in one line what a report is about.
fn subject(asked: &Asked<'_>, kind: ReportKind) -> String {
    let words = about(asked.filter);
    match kind {
        ReportKind::Access if words.is_empty() => "Who may see columns, and who saw them".to_owned(),
        ReportKind::Access => format!("Who may see, and who saw: {words}"),
        ReportKind::Processing => {
            let law = "Record of processing activities (GDPR Article 30, PIPL Articles 54 to 56)";
            if words.is_empty() { law.to_owned() } else { format!("{law}: {words}") }
        }
        ReportKind::Releases if words.is_empty() => {
            "Differentially private aggregates that partners received, and what they cost".to_owned()
        }
        ReportKind::Releases => format!("Differentially private aggregates that partners received: {words}"),
        ReportKind::Policy => "Who may do what, what is proved of it, and how it changed".to_owned(),
        ReportKind::Impact => format!("Data protection impact assessment (GDPR Article 35): {words}"),
    }
}

/// Says what is stated of a filter.
fn about(filter: &ReportFilter) -> String {
    let stated = [
        ("class", filter.class.as_ref().map(ToString::to_string)),
        ("dataset", filter.dataset.as_ref().map(ToString::to_string)),
        ("column", filter.column.as_ref().map(ToString::to_string)),
        ("level", filter.level.map(|level| level.to_string())),
        ("principal", filter.principal.as_ref().map(ToString::to_string)),
        ("purpose", filter.purpose.as_ref().map(ToString::to_string)),
    ];
    let words = stated.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    words.collect::<Vec<_>>().join(", ")
}

fn policies(asked: &Asked<'_>) -> String {
    let version = asked.hub.policies().version();
    match asked.hub.publication() {
        Some(number) => format!("publication {number}, version {version}"),
        None => format!("version {version}, from files; nothing is published"),
    }
}

fn made_at(now: DateTime<Utc>) -> Option<Moment> {
    let small = |part: u32| u8::try_from(part).ok();
    let date = (u16::try_from(now.year()).ok()?, small(now.month())?, small(now.day())?);
    let time = (small(now.hour())?, small(now.minute())?, small(now.second())?);
    Moment::utc(date, time).ok()
}

/// Says how what a report says is checked, by whoever does not trust the hub.
pub(super) fn evidence(asked: &Asked<'_>, kind: ReportKind, log: &SignedLog) -> Result<Section, Error> {
    let mut section = section("evidence", "Evidence")?;
    let blocks = &mut section.blocks;
    blocks.push(paragraph(
        "Each run that is named here is an entry of a log in the open formats of C2SP, whose head the hub signs. Whoever has the key of \
         the log, by a way that they trust, checks each entry without the hub. This report itself is no proof: the entries are.",
    ));
    if let Some((kind, why)) = &log.unsigned {
        let told = format!(
            "What the ledger has could not be signed and published, and is not below a signed head: {why}"
        );
        blocks.push(finding(*kind, told));
    }
    let key = log.keys.first().map_or("KEY", String::as_str);
    blocks.push(Block::Code(format!(
        "membrane audit prove RUN --out proof\n\
         membrane audit check proof/RUN.tlog-proof --key {key}\n\
         membrane audit verify --log WHERE_THE_LOG_LIES --key {key} --since {}",
        log.known()
    )));
    blocks.push(Block::List(vec![
        "The first, on the hub's machine, writes the entry of a run and a proof that it is in the log: who, what for, which policies \
         decided at which level about which column, how it ended. RUN is an id of this report."
            .to_owned(),
        "The second checks that proof anywhere, without hub and network.".to_owned(),
        "The third reads the published log as a whole, from any machine that may read it, and that it begins with the head that this \
         report names: keep the head, and later reports cannot be of another past."
            .to_owned(),
        format!(
            "This report was made in the run {}, which is in the log once it is closed: its entry says who asked for what.",
            asked.run
        ),
    ]));
    blocks.push(paragraph(limits(kind)));
    Ok(section)
}

/// Says what a report cannot show.
const fn limits(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Access => {
            "What this cannot show: what somebody did with an answer once they had it, and what was read past the hub, by whoever has the root \
             key or the machine. Rows of an answer are not kept, so it is not said of which members they were. Classes are those of the \
             catalog that is served now."
        }
        ReportKind::Processing | ReportKind::Impact => {
            "What this cannot show: what is processed outside the hub, and what people agreed on and wrote down nowhere in the catalog. \
             Whatever is marked as to be filled in is for a person to say; nothing was made up in its place."
        }
        ReportKind::Releases => {
            "What this cannot show: what partners did with an answer. The hub keeps no receipts; the partner has them, and each can be checked \
             with the public key of the hub's receipts. Answers that were given again cost nothing and are no releases of their own."
        }
        ReportKind::Policy => {
            "What this cannot show: whether a column has the class that it should have, and whether a policy is right. A claim is proved of \
             every principal, group, column, row and time that schema and catalog allow, and of nothing outside them."
        }
    }
}
