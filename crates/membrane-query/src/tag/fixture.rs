//! A tag's statement tried on rows that somebody wrote down: what is expected of it is said before it is asked about anyone.
//!
//! The rows are the test's own, and shown in clear: what policy masks of real ones is not part of the test.

use std::collections::{BTreeSet, HashMap};
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, AsArray as _, BinaryArray, RecordBatch, new_null_array};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::datasource::MemTable;
use datafusion::execution::SessionState;
use futures::TryStreamExt as _;
use membrane_catalog::Dataset;
use membrane_model::{DatasetName, IdentityKind, LogicalType, Protection, RevealLevel};
use membrane_policy::RowRule;
use tokio::time::Instant;

use crate::answer::run;
use crate::brake::Brake;
use crate::engine::{Engine, Planned};
use crate::error::QueryError;
use crate::gate::Statement;
use crate::mask::key;
use crate::open::Opener;
use crate::rules::{ColumnRule, Mask, SUBJECT_COLUMN, ScanRules, Source, Way, arrow_type};
use crate::table::GovernedTable;

use super::{check_keys, key_of, local};

/// Seconds that a test may take.
const SECONDS_MAX: u64 = 60;

/// The rows that a test has in one dataset.
#[derive(Debug, Clone)]
pub struct TagFixture<'a> {
    /// The dataset.
    pub dataset: &'a Dataset,
    /// Its rows: CSV with a header of columns of the contract. A column that is not there is NULL; none means that there is no row.
    pub csv: Option<&'a str>,
}

/// What came of a test's statement: the rows, in which column the keys are, and whom each key stands for.
#[derive(Debug)]
pub struct Tried {
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// The place of the column that has the keys.
    pub key: usize,
    /// Whether the statement is member-local.
    pub is_local: bool,
    holders: Vec<String>,
}

impl Tried {
    /// Returns for whom a key stands.
    #[must_use]
    pub fn holder(&self, key: &[u8]) -> Option<&str> {
        let (token, _) = key::parts(key)?;
        let place = usize::try_from(u128::from_be_bytes(token.try_into().ok()?)).ok()?;
        self.holders.get(place.checked_sub(1)?).map(String::as_str)
    }
}

/// Why a test could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The rows are not what the contract says.
    #[error("the rows for dataset `{dataset}` cannot be read: {reason}")]
    Rows {
        /// The dataset.
        dataset: DatasetName,
        /// What is wrong, without a value.
        reason: String,
    },
    /// The statement cannot be asked.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl Engine {
    /// Asks a tag's statement about rows of a test. No permit is needed: nothing that is stored is read.
    ///
    /// # Errors
    /// [`TrialError`] when rows cannot be read, or the statement cannot be asked.
    pub async fn try_tag(
        &self,
        statement: &Statement,
        entity: &IdentityKind,
        fixtures: &[TagFixture<'_>],
    ) -> Result<Tried, TrialError> {
        let mut holders = Holders::default();
        let mut tables = Vec::new();
        for fixture in fixtures {
            let opener = Arc::new(self.opener.for_query());
            let table = fixture_table(fixture, entity, &mut holders, (&self.trusted, opener))?;
            tables.push((fixture.dataset.name.clone(), Arc::new(table)));
        }
        let limits = self.tag_limits(SECONDS_MAX);
        let state = self.tag_session(tables, &limits)?;
        let planned = Planned::new(&state, statement, &limits).await?;
        let key = key_of(&planned)?;
        check_keys(&planned)?;
        let is_local = local::is_local(&planned.analysed, key);
        let brake = Brake::new(Instant::now() + Duration::from_secs(SECONDS_MAX));
        let physical = planned.physical(&state, &limits, &brake).await?;
        let batches = run(&physical, &state.task_ctx(), limits, brake).try_collect().await?;
        Ok(Tried { batches, key, is_local, holders: holders.names })
    }
}

