//! Column lineage over all runs.

use membrane_model::{FieldRef, LineageEdge};

use crate::load::read_edge;
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

impl Ledger {
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
