//! The point of sale: orders and their lines, written together so that they agree.

use std::sync::Arc;

use rand::RngExt;

use super::pos_order_lines::OrderLine;
use super::pos_orders::{LATE_SHARE, Order, year_before};
use crate::activity::Activity;
use crate::calendar::Moment;
use crate::goods::QUANTITY_MAX;
use crate::identifiers::{card, write_code};
use crate::member::{Member, member_no};
use crate::out_file::Monitor;
use crate::parquet_file::ParquetRows;
use crate::pick::{chance, pick_weighted, whole};
use crate::seeds::{Draw, Rng, Seeds};
use crate::world::World;
use crate::{FileReport, SampleError};

const LINES_MAX: u64 = 24;

/// How a member pays.
struct Wallet {
    first: Arc<str>,
    second: Arc<str>,
}

impl Wallet {
    fn of(seeds: Seeds, index: u64) -> Self {
        let mut rng = seeds.rng(Draw::Wallet, index);
        let first: Arc<str> = card(&mut rng).into();
        let second = if chance(&mut rng, 0.25) { card(&mut rng).into() } else { Arc::clone(&first) };
        Self { first, second }
    }

    /// Draws the account of an order; none for cash.
    fn draw(&self, rng: &mut Rng) -> Option<Arc<str>> {
        match rng.random_range(0..100) {
            0..72 => Some(Arc::clone(&self.first)),
            72..93 => Some(Arc::clone(&self.second)),
            _ => None,
        }
    }
}

/// A member at the till.
struct Customer<'a> {
    world: &'a World,
    member_no: Arc<str>,
    member: Member,
    wallet: Wallet,
    activity: Activity,
}

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut orders = ParquetRows::<Order>::create(world, monitor)?;
    let mut lines = ParquetRows::<OrderLine>::create(world, monitor)?;
    let mut code = String::new();
    let mut dirt = world.seeds.rng(Draw::LateOrders, 0);
    for visit in world.visits() {
        let activity = world.activity(visit.member);
        let mut events = visit.events(world, &activity, Draw::Orders, activity.orders).peekable();
        if events.peek().is_none() {
            continue;
        }
        let customer = Customer {
            world,
            member_no: member_no(visit.member).into(),
            member: world.member(visit.member),
            wallet: Wallet::of(world.seeds, visit.member),
            activity,
        };
        let mut rng = visit.rng(world, Draw::Orders);
        for (number, share) in events {
            write_code(&mut code, "O", world.seeds.mix(Draw::OrderId, visit.member << 16 | number));
            let moment = world.calendar.moment(&mut rng, share);
            let Some(mut order) = customer.order(&mut rng, &code, moment) else { continue };
            let mut month: Arc<str> = world.calendar.month_text(moment).into();
            // An order is late as a whole: what was in it has its time.
            let late = chance(&mut dirt, world.dirty_rate * LATE_SHARE);
            if late {
                order.ordered_at = year_before(order.ordered_at);
                month = month.replacen("2025", "2024", 1).into();
            }
            order.buyer_is_minor = customer.member.is_minor(order.ordered_at);
            for line_no in 1..=customer.line_count(&mut rng) {
                let Some(line) = customer.line(&mut rng, &order, line_no, &month) else { continue };
                order.items += line.quantity;
                order.amount_cents += line.amount_cents;
                if late { lines.write_late(line)? } else { lines.write(line)? }
            }
            if late { orders.write_late(order)? } else { orders.write(order)? }
        }
    }
    Ok(vec![orders.finish()?, lines.finish()?])
}

impl Customer<'_> {
    /// Draws an order without its lines. Whether the buyer is a minor follows from its final time.
    fn order(&self, rng: &mut Rng, code: &str, moment: Moment) -> Option<Order> {
        let shop = self.world.shops.draw(rng, self.member.home.region.code, self.member.person)?;
        Some(Order {
            order_id: code.into(),
            member_no: Some(Arc::clone(&self.member_no)),
            store_id: Arc::clone(&shop.id),
            region: shop.region,
            ordered_at: moment.micros(),
            channel: pick_weighted(rng, &[("store", 68), ("delivery", 32)]),
            items: 0,
            amount_cents: 0,
            payment_account: self.wallet.draw(rng),
            buyer_is_minor: false,
        })
    }

    /// Draws how many lines an order has: three on average, more for those who buy more.
    fn line_count(&self, rng: &mut Rng) -> i64 {
        let more = -rng.random::<f64>().max(1e-9).ln() * 1.7 * self.activity.appetite;
        i64::try_from((1 + whole(more)).min(LINES_MAX)).unwrap_or(1)
    }

    /// Draws a line of an order.
    fn line(&self, rng: &mut Rng, order: &Order, line_no: i64, month: &Arc<str>) -> Option<OrderLine> {
        let good = self.world.goods.draw(rng)?;
        let quantity = pick_weighted(rng, &[(1, 68), (2, 20), (3, 7), (4, 3), (QUANTITY_MAX, 2)]);
        let percent = pick_weighted(rng, &[(100, 70), (95, 10), (90, 10), (80, 7), (50, 3)]);
        Some(OrderLine {
            order_id: Arc::clone(&order.order_id),
            line_no,
            member_no: order.member_no.clone(),
            pay_account: order.payment_account.clone(),
            store_id: Arc::clone(&order.store_id),
            region: order.region,
            product_id: Some(Arc::clone(&good.id)),
            category: good.category,
            quantity,
            amount_cents: good.price_cents * quantity * percent / 100,
            ordered_at: order.ordered_at,
            ordered_month: Arc::clone(month),
            buyer_is_minor: order.buyer_is_minor,
        })
    }
}
