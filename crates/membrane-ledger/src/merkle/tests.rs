use proptest::prelude::*;

use super::*;

/// MTH of RFC 6962, section 2.1, as it is written there.
fn merkle_tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => membrane_log::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            Hash::of_node(merkle_tree_hash(left), merkle_tree_hash(right))
        }
    }
}

proptest! {
    #[test]
    fn what_is_stored_makes_the_root_of_the_definition(count in 0_u32..300) {
        let leaves: Vec<Hash> = (0..count).map(|leaf| Hash::of_entry(&leaf.to_be_bytes())).collect();
        let mut tree = Edge::default();
        for leaf in &leaves {
            tree.append(*leaf);
            tree = parse(tree.size(), &to_text(&tree)).unwrap();
        }
        prop_assert_eq!(tree.root(), merkle_tree_hash(&leaves));
    }
}

#[test]
fn a_tree_must_fit_its_size() {
    let root = "ab".repeat(32);
    assert!(parse(0, "").is_some());
    assert!(parse(4, &root).is_some());
    assert!(parse(3, &root).is_none());
    assert!(parse(4, "").is_none());
    assert!(parse(4, "abcd").is_none());
    assert!(parse(4, "zz").is_none());
}
