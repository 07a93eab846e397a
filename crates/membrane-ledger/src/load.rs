//! Loads the records of runs: one statement per table and hundred runs.

use std::collections::HashMap;

use membrane_model::{Action, AddressClass, FieldRef, LineageEdge, RunId, TableVersion, Transformation};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::batch::select;
use crate::row::Cells;
use crate::{
    Circumstances, ColumnDecision, DatasetVersion, Decision, Document, DocumentRef, Entrance, LedgerError,
    ReleaseRecord, RunRecord, RunStatus,
};

type Records = HashMap<RunId, RunRecord>;

/// What is loaded of each run beside its head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    pub(crate) decisions: bool,
    pub(crate) datasets: bool,
    pub(crate) edges: bool,
    pub(crate) releases: bool,
    pub(crate) documents: bool,
}

/// Loads the records of these runs, in this order. Runs that are not there are left out.
pub(crate) async fn load_records(
    connection: &mut AnyConnection,
    runs: &[RunId],
) -> Result<Vec<RunRecord>, LedgerError> {
    let all = Parts { decisions: true, datasets: true, edges: true, releases: true, documents: true };
    load_parts(connection, runs, all).await
}

/// Loads parts of the records of these runs, in this order; what is not wanted stays empty.
pub(crate) async fn load_parts(
    connection: &mut AnyConnection,
    runs: &[RunId],
    parts: Parts,
) -> Result<Vec<RunRecord>, LedgerError> {
    let texts: Vec<String> = runs.iter().map(ToString::to_string).collect();
    let keys: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut records = Records::with_capacity(runs.len());
    select(connection, RUNS, &keys, |row| {
        let record = read_run(row)?;
        records.insert(record.run, record);
        Ok(())
    })
    .await?;
    if parts.decisions {
        load_decisions(connection, &keys, &mut records).await?;
    }
    if parts.datasets {
        load_datasets(connection, &keys, &mut records).await?;
    }
    if parts.edges {
        load_edges(connection, &keys, &mut records).await?;
    }
    if parts.releases {
        load_releases(connection, &keys, &mut records).await?;
    }
    if parts.documents {
        load_documents(connection, &keys, &mut records).await?;
    }
    Ok(runs.iter().filter_map(|run| records.remove(run)).collect())
}

const RUNS: &str = "SELECT run.run, principal, on_behalf_of, channel, action, purpose, job, statement, statement_salt, statement_commitment, \
    session, address, publication, plan, answer_salt, answer_commitment, obligations, grants, started, status, error_code, \
    rows_in, rows_out, rows_quarantined, bytes_out, cells_opened, duration_ms, finished, leaf \
    FROM run LEFT JOIN audit_leaf ON audit_leaf.run = run.run WHERE run.run {keys}";

const DECISIONS: &str = "SELECT run, allowed, dataset, reason, factors, policy_version FROM decision \
    WHERE run {keys} ORDER BY position";

const COLUMNS: &str = "SELECT run, decision, column_name, level, factors FROM decision_column \
    WHERE run {keys} ORDER BY decision, position";

const DATASETS: &str =
    "SELECT run, side, dataset, version FROM run_dataset WHERE run {keys} ORDER BY side, position";

const EDGES: &str = "SELECT run, from_namespace, from_name, from_field, to_namespace, to_name, to_field, \
    transformation, masking FROM lineage_edge WHERE run {keys} ORDER BY position";

const RELEASES: &str = "SELECT run, release, partner, query_key, rho_nano, delta_atto, state, reserved, \
    committed, answer, answer_salt FROM release WHERE run {keys} ORDER BY release";

const SCOPES: &str = "SELECT release.run, release.release, scope FROM release \
    JOIN release_scope ON release_scope.release = release.release WHERE release.run {keys}";

const DOCUMENTS: &str = "SELECT run, kind, number, body FROM document WHERE run {keys} ORDER BY kind, number";

