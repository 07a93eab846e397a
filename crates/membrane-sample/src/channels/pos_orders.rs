//! Orders at the till and by delivery.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use crate::dirt::DirtyKind::{BadChecksum, Duplicate, MissingRequired, OutOfRange, UnknownValue};
use crate::dirt::Faults;
use crate::parquet_file::{MONEY, ParquetRow, schema, timestamp};

/// The share of dirt that is late orders: whole orders, so that their lines stay with them.
pub(super) const LATE_SHARE: f64 = 0.15;

/// One order.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) order_id: Arc<str>,
    pub(super) member_no: Option<Arc<str>>,
    pub(super) store_id: Arc<str>,
    pub(super) region: &'static str,
    pub(super) ordered_at: i64,
    pub(super) channel: &'static str,
    pub(super) items: i64,
    pub(super) amount_cents: i64,
    pub(super) payment_account: Option<Arc<str>>,
    /// Under 18 when the order was paid, as the card's profile says.
    pub(super) buyer_is_minor: bool,
}

impl ParquetRow for Order {
    const DATASET: &'static str = "pos_orders";
    const NAME: &'static str = "pos_orders.parquet";
    const NUMBER: u64 = 6;
    const DISTINCT: &'static [&'static str] = &["order_id"];
    const FAULTS: Faults<fn(&mut Self)> = &[
        ((MissingRequired, |order| (order.member_no, order.buyer_is_minor) = (None, false)), 20),
        ((UnknownValue, |order| order.channel = "kiosk"), 15),
        ((UnknownValue, |order| order.region = "XX"), 10),
        (
            (BadChecksum, |order| {
                order.payment_account = Some(spoil_account(order.payment_account.as_ref()))
            }),
            15,
        ),
        ((OutOfRange, |order| order.amount_cents = -order.amount_cents.max(1)), 10),
        ((Duplicate, |_| {}), 20),
    ];
    const LATE_SHARE: f64 = LATE_SHARE;

    fn schema() -> SchemaRef {
        schema(vec![
            ("order_id", DataType::Utf8),
            ("member_no", DataType::Utf8),
            ("store_id", DataType::Utf8),
            ("region", DataType::Utf8),
            ("ordered_at", timestamp()),
            ("channel", DataType::Utf8),
            ("items", DataType::Int64),
            ("amount", MONEY),
            ("payment_account", DataType::Utf8),
            ("buyer_is_minor", DataType::Boolean),
        ])
    }

    fn columns(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        Ok(vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.order_id))),
            Arc::new(rows.iter().map(|row| row.member_no.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.store_id))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.region))),
            instants(rows.iter().map(|row| row.ordered_at)),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.channel))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.items))),
            money(rows.iter().map(|row| row.amount_cents))?,
            Arc::new(rows.iter().map(|row| row.payment_account.as_deref()).collect::<StringArray>()),
            truths(rows.iter().map(|row| row.buyer_is_minor)),
        ])
    }
}

/// Returns the same second of the year before the sample's, which has a 29 February.
pub(super) const fn year_before(micros: i64) -> i64 {
    const DAY_US: i64 = 86_400_000_000;
    const MARCH_US: i64 = 1_740_787_200_000_000;
    micros - if micros < MARCH_US { 366 } else { 365 } * DAY_US
}

/// Makes a column of instants.
pub(super) fn instants(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}

/// Makes a column of truth values.
pub(super) fn truths(values: impl Iterator<Item = bool>) -> ArrayRef {
    Arc::new(BooleanArray::from(values.collect::<Vec<_>>()))
}

/// Makes a column of money.
pub(super) fn money(cents: impl Iterator<Item = i64>) -> Result<ArrayRef, ArrowError> {
    let column = Decimal128Array::from_iter_values(cents.map(i128::from));
    Ok(Arc::new(column.with_precision_and_scale(12, 2)?))
}

/// Gives an account number another last digit.
pub(super) fn spoil_account(account: Option<&Arc<str>>) -> Arc<str> {
    let mut account = account.map_or_else(|| "6217001234567890120".to_owned(), |account| account.to_string());
    let last = account.pop();
    account.push(if last == Some('4') { '5' } else { '4' });
    account.into()
}
