//! What was spent. Reserved, committed and burned releases all count.

use chrono::{DateTime, Utc};
use membrane_model::{Price, PrincipalId};
use sqlx::AnyConnection;

use crate::row::{Cells, to_integer};
use crate::{Account, Ledger, LedgerError, Month, Scope, Window};

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// What was charged to it.
    pub spent: Price,
    /// How much of that was paid for answers that were never given.
    pub burned: Price,
    /// How many releases those are.
    pub burned_count: u64,
}

/// How fast a scope is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// What was charged to it since some moment.
    pub spent: Price,
    /// When something was charged to it first, at whatever time.
    pub first: Option<DateTime<Utc>>,
}

/// What a partner was last answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRelease {
    /// What it cost.
    pub price: Price,
    /// The scopes that it was charged to, in the order of their text.
    pub scopes: Vec<Scope>,
}

impl Ledger {
    /// Returns what was ever charged to a scope.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn spent(&self, scope: &Scope) -> Result<Price, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        spent(&mut connection, &Account { scope: scope.clone(), window: Window::Lifetime }).await
    }

    /// Returns where an account stands.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn standing(&self, account: &Account) -> Result<Standing, LedgerError> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE((SELECT rho_nano FROM budget_scope WHERE scope = $1), 0) AS BIGINT), \
             CAST(COALESCE((SELECT delta_atto FROM budget_scope WHERE scope = $1), 0) AS BIGINT), \
             CAST(COALESCE(SUM(release.rho_nano), 0) AS BIGINT), \
             CAST(COALESCE(SUM(release.delta_atto), 0) AS BIGINT), COUNT(*) \
             FROM release_scope JOIN release ON release.release = release_scope.release \
             WHERE release_scope.scope = $1 AND release.state = 'burned'",
        )
        .bind(account.to_string())
        .fetch_one(&self.pools.read)
        .await?;
        let mut cells = Cells::of(&row);
        let (spent, burned) = (cells.price()?, cells.price()?);
        Ok(Standing { spent, burned, burned_count: cells.number("release")? })
    }

    /// Returns what was charged to a scope since a moment, and when it was charged first.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn pace(&self, scope: &Scope, since: DateTime<Utc>) -> Result<Pace, LedgerError> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(CASE WHEN release.reserved >= $2 THEN release.rho_nano ELSE 0 END), 0) AS BIGINT), \
             CAST(COALESCE(SUM(CASE WHEN release.reserved >= $2 THEN release.delta_atto ELSE 0 END), 0) AS BIGINT), \
             MIN(release.reserved) \
             FROM release_scope JOIN release ON release.release = release_scope.release \
             WHERE release_scope.scope = $1",
        )
        .bind(scope.to_string())
        .bind(since.timestamp_micros())
        .fetch_one(&self.pools.read)
        .await?;
        let mut cells = Cells::of(&row);
        Ok(Pace { spent: cells.price()?, first: cells.instant_or_null("reserved")? })
    }

    /// Returns the month to which a price that is reserved now would be charged: that of `now`, or of the latest
    /// reservation if the clock has gone back since.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn month(&self, now: DateTime<Utc>) -> Result<Month, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        month(&mut connection, now).await
    }

    /// Returns what a partner was last answered; none when it never was.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn last_release(&self, partner: &PrincipalId) -> Result<Option<LastRelease>, LedgerError> {
        let mut connection = self.pools.read.acquire().await?;
        let row = sqlx::query(
            "SELECT release, rho_nano, delta_atto FROM release WHERE partner = $1 AND state = 'committed' \
             ORDER BY release DESC LIMIT 1",
        )
        .bind(partner.to_string())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let mut cells = Cells::of(&row);
        let (release, price) = (cells.integer()?, cells.price()?);
        let rows = sqlx::query("SELECT scope FROM release_scope WHERE release = $1")
            .bind(release)
            .fetch_all(&mut *connection)
            .await?;
        let mut scopes = Vec::with_capacity(rows.len());
        for row in &rows {
            scopes.push(Cells::of(row).parsed::<Account>("scope")?.scope);
        }
        scopes.sort_unstable();
        scopes.dedup();
        Ok(Some(LastRelease { price, scopes }))
    }

    /// Returns what was ever charged to each scope of a partner, or to each scope there is, in the order of
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
            let account: Account = cells.parsed("scope")?;
            if account.window == Window::Lifetime {
                lines.push((account.scope, cells.price()?));
            }
        }
        lines.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        Ok(lines)
    }
}

/// Returns the month to which a price is charged.
///
/// INVARIANT: no month is charged after a later one was. A clock that goes back finds the month that it left, and what
/// was spent of it; one that jumped ahead and was put right stays in the month that it jumped to.
pub(crate) async fn month(connection: &mut AnyConnection, now: DateTime<Utc>) -> Result<Month, LedgerError> {
    let row = sqlx::query("SELECT MAX(reserved) FROM release").fetch_one(connection).await?;
    let latest = Cells::of(&row).instant_or_null("reserved")?;
    Ok(Month::of(latest.map_or(now, |latest| latest.max(now))))
}

/// Returns what was charged to an account, on a given connection.
pub(crate) async fn spent(connection: &mut AnyConnection, account: &Account) -> Result<Price, LedgerError> {
    let row = sqlx::query("SELECT rho_nano, delta_atto FROM budget_scope WHERE scope = $1")
        .bind(account.to_string())
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(Price::default()), |row| Cells::of(&row).price())
}

/// Sets what was charged to an account. The caller holds the lock of all budgets.
pub(crate) async fn set_spent(
    connection: &mut AnyConnection,
    account: &Account,
    total: Price,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO budget_scope (scope, partner, rho_nano, delta_atto) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (scope) DO UPDATE SET rho_nano = excluded.rho_nano, delta_atto = excluded.delta_atto",
    )
    .bind(account.to_string())
    .bind(account.scope.partner().map(ToString::to_string))
    .bind(to_integer(total.rho_nano, "rho")?)
    .bind(to_integer(total.delta_atto, "delta")?)
    .execute(connection)
    .await?;
    Ok(())
}
