//! What an ingest cannot go below, in nanoseconds of a processor for each row: what of it has to be done whatever the program around
//! it, done alone.
//!
//! The floor is DataFusion's decoding of the file, the two seals and the one token of a row whose member is known, and the encoding and
//! writing of what is stored, in DataFusion's own Parquet writer's library. Both sides of the ratio keep both processors busy, so that
//! the ratio of processor times is the one of throughputs when nothing waits.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use membrane_model::{DatasetName, IdentityKind};
use membrane_vault::{BucketId, ColumnContext, RootKey, SEALED_OVERHEAD, TOKEN_LENGTH, Vault};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::child::{cpu_seconds, measure};
use crate::ingest::text;
use crate::plain;
use crate::table::{Measure, median, note, print};
use crate::visits::{Form, Visits};

const ROWS: u64 = 2_000_000;
const MEMBERS: u64 = 200_000;
const ROUNDS: usize = 3;
/// Members whose keys are expanded, one after the other.
const KEYS: u64 = 4_096;
/// Columns of pseudonyms and of ciphertext, and how long a cell of them is: the member's id, two tokens, a name and an address.
const PROTECTED: [(&str, usize, bool); 5] = [
    ("_subject", TOKEN_LENGTH, false),
    ("member_no__token", TOKEN_LENGTH, false),
    ("phone__token", TOKEN_LENGTH, false),
    ("name__sealed", SEALED_OVERHEAD + 8, true),
    ("email__sealed", SEALED_OVERHEAD + 20, true),
];
/// Columns that are not stored as they come.
const REPLACED: [&str; 4] = ["member_no", "phone", "name", "email"];

/// Runs the bench and prints its table.
pub(crate) fn bench(dir: &Path) -> Result<()> {
    print("");
    print("| nanoseconds of a processor for each row | CSV | NDJSON |");
    print("| --- | ---: | ---: |");
    let [csv, ndjson] = [(Form::Csv, "floor.csv"), (Form::Ndjson, "floor.json")].map(|(form, name)| {
        let file = dir.join(name);
        Visits { rows: ROWS, members: MEMBERS, form }.write(&file)?;
        let costs = Costs::measure(dir, &file);
        std::fs::remove_file(&file).context("remove a file")?;
        costs
    });
    let (csv, ndjson) = (csv?, ndjson?);
    let line = |what: &str, of: fn(&Costs) -> f64| {
        print(&format!("| {what} | {:.0} | {:.0} |", of(&csv), of(&ndjson)));
    };
    line("DataFusion converts to Parquet", |costs| costs.plain);
    line("Membrane takes in", |costs| costs.governed);
    line("floor: decode", |costs| costs.decode);
    line("floor: seal two cells, make one token", |costs| costs.crypto);
    line("floor: encode and write what is stored", |costs| costs.write);
    line("floor", Costs::floor);
    let ratio = |what: &str, of: fn(&Costs) -> f64| {
        print(&format!("| {what} | {:.2} | {:.2} |", of(&csv), of(&ndjson)));
    };
    ratio("ratio of processor times", |costs| costs.plain / costs.governed);
    ratio("highest ratio: DataFusion's conversion to the floor", |costs| costs.plain / costs.floor());
    Ok(())
}

/// What a row costs.
struct Costs {
    plain: f64,
    governed: f64,
    decode: f64,
    crypto: f64,
    write: f64,
}

impl Costs {
    fn measure(dir: &Path, file: &Path) -> Result<Self> {
        let out = dir.join("floor-out");
        let nanoseconds = |child: &str| {
            note(&format!("{child}, {}", text(file)?));
            let mut measures = Vec::with_capacity(ROUNDS);
            for _ in 0..ROUNDS {
                measures.push(measure(&[child, text(file)?, text(&out)?])?);
                std::fs::remove_dir_all(&out).or_else(|_| std::fs::remove_file(&out)).ok();
            }
            anyhow::Ok(per_row(&median(measures)?))
        };
        Ok(Self {
            plain: nanoseconds("cpu-plain-ingest")?,
            governed: nanoseconds("cpu-hub-visits")?,
            decode: nanoseconds("cpu-decode")?,
            crypto: nanoseconds("cpu-crypto")?,
            write: nanoseconds("cpu-write")?,
        })
    }

