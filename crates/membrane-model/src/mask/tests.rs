use super::*;

fn round<T: FromStr + fmt::Display>(text: &str, expected: Option<&str>) {
    let read: Option<T> = text.parse().ok();
    assert_eq!(read.map(|read| read.to_string()).as_deref(), expected, "{text}");
}

#[test]
fn partial_masks_are_read_and_written() {
    for name in ["email", "mask-alphanum", "show-first-4", "show-last-4", "partial(3,4)"] {
        round::<PartialMask>(name, Some(name));
    }
    round::<PartialMask>("partial( 0 , 4 )", Some("partial(0,4)"));
    for wrong in ["", "partial", "partial(3)", "partial(3,256)", "show-last-5", "sha-256-global"] {
        round::<PartialMask>(wrong, None);
    }
}

#[test]
fn generalisations_are_read_and_written() {
    for name in ["month", "year", "width(10)", "prefix(3)", "geo(5)", "age(10)", "fixed"] {
        round::<Generalisation>(name, Some(name));
    }
    round::<Generalisation>("truncate-to-month", Some("month"));
    round::<Generalisation>("truncate-to-year", Some("year"));
    round::<Generalisation>("mask-to-fixed-value", Some("fixed"));
    for wrong in ["", "day", "width(0)", "width", "prefix(256)", "geo(0)", "age(-1)", "age(10", "width(10))"]
    {
        round::<Generalisation>(wrong, None);
    }
}

#[test]
fn token_forms_are_read_and_written() {
    round::<TokenForm>("opaque", Some("opaque"));
    round::<TokenForm>("ff1", Some("ff1"));
    round::<TokenForm>("ff3", None);
}

#[test]
fn what_depends_on_the_day_of_the_question_is_not_stored() {
    assert!(!Generalisation::Age(10).can_be_stored());
    assert!(!Generalisation::Fixed.can_be_stored());
    assert!(Generalisation::Month.can_be_stored());
}

#[test]
fn ways_to_show_are_read_and_written() {
    for way in ["clear", "partial(3,4)", "email", "year", "age(10)", "fixed", "token", "token(ff1)", "null"] {
        round::<Shown>(way, Some(way));
    }
    round::<Shown>("token(opaque)", Some("token"));
    for wrong in ["", "Clear", "token()", "token(ff3)", "hidden", "partial"] {
        round::<Shown>(wrong, None);
    }
}
