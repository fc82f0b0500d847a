"""The month of `src/rated.toml` in SQL: usage of a Parquet file, each id once, to rated totals a customer, by DuckDB.

    python duck.py USAGE.parquet LINES.csv [--form NAME] [--memory-limit 1GB]

Exact from the first to the last step: quantities are whole numbers, prices DECIMAL, and prices for 1,000 units are
written for one unit, because DuckDB divides decimals as floating-point numbers. ROUND of a DECIMAL rounds half away from
zero, which is what the price book calls `half_up`; the script makes sure of that first. Threads and memory are DuckDB's
own defaults: all cores, 80 % of the memory.

Prints a name, a tab and a figure a line: the query's wall time alone, without starting Python and DuckDB, the whole
process's time of all cores, both in ms, and its peak memory in MB.
"""

import argparse
import resource
import sys
import time

import duckdb

# Each id once. Rows of one id are the same in every column, so it does not matter which one stays, and `DISTINCT` over
# all columns that are needed keeps each id once too. That was the fastest and took the least memory when all were
# measured, so it is the default; see docs/benchmarks.md.
ONCE = {
    "distinct_on": "SELECT DISTINCT ON (id) customer, type, quantity FROM november",
    "distinct_rows": "SELECT DISTINCT id, customer, type, quantity FROM november",
    "group_by": """
        SELECT any_value(customer) AS customer, any_value(type) AS type, any_value(quantity) AS quantity
        FROM november GROUP BY id""",
    "first": """
        SELECT first(customer) AS customer, first(type) AS type, first(quantity) AS quantity
        FROM november GROUP BY id""",
    "arg_min": """
        SELECT found.customer, found.type, found.quantity FROM (
            SELECT arg_min({customer: customer, type: type, quantity: quantity}, time) AS found
            FROM november GROUP BY id)""",
    "uuid_distinct_on": "SELECT DISTINCT ON (id::UUID) customer, type, quantity FROM november",
    "uuid_distinct_rows": "SELECT DISTINCT id::UUID AS id, customer, type, quantity FROM november",
    "uuid_group_by": """
        SELECT any_value(customer) AS customer, any_value(type) AS type, any_value(quantity) AS quantity
        FROM november GROUP BY id::UUID""",
}

QUERY = """
COPY (
    WITH november AS (
        SELECT id, customer, type, quantity, time FROM read_parquet('{usage}')
        WHERE time >= TIMESTAMPTZ '2026-11-01 00:00:00+08:00' AND time < TIMESTAMPTZ '2026-12-01 00:00:00+08:00'
    ),
    once AS ({once}),
    metered AS (
        SELECT customer, type, count(*)::DECIMAL(18, 0) AS events, sum(quantity)::DECIMAL(18, 0) AS quantity
        FROM once GROUP BY customer, type
    ),
    used AS (
        SELECT customer,
            coalesce(max(events) FILTER (type = 'api.call'), 0) AS calls,
            coalesce(max(quantity) FILTER (type = 'model.tokens'), 0) AS tokens,
            coalesce(max(quantity) FILTER (type = 'traffic.out'), 0) AS traffic,
            coalesce(max(quantity) FILTER (type = 'storage.put'), 0) AS storage,
            greatest(coalesce(max(quantity) FILTER (type = 'job.run'), 0) - 2000000, 0) AS jobs
        FROM metered GROUP BY customer
    ),
    lines AS (
        SELECT customer,
            round(least(calls, 100) * 0.125
                + least(greatest(calls - 100, 0), 100) * 0.095
                + greatest(calls - 200, 0) * 0.065, 2) AS calls,
            round(tokens * CASE
                WHEN tokens <= 9000000 THEN 0.000125
                WHEN tokens <= 10500000 THEN 0.000110
                ELSE 0.000095 END, 2) AS tokens,
            round(((traffic::BIGINT + 99999) // 100000)::DECIMAL(18, 0) * 1.35, 2) AS traffic,
            round(storage * 0.000185, 2) AS storage,
            round(least(jobs, 6000000) * 0.00045 + greatest(jobs - 6000000, 0) * 0.00035, 2) AS jobs
        FROM used
    ),
    net AS (SELECT *, calls + tokens + traffic + storage + jobs AS subtotal FROM lines),
    taxed AS (SELECT *, round(subtotal * 0.06, 2) AS tax FROM net)
    SELECT *, subtotal + tax AS total FROM taxed
) TO '{lines}' (HEADER, DELIMITER ',')
"""


def quoted(path):
    return path.replace("'", "''")


def check_rounding(connection):
    halves = "SELECT [round(0.125, 2), round(0.135, 2), round(-0.125, 2), round(0.1249, 2)]::VARCHAR, typeof(0.125)"
    found = connection.execute(halves).fetchone()
    if found != ("[0.13, 0.14, -0.13, 0.12]", "DECIMAL(4,3)"):
        sys.exit(f"DuckDB {duckdb.__version__} does not round decimals half away from zero: {found}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("usage")
    arguments.add_argument("lines")
    arguments.add_argument("--form", choices=ONCE, default="distinct_rows")
    arguments.add_argument("--memory-limit")
    asked = arguments.parse_args()
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    if asked.memory_limit:
        connection.execute(f"SET memory_limit = '{quoted(asked.memory_limit)}'")
    check_rounding(connection)
    query = QUERY.format(usage=quoted(asked.usage), lines=quoted(asked.lines), once=ONCE[asked.form])
    begin = time.perf_counter()
    connection.execute(query)
    print(f"rated_duckdb_ms\t{(time.perf_counter() - begin) * 1_000}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"rated_duckdb_cpu_ms\t{(used.ru_utime + used.ru_stime) * 1_000}")
    # Linux counts in kB, macOS in bytes.
    print(f"rated_duckdb_mb\t{used.ru_maxrss / (1_000_000 if sys.platform == 'darwin' else 1_000 / 1.024)}")


main()
