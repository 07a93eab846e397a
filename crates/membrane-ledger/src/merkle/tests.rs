use proptest::prelude::*;

use super::*;

/// The test leaves and roots of Certificate Transparency's reference implementation.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn roots_are_those_of_rfc_6962() {
    let mut tree = Frontier::default();
    assert_eq!(hex::encode(tree.root()), ROOTS[0]);
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.append(leaf_hash(&hex::decode(leaf).unwrap()));
        assert_eq!(hex::encode(tree.root()), *root);
    }
    assert_eq!(tree.size(), 8);
}

/// MTH of RFC 6962, section 2.1, as it is written there.
fn merkle_tree_hash(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            node_hash(&merkle_tree_hash(left), &merkle_tree_hash(right))
        }
    }
}

proptest! {
    #[test]
    fn the_frontier_makes_the_root_of_the_definition(count in 0_u32..300) {
        let leaves: Vec<Hash> = (0..count).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        let mut tree = Frontier::default();
        for leaf in &leaves {
            tree.append(*leaf);
            tree = Frontier::parse(tree.size(), &tree.to_text()).unwrap();
        }
        prop_assert_eq!(tree.root(), merkle_tree_hash(&leaves));
    }
}

#[test]
fn a_frontier_must_fit_its_size() {
    let root = "ab".repeat(32);
    assert!(Frontier::parse(0, "").is_some());
    assert!(Frontier::parse(4, &root).is_some());
    assert!(Frontier::parse(3, &root).is_none());
    assert!(Frontier::parse(4, "").is_none());
    assert!(Frontier::parse(4, "abcd").is_none());
    assert!(Frontier::parse(4, "zz").is_none());
}
