use super::{FEMALE, Language, MALE, Name, SURNAMES, Sex, Surname};
use crate::seeds::{Draw, Seeds};

#[test]
fn names_begin_or_end_with_the_family() {
    let mut rng = Seeds::new(1).rng(Draw::Person, 1);
    for language in [Language::Chinese, Language::English] {
        for sex in [Sex::Female, Sex::Male] {
            for _ in 0..200 {
                let surname = Surname::draw(&mut rng, language);
                let name = Name::draw(&mut rng, language, sex, surname);
                match language {
                    Language::Chinese => {
                        assert!(name.written.starts_with(surname.written));
                        assert!((2..=4).contains(&name.written.chars().count()));
                    }
                    Language::English => assert!(name.written.ends_with(surname.written)),
                }
                for part in [name.latin_given, name.latin_family] {
                    assert!(!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()), "{part}");
                }
            }
        }
    }
}

#[test]
fn readings_are_latin() {
    let readings =
        SURNAMES.iter().map(|((_, latin), _)| latin).chain(FEMALE.iter().chain(MALE).map(|(_, latin)| latin));
    for reading in readings {
        assert!(reading.bytes().all(|byte| byte.is_ascii_lowercase()), "{reading}");
    }
}
