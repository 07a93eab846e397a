//! Tests: nothing that was altered, dropped, moved or cut passes, and it is named.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::Log;
use crate::bundle::{decode_bundle, encode_entry};
use crate::memory::Memory;
use crate::testing::{Witness, entries, identity, naive_root, others, publish, run, trust};

type Stored = BTreeMap<String, Vec<u8>>;

async fn audit(objects: Stored) -> Report {
    verify_full(&Memory::from_snapshot(objects), &trust(), None, |_, _| {}).await.unwrap()
}

/// Publishes these groups, changes what is stored, and checks what an audit finds.
fn check(groups: &[usize], change: impl FnOnce(&mut Stored), expected: &[Finding]) {
    run(async {
        let (objects, _) = publish(groups).await;
        let mut stored = objects.snapshot();
        change(&mut stored);
        assert_eq!(audit(stored).await.findings, expected);
    });
}

fn path(path: &str) -> String {
    path.to_owned()
}

fn bundle(stored: &mut Stored, path: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut entries: Vec<Vec<u8>> =
        decode_bundle(&stored[path]).unwrap().into_iter().map(<[u8]>::to_vec).collect();
    change(&mut entries);
    let mut bytes = Vec::new();
    entries.iter().for_each(|entry| encode_entry(entry, &mut bytes).unwrap());
    stored.insert(path.to_owned(), bytes);
}

#[test]
fn a_clean_log() {
    run(async {
        let (objects, all) = publish(&[100, 200, 300]).await;
        let mut read = Vec::new();
        let trust = trust();
        let report = verify_full(&objects, &trust, None, |index, entry| read.push((index, entry.to_vec())));
        let report = report.await.unwrap();
        assert!(report.is_clean() && !report.has_more);
        assert_eq!(report.entries_checked, 600);
        assert_eq!(report.head, Some(TreeHead { size: 600, root: naive_root(&all) }));
        assert_eq!(read, (0..).zip(all).collect::<Vec<_>>());
    });
}

#[test]
fn an_altered_entry_is_named() {
    let alter = |stored: &mut Stored| bundle(stored, "tile/entries/001", |entries| entries[6].push(1));
    check(&[600], alter, &[Finding::AlteredEntry { index: 262 }]);
    // Also with its hash altered alike: then the tile is not the one that its parent holds the hash of.
    let alter_both = |stored: &mut Stored| {
        bundle(stored, "tile/entries/001", |entries| entries[6] = b"forged".to_vec());
        let hash = Hash::of_entry(b"forged").0;
        stored.get_mut("tile/0/001").unwrap()[6 * 32..7 * 32].copy_from_slice(&hash);
    };
    let expected =
        [Finding::AlteredTile { path: path("tile/0/001") }, Finding::Unchecked { first: 256, end: 512 }];
    check(&[600], alter_both, &expected);
}

#[test]
fn an_altered_tile_is_named_and_the_audit_goes_on() {
    for at in ["tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let alter = |stored: &mut Stored| stored.get_mut(at).unwrap()[9] ^= 4;
        check(&[600], alter, &[Finding::AlteredTile { path: path(at) }]);
    }
}

#[test]
fn the_edge_is_found_beside_an_altered_entry() {
    let alter = |stored: &mut Stored| {
        stored.get_mut("tile/1/000.p/2").unwrap()[9] ^= 4;
        bundle(stored, "tile/entries/002.p/88", |entries| entries[3].push(1));
    };
    let expected =
        [Finding::AlteredTile { path: path("tile/1/000.p/2") }, Finding::AlteredEntry { index: 515 }];
    check(&[600], alter, &expected);
}

#[test]
fn a_missing_object_is_named() {
    run(async {
        let (objects, _) = publish(&[600]).await;
        let stored = objects.snapshot();
        for at in stored.keys().filter(|path| *path != "pending") {
            let mut stored = stored.clone();
            stored.remove(at);
            assert_eq!(audit(stored).await.findings, [Finding::Missing { path: at.clone() }]);
        }
    });
}

#[test]
fn moved_entries_are_named() {
    let swap = |stored: &mut Stored| bundle(stored, "tile/entries/000", |entries| entries.swap(3, 9));
    let expected =
        [Finding::Reordered { index: 3, found_at: 9 }, Finding::Reordered { index: 9, found_at: 3 }];
    check(&[300], swap, &expected);

    run(async {
        let (objects, _) = publish(&[600]).await;
        let mut stored = objects.snapshot();
        let (first, second) = (stored["tile/entries/000"].clone(), stored["tile/entries/001"].clone());
        stored.insert(path("tile/entries/000"), second);
        stored.insert(path("tile/entries/001"), first);
        let findings = audit(stored).await.findings;
        assert!(findings.contains(&Finding::Reordered { index: 1, found_at: 257 }));
        assert!(findings.iter().all(|finding| matches!(finding, Finding::Reordered { .. })));
    });
}

