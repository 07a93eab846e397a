"""The year of all channels, counted and read by programs that know nothing of Membrane.

readers.py totals INBOX     writes NAME.control.json beside each file: its rows, and the sums of its amounts
readers.py read DATA INBOX  reads the Delta tables below DATA with polars and duckdb, and looks for clear identifiers
"""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl

# Columns of the deliveries whose values say who somebody is.
IDENTIFYING = [
    "phone", "email", "name", "id_number", "address", "nickname", "member_no", "openid", "unionid", "device_id",
    "cookie_id", "app_user_id", "payment_account",
]


def records(path):
    """The rows of a delivery, as far as they can be read, and how many there are in all."""
    if path.suffix == ".parquet":
        rows = pl.read_parquet(path).to_dicts()
        return rows, len(rows)
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return rows, len(rows)
    rows, count = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        count += 1
        try:
            rows.append(json.loads(line))
        except ValueError:
            pass
    return rows, count


def totals(inbox):
    for path in sorted(inbox.iterdir()):
        rows, count = records(path)
        stated = {"rows": count}
        if path.stem in ("pos_orders", "pos_order_lines"):
            amounts = (row["amount"] for row in rows)
            stated["sums"] = {"amount": str(sum((a for a in amounts if a is not None), Decimal(0)))}
        path.with_name(path.name + ".control.json").write_text(json.dumps(stated))


def identifiers(inbox):
    found = set()
    for path in inbox.iterdir():
        if path.name.endswith(".control.json") or path.stem.startswith("dim_"):
            continue
        for row in records(path)[0]:
            for name in IDENTIFYING:
                value = row.get(name)
                if isinstance(value, str) and len(value) >= 6:
                    found.add(value)
    return found


def read(data, inbox):
    clear = identifiers(inbox)
    told = {"identifiers": len(clear)}
    connection = duckdb.connect()
    import duckdb_extensions

    duckdb_extensions.import_extension("delta", con=connection)
    for log in sorted(data.glob("**/_delta_log")):
        table = log.parent
        frame = pl.read_delta(str(table))
        rows = connection.sql(f"SELECT count(*) FROM delta_scan('{table}')").fetchone()[0]
        leaks = []
        for name, kind in frame.schema.items():
            if kind == pl.String:
                values = frame[name].drop_nulls().to_list()
            elif kind == pl.Binary:
                values = [value.decode("utf-8", "replace") for value in frame[name].drop_nulls().to_list()]
            else:
                continue
            if any(value in clear for value in values):
                leaks.append(name)
        told[str(table.relative_to(data))] = {"polars": frame.height, "duckdb": rows, "leaks": leaks}
    print(json.dumps(told))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["totals", inbox]:
            totals(Path(inbox))
        case ["read", data, inbox]:
            read(Path(data), Path(inbox))
        case _:
            sys.exit(__doc__)
