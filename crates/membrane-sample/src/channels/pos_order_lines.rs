//! What was in each order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use super::pos_orders::{LATE_SHARE, instants, money, spoil_account, truths};
use crate::dirt::DirtyKind::{BadChecksum, Duplicate, MissingRequired, OutOfRange, UnknownValue};
use crate::dirt::Faults;
use crate::parquet_file::{MONEY, ParquetRow, schema, timestamp};

/// One line of an order.
#[derive(Debug, Clone)]
pub(super) struct OrderLine {
    pub(super) order_id: Arc<str>,
    pub(super) line_no: i64,
    pub(super) member_no: Option<Arc<str>>,
    pub(super) pay_account: Option<Arc<str>>,
    pub(super) store_id: Arc<str>,
    pub(super) region: &'static str,
    pub(super) product_id: Option<Arc<str>>,
    pub(super) category: &'static str,
    pub(super) quantity: i64,
    pub(super) amount_cents: i64,
    pub(super) ordered_at: i64,
    /// `2025-03`: the month of the time, of a late order too.
    pub(super) ordered_month: Arc<str>,
    /// As the order says.
    pub(super) buyer_is_minor: bool,
}

impl ParquetRow for OrderLine {
    const DATASET: &'static str = "pos_order_lines";
    const NAME: &'static str = "pos_order_lines.parquet";
    const NUMBER: u64 = 7;
    const DISTINCT: &'static [&'static str] = &["order_id"];
    const FAULTS: Faults<fn(&mut Self)> = &[
        ((MissingRequired, |line| (line.member_no, line.buyer_is_minor) = (None, false)), 15),
        ((MissingRequired, |line| line.product_id = None), 10),
        ((UnknownValue, |line| line.category = "mystery"), 15),
        ((BadChecksum, |line| line.pay_account = Some(spoil_account(line.pay_account.as_ref()))), 15),
        ((OutOfRange, |line| line.quantity = -line.quantity), 10),
        ((Duplicate, |_| {}), 20),
    ];
    const LATE_SHARE: f64 = LATE_SHARE;

    fn schema() -> SchemaRef {
        schema(vec![
            ("order_id", DataType::Utf8),
            ("line_no", DataType::Int64),
            ("member_no", DataType::Utf8),
            ("pay_account", DataType::Utf8),
            ("store_id", DataType::Utf8),
            ("region", DataType::Utf8),
            ("product_id", DataType::Utf8),
            ("category", DataType::Utf8),
            ("quantity", DataType::Int64),
            ("amount", MONEY),
            ("ordered_at", timestamp()),
            ("ordered_month", DataType::Utf8),
            ("buyer_is_minor", DataType::Boolean),
        ])
    }

    fn columns(rows: &[Self]) -> Result<Vec<ArrayRef>, ArrowError> {
        Ok(vec![
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.order_id))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.line_no))),
            Arc::new(rows.iter().map(|row| row.member_no.as_deref()).collect::<StringArray>()),
            Arc::new(rows.iter().map(|row| row.pay_account.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.store_id))),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.region))),
            Arc::new(rows.iter().map(|row| row.product_id.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.category))),
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.quantity))),
            money(rows.iter().map(|row| row.amount_cents))?,
            instants(rows.iter().map(|row| row.ordered_at)),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.ordered_month))),
            truths(rows.iter().map(|row| row.buyer_is_minor)),
        ])
    }
}
