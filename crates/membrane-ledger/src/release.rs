//! Releases: a price is reserved before the answer that it pays for is computed.
//!
//! ```text
//! reserve ──> reserved ──commit_release──> committed      asked again: the same bytes, at no price
//!                 └──burn, a crash, the run's end──> burned    the price stays spent
//! ```
//!
//! Example: acme asks a question that costs rho 0.02. `reserve` checks acme's budget, acme's budget on
//! the dataset and everyone's budget on the dataset, each in this month and for ever, and charges all six or
//! none. The process dies while it computes. At the next start [`Ledger::burn_stale`] burns the reservation: the noise may have been drawn
//! and seen, so the 0.02 stay spent, and asking again costs another 0.02.
//!
//! What has a name of its own, as an edition of a standing release does, may *resume*: what an earlier reservation of that name
//! paid for and lost is taken up at no price. Nothing of the lost one ever left, as answers are stored before they leave; so
//! there is one answer for one price. Whether it was lost could tell of a row, if a row made it fail: so that is done three
//! times at most.
//!
//! What may be spent follows from steps that people take (`terms.rs`): whoever reserves names the last one that it knows, and
//! nothing is reserved on terms that are no longer those.
//!
//! One row of `counter` is locked first, so that all reservations are decided one after the other; they
//! are short and rare, and there is no order of locks to get wrong. Under that lock the month is decided as well:
//! that of the request's `now`, or of the latest reservation if that is later, so that months are charged in their
//! order whatever clocks do (docs/decisions/0014).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::{Price, PrincipalId, RunId};
use sqlx::AnyConnection;

use crate::batch::Insert;
use crate::budget::{month, set_spent, spent};
use crate::row::{Cells, to_integer};
use crate::run::lock_open;
use crate::step::{self, Step};
use crate::{Account, Caps, Ledger, LedgerError, ReleaseState, Scope, Terms, Window};

/// How often what was paid for and lost may be taken up.
const RESUMES_MAX: usize = 3;

/// How long a reservation may be under way when nothing else is said.
const LEASE: TimeDelta = TimeDelta::minutes(15);

/// A price to reserve.
#[derive(Debug, Clone)]
pub struct ReserveRequest {
    /// The run that asks; it must be open.
    pub run: RunId,
    /// Who pays.
    pub partner: PrincipalId,
    /// The name of the question: equal questions of the same data by the same partner have equal names.
    pub query_key: String,
    /// The name of the shape of the question, where others of that shape can use the answer.
    pub shape: Option<String>,
    /// Whether what an earlier reservation of this name paid for, and lost, is taken up at no price.
    pub resumes: bool,
    /// What it costs.
    pub price: Price,
    /// What it is charged to, and how much may have been charged there afterwards, in this month and for ever.
    pub caps: Vec<(Scope, Caps)>,
    /// What those follow from; it must hold still when the price is reserved.
    pub terms: Terms,
    /// The present.
    pub now: DateTime<Utc>,
}

/// What became of a request to reserve.
#[derive(Debug)]
pub enum Reserved {
    /// The price is spent; the answer may be computed.
    Granted(Reservation),
    /// The question was answered before: this is the answer, at no price.
    Replay(StoredRelease),
    /// The question is being answered right now by someone else. Nothing was charged; ask again later.
    InFlight {
        /// When that reservation is lost, if it was not committed before: whoever asks then is charged anew.
        until: DateTime<Utc>,
    },
    /// A budget does not allow it. Nothing was charged.
    OverBudget(Shortage),
    /// What was paid for was taken up as often as may be, and lost each time. Nothing was charged.
    GivenUp,
    /// The terms of the request are those of before: somebody took a step, or a month ended. Nothing was charged; read them
    /// again.
    Outdated,
    /// The partner's budget is closed. Nothing was charged.
    Closed,
}

/// An account that does not allow a price. Of several it is one for which waiting does not help, if there is one, and
/// one of the partner's own rather than one that all partners share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The account.
    pub account: Account,
    /// What may still be charged there.
    pub remaining: Price,
    /// When so much may be charged there again; never, for ever or when it is more than a whole window's cap.
    pub refills: Option<DateTime<Utc>>,
}