fn read_run(row: &AnyRow) -> Result<RunRecord, LedgerError> {
    let mut cells = Cells::of(row);
    Ok(RunRecord {
        run: cells.parsed("run")?,
        principal: cells.parsed("principal")?,
        on_behalf_of: cells.parsed_or_null("on_behalf_of")?,
        channel: cells.parsed_or_null("channel")?,
        action: read_action(&cells.text()?)?,
        purpose: cells.parsed_or_null("purpose")?,
        job: cells.text()?,
        statement: cells.text_or_null()?,
        statement_salt: cells.text_or_null()?,
        statement_commitment: cells.text_or_null()?,
        circumstances: read_circumstances(&mut cells)?,
        started: cells.instant("started")?,
        status: cells.parsed("status")?,
        error_code: cells.text_or_null()?,
        rows_in: cells.number_or_null("rows_in")?,
        rows_out: cells.number_or_null("rows_out")?,
        rows_quarantined: cells.number_or_null("rows_quarantined")?,
        bytes_out: cells.number_or_null("bytes_out")?,
        cells_opened: cells.number_or_null("cells_opened")?,
        duration_ms: cells.number_or_null("duration_ms")?,
        finished: cells.instant_or_null("finished")?,
        leaf_index: cells.number_or_null("leaf")?,
        decisions: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        edges: Vec::new(),
        releases: Vec::new(),
        documents: Vec::new(),
    })
}

/// Reads the eight columns of how a run came in and was answered. A run that has an address has all that was kept since.
fn read_circumstances(cells: &mut Cells<'_>) -> Result<Option<Circumstances>, LedgerError> {
    let session = cells.text_or_null()?;
    let address: Option<AddressClass> = cells.parsed_or_null("address")?;
    let publication = cells.number_or_null("publication")?;
    let (plan, answer_salt, answer_commitment) =
        (cells.text_or_null()?, cells.text_or_null()?, cells.text_or_null()?);
    let (obligations, grants) = (cells.list_or_null("obligations")?, cells.list_or_null("grants")?);
    Ok(address.map(|address| Circumstances {
        entrance: Entrance { session, address, publication },
        plan,
        answer_salt,
        answer_commitment,
        obligations: obligations.unwrap_or_default(),
        grants: grants.unwrap_or_default(),
    }))
}

/// Reads the name of an action.
pub(crate) fn read_action(text: &str) -> Result<Action, LedgerError> {
    Action::ALL.into_iter().find(|action| action.as_str() == text).ok_or(LedgerError::Stored("action"))
}

/// Returns the record that a row of another table belongs to. There is one: rows of other tables refer
/// to it, unless someone altered the ledger.
fn record_of<'r>(records: &'r mut Records, cells: &mut Cells<'_>) -> Result<&'r mut RunRecord, LedgerError> {
    let run: RunId = cells.parsed("run")?;
    records.get_mut(&run).ok_or(LedgerError::Stored("run"))
}

async fn load_decisions(
    connection: &mut AnyConnection,
    keys: &[&str],
    records: &mut Records,
) -> Result<(), LedgerError> {
    select(connection, DECISIONS, keys, |row| {
        let mut cells = Cells::of(row);
        record_of(records, &mut cells)?.decisions.push(Decision {
            allowed: cells.truth("allowed")?,
            dataset: cells.parsed_or_null("dataset")?,
            reason: cells.text()?,
            factors: cells.list("factors")?,
            policy_version: cells.text()?,
            columns: Vec::new(),
        });
        Ok(())
    })
    .await?;
    select(connection, COLUMNS, keys, |row| {
        let mut cells = Cells::of(row);
        let record = record_of(records, &mut cells)?;
        // Decisions are numbered from 0 without gaps.
        let position = usize::try_from(cells.integer()?).map_err(|_| LedgerError::Stored("decision"))?;
        let Some(decision) = record.decisions.get_mut(position) else {
            // One that came since decisions were read, of a run that is under way: its columns are left out with it.
            let is_open = record.status == RunStatus::Open;
            return if is_open { Ok(()) } else { Err(LedgerError::Stored("decision")) };
        };
        decision.columns.push(ColumnDecision {
            column: cells.parsed("column_name")?,
            level: cells.parsed_or_null("level")?,
            factors: cells.list("factors")?,
        });
        Ok(())
    })
    .await
}

