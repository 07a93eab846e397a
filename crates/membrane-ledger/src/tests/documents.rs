//! Documents: written once, numbered, part of the leaf of their run.

use super::{closed_run, open, outcome, tamper};
use crate::{Document, DocumentKind, Ledger, LedgerError, LogFault, NewDocument};

fn document(number: u64, files: &[&str]) -> NewDocument {
    NewDocument {
        kind: DocumentKind::Publication,
        number,
        body: format!("{{\"number\":{number}}}"),
        signature: "5".repeat(128),
        files: files.iter().map(ToString::to_string).collect(),
    }
}

pub(super) async fn check_documents_are_kept(ledger: Ledger) {
    assert_eq!(ledger.last_document(DocumentKind::Publication).await.unwrap(), 0);
    let mut run = open(&ledger, 0).await;
    run.add_document(&document(1, &["one", "two"])).await.unwrap();
    let taken = run.add_document(&document(1, &["three"])).await.unwrap_err();
    assert!(matches!(taken, LedgerError::DocumentTaken), "{taken}");
    run.add_document(&document(2, &["two"])).await.unwrap();
    let id = run.id();
    run.close(outcome(1)).await.unwrap();

    assert_eq!(ledger.last_document(DocumentKind::Publication).await.unwrap(), 2);
    assert_eq!(ledger.last_document(DocumentKind::BreakGlass).await.unwrap(), 0);
    assert_eq!(ledger.last_signature(DocumentKind::Publication).await.unwrap(), (2, "5".repeat(128)));
    assert_eq!(ledger.last_signature(DocumentKind::BreakGlass).await.unwrap(), (0, String::new()));
    let all = ledger.documents(DocumentKind::Publication, 0).await.unwrap();
    let later = ledger.documents(DocumentKind::Publication, 1).await.unwrap();
    assert_eq!((later.len(), ledger.count_documents(DocumentKind::Publication).await.unwrap()), (1, 2));
    assert_eq!(all.iter().map(|found| found.number).collect::<Vec<_>>(), [1, 2]);
    let one = ledger.document(DocumentKind::Publication, 1).await.unwrap().unwrap();
    assert_eq!((&one, one.run), (&all[0], id));
    assert_eq!(ledger.document(DocumentKind::Publication, 3).await.unwrap(), None);
    assert_eq!(ledger.document_file(&Document::hash("two")).await.unwrap(), "two");
    // What was refused wrote nothing.
    assert!(ledger.document_file(&Document::hash("three")).await.is_err());
    let record = ledger.run(&id).await.unwrap().unwrap();
    assert_eq!(record.documents.len(), 2);
    assert_eq!(record.documents[0].sha256, Document::hash(&one.body));
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_documents_are_found_by_what_they_are_about(ledger: Ledger) {
    let mut run = open(&ledger, 0).await;
    let of = |number: u64| NewDocument { kind: DocumentKind::Contract, ..document(number, &[]) };
    for (number, about) in [(1, "orders"), (2, "members"), (3, "orders")] {
        run.add_document_about(&of(number), Some(about)).await.unwrap();
    }
    run.add_document(&document(1, &[])).await.unwrap();
    run.close(outcome(1)).await.unwrap();
    let numbers = |found: Vec<Document>| found.iter().map(|one| one.number).collect::<Vec<_>>();
    let about = |about| ledger.documents_about(DocumentKind::Contract, about);
    assert_eq!(numbers(about("orders").await.unwrap()), [1, 3]);
    assert_eq!(numbers(about("stores").await.unwrap()), [0_u64; 0]);
    assert_eq!(numbers(ledger.last_documents(DocumentKind::Contract).await.unwrap()), [2, 3]);
    assert_eq!(numbers(ledger.last_documents(DocumentKind::Publication).await.unwrap()), [0_u64; 0]);
    ledger.verify_log().await.unwrap();
}

pub(super) async fn check_a_document_that_was_altered_is_noticed(ledger: Ledger) {
    let mut run = open(&ledger, 0).await;
    run.add_document(&document(1, &["one"])).await.unwrap();
    run.close(outcome(1)).await.unwrap();
    closed_run(&ledger, 2).await;
    let altered = |error| matches!(error, LedgerError::Altered(LogFault::RunAltered { leaf: 0, .. }));
    tamper(&ledger, "UPDATE document SET body = '{}'").await;
    assert!(altered(ledger.verify_log().await.unwrap_err()));
    tamper(&ledger, "DELETE FROM document").await;
    assert!(altered(ledger.verify_log().await.unwrap_err()));
    tamper(&ledger, "UPDATE document_file SET body = 'other'").await;
    assert!(ledger.document_file(&Document::hash("one")).await.is_err());
}
