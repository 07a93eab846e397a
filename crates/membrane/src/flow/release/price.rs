//! What a release may cost: what was asked, what one may cost, and what is told where that is not enough.

use chrono::{DateTime, Utc};
use membrane_model::{Delta, Epsilon, Price};
use membrane_policy::Permit;
use membrane_privacy::{NoiseKind, PriceAsked, PrivacyError, Shortfall};
use membrane_query::{Planned, QueryError, ReleaseOptions, ReleasePlan, Statement};

use super::{PilotTold, ReleaseRequest};
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::own_lines;
use crate::flow::caps::Held;
use crate::hub::Hub;

/// Returns what the answer may cost.
pub(super) fn asked(
    request: &ReleaseRequest,
    delta: Delta,
    epsilon: f64,
    most: Price,
) -> Result<PriceAsked, Error> {
    match (request.epsilon, request.rho) {
        (Some(_), Some(_)) => Err(Error::Query(QueryError::Privacy(PrivacyError::OutOfRange {
            what: "the price",
            expected: "stated as epsilon or as rho, not both",
        }))),
        (None, Some(rho)) if rho <= 0.0 || rho.is_nan() => {
            let (what, expected) = ("rho", "a number above 0");
            Err(Error::Query(QueryError::Privacy(PrivacyError::OutOfRange { what, expected })))
        }
        (None, Some(rho)) => {
            let price = Price::from_parts(rho, Delta::new(0.0)?)?;
            Ok(PriceAsked::Rho { rho_nano: price.rho_nano })
        }
        (Some(epsilon), None) => Ok(PriceAsked::Epsilon(Epsilon::new(epsilon)?)),
        (None, None) => {
            let epsilon = Epsilon::new(epsilon)?;
            // A pure epsilon is far dearer in rho than one with a delta.
            let fits = pure_epsilon(most).filter(|pure| is_pure(delta) && *pure < epsilon);
            Ok(PriceAsked::Epsilon(fits.unwrap_or(epsilon)))
        }
    }
}

/// Refuses what is dearer than one release may be at most. An answer that was paid for before is given whatever it cost then.
pub(super) fn check(
    most: Price,
    plan: &ReleasePlan,
    pilot: Option<&PilotTold>,
    stored: bool,
) -> Result<(), Error> {
    if stored {
        return Ok(());
    }
    let price = whole(plan, pilot)?;
    check_amount(most, price, |most| plan.epsilon_milli_within(most.rho_nano))
}

/// Refuses a price that one release may not have.
pub(super) fn check_amount(
    most: Price,
    price: Price,
    epsilon_milli: impl FnOnce(Price) -> Option<u64>,
) -> Result<(), Error> {
    if price.rho_nano <= most.rho_nano {
        return Ok(());
    }
    Err(Error::OverPrice { price, most, epsilon_milli: epsilon_milli(most) })
}

/// Returns the price of a release, with that of its own pilot.
pub(super) fn whole(plan: &ReleasePlan, pilot: Option<&PilotTold>) -> Result<Price, Error> {
    let own = pilot.filter(|pilot| pilot.is_own).map_or_else(Price::default, |pilot| pilot.price);
    Ok(plan.price().checked_add(own)?)
}

/// A release that was asked for.
pub(super) struct Asked {
    pub(super) permit: Permit,
    pub(super) statement: Statement,
    pub(super) options: ReleaseOptions,
    /// How many times as wide as asked for the error bars of an answer may be that is made of a stored one; none where there is
    /// to be none.
    pub(super) width_max: Option<f64>,
    /// When the last refresh of a counter is made, if it is one.
    pub(super) counts_until: Option<DateTime<Utc>>,
}

/// Returns how wide the error bars may be of an answer that costs nothing.
pub(super) fn width_max(request: &ReleaseRequest) -> Option<f64> {
    let ReleaseRequest { epsilon, rho, targets, shares, .. } = request;
    // Bounds and noise that are stated are those of another answer.
    let bounds = request.groups_max.is_some() || request.rows_max.is_some() || !request.bounds.is_empty();
    let is_special = bounds || request.choose_bounds || request.noise != NoiseKind::Auto;
    let no_price = epsilon.is_none() && rho.is_none() && targets.is_empty() && shares.is_empty();
    match request.reuse {
        Some(false) => None,
        Some(true) => Some(f64::INFINITY),
        None if is_special => None,
        None if no_price => Some(f64::INFINITY),
        None => Some(1.0),
    }
}

impl Asked {
    /// Plans the release, or the pilot that it needs first.
    pub(super) async fn plan(&self, ctx: &RequestCtx, hub: &Hub) -> Result<Planned, Error> {
        let Self { permit, statement, options, .. } = self;
        match hub.engine().plan_release(permit, statement, options.clone()).await {
            Err(QueryError::Privacy(PrivacyError::Targets(short))) => {
                Err(self.missed(ctx, hub, short).await.unwrap_or_else(|error| error))
            }
            planned => planned.map_err(Error::Query),
        }
    }

    /// Says what targets need that were missed, what may be paid, and which could be had for that.
    async fn missed(&self, ctx: &RequestCtx, hub: &Hub, short: Box<Shortfall>) -> Result<Error, Error> {
        let most = Held::now(ctx, hub).await?.release_max(&ctx.principal)?;
        let datasets = self.permit.datasets().map(|visible| visible.dataset());
        let private = datasets.filter(|dataset| dataset.is_private()).map(|dataset| &dataset.name);
        let budgets = own_lines(ctx, hub, private).await?;
        let remaining = budgets.iter().map(|line| line.remaining().rho_nano).min().unwrap_or(0);
        let remaining = Price { rho_nano: remaining, delta_atto: 0 };
        let payable = if most.rho_nano < remaining.rho_nano { most } else { remaining };
        let short = match short.allowed.rho_nano > payable.rho_nano {
            true => self.short_of(hub, short, payable).await,
            false => short,
        };
        Ok(Error::Missed { short, most, remaining })
    }

    /// Says the same for less than was asked to be paid.
    async fn short_of(&self, hub: &Hub, mut short: Box<Shortfall>, payable: Price) -> Box<Shortfall> {
        let price = match is_pure(self.options.delta) {
            true => pure_epsilon(payable).map(PriceAsked::Epsilon),
            false => Some(PriceAsked::Rho { rho_nano: payable.rho_nano }),
        };
        if let Some(price) = price {
            let options = ReleaseOptions { price, ..self.options.clone() };
            let planned = hub.engine().plan_release(&self.permit, &self.statement, options).await;
            if let Err(QueryError::Privacy(PrivacyError::Targets(short))) = planned {
                return short;
            }
        }
        short.targets.iter_mut().for_each(|target| target.nearest95 = None);
        short
    }
}

fn is_pure(delta: Delta) -> bool {
    delta.get() <= 0.0
}

/// Returns a pure epsilon, in whole thousandths, that costs a price at most: its square is twice the rho (Bun and Steinke
/// 2016, proposition 1.4).
fn pure_epsilon(most: Price) -> Option<Epsilon> {
    Epsilon::new(((2.0 * most.rho()).sqrt() * 1000.0).floor() / 1000.0).ok()
}
