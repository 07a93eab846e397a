//! When a budget will be used up, if it is spent as it was of late.
//!
//! Two paces are known, of the last 7 and of the last 30 days; the faster one counts, so that what is told is early rather than late.
//! A budget of which something was spent three days ago for the first time has the pace of three days. Months are gone through
//! one after the other: what a month's cap holds back is not spent from the lifetime.
//!
//! PRIVACY: prices follow from questions alone, and whoever sees a forecast sees what was spent of that scope.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use membrane_ledger::{Ledger, Month, Scope};
use membrane_model::Price;

use super::BudgetLine;
use crate::error::Error;

const DAY_MS: u64 = 86_400_000;
/// Months that are looked ahead: ten years.
const MONTHS_MAX: usize = 120;

/// When a scope will be used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The scope.
    pub scope: Scope,
    /// How it was spent in the last 7 days.
    pub week: Pace,
    /// How it was spent in the last 30 days.
    pub thirty_days: Pace,
    /// The day on which this month's budget is used up; none when it lasts.
    pub month_ends_on: Option<NaiveDate>,
    /// The day on which the lifetime's budget is used up; none when it lasts for ten years.
    pub lifetime_ends_on: Option<NaiveDate>,
    /// The same as a sentence.
    pub sentence: String,
}

/// How much was spent in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    spent: Price,
    span_ms: u64,
}

impl Pace {
    /// Returns what was spent.
    #[must_use]
    pub const fn spent(self) -> Price {
        self.spent
    }

    /// Returns rho for each day.
    #[must_use]
    pub fn rho_a_day(self) -> f64 {
        let days = f64::from(u32::try_from(self.span_ms).unwrap_or(u32::MAX)) / 86_400_000.0;
        if days > 0.0 { self.spent.rho() / days } else { 0.0 }
    }

    /// Reads how a scope was spent in so many last days.
    async fn read(ledger: &Ledger, now: DateTime<Utc>, scope: &Scope, days: u64) -> Result<Self, Error> {
        let since = now.checked_sub_days(Days::new(days)).unwrap_or(now);
        let found = ledger.pace(scope, since).await.map_err(Error::Ledger)?;
        let Some(first) = found.first else { return Ok(Self::default()) };
        let known = u64::try_from((now - first).num_milliseconds()).unwrap_or(0);
        Ok(Self { spent: found.spent, span_ms: known.clamp(DAY_MS, days.saturating_mul(DAY_MS)) })
    }

    /// Tells whether it is at least as fast as another.
    fn is_faster(self, other: Self) -> bool {
        let product = |spent: u64, span: u64| u128::from(spent) * u128::from(span);
        product(self.spent.rho_nano, other.span_ms) >= product(other.spent.rho_nano, self.span_ms)
    }
}

impl Forecast {
    /// Returns that of a partner who may spend nothing more.
    pub(super) fn of_closed(scope: Scope) -> Self {
        Self {
            scope,
            week: Pace::default(),
            thirty_days: Pace::default(),
            month_ends_on: None,
            lifetime_ends_on: None,
            sentence: "the budget is closed: nothing more is spent of it".to_owned(),
        }
    }

    /// Reads how a scope was spent, and tells from that when what is left of its month and lifetime will be used up.
    pub(super) async fn read(
        ledger: &Ledger,
        now: DateTime<Utc>,
        scope: Scope,
        (lines, next_month): (&[BudgetLine; 2], Price),
    ) -> Result<Self, Error> {
        let week = Pace::read(ledger, now, &scope, 7).await?;
        let thirty_days = Pace::read(ledger, now, &scope, 30).await?;
        let [month, lifetime] = lines;
        let left = Left { month: month.remaining(), next_month, lifetime: lifetime.remaining() };
        // A clock that jumped ahead has opened a later month.
        let from = month.account.window.start().map_or(now, |start| start.max(now));
        let pace = if week.is_faster(thirty_days) { week } else { thirty_days };
        let (month_end, lifetime_end) = left.ends(from, pace);
        let sentence = sentence(pace, from, (month_end, lifetime_end));
        let day = |moment: Option<DateTime<Utc>>| moment.map(|moment| moment.date_naive());
        let (month_ends_on, lifetime_ends_on) = (day(month_end), day(lifetime_end));
        Ok(Self { scope, week, thirty_days, month_ends_on, lifetime_ends_on, sentence })
    }
}