#[test]
fn a_dropped_entry_leaves_a_gap() {
    let drop_one = |stored: &mut Stored| {
        bundle(stored, "tile/entries/000", |entries| {
            entries.remove(9);
        });
    };
    let at = path("tile/entries/000");
    let expected = [Finding::WrongWidth { path: at, expected: 256, found: 255 }, Finding::Gap { index: 9 }];
    check(&[300], drop_one, &expected);
}

#[test]
fn an_entry_more_is_found() {
    let add =
        |stored: &mut Stored| bundle(stored, "tile/entries/001.p/44", |entries| entries.push(Vec::new()));
    let at = path("tile/entries/001.p/44");
    check(&[300], add, &[Finding::WrongWidth { path: at, expected: 44, found: 45 }]);
}

#[test]
fn malformed_bundles_and_tiles_are_named() {
    let reason = "not entries with their lengths";
    let cut = |stored: &mut Stored| {
        stored.get_mut("tile/entries/000").unwrap().pop();
    };
    check(&[300], cut, &[Finding::Malformed { path: path("tile/entries/000"), reason }]);
    let reason = "not as many hashes as its width";
    for at in ["tile/0/000", "tile/0/001.p/44"] {
        let cut = |stored: &mut Stored| {
            stored.get_mut(at).unwrap().pop();
        };
        check(&[300], cut, &[Finding::Malformed { path: path(at), reason }]);
    }
}

#[test]
fn partial_tiles_of_old_trees_are_checked_too() {
    for at in ["tile/entries/000.p/100", "tile/0/000.p/100", "tile/0/001.p/44"] {
        let alter = |stored: &mut Stored| *stored.get_mut(at).unwrap().last_mut().unwrap() ^= 1;
        check(&[100, 200, 100], alter, &[Finding::AlteredTile { path: path(at) }]);
    }
}

#[test]
fn a_rewritten_log_is_found_by_its_root() {
    run(async {
        let (objects, _) = publish(&[300]).await;
        let mut forged = Log::create(Memory::default(), identity()).await.unwrap();
        forged.append(others(0..300)).await.unwrap();
        let mut stored = forged.objects().snapshot();
        stored.insert(path(CHECKPOINT), objects.snapshot()[CHECKPOINT].clone());
        assert_eq!(audit(stored).await.findings, [Finding::WrongRoot { size: 300 }]);
    });
}

#[test]
fn checkpoints_that_are_not_to_be_trusted() {
    let expect = |change: fn(String) -> String, expected: Finding| {
        let change = |stored: &mut Stored| {
            let text = String::from_utf8(stored[CHECKPOINT].clone()).unwrap();
            stored.insert(path(CHECKPOINT), change(text).into_bytes());
        };
        check(&[3], change, &[expected]);
    };
    expect(|_| String::new(), Finding::MalformedCheckpoint);
    let key = format!("hub.example/log+{:08x}", crate::testing::signer(1).verifier().id());
    expect(|text| text.replace("\n3\n", "\n2\n"), Finding::BadSignature { key });
    expect(|text| text.replace("— hub", "— hob"), Finding::WrongKey);
    let (expected, found) = (path("hub.example/log"), path("hob.example/log"));
    expect(|text| text.replacen("hub", "hob", 1), Finding::WrongOrigin { expected, found });
}

#[test]
fn witnesses_are_wanted() {
    run(async {
        let (objects, _) = publish(&[3]).await;
        let strict = trust().with_witnesses(vec![Witness::new(1).vkey()], 1).unwrap();
        let report = verify_full(&objects, &strict, None, |_, _| {}).await.unwrap();
        assert_eq!(report.findings, [Finding::TooFewWitnesses { have: 0, need: 1 }]);
    });
}

async fn audit_from(objects: &Memory, known: TreeHead) -> (Report, Vec<u64>) {
    let mut read = Vec::new();
    let report = verify_from(objects, &trust(), known, |index, _| read.push(index)).await.unwrap();
    (report, read)
}

fn head_of(entries: &[Vec<u8>]) -> TreeHead {
    TreeHead { size: entries.len() as u64, root: naive_root(entries) }
}

#[test]
fn what_came_since_a_known_head() {
    run(async {
        let (objects, all) = publish(&[100, 200, 300]).await;
        for known in [0, 1, 100, 256, 300, 511, 512, 599, 600] {
            let (report, read) = audit_from(&objects, head_of(&all[..known])).await;
            assert_eq!(report.findings, []);
            assert_eq!(read, (known as u64..600).collect::<Vec<_>>());
            assert_eq!(report.entries_checked, 600 - known as u64, "those before the head are not counted");
            let whole =
                verify_full(&objects, &trust(), Some(head_of(&all[..known])), |_, _| {}).await.unwrap();
            assert_eq!((whole.findings, whole.entries_checked), (Vec::new(), 600));
        }
    });
}

