use super::*;

const SPEC: TextSpec = TextSpec {
    dataset: "things",
    name: "things",
    format: Format::Csv,
    columns: &["id", "name", "price", "seen_at", "sold"],
    faults: &[],
    number: 0,
};

fn row() -> Row {
    let mut row = Row::default();
    row.text("7").text("a \"b\", 茶").money(Some(1_205)).text("2025-02-28T00:00:00Z").bare(true);
    row
}

fn line(format: Format, spoil: Spoil) -> String {
    let mut line = Vec::new();
    encode(&row(), &TextSpec { format, ..SPEC }, spoil, &mut line);
    String::from_utf8(line).unwrap()
}

#[test]
fn lines() {
    assert_eq!(line(Format::Csv, Spoil::Line), r#"7,"a ""b"", 茶",12.05,2025-02-28T00:00:00Z,true"#);
    assert_eq!(
        line(Format::Ndjson, Spoil::Line),
        r#"{"id":"7","name":"a \"b\", 茶","price":"12.05","seen_at":"2025-02-28T00:00:00Z","sold":true}"#
    );
}

#[test]
fn spoilt_cells() {
    let cell = |spoil| line(Format::Csv, spoil);
    assert!(cell(Spoil::Empty("id")).starts_with(",\"a"));
    assert!(cell(Spoil::LastDigit("id")).starts_with("8,"), "another digit even where it was the usual one");
    assert!(cell(Spoil::YearBefore("seen_at")).contains(",2024-02-28T"));
    assert!(cell(Spoil::Text("price", "cheap")).contains(",cheap,"));
    assert!(line(Format::Ndjson, Spoil::Bare("name", "12")).contains(r#""name":12,"#));
    assert!(line(Format::Ndjson, Spoil::Empty("name")).contains(r#""name":null,"#));
}

#[test]
fn a_broken_line_is_broken_and_harms_no_other() {
    for spoil in [Spoil::Line, Spoil::Text("name", "茶茶茶茶茶茶茶茶")] {
        let mut json = line(Format::Ndjson, spoil).into_bytes();
        break_off(Format::Ndjson, &mut json);
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_err());
        assert!(std::str::from_utf8(&json).is_ok());

        let mut csv = line(Format::Csv, spoil).into_bytes();
        break_off(Format::Csv, &mut csv);
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.matches(',').count() < 4 && !csv.contains('"'), "{csv}");
    }
}
