//! Fingerprints of deliveries.

use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::fixture::delivery;

fn digest(file: &SourceFile) -> [u8; 32] {
    file.digest(&AtomicBool::new(false)).unwrap()
}

#[test]
fn a_stream_is_fingerprinted_while_it_is_read() {
    let (mut delivery, meter) = delivery("abc");
    io::copy(&mut delivery, &mut io::sink()).unwrap();
    assert_eq!(meter.bytes(), 3);
    let digest = hex::encode(meter.digest().unwrap());
    assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(meter.digest(), None, "there is no second one, and none that stands for nothing");
}

#[test]
fn a_file_has_the_fingerprint_of_its_content_and_may_not_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "abc").unwrap();
    let file = SourceFile::open(&path).unwrap();
    let (mut stream, meter) = delivery("abc");
    io::copy(&mut stream, &mut io::sink()).unwrap();
    assert_eq!(Some(digest(&file)), meter.digest());
    file.require_unchanged().unwrap();
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"d").unwrap();
    let error = file.require_unchanged().unwrap_err();
    assert!(matches!(error, IngestError::Changed));
    std::fs::remove_file(&path).unwrap();
    let error = SourceFile::open(&path).err().unwrap();
    assert_eq!(error.to_string(), "could not read the input: entity not found");
}

#[test]
fn hashing_and_reading_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, vec![b'x'; 3 << 20]).unwrap();
    let file = SourceFile::open(&path).unwrap();
    let before = digest(&file);
    let mut start = [0; 1000];
    file.shared().as_ref().read_exact(&mut start).unwrap();
    // Another file under the same name is not the one that was opened.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "another").unwrap();
    assert_eq!(digest(&file), before);
    let mut rest = Vec::new();
    file.shared().as_ref().read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), (3 << 20) - 1000);
    assert!(matches!(file.digest(&AtomicBool::new(true)), Err(IngestError::Stopped)));
}

/// The first reading of a pipe takes its bytes: a second one would read nothing and call that the delivery.
#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), folder.path(), "/dev/null".as_ref()] {
        let error = SourceFile::open(path).err().unwrap();
        assert!(matches!(error, IngestError::NotAFile), "{error:?}");
        assert_eq!(error.code(), "input_unreadable");
    }
}
