//! Tests: proofs of all sizes, and stores that lie.

use proptest::prelude::*;

use super::*;
use crate::memory::Memory;
use crate::testing::{naive_root, publish, run};

fn head_of(all: &[Vec<u8>]) -> TreeHead {
    TreeHead { size: all.len() as u64, root: naive_root(all) }
}

/// Checks that all proofs of a tree hold, and that they do not hold for anything else.
async fn check(objects: &Memory, all: &[Vec<u8>], index: usize, old: usize) {
    let head = head_of(all);
    let at = index as u64;
    let proof = prove_inclusion(objects, head, at).await.unwrap();
    let entry = Hash::of_entry(&all[index]);
    check_inclusion(&proof, head, at, entry).unwrap();
    assert!(check_inclusion(&proof, head, at, Hash::of_entry(b"another")).is_err());
    assert!(check_inclusion(&proof, TreeHead { root: EMPTY_ROOT, ..head }, at, entry).is_err());
    assert_eq!(entry_at(objects, head, at).await.unwrap(), all[index]);
    let longer: Vec<Hash> = proof.iter().copied().chain([entry]).collect();
    assert!(check_inclusion(&longer, head, at, entry).is_err());

    let old = head_of(&all[..old]);
    let proof = prove_consistency(objects, old.size, head).await.unwrap();
    check_consistency(&proof, old, head).unwrap();
    assert_eq!(edge_at(objects, head, old.size).await.unwrap().head(), old);
    check_known(objects, head, old).await.unwrap();
    let false_old = TreeHead { root: Hash([9; 32]), ..old };
    assert!(check_consistency(&proof, false_old, head).is_err());
    assert!(matches!(check_known(objects, head, false_old).await, Err(LogError::Fork { .. })));
}