/// A price that was reserved, and the right to compute and store one answer for it.
///
/// INVARIANT: it exists only after the price was charged, durably; [`Ledger::reserve_for`] and
/// [`Ledger::reserve_under`], for what another release paid, are its only makers.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a reservation that is not committed is spent for nothing"]
pub struct Reservation {
    id: i64,
    query_key: String,
    resumed: bool,
}

impl Reservation {
    /// Returns the number of the release.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Tells whether an earlier reservation paid the price, and this one nothing.
    #[must_use]
    pub const fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Returns the name of the question that was paid for.
    #[must_use]
    pub fn query_key(&self) -> &str {
        &self.query_key
    }
}

/// An answer that was stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRelease {
    /// The run that computed it.
    pub run: RunId,
    /// What it cost then.
    pub price: Price,
    /// The answer, byte for byte.
    pub answer: Vec<u8>,
    /// When it was stored.
    pub committed: DateTime<Utc>,
}

// PRIVACY: an answer belongs to its partner, not to a log.
impl std::fmt::Debug for StoredRelease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredRelease")
            .field("run", &self.run)
            .field("price", &self.price)
            .field("answer_bytes", &self.answer.len())
            .finish_non_exhaustive()
    }
}

/// The live release of a question.
enum Live {
    Committed(StoredRelease),
    Reserved { id: i64, since: DateTime<Utc> },
}

impl Ledger {
    /// Reserves a price as [`Ledger::reserve_for`] does, for a quarter of an hour.
    ///
    /// # Errors
    /// Those of [`Ledger::reserve_for`].
    pub async fn reserve(&self, request: &ReserveRequest) -> Result<Reserved, LedgerError> {
        self.reserve_for(request, LEASE).await
    }

    /// Reserves a price, in one durable transaction: all scopes are charged in all windows, or none.
    ///
    /// `lease` says how long a release may take. The same question is in flight until an earlier reservation is as
    /// old as that; then its process is dead, or slower than it may be, and has lost it.
    ///
    /// # Errors
    /// [`LedgerError::NoScope`], [`LedgerError::NoPrice`], [`LedgerError::RunNotOpen`],
    /// [`LedgerError::QueryKeyTaken`], [`LedgerError::Price`] when a total would not fit, or
    /// [`LedgerError::Database`]. Nothing was charged then.
    pub async fn reserve_for(
        &self,
        request: &ReserveRequest,
        lease: TimeDelta,
    ) -> Result<Reserved, LedgerError> {
        if request.price == Price::default() {
            return Err(LedgerError::NoPrice);
        }
        self.reserve_with(request, None, lease).await
    }

    /// Reserves what an earlier release of the same partner paid for: one of several answers that have one price. Nothing is
    /// charged.
    ///
    /// # Errors
    /// [`LedgerError::NoPrice`] when the request has a price, or no release of the name `paid_by` was committed by its
    /// partner; and those of [`Ledger::reserve_for`].
    pub async fn reserve_under(
        &self,
        request: &ReserveRequest,
        paid_by: &str,
        lease: TimeDelta,
    ) -> Result<Reserved, LedgerError> {
        if request.price != Price::default() {
            return Err(LedgerError::NoPrice);
        }
        self.reserve_with(request, Some(paid_by), lease).await
    }

