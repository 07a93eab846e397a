use super::*;

fn fault(line: usize, message: &str) -> Fault {
    Fault { file: "catalog/contracts/x.yaml".into(), line, column: 7, message: message.into() }
}

#[test]
fn every_fault_stands_on_a_line_of_its_own() {
    let error = CatalogError::Faults(vec![fault(12, "one"), fault(13, "two")]);
    assert_eq!(error.to_string(), "catalog/contracts/x.yaml:12:7: one\ncatalog/contracts/x.yaml:13:7: two");
    assert_eq!(error.faults().len(), 2);
}

#[test]
fn an_absent_folder_says_what_to_do() {
    let error = CatalogError::Read { path: "nowhere".into(), source: io::ErrorKind::NotFound.into() };
    let text = error.to_string();
    assert!(text.contains("no catalog at `nowhere`") && text.contains("--catalog DIR"), "{text}");
    assert!(error.faults().is_empty());
}

#[test]
fn another_failure_keeps_its_source() {
    let error = CatalogError::Read { path: "x".into(), source: io::ErrorKind::PermissionDenied.into() };
    assert_eq!(error.to_string(), "cannot read the catalog folder `x`");
    assert!(std::error::Error::source(&error).is_some());
}
