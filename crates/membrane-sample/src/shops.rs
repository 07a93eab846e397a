//! The stores.

use std::sync::Arc;

use chrono::NaiveDate;
use rand::RngExt;

use crate::calendar::date;
use crate::pick::pick;
use crate::places::REGIONS;
use crate::seeds::{Draw, Rng, Seeds};

const SHOPS_PER_REGION: u64 = 12;

/// A store.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) city: &'static str,
    pub(crate) region: &'static str,
    pub(crate) opened: NaiveDate,
}

/// All stores, by region.
#[derive(Debug)]
pub(crate) struct Shops(Vec<(&'static str, Vec<Shop>)>);

impl Shops {
    pub(crate) fn new(seeds: Seeds) -> Self {
        let mut rng = seeds.rng(Draw::Shops, 0);
        let mut number = 0_u32;
        let region = |region: &crate::places::Region| {
            let shop = |_| {
                number += 1;
                let city = pick(&mut rng, region.cities);
                Shop {
                    id: format!("S{number:03}").into(),
                    name: format!("{} {}", city.name, pick(&mut rng, SITES)),
                    city: city.name,
                    region: region.code,
                    opened: date(-rng.random_range(100..5_000)),
                }
            };
            (region.code, (0..SHOPS_PER_REGION).map(shop).collect())
        };
        Self(REGIONS.iter().map(|(entry, _)| entry).map(region).collect())
    }

    /// Returns the stores in order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Shop> {
        self.0.iter().flat_map(|(_, shops)| shops)
    }

    /// Draws where somebody of a region shops: mostly at one store.
    pub(crate) fn draw(&self, rng: &mut Rng, region: &str, favourite: u64) -> Option<&Shop> {
        let travels = rng.random_ratio(1, 25);
        let region = if travels { pick(rng, REGIONS_BY_CODE) } else { region };
        let number = if rng.random_ratio(2, 3) {
            favourite % SHOPS_PER_REGION
        } else {
            rng.random_range(0..SHOPS_PER_REGION)
        };
        let (_, shops) = self.0.iter().find(|(code, _)| *code == region)?;
        shops.get(usize::try_from(number).ok()?)
    }
}

const REGIONS_BY_CODE: &[&str] = &["SH", "BJ", "GD", "ZJ", "JS", "SC", "HB", "SN"];

const SITES: &[&str] = &[
    "Central Station",
    "Riverside",
    "University Town",
    "Garden Plaza",
    "East Gate",
    "Old Town",
    "New District",
    "Lakeside",
    "Financial Street",
    "Metro Mall",
    "People's Square",
    "Airport Road",
];

#[cfg(test)]
mod tests;
