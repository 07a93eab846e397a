//! Columns are standardised without copying what is standard, and parts are made of them.

use super::*;

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn spell(standard: &str, values: &[Option<&str>]) -> (Vec<Option<String>>, Vec<usize>) {
    let spelled = Speller::new(standard.parse().unwrap()).apply(&texts(values));
    let array = spelled.array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect();
    (array, spelled.unreadable)
}

#[test]
fn texts_are_standardised_in_their_places() {
    let (array, unreadable) = spell(
        "phone(CN)",
        &[
            Some("+8613800000001"),
            None,
            Some("138 0000 0001"),
            Some("138 0000 0001"),
            Some("nobody"),
            Some(" "),
            Some("nobody"),
            Some("13800000002"),
        ],
    );
    let texts: Vec<Option<&str>> = array.iter().map(Option::as_deref).collect();
    let one = Some("+8613800000001");
    assert_eq!(texts, [one, None, one, one, None, None, None, Some("+8613800000002")]);
    assert_eq!(unreadable, [4, 6]);
}

#[test]
fn nothing_is_copied_where_all_is_standard() {
    let array = texts(&[Some("+8613800000001"), None, Some("+8613900000001")]);
    let spelled = Speller::new("phone(CN)".parse().unwrap()).apply(&array);
    assert!(Arc::ptr_eq(&array, &spelled.array));
    // Nor where it is not seen at a glance.
    let array = texts(&[Some("+16502530000"), Some("+442070313000")]);
    let spelled = Speller::new("phone(CN)".parse().unwrap()).apply(&array);
    assert!(Arc::ptr_eq(&array, &spelled.array));
}

#[test]
fn what_is_remembered_stays_small() {
    let mut speller = Speller::new("text(upper)".parse().unwrap());
    for at in 0..3 * KNOWN_MAX {
        let text = format!("x{at}");
        let spelled = speller.apply(&texts(&[Some(&text)]));
        assert_eq!(spelled.array.as_string::<i32>().value(0), format!("X{at}"));
        assert!(speller.known.len() <= KNOWN_MAX);
    }
    let long = "x".repeat(KNOWN_BYTES_MAX + 1);
    let known = speller.known.len();
    speller.apply(&texts(&[Some(&long)]));
    assert_eq!(speller.known.len(), known);
}

#[test]
fn parts_are_made_row_by_row() {
    let standard: Standard = "address(CN)".parse().unwrap();
    let delivered = texts(&[Some("浙江杭州西湖区文三路1号"), None, Some("幸福小区")]);
    let typed = Speller::new(standard).apply(&delivered).array;
    let part = |part: Part| {
        let made = parts(part, standard, &delivered, &typed, LogicalType::String).unwrap();
        made.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(part(Part::City), [Some("杭州市".to_owned()), None, None]);
    assert_eq!(part(Part::Code), [Some("330106".to_owned()), None, None]);
    assert_eq!(
        part(Part::Original),
        [Some("浙江杭州西湖区文三路1号".to_owned()), None, Some("幸福小区".to_owned())]
    );
}
