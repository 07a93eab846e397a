//! Labels, endings and first bytes.

use super::*;

#[test]
fn labels_name_encodings() {
    let named = |label: &str| label.parse::<Encoding>().map(|encoding| encoding.to_string()).ok();
    assert_eq!(named("GB18030").as_deref(), Some("gb18030"));
    assert_eq!(named(" gbk ").as_deref(), Some("GBK"));
    assert_eq!(named("big5").as_deref(), Some("Big5"));
    assert_eq!(named("utf-16").as_deref(), Some("UTF-16LE"));
    assert_eq!(named("latin1").as_deref(), Some("windows-1252"));
    assert_eq!(named("utf8").as_deref(), Some("UTF-8"));
    assert_eq!(named("iso-2022-kr"), None, "an encoding that browsers replace is none");
    assert_eq!(named("klingon"), None);
}

#[test]
fn first_bytes_and_names_tell_the_packing() {
    assert_eq!(Packing::from_start(b"\x1f\x8b\x08\0"), Some(Packing::Gzip));
    assert_eq!(Packing::from_start(b"\x28\xb5\x2f\xfd"), Some(Packing::Zstd));
    assert_eq!(Packing::from_start(b"\x5a\x2a\x4d\x18"), Some(Packing::Zstd));
    for other in
        [&b""[..], b"a,b\n", b"PAR1", b"Obj\x01", b"PK\x03\x04", b"ARROW1", b"\xff\xff\xff\xff", b"\x1f"]
    {
        assert_eq!(Packing::from_start(other), None);
    }
    assert_eq!(Packing::from_content_coding(" GZIP "), Some(Packing::Gzip));
    assert_eq!(Packing::from_content_coding("br"), None);
}
