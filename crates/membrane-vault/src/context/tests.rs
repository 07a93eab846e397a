use super::*;

#[test]
fn the_layout_is_length_prefixed() {
    let dataset: DatasetName = "crm_members".parse().unwrap();
    let column: ColumnName = "phone".parse().unwrap();
    let subject = SubjectId::from_bytes([9; 16]);
    let cell = CellContext { dataset: &dataset, column: &column, subject: &subject };
    let mut expected = b"\x00\x0bcrm_members\x00\x05phone\x00\x10".to_vec();
    expected.extend_from_slice(&[9; 16]);
    assert_eq!(cell.associated_data().as_slice().unwrap(), expected);
    assert_eq!(ColumnContext::new(&dataset, &column).associated_data(&subject).as_slice().unwrap(), expected);
}

#[test]
fn the_longest_names_fit() {
    let name = "a".repeat(63);
    let (dataset, column) = (name.parse().unwrap(), name.parse().unwrap());
    let context = ColumnContext::new(&dataset, &column);
    let data = context.associated_data(&SubjectId::from_bytes([1; 16]));
    assert_eq!(data.as_slice().unwrap().len(), 2 + 63 + 2 + 63 + 2 + 16);
}

#[test]
fn what_does_not_fit_binds_nothing() {
    let mut data = AssociatedData::EMPTY;
    data.push(&[0; ROOM]);
    assert!(data.as_slice().is_none());
}

#[test]
fn labels_are_no_columns() {
    let dataset: DatasetName = "crm_members".parse().unwrap();
    let subject = SubjectId::from_bytes([9; 16]);
    let bytes = |context: &ColumnContext| context.associated_data(&subject).as_slice().unwrap().to_vec();
    let (rows, copy) = (ColumnContext::rows_set_aside(&dataset), ColumnContext::delivery_copy(&dataset));
    assert!(bytes(&rows).starts_with(b"\x00\x0bcrm_members\x00\x0f#rows-set-aside\x00\x10"));
    assert_ne!(bytes(&rows), bytes(&copy));
    for label in [ROWS_SET_ASIDE, DELIVERY_COPY] {
        assert!(label.parse::<ColumnName>().is_err(), "{label}");
    }
    // What they were called before is a column's name.
    for name in ["row", "spool"] {
        let column = ColumnContext::new(&dataset, &name.parse().unwrap());
        assert!(bytes(&column) != bytes(&rows) && bytes(&column) != bytes(&copy), "{name}");
    }
}