async fn load_datasets(
    connection: &mut AnyConnection,
    keys: &[&str],
    records: &mut Records,
) -> Result<(), LedgerError> {
    select(connection, DATASETS, keys, |row| {
        let mut cells = Cells::of(row);
        let record = record_of(records, &mut cells)?;
        let side = match cells.text()?.as_str() {
            "input" => &mut record.inputs,
            "output" => &mut record.outputs,
            _ => return Err(LedgerError::Stored("side")),
        };
        side.push(DatasetVersion {
            dataset: cells.parsed("dataset")?,
            version: TableVersion(cells.number("version")?),
        });
        Ok(())
    })
    .await
}

async fn load_edges(
    connection: &mut AnyConnection,
    keys: &[&str],
    records: &mut Records,
) -> Result<(), LedgerError> {
    select(connection, EDGES, keys, |row| {
        let mut cells = Cells::of(row);
        record_of(records, &mut cells)?.edges.push(read_edge(&mut cells)?);
        Ok(())
    })
    .await
}

/// Reads the eight columns of an edge.
pub(crate) fn read_edge(cells: &mut Cells<'_>) -> Result<LineageEdge, LedgerError> {
    let mut field = || -> Result<FieldRef, LedgerError> {
        Ok(FieldRef { namespace: cells.text()?, name: cells.text()?, field: cells.text()? })
    };
    let (from, to) = (field()?, field()?);
    let transformation =
        Transformation::parse(&cells.text()?).ok_or(LedgerError::Stored("transformation"))?;
    Ok(LineageEdge { from, to, transformation, masking: cells.truth("masking")? })
}

async fn load_releases(
    connection: &mut AnyConnection,
    keys: &[&str],
    records: &mut Records,
) -> Result<(), LedgerError> {
    select(connection, RELEASES, keys, |row| {
        let mut cells = Cells::of(row);
        record_of(records, &mut cells)?.releases.push(ReleaseRecord {
            release: cells.number("release")?,
            partner: cells.parsed("partner")?,
            query_key: cells.text()?,
            price: cells.price()?,
            state: cells.parsed("state")?,
            reserved: cells.instant("reserved")?,
            committed: cells.instant_or_null("committed")?,
            answer_sha256: cells.bytes_or_null()?.map(|answer| ReleaseRecord::answer_hash(&answer)),
            answer_salt: cells.text_or_null()?,
            accounts: Vec::new(),
        });
        Ok(())
    })
    .await?;
    select(connection, SCOPES, keys, |row| {
        let mut cells = Cells::of(row);
        let record = record_of(records, &mut cells)?;
        let number = cells.number("release")?;
        let release = record.releases.iter_mut().find(|release| release.release == number);
        release.ok_or(LedgerError::Stored("release"))?.accounts.push(cells.parsed("scope")?);
        Ok(())
    })
    .await?;
    for release in records.values_mut().flat_map(|record| &mut record.releases) {
        release.accounts.sort_unstable();
    }
    Ok(())
}

async fn load_documents(
    connection: &mut AnyConnection,
    keys: &[&str],
    records: &mut Records,
) -> Result<(), LedgerError> {
    select(connection, DOCUMENTS, keys, |row| {
        let mut cells = Cells::of(row);
        record_of(records, &mut cells)?.documents.push(DocumentRef {
            kind: cells.parsed("kind")?,
            number: cells.number("number")?,
            sha256: Document::hash(&cells.text()?),
        });
        Ok(())
    })
    .await
}
