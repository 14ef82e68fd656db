#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill Ferry everywhere, start it again, and compare with a run that nobody disturbed.

    tests/crash/crash.py [--build build/dev] [--points A,B] [--sample N] [--singles 3] [--doubles 24] [--triples 8] [--kills 12] [--gates 6] [--issu 6]
                         [--seed N] [--jobs 2] [--keep DIR]

The real programs upgrade a small AMF on ferry-sim, which is never killed: it stands for the outside world and
counts every effect by the idempotency key of its step. For each point of engine/base/point.def the process that
gets there first dies (SIGKILL), also at its third time and at a random later one. Doubles and triples die again,
also at the same point: recovery is killed in recovery. Kills hit ferryd and its hosts at random moments, while
pause, resume and approve are in flight. Gates do it in a run that its KPI gate sends back, others in one
that is given up and adopted,
issu in an in-service upgrade, which must reach the same end as the gray one. Under tests/support/postgresql.py the
store is in PostgreSQL; the points that only SQLite has are left out. Then:
  no acting step is lost or done twice, the run reaches the same end, every guard is back as it was, nobody was
  dropped, no promised command is lost and none is applied twice, one order is one run, no process outlives
  ferryd, and the chain of records verifies. A point that no run reached is a failure.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

from scenario import CLUSTER, ROOT, Plan, run_once


SQLITE_ONLY = {"store_locked", "store_migrating", "store_migrated", "store_heads_noted", "store_before_checkpoint",
               "store_after_checkpoint"}


def points():
    with open(os.path.join(ROOT, "engine/base/point.def"), encoding="utf-8") as source:
        names = re.findall(r"^X\((\w+),", source.read(), re.M)
    return [name for name in names if not (CLUSTER and name in SQLITE_ONLY)
            and not name.startswith("fleet_")  # tests/engines: it takes two engines
            and not name.startswith("lease_")]  # tests/simulation: a lease outlives this short upgrade


def seen_by_journal_test(build):
    """The journal's own crash test writes enough to reach the points that one short upgrade does not."""
    with tempfile.NamedTemporaryFile(prefix="ferry-points-") as seen:
        subprocess.run([os.path.join(build, "tests/unit/journal/test_journal_crash")], check=True, capture_output=True,
                       env={**os.environ, "FERRY_POINTS_SEEN": seen.name})
        return set(seen.read().decode().split())


def gated_run(build):
    """Undisturbed, in a world whose bad target passes the dial test and is found out by the gate."""
    for seed in range(1, 40):
        result = run_once(build, Plan(gate=True, world=seed))
        if "run_verdict" in result.seen:
            break
    result.world = seed
    return result


class Planner:
    def __init__(self, options, chance, ordinary, gated, world, given):
        self.given = sorted(given - ordinary - gated)
        self.options, self.chance, self.world = options, chance, world
        self.ordinary, self.gated = sorted(ordinary), sorted(gated - ordinary)
        self.recovery = [name for name in points() if name not in ordinary | gated | given]

    def death(self, names, latest):
        return f"{self.chance.choice(names)}:{self.chance.randint(1, latest)}"

    def seed(self):
        return self.chance.randrange(1 << 30)

    def singles(self):
        wanted = self.options.points.split(",") if self.options.points else points()
        if self.options.sample:
            wanted = self.chance.sample(wanted, min(self.options.sample, len(wanted)))
        for name in wanted:
            before = [self.death(self.ordinary, 9)] if name in self.recovery else []
            for hit in (1, 3, self.chance.randint(4, 40))[:self.options.singles]:
                yield Plan(before + [f"{name}:{hit}"], self.seed(), gate=name in self.gated,
                           world=self.world if name in self.gated else 1, given_up=name in self.given)

    def doubles(self):
        for number in range(self.options.doubles):
            yield Plan([self.death(self.ordinary, 30), self.death(points(), 4)], self.seed(), commands=number % 3)

    def triples(self):
        """Killed, killed while recovering, and killed there again."""
        for number in range(self.options.triples):
            again = self.death(points(), 2)
            last = again if number % 2 else self.death(points(), 2)
            yield Plan([self.death(self.ordinary, 20), again, last], self.seed())

    def kills(self):
        for number in range(self.options.kills):
            of_hosts = number % 4 == 3
            yield Plan(seed=self.seed(), daemon_kills=0 if of_hosts else self.chance.randint(1, 4),
                       host_kills=self.chance.randint(1, 4) if number % 2 else 0, commands=1 + number % 3)

    def gates(self):
        for _ in range(self.options.gates):
            yield Plan([self.death(self.ordinary + self.gated, 20)], self.seed(), gate=True, world=self.world)

    def issu(self):
        for number in range(self.options.issu):
            deaths = [self.death(self.ordinary, 30)] + ([self.death(points(), 4)] if number % 2 else [])
            yield Plan(deaths, self.seed(), daemon_kills=number % 3, issu=True)

    def all(self):
        yield from self.singles()
        if not self.options.points:
            for part in (self.doubles, self.triples, self.kills, self.gates, self.issu):
                yield from part()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--points", help="only these, comma separated")
    parser.add_argument("--sample", type=int, help="so many of the points, drawn by the seed")
    parser.add_argument("--doubles", type=int, default=24)
    parser.add_argument("--triples", type=int, default=8)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--gates", type=int, default=4)
    parser.add_argument("--issu", type=int, default=6)
    parser.add_argument("--singles", type=int, default=3, help="how often each point: the first, the third, a random later time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", help="a folder for journal and log of what failed")
    return parser.parse_args()


def main():
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    ordinary, gated = run_once(options.build, Plan(commands=1)), gated_run(options.build)
    given = run_once(options.build, Plan(given_up=True))
    for undisturbed in (ordinary, gated, given):
        if undisturbed.wrong:
            print("an undisturbed run is wrong already:\n  " + "\n  ".join(undisturbed.wrong))
            return 1
    plans = list(Planner(options, chance, ordinary.seen, gated.seen, gated.world, given.seen).all())
    seen, failed, died = ordinary.seen | gated.seen | given.seen, 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda plan: (plan, run_once(options.build, plan, options.keep)), plans)
        for number, (plan, result) in enumerate(results, 1):
            seen |= result.seen
            died += result.deaths
            reference = gated.end if plan.gate else given.end if plan.given_up else ordinary.end
            if not result.wrong and result.end != reference:
                result.wrong = [f"another end: {json.dumps(result.end)}; undisturbed: {json.dumps(reference)}"]
            if result.wrong:
                failed += 1
                print(f"FAILED {plan}, {result.deaths} deaths\n  " + "\n  ".join(result.wrong), flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(plans)} runs, {died} deaths, {failed} failed", flush=True)
    partly = options.points or options.sample
    if not partly and not CLUSTER:
        seen |= seen_by_journal_test(options.build)
    unseen = [] if partly else [name for name in points() if name not in seen]
    for name in unseen:
        print(f"FAILED {name}: no run reached this point")
    print(f"{len(points())} points, {len(plans)} runs, {died} deaths")
    print(f"{len(plans) - failed} passed, {failed + len(unseen)} failed")
    return 1 if failed or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
