use super::*;

/// Parses and returns the faults as `line:column message`.
fn faults(text: &str) -> Vec<String> {
    let mut report = Report::new("x.yaml".as_ref());
    Document::parse(text, &mut report);
    report
        .into_faults()
        .iter()
        .map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message))
        .collect()
}

fn parse(text: &str) -> Document {
    Document::parse(text, &mut Report::new("x.yaml".as_ref())).unwrap()
}

fn pairs(document: &Document) -> Vec<(Node<'_>, Node<'_>)> {
    match document.root().value() {
        Value::Map(pairs) => pairs,
        other => panic!("{}", other.kind()),
    }
}

#[test]
fn places_count_from_one() {
    let document = parse("a: 1\nb:\n  - 商品: x\n");
    let pairs = pairs(&document);
    assert_eq!(pairs[0].0.mark(), Mark { line: 1, column: 1 });
    assert_eq!(pairs[0].1.mark(), Mark { line: 1, column: 4 });
    let Value::List(items) = pairs[1].1.value() else { panic!() };
    let Value::Map(inner) = items[0].value() else { panic!() };
    assert_eq!(items[0].mark(), Mark { line: 3, column: 5 });
    assert_eq!(inner[0].1.mark(), Mark { line: 3, column: 9 });
}

#[test]
fn scalars_are_what_yaml_says() {
    let document = parse("a: 1\nb: '1'\nc: 1.50\nd: true\ne:\nf: no\ng: 2024-01-01\nh: !!str 5\ni: !x y\n");
    let kinds: Vec<_> = pairs(&document).iter().map(|(_, value)| value.value().kind()).collect();
    assert_eq!(
        kinds,
        ["a number", "text", "a number", "a boolean", "nothing", "text", "text", "text", "a tagged value"],
        "a tag of somebody's is not looked through"
    );
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(pairs(&parse("\u{feff}a: 1\n"))[0].0.mark(), Mark { line: 1, column: 1 });
}

#[test]
fn what_is_not_one_document_is_refused() {
    assert_eq!(faults(""), ["1:1 the file is empty"]);
    assert_eq!(faults("# nothing\n"), ["1:1 the file is empty"]);
    assert_eq!(faults("a: 1\n---\nb: 2\n"), ["3:1 a second document: one file holds one"]);
    for wrong in ["a: [1\n", "a: 'x\n", "a:\n\tb: 1\n", "a: *nobody\n", "a: b: c\n", "@x\n"] {
        let faults = faults(wrong);
        assert!(faults.len() == 1 && faults[0].contains("not YAML: "), "{wrong}: {faults:?}");
    }
}

#[test]
fn a_key_that_stands_twice_hides_nothing() {
    let text = "a: 1\nb: {x: 1, 'x': 2}\na: 2\n商: 1\n\"a\": 3\n";
    let mut report = Report::new("x.yaml".as_ref());
    let document = Document::parse(text, &mut report).unwrap();
    let found: Vec<_> =
        report.into_faults().iter().map(|it| (it.line, it.column, it.message.clone())).collect();
    let told = |line, column| (line, column, "not YAML: duplicated key in mapping".to_owned());
    assert_eq!(found, [told(2, 11), told(3, 1), told(5, 1)]);
    let names: Vec<_> = pairs(&document)
        .iter()
        .map(|(key, value)| match (key.value(), value.value()) {
            (Value::Text(name), Value::Integer(number)) => format!("{name}={number}"),
            (Value::Text(name), other) => format!("{name} is {}", other.kind()),
            _ => panic!(),
        })
        .collect();
    assert_eq!(names, ["a=1", "b is a mapping", "商=1"], "the first value stays");
    // As many as anybody wants to read, or of a form that is not a word: the file is refused then.
    assert_eq!(faults(&"a: 1\n".repeat(100)).len(), 32);
    let list = faults("? [a]\n: 1\n? [a]\n: 2\n");
    assert!(list.len() == 1 && list[0].starts_with("3:") && list[0].ends_with("in mapping"), "{list:?}");
}

#[test]
fn deep_nesting_is_refused_before_it_is_parsed() {
    let many = 500_000;
    for deep in ["[", "{", "- ", "? ", "-\t", "[\n", "- [", "{a: "] {
        let faults = faults(&deep.repeat(many));
        assert!(faults.len() == 1 && faults[0].contains("nested deeper"), "{deep}: {faults:?}");
    }
}

#[test]
fn many_aliases_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![before; 10].join(", "));
    }
    let faults = faults(&text);
    assert!(faults.len() == 1 && faults[0].contains("alias expansion"), "{faults:?}");
}

proptest::proptest! {
    /// No text makes the parser panic or a fault lie outside the text.
    #[test]
    fn any_text_is_parsed_or_refused(text in "[-?:a-c\\[\\]{}&*!|>'\"%@#, \n\t\u{feff}商]{0,60}") {
        let mut report = Report::new("x.yaml".as_ref());
        let document = Document::parse(&text, &mut report);
        let faults = report.into_faults();
        let only_doubled = faults.iter().all(|fault| fault.message.ends_with("duplicated key in mapping"));
        let told = document.is_none() && !faults.is_empty();
        proptest::prop_assert!(told || (document.is_some() && only_doubled), "{:?}", faults);
        for fault in faults {
            proptest::prop_assert!(fault.line >= 1 && fault.line <= text.lines().count() + 2);
        }
    }
}
