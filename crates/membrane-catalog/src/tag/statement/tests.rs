use super::*;

fn check(sql: &str, expected: &[Piece<'_>]) {
    let found: Vec<_> = pieces(sql).into_iter().map(|(_, piece)| piece).collect();
    assert_eq!(found, expected, "{sql}");
}

#[test]
fn texts_and_comments_are_no_code() {
    use Piece::{AsOf, Sign, Text, Word};
    check("a < :as_of -- :as_of\n/* :as_of */", &[Word("a"), Sign('<'), AsOf]);
    check("':as_of' \":as_of\"", &[Text(":as_of"), Word(":as_of")]);
    check(":as_of_day :as_of)", &[Sign(':'), Word("as_of_day"), AsOf, Sign(')')]);
    check("x::as_of", &[Word("x"), Sign(':'), Word("as_of")]);
    check("'茶' 茶 'it''s'", &[Text("茶"), Word("茶"), Text("it"), Text("s")]);
}

#[test]
fn what_does_not_end_goes_to_the_end() {
    use Piece::{Text, Word};
    check("a 'b", &[Word("a"), Text("")]);
    check("a '", &[Word("a"), Text("")]);
    check("a /* b", &[Word("a")]);
    check("a -- b", &[Word("a")]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_cut_in_order(sql in "[-a:'\"/*茶 \n_;]{0,40}") {
        let mut end = 0;
        for (place, _) in pieces(&sql) {
            proptest::prop_assert!(place.start >= end && place.end > place.start);
            proptest::prop_assert!(sql.get(place.clone()).is_some());
            end = place.end;
        }
    }
}
