//! A run that cannot be left open: it is closed by the flow, or, when the flow is dropped half-way, in the background.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::{
    ClosedRun, DatasetVersion, Document, DocumentKind, Entrance, Evidence, Ledger, LedgerError, NewDocument,
    NewRun, OpenRun, RunOutcome, RunState,
};
use membrane_model::{Action, Clock, ColumnName, DatasetName, LineageEdge, PrincipalId, Purpose, RunId};
use membrane_policy::{
    Acting, BreakGlassRequest, BrokenGlass, DatasetPermit, DelegationEnd, DelegationRequest, Handed, Lookup,
    Permit, Request, RowRule,
};
use membrane_query::{AnswerDigest, Statement};
use tokio::task::JoinHandle;

use crate::audit_log::AuditLog;
use crate::ctx::{Channel, RequestCtx};
use crate::delegations::Delegation;
use crate::error::{Error, Failure};
use crate::grants::Grant;
use crate::hub::Hub;
use crate::openlineage::Sinks;
use crate::steps::{Stepped, Steps, text_of};
use crate::tasks::{TaskGuard, Tasks};

/// What a run is opened with.
pub(super) struct RunHead {
    pub(super) action: Action,
    pub(super) purpose: Option<Purpose>,
    pub(super) job: String,
    /// SQL with its literals removed.
    pub(super) statement: Option<String>,
}

/// What a run asks a permit for.
#[derive(Default)]
struct Wanted {
    datasets: Vec<DatasetName>,
    /// Every other dataset that there is for the principal as well.
    lists: bool,
    lookups: Vec<Lookup>,
}

/// Names the job of a run about something that the catalog or the policies know; a name that nobody knows may be an
/// identifier in the wrong place, and is not recorded.
pub(super) fn job(verb: &str, name: impl Display, known: bool) -> String {
    if known { format!("{verb} {name}") } else { verb.to_owned() }
}

/// Returns as whom the run's principal is recorded, and so decided about.
///
/// PRIVACY: a name at the command line that nobody has may be anything that someone typed. It is recorded as `unknown`, whom nothing is
/// permitted either; the record is published. Names that a bearer has were signed by the hub.
fn recorded_principal(ctx: &RequestCtx, hub: &Hub) -> PrincipalId {
    let typed = &ctx.principal;
    if ctx.channel != Channel::Cli || hub.policies().knows(typed) {
        return typed.clone();
    }
    let unknown = format!("{}:unknown", typed.kind().as_str()).parse::<PrincipalId>();
    // INVARIANT: nobody acts for somebody else: a hub that has a principal of that name keeps what was typed.
    unknown.ok().filter(|unknown| !hub.policies().knows(unknown)).unwrap_or_else(|| typed.clone())
}

/// Tells whether a word is the name of a dataset or of a column: what a statement may be recorded with.
pub(super) fn knows(hub: &Hub, word: &str) -> bool {
    hub.catalog().datasets().any(|dataset| {
        dataset.name.as_str() == word || dataset.columns.iter().any(|column| column.name.as_str() == word)
    })
}

/// Names the grants that counted for a permit, as the decisions do: broken glass before a column of it, and of each dataset the first delegation.
fn grants_of(permit: &Permit, broken: &[BrokenGlass], handed: Option<&[Handed]>) -> Vec<String> {
    // PRIVACY: what was broken for one person counts for nobody who acts in their name; see the authorizer.
    let Some(handed) = handed else {
        let is_behind = |(dataset, column): &(DatasetName, ColumnName)| {
            permit.dataset(dataset).is_some_and(|permitted| permitted.column(column).is_some())
        };
        let counts = |glass: &&BrokenGlass| glass.columns.iter().any(is_behind);
        return broken.iter().filter(counts).map(|glass| format!("break-glass {}", glass.grant)).collect();
    };
    let first = |permitted: &DatasetPermit| {
        let name = &permitted.dataset().name;
        handed.iter().find(|handed| handed.datasets.contains(name)).map(|handed| handed.delegation)
    };
    permit.datasets().filter_map(first).map(|number| format!("delegation {number}")).collect()
}

/// Says what a permit holds back beside the levels of columns: rows, and levels that depend on rows.
fn obligations_of(permit: &Permit) -> Vec<String> {
    let mut obligations = Vec::new();
    for permitted in permit.datasets() {
        let name = &permitted.dataset().name;
        if *permitted.row_rule() != RowRule::All {
            obligations.push(format!("rows {name}"));
        }
        if permitted.columns().iter().any(|column| !column.when().is_empty()) {
            obligations.push(format!("levels {name}"));
        }
    }
    obligations
}

