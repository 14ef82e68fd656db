# SPDX-License-Identifier: Apache-2.0
"""What is printed, and what is aimed at: a row for each figure.

A goal is (of what, comparison, figure): "value", or the ratio to "limit" or "peer" in the same round.
"""
LIMIT, FSYNC, PEER = "limit", "raw fdatasync", "peer"
VALUE = "value"


def row(name, unit, must=(), stretch=(), limit=None, peer=None):
    return {"name": name, "unit": unit, "must": must, "stretch": stretch, "limit": limit, "peer": peer}


def step_rows():
    one, fifty = "Restate, 1 run", "Restate, 50 runs"
    return [
        row("engine steps, 1 run", "/s", [(PEER, ">=", 3), (LIMIT, ">=", 0.35)], [(PEER, ">=", 5), (LIMIT, ">=", 0.65)], FSYNC, one),
        row("adapter steps, 1 run", "/s", [(PEER, ">=", 2.5), (LIMIT, ">=", 0.2)], [(LIMIT, ">=", 0.35)], FSYNC, one),
        row("engine steps, 50 runs", "/s", [(PEER, ">=", 5)], [(PEER, ">=", 12), (VALUE, ">=", 50000)], FSYNC, fifty),
        row("adapter steps, 50 runs", "/s", [], [(PEER, ">=", 5)], FSYNC, fifty),
        row("engine steps, 500 runs", "/s", [], [(VALUE, ">=", 80000)], FSYNC),
        row("adapter steps, 500 runs", "/s", [], [], FSYNC),
        row("engine steps, 50 runs: CPU", "us/step", [(VALUE, "<=", 40)], [(VALUE, "<=", 12)], None, "Restate, 50 runs: CPU"),
        row("adapter steps, 50 runs: CPU", "us/step", [(VALUE, "<=", 60)], [(VALUE, "<=", 20)], None, "Restate, 50 runs: CPU"),
        row("engine steps, 1 run: CPU", "us/step", [], [], None, "Restate, 1 run: CPU"),
        row("adapter steps, 1 run: CPU", "us/step", [], [], None, "Restate, 1 run: CPU"),
        row("engine steps, 500 runs: CPU", "us/step"),
        row("engine steps, 50 runs: commits", "/step", [(VALUE, "<=", 0.1)], [(VALUE, "<=", 0.03)]),
        row("adapter steps, 50 runs: commits", "/step", [(VALUE, "<=", 0.1)], [(VALUE, "<=", 0.03)]),
        row("adapter step, 1 run: median", "ms", [], [(VALUE, "<=", 0.3)]),
        row("adapter step, 1 run: 99th percentile", "ms"),
    ]


ROWS = step_rows() + [
    row("syncs, 1 run (strace)", "/step", [(VALUE, "<=", 1.05)], [(VALUE, "<=", 1.01)]),
    row("engine step, 1 run, under strace: median", "ms", [], [(VALUE, "<=", 0.2)]),
    row("engine step, 1 run, under strace: 99th perc.", "ms"),
    row("ready, first start", "ms", [(VALUE, "<=", 60)], [(VALUE, "<=", 15)]),
    row("ready, started again", "ms", [(VALUE, "<=", 60)], [(VALUE, "<=", 15)]),
    row("resident, idle, ferryd", "MB", [(VALUE, "<=", 24)], [(VALUE, "<=", 14)]),
    row("memory of a waiting run, all processes", "KB", [(VALUE, "<=", 40)], [(VALUE, "<=", 28)]),
    row("50 killed runs: first step again", "ms", [(VALUE, "<=", 100)], [(VALUE, "<=", 25)]),
    row("50 killed runs: all 2,500 steps done", "ms", [(VALUE, "<=", 400)], [(VALUE, "<=", 120)]),
    row("plan of 10,000 instances", "ms", [(VALUE, "<=", 1000)]),
    row("plan of 10,000 instances: landscape", "ms"),
    row("plan of 10,000 instances: plan", "ms"),
    row("plan of 10,000 instances: check of a move", "ms"),
    row("judge: a tick of 32 KPIs, 12 edges", "ms", [(VALUE, "<=", 1)]),
    row("judge: memory gained by ten times the soak", "KB", [(VALUE, "<=", 0.1)]),
    row("replay, engine steps", "/s", [(VALUE, ">=", 250000)], [(VALUE, ">=", 700000)]),
    row("replay, adapter steps", "/s", [], [(VALUE, ">=", 250000)]),
]
