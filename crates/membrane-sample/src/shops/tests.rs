use std::collections::{BTreeSet, HashMap};

use super::{REGIONS_BY_CODE, Shops};
use crate::places::REGIONS;
use crate::seeds::{Draw, Seeds};

#[test]
fn each_region_has_stores_in_its_cities() {
    let shops = Shops::new(Seeds::new(1));
    let ids: BTreeSet<&str> = shops.iter().map(|shop| shop.id.as_ref()).collect();
    assert_eq!(ids.len(), 96);
    assert_eq!(REGIONS.iter().map(|(region, _)| region.code).collect::<Vec<_>>(), REGIONS_BY_CODE);
    for shop in shops.iter() {
        let (region, _) = REGIONS.iter().find(|(region, _)| region.code == shop.region).unwrap();
        assert!(region.cities.iter().any(|city| city.name == shop.city));
    }
}

#[test]
fn people_have_a_favourite() {
    let (shops, mut rng) = (Shops::new(Seeds::new(1)), Seeds::new(1).rng(Draw::Orders, 0));
    let mut visits: HashMap<&str, u32> = HashMap::new();
    for _ in 0..1_000 {
        *visits.entry(&shops.draw(&mut rng, "ZJ", 27).unwrap().id).or_default() += 1;
    }
    assert!(visits.values().max().unwrap() > &550);
    assert!(visits.len() > 12, "nobody travels");
}
