//! Names of deliveries: alike for the same delivery, and telling nothing.

use membrane_vault::{RootKey, Vault};

use super::*;
use crate::fixture::{members, vault};

#[test]
fn a_delivery_is_named_by_dataset_content_and_source() {
    let named = |source: Option<&str>| DeliveryName::new(&vault(), &members(), &[7; 32], source, None);
    assert_eq!(named(None), named(None));
    let mut names: Vec<_> = [None, Some(""), Some("ana.csv"), Some("bob.csv")].map(named).to_vec();
    names.push(DeliveryName::new(&vault(), &members(), &[8; 32], None, None));
    names.push(DeliveryName::new(&vault(), &members(), &[7; 32], None, Some("")));
    names.push(DeliveryName::new(&vault(), &members(), &[7; 32], None, Some("March")));
    let mut other = members();
    other.name = "visitors".parse().unwrap();
    names.push(DeliveryName::new(&vault(), &other, &[7; 32], None, None));
    let mut ids: Vec<_> = names.iter().map(|name| name.in_table().rsplit('/').next().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), names.len());
    assert!(ids.iter().all(|id| id.len() == 64));
}

#[test]
fn nobody_without_the_key_can_try_what_was_delivered() {
    let digest: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new()).into();
    let name = DeliveryName::new(&vault(), &members(), &digest, Some("ana.csv"), None);
    let shown =
        format!("{} {} {:?} {}", name.in_table(), name.in_quarantine(), name, name.in_lineage(Format::Csv));
    assert!(!shown.contains(&hex::encode(digest)) && !shown.contains("ana"), "{shown}");
    let other =
        DeliveryName::new(&Vault::new(&RootKey::generate()), &members(), &digest, Some("ana.csv"), None);
    assert_ne!(name.in_table(), other.in_table());
}

#[test]
fn names_have_their_forms() {
    let name = DeliveryName::new(&vault(), &members(), &[7; 32], None, None);
    let contract = members().contract_hash();
    assert!(name.in_table().starts_with("ingest/members/"));
    assert_eq!(name.in_quarantine(), format!("{}/{contract}", name.in_table()));
    assert_eq!(name.contract().0, format!("{}/contract", name.in_table()));
    assert!(contract.starts_with(&format!("{:015x}", name.contract().1)));
    let short = name.in_table().strip_prefix("ingest/members/").and_then(|digits| digits.get(..12)).unwrap();
    assert_eq!(name.in_lineage(Format::Csv), format!("csv delivery {short}"));
    assert_eq!(name.in_lineage(Format::ArrowIpc), format!("arrow delivery {short}"));
}

#[test]
fn another_contract_sets_aside_under_another_name() {
    let name = DeliveryName::new(&vault(), &members(), &[7; 32], None, None);
    let mut changed = members();
    changed.columns[1].required = true;
    let later = DeliveryName::new(&vault(), &changed, &[7; 32], None, None);
    assert_eq!(name.in_table(), later.in_table(), "it is the same delivery");
    assert_ne!(name.in_quarantine(), later.in_quarantine());
    assert_eq!(name.contract().0, later.contract().0);
    assert_ne!(name.contract().1, later.contract().1);
}
