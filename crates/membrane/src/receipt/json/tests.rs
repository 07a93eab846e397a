use super::*;

#[test]
fn numbers_are_the_doubles_that_they_are_nearest_to() {
    for (text, number) in [
        ("0.1", 0.1),
        ("0.10000000000000001", 0.1),
        ("12.50", 12.5),
        ("1e3", 1000.0),
        ("-0.0", 0.0),
        // One that the usual reader is one place off with.
        ("33333333.33333334", 33_333_333.333_333_34),
        ("9007199254740993", 9_007_199_254_740_992.0),
    ] {
        let Ok(Json::Number(read)) = Json::parse(text) else { panic!("{text}") };
        assert_eq!(read.to_bits(), f64::to_bits(number), "{text}");
    }
}

#[test]
fn what_a_person_and_a_program_would_read_differently_is_refused() {
    for (text, fault) in [
        (r#"{"a": 1, "b": 2, "a": 3}"#, "has an object with two members of one name"),
        (r#"{"a": [{"b": 1, "b": 1}]}"#, "has an object with two members of one name"),
        (r#"{"a": 1"#, "breaks off at line 1, column 7"),
        ("", "breaks off at line 1, column 0"),
        ("{}\n{}", "is not JSON at line 2, column 1"),
        ("{'a': 1}", "is not JSON at line 1, column 2"),
        ("HTTP/1.1 200 OK\n\n{}", "is not JSON at line 1, column 1"),
        ("1e999", "has a number that is too large"),
        (r#""\ud800""#, "has a text that is none"),
    ] {
        assert_eq!(Json::parse(text).expect_err(text), fault, "{text}");
    }
    let deep = ["[".repeat(40), "]".repeat(40)].concat();
    assert_eq!(Json::parse(&deep).expect_err("deep"), "has too many objects and lists within one another");
}

#[test]
fn members_are_found_whatever_their_order() {
    let read = Json::parse(r#"{"b": {"y": null, "x": "A"}, "a": [true, false]}"#).expect("JSON");
    assert_eq!(read.get("b").and_then(|b| b.get("x")).and_then(Json::text), Some("A"));
    assert_eq!(read.get("a").and_then(Json::list).map(<[_]>::len), Some(2));
    assert_eq!(read, Json::parse(r#"{"a":[true,false],"b":{"x":"A","y":null}}"#).expect("JSON"));
    assert!(read.get("c").is_none() && read.text().is_none() && read.list().is_none());
}
