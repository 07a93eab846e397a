//! What is sold.

use std::sync::Arc;

use rand::RngExt;

use crate::pick::{pick, whole};
use crate::seeds::{Draw, Rng, Seeds};

/// Products in each category.
const PRODUCTS_PER_CATEGORY: usize = 50;

/// The highest price, in cents. With [`QUANTITY_MAX`] it keeps a line under 5,000 yuan.
pub(crate) const PRICE_MAX_CENTS: i64 = 80_000;

/// The most pieces on a line.
pub(crate) const QUANTITY_MAX: i64 = 6;

/// A product.
#[derive(Debug, Clone)]
pub(crate) struct Good {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) category: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) price_cents: i64,
}

/// All products: the popular ones first, categories in turn.
#[derive(Debug)]
pub(crate) struct Goods(Vec<Good>);

impl Goods {
    pub(crate) fn new(seeds: Seeds) -> Self {
        let mut rng = seeds.rng(Draw::Goods, 0);
        let categories = CATEGORIES.iter().cycle().take(CATEGORIES.len() * PRODUCTS_PER_CATEGORY);
        let good = |(number, category): (usize, &Category)| {
            let (low, high) = category.yuan;
            let brand = pick(&mut rng, BRANDS);
            // Most prices lie near the low end, and end in 9.
            let yuan = low + (high - low) * rng.random::<f64>().powi(3);
            let dimes = i64::try_from(whole(yuan * 10.0)).unwrap_or(1);
            Good {
                id: format!("P{:05}", number + 1).into(),
                name: format!(
                    "{brand} {} {}",
                    pick(&mut rng, category.nouns),
                    pick(&mut rng, category.sizes)
                ),
                category: category.name,
                brand,
                price_cents: (dimes * 10 + 9).min(PRICE_MAX_CENTS),
            }
        };
        Self(categories.enumerate().map(good).collect())
    }

    /// Returns the products in order of their ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Good> {
        self.0.iter()
    }

    /// Draws a product, popular ones more often.
    pub(crate) fn draw(&self, rng: &mut Rng) -> Option<&Good> {
        let popularity = rng.random::<f64>().powf(2.2);
        let index = whole(popularity * f64::from(u32::try_from(self.0.len()).unwrap_or(0)));
        self.0.get(usize::try_from(index).ok()?)
    }
}

/// What products of a category are like.
#[derive(Debug)]
struct Category {
    name: &'static str,
    yuan: (f64, f64),
    nouns: &'static [&'static str],
    sizes: &'static [&'static str],
}

const CATEGORIES: &[Category] = &[
    Category {
        name: "dairy",
        yuan: (3.0, 45.0),
        nouns: &["milk", "yoghurt", "cheese", "butter"],
        sizes: &["250 ml", "1 l", "6 x 200 ml"],
    },
    Category {
        name: "produce",
        yuan: (2.0, 40.0),
        nouns: &["apples", "bananas", "spinach", "tomatoes", "pomelo"],
        sizes: &["500 g", "1 kg", "2.5 kg"],
    },
    Category {
        name: "bakery",
        yuan: (3.0, 48.0),
        nouns: &["toast", "rolls", "mooncakes", "cheesecake"],
        sizes: &["small", "large", "box of 6"],
    },
    Category {
        name: "beverages",
        yuan: (2.0, 60.0),
        nouns: &["mineral water", "soda", "juice", "soy milk"],
        sizes: &["330 ml", "1.5 l", "case of 12"],
    },
    Category {
        name: "snacks",
        yuan: (3.0, 40.0),
        nouns: &["crisps", "nuts", "seaweed", "biscuits"],
        sizes: &["80 g", "200 g", "family pack"],
    },
    Category {
        name: "meat",
        yuan: (12.0, 140.0),
        nouns: &["pork belly", "beef shank", "chicken wings", "prawns"],
        sizes: &["300 g", "500 g", "1 kg"],
    },
    Category {
        name: "household",
        yuan: (5.0, 90.0),
        nouns: &["detergent", "tissues", "bin liners", "cookware"],
        sizes: &["single", "3-pack", "10-pack"],
    },
    Category {
        name: "personal_care",
        yuan: (8.0, 150.0),
        nouns: &["shampoo", "face cream", "toothpaste", "sunscreen"],
        sizes: &["50 ml", "200 ml", "750 ml"],
    },
    Category {
        name: "baby",
        yuan: (15.0, 220.0),
        nouns: &["nappies", "formula", "wipes", "purée"],
        sizes: &["S", "M", "L"],
    },
    Category {
        name: "frozen",
        yuan: (6.0, 80.0),
        nouns: &["dumplings", "ice cream", "fish fillet", "buns"],
        sizes: &["400 g", "800 g", "1.2 kg"],
    },
    Category {
        name: "tea_coffee",
        yuan: (10.0, 200.0),
        nouns: &["longjing", "pu'er", "oolong", "coffee beans"],
        sizes: &["100 g", "250 g", "gift box"],
    },
    Category {
        name: "health",
        yuan: (15.0, 260.0),
        nouns: &["vitamin C", "fish oil", "ginseng", "bird's nest"],
        sizes: &["30 pieces", "90 pieces", "gift box"],
    },
];

const BRANDS: &[&str] = &[
    "Yunling",
    "Qinghe",
    "Lanting",
    "Tianye",
    "Haoyu",
    "Beihai Farm",
    "Sunfield",
    "Morrow",
    "Kestrel",
    "Nordhaven",
    "云岭",
    "青禾",
    "兰亭",
    "好榆",
];

#[cfg(test)]
mod tests;