    fn floor(&self) -> f64 {
        self.decode + self.crypto + self.write
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of rows below 2^53")]
fn per_row(measure: &Measure) -> f64 {
    measure.seconds * 1e9 / measure.rows as f64
}

/// Decodes a file and drops its rows.
pub(crate) async fn decode(file: &Path) -> Result<(u64, f64)> {
    let before = cpu_seconds()?;
    let mut rows = 0;
    plain::read(file, |batch| rows += batch.num_rows()).await?;
    Ok((u64::try_from(rows)?, cpu_seconds()? - before))
}

/// Seals two cells and makes one token for each row, on one thread.
pub(crate) fn crypto() -> Result<(u64, f64)> {
    let vault = Vault::new(&RootKey::generate());
    let (bucket, _) = vault.new_bucket(BucketId(0))?;
    let kind: IdentityKind = "member_no".parse()?;
    let subjects: Vec<_> = (0..KEYS).map(|member| vault.subject_id(&kind, &member.to_le_bytes())).collect();
    let keys = subjects.iter().map(|subject| bucket.new_data_key(subject).map(|(key, _)| key));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let dataset: DatasetName = "visits".parse()?;
    let columns =
        [ColumnContext::new(&dataset, &"name".parse()?), ColumnContext::new(&dataset, &"email".parse()?)];
    let cells: [&[u8]; 2] = [b"Wang Fan", b"m123456@mail.example"];
    let tokenizer = vault.tokenizer("phone");
    let mut out = Vec::new();
    let before = cpu_seconds()?;
    for (_, (key, subject)) in (0..ROWS).zip(keys.iter().zip(&subjects).cycle()) {
        let cipher = key.cipher();
        for (column, cell) in columns.iter().zip(cells) {
            cipher.seal_in(column, subject, cell, &mut out)?;
        }
        out.extend_from_slice(&tokenizer.token(b"13800000001"));
        if out.len() > 1 << 20 {
            out.clear();
        }
    }
    Ok((ROWS, cpu_seconds()? - before))
}

/// Writes what is stored of the rows of a file, ciphertext and pseudonyms being random bytes of their lengths.
pub(crate) async fn write(file: &Path, out: &Path) -> Result<(u64, f64)> {
    let mut batches = Vec::new();
    plain::read(file, |batch| batches.push(batch)).await?;
    let mut state = 0;
    let batches = batches.iter().map(|batch| stored(batch, &mut state)).collect::<Result<Vec<_>>>()?;
    let schema = batches.first().context("the file has no rows")?.schema();
    let mut properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(128 << 10))
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for (name, _, sealed) in PROTECTED {
        properties = properties
            .set_column_dictionary_enabled(name.into(), false)
            .set_column_statistics_enabled(name.into(), EnabledStatistics::None);
        if sealed {
            properties = properties.set_column_compression(name.into(), Compression::UNCOMPRESSED);
        }
    }
    let before = cpu_seconds()?;
    let mut rows = 0;
    let mut writer =
        ArrowWriter::try_new(File::create(out).context("make a file")?, schema, Some(properties.build()))?;
    for batch in &batches {
        writer.write(batch)?;
        rows += batch.num_rows();
    }
    writer.close()?;
    Ok((u64::try_from(rows)?, cpu_seconds()? - before))
}

fn stored(batch: &RecordBatch, state: &mut u64) -> Result<RecordBatch> {
    let schema = batch.schema();
    let kept = schema.fields().iter().zip(batch.columns());
    let kept = kept.filter(|(field, _)| !REPLACED.contains(&field.name().as_str()));
    let (mut fields, mut columns): (Vec<Arc<Field>>, Vec<ArrayRef>) =
        kept.map(|(field, column)| (Arc::clone(field), Arc::clone(column))).unzip();
    for (name, length, _) in PROTECTED {
        let mut builder = BinaryBuilder::with_capacity(batch.num_rows(), batch.num_rows() * length);
        let mut cell = Vec::with_capacity(length + 8);
        for _ in 0..batch.num_rows() {
            cell.clear();
            while cell.len() < length {
                cell.extend_from_slice(&random(state).to_le_bytes());
            }
            cell.truncate(length);
            builder.append_value(&cell);
        }
        fields.push(Arc::new(Field::new(name, DataType::Binary, false)));
        columns.push(Arc::new(builder.finish()));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// SplitMix64: bytes that do not pack.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
