"""A private PostgreSQL for the peers that rewrite SQL: a new cluster in a temporary folder, on a free port of the
loopback interface, stopped at the end. Like the tests' (crates/membrane-ledger/src/tests/postgres/server.rs)."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

# Seconds after which the server stops even if the run that started it was killed.
SECONDS_MAX = 3 * 3600

TABLES = """
CREATE TABLE lines (customer text, orderkey bigint, linenumber int, returnflag text, linestatus text,
    quantity float8, extendedprice float8, discount float8, shipdate date, orderdate date,
    customer_nation text, supplier_nation text, region text);
CREATE TABLE orders (customer text, orderkey bigint, orderdate date, priority text, late boolean, special boolean,
    nation text, totalprice float8);
CREATE TABLE customers (customer text, nation text);
"""

# For smartnoise-sql, which refuses expressions in aggregates, subqueries, joins and large scales of noise.
VIEWS = """
CREATE VIEW prices AS SELECT customer, returnflag, linestatus, shipdate, extendedprice / 1000 AS thousands FROM lines;
CREATE VIEW revenues AS SELECT customer, customer_nation, supplier_nation, region, orderdate,
    extendedprice * (1 - discount) / 1000 AS thousands FROM lines;
CREATE VIEW order_counts AS SELECT c.customer, COUNT(o.orderkey) AS n FROM customers c
    LEFT JOIN orders o ON o.customer = c.customer AND NOT o.special GROUP BY c.customer;
"""


@contextlib.contextmanager
def server(data: Path):
    """Starts a server, loads the three files, gives its port."""
    programs = newest_programs()
    account = {}
    folder = Path(tempfile.mkdtemp(prefix="membrane-peers-pg-", dir="/tmp"))
    if os.getuid() == 0:  # PostgreSQL refuses to be run by root.
        postgres = pwd.getpwnam("postgres")
        os.chown(folder, postgres.pw_uid, postgres.pw_gid)
        account = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
    subprocess.run(
        [programs / "initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres",
         "--pgdata", folder / "data"],
        check=True, cwd="/", stdout=subprocess.DEVNULL, **account)
    port = free_port()
    log = open(folder / "log", "w")
    process = subprocess.Popen(
        ["timeout", "--signal=QUIT", str(SECONDS_MAX), programs / "postgres", "-D", folder / "data", "-p", str(port),
         "-h", "127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=1GB",
         "-c", "work_mem=1GB", "-c", "max_wal_size=4GB", "-c", "client_connection_check_interval=1s"],
        cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **account)
    try:
        wait_until_ready(programs, port, process)
        load(programs, port, data)
        yield port
    finally:
        process.send_signal(3)  # `timeout` passes QUIT on, which stops the server at once.
        process.wait()
        log.close()
        shutil.rmtree(folder)


def newest_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed")
    return found[-1].parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until_ready(programs: Path, port: int, process: subprocess.Popen):
    deadline = time.monotonic() + 60
    while subprocess.run([programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.1)


def load(programs: Path, port: int, data: Path):
    copies = "".join(
        f"\\copy {table} FROM '{data / table}.csv' WITH (FORMAT csv, HEADER true)\n"
        for table in ("lines", "orders", "customers"))
    subprocess.run(
        [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"],
        input=TABLES + copies + VIEWS + "VACUUM ANALYZE;\n", text=True, check=True, stdout=subprocess.DEVNULL)
