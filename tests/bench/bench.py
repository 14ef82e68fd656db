#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ferry's benchmark: the limit of this machine and Ferry, interleaved, as ratios.

    ./bench [--rounds 5] [--peers] [--only steps,resume,...] [--json FILE]

Every round measures raw fdatasync, Restate and Ferry one right after the other; printed are the medians, and min and max. Nothing here passes or fails: a loaded machine says nothing about the code. docs/performance.md
explains the figures. --peers adds Restate (npm, one partition), started here and stopped again.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
from harness import Engine, ROOT  # noqa: E402
from table import Table  # noqa: E402

STEPS = [("1 run", 1, 1500), ("50 runs", 50, 800), ("500 runs", 500, 80)]
PARTS = ["steps", "syncs", "start", "memory", "resume", "programs"]


def measure_steps(table, peers):
    for label, runs, count in STEPS:
        for kind in ("engine", "adapter"):
            if peers and runs <= 50 and kind == "engine":
                peer = harness.restate(runs, 100)
                table.add(f"Restate, {label}", peer["steps_per_s"])
                table.add(f"Restate, {label}: CPU", peer["cpu_us_per_step"])
            if runs == 1 and kind == "engine":
                table.add("raw fdatasync", harness.raw_fdatasync())  # the disk of this minute, not of the last
            with Engine() as engine:
                figures = engine.drive(runs, kind, count)
            name = f"{kind} steps, {label}"
            table.add(name, figures["rate"])
            table.add(f"{name}: CPU", figures["cpu"])
            table.add(f"{name}: commits", figures["commits"])
            if runs == 1 and kind == "adapter":
                table.add("adapter step, 1 run: median", figures["p50"])
                table.add("adapter step, 1 run: 99th percentile", figures["p99"])


def measure_syncs(table, _):
    steps = 1000
    with Engine(strace=True) as engine:
        engine.submit_all(1, hold_at=1, hold_ms=harness.HOLD_MS, engine_steps=steps)
        before = len(engine.syncs())
        engine.wait_done(1)
        taken = engine.syncs()[before:]
    table.add("syncs, 1 run (strace)", len(taken) / steps)
    median, slowest = harness.quantiles(taken[1:])
    table.add("engine step, 1 run, under strace: median", median)
    table.add("engine step, 1 run, under strace: 99th perc.", slowest)


def measure_start(table, _):
    with Engine(start=False) as engine:
        table.add("ready, first start", engine.start() * 1e3)
        engine.kill()
        table.add("ready, started again", engine.start() * 1e3)
        table.add("resident, idle, ferryd", engine.rss_mb())


def measure_memory(table, _):
    runs = 500  # as many as the peers were measured with: caches of a fixed size hardly count
    with Engine() as engine:
        time.sleep(1)  # until the adapter's host is there, too
        idle = engine.pss_kb()
        engine.submit_all(runs, engine_steps=20, hold_at=10, hold_ms=600000)
        time.sleep(2.5)  # a run that waits gives back what it does not need, after a second
        table.add("memory of a waiting run, all processes", (engine.pss_kb() - idle) / runs)


def measure_resume(table, _):
    runs, hold_ms = 50, 3000
    with Engine() as engine:
        engine.submit_all(runs, engine_steps=100, hold_at=51, hold_ms=hold_ms)
        engine.kill()
        time.sleep(hold_ms / 1e3)
        begin = time.time() * 1e3
        engine.start()
        engine.wait_done(runs)
        first, last = engine.span_after(begin)
        table.add("50 killed runs: first step again", first - begin)
        table.add("50 killed runs: all 2,500 steps done", last - begin)


def measure_programs(table, _):
    for program in ("bench_plan", "bench_judge", "bench_replay"):
        for name, value in harness.figures_of(program).items():
            table.add(name, value)


def build():
    for command in (["cmake", "--preset", "bench"], ["cmake", "--build", "--preset", "bench"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="measure Restate in the same rounds")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, of " + ",".join(PARTS))
    parser.add_argument("--json", help="write every value of every round to this file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    build()
    table = Table()
    for number in range(options.rounds):
        table.begin(os.getloadavg()[0])
        for part in options.only.split(","):
            print(f"round {number + 1} of {options.rounds}: {part}", file=sys.stderr, flush=True)
            globals()[f"measure_{part}"](table, options.peers)
    table.show()
    if options.json:
        table.write(options.json)


if __name__ == "__main__":
    main()
