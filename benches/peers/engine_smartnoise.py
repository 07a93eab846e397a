"""smartnoise-sql on PostgreSQL. Timed are rewriting, running, noise.

It bounds a member by rows of the whole answer, not by groups and a bound in each: the rows here are groups_max * bound of
the count. Sums it bounds by those rows and by the column's range; a bound of a member's sum cannot be said. With rows times
range brought down to groups_max * bound it cut off so much that the errors were 1.4 % (Q1) and 5.6 % (Q5).
Epsilon is per column of noise: it is halved where the count of members that chooses the groups is not what is asked.
Expressions in aggregates, subqueries, joins and noise of a scale over 10,000,000 are refused: for those it is given a view
of ours (postgres.py).
"""

import psycopg2
from snsql import Privacy, from_connection

import peer
from questions import DELTA, EPSILON

MONTH = "EXTRACT(YEAR FROM orderdate)", "EXTRACT(MONTH FROM orderdate)"

# The table, its columns, the statement.
STATEMENTS = {
    "q1_count": ("lines", "returnflag linestatus shipdate", """SELECT returnflag, linestatus, COUNT(*) AS released
        FROM public.lines WHERE shipdate <= '1998-09-02' GROUP BY returnflag, linestatus"""),
    "q1_sum": ("prices", "returnflag linestatus shipdate thousands",
        """SELECT returnflag, linestatus, SUM(thousands) AS released FROM public.prices
        WHERE shipdate <= '1998-09-02' GROUP BY returnflag, linestatus"""),
    "q4_count": ("orders", "priority late orderdate", """SELECT priority, COUNT(*) AS released FROM public.orders
        WHERE late IS TRUE AND orderdate >= '1993-07-01' AND orderdate < '1993-10-01' GROUP BY priority"""),
    "q5_sum": ("revenues", "customer_nation supplier_nation region orderdate thousands",
        """SELECT supplier_nation, SUM(thousands) AS released FROM public.revenues
        WHERE customer_nation = supplier_nation AND region = 'ASIA'
        AND orderdate >= '1994-01-01' AND orderdate < '1995-01-01' GROUP BY supplier_nation"""),
    "q13_histogram": ("order_counts", "n",
        "SELECT n, COUNT(DISTINCT customer) AS released FROM public.order_counts GROUP BY n"),
    "orders_by_month": ("orders", "orderdate", f"""SELECT {MONTH[0]} AS y, {MONTH[1]} AS m, COUNT(*) AS released
        FROM public.orders GROUP BY {MONTH[0]}, {MONTH[1]}"""),
    "customers_by_nation_month": ("orders", "nation orderdate", f"""SELECT nation, {MONTH[0]} AS y, {MONTH[1]} AS m,
        COUNT(DISTINCT customer) AS released FROM public.orders GROUP BY nation, {MONTH[0]}, {MONTH[1]}"""),
}

TYPES = {"shipdate": "datetime", "orderdate": "datetime", "late": "boolean", "n": "int", "thousands": "float"}

# Of sums the rows per member and the range of the price in thousands; of Q5 all but 1 in 100 have at most 3 rows.
SUMS = {"q1_sum": (240, 105), "q5_sum": (3, 105)}


def prepare(question, arguments):
    table, columns, statement = STATEMENTS[question.name]
    rows, price_max = SUMS.get(question.name, (question.groups_max * question.bound, 0))
    connection = psycopg2.connect(host="127.0.0.1", port=arguments.port, user="postgres", dbname="postgres")
    described = {"customer": {"private_id": True, "type": "string"}}
    for column in columns.split():
        described[column] = {"type": TYPES.get(column, "string")}
        if column == "thousands":
            described[column] |= {"lower": 0, "upper": price_max}
    options = {"max_ids": rows, "sample_max_ids": True, "censor_dims": True, "clamp_counts": False, "clamp_columns": True}
    metadata = {"": {"public": {table: options | described}}}
    # The count of members chooses the groups; where it is what is asked, it is paid for once.
    epsilon = EPSILON if "COUNT(DISTINCT customer)" in statement else EPSILON / 2
    # Its odometer charges one and a half times the delta that it is given.
    reader = from_connection(
        connection, privacy=Privacy(epsilon=epsilon, delta=DELTA / 1.5), metadata=metadata, engine="postgres")
    cost = reader.get_privacy_cost(statement)
    assert cost[0] <= EPSILON + 1e-9 and cost[1] <= DELTA, cost
    scale = 1000 if price_max else 1

    def ask():
        return {key_of(question, row[:-1]): float(row[-1]) * scale for row in reader.execute(statement)[1:]}

    notes = ["Laplace", f"{rows} rows per customer" + (f" of at most {price_max} thousand" if price_max else "")]
    if table not in ("lines", "orders"):
        notes.append("prepared: a view of ours")
    return ", ".join(notes), ask


def key_of(question, keys) -> str:
    if question.name.endswith("_month"):
        keys = (*keys[:-2], peer.month(*keys[-2:]))
    return "|".join(map(str, keys))


if __name__ == "__main__":
    peer.main("smartnoise-sql", prepare)
