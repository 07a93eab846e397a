//! Tests: the example of c2sp.org/tlog-checkpoint, and texts that are no checkpoint.

use super::*;

const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

fn check(text: &str, extensions: &[&str]) {
    let checkpoint = Checkpoint::parse(text.as_bytes()).unwrap();
    assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
    assert_eq!(checkpoint.head.size, 20_852_163);
    assert_eq!(checkpoint.head.root.to_string(), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert_eq!(checkpoint.extensions, extensions);
    assert_eq!(checkpoint.to_text().unwrap(), text);
}

#[test]
fn example_of_the_specification() {
    check(EXAMPLE, &[]);
}

#[test]
fn extension_lines_are_kept() {
    check(&format!("{EXAMPLE}one\n two, with spaces\n"), &["one", " two, with spaces"]);
}

#[test]
fn malformed() {
    for text in [
        String::new(),
        EXAMPLE.trim_end().to_owned(),
        format!("\n{EXAMPLE}"),
        format!("{EXAMPLE}\n"),
        format!("{EXAMPLE}one\n\ntwo\n"),
        format!("{EXAMPLE}one"),
        EXAMPLE.replace("2085", "02085"),
        EXAMPLE.replace("2085", "+2085"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", ""),
        EXAMPLE.replace("20852163", "18446744073709551616"),
        EXAMPLE.replace("2I=", "2J="),
        EXAMPLE.replace("2I=", "2I"),
        EXAMPLE.replace("CsUY", "Cs-Y"),
        EXAMPLE.replace("CsUY", ""),
    ] {
        assert!(matches!(Checkpoint::parse(text.as_bytes()), Err(LogError::MalformedCheckpoint)), "{text:?}");
    }
}

#[test]
fn too_large_is_said_so() {
    let text = EXAMPLE.replace("20852163", "281474976710657");
    let refused = Checkpoint::parse(text.as_bytes());
    assert!(matches!(refused, Err(LogError::TooLarge { size: 281_474_976_710_657 })));
}

#[test]
fn lines_that_are_none_are_not_written() {
    let checkpoint = Checkpoint::parse(EXAMPLE.as_bytes()).unwrap();
    for line in ["", "a\nb", "a\rb"] {
        let with_line = Checkpoint { extensions: vec![line.to_owned()], ..checkpoint.clone() };
        assert!(with_line.to_text().is_err(), "{line:?}");
        let of_line = Checkpoint { origin: line.to_owned(), ..checkpoint.clone() };
        assert!(of_line.to_text().is_err(), "{line:?}");
    }
}
