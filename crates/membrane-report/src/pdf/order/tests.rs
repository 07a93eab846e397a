//! Tests.

use super::*;

#[track_caller]
fn check(line: &str, expected: &str) {
    let order = visual_order(line);
    assert_eq!(order.iter().map(|(_, c)| *c).collect::<String>(), expected);
    for (place, c) in order {
        assert!(line.get(place..).unwrap().starts_with(c));
    }
}

#[test]
fn scripts_of_europe_and_east_asia_stay() {
    check("Ada (a) 12", "Ada (a) 12");
    check("Ελένη 王小明 é", "Ελένη 王小明 é");
    check("", "");
}

#[test]
fn words_are_turned_and_so_are_neighbours() {
    check("אבג", "גבא");
    check("x אבג דהו. y", "x והד גבא. y");
    check("אבג ", "גבא ");
    check("אב 12 גד", "בא 12 דג");
    check("سلام", "مالس");
}
