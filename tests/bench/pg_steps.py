#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Steps a second on PostgreSQL, against what this PostgreSQL can do, interleaved, at full durability.

    tests/bench/pg_steps.py [--rounds 5] [--seconds 3] [--built]

One private PostgreSQL (fsync, full_page_writes and synchronous_commit on). Each round measures, for 1, 50 and 200 runs, one after
the other: pgbench inserting one row a transaction with as many clients; pgbench sending what a commit of as many runs holds (two rows a
run: an outcome and an intent) as one libpq pipeline, one client; and Ferry, ferryd and script host and all, taking engine steps in as many runs. A
step is two rows. Printed are medians, min and max, and the ratios within a round: docs/performance.md has the aims.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
import postgresql  # noqa: E402

RUNS = [(1, 1500), (50, 800), (200, 200)]  # steps each
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "min_wal_size": "1GB", "max_connections": "260"}
BODY = "x" * 180
INSERT = f"INSERT INTO bench_row VALUES (:client_id, 1, 4, 1790000000000, 7, decode(repeat('ab', 32), 'hex'), '{BODY}');\n"


def prepare(cluster):
    postgresql.sql(cluster.dir, "CREATE DATABASE bench")
    postgresql.sql(cluster.dir, "CREATE TABLE bench_row (run bigint, seq bigint, kind integer, time_ms bigint, epoch bigint, hash bytea, body text)", "bench")
    for runs, _ in RUNS:
        with open(os.path.join(cluster.dir, f"pipeline-{runs}.sql"), "w", encoding="ascii") as out:
            out.write("\\startpipeline\n" + INSERT * 2 * runs + "\\endpipeline\n")
    with open(os.path.join(cluster.dir, "insert.sql"), "w", encoding="ascii") as out:
        out.write(INSERT)


def pgbench(cluster, script, clients, seconds):
    """Transactions a second."""
    out = subprocess.run([os.path.join(cluster.bin, "pgbench"), "-n", "-h", cluster.dir, "-U", "postgres", "-M", "prepared", "-c", str(clients),
                          "-j", str(min(2, clients)), "-T", str(seconds), "-f", os.path.join(cluster.dir, script), "bench"],
                         check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out).group(1))


def measure(cluster, table, engine_class, seconds):
    for runs, steps in RUNS:
        single = pgbench(cluster, "insert.sql", runs, seconds)
        pipeline = pgbench(cluster, f"pipeline-{runs}.sql", 1, seconds) * runs
        with engine_class() as engine:
            figures = engine.drive(runs, "engine", steps)
        label = f"{runs} run{'s' if runs > 1 else ''}"
        table.setdefault(f"{label}: pgbench, a row a transaction", []).append(single)
        table.setdefault(f"{label}: a pipeline of their rows, in steps", []).append(pipeline)
        table.setdefault(f"{label}: Ferry, steps a second", []).append(figures["rate"])
        table.setdefault(f"{label}: Ferry, commits a step", []).append(figures["commits"])
        table.setdefault(f"{label}: Ferry, CPU us a step without the server's", []).append(figures["cpu"])
        table.setdefault(f"{label}: Ferry / pgbench", []).append(figures["rate"] / single)
        table.setdefault(f"{label}: Ferry / pipeline", []).append(figures["rate"] / pipeline)


def show(table):
    print(f"{'':52} {'median':>10} {'min':>10} {'max':>10}")
    for name, values in table.items():
        ordered = sorted(values)
        form = "10.2f" if ordered[-1] < 100 else "10.0f"
        print(f"{name:52} {ordered[len(ordered) // 2]:{form}} {ordered[0]:{form}} {ordered[-1]:{form}}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each pgbench")
    parser.add_argument("--built", action="store_true", help="take build/bench as it is")
    options = parser.parse_args()
    if postgresql.programs() is None:
        sys.exit("PostgreSQL is not installed (packaging/install-dependencies check)")
    table = {}
    with postgresql.PostgreSQL(SETTINGS) as cluster:
        cluster.prepare()
        prepare(cluster)
        os.environ["FERRY_TEST_PG"] = cluster.dir  # before harness: every store is in this PostgreSQL
        import bench
        from bench import build
        from harness import Engine
        if not options.built:
            build()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            measure(cluster, table, Engine, max(1, round(options.seconds)))
    show(table)


if __name__ == "__main__":
    main()
