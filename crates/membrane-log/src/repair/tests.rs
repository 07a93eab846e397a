//! Tests: what was altered or taken away is put back, byte for byte, and nothing else is touched.

use proptest::prelude::*;

use super::*;
use crate::memory::Memory;
use crate::testing::{Dying, naive_root, others, publish, run, trust};
use crate::verify_full;

fn head(entries: &[Vec<u8>]) -> TreeHead {
    TreeHead { size: entries.len() as u64, root: naive_root(entries) }
}

/// Repairs a log from entries that come in groups.
async fn repair(
    objects: &impl Objects,
    head: TreeHead,
    entries: &[Vec<u8>],
) -> Result<Option<Vec<Mended>>, LogError> {
    let mut survey = Survey::default();
    entries.chunks(100).for_each(|group| survey.add(group));
    assert_eq!(survey.size(), entries.len() as u64);
    let Some(mut mending) = survey.agree(head) else { return Ok(None) };
    for group in entries.chunks(100) {
        mending.mend(objects, group).await?;
    }
    mending.finish(objects).await.map(Some)
}

#[test]
fn what_is_missing_or_altered_is_put_back() {
    run(async {
        let (objects, all) = publish(&[100, 300, 16_384, 16_384, 16_384, 16_384]).await;
        let whole = objects.snapshot();
        assert_eq!(repair(&objects, head(&all), &all).await.unwrap(), Some(Vec::new()));
        let stale: Vec<String> = whole
            .keys()
            .filter(|path| path.contains("001.p/144") || path.contains(".p/100"))
            .cloned()
            .collect();
        assert!(stale.len() >= 4, "{stale:?}");
        let paths =
            ["tile/entries/000", "tile/0/257", "tile/1/000", "tile/2/000.p/1", "tile/entries/257.p/144"];
        for (place, path) in stale.iter().map(String::as_str).chain(paths).enumerate() {
            let mut damaged = whole.clone();
            let was_missing = place % 2 == 0 && !stale.contains(&path.to_owned());
            match damaged.get_mut(path) {
                Some(bytes) if !was_missing => *bytes.last_mut().unwrap() ^= 1,
                Some(_) => drop(damaged.remove(path)),
                // Right where it is full: the tree has no partial one there.
                None => continue,
            }
            let objects = Memory::from_snapshot(damaged);
            let mended = repair(&objects, head(&all), &all).await.unwrap();
            assert_eq!(mended, Some(vec![Mended { path: path.to_owned(), was_missing }]));
            assert!(objects.snapshot() == whole, "{path}");
        }
    });
}

#[test]
fn entries_that_were_not_signed_put_nothing_back() {
    run(async {
        let (objects, all) = publish(&[700]).await;
        let mut damaged = objects.snapshot();
        damaged.remove("tile/entries/001");
        let objects = Memory::from_snapshot(damaged.clone());
        let mut altered = all.clone();
        altered[300].push(1);
        assert_eq!(repair(&objects, head(&all), &altered).await.unwrap(), None);
        assert_eq!(repair(&objects, head(&all), &all[..699]).await.unwrap(), None);
        // Right when they were surveyed, and others when they come again.
        let survey = || {
            let mut survey = Survey::default();
            survey.add(&all);
            survey.agree(head(&all)).unwrap()
        };
        for wrong in [altered, others(0..700)] {
            let refused = survey().mend(&objects, &wrong).await;
            assert!(matches!(refused, Err(LogError::Fork { size: 700 })));
        }
        let mut mending = survey();
        mending.mend(&objects, &all[..512]).await.unwrap();
        mending.mend(&objects, &others(0..188)).await.unwrap();
        assert!(matches!(mending.finish(&objects).await, Err(LogError::Fork { size: 700 })));
        damaged.insert(
            "tile/entries/001".to_owned(),
            publish(&[700]).await.0.snapshot()["tile/entries/001"].clone(),
        );
        assert!(objects.snapshot() == damaged);
    });
}

#[test]
fn a_repair_that_breaks_off_is_taken_up() {
    run(async {
        let (objects, all) = publish(&[600]).await;
        let whole = objects.snapshot();
        let mut damaged = whole.clone();
        damaged.retain(|path, _| !path.starts_with("tile/"));
        let dying = Dying::new(damaged, 3, true);
        assert!(repair(&dying, head(&all), &all).await.is_err());
        let objects = Memory::from_snapshot(dying.inner.snapshot());
        assert!(!repair(&objects, head(&all), &all).await.unwrap().unwrap().is_empty());
        assert!(verify_full(&objects, &trust(), None, |_, _| {}).await.unwrap().is_clean());
        assert!(objects.snapshot() == whole);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_damage_of_any_log(
        groups in prop::collection::vec(1usize..400, 1..5),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u8..3), 1..6),
    ) {
        run(async {
            let (objects, all) = publish(&groups).await;
            let mut damaged = objects.snapshot();
            for (which, at, how) in damage {
                let paths: Vec<String> = damaged.keys().filter(|path| path.starts_with("tile/")).cloned().collect();
                if paths.is_empty() {
                    break;
                }
                let path = which.get(&paths);
                let bytes = damaged.get_mut(path).unwrap();
                match how {
                    0 => drop(damaged.remove(path)),
                    1 => bytes.truncate(at.index(bytes.len() + 1)),
                    _ if bytes.is_empty() => {}
                    _ => {
                        let at = at.index(bytes.len());
                        bytes[at] ^= 0x20;
                    }
                }
            }
            let objects = Memory::from_snapshot(damaged);
            repair(&objects, head(&all), &all).await.unwrap().unwrap();
            let report = verify_full(&objects, &trust(), None, |_, _| {}).await.unwrap();
            assert_eq!(report.findings, []);
            assert_eq!(report.entries_checked, all.len() as u64);
        });
    }
}
