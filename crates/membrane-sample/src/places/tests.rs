use std::collections::HashSet;

use super::{Home, REGIONS, birthplace};
use crate::seeds::{Draw, Seeds};

#[test]
fn codes_lie_in_their_province() {
    let provinces =
        [("SH", 31), ("BJ", 11), ("GD", 44), ("ZJ", 33), ("JS", 32), ("SC", 51), ("HB", 42), ("SN", 61)];
    for (region, _) in REGIONS {
        let province = provinces.iter().find(|(code, _)| *code == region.code).unwrap().1;
        for city in region.cities {
            let mut prefixes =
                city.districts.iter().map(|district| district.code / 100).collect::<HashSet<_>>();
            assert_eq!(prefixes.len(), 1, "{} spans prefectures", city.name);
            assert_eq!(prefixes.drain().next().unwrap() / 100, province, "{}", city.name);
        }
    }
}

#[test]
fn an_address_names_its_city_and_district() {
    let mut rng = Seeds::new(1).rng(Draw::Household, 1);
    for _ in 0..200 {
        let home = Home::draw(&mut rng);
        assert!(home.chinese().contains(home.city.chinese));
        assert!(home.english().ends_with(home.city.name));
        assert!(home.region.cities.iter().any(|city| city.name == home.city.name));
        assert!(home.city.districts.iter().any(|district| home.chinese().contains(district.chinese)));
    }
}

#[test]
fn most_were_born_in_their_region() {
    let mut rng = Seeds::new(1).rng(Draw::Person, 1);
    let home = Home::draw(&mut rng);
    let at_home = |code: &u32| {
        home.region.cities.iter().flat_map(|city| city.districts).any(|district| district.code == *code)
    };
    let stayed = (0..1_000).map(|_| birthplace(&mut rng, &home)).filter(at_home).count();
    assert!((650..=950).contains(&stayed), "{stayed} of 1,000");
}
