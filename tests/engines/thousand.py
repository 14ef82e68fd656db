#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A thousand runs on two engines, one of which is killed in the middle: who owned what, and do all of them finish?

    tests/support/postgresql.py tests/engines/thousand.py [--runs 1000] [--build build/bench]

The runs are those of the bench (preset bench): they take steps and do nothing else. The table is read from the journal.
"""
import argparse
import concurrent.futures
import os
import sys
import time

from pair import Engines, until
from ferryd import ROOT

LEASE_MS = 4000
CONNECTIONS = {"connections": {"bench": {"plugin": "bench", "tenants": ["bench"], "settings": {}}}}
PARAMS = {"hold_at": 5, "hold_ms": 8000, "engine_steps": 20}
BENCH = os.path.join(ROOT, "tests", "bench")

OWNED = """SELECT coalesce(e.name, 'nobody') || ' (' || coalesce(e.state, '-') || '): ' || count(*) FROM ferry.run_owner AS o
LEFT JOIN ferry.engine AS e USING (epoch) GROUP BY o.epoch, e.name, e.state ORDER BY 1"""
LEFT = """SELECT (SELECT count(*) FROM ferry.engine WHERE state = 'fenced') = 1
AND NOT EXISTS (SELECT FROM ferry.run_owner JOIN ferry.engine USING (epoch) WHERE state = 'fenced')"""
DONE = """SELECT count(DISTINCT run) FROM ferry.record JOIN ferry.kind ON kind.id = record.kind
WHERE kind.name = 'state changed' AND body::json->>'to' = 'COMPLETED'"""
DROVE = """SELECT who || ': ' || count(*) FROM (SELECT run, string_agg(DISTINCT coalesce(e.name, c.name), ' then ' ORDER BY coalesce(e.name, c.name)) AS who
FROM ferry.record AS r LEFT JOIN ferry.engine AS e ON e.epoch = r.epoch LEFT JOIN (ferry.claim JOIN ferry.engine AS c ON c.epoch = claim.engine)
ON claim.epoch = r.epoch GROUP BY run) AS driven GROUP BY who ORDER BY 1"""
REPEATED = """SELECT count(*) FROM (SELECT 1 FROM ferry.record JOIN ferry.kind ON kind.id = record.kind WHERE kind.name = 'intent'
GROUP BY run, body::json->>'step', body::json->>'attempt' HAVING count(*) > 1) AS twice"""
GAPS = "SELECT count(*) FROM (SELECT run FROM ferry.record GROUP BY run HAVING max(seq) <> count(*)) AS gaps"


def submit(order, member, number, opens):
    inputs = "".join(f'<InputParameter name="{name}" type="xs:integer" required="no"/>' for name in PARAMS)
    values = "".join(f'<f:Input name="{name}" value="{value}"/>' for name, value in PARAMS.items())
    stamp = lambda s: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(s))  # noqa: E731
    xml = order.replace("@NUMBER@", str(number)).replace("@INPUTS@", inputs).replace("@VALUES@", values)
    member.request("POST", "/v1/upgrades", xml.replace("@START@", stamp(opens)).replace("@END@", stamp(opens + 7200)).encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "bench"))
    options = parser.parse_args()
    with open(os.path.join(BENCH, "order.xml"), encoding="utf-8") as source:
        order = source.read()
    with Engines(options.build, CONNECTIONS, os.path.join(BENCH, "workflows"), lease_ms=LEASE_MS) as engines:
        engines.start()
        until("both engines know of each other", 10, lambda: len(engines.owners()) == 2)
        opens, begin = int(time.time()) + options.runs // 25 + 3, time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda number: submit(order, engines.members[number % 2], number, opens), range(options.runs)))
        print(f"{options.runs} orders in {time.monotonic() - begin:.0f} s; owned by " + engines.sql(OWNED).replace("\n", ", "), flush=True)
        time.sleep(max(0, opens + 2 - time.time()))
        engines["a"].kill()
        begin = time.monotonic()
        until("everything is claimed", 60, lambda: engines.sql(LEFT) == "t")
        print(f"all claimed {time.monotonic() - begin:.1f} s after the kill (lease {LEASE_MS / 1000:.0f} s); owned by " + engines.sql(OWNED).replace("\n", ", "),
              flush=True)
        until("all are completed", 120 + options.runs / 10, lambda: engines.sql(DONE) == str(options.runs), 0.5)
        print(f"all COMPLETED {time.monotonic() - begin:.0f} s after the kill; driven by " + engines.sql(DROVE).replace("\n", ", "))
        repeated, gaps = engines.sql(REPEATED), engines.sql(GAPS)
        print(f"intents twice: {repeated}; runs with a gap: {gaps}")
        return 0 if (repeated, gaps) == ("0", "0") else 1


if __name__ == "__main__":
    sys.exit(main())