/// What may be spent still.
#[derive(Debug, Clone, Copy)]
struct Left {
    month: Price,
    /// In each month after this one.
    next_month: Price,
    lifetime: Price,
}

impl Left {
    /// Returns when the month and the lifetime are used up, in rho or in delta, whichever is first.
    fn ends(&self, from: DateTime<Utc>, pace: Pace) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        let rho = self.part(pace, |price| price.rho_nano).ends(from);
        let delta = self.part(pace, |price| price.delta_atto).ends(from);
        let first =
            |one: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>| one.into_iter().chain(other).min();
        (first(rho.0, delta.0), first(rho.1, delta.1))
    }

    fn part(&self, pace: Pace, of: fn(Price) -> u64) -> Part {
        Part {
            month: of(self.month),
            next_month: of(self.next_month),
            lifetime: of(self.lifetime),
            spent: of(pace.spent),
            span_ms: pace.span_ms,
        }
    }
}

/// The same of rho alone, or of delta alone, in integers.
struct Part {
    month: u64,
    next_month: u64,
    lifetime: u64,
    spent: u64,
    span_ms: u64,
}

impl Part {
    fn ends(&self, from: DateTime<Utc>) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        if self.spent == 0 || self.span_ms == 0 {
            return (None, None);
        }
        let lifetime = self.lifetime_end(from);
        let month = self.after(from, self.month).filter(|end| Month::of(*end) == Month::of(from));
        // What is used up for ever is used up in the month as well.
        let sooner = lifetime.filter(|end| Month::of(*end) == Month::of(from));
        (month.into_iter().chain(sooner).min(), lifetime)
    }

    fn lifetime_end(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut at, mut left, mut cap) = (from, self.lifetime, self.month);
        for _ in 0..MONTHS_MAX {
            let next = Month::of(at).end()?;
            let spent = self.within(next - at).min(cap);
            if spent >= left {
                return self.after(at, left);
            }
            (at, left, cap) = (next, left - spent, self.next_month);
        }
        None
    }

    /// Returns how much is spent in so long.
    fn within(&self, span: TimeDelta) -> u64 {
        let span = u128::from(u64::try_from(span.num_milliseconds()).unwrap_or(0));
        let spent = u128::from(self.spent) * span / u128::from(self.span_ms.max(1));
        u64::try_from(spent).unwrap_or(u64::MAX)
    }

    /// Returns when so much is spent.
    fn after(&self, from: DateTime<Utc>, amount: u64) -> Option<DateTime<Utc>> {
        let span = u128::from(amount) * u128::from(self.span_ms) / u128::from(self.spent.max(1));
        let span = TimeDelta::try_milliseconds(i64::try_from(span).ok()?)?;
        from.checked_add_signed(span)
    }
}

fn sentence(
    pace: Pace,
    now: DateTime<Utc>,
    (month, lifetime): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> String {
    if pace.spent == Price::default() {
        return "nothing was spent in the last 30 days".to_owned();
    }
    let day = |moment: DateTime<Utc>| moment.format("%Y-%m-%d").to_string();
    let month = match month {
        Some(end) if end <= now => "the month is used up".to_owned(),
        Some(end) => format!("the month ends on the {}", ordinal(end)),
        None => "it lasts beyond the month".to_owned(),
    };
    let lifetime = match lifetime {
        Some(end) if end <= now => "the lifetime is used up".to_owned(),
        Some(end) => format!("the lifetime ends on {}", day(end)),
        None => "the lifetime lasts for ten years at least".to_owned(),
    };
    format!("at this rate, rho {:.4} a day, {month}; {lifetime}", pace.rho_a_day())
}

/// Writes a day of a month: `1st`, `12th`, `23rd`.
fn ordinal(moment: DateTime<Utc>) -> String {
    let day = moment.format("%-d").to_string();
    let suffix = match day.as_str() {
        "1" | "21" | "31" => "st",
        "2" | "22" => "nd",
        "3" | "23" => "rd",
        _ => "th",
    };
    format!("{day}{suffix}")
}

#[cfg(test)]
mod tests;
