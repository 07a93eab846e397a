//! Makes the tables of TPC-H and brings them into a hub, by the way that data comes into one.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tpchgen::csv::{
    CustomerCsv, LineItemCsv, NationCsv, OrderCsv, PartCsv, PartSuppCsv, RegionCsv, SupplierCsv,
};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator,
    RegionGenerator, SupplierGenerator,
};

use super::{TABLES, rules};
use crate::hub;
use crate::table::note;

pub(super) const SCALE: f64 = 1.0;
/// The header of the lines that [`write_member_lines`] makes.
const MEMBER_LINE: &str = "l_orderkey,l_linenumber,customer,l_extendedprice,l_shipdate,l_shipmode,counter";

/// Generates each table as CSV and ingests it.
pub(crate) async fn ingest(dir: &Path, home: &Path) -> Result<()> {
    let hub = hub::open_with(home, &rules()).await?;
    for name in TABLES {
        let file = dir.join(format!("{name}.csv"));
        write(name, &file).with_context(|| format!("generate {name}"))?;
        let rows = hub::ingest(&hub, name, &file, None).await?;
        note(&format!("{name}: {rows} rows ingested"));
        std::fs::remove_file(&file).context("remove a file")?;
    }
    Ok(())
}

fn write(name: &str, file: &Path) -> Result<()> {
    macro_rules! table {
        ($generator:ident, $csv:ident) => {
            lines(file, $csv::header(), $generator::new(SCALE, 1, 1).iter().map($csv::new))
        };
    }
    match name {
        "region" => table!(RegionGenerator, RegionCsv),
        "nation" => table!(NationGenerator, NationCsv),
        "supplier" => table!(SupplierGenerator, SupplierCsv),
        "customer" => table!(CustomerGenerator, CustomerCsv),
        "part" => table!(PartGenerator, PartCsv),
        "partsupp" => table!(PartSuppGenerator, PartSuppCsv),
        "orders" => table!(OrderGenerator, OrderCsv),
        "lineitem" => table!(LineItemGenerator, LineItemCsv),
        _ => bail!("not a table of TPC-H"),
    }
}

fn lines(file: &Path, header: &str, rows: impl Iterator<Item = impl Display>) -> Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "{header}")?;
    for row in rows {
        writeln!(out, "{row}")?;
    }
    Ok(out.into_inner()?.sync_all()?)
}

/// Writes so many order lines at most, each with the customer of its order, as CSV.
pub(crate) fn write_member_lines(file: &Path, most: usize) -> Result<()> {
    let (orders, items) = (OrderGenerator::new(SCALE, 1, 1), LineItemGenerator::new(SCALE, 1, 1));
    let mut orders = orders.iter();
    let mut order = orders.next();
    // Both come by the number of the order.
    let rows = items.iter().take(most).map(|item| {
        while order.as_ref().is_some_and(|order| order.o_orderkey < item.l_orderkey) {
            order = orders.next();
        }
        let customer = order.as_ref().map_or(0, |order| order.o_custkey);
        let counter = item.l_orderkey % 8;
        format!(
            "{},{},C{customer:09},{},{},{},C{counter}",
            item.l_orderkey, item.l_linenumber, item.l_extendedprice, item.l_shipdate, item.l_shipmode
        )
    });
    lines(file, MEMBER_LINE, rows)
}
