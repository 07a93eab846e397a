"""The questions' rows as Polars frames: what is true of them, and what the peers that read no SQL are given.

Filters, keys and values are of plain Polars here, row by row: bounding and noise are the peer's.
"""

from datetime import date
from pathlib import Path

import polars as pl

TABLES = ("lines", "orders", "customers")


def convert(data: Path, work: Path):
    for table in TABLES:
        frame = pl.scan_csv(data / f"{table}.csv", try_parse_dates=True)
        frame.sink_parquet(work / f"{table}.parquet")


def rows(work: Path, question: str) -> pl.LazyFrame:
    """Returns the rows that a question counts or sums: the customer, the key as one text, the value where one is summed."""
    lines, orders, customers = (pl.scan_parquet(work / f"{table}.parquet") for table in TABLES)
    month = pl.col("orderdate").dt.strftime("%Y-%m")
    if question in ("q1_count", "q1_sum"):
        frame = lines.filter(pl.col("shipdate") <= date(1998, 9, 2))
        return keyed(frame, ["returnflag", "linestatus"], pl.col("extendedprice") if question == "q1_sum" else None)
    if question == "q4_count":
        frame = orders.filter(pl.col("late"), between("orderdate", date(1993, 7, 1), date(1993, 9, 30)))
        return keyed(frame, ["priority"])
    if question == "q5_sum":
        frame = lines.filter(
            pl.col("customer_nation") == pl.col("supplier_nation"), pl.col("region") == "ASIA",
            between("orderdate", date(1994, 1, 1), date(1994, 12, 31)))
        return keyed(frame, ["supplier_nation"], pl.col("extendedprice") * (1 - pl.col("discount")))
    if question == "q13_histogram":
        counted = orders.filter(~pl.col("special")).group_by("customer").agg(pl.len().alias("orders"))
        frame = customers.join(counted, on="customer", how="left")
        return keyed(frame, [pl.col("orders").fill_null(0).cast(pl.String)])
    if question == "orders_by_month":
        return keyed(orders, [month])
    if question == "customers_by_nation_month":
        return keyed(orders, ["nation", month])
    raise ValueError(question)


def keyed(frame: pl.LazyFrame, keys: list, value=None) -> pl.LazyFrame:
    columns = [pl.col("customer"), pl.concat_str(keys, separator="|").alias("key")]
    return frame.select(columns if value is None else [*columns, value.alias("value")])


def between(column: str, first: date, last: date) -> pl.Expr:
    return pl.col(column).is_between(first, last)


def truth(work: Path, question: str) -> dict:
    frame = rows(work, question)
    if question in ("q1_sum", "q5_sum"):
        exact = pl.col("value").sum()
    elif question == "customers_by_nation_month":
        exact = pl.col("customer").n_unique()
    else:
        exact = pl.len()
    return dict(frame.group_by("key").agg(exact.alias("exact")).collect().iter_rows())
