//! Every household that bought something: generated identifiers, and what the package knows of some.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::DataType;

use super::{PreparedFile, Source, file_name, finish};
use crate::parquet_file::{ParquetFile, schema};
use crate::{HouseholdIdentity, SampleError, household_identity};

const DATASET: &str = "households";

/// What the package knows of about a third of the households.
pub(super) const DEMOGRAPHICS: [&str; 7] =
    ["age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count"];

/// The values of one household, in this order.
type Demographics = [Option<String>; DEMOGRAPHICS.len()];

/// Writes one row for each household.
pub(super) fn write(
    package_dir: &Path,
    out: &Path,
    seed: u64,
    households: &BTreeSet<i64>,
) -> Result<PreparedFile, SampleError> {
    let known = demographics(package_dir)?;
    let identities: Vec<HouseholdIdentity> =
        households.iter().map(|id| household_identity(seed, id.unsigned_abs())).collect();
    let names = ["member_no", "name", "phone", "email", "address"].into_iter().chain(DEMOGRAPHICS);
    let columns =
        std::iter::once(("household_id", DataType::Int64)).chain(names.map(|name| (name, DataType::Utf8)));
    let mut file = ParquetFile::create(out, &file_name(DATASET), schema(columns.collect()), &[])?;

    let text = |field: fn(&HouseholdIdentity) -> &String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(identities.iter().map(field)))
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(households.iter().copied())),
        text(|household| &household.member_no),
        text(|household| &household.name),
        text(|household| &household.phone),
        text(|household| &household.email),
        text(|household| &household.address),
    ];
    for index in 0..DEMOGRAPHICS.len() {
        let values = households.iter().map(|id| known.get(id)?.get(index)?.as_deref());
        columns.push(Arc::new(values.collect::<StringArray>()));
    }
    file.write(columns)?;
    finish(file, DATASET, households.len() as u64)
}

fn demographics(package_dir: &Path) -> Result<HashMap<i64, Demographics>, SampleError> {
    let mut source = Source::open(package_dir, "demographics")?;
    let mut known: HashMap<i64, Demographics> = HashMap::new();
    while let Some(some) = source.next()? {
        let ids = some.integers("household_id")?;
        for (index, column) in DEMOGRAPHICS.into_iter().enumerate() {
            let values = some.texts(column)?;
            for (id, value) in ids.iter().zip(values.iter()) {
                let Some(id) = id else { continue };
                if let Some(cell) = known.entry(id).or_default().get_mut(index) {
                    *cell = value.map(str::to_owned);
                }
            }
        }
    }
    Ok(known)
}