    async fn reserve_with(
        &self,
        request: &ReserveRequest,
        paid_by: Option<&str>,
        lease: TimeDelta,
    ) -> Result<Reserved, LedgerError> {
        let caps = tightest(&request.caps)?;
        let mut transaction = self.begin().await?;
        // INVARIANT: from here to the end no other reservation is decided.
        let id = next_release(&mut transaction).await?;
        step::done(Step::Locked);
        let live = live_release(&mut transaction, request).await?;
        if let Some(Live::Committed(release)) = live {
            return Ok(Reserved::Replay(release));
        }
        if !request.terms.hold(&mut transaction, request.now).await? {
            return Ok(Reserved::Outdated);
        }
        if request.terms.is_closed {
            return Ok(Reserved::Closed);
        }
        match live {
            Some(Live::Reserved { since, .. }) if request.now - since < lease => {
                return Ok(Reserved::InFlight { until: since + lease });
            }
            Some(Live::Reserved { id, .. }) => {
                burn(&mut transaction, id).await?;
            }
            Some(Live::Committed(_)) | None => {}
        }
        lock_open(&mut transaction, &request.run.to_string()).await?;
        if let Some(paid_by) = paid_by {
            check_paid(&mut transaction, request, paid_by).await?;
        }
        match lost(&mut transaction, request).await? {
            Lost::Nothing => {}
            Lost::TooOften => return Ok(Reserved::GivenUp),
            Lost::Paid => {
                insert_release(&mut transaction, id, request, Price::default()).await?;
                transaction.commit().await?;
                step::done(Step::Reserved);
                let query_key = request.query_key.clone();
                return Ok(Reserved::Granted(Reservation { id, query_key, resumed: true }));
            }
        }
        if paid_by.is_some() {
            insert_release(&mut transaction, id, request, Price::default()).await?;
            transaction.commit().await?;
            step::done(Step::Reserved);
            let query_key = request.query_key.clone();
            return Ok(Reserved::Granted(Reservation { id, query_key, resumed: false }));
        }
        let totals = match totals(&mut transaction, caps, request).await? {
            Ok(totals) => totals,
            Err(shortage) => return Ok(Reserved::OverBudget(shortage)),
        };
        insert_release(&mut transaction, id, request, request.price).await?;
        step::done(Step::Inserted);
        for (account, total) in &totals {
            set_spent(&mut transaction, account, *total).await?;
        }
        charge(&mut transaction, id, &totals).await?;
        step::done(Step::Charged);
        transaction.commit().await?;
        step::done(Step::Reserved);
        let query_key = request.query_key.clone();
        Ok(Reserved::Granted(Reservation { id, query_key, resumed: false }))
    }

    /// Stores the answer of a reservation. Only then may it leave.
    ///
    /// # Errors
    /// [`LedgerError::NotReserved`] when it was committed or burned before, or [`LedgerError::Database`].
    pub async fn commit_release(
        &self,
        reservation: &Reservation,
        answer: &[u8],
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let salt = membrane_vault::salt().map_err(|_| LedgerError::Random)?;
        let stored = sqlx::query(
            "UPDATE release SET state = 'committed', answer = $2, committed = $3, answer_salt = $4 \
             WHERE release = $1 AND state = 'reserved'",
        )
        .bind(reservation.id)
        .bind(answer)
        .bind(now.timestamp_micros())
        .bind(salt)
        .execute(&self.pools.write)
        .await?;
        step::done(Step::Committed);
        if stored.rows_affected() == 1 { Ok(()) } else { Err(LedgerError::NotReserved) }
    }

    /// Burns a reservation: its price stays spent, its question may be asked anew.
    ///
    /// # Errors
    /// [`LedgerError::NotReserved`] when it was committed or burned before, or [`LedgerError::Database`].
    pub async fn burn(&self, reservation: &Reservation) -> Result<(), LedgerError> {
        let mut connection = self.pools.write.acquire().await?;
        if burn(&mut connection, reservation.id).await? { Ok(()) } else { Err(LedgerError::NotReserved) }
    }

    /// Burns every reservation that was made up to `before` and is still live: what processes left behind
    /// that were killed. Returns how many there were. Which moment to pass is said at
    /// [`Ledger::abandon_stale_runs`].
    ///
    /// # Errors
    /// [`LedgerError::Database`].
    pub async fn burn_stale(&self, before: DateTime<Utc>) -> Result<u64, LedgerError> {
        let burned =
            sqlx::query("UPDATE release SET state = 'burned' WHERE state = 'reserved' AND reserved <= $1")
                .bind(before.timestamp_micros())
                .execute(&self.pools.write)
                .await?;
        Ok(burned.rows_affected())
    }

