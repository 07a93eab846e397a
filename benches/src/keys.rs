//! Keys of members: how fast new ones are made and stored, how fast known ones are found and opened, and what a ledger on one file weighs.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use membrane_ledger::Ledger;
use membrane_model::{IdentityKind, SubjectId};
use membrane_vault::{RootKey, SUBJECTS_PER_BUCKET, Vault};
use tokio::runtime::Runtime;

use crate::table::{note, print};

/// Members when nobody says how many, in millions.
const MILLIONS: u64 = 10;
/// Members that are stored together: those of a batch of an ingest.
const BATCH: u64 = 16_384;
/// Batches that are looked up at each mark.
const LOOKED_UP: u64 = 20;

/// Runs the bench and prints its table: a line for each million that doubles the ones before.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    let millions = arguments.first().map_or(Ok(MILLIONS), |text| text.parse())?;
    let dir = tempfile::tempdir().context("make a folder")?;
    print("");
    print("| members in the ledger | new keys/s, the last of them | known keys/s | bytes a member |");
    print("| ---: | ---: | ---: | ---: |");
    runtime.block_on(fill(dir.path(), millions * 1_000_000))
}

async fn fill(dir: &Path, members: u64) -> Result<()> {
    let file = dir.join("ledger.sqlite");
    let ledger = Ledger::connect(&format!("sqlite://{}", file.display())).await?;
    let vault = Vault::new(&RootKey::generate());
    let kind: IdentityKind = "member_no".parse()?;
    let subjects = |from: u64| -> Vec<SubjectId> {
        (from..from + BATCH).map(|n| vault.subject_id(&kind, &n.to_le_bytes())).collect()
    };
    let (mut stored, mut mark) = (0, 1_000_000);
    let (mut since, mut before) = (Instant::now(), 0);
    while stored < members {
        store(&ledger, &vault, &subjects(stored)).await?;
        stored += BATCH;
        if stored >= mark || stored >= members {
            let rate = per_second(stored - before, since);
            let found = look_up(&ledger, &vault, stored, &subjects).await?;
            let bytes = size(&file)? / stored;
            print(&format!("| {stored} | {rate:.0} | {found:.0} | {bytes} |"));
            note(&format!("{stored} members"));
            mark *= 2;
            (since, before) = (Instant::now(), stored);
        }
    }
    Ok(())
}

/// Makes keys as an ingest does: in buckets of so many subjects, the keys of a batch in one transaction.
async fn store(ledger: &Ledger, vault: &Vault, subjects: &[SubjectId]) -> Result<()> {
    let mut offers = Vec::with_capacity(subjects.len());
    for part in subjects.chunks(usize::try_from(SUBJECTS_PER_BUCKET)?) {
        let id = ledger.reserve_bucket().await?;
        let (bucket, wrapped) = vault.new_bucket(id)?;
        ledger.store_bucket(id, &wrapped).await?;
        for subject in part {
            let (_, wrapped) = bucket.new_data_key(subject)?;
            offers.push((*subject, id, wrapped));
        }
    }
    let stored = ledger.store_data_keys(&offers).await?;
    ensure!(stored == BATCH, "{stored} keys of {BATCH} were stored");
    Ok(())
}

/// Finds and opens keys that lie all over the ledger; returns how many in a second.
async fn look_up(
    ledger: &Ledger,
    vault: &Vault,
    stored: u64,
    subjects: &impl Fn(u64) -> Vec<SubjectId>,
) -> Result<f64> {
    let since = Instant::now();
    let step = (stored / BATCH / LOOKED_UP).max(1) * BATCH;
    let mut opened = 0;
    for from in (0..LOOKED_UP).map(|at| at * step).filter(|from| from + BATCH <= stored) {
        let wrapped = ledger.data_keys(&subjects(from)).await?;
        let mut ids: Vec<_> = wrapped.values().map(|(bucket, _)| *bucket).collect();
        ids.sort_unstable();
        ids.dedup();
        let buckets = ledger.bucket_keys(&ids).await?;
        let open = |(id, wrapped)| anyhow::Ok((id, vault.open_bucket(id, &wrapped)?));
        let buckets = buckets.into_iter().map(open).collect::<Result<std::collections::HashMap<_, _>>>()?;
        for (subject, (bucket, wrapped)) in &wrapped {
            buckets.get(bucket).context("a bucket is not there")?.open_data_key(subject, wrapped)?;
            opened += 1;
        }
    }
    Ok(per_second(opened, since))
}

fn size(file: &Path) -> Result<u64> {
    Ok(std::fs::metadata(file).context("look at the ledger's file")?.len())
}

#[expect(clippy::cast_precision_loss, reason = "a count below 2^53")]
fn per_second(count: u64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}
