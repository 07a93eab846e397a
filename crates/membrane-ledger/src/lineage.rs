//! Column lineage over all runs.

use membrane_model::{Action, FieldRef, LineageEdge, PrincipalId, Purpose, RevealLevel, RunId};
use sha2::{Digest as _, Sha256};

use crate::load::{read_action, read_edge};
use crate::row::{Cells, to_integer, to_text};
use crate::{Ledger, LedgerError};

/// Edges that one question returns at most.
const EDGES_MAX: u64 = 10_000;

/// Which way to follow lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Where a field came from.
    Upstream,
    /// Where a field went.
    Downstream,
}

/// Walks from a field along edges. A field that is reached on several ways of equal length is walked
/// from once; the depth ends walks in circles.
const UPSTREAM: &str = "\
    WITH RECURSIVE walk (namespace, name, field, depth) AS ( \
      SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST(0 AS BIGINT) \
      UNION \
      SELECT e.from_namespace, e.from_name, e.from_field, walk.depth + 1 \
      FROM walk JOIN lineage_edge e \
        ON e.to_name = walk.name AND e.to_field = walk.field AND e.to_namespace = walk.namespace \
      WHERE walk.depth + 1 < $4) \
    SELECT DISTINCT e.from_namespace, e.from_name, e.from_field, e.to_namespace, e.to_name, e.to_field, \
      e.transformation, e.masking \
    FROM walk JOIN lineage_edge e \
      ON e.to_name = walk.name AND e.to_field = walk.field AND e.to_namespace = walk.namespace \
    LIMIT $5";

const DOWNSTREAM: &str = "\
    WITH RECURSIVE walk (namespace, name, field, depth) AS ( \
      SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST(0 AS BIGINT) \
      UNION \
      SELECT e.to_namespace, e.to_name, e.to_field, walk.depth + 1 \
      FROM walk JOIN lineage_edge e \
        ON e.from_name = walk.name AND e.from_field = walk.field AND e.from_namespace = walk.namespace \
      WHERE walk.depth + 1 < $4) \
    SELECT DISTINCT e.from_namespace, e.from_name, e.from_field, e.to_namespace, e.to_name, e.to_field, \
      e.transformation, e.masking \
    FROM walk JOIN lineage_edge e \
      ON e.from_name = walk.name AND e.from_field = walk.field AND e.from_namespace = walk.namespace \
    LIMIT $5";

/// The same edge in all runs that did the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupedEdge {
    /// The edge. The name of an answer is left empty: it would be the run's.
    pub edge: LineageEdge,
    /// What the runs did, and for whom.
    pub made_by: MadeBy,
    /// The level at which policy showed the column that it comes from; none where nothing was decided about it.
    pub level: Option<RevealLevel>,
    /// How many runs there were.
    pub runs: u64,
    /// The newest of them.
    pub newest: RunId,
}

/// What runs have in common that did the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MadeBy {
    /// Who acted.
    pub principal: PrincipalId,
    /// What was done.
    pub action: Action,
    /// Why.
    pub purpose: Option<Purpose>,
    /// The job.
    pub job: String,
    /// The SQL statement with its literals removed.
    pub statement: Option<String>,
}

impl MadeBy {
    /// Names the job: what was done, and of a statement some digits that stand for it, so that the runs of one statement have one name.
    #[must_use]
    pub fn name(&self) -> String {
        job_name(&self.job, self.statement.as_deref())
    }
}

/// Names a job by what was done and by the statement, without its literals, that it was done by.
pub(crate) fn job_name(job: &str, statement: Option<&str>) -> String {
    match statement {
        Some(statement) => {
            let digits: String = hex::encode(Sha256::digest(statement)).chars().take(DIGITS).collect();
            format!("{job} {digits}")
        }
        None => job.to_owned(),
    }
}

/// Digits that stand for a statement.
const DIGITS: usize = 12;

/// Adds the edges up in the database: a query that runs a thousand times is one row of what comes back.
const GROUPED: &str = "\
    SELECT e.from_namespace, e.from_name, e.from_field, e.to_namespace, \
      CASE WHEN e.to_namespace = 'answer' THEN '' ELSE e.to_name END AS to_name, e.to_field, \
      e.transformation, e.masking, run.principal, run.action, run.purpose, run.job, run.statement, \
      shown.level, COUNT(DISTINCT e.run), MAX(e.run) \
    FROM audit_leaf JOIN run ON run.run = audit_leaf.run JOIN lineage_edge e ON e.run = run.run \
    LEFT JOIN (SELECT decision.run, decision.dataset, decision_column.column_name, decision_column.level \
        FROM decision JOIN decision_column \
          ON decision_column.run = decision.run AND decision_column.decision = decision.position \
        WHERE decision.allowed = 1) shown \
      ON shown.run = e.run AND shown.dataset = e.from_name AND shown.column_name = e.from_field \
        AND e.from_namespace = 'dataset' \
    WHERE audit_leaf.leaf >= $1 AND audit_leaf.leaf < $2 \
    GROUP BY e.from_namespace, e.from_name, e.from_field, e.to_namespace, \
      CASE WHEN e.to_namespace = 'answer' THEN '' ELSE e.to_name END, e.to_field, e.transformation, e.masking, \
      run.principal, run.action, run.purpose, run.job, run.statement, shown.level";

impl Ledger {
    /// Returns the edges of the closed runs from this leaf of the log on, before another one: those of runs that did the same once.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn grouped_edges(&self, from: u64, before: u64) -> Result<Vec<GroupedEdge>, LedgerError> {
        let rows = sqlx::query(GROUPED)
            .bind(to_integer(from, "leaf")?)
            .bind(to_integer(before, "leaf")?)
            .fetch_all(&self.pools.read)
            .await?;
        let read = |row| {
            let mut cells = Cells::of(row);
            Ok(GroupedEdge {
                edge: read_edge(&mut cells)?,
                made_by: MadeBy {
                    principal: cells.parsed("principal")?,
                    action: read_action(&cells.text()?)?,
                    purpose: cells.parsed_or_null("purpose")?,
                    job: cells.text()?,
                    statement: cells.text_or_null()?,
                },
                level: cells.parsed_or_null("level")?,
                runs: cells.number("a count of runs")?,
                newest: cells.parsed("run")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Returns the edges of all closed runs that lead to a field, or away from it, over at most
    /// `depth_max` steps: each once, in the order of their fields, 10,000 at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn lineage(
        &self,
        field: &FieldRef,
        direction: Direction,
        depth_max: u32,
    ) -> Result<Vec<LineageEdge>, LedgerError> {
        if depth_max == 0 {
            return Ok(Vec::new());
        }
        let walk = match direction {
            Direction::Upstream => UPSTREAM,
            Direction::Downstream => DOWNSTREAM,
        };
        let rows = sqlx::query(walk)
            .bind(to_text(&field.namespace))
            .bind(to_text(&field.name))
            .bind(to_text(&field.field))
            .bind(i64::from(depth_max))
            .bind(to_integer(EDGES_MAX, "limit")?)
            .fetch_all(&self.pools.read)
            .await?;
        let mut edges: Vec<LineageEdge> =
            rows.iter().map(|row| read_edge(&mut Cells::of(row))).collect::<Result<_, _>>()?;
        edges.sort_unstable();
        Ok(edges)
    }
}