    /// Returns the stored answer of a question.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn find_release(&self, query_key: &str) -> Result<Option<StoredRelease>, LedgerError> {
        let row = sqlx::query(
            "SELECT run, rho_nano, delta_atto, answer, committed FROM release \
             WHERE query_key = $1 AND state = 'committed'",
        )
        .bind(query_key)
        .fetch_optional(&self.pools.read)
        .await?;
        row.map(|row| read_stored(&mut Cells::of(&row))).transpose()
    }

    /// Returns the run in which a partner paid last for what was lost under a name: what later reservations of that name took up.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn lost_payment(
        &self,
        partner: &PrincipalId,
        query_key: &str,
    ) -> Result<Option<RunId>, LedgerError> {
        let row = sqlx::query(
            "SELECT run FROM release WHERE query_key = $1 AND partner = $2 AND state = 'burned' \
             AND (rho_nano > 0 OR delta_atto > 0) ORDER BY release DESC LIMIT 1",
        )
        .bind(query_key)
        .bind(partner.to_string())
        .fetch_optional(&self.pools.read)
        .await?;
        row.map(|row| Cells::of(&row).parsed("run")).transpose()
    }

    /// Returns what a partner was answered to questions of one shape, the oldest first, and so many at most.
    ///
    /// # Errors
    /// [`LedgerError::Database`] or [`LedgerError::Stored`].
    pub async fn releases_of_shape(
        &self,
        partner: &PrincipalId,
        shape: &str,
        most: u32,
    ) -> Result<Vec<StoredRelease>, LedgerError> {
        let rows = sqlx::query(
            "SELECT run, rho_nano, delta_atto, answer, committed FROM release \
             WHERE shape = $1 AND partner = $2 AND state = 'committed' ORDER BY release LIMIT $3",
        )
        .bind(shape)
        .bind(partner.to_string())
        .bind(i64::from(most))
        .fetch_all(&self.pools.read)
        .await?;
        rows.iter().map(|row| read_stored(&mut Cells::of(row))).collect()
    }
}

/// Returns each scope once, with the smallest caps that were stated for it.
fn tightest(caps: &[(Scope, Caps)]) -> Result<BTreeMap<&Scope, Caps>, LedgerError> {
    let least = |one: Price, other: Price| Price {
        rho_nano: one.rho_nano.min(other.rho_nano),
        delta_atto: one.delta_atto.min(other.delta_atto),
    };
    let mut tightest: BTreeMap<&Scope, Caps> = BTreeMap::new();
    for (scope, caps) in caps {
        tightest
            .entry(scope)
            .and_modify(|known| {
                known.month = least(known.month, caps.month);
                known.lifetime = least(known.lifetime, caps.lifetime);
            })
            .or_insert(*caps);
    }
    if tightest.is_empty() { Err(LedgerError::NoScope) } else { Ok(tightest) }
}

/// Returns what every account will have spent with this price, or the account that does not allow it.
async fn totals(
    connection: &mut AnyConnection,
    caps: BTreeMap<&Scope, Caps>,
    request: &ReserveRequest,
) -> Result<Result<Vec<(Account, Price)>, Shortage>, LedgerError> {
    let month = Window::Month(month(connection, request.now).await?);
    let (mut totals, mut shortages) = (Vec::new(), Vec::new());
    for (scope, caps) in caps {
        for window in [Window::Lifetime, month] {
            let account = Account { scope: scope.clone(), window };
            let cap = caps.of(window);
            let before = spent(connection, &account).await?;
            let after = before.checked_add(request.price)?;
            if fits(after, cap) {
                totals.push((account, after));
            } else {
                let refills = window.refills().filter(|_| fits(request.price, cap));
                shortages.push(Shortage { account, remaining: cap.saturating_sub(before), refills });
            }
        }
    }
    let worst = shortages.into_iter().min_by_key(|shortage| {
        (shortage.refills.is_some(), matches!(shortage.account.scope, Scope::Dataset(_)))
    });
    Ok(worst.map_or(Ok(totals), Err))
}

const fn fits(amount: Price, cap: Price) -> bool {
    amount.rho_nano <= cap.rho_nano && amount.delta_atto <= cap.delta_atto
}

/// Locks the budgets and returns a fresh number. A number that is not used in the end leaves a gap.
async fn next_release(connection: &mut AnyConnection) -> Result<i64, LedgerError> {
    let row = sqlx::query("UPDATE counter SET value = value + 1 WHERE name = 'release' RETURNING value")
        .fetch_one(connection)
        .await?;
    Cells::of(&row).integer()
}

