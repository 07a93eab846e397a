//! A full disk is told apart wherever it hides in a chain of causes.

use std::io;

use super::*;

fn check(error: LakeError, full: bool) {
    assert_eq!(matches!(error, LakeError::Full { .. }), full, "{error:?}");
}

fn generic(source: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(source) }
}

#[test]
fn a_full_disk_is_found_in_the_chain() {
    check(LakeError::storage("write", generic(io::ErrorKind::StorageFull.into())), true);
    check(
        LakeError::storage("write", generic(io::Error::other(io::Error::from(io::ErrorKind::StorageFull)))),
        true,
    );
    check(LakeError::storage("write", generic(io::ErrorKind::NotFound.into())), false);
    let parquet =
        parquet::errors::ParquetError::External(Box::new(generic(io::ErrorKind::StorageFull.into())));
    check(LakeError::table("write", DeltaTableError::Parquet { source: parquet }), true);
}
