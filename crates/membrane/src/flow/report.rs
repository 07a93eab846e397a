//! REPORT: what a compliance officer hands to others, made of the record, the catalog, the contracts and the policies that are served.
//!
//! ```text
//! open run -> permit to audit -> read (pages of the record, policies, documents) -> Document -> close run -> Markdown, JSON, HTML, PDF
//! ```
//!
//! A report says what the hub knows and how to check it. What the hub cannot know is a question to be filled in by hand. Whoever may not look
//! at the record gets nothing of it, as the permit comes before the first thing that is read.

mod access;
mod can;
mod did;
mod head;
mod impact;
mod meant;
mod measures;
mod origin;
mod parts;
mod policy;
mod processing;
mod releases;
mod uses;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_ledger::{RunDetail, RunMark, RunRecord, RunSearch, RunWindow};
use membrane_model::{
    Action, ClassName, ColumnName, DatasetName, NameError, PrincipalId, Purpose, RevealLevel, RunId,
};
use membrane_policy::Permit;
use membrane_report::{Document, Section};

use super::run::{ActiveRun, RunHead, finish};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// Runs that are read at once.
const PAGE: u32 = 1_000;

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// Who may see what, and who saw it.
    Access,
    /// A record of processing activities.
    Processing,
    /// What partners were told.
    Releases,
    /// What policies say, and how that changed.
    Policy,
    /// The beginning of an impact assessment.
    Impact,
}

/// What a report is about; what is not stated is of no account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// Columns of this class, or of one below it.
    pub class: Option<ClassName>,
    /// One dataset.
    pub dataset: Option<DatasetName>,
    /// One column, in whichever datasets.
    pub column: Option<ColumnName>,
    /// One reveal level.
    pub level: Option<RevealLevel>,
    /// One principal, or what was done on its behalf.
    pub principal: Option<PrincipalId>,
    /// One purpose.
    pub purpose: Option<Purpose>,
    /// Runs that started then or later.
    pub since: Option<DateTime<Utc>>,
    /// Runs that started earlier.
    pub until: Option<DateTime<Utc>>,
}

/// Which report is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// What is reported.
    pub kind: ReportKind,
    /// About what.
    pub filter: ReportFilter,
}

/// The time that a report is about: its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// A report that is being made: the permit is there.
struct Asked<'a> {
    ctx: &'a RequestCtx,
    hub: &'a Hub,
    permit: &'a Permit,
    run: RunId,
    now: DateTime<Utc>,
    filter: &'a ReportFilter,
    period: Period,
}

impl Asked<'_> {
    /// Reads the runs of the period, page by page, the newest first.
    async fn each_run(&self, detail: RunDetail, mut take: impl FnMut(RunRecord)) -> Result<(), Error> {
        let (window, mut mark) = (self.period.window(), None);
        loop {
            let page = self.hub.ledger().page_of_runs(&window, detail, mark, PAGE).await;
            let page = page.map_err(Error::Ledger)?;
            let Some(last) = page.last() else { return Ok(()) };
            mark = Some(RunMark { at: last.started, run: last.run });
            if detail != RunDetail::Head {
                let runs: Vec<RunId> = page.iter().map(|run| run.run).collect();
                self.hub.ledger().require_unaltered(&runs).await.map_err(Error::Ledger)?;
            }
            page.into_iter().for_each(&mut take);
        }
    }
}

impl ReportKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Access, Self::Processing, Self::Releases, Self::Policy, Self::Impact];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Processing => "processing",
            Self::Releases => "releases",
            Self::Policy => "policy",
            Self::Impact => "impact",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Access => "Access to columns",
            Self::Processing => "Record of processing",
            Self::Releases => "Releases to partners",
            Self::Policy => "Policies",
            Self::Impact => "Impact assessment (skeleton)",
        }
    }

    /// Returns how many days before its end the period of a report begins, unless that is stated.
    const fn days(self) -> i64 {
        match self {
            Self::Access => 30,
            Self::Processing | Self::Releases | Self::Policy | Self::Impact => 365,
        }
    }

    /// Names what the report can be about, beside a period.
    const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Access => &["class", "dataset", "column", "level", "principal", "purpose"],
            Self::Processing => &["dataset", "purpose"],
            Self::Releases => &["dataset", "principal"],
            Self::Policy => &[],
            Self::Impact => &["purpose"],
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReportKind {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found
            .ok_or_else(|| NameError::new("kind of report", "access, processing, releases, policy or impact"))
    }
}

