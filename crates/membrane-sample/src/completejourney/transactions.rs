//! What households bought.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::source::Kind::{Instant, Integer, Money, Text};
use super::source::{Kind, SourceRows};
use super::{PreparedFile, Source, file_name, finish};
use crate::SampleError;
use crate::parquet_file::{ParquetFile, schema};

const DATASET: &str = "transactions";

const COLUMNS: &[(&str, Kind)] = &[
    ("household_id", Integer),
    ("store_id", Integer),
    ("basket_id", Integer),
    ("product_id", Integer),
    ("quantity", Integer),
    ("sales_value", Money),
    ("retail_disc", Money),
    ("coupon_disc", Money),
    ("coupon_match_disc", Money),
    ("week", Integer),
    ("transaction_timestamp", Instant),
];

/// A column that the package has in another file: the department of the product.
const DEPARTMENT: &str = "department";

/// The department of a product that the package's list of products does not have.
const UNLISTED: &str = "UNLISTED";

/// What the transactions add up to.
pub(super) struct Totals {
    pub(super) sales_cents: i64,
    pub(super) households: BTreeSet<i64>,
}

/// Writes the transactions, each with the department of its product, and adds them up as they are read.
pub(super) fn write(package_dir: &Path, out: &Path) -> Result<(PreparedFile, Totals), SampleError> {
    let departments = departments(package_dir)?;
    let columns = COLUMNS.iter().chain(&[(DEPARTMENT, Text)]).map(|(name, kind)| (*name, kind.data_type()));
    let mut file = ParquetFile::create(out, &file_name(DATASET), schema(columns.collect()), &[])?;
    let mut source = Source::open(package_dir, DATASET)?;
    let mut totals = Totals { sales_cents: 0, households: BTreeSet::new() };
    let mut rows = 0;
    while let Some(some) = source.next()? {
        rows += some.rows();
        add_up(&some, &mut totals)?;
        let products = some.integers("product_id")?;
        let names = products.iter().map(|product| {
            let department = departments.get(&product?);
            Some(department.map_or(UNLISTED, |name| name.as_ref()))
        });
        let mut columns = COLUMNS
            .iter()
            .map(|(name, kind)| some.column(name, *kind))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        columns.push(Arc::new(names.collect::<StringArray>()));
        file.write(columns)?;
    }
    Ok((finish(file, DATASET, rows)?, totals))
}

fn add_up(some: &SourceRows<'_>, totals: &mut Totals) -> Result<(), SampleError> {
    let sales: i128 = some.money("sales_value")?.iter().flatten().sum();
    // Each amount is below ten billion cents, so that a batch cannot overflow.
    totals.sales_cents = totals.sales_cents.saturating_add(i64::try_from(sales).unwrap_or(i64::MAX));
    totals.households.extend(some.integers("household_id")?.iter().flatten());
    Ok(())
}

/// Reads the department of each product.
fn departments(package_dir: &Path) -> Result<HashMap<i64, Arc<str>>, SampleError> {
    let mut source = Source::open(package_dir, "products")?;
    let mut departments = HashMap::new();
    while let Some(some) = source.next()? {
        let names = some.texts(DEPARTMENT)?;
        for (product, name) in some.integers("product_id")?.iter().zip(names.iter()) {
            if let (Some(product), Some(name)) = (product, name) {
                departments.insert(product, Arc::from(name));
            }
        }
    }
    Ok(departments)
}
