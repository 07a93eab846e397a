"""pyqrlew on PostgreSQL: rewrites the statement, PostgreSQL runs it. Timed are rewriting and running.

Half of epsilon chooses the groups, half is for the noise, which is Gaussian. A member's values over all groups are scaled down
together when their length (L2) exceeds multiplicity times the column's range; the multiplicity given here makes that
sqrt(groups_max) * bound, what a member at every bound has. The noise is PostgreSQL's `random()`, which is not made for secrets.
"""

import math

import pyqrlew
import sqlalchemy

import peer
from questions import DELTA, EPSILON

PRICE_MAX = 105_000

STATEMENTS = {
    "q1_count": """SELECT returnflag, linestatus, COUNT(*) AS released FROM public.lines
        WHERE shipdate <= '1998-09-02' GROUP BY returnflag, linestatus""",
    "q1_sum": """SELECT returnflag, linestatus, SUM(extendedprice) AS released FROM public.lines
        WHERE shipdate <= '1998-09-02' GROUP BY returnflag, linestatus""",
    "q4_count": """SELECT priority, COUNT(*) AS released FROM public.orders
        WHERE late AND orderdate >= '1993-07-01' AND orderdate < '1993-10-01' GROUP BY priority""",
    "q5_sum": """SELECT supplier_nation, SUM(extendedprice * (1 - discount)) AS released FROM public.lines
        WHERE customer_nation = supplier_nation AND region = 'ASIA'
        AND orderdate >= '1994-01-01' AND orderdate < '1995-01-01' GROUP BY supplier_nation""",
    "q13_histogram": """SELECT n, COUNT(*) AS released FROM (
        SELECT c.customer, COUNT(o.orderkey) AS n FROM public.customers c
        LEFT JOIN (SELECT * FROM public.orders WHERE NOT special) o ON c.customer = o.customer
        GROUP BY c.customer) q GROUP BY n""",
    "orders_by_month": """SELECT EXTRACT(YEAR FROM orderdate) AS y, EXTRACT(MONTH FROM orderdate) AS m,
        COUNT(*) AS released FROM public.orders GROUP BY y, m""",
    "customers_by_nation_month": """SELECT nation, EXTRACT(YEAR FROM orderdate) AS y, EXTRACT(MONTH FROM orderdate) AS m,
        COUNT(DISTINCT customer) AS released FROM public.orders GROUP BY nation, y, m""",
}


def prepare(question, arguments):
    engine = sqlalchemy.create_engine(f"postgresql+psycopg2://postgres@127.0.0.1:{arguments.port}/postgres")
    dataset = pyqrlew.Dataset.from_database("tpch", engine, "public")
    dataset = dataset.with_range("public", "lines", "extendedprice", 0, PRICE_MAX)
    dataset = dataset.with_range("public", "lines", "discount", 0, 0.1)
    unit = ([(table, [], "customer") for table in ("lines", "orders", "customers")], False)
    multiplicity = math.sqrt(question.groups_max) * question.bound
    if question.name.endswith("_sum"):
        multiplicity /= PRICE_MAX
    connection = engine.connect()

    def ask():
        rewritten = dataset.relation(STATEMENTS[question.name]).rewrite_with_differential_privacy(
            dataset, unit, {"epsilon": EPSILON, "delta": DELTA}, max_multiplicity=multiplicity, max_multiplicity_share=1.0,
            max_privacy_unit_groups=question.groups_max)
        rows = connection.execute(sqlalchemy.text(rewritten.relation().to_query())).fetchall()
        return {key_of(question, row[:-1]): float(row[-1]) for row in rows}

    return "Gaussian", ask


def key_of(question, keys) -> str:
    if question.name.endswith("_month"):
        keys = (*keys[:-2], peer.month(*keys[-2:]))
    return "|".join(map(str, keys))


if __name__ == "__main__":
    peer.main("pyqrlew", prepare)