/// Closes a run of which something was found, or not.
pub(super) async fn finish<T>(run: ActiveRun, found: Result<T, Error>) -> Result<(RunId, T), Failure> {
    match found {
        Ok(found) => {
            let id = run.id();
            run.complete().await?;
            Ok((id, found))
        }
        Err(error) => Err(run.fail(error).await),
    }
}

/// What was done in a run, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) rows_in: Option<u64>,
    pub(super) rows_out: Option<u64>,
    pub(super) rows_quarantined: Option<u64>,
    pub(super) bytes_out: Option<u64>,
    /// Sealed cells that were opened; it counts on while the answer is made.
    pub(super) cells_opened: Arc<AtomicU64>,
    pub(super) inputs: Vec<DatasetVersion>,
    pub(super) outputs: Vec<DatasetVersion>,
    pub(super) edges: Vec<LineageEdge>,
    /// What stands for the plan.
    pub(super) plan: Option<String>,
    /// What stands for the answer, as far as it left.
    pub(super) answer: Option<AnswerDigest>,
}

/// An open run, and the duty to close it.
pub(super) struct ActiveRun {
    /// What was done so far; it is recorded however the run ends.
    pub(super) work: Work,
    open: Option<OpenRun>,
    /// What policy held back, and the grants that counted.
    obligations: Vec<String>,
    grants: Vec<String>,
    /// On whose behalf it is asked, as it was said: there need not be anybody of that name.
    delegator: Option<PrincipalId>,
    id: RunId,
    action: Action,
    started: DateTime<Utc>,
    ctx: RequestCtx,
    tasks: Tasks,
    teller: Teller,
    _guard: TaskGuard,
    _heartbeat: Heartbeat,
}

/// How often a step is tried whose number others take at the same moment.
const STEP_TRIES_MAX: usize = 16;

/// Closes runs, and tells whoever keeps lineage elsewhere.
#[derive(Clone)]
struct Teller {
    sinks: Arc<Sinks>,
    catalog: Arc<Catalog>,
    /// The published log, where the answer of the run waits for it.
    log: Option<Arc<AuditLog>>,
}

impl Teller {
    /// Closes a run, and tells of it when it is. Returns once it is published, if its answer waits for that.
    async fn close(self, open: OpenRun, outcome: RunOutcome) -> Result<ClosedRun, Error> {
        let finished = outcome.finished;
        let closed = open.close(outcome).await.map_err(Error::Record)?;
        self.sinks.closed(closed.run, &self.catalog);
        if let Some(log) = &self.log {
            Box::pin(log.settle(&closed, finished)).await.map_err(Error::Unpublished)?;
        }
        Ok(closed)
    }
}

