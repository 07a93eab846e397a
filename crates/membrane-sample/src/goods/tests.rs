use std::collections::{HashMap, HashSet};

use super::{CATEGORIES, Goods, PRICE_MAX_CENTS, QUANTITY_MAX};
use crate::seeds::{Draw, Seeds};

#[test]
fn products_are_distinct_and_affordable() {
    let goods = Goods::new(Seeds::new(4));
    let ids: HashSet<&str> = goods.iter().map(|good| good.id.as_ref()).collect();
    assert_eq!(ids.len(), CATEGORIES.len() * 50);
    assert!(goods.iter().all(|good| (1..=PRICE_MAX_CENTS).contains(&good.price_cents)));
    let dearest = goods.iter().map(|good| good.price_cents * QUANTITY_MAX).max();
    assert!(dearest <= Some(500_000), "a line may be dearer than the contract's bound");
}

#[test]
fn some_products_sell_better() {
    let (goods, mut rng) = (Goods::new(Seeds::new(4)), Seeds::new(4).rng(Draw::Orders, 0));
    let mut sold: HashMap<&str, u32> = HashMap::new();
    for _ in 0..20_000 {
        *sold.entry(&goods.draw(&mut rng).unwrap().id).or_default() += 1;
    }
    let mut counts: Vec<u32> = sold.into_values().collect();
    counts.sort_unstable();
    assert!(counts.len() > 550);
    assert!(counts[counts.len() - 1] > 20 * counts[counts.len() / 2]);
}
