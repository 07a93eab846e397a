//! Stores and products: master data, without dirt.

use crate::out_file::Monitor;
use crate::text_file::{Format, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

const STORES: TextSpec = TextSpec {
    dataset: "dim_stores",
    name: "dim_stores.csv",
    format: Format::Csv,
    columns: &["store_id", "name", "city", "region", "opened_on"],
    faults: &[],
    number: 8,
};

const PRODUCTS: TextSpec = TextSpec {
    dataset: "dim_products",
    name: "dim_products.csv",
    format: Format::Csv,
    columns: &["product_id", "name", "category", "brand", "price"],
    faults: &[],
    number: 9,
};

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut stores = TextFile::create(world, None, monitor, STORES)?;
    for shop in world.shops.iter() {
        stores.write(|row| {
            row.text(&shop.id).text(&shop.name).text(shop.city).text(shop.region).bare(shop.opened);
        })?;
    }
    let mut products = TextFile::create(world, None, monitor, PRODUCTS)?;
    for good in world.goods.iter() {
        products.write(|row| {
            row.text(&good.id)
                .text(&good.name)
                .text(good.category)
                .text(good.brand)
                .money(Some(good.price_cents));
        })?;
    }
    Ok(vec![products.finish()?, stores.finish()?])
}
