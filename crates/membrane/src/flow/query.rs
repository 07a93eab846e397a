//! READ: SQL for an analyst, through the governed scan; and for whoever may audit, over the record.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::{BoxStream, StreamExt};
use membrane_model::{Action, Limits, PrincipalId, Purpose, RunId};
use membrane_policy::RefusedReason;
use membrane_query::{
    Answer, AnswerColumn, AnswerDigest, Parameter, QueryError, RecordParts, Statement, SystemTable,
};

use super::record::gather_facts;
use super::run::{ActiveRun, RunHead, Work, knows};
use crate::ctx::RequestCtx;
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// What an analyst asks.
#[derive(Debug, Clone)]
pub struct QueryRequest {
    /// One SELECT.
    pub sql: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// On whose behalf, if not their own.
    pub on_behalf_of: Option<PrincipalId>,
    /// The values of `$1`, `$2` and so on.
    pub parameters: Vec<Parameter>,
}

/// What the analyst gets: batches, the last of which comes after the run was closed.
pub struct QueryAnswer {
    /// The run.
    pub run: RunId,
    /// The columns' types.
    pub schema: SchemaRef,
    /// The columns, each with the level at which it is shown.
    pub columns: Vec<AnswerColumn>,
    /// The rows.
    pub batches: BoxStream<'static, Result<RecordBatch, Failure>>,
}

/// What is asked about. A run has one action: to read data, or to look at the record.
enum Question {
    /// Data; what could not be read is told in the run.
    Data(Result<Statement, QueryError>),
    /// The record.
    Record {
        /// The statement, where the record is there.
        statement: Result<Statement, QueryError>,
        /// What is told where it is not.
        otherwise: QueryError,
    },
}

impl Question {
    fn read(request: &QueryRequest, limits: &Limits) -> Self {
        let with_values =
            |statement: Statement| statement.with_parameters(request.parameters.clone(), limits);
        let data = Statement::parse(&request.sql, limits);
        if let Err(otherwise @ QueryError::UnknownTable { .. }) = &data {
            let record = Statement::parse_for_record(&request.sql, limits);
            // The same fault in both: no table of the record is named before it.
            if record.as_ref().err() != Some(otherwise) {
                return Self::Record {
                    statement: record.and_then(with_values),
                    otherwise: otherwise.clone(),
                };
            }
        }
        Self::Data(data.and_then(with_values))
    }

    const fn action(&self) -> Action {
        match self {
            Self::Data(_) => Action::Read,
            Self::Record { .. } => Action::Audit,
        }
    }

    const fn job(&self) -> &'static str {
        match self {
            Self::Data(_) => "query",
            Self::Record { .. } => "query the record",
        }
    }

    /// Returns the statement as it is recorded.
    fn redacted(&self, hub: &Hub) -> Option<String> {
        match self {
            Self::Data(statement) => {
                statement.as_ref().ok().map(|statement| statement.redacted(|word| knows(hub, word)))
            }
            Self::Record { statement, .. } => statement
                .as_ref()
                .ok()
                .map(|statement| statement.redacted(|word| knows(hub, word) || SystemTable::knows(word))),
        }
    }
}

/// Answers a query.
///
/// # Errors
/// [`Failure`] when it is refused, cannot be planned, or fails before its first batch; a later failure is the last item
/// of the stream.
pub async fn query(ctx: &RequestCtx, hub: &Hub, request: QueryRequest) -> Result<QueryAnswer, Failure> {
    let question = Question::read(&request, &ctx.limits);
    let head = RunHead {
        action: question.action(),
        purpose: request.purpose,
        job: question.job().to_owned(),
        statement: question.redacted(hub),
    };
    let mut run = ActiveRun::open_for(ctx, hub, head, request.on_behalf_of).await?;
    let answer = match start(&mut run, ctx, hub, question).await {
        Ok(answer) => answer,
        Err(error) => return Err(run.fail(error).await),
    };
    run.work = Work {
        inputs: answer.inputs,
        edges: answer.edges,
        rows_out: Some(0),
        cells_opened: answer.cells_opened,
        plan: answer.plan,
        answer: Some(AnswerDigest::new(Arc::clone(&answer.schema))),
        ..Work::default()
    };
    let (id, schema, columns) = (run.id(), answer.schema, answer.columns);
    // Fused: an answer without rows ends here, and whoever takes it asks once more.
    let mut batches = hand_out(run, answer.stream).fuse().boxed();
    // The first batch is fetched here, so that what fails at once is answered as an error and not as a broken stream.
    match batches.next().await {
        Some(Err(failure)) => Err(failure),
        first => {
            let batches = futures::stream::iter(first).chain(batches).boxed();
            Ok(QueryAnswer { run: id, schema, columns, batches })
        }
    }
}

