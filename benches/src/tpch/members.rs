//! TPC-H at scale 1 as a company has it that knows its customers: every row names one. For benches of releases, and as CSV
//! for peers.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, Order, OrderGenerator, RegionGenerator,
    SupplierGenerator,
};

use super::data::SCALE;

/// The files, by the dataset that each of them is brought into.
pub(crate) const FILES: [(&str, &str); 3] =
    [("member_sales", "lines.csv"), ("member_orders", "orders.csv"), ("member_people", "customers.csv")];

const LINES: &str = "customer,orderkey,linenumber,returnflag,linestatus,quantity,extendedprice,discount,shipdate,orderdate,\
                     customer_nation,supplier_nation,region";
const ORDERS: &str = "customer,orderkey,orderdate,priority,late,special,nation,totalprice";
const CUSTOMERS: &str = "customer,nation";

/// What is known of nations, customers and suppliers by their numbers.
struct Nations {
    /// Name and region.
    nations: Vec<(String, String)>,
    of_customers: Vec<usize>,
    of_suppliers: Vec<usize>,
}

impl Nations {
    fn read() -> Result<Self> {
        let regions: Vec<String> =
            RegionGenerator::new(SCALE, 1, 1).iter().map(|region| region.r_name.to_owned()).collect();
        let nation = |nation: tpchgen::generators::Nation<'_>| {
            let region = usize::try_from(nation.n_regionkey).ok().and_then(|key| regions.get(key));
            Ok((nation.n_name.to_owned(), region.context("a nation without region")?.clone()))
        };
        let nations = NationGenerator::new(SCALE, 1, 1).iter().map(nation).collect::<Result<_>>()?;
        let place = |key: i64| usize::try_from(key).context("a number below zero");
        // Keys begin at 1.
        let (mut of_customers, mut of_suppliers) = (vec![0], vec![0]);
        for customer in CustomerGenerator::new(SCALE, 1, 1).iter() {
            of_customers.push(place(customer.c_nationkey)?);
        }
        for supplier in SupplierGenerator::new(SCALE, 1, 1).iter() {
            of_suppliers.push(place(supplier.s_nationkey)?);
        }
        Ok(Self { nations, of_customers, of_suppliers })
    }

    fn of(&self, list: &[usize], key: i64) -> Result<&(String, String)> {
        let place = usize::try_from(key).ok().and_then(|key| list.get(key));
        place.and_then(|place| self.nations.get(*place)).context("nobody has this number")
    }
}

/// Writes the three files into a folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).context("make a folder")?;
    let nations = Nations::read()?;
    let create = |name: &str, header: &str| {
        let mut out =
            BufWriter::new(File::create(folder.join(name)).with_context(|| format!("create {name}"))?);
        writeln!(out, "{header}")?;
        Ok::<_, anyhow::Error>(out)
    };
    let mut customers = create("customers.csv", CUSTOMERS)?;
    for (key, _) in nations.of_customers.iter().enumerate().skip(1) {
        let (nation, _) = nations.of(&nations.of_customers, i64::try_from(key)?)?;
        writeln!(customers, "C{key:09},{nation}")?;
    }
    customers.into_inner()?.sync_all()?;
    let (mut lines, mut orders) = (create("lines.csv", LINES)?, create("orders.csv", ORDERS)?);
    let (all, items) = (OrderGenerator::new(SCALE, 1, 1), LineItemGenerator::new(SCALE, 1, 1));
    let mut items = items.iter().peekable();
    // Both come by the number of the order.
    for order in all.iter() {
        let (nation, _) = nations.of(&nations.of_customers, order.o_custkey)?;
        let mut late = false;
        while let Some(item) = items.next_if(|item| item.l_orderkey <= order.o_orderkey) {
            let (supplier, region) = nations.of(&nations.of_suppliers, item.l_suppkey)?;
            late |= item.l_commitdate < item.l_receiptdate;
            writeln!(
                lines,
                "C{:09},{},{},{},{},{},{},{},{},{},{nation},{supplier},{region}",
                order.o_custkey,
                item.l_orderkey,
                item.l_linenumber,
                item.l_returnflag,
                item.l_linestatus,
                item.l_quantity,
                item.l_extendedprice,
                item.l_discount,
                item.l_shipdate,
                order.o_orderdate,
            )?;
        }
        write_order(&mut orders, &order, late, nation)?;
    }
    lines.into_inner()?.sync_all()?;
    Ok(orders.into_inner()?.sync_all()?)
}

fn write_order(out: &mut impl Write, order: &Order<'_>, late: bool, nation: &str) -> Result<()> {
    // As `LIKE '%special%requests%'`.
    let special = order.o_comment.split_once("special").is_some_and(|(_, rest)| rest.contains("requests"));
    writeln!(
        out,
        "C{:09},{},{},{},{late},{special},{nation},{}",
        order.o_custkey, order.o_orderkey, order.o_orderdate, order.o_orderpriority, order.o_totalprice
    )?;
    Ok(())
}
