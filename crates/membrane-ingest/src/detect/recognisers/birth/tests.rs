use super::*;

/// A column of days in these years, so often each.
fn shape(years: impl IntoIterator<Item = (i32, u32)>) -> Shape {
    Shape { years: years.into_iter().collect(), ..Shape::default() }
}

#[test]
fn ages_of_people_are_told_from_other_days() {
    let against = |years: &[(i32, u32)]| against_birth(&shape(years.iter().copied()), 2026);
    let people: Vec<(i32, u32)> = (1950..2008).map(|year| (year, 10)).collect();
    assert_eq!(against(&people), None);
    assert_eq!(against(&[(2024, 50), (2025, 50)]), Some("many of them are of the last years"));
    assert_eq!(
        against(&[(1990, 50), (1995, 50)]),
        Some("they lie too close together for the ages of people")
    );
    let books: Vec<(i32, u32)> = (1700..1960).map(|year| (year, 1)).collect();
    assert_eq!(against(&books), Some("most of them are older than people become"));
    assert_eq!(against(&[(1960, 40), (1990, 40), (2030, 20)]), Some("days of the future are among them"));
}

#[test]
fn days_are_read_in_many_forms() {
    for text in [
        "1990-05-17",
        "1990/05/17",
        "1990年5月17日",
        "17.05.1990",
        "05/17/1990",
        "19900517",
        "1990-05-17T00:00:00",
    ] {
        assert_eq!(day_of(text), Some((1990, 5, 17)), "{text}");
    }
    for text in ["", "1990", "1990-02-30", "12:30:00", "99999999", "1-2-3", "2026-01-01T10:00:00Z"] {
        assert_eq!(day_of(text), None, "{text}");
    }
}
