//! Which ending and content type is which format.

use super::*;

#[test]
fn endings_and_content_types_tell_the_format() {
    let path = |text: &str| Format::from_path(Path::new(text));
    assert_eq!(path("a/crm_members.csv"), Some(Format::Csv));
    assert_eq!(path("events.NDJSON"), Some(Format::Ndjson));
    assert_eq!(path("events.json"), Some(Format::Json));
    assert_eq!(path("lines.parquet"), Some(Format::Parquet));
    assert_eq!(path("lines.arrow"), Some(Format::ArrowIpc));
    assert_eq!(path("lines.avro"), Some(Format::Avro));
    assert_eq!(path("lines.xlsx"), Some(Format::Excel));
    assert_eq!(path("lines.csv.gz"), Some(Format::Csv));
    assert_eq!(path("lines.NDJSON.ZST"), Some(Format::Ndjson));
    assert_eq!(path("lines.xls"), None, "the old workbooks are not read");
    assert_eq!(path("lines.gz"), None);
    assert_eq!(path("lines"), None);
    let media = Format::from_content_type;
    assert_eq!(media("text/csv; charset=utf-8"), Some(Format::Csv));
    assert_eq!(media("application/x-ndjson"), Some(Format::Ndjson));
    assert_eq!(media("application/json"), Some(Format::Json));
    assert_eq!(media("application/vnd.apache.parquet"), Some(Format::Parquet));
    assert_eq!(media("application/vnd.apache.arrow.stream"), Some(Format::ArrowIpc));
    assert_eq!(media("application/vnd.apache.avro"), Some(Format::Avro));
    assert_eq!(
        media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Some(Format::Excel)
    );
    assert_eq!(media("application/vnd.ms-excel"), None);
}

/// The catalog cannot name a format that nobody decodes, nor lack one.
#[test]
fn sources_know_every_format() {
    let words: Vec<&str> = Format::ALL.into_iter().map(Format::as_word).collect();
    assert_eq!(words, membrane_catalog::SOURCE_FORMATS);
    assert!(Format::ALL.into_iter().all(|format| Format::from_word(format.as_word()) == Some(format)));
}

/// What a source's `pattern` may end in is what a name may end in.
#[test]
fn sources_know_every_ending() {
    let of = |ending: &str| Format::from_path(Path::new(&format!("a.{ending}")));
    for ending in membrane_catalog::SOURCE_ENDINGS {
        assert!(of(ending).is_some(), "{ending}");
        for packing in membrane_catalog::SOURCE_PACKINGS {
            assert_eq!(of(&format!("{ending}.{packing}")), of(ending), "{ending}.{packing}");
        }
    }
    for format in Format::ALL {
        assert!(membrane_catalog::SOURCE_ENDINGS.iter().any(|ending| of(ending) == Some(format)), "{format}");
    }
}