impl ReportFilter {
    /// Returns the same as a search of the record. What a search cannot ask for, the class, is left out.
    fn search(&self) -> RunSearch {
        RunSearch {
            principal: self.principal.clone(),
            purpose: self.purpose.clone(),
            dataset: self.dataset.clone(),
            column: self.column.clone(),
            level: self.level,
            since: self.since,
            until: self.until,
            ..RunSearch::default()
        }
    }
}

impl ReportRequest {
    /// Says what is wrong with the request, if something is.
    fn fault(&self) -> Option<String> {
        let filter = &self.filter;
        let stated = [
            ("class", filter.class.is_some()),
            ("dataset", filter.dataset.is_some()),
            ("column", filter.column.is_some()),
            ("level", filter.level.is_some()),
            ("principal", filter.principal.is_some()),
            ("purpose", filter.purpose.is_some()),
        ];
        let takes = self.kind.takes();
        if let Some((name, _)) = stated.iter().find(|(name, is_stated)| *is_stated && !takes.contains(name)) {
            return Some(format!("the report `{}` takes no `{name}`", self.kind));
        }
        if self.kind == ReportKind::Impact && filter.purpose.is_none() {
            return Some("an impact assessment is of one `purpose`: state which".to_owned());
        }
        None
    }

    /// Returns the period; without an end up to now, this moment included.
    fn period(&self, now: DateTime<Utc>) -> Result<Period, Error> {
        let until = self.filter.until.unwrap_or(now + TimeDelta::microseconds(1));
        let since = self.filter.since.or_else(|| until.checked_sub_signed(TimeDelta::days(self.kind.days())));
        match since {
            Some(since) if since < until => Ok(Period { since, until }),
            _ => Err(Error::BadRequest(
                "the period ends before it begins: `since` is before `until`".to_owned(),
            )),
        }
    }

    /// Says on record what is reported.
    ///
    /// PRIVACY: a name that nobody knows may be anything that someone typed; of it is said that there was one.
    fn job(&self, hub: &Hub) -> String {
        let job = super::search::job(hub, &format!("report {}", self.kind), &self.filter.search());
        match &self.filter.class {
            Some(class) if hub.catalog().classes().any(|known| known == class) => {
                format!("{job} class={class}")
            }
            Some(_) => format!("{job} class=?"),
            None => job,
        }
    }
}

impl Period {
    /// Returns the same as the ledger has it, whose ends belong to it.
    fn window(self) -> RunWindow {
        let last = self.until - TimeDelta::microseconds(1);
        RunWindow { since: Some(self.since), until: Some(last), ..RunWindow::default() }
    }

    fn has(self, at: DateTime<Utc>) -> bool {
        self.since <= at && at < self.until
    }
}

/// Makes a report, in a run that may audit.
///
/// # Errors
/// [`Failure`] when the request is not one, it is refused, or the record cannot be read or written.
pub async fn make_report(
    ctx: &RequestCtx,
    hub: &Hub,
    request: &ReportRequest,
) -> Result<(RunId, Document), Failure> {
    let now = ctx.now();
    if let Some(fault) = request.fault() {
        return Err(Failure::without_run(Error::BadRequest(fault)));
    }
    let period = request.period(now).map_err(Failure::without_run)?;
    let head = RunHead { action: Action::Audit, purpose: None, job: request.job(hub), statement: None };
    let mut run = ActiveRun::open(ctx, hub, head).await?;
    let id = run.id();
    let made = match run.permit(hub, Vec::new()).await {
        Ok(permit) => {
            let filter = &request.filter;
            let asked = Asked { ctx, hub, permit: &permit, run: id, now, filter, period };
            Box::pin(make(&asked, request.kind)).await
        }
        Err(error) => Err(error),
    };
    finish(run, made).await
}

async fn make(asked: &Asked<'_>, kind: ReportKind) -> Result<Document, Error> {
    let sections: Vec<Section> = match kind {
        ReportKind::Access => Box::pin(access::sections(asked)).await?,
        ReportKind::Processing => Box::pin(processing::sections(asked)).await?,
        ReportKind::Releases => Box::pin(releases::sections(asked)).await?,
        ReportKind::Policy => Box::pin(policy::sections(asked)).await?,
        ReportKind::Impact => Box::pin(impact::sections(asked)).await?,
    };
    // The head of the log comes last: what was read is below it.
    let log = head::SignedLog::read(asked).await?;
    let mut document = head::document(asked, kind, &log);
    for section in sections {
        document.push_section(section).map_err(parts::wrong)?;
    }
    document.push_section(head::evidence(asked, kind, &log)?).map_err(parts::wrong)?;
    Ok(document)
}

#[cfg(test)]
mod tests;
