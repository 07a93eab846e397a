//! Fingerprints of deliveries.

use std::io::Write as _;

use super::*;
use crate::fixture::{delivery, members};

#[test]
fn a_stream_is_fingerprinted_while_it_is_read() {
    let (mut delivery, meter) = delivery("abc");
    delivery.drain().unwrap();
    assert_eq!(meter.bytes(), 3);
    let digest = hex::encode(meter.digest().unwrap());
    assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_file_has_the_fingerprint_of_its_content_and_may_not_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "abc").unwrap();
    let fingerprint = Fingerprint::of_file(&path).unwrap();
    let (mut stream, meter) = delivery("abc");
    stream.drain().unwrap();
    assert_eq!(Some(fingerprint.digest()), meter.digest());
    fingerprint.require_unchanged(&path).unwrap();
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"d").unwrap();
    let error = fingerprint.require_unchanged(&path).unwrap_err();
    assert!(matches!(error, IngestError::Changed));
    std::fs::remove_file(&path).unwrap();
    let error = Fingerprint::of_file(&path).err().unwrap();
    assert_eq!(error.to_string(), "could not read the input: entity not found");
}

#[test]
fn a_delivery_is_named_by_content_and_source() {
    let dataset = members().name;
    let content = [7; 32];
    let plain = app_id(&dataset, &content, None);
    assert_eq!(plain, format!("ingest/members/{}", "07".repeat(32)));
    let named = app_id(&dataset, &content, Some("ana.csv"));
    assert_ne!(named, plain);
    assert_ne!(named, app_id(&dataset, &content, Some("bob.csv")));
    assert!(!named.contains("ana"), "a source's name may be someone's");
    assert_eq!(named.len(), plain.len());
}
