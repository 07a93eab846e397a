use std::io;
use std::path::PathBuf;

use membrane_catalog::CatalogError;
use membrane_lake::LakeError;
use membrane_ledger::LedgerError;
use membrane_policy::{PolicyError, Refused, RefusedReason};
use membrane_query::QueryError;
use membrane_vault::VaultError;

use super::{CliError, FAILED, REFUSED, USAGE};
use crate::error::{Error, Failure};
use crate::open::OpenError;

fn gone() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn check(error: OpenError, expected: u8) {
    let shown = format!("{error:?}");
    assert_eq!(CliError::from(error).code, expected, "{shown}");
}

#[test]
fn what_the_operator_wrote_wrongly_ends_with_2() {
    let path = PathBuf::from("x");
    check(CatalogError::Faults(Vec::new()).into(), USAGE);
    check(CatalogError::Read { path: path.clone(), source: gone() }.into(), USAGE);
    check(PolicyError::Read { path: path.clone(), source: gone() }.into(), USAGE);
    check(VaultError::KeyFileRead { path: path.clone(), source: gone() }.into(), USAGE);
    check(OpenError::KeyLost { key: path.clone(), ledger: path.clone() }, USAGE);
    check(OpenError::KeyAbsent { key: path.clone() }, USAGE);
    check(OpenError::KeyForeign, USAGE);
    check(OpenError::LedgerLost { data: "file:///x".into(), ledger: path.clone() }, USAGE);
    check(OpenError::DataForeign { data: "file:///x".into() }, USAGE);
    check(OpenError::Folder { path: path.clone(), source: gone() }, USAGE);
    check(OpenError::Url { key: "data.url" }, USAGE);
    check(LedgerError::Url("no host").into(), USAGE);
    check(LedgerError::File { path, source: gone() }.into(), USAGE);
    check(LakeError::Url { scheme: "ftp".into() }.into(), USAGE);
    check(LakeError::Setting { key: "aws_colour".into() }.into(), USAGE);
    check(LakeError::NotAtomic { location: "s3://bucket".into() }.into(), USAGE);
}

#[test]
fn what_does_not_answer_ends_with_1() {
    check(LedgerError::Schema("of another version".into()).into(), FAILED);
    check(LakeError::Full { doing: "write a probe object to the storage" }.into(), FAILED);
    check(OpenError::Engine(QueryError::Failed), FAILED);
}

#[test]
fn what_was_not_known_is_said_with_where_it_is_listed() {
    let told = |reason| {
        let error = Error::Refused(Refused { reason, factors: Vec::new() });
        let told = CliError::from(Failure::without_run(error));
        assert_eq!(told.code, REFUSED);
        told.message
    };
    assert!(told(RefusedReason::UnknownPurpose).ends_with("`membrane catalog purposes` lists them"));
    assert!(told(RefusedReason::UnknownPrincipal).ends_with("`membrane policy principals` lists them"));
    assert!(!told(RefusedReason::NotPermitted).contains("lists them"));
}

#[test]
fn a_release_of_nothing_says_so() {
    let error = Error::NoData { dataset: "pos_order_lines".parse().expect("dataset") };
    assert_eq!((error.code(), error.status().as_u16(), error.is_refusal()), ("no_data", 409, false));
    let told = CliError::from(Failure::without_run(error));
    assert_eq!(told.code, FAILED);
    assert_eq!(
        told.message,
        "nothing was ever brought into `pos_order_lines`: there is nothing to release yet"
    );
}
