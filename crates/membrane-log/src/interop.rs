//! Another implementation reads what is published here: golang.org/x/mod/sumdb, in Go (`tests/interop`).
//!
//! Debian has it: `apt-get install --no-install-recommends golang-go golang-golang-x-mod-dev`, or, at half the
//! size, `gccgo-12` in the place of `golang-go`. Where neither is installed the tests say so and pass; what Go
//! has answered once is in `answers.txt` and is compared everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::memory::Memory;
use crate::testing::{Witness, identity, run, signer, trust};
use crate::witness::AddCheckpoint;
use crate::{Hash, Log, ProofFile, TreeHead, edge_at, prove_consistency, prove_inclusion};

/// Where Debian puts the sources of Go libraries.
const GOPATH: &str = "/usr/share/gocode";

/// Go's own compiler, and GCC's.
const COMPILERS: [&[&str]; 2] = [&["go", "run"], &["go-12", "run", "-compiler", "gccgo"]];

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

async fn publish(size: u64, group: usize) -> Log<Memory> {
    let mut log = Log::create(Memory::default(), identity()).await.unwrap();
    let entries: Vec<Vec<u8>> = (0..size).map(entry).collect();
    for group in entries.chunks(group) {
        log.append(group.to_vec()).await.unwrap();
    }
    log
}

/// Runs the Go program. None when there is no Go, or not the library.
fn go(arguments: &[&str]) -> Option<String> {
    if !Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog").is_dir() {
        println!("NOT RUN: golang-golang-x-mod-dev is not installed");
        return None;
    }
    for compiler in COMPILERS {
        let output = Command::new(compiler[0])
            .args(&compiler[1..])
            .arg("main.go")
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop"))
            .env("GO111MODULE", "off")
            .env("GOPATH", GOPATH)
            .env("GOFLAGS", "")
            .env("GOCACHE", std::env::temp_dir().join("membrane-interop"))
            .output();
        match output {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            output => {
                let output = output.unwrap();
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "go says: {errors}");
                return Some(String::from_utf8(output.stdout).unwrap());
            }
        }
    }
    println!("NOT RUN: neither golang-go nor gccgo-12 is installed");
    None
}

#[test]
fn answers_of_go_are_ours() {
    let answers = include_str!("../tests/interop/answers.txt");
    if let Some(today) = go(&["answers"]) {
        assert_eq!(today, answers);
    }
    run(async {
        let log = publish(70_000, 16_384).await;
        let mut heads: BTreeMap<u64, TreeHead> = BTreeMap::new();
        for line in answers.lines() {
            let mut words = line.split(' ');
            let kind = words.next().unwrap();
            let size: u64 = words.next().unwrap().parse().unwrap();
            if kind == "root" {
                let head = edge_at(log.objects(), log.head(), size).await.unwrap().head();
                assert_eq!(head.root, words.next().unwrap().parse().unwrap(), "{line}");
                heads.insert(size, head);
                continue;
            }
            let number: u64 = words.next().unwrap().parse().unwrap();
            let expected: Vec<Hash> = words.map(|hash| hash.parse().unwrap()).collect();
            // The partial tiles of most sizes were never written, but the full ones have their hashes.
            let proof = match kind {
                "record" => prove_inclusion(log.objects(), heads[&size], number).await,
                _ => prove_consistency(log.objects(), number, heads[&size]).await,
            };
            assert_eq!(proof.unwrap(), expected, "{line}");
        }
    });
}

#[test]
fn go_checks_what_is_published() {
    for (size, group, old, index) in
        [(1, 1, 1, 0), (256, 100, 255, 255), (1000, 7, 257, 900), (70_000, 16_384, 65_537, 3)]
    {
        check(size, group, old, index);
    }
}

fn check(size: u64, group: usize, old: u64, index: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (vkey, witness_vkey) = (signer(1).verifier().to_string(), Witness::new(1).vkey().to_string());
    let old_root = run(write_sample(folder.path(), size, group, old, index)).to_string();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, proof, entry, request) =
        (file("log"), file("entry.tlog-proof"), file("entry"), file("request"));
    let said = go(&["check", &log, &vkey, &witness_vkey, &proof, &entry, &request, &old_root]);
    if let Some(said) = said {
        assert_eq!(said.lines().count(), 5, "{said}");
        println!("{said}");
    }
}

/// Writes a cosigned log, a proof of an entry and a request to a witness. Returns the root of the old tree.
async fn write_sample(folder: &Path, size: u64, group: usize, old: u64, index: u64) -> Hash {
    let mut log = publish(size, group).await;
    let witness = Witness::new(1);
    let readers = trust().with_witnesses(vec![witness.vkey()], 1).unwrap();
    let line = witness.cosign(log.checkpoint().as_bytes(), 1_800_000_000);
    let signed = log.publish_cosignatures(&readers, &line).await.unwrap().clone();
    for (path, bytes) in log.objects().snapshot() {
        write(folder.join("log").join(path), &bytes);
    }
    let mut proof = ProofFile::make(log.objects(), &signed, index).await.unwrap();
    proof.extra = Some(b"context".to_vec());
    proof.verify(&readers, &entry(index)).unwrap();
    write(folder.join("entry.tlog-proof"), &proof.encode());
    write(folder.join("entry"), &entry(index));
    let proof = prove_consistency(log.objects(), old, log.head()).await.unwrap();
    let request = AddCheckpoint { old_size: old, proof, checkpoint: signed.as_bytes().to_vec() };
    write(folder.join("request"), &request.encode());
    edge_at(log.objects(), log.head(), old).await.unwrap().root()
}

fn write(path: PathBuf, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
