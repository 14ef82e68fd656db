#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ferry's benchmark: the limit of this machine and Ferry, interleaved, as ratios.

    tests/bench/bench.py [--rounds 5] [--peers] [--only steps,latency,...] [--json FILE]

Every round measures raw fdatasync first, then each figure of Ferry's beside it; printed are the medians, and
min and max. Nothing here passes or fails: a loaded machine says nothing about the code. docs/performance.md
explains the figures. --peers adds Restate (npm, one partition), started here and stopped again.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import Engine, ROOT, raw_fdatasync, restate  # noqa: E402

STEP_CASES = [("1 run", 1, 1000), ("50 runs", 50, 200), ("500 runs", 500, 40)]


class Table:
    """Figures by name, one value a round."""

    def __init__(self):
        self.values, self.units = {}, {}

    def add(self, name, value, unit):
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit

    def show(self):
        print(f"\n{'':46}{'min':>10}{'median':>10}{'max':>10}")
        for name, values in self.values.items():
            low, mid, high = min(values), statistics.median(values), max(values)
            print(f"{name:46}{low:>10.4g}{mid:>10.4g}{high:>10.4g}  {self.units[name]}")


def steps(table, kind, label, runs, count, limit):
    with Engine() as engine:
        figures = engine.drive(runs, **{f"{kind}_steps": count})
    rate = figures["steps_per_s"]
    table.add(f"{kind} steps, {label}", rate, "/s")
    table.add(f"{kind} steps, {label}: share of fdatasync", rate / limit, "x")
    table.add(f"{kind} steps, {label}: CPU, all processes", figures["cpu_us_per_step"], "us/step")
    table.add(f"{kind} steps, {label}: commits", figures["commits_per_step"], "/step")
    return rate


def all_steps(table, limit, peers):
    for label, runs, count in STEP_CASES:
        rate = steps(table, "engine", label, runs, count, limit)
        if peers and runs <= 50:
            peer = restate(runs, 100)
            table.add(f"Restate, {label}", peer["steps_per_s"], "/s")
            table.add(f"Restate, {label}: CPU, server and SDK", peer["cpu_us_per_step"], "us/step")
            table.add(f"engine steps, {label}: times Restate", rate / peer["steps_per_s"], "x")
        rate = steps(table, "adapter", label, runs, max(20, count // 2), limit)
        if peers and runs == 1:
            table.add(f"adapter steps, {label}: times Restate", rate / peer["steps_per_s"], "x")


def start_up(table):
    with Engine(start=False) as engine:
        table.add("ready after the first start", engine.start() * 1e3, "ms")
        engine.kill()
        table.add("ready after a restart, empty store", engine.start() * 1e3, "ms")
        table.add("resident, idle, ferryd alone", engine.rss_kb() / 1024, "MB")


def memory(table):
    runs = 200
    with Engine() as engine:
        idle = engine.pss_kb()
        engine.drive(runs, wait=False, engine_steps=10, hold_at=10, hold_ms=600000)
        engine.wait_steps(runs, "sleep")
        table.add("memory of a waiting run, all processes", (engine.pss_kb() - idle) / runs, "KB")


def resume(table):
    runs, hold_ms = 50, 3000
    with Engine() as engine:
        engine.drive(runs, wait=False, engine_steps=100, hold_at=50, hold_ms=hold_ms)
        engine.wait_steps(runs, "sleep")
        engine.kill()
        time.sleep(hold_ms / 1e3)
        begin = time.time() * 1e3
        engine.start()
        engine.wait_done(runs)
        first, last = engine.span_after(runs, begin)
        table.add("50 killed runs: first step again", first - begin, "ms")
        table.add("50 killed runs: all 50 x 50 steps done", last - begin, "ms")


def syncs(table):
    with Engine(strace=True) as engine:
        engine.drive(1, engine_steps=1000)
        table.add("fdatasync calls, 1 run, 1000 steps (strace)", engine.syncs() / 1000, "/step")


def programs(table):
    for line in harness.figures_of("bench_plan"):
        table.add(line["name"], line["value"], line["unit"])
    for line in harness.figures_of("bench_replay"):
        table.add(line["name"], line["value"], line["unit"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="measure Restate in the same rounds")
    parser.add_argument("--only", default="steps,start,memory,resume,syncs,programs")
    parser.add_argument("--json", help="write every value of every round to this file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = options.only.split(",")
    subprocess.run(["cmake", "--preset", "bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "bench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    table = Table()
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}, load {os.getloadavg()[0]:.2f}", file=sys.stderr, flush=True)
        limit = raw_fdatasync()
        table.add("raw fdatasync, 4 KiB overwrite", limit, "/s")
        if "steps" in wanted:
            all_steps(table, limit, options.peers)
        for name, measure in (("start", start_up), ("memory", memory), ("resume", resume), ("syncs", syncs),
                              ("programs", programs)):
            if name in wanted:
                measure(table)
    table.show()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"values": table.values, "units": table.units}, out, indent=1)


if __name__ == "__main__":
    main()