#[test]
fn all_proofs_of_a_small_tree() {
    run(async {
        let (objects, all) = publish(&[1, 5, 11]).await;
        for index in 0..all.len() {
            for old in 0..=all.len() {
                check(&objects, &all, index, old).await;
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn proofs_of_any_tree(
        groups in prop::collection::vec(1usize..400, 1..6),
        places in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 8),
    ) {
        run(async {
            let (objects, all) = publish(&groups).await;
            for (index, old) in places {
                check(&objects, &all, index.index(all.len()), old.index(all.len() + 1)).await;
            }
        });
    }
}

#[test]
fn a_tree_of_three_levels() {
    run(async {
        let (objects, all) = publish(&[16_384, 16_384, 16_384, 16_384, 4_464]).await;
        assert_eq!(all.len(), 70_000);
        for (index, old) in [(0, 1), (65_535, 65_536), (65_536, 65_537), (69_999, 69_999), (123, 300)] {
            check(&objects, &all, index, old).await;
        }
    });
}

#[test]
fn beyond_the_tree() {
    run(async {
        let (objects, all) = publish(&[3]).await;
        let head = head_of(&all);
        let out_of_range = |error| matches!(error, LogError::OutOfRange { .. });
        assert!(prove_inclusion(&objects, head, 3).await.is_err_and(out_of_range));
        assert!(prove_consistency(&objects, 4, head).await.is_err_and(out_of_range));
        assert!(edge_at(&objects, head, 4).await.is_err_and(out_of_range));
        assert!(check_inclusion(&[], head, 3, Hash::default()).is_err_and(out_of_range));
        let larger = TreeHead { size: 4, ..head };
        assert!(check_consistency(&[], larger, head).is_err_and(out_of_range));
        assert!(matches!(
            check_known(&objects, head, larger).await,
            Err(LogError::Truncated { size: 3, known: 4 })
        ));
        let huge = TreeHead { size: u64::MAX, ..head };
        assert!(check_inclusion(&[], huge, 3, Hash::default()).is_err());
        assert!(prove_inclusion(&objects, huge, 3).await.is_err());
    });
}

#[test]
fn empty_trees() {
    run(async {
        let (objects, all) = publish(&[2]).await;
        let (empty, head) = (head_of(&[]), head_of(&all));
        assert_eq!(edge_at(&Memory::default(), empty, 0).await.unwrap(), Edge::default());
        assert_eq!(prove_consistency(&objects, 0, head).await.unwrap(), []);
        check_consistency(&[], empty, head).unwrap();
        check_consistency(&[], empty, empty).unwrap();
        check_consistency(&[], head, head).unwrap();
        assert!(check_consistency(&[Hash::default()], empty, head).is_err());
        assert!(check_consistency(&[], TreeHead { size: 0, root: head.root }, head).is_err());
        assert!(edge_at(&objects, TreeHead { size: 0, root: head.root }, 0).await.is_err());
    });
}

/// `TileHashReader` takes the only full tile of this tree unchecked, so it is not used. When this fails, a
/// newer version of `tlog_tiles` checks it.
#[test]
fn the_reader_of_tlog_tiles_is_not_to_be_relied_on() {
    struct Lying(Memory);
    impl tlog_tiles::TileReader for Lying {
        fn height(&self) -> u8 {
            8
        }
        fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
            let paths = tiles.iter().map(|tile| tile.path().replace("tile/8/", "tile/"));
            Ok(paths.map(|path| run(self.0.get(&path)).unwrap().unwrap()).collect())
        }
        fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
    }
    let (objects, all) = run(publish(&[300]));
    let head = head_of(&all);
    let mut altered = objects.snapshot();
    altered.get_mut("tile/0/000").unwrap()[200] ^= 1;
    let lying = Lying(Memory::from_snapshot(altered));
    let reader = tlog_tiles::TileHashReader::new(head.size, head.root.into(), &lying);
    let proof = prove_record(head.size, 5, &reader).unwrap();
    let proof: Vec<Hash> = proof.into_iter().map(Hash::from).collect();
    assert!(check_inclusion(&proof, head, 5, Hash::of_entry(&all[5])).is_err());
}

#[test]
fn a_store_that_lies_is_found() {
    run(async {
        let (objects, all) = publish(&[300]).await;
        let head = head_of(&all);
        for path in ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"] {
            let mut altered = objects.snapshot();
            altered.get_mut(path).unwrap()[3] ^= 1;
            let altered = Memory::from_snapshot(altered);
            let refused = prove_inclusion(&altered, head, 5).await;
            match refused {
                Err(LogError::Altered { path: at }) => {
                    assert_eq!((at.as_str(), path), ("tile/0/000", "tile/0/000"))
                }
                refused => assert!(matches!(refused, Err(LogError::Fork { size: 300 })), "{path}"),
            }
            let entry = entry_at(&altered, head, 5).await;
            assert!(matches!(entry, Err(LogError::Altered { .. } | LogError::Fork { .. })), "{path}");
            let mut missing = objects.snapshot();
            missing.remove(path);
            let missing = prove_inclusion(&Memory::from_snapshot(missing), head, 5).await;
            assert!(matches!(missing, Err(LogError::Missing { path: at }) if at == path));
        }
    });
}

#[test]
fn an_altered_entry_is_not_given_out() {
    run(async {
        let (objects, all) = publish(&[300]).await;
        let head = head_of(&all);
        let mut altered = objects.snapshot();
        // Two bytes of length and nothing for entry 0, two of length before entry 1.
        altered.get_mut("tile/entries/000").unwrap()[4] ^= 1;
        let altered = Memory::from_snapshot(altered);
        assert_eq!(entry_at(&altered, head, 0).await.unwrap(), all[0]);
        let refused = entry_at(&altered, head, 1).await;
        assert!(matches!(refused, Err(LogError::Altered { path }) if path == "tile/entries/000"));
        assert!(matches!(entry_at(&objects, head, 300).await, Err(LogError::OutOfRange { .. })));
    });
}

proptest! {
    #[test]
    fn made_up_proofs_are_refused_and_nothing_panics(
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
        sizes: (u64, u64),
        shift in 0u32..64,
        bytes: Vec<u8>,
        text: String,
    ) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let head = |size: u64| TreeHead { size: size >> shift, root: Hash([1; 32]) };
        let (old, new) = (head(sizes.0.min(sizes.1)), head(sizes.0.max(sizes.1)));
        let is_same = old.size == new.size && proof.is_empty() && new.size > 0;
        prop_assert!(check_inclusion(&proof, new, old.size, Hash([2; 32])).is_err());
        prop_assert_eq!(check_consistency(&proof, old, new).is_ok(), is_same && new.size <= SIZE_MAX);
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            prop_assert!(ProofFile::parse(bytes).is_err());
            prop_assert!(crate::witness::AddCheckpoint::parse(bytes).is_err());
            prop_assert!(crate::testing::trust().open(bytes).is_err());
            prop_assert!(crate::Checkpoint::parse(bytes).is_err());
        }
        prop_assert!(text.parse::<crate::VerifierKey>().is_err());
        prop_assert!(!crate::tile::is_published(&text));
    }
}
