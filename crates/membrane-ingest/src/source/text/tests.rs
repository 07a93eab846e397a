//! Text in other encodings.

use membrane_catalog::OnTruncated;
use proptest::prelude::*;

use super::*;
use crate::fixture::content;

fn read(bytes: &[u8], stated: Option<&str>) -> Vec<u8> {
    let stated = stated.map(|label| label.parse().unwrap());
    let mut text = Text::open(content(bytes, OnTruncated::Stop), stated).unwrap();
    let mut read = Vec::new();
    text.read_to_end(&mut read).unwrap();
    read
}

fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

const TEXT: &str = "a,b\n中文,\"龘，é\"\r\n😀,1\n";

#[test]
fn utf_8_is_as_it_is() {
    assert_eq!(read(TEXT.as_bytes(), None), TEXT.as_bytes());
    assert_eq!(read(TEXT.as_bytes(), Some("utf-8")), TEXT.as_bytes());
    assert_eq!(read(b"\xff", None), b"\xff", "nothing is guessed");
    assert_eq!(read(b"", None), b"");
}

#[test]
fn utf_16_is_known_by_its_mark() {
    let marked = format!("\u{feff}{TEXT}");
    for bytes in [utf_16(&marked, u16::to_le_bytes), utf_16(&marked, u16::to_be_bytes)] {
        for stated in [None, Some("utf-16"), Some("utf-16be")] {
            assert_eq!(read(&bytes, stated), TEXT.as_bytes());
        }
    }
    assert_eq!(read(&utf_16(TEXT, u16::to_be_bytes), Some("utf-16be")), TEXT.as_bytes());
}

#[test]
fn other_encodings_are_converted_when_they_are_stated() {
    for (label, text) in
        [("gb18030", TEXT), ("gbk", "a,b\n镕,1\n"), ("big5", "a,b\n繁體,1\n"), ("latin1", "a,b\né,ü\n")]
    {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, had_errors) = encoding.encode(text);
        assert!(!had_errors && *bytes != *text.as_bytes(), "{label}");
        assert_eq!(read(&bytes, Some(label)), text.as_bytes(), "{label}");
    }
}

#[test]
fn bytes_that_are_no_text_stay_none() {
    // A lead byte without its second; the line ends where it did.
    let expected = [b"a\n\xff\n", "中\n".as_bytes()].concat();
    assert_eq!(read(b"a\n\xd6\n\xd6\xd0\n", Some("gb18030")), expected);
    let lone =
        utf_16("\u{feff}a", u16::to_le_bytes).into_iter().chain([0x00, 0xd8, b'b', 0]).collect::<Vec<_>>();
    assert_eq!(read(&lone, None), b"a\xffb");
    // The last letter is half there.
    assert_eq!(read(&[0xff, 0xfe, b'a', 0, b'b'], None), b"a\xff");
}

proptest! {
    #[test]
    fn all_text_comes_through_gb18030(text in "\\PC{0,200}") {
        let (bytes, _, _) = encoding_rs::GB18030.encode(&text);
        prop_assert_eq!(read(&bytes, Some("gb18030")), text.into_bytes());
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..400), label in prop::sample::select(vec!["gb18030", "big5", "utf-16le", "latin1", "iso-2022-jp", "shift_jis"])) {
        let read = read(&bytes, Some(label));
        prop_assert!(read.len() <= bytes.len() * 3 + 3);
    }
}
