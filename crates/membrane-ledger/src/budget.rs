//! What was spent. Reserved, committed and burned releases all count.

use membrane_model::{Price, PrincipalId};
use sqlx::AnyConnection;

use crate::row::{Cells, to_integer};
use crate::{Ledger, LedgerError, Scope};

impl Ledger {
    /// Returns what was charged to a scope.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn spent(&self, scope: &Scope) -> Result<Price, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        spent(&mut connection, scope).await
    }

    /// Returns what was charged to each scope of a partner, or to each scope there is, in the order of
    /// their text.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn budget_lines(
        &self,
        partner: Option<&PrincipalId>,
    ) -> Result<Vec<(Scope, Price)>, LedgerError> {
        let rows = sqlx::query(
            "SELECT scope, rho_nano, delta_atto FROM budget_scope \
             WHERE (CAST($1 AS TEXT) IS NULL OR partner = $1)",
        )
        .bind(partner.map(ToString::to_string))
        .fetch_all(&self.pools.read)
        .await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut cells = Cells::of(row);
            lines.push((cells.parsed::<Scope>("scope")?, cells.price()?));
        }
        lines.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        Ok(lines)
    }
}

/// Returns what was charged to a scope, on a given connection.
pub(crate) async fn spent(connection: &mut AnyConnection, scope: &Scope) -> Result<Price, LedgerError> {
    let row = sqlx::query("SELECT rho_nano, delta_atto FROM budget_scope WHERE scope = $1")
        .bind(scope.to_string())
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(Price::default()), |row| Cells::of(&row).price())
}

/// Sets what was charged to a scope. The caller holds the lock of all budgets.
pub(crate) async fn set_spent(
    connection: &mut AnyConnection,
    scope: &Scope,
    total: Price,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO budget_scope (scope, partner, rho_nano, delta_atto) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (scope) DO UPDATE SET rho_nano = excluded.rho_nano, delta_atto = excluded.delta_atto",
    )
    .bind(scope.to_string())
    .bind(scope.partner().map(ToString::to_string))
    .bind(to_integer(total.rho_nano, "rho")?)
    .bind(to_integer(total.delta_atto, "delta")?)
    .execute(connection)
    .await?;
    Ok(())
}