/// How often the process of an open run says that it is at work.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// Says that a run is at work, for as long as this is kept.
struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    fn start(ledger: Ledger, run: RunId, clock: Arc<dyn Clock>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if let Err(error) = ledger.touch_run(&run, clock.now()).await {
                    tracing::warn!(run.id = %run, %error, "the ledger did not hear of run `{run}`");
                }
            }
        }))
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ActiveRun {
    /// Opens a run. Nothing is done before this has succeeded.
    pub(super) async fn open(ctx: &RequestCtx, hub: &Hub, head: RunHead) -> Result<Self, Failure> {
        Self::open_for(ctx, hub, head, None).await
    }

    /// Opens a run of somebody who acts for another. All that is then permitted is by what the other handed on.
    pub(super) async fn open_for(
        ctx: &RequestCtx,
        hub: &Hub,
        head: RunHead,
        delegator: Option<PrincipalId>,
    ) -> Result<Self, Failure> {
        let (started, action) = (ctx.now(), head.action);
        // PRIVACY: a purpose that nobody knows may be anything that someone typed; it is refused as a missing one is.
        let purpose = head.purpose.filter(|purpose| hub.catalog().has_purpose(purpose));
        // PRIVACY: a name that nobody has may be anything that someone typed, unless something was handed on in it once.
        let on_behalf_of = match &delegator {
            Some(name) if hub.policies().knows(name) || hub.delegations().has_from(name).await => Some(name),
            _ => None,
        };
        let open = hub
            .ledger()
            .open_run(NewRun {
                principal: recorded_principal(ctx, hub),
                on_behalf_of: on_behalf_of.cloned(),
                channel: ctx.channel,
                entrance: Entrance {
                    session: ctx.session.clone(),
                    address: ctx.address,
                    publication: hub.publication(),
                },
                action,
                purpose,
                job: head.job,
                statement: head.statement,
                started,
            })
            .await
            .map_err(|error| Failure::without_run(Error::Record(error)))?;
        let id = open.id();
        // What the hub does by itself is answered to nobody.
        let log = Some(hub.audit_log_shared()).filter(|log| log.answers_wait());
        let log = log.filter(|_| ctx.channel != Channel::Schedule).cloned();
        let teller = Teller { sinks: Arc::clone(hub.sinks()), catalog: Arc::clone(hub.catalog()), log };
        teller.sinks.opened(id, &teller.catalog);
        let guard = hub.tasks().guard();
        Ok(Self {
            work: Work::default(),
            open: Some(open),
            obligations: Vec::new(),
            grants: Vec::new(),
            delegator,
            id,
            action,
            started,
            ctx: ctx.clone(),
            tasks: hub.tasks().clone(),
            teller,
            _guard: guard,
            _heartbeat: Heartbeat::start(hub.ledger().clone(), id, ctx.clock.clone()),
        })
    }

    /// Says that the end of the run does not wait until it is published: of what nobody is answered by it, and of acts on the published log
    /// itself, which are done when it cannot be published.
    pub(super) fn do_not_wait(&mut self) {
        self.teller.log = None;
    }

    /// Returns the id.
    pub(super) fn id(&self) -> RunId {
        self.id
    }

    /// Returns what it was opened for.
    pub(super) const fn action(&self) -> Action {
        self.action
    }

    /// Returns the run as it is open in the ledger.
    pub(super) fn opened(&mut self) -> Result<&mut OpenRun, Error> {
        self.open.as_mut().ok_or(Error::Internal("the run is closed"))
    }

    /// Signs and writes a document: what this run brought about.
    pub(super) async fn add_document(
        &mut self,
        hub: &Hub,
        (kind, number): (DocumentKind, u64),
        body: String,
        files: Vec<String>,
    ) -> Result<(), Error> {
        self.add_document_about(hub, (kind, number), (body, files), None).await
    }

    /// Signs and writes down a revision of a dataset's contract.
    pub(super) async fn add_contract(
        &mut self,
        hub: &Hub,
        number: u64,
        body: String,
        dataset: &DatasetName,
    ) -> Result<(), Error> {
        let kind = DocumentKind::Contract;
        self.add_document_about(hub, (kind, number), (body, Vec::new()), Some(dataset.as_str())).await
    }

    async fn add_document_about(
        &mut self,
        hub: &Hub,
        (kind, number): (DocumentKind, u64),
        (body, files): (String, Vec<String>),
        about: Option<&str>,
    ) -> Result<(), Error> {
        let signature = hub.signer().sign(&Document::signed_text(kind, number, &body));
        let document = NewDocument { kind, number, body, signature, files };
        self.opened()?.add_document_about(&document, about).await.map_err(|error| match error {
            LedgerError::DocumentTaken => Error::InTheWay,
            error => Error::Record(error),
        })
    }

    /// Signs and writes a step: what the run's principal did to a grant or a delegation. Which step it is follows from the number
    /// that it gets and from what there is; both are looked at again while others take that number.
    pub(super) async fn add_step<T: Stepped>(
        &mut self,
        hub: &Hub,
        steps: &Steps<T>,
        next: impl Fn(u64, &[T]) -> Result<T::Step, Error>,
    ) -> Result<u64, Error> {
        for _ in 0..STEP_TRIES_MAX {
            let (last, all) = steps.all().await?;
            let number = last.saturating_add(1);
            let body = text_of(&next(number, &all)?)?;
            match self.add_document(hub, (T::KIND, number), body, Vec::new()).await {
                Err(Error::InTheWay) => {}
                written => return written.map(|()| number),
            }
        }
        Err(Error::InTheWay)
    }

    /// Asks whether the run's principal may ask for break-glass.
    pub(super) async fn may_request_glass(
        &mut self,
        hub: &Hub,
        asked: &BreakGlassRequest,
    ) -> Result<(), Error> {
        let now = self.ctx.now();
        let decided = hub.authorizer().decide_break_glass_request(self.opened()?, asked, now).await;
        decided.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may agree to a break-glass.
    pub(super) async fn may_approve_glass(&mut self, hub: &Hub, grant: &Grant) -> Result<(), Error> {
        let (now, asked) = (self.ctx.now(), (grant.number, &grant.asked));
        let decided = hub.authorizer().decide_break_glass_approval(self.opened()?, asked, now).await;
        decided.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may end a break-glass.
    pub(super) async fn may_end_glass(&mut self, hub: &Hub, grant: &Grant) -> Result<(), Error> {
        let (now, asked) = (self.ctx.now(), (grant.number, &grant.asked));
        let decided = hub.authorizer().decide_break_glass_end(self.opened()?, asked, now).await;
        decided.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may list all break-glass, or only their own.
    pub(super) async fn lists_all_glass(&mut self, hub: &Hub) -> Result<bool, Error> {
        let now = self.ctx.now();
        hub.authorizer().decide_break_glass_list(self.opened()?, now).await.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may hand this on, for some days.
    pub(super) async fn may_delegate(
        &mut self,
        hub: &Hub,
        asked: (&DelegationRequest, u32),
    ) -> Result<(), Error> {
        let now = self.ctx.now();
        let decided = hub.authorizer().decide_delegation(self.opened()?, asked, now).await;
        decided.map_err(Error::Refused)
    }

    /// Says on record which delegation the run made.
    pub(super) async fn made_delegation(&mut self, hub: &Hub, number: u64) -> Result<(), Error> {
        let recorded = hub.authorizer().record_delegation(self.opened()?, number).await;
        recorded.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may end a delegation, if there is one.
    pub(super) async fn may_end_delegation(
        &mut self,
        hub: &Hub,
        one: Option<&Delegation>,
    ) -> Result<(), Error> {
        let now = self.ctx.now();
        let end =
            one.map(|one| DelegationEnd { number: one.number, asked: &one.asked, is_over: one.is_over(now) });
        hub.authorizer().decide_delegation_end(self.opened()?, end, now).await.map_err(Error::Refused)
    }

    /// Asks whether the run's principal may list the delegations from and to it.
    pub(super) async fn may_list_delegations(&mut self, hub: &Hub) -> Result<(), Error> {
        let decided = hub.authorizer().decide_delegation_listing(self.opened()?).await;
        decided.map_err(Error::Refused)
    }

    /// Asks for a permit on these datasets, for the run's own principal, action and purpose.
    pub(super) async fn permit(&mut self, hub: &Hub, datasets: Vec<DatasetName>) -> Result<Permit, Error> {
        self.permit_for(hub, Wanted { datasets, ..Wanted::default() }).await
    }

    /// Asks for a permit on all that a statement names.
    pub(super) async fn permit_to_read(&mut self, hub: &Hub, statement: &Statement) -> Result<Permit, Error> {
        let wanted = Wanted {
            datasets: statement.tables().iter().chain(statement.described()).cloned().collect(),
            lists: statement.lists(),
            lookups: statement.lookups().to_vec(),
        };
        self.permit_for(hub, wanted).await
    }

    async fn permit_for(&mut self, hub: &Hub, wanted: Wanted) -> Result<Permit, Error> {
        let (now, lookups_per_hour) = (self.ctx.now(), self.ctx.limits.lookups_per_hour);
        let delegator = self.delegator.clone();
        let run = self.opened()?;
        let broken = match (run.action(), run.purpose(), &delegator) {
            (Action::Read, Some(purpose), None) => {
                hub.grants().open_for(run.principal(), purpose, now).await?
            }
            _ => Vec::new(),
        };
        let acting = match delegator {
            None => None,
            Some(delegator) => {
                let handed = match run.purpose() {
                    Some(purpose) => {
                        hub.delegations().open_for((&delegator, run.principal()), purpose, now).await?
                    }
                    None => Vec::new(),
                };
                Some(Acting { delegator, handed })
            }
        };
        let request = Request {
            principal: run.principal().clone(),
            action: run.action(),
            purpose: run.purpose().cloned(),
            datasets: wanted.datasets,
            lists: wanted.lists,
            lookups: wanted.lookups,
            lookups_per_hour,
            broken,
            acting,
            now,
        };
        let (broken, acting) = (request.broken.clone(), request.acting.clone());
        let permit = hub.authorizer().issue(run, request).await.map_err(Error::Refused)?;
        let handed = acting.as_ref().map(|acting| acting.handed.as_slice());
        self.grants.extend(grants_of(&permit, &broken, handed));
        self.obligations.extend(obligations_of(&permit));
        Ok(permit)
    }

    /// Asks for a permit on every dataset that there is for the run's principal, to list them.
    pub(super) async fn listing(&mut self, hub: &Hub) -> Result<Permit, Error> {
        let now = self.ctx.now();
        let run = self.opened()?;
        let (principal, purpose) = (run.principal().clone(), run.purpose().cloned());
        let visible = hub.authorizer().visible_datasets(run, &principal, purpose.as_ref(), now);
        visible.await.map_err(Error::Refused)
    }

    /// Closes the run as complete. Only then may the answer, or its last part, leave; where answers wait, it is published by then.
    pub(super) async fn complete(mut self) -> Result<ClosedRun, Failure> {
        let run = Some(self.id);
        let open = self.open.take().ok_or(Failure { error: Error::Internal("the run is closed"), run })?;
        let outcome = self.outcome(RunState::Complete, None);
        match self.close(open, outcome).await {
            Some(closed) => closed.map_err(|error| Failure { error, run }),
            None => Err(Failure { error: Error::Internal("the closing of the run stopped"), run }),
        }
    }

    /// Closes the run as failed or refused, and returns the failure to answer with.
    pub(super) async fn fail(mut self, error: Error) -> Failure {
        let id = self.id;
        let state = if error.is_refusal() { RunState::Refused } else { RunState::Fail };
        if let Some(open) = self.open.take() {
            let outcome = self.outcome(state, Some(error.code()));
            match self.close(open, outcome).await {
                // A refusal is an answer as well.
                Some(Err(unpublished @ Error::Unpublished(_))) => {
                    return Failure { error: unpublished, run: Some(id) };
                }
                Some(Err(unrecorded)) => {
                    let why = unrecorded.explain();
                    tracing::error!(run.id = %id, "the failed run `{id}` could not be closed: {why}");
                }
                _ => {}
            }
        }
        Failure { error, run: Some(id) }
    }

    /// Closes the run on a task of its own: whoever goes away while it is being closed does not keep it open.
    async fn close(&self, open: OpenRun, outcome: RunOutcome) -> Option<Result<ClosedRun, Error>> {
        self.tasks.spawn(self.teller.clone().close(open, outcome)).await.ok()
    }

    fn outcome(&mut self, state: RunState, code: Option<&str>) -> RunOutcome {
        let finished = self.ctx.now();
        let work = std::mem::take(&mut self.work);
        // Of an answer that broke off nobody has the whole.
        let answer = work.answer.filter(|_| state == RunState::Complete).map(AnswerDigest::finish);
        let (mut obligations, mut grants) =
            (std::mem::take(&mut self.obligations), std::mem::take(&mut self.grants));
        for list in [&mut obligations, &mut grants] {
            list.sort_unstable();
            list.dedup();
        }
        RunOutcome {
            state,
            error_code: code.map(str::to_owned),
            rows_in: work.rows_in,
            rows_out: work.rows_out,
            rows_quarantined: work.rows_quarantined,
            bytes_out: work.bytes_out,
            cells_opened: Some(work.cells_opened.load(Ordering::Relaxed)).filter(|opened| *opened > 0),
            duration_ms: milliseconds(finished - self.started),
            inputs: work.inputs,
            outputs: work.outputs,
            edges: work.edges,
            evidence: Evidence { plan: work.plan, answer, obligations, grants },
            finished,
        }
    }
}

impl Drop for ActiveRun {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let outcome = self.outcome(RunState::Fail, Some("abandoned"));
        // Nobody is there to be answered.
        let (id, teller) = (self.id, Teller { log: None, ..self.teller.clone() });
        if tokio::runtime::Handle::try_current().is_ok() {
            drop(self.tasks.spawn(async move {
                if let Err(unrecorded) = teller.close(open, outcome).await {
                    let why = unrecorded.explain();
                    tracing::error!(run.id = %id, "the abandoned run `{id}` could not be closed: {why}");
                }
            }));
        }
    }
}

fn milliseconds(span: TimeDelta) -> u64 {
    u64::try_from(span.num_milliseconds()).unwrap_or(0)
}