/// Makes the table of a fixture: all is shown in clear, but the column of the entity.
pub(super) fn fixture_table(
    fixture: &TagFixture<'_>,
    entity: &IdentityKind,
    holders: &mut Holders,
    (trusted, opener): (&Arc<SessionState>, Arc<Opener>),
) -> Result<GovernedTable, TrialError> {
    let dataset = fixture.dataset;
    let wrong = |reason: String| TrialError::Rows { dataset: dataset.name.clone(), reason };
    let rows = match fixture.csv {
        Some(csv) => Some(read(dataset, csv).map_err(wrong)?),
        None => None,
    };
    let count = rows.as_ref().map_or(0, RecordBatch::num_rows);
    let key = dataset.subject.as_ref().filter(|subject| subject.kind == *entity);
    let key = key.map(|subject| subject.column.clone());
    let (mut fields, mut arrays, mut rules) = (Vec::new(), Vec::<ArrayRef>::new(), Vec::new());
    for column in &dataset.columns {
        let shown = arrow_type(column.logical_type);
        let array = match rows.as_ref().and_then(|rows| rows.column_by_name(column.name.as_str())) {
            Some(array) => cast(array, &shown).map_err(|_| wrong("a type does not fit".to_owned()))?,
            None => new_null_array(&shown, count),
        };
        let mut way = Way {
            logical: column.logical_type,
            source: Source::Value,
            contract: None,
            mask: Mask::Clear,
            level: RevealLevel::Clear,
        };
        if key.as_ref() == Some(&column.name) {
            (way.source, way.mask, way.level) = (Source::Token, Mask::Key, RevealLevel::Token);
            let text = cast(&array, &DataType::Utf8).map_err(|_| wrong("a type does not fit".to_owned()))?;
            let tokens =
                text.as_string::<i32>().iter().map(|holder| holder.map(|holder| holders.token(holder)));
            fields.push(Field::new(format!("{}__token", column.name), DataType::Binary, true));
            arrays.push(Arc::new(tokens.collect::<BinaryArray>()));
            fields.push(Field::new(SUBJECT_COLUMN, DataType::Binary, true));
            arrays.push(Arc::new((0..count).map(|_| Some([0_u8; 16])).collect::<BinaryArray>()));
        } else {
            fields.push(Field::new(column.name.as_str(), shown, true));
            arrays.push(array);
        }
        // What is stored as a token alone is shown to nobody as more than that.
        if column.protection == Protection::Token {
            way.level = RevealLevel::Token;
        }
        let rule = ColumnRule::new(column.name.clone(), Vec::new(), way);
        rules.push(rule.map_err(|reason| wrong(reason.to_owned()))?);
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays);
    let batch = batch.map_err(|_| wrong("columns do not fit each other".to_owned()))?;
    let inner = MemTable::try_new(schema, vec![vec![batch]]).map_err(|_| QueryError::Failed)?;
    let rules =
        ScanRules { dataset: dataset.name.clone(), columns: rules, rows: RowRule::All, with_subject: false };
    let table = GovernedTable::new(rules, Some(Arc::new(inner)), Arc::clone(trusted), opener);
    Ok(table.about_members(dataset.is_private()))
}

/// Whom the keys of a test stand for: keys are numbers.
#[derive(Default)]
pub(super) struct Holders {
    names: Vec<String>,
    places: HashMap<String, u128>,
}

impl Holders {
    fn token(&mut self, holder: &str) -> [u8; 16] {
        let next = self.names.len() as u128 + 1;
        let place = *self.places.entry(holder.to_owned()).or_insert_with(|| {
            self.names.push(holder.to_owned());
            next
        });
        place.to_be_bytes()
    }
}

/// Reads rows of a test.
fn read(dataset: &Dataset, csv: &str) -> Result<RecordBatch, String> {
    let header = csv.lines().next().unwrap_or_default();
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_matches('"')).collect();
    let mut seen = BTreeSet::new();
    let mut fields = Vec::with_capacity(names.len());
    for name in &names {
        let column = dataset.columns.iter().find(|column| column.name.as_str() == *name);
        let column = column.ok_or_else(|| format!("column `{name}` of the header is not in the contract"))?;
        if !seen.insert(*name) {
            return Err(format!("column `{name}` is in the header twice"));
        }
        fields.push(Field::new(*name, read_as(column.logical_type), true));
    }
    let schema = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(Arc::clone(&schema)).with_header(true).build(Cursor::new(csv));
    let reader = reader.map_err(|_| "it is not CSV".to_owned())?;
    let mut batches = Vec::new();
    // PRIVACY: what Arrow says may quote the cell; the line is enough, and the file is at hand.
    for batch in reader {
        let line = batches.iter().map(RecordBatch::num_rows).sum::<usize>() + 2;
        batches
            .push(batch.map_err(|_| format!("a row from line {line} on does not fit its columns' types"))?);
    }
    concat_batches(&schema, &batches).map_err(|_| "its rows do not fit each other".to_owned())
}

fn read_as(logical: LogicalType) -> DataType {
    match logical {
        LogicalType::String => DataType::Utf8,
        LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        other => arrow_type(other),
    }
}