#[test]
fn truncated_and_forked() {
    run(async {
        let (objects, all) = publish(&[100, 200]).await;
        let longer = head_of(&entries(0..301));
        let (report, _) = audit_from(&objects, longer).await;
        assert_eq!(report.findings, [Finding::Truncated { size: 300, known: 301 }]);
        let whole = verify_full(&objects, &trust(), Some(longer), |_, _| {}).await.unwrap();
        assert_eq!(whole.findings, report.findings);
        for known in [1, 100, 256, 299, 300] {
            let forked = TreeHead { root: Hash([5; 32]), ..head_of(&all[..known]) };
            let (report, _) = audit_from(&objects, forked).await;
            let whole = verify_full(&objects, &trust(), Some(forked), |_, _| {}).await.unwrap();
            let known = known as u64;
            assert_eq!(report.findings, [Finding::Fork { size: 300, known }]);
            assert_eq!(whole.findings, report.findings);
            assert_eq!(whole.entries_checked, 300, "all is read, whatever was known");
        }
    });
}

#[test]
fn a_head_that_cannot_be_compared_is_not_taken() {
    run(async {
        let (objects, all) = publish(&[600]).await;
        objects.put("tile/0/000", vec![0; 8192]).await.unwrap();
        objects.delete("tile/entries/000").await.unwrap();
        let (report, _) = audit_from(&objects, head_of(&all[..100])).await;
        assert!(report.findings.contains(&Finding::Unproven { known: 100 }));
        assert!(report.findings.contains(&Finding::AlteredTile { path: path("tile/0/000") }));
    });
}

#[test]
fn a_tree_of_three_levels() {
    run(async {
        let (objects, all) = publish(&[16_384, 16_384, 16_384, 16_384, 4_464]).await;
        let mut stored = objects.snapshot();
        let clean = audit(stored.clone()).await;
        assert_eq!((clean.findings.as_slice(), clean.entries_checked), ([].as_slice(), 70_000));
        assert_eq!(clean.head, Some(head_of(&all)));
        for at in ["tile/1/000", "tile/2/000.p/1", "tile/1/001.p/17", "tile/0/273.p/112", "tile/0/x000/007"] {
            let at = at.replace("x000/", "");
            let mut altered = stored.clone();
            altered.get_mut(&at).unwrap()[0] ^= 1;
            assert_eq!(audit(altered).await.findings, [Finding::AlteredTile { path: at }]);
        }
        stored.remove("tile/1/000");
        stored.remove("tile/0/007");
        let missing = [path("tile/1/000"), path("tile/0/007")].map(|path| Finding::Missing { path });
        let report = audit(stored).await;
        assert_eq!(report.findings[..1], missing[..1]);
        assert!(report.findings.contains(&Finding::Unchecked { first: 0, end: 65_536 }));
        assert_eq!(report.entries_checked, 4_464);
    });
}

#[test]
fn every_byte_of_a_small_log() {
    run(async {
        let (objects, _) = publish(&[2, 3]).await;
        let stored = objects.snapshot();
        for at in stored.keys().filter(|path| *path != "pending") {
            for byte in 0..stored[at].len() {
                let mut altered = stored.clone();
                altered.get_mut(at).unwrap()[byte] ^= 0x10;
                assert!(!audit(altered).await.is_clean(), "{at} {byte}");
            }
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_byte_of_any_object(
        groups in prop::collection::vec(1usize..300, 1..5),
        object in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        mask in 1u8..,
    ) {
        run(async {
            let mut stored = publish(&groups).await.0.snapshot();
            stored.remove("pending");
            let at = object.index(stored.len());
            let bytes = stored.values_mut().nth(at).unwrap();
            let byte = byte.index(bytes.len().max(1));
            // A bundle of one empty entry and a tile have bytes; nothing stored is empty.
            bytes[byte] ^= mask;
            prop_assert!(!audit(stored).await.is_clean());
            Ok(())
        })?;
    }

    #[test]
    fn any_damage(
        size in 1usize..700,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<prop::sample::Index>()), 1..6),
    ) {
        run(async {
            let clean = publish(&[size]).await.0.snapshot();
            let mut stored = clean.clone();
            for (object, kind, place) in damage {
                let Some(at) = stored.keys().nth(object.index(stored.len().max(1))).cloned() else { break };
                let bytes = stored.get_mut(&at).unwrap();
                let place = place.index(bytes.len().max(1));
                match kind {
                    0 => drop(stored.remove(&at)),
                    1 => bytes.truncate(place),
                    2 => bytes.push(7),
                    _ => {
                        if let Some(byte) = bytes.get_mut(place) {
                            *byte = byte.wrapping_add(1);
                        }
                    }
                }
            }
            let is_pending = |(path, _): &(&String, &Vec<u8>)| *path != "pending";
            let same = stored.iter().filter(is_pending).eq(clean.iter().filter(is_pending));
            prop_assert_eq!(audit(stored).await.is_clean(), same);
            Ok(())
        })?;
    }
}