async fn start(
    run: &mut ActiveRun,
    ctx: &RequestCtx,
    hub: &Hub,
    question: Question,
) -> Result<Answer, Error> {
    match question {
        Question::Data(statement) => {
            let statement = statement.map_err(Error::Query)?;
            let permit = run.permit_to_read(hub, &statement).await?;
            hub.engine().query(&permit, &statement).await.map_err(Error::Query)
        }
        Question::Record { statement, otherwise } => {
            let id = run.id();
            let permit = match run.permit(hub, Vec::new()).await {
                // PRIVACY: for whoever may not look, the record is a schema that is not there, in the words for any other.
                Err(Error::Refused(refused)) if refused.reason != RefusedReason::RecordFault => {
                    // The answer hides it: whoever mends policies finds it here, and with the decision.
                    if refused.reason == RefusedReason::PolicyFault {
                        tracing::error!(run.id = %id, "whether run `{id}` may look at the record could not be decided");
                    }
                    return Err(Error::Query(otherwise));
                }
                permit => permit?,
            };
            let statement = statement.map_err(Error::Query)?;
            let facts = gather_facts(hub, &permit, statement.system(), ctx.now()).await?;
            let parts = RecordParts { catalog: Arc::clone(hub.catalog()), facts };
            hub.engine().look(&permit, &statement, parts).await.map_err(Error::Query)
        }
    }
}

/// The rows on their way out.
struct Passage {
    run: ActiveRun,
    stream: BoxStream<'static, Result<RecordBatch, QueryError>>,
    /// The batch that was read and not handed out: the run is closed before the last one leaves.
    held: Option<RecordBatch>,
}

fn hand_out(
    run: ActiveRun,
    stream: BoxStream<'static, Result<RecordBatch, QueryError>>,
) -> impl futures::Stream<Item = Result<RecordBatch, Failure>> {
    let passage = Passage { run, stream, held: None };
    futures::stream::unfold(Some(passage), |passage| async move {
        let mut passage = passage?;
        loop {
            match passage.stream.next().await {
                Some(Ok(batch)) => {
                    if let Err(error) = passage.run.work.count(&batch) {
                        return Some((Err(passage.run.fail(error).await), None));
                    }
                    if let Some(ready) = passage.held.replace(batch) {
                        return Some((Ok(ready), Some(passage)));
                    }
                }
                Some(Err(error)) => return Some((Err(passage.run.fail(Error::Query(error)).await), None)),
                None => {
                    let last = passage.held.take();
                    return match passage.run.complete().await {
                        Ok(_) => last.map(|batch| (Ok(batch), None)),
                        Err(failure) => Some((Err(failure), None)),
                    };
                }
            }
        }
    })
}

impl Work {
    /// Counts rows that are about to leave: whoever breaks off has seen them, for all that is known.
    fn count(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let add = |sum: Option<u64>, more: usize| {
            Some(sum.unwrap_or(0).saturating_add(u64::try_from(more).unwrap_or(u64::MAX)))
        };
        self.rows_out = add(self.rows_out, batch.num_rows());
        self.bytes_out = add(self.bytes_out, batch.get_array_memory_size());
        // Whoever is answered can be shown later what it was: without that, nothing leaves.
        let digest = self.answer.as_mut().ok_or(Error::Internal("an answer has no digest"))?;
        digest.add(batch).map_err(|_| Error::Internal("an answer has a cell that cannot be hashed"))
    }
}