/// Returns the release of this question that is committed or under way; there is one at most.
async fn live_release(
    connection: &mut AnyConnection,
    request: &ReserveRequest,
) -> Result<Option<Live>, LedgerError> {
    let row = sqlx::query(
        "SELECT partner, release, state, reserved, run, rho_nano, delta_atto, answer, committed FROM release \
         WHERE query_key = $1 AND state IN ('reserved', 'committed')",
    )
    .bind(request.query_key.as_str())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut cells = Cells::of(&row);
    if cells.parsed::<PrincipalId>("partner")? != request.partner {
        return Err(LedgerError::QueryKeyTaken);
    }
    let (id, state, since) = (cells.integer()?, cells.parsed("state")?, cells.instant("reserved")?);
    Ok(Some(match state {
        ReleaseState::Committed => Live::Committed(read_stored(&mut cells)?),
        ReleaseState::Reserved | ReleaseState::Burned => Live::Reserved { id, since },
    }))
}

/// Reads the columns run, price, answer and committed of a committed release.
fn read_stored(cells: &mut Cells<'_>) -> Result<StoredRelease, LedgerError> {
    Ok(StoredRelease {
        run: cells.parsed("run")?,
        price: cells.price()?,
        answer: cells.bytes()?,
        committed: cells.instant("committed")?,
    })
}

async fn burn(connection: &mut AnyConnection, id: i64) -> Result<bool, LedgerError> {
    let burned = sqlx::query("UPDATE release SET state = 'burned' WHERE release = $1 AND state = 'reserved'")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(burned.rows_affected() == 1)
}

/// Checks that another release of the same partner paid for this one.
async fn check_paid(
    connection: &mut AnyConnection,
    request: &ReserveRequest,
    paid_by: &str,
) -> Result<(), LedgerError> {
    let row = sqlx::query(
        "SELECT rho_nano FROM release WHERE query_key = $1 AND partner = $2 AND state = 'committed'",
    )
    .bind(paid_by)
    .bind(request.partner.to_string())
    .fetch_optional(connection)
    .await?;
    row.map(|_| ()).ok_or(LedgerError::NoPrice)
}

/// What reservations of this name paid for and lost.
enum Lost {
    Nothing,
    /// At least what it costs now.
    Paid,
    /// The same, as often as it may be taken up.
    TooOften,
}

/// Finds what may be taken up at no price.
async fn lost(connection: &mut AnyConnection, request: &ReserveRequest) -> Result<Lost, LedgerError> {
    if !request.resumes {
        return Ok(Lost::Nothing);
    }
    let rows = sqlx::query(
        "SELECT rho_nano, delta_atto FROM release WHERE query_key = $1 AND partner = $2 AND state = 'burned'",
    )
    .bind(request.query_key.as_str())
    .bind(request.partner.to_string())
    .fetch_all(connection)
    .await?;
    let mut is_paid = false;
    for row in &rows {
        is_paid |= fits(request.price, Cells::of(row).price()?);
    }
    Ok(match (is_paid, rows.len() > RESUMES_MAX) {
        (false, _) => Lost::Nothing,
        (true, false) => Lost::Paid,
        (true, true) => Lost::TooOften,
    })
}

async fn insert_release(
    connection: &mut AnyConnection,
    id: i64,
    request: &ReserveRequest,
    price: Price,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO release (release, run, partner, query_key, rho_nano, delta_atto, state, reserved, shape) \
         VALUES ($1, $2, $3, $4, $5, $6, 'reserved', $7, $8)",
    )
    .bind(id)
    .bind(request.run.to_string())
    .bind(request.partner.to_string())
    .bind(request.query_key.as_str())
    .bind(to_integer(price.rho_nano, "rho")?)
    .bind(to_integer(price.delta_atto, "delta")?)
    .bind(request.now.timestamp_micros())
    .bind(request.shape.as_deref())
    .execute(connection)
    .await?;
    Ok(())
}

async fn charge(
    connection: &mut AnyConnection,
    id: i64,
    totals: &[(Account, Price)],
) -> Result<(), LedgerError> {
    let insert = Insert { head: "INSERT INTO release_scope (release, scope) VALUES", width: 2, tail: "" };
    insert
        .rows(connection, totals, |values, _, (account, _)| {
            values.push(id)?;
            values.push(account.to_string())
        })
        .await
        .map(drop)
}
