//! Puts small files together, some at a time: each time is one commit, so that what was done stays done.

use std::collections::BTreeMap;
use std::sync::Arc;

use deltalake::logstore::LogStoreRef;
use membrane_catalog::Dataset;
use membrane_model::RunId;

use super::rewrite::{Effect, File, Rewrite, count, files_of};
use super::{CompactRules, Compacted};
use crate::appender::files::FILE_BYTES;
use crate::lake::load;
use crate::{LakeError, Target};

/// Files of about one size: each class has files up to sixteen times as large as those of the class before.
const CLASS_BITS: u32 = 4;

pub(super) async fn compact(
    log_store: LogStoreRef,
    dataset: &Arc<Dataset>,
    target: Target,
    (run, rules): (RunId, CompactRules),
) -> Result<Compacted, LakeError> {
    let Some(table) = load(&log_store).await? else { return Ok(Compacted::default()) };
    let files = files_of(&table)?;
    let total = |files: &[File]| files.iter().map(|file| file.bytes).sum::<u64>();
    let mut done = Compacted { files: count(files.len()), bytes: total(&files), ..Compacted::default() };
    let groups = groups(files, rules);
    if groups.is_empty() {
        return Ok(done);
    }
    let act = Rewrite::open((log_store, &table), (dataset, target), (run, Effect::Kept))?;
    for group in groups {
        let from = count(group.len());
        if rules.dry_run {
            done.from += from;
            done.into += 1;
            continue;
        }
        match act.put_in_place(&group, Some(&|batch| Ok(batch))).await? {
            Some(written) => {
                done.from += from;
                done.into += written.files;
                done.rows += written.rows;
                done.version = Some(written.version);
            }
            None => done.overtaken += 1,
        }
    }
    Ok(done)
}

/// Returns which files are put together. Files of about one size only, so that a large file is not written again for each small
/// one that comes.
fn groups(files: Vec<File>, rules: CompactRules) -> Vec<Vec<File>> {
    let mut classes: BTreeMap<u32, Vec<File>> = BTreeMap::new();
    for file in files.into_iter().filter(|file| file.bytes < rules.small_bytes.min(FILE_BYTES)) {
        classes.entry(file.bytes.checked_ilog2().unwrap_or(0) / CLASS_BITS).or_default().push(file);
    }
    let mut groups = Vec::new();
    for class in classes.into_values().filter(|class| class.len() >= rules.files_min.max(2)) {
        let mut group: Vec<File> = Vec::new();
        let mut bytes = 0;
        for file in class {
            if bytes + file.bytes > FILE_BYTES {
                groups.push(std::mem::take(&mut group));
                bytes = 0;
            }
            bytes += file.bytes;
            group.push(file);
        }
        groups.push(group);
    }
    groups.retain(|group| group.len() >= 2);
    groups
}

#[cfg(test)]
mod tests;
