use std::collections::HashSet;

use chrono::NaiveDate;

use super::*;
use crate::names::{Language, Surname};

fn rng() -> Rng {
    Seeds::new(1).rng(Draw::Person, 1)
}

#[test]
fn identity_numbers_known_from_the_standard() {
    // The two examples of GB 11643-1999, appendix.
    assert_eq!(identity_check("11010519491231002"), 'X');
    assert_eq!(identity_check("44052418800101001"), '4');
}

#[test]
fn identity_numbers_say_birth_and_sex() {
    let born = NaiveDate::from_ymd_opt(1988, 2, 29).unwrap();
    for (sex, odd) in [(Sex::Female, 0), (Sex::Male, 1)] {
        for _ in 0..100 {
            let number = identity_number(&mut rng(), 310_115, born, sex);
            assert_eq!(number.len(), 18);
            assert_eq!(number.get(..14).unwrap(), "31011519880229");
            assert_eq!(number.get(16..17).unwrap().parse::<u32>().unwrap() % 2, odd);
            assert_eq!(number.chars().last().unwrap(), identity_check(number.get(..17).unwrap()));
        }
    }
}

#[test]
fn luhn_known_numbers() {
    for number in ["79927398713", "4111111111111111", "6011000990139424"] {
        let (digits, check) = number.split_at(number.len() - 1);
        assert_eq!(luhn_check(digits).to_string(), check);
    }
    let mut rng = rng();
    for _ in 0..100 {
        let card = card(&mut rng);
        assert_eq!((card.len(), card.get(..2).unwrap()), (19, "62"));
        assert_eq!(card.chars().last().unwrap(), luhn_check(card.get(..18).unwrap()));
    }
}

#[test]
fn phones_are_distinct_and_have_prefixes() {
    let phones: HashSet<String> = (0..20_000).map(|serial| phone(Seeds::new(9), serial)).collect();
    assert_eq!(phones.len(), 20_000);
    for phone in &phones {
        assert_eq!(phone.len(), 11);
        assert!(MOBILE_PREFIXES.contains(&phone.get(..3).unwrap().parse().unwrap()));
    }
}

#[test]
fn emails_are_distinct_and_lead_nowhere() {
    let mut rng = rng();
    let surname = Surname::draw(&mut rng, Language::English);
    let name = Name::draw(&mut rng, Language::English, Sex::Female, surname);
    let emails: HashSet<String> =
        (0..5_000).map(|serial| email(Seeds::new(9), &mut rng, &name, serial)).collect();
    assert_eq!(emails.len(), 5_000);
    let reserved = [".example", "example.com", "example.org", "example.net"];
    assert!(emails.iter().all(|email| reserved.iter().any(|end| email.ends_with(end))));
}

#[test]
fn other_shapes() {
    let id = openid(&mut rng());
    assert_eq!((id.len(), id.starts_with('o')), (28, true));
    let uuid = uuid(&mut rng());
    assert_eq!((uuid.len(), uuid.get(14..15).unwrap()), (36, "4"));
    assert!("89ab".contains(uuid.get(19..20).unwrap()));
    let mut code = "what was there".to_owned();
    write_code(&mut code, "O", u64::MAX);
    assert_eq!(code, "OFZZZZZZZZZZZZ");
}
