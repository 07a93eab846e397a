//! What a principal can do in SQL: every file below `slt/PRINCIPAL/` runs as that principal on a small world whose rows
//! are all known, for the purpose behind an `@` in the folder's name or for marketing. Refusals stand there too, by their
//! code. Each file of `slt_masks/` is about one mask: it runs as an analyst of its name in a world of its own; so do those of
//! `slt_standard/`, about spellings.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use membrane::error::Failure;
use membrane_query::mask_docs;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

use crate::world::{World, small};
use crate::{masks, standard};

/// One principal's door.
struct Door {
    world: Arc<World>,
    principal: String,
    purpose: String,
}

/// A failure as the file states it: `code: message`.
#[derive(Debug)]
struct Told(String);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Told {}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        Self(format!("{}: {}", failure.error.code(), failure.error))
    }
}

#[async_trait::async_trait]
impl AsyncDB for Door {
    type Error = Told;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Told> {
        let batches = self.world.query_for(&self.principal, &self.purpose, sql).await?;
        let types = batches.first().map(types_of).unwrap_or_default();
        let rows = batches.iter().flat_map(rows_of).collect();
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

fn types_of(batch: &RecordBatch) -> Vec<DefaultColumnType> {
    batch
        .schema()
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt64 => {
                DefaultColumnType::Integer
            }
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
                DefaultColumnType::FloatingPoint
            }
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => DefaultColumnType::Text,
            _ => DefaultColumnType::Any,
        })
        .collect()
}

fn rows_of(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let cells: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            cells
                .iter()
                .map(|cell| match cell.value(row).to_string() {
                    text if text.is_empty() => "(empty)".to_owned(),
                    text => text,
                })
                .collect()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_slt_file_holds() {
    let world = Arc::new(small::world().await);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("slt");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().replacen('_', ":", 1);
        let (principal, purpose) = name.split_once('@').unwrap_or((&name, "marketing_analysis"));
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            run(&world, principal, purpose, &path).await;
            files += 1;
        }
    }
    assert!(files >= 5, "{files} files");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mask_shows_what_it_says() {
    let world = Arc::new(masks::world().await);
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("slt_masks")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        run(&world, &format!("analyst:{name}"), "testing", &path).await;
        seen.push(name.replace('_', "-"));
    }
    for mask in mask_docs() {
        let name = mask.name.split('(').next().unwrap();
        assert!(seen.iter().any(|seen| seen == name), "there is no slt_masks/{name}.slt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_spelled_differently_joins() {
    let world = Arc::new(standard::world().await);
    for who in ["joiner", "reader"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("slt_standard").join(format!("{who}.slt"));
        run(&world, &format!("analyst:{who}"), "testing", &path).await;
    }
}

async fn run(world: &Arc<World>, principal: &str, purpose: &str, path: &Path) {
    let mut runner = Runner::new(|| {
        let (principal, purpose) = (principal.to_owned(), purpose.to_owned());
        let door = Door { world: Arc::clone(world), principal, purpose };
        async move { Ok(door) }
    });
    if let Err(error) = runner.run_file_async(path).await {
        panic!("{}: {}", path.display(), error.display(false));
    }
}
