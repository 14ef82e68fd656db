#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Failovers of the database while upgrades run.

    tests/real/postgresql/failovers.py [--count 50] [--only kill,cut] [--build build/dev] [--seed N] [--keep DIR]

Two ferryd drive an upgrade of a small AMF on ferry-sim; somewhere in it the database fails over (patroni.py: a primary, a synchronous
standby, Patroni, etcd). One line for each: what happened, to which node, at which record, how long nothing could be written, and what
came of it. Afterwards must hold:
  every record that anybody was shown is there with the same hash (0 rows lost); every acting step took effect once (ferry-sim counts by
  key: 0 repeated, 0 lost); no outcome is durable that the world knows nothing of, and none of the records contradicts another engine's (0
  wrong "committed"); the chain verifies; the run ended as one that nobody disturbed; epochs never fall within the run.
"""
import argparse
import concurrent.futures
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TESTS, name) for name in ("support", "crash", "engines")]
from ferryd import ROOT, Refused, World  # noqa: E402
from pair import Engines  # noqa: E402
from patroni import Lab, eventually, missing  # noqa: E402
from scenario import RUN, SCALE, Operator, Plan, catalogue, connections, epoch_ms, judge, order, save, world_file  # noqa: E402

LEASE_MS = 6000
# One thread for all of them: what a thread has started dies with it (PR_SET_PDEATHSIG).
DISTURBER = concurrent.futures.ThreadPoolExecutor(1)
HELD = 18  # seconds that a node is paused or cut off: well past Patroni's ttl and a promotion


# ---- what goes wrong: the node is the primary of that moment ----

def kill(lab, node):
    """kill -9 of the primary with its Patroni; started again once the standby has taken over"""
    node.kill()
    wait_for_other(lab, node)
    node.start()


def switch(lab, node):
    """a planned switchover"""
    lab.switch_over()


def pause(lab, node):
    """SIGSTOP of the primary with its Patroni, for longer than its lease; then SIGCONT: two primaries for a moment"""
    stopped = node.pause()
    time.sleep(HELD)
    node.go_on(stopped)


def cut(lab, node):
    """the primary is cut off from everybody, and comes back"""
    node.cut_off()
    time.sleep(HELD)
    node.reconnect()


def lame(lab, node):
    """the standby is killed: commits wait until it is back, none may be acknowledged meanwhile"""
    standby = lab.standby()
    standby.kill()
    time.sleep(4)
    standby.start()


KINDS = {"kill": kill, "switch": switch, "pause": pause, "cut": cut, "lame": lame}


def wait_for_other(lab, node):
    end = time.monotonic() + 40
    while time.monotonic() < end:
        primary = lab.primary()
        if primary is not None and primary is not node:
            return
        time.sleep(0.2)
    raise RuntimeError("no standby took over")


class Witness(threading.Thread):
    """Reads the journal as anybody may, from whichever engine answers, and remembers what it was shown."""

    def __init__(self, engines):
        super().__init__(daemon=True)
        self.engines, self.shown, self.over, self.gap, self.last = engines, {}, threading.Event(), 0, time.monotonic()

    def run(self):
        chance = random.Random(3)
        while not self.over.wait(0.03):
            members = self.engines.living()
            try:
                member = chance.choice(members)
                for record in member.records(RUN, max(self.shown, default=0)):
                    self.gap = max(self.gap, time.monotonic() - self.last)
                    self.last = time.monotonic()
                    self.shown[record["seq"]] = record["hash"]
            except (OSError, Refused, IndexError):
                pass

    def wrong(self, records):
        there = {record["seq"]: record["hash"] for record in records}
        return [f"record {seq} was shown and is {'another one' if seq in there else 'lost'}" for seq, value in self.shown.items()
                if there.get(seq) != value]


def prepare(lab, build):
    primary = lab.ready()
    primary.sql("CREATE ROLE owner LOGIN CREATEROLE CREATEDB")
    primary.sql("CREATE DATABASE template_ferry OWNER owner")
    migrate = [*lab.prefix(), os.path.join(build, "engine/daemon/ferry-store"), "migrate", lab.address("template_ferry", "owner")]
    subprocess.run(migrate, check=True, stdout=subprocess.DEVNULL)
    primary.sql("CREATE ROLE ferryd LOGIN IN ROLE ferry_engine")


def fresh_database(lab, number):
    name = f"ferry_{number}"
    for _ in range(20):
        primary = lab.ready()
        if primary.sql(f"CREATE DATABASE {name} TEMPLATE template_ferry OWNER owner") is not None and \
                all(eventually(f"{name} on {node.name}", 30, lambda: node.sql("SELECT 1", name) == "1") for node in lab.nodes):
            return name
        primary.sql(f"DROP DATABASE IF EXISTS {name}")
        time.sleep(0.5)
    raise RuntimeError("could not make a database")


def follow(engines, operator, seconds):
    """To the end of the run; engines that have ended (fenced) are started again, as systemd would."""
    end, last, restarts = time.monotonic() + seconds, None, 0
    while time.monotonic() < end:
        for member in engines.members:
            if not member.alive():
                restarts += 1
                member.launch()
        try:
            view = operator.act()
            if view is not None:
                return view, restarts
        except (OSError, Refused) as why:
            last = why
        time.sleep(0.1)
    raise RuntimeError(f"no end within {seconds} s: {last}")


def patient_order():
    """With a window of days: half a minute of silence is hours of the run, and it would rightly go back at the window's end."""
    return order(False).replace(b"2030-01-07T05:00:00", b"2030-01-10T05:00:00")


class Outcome:
    def __init__(self):
        self.wrong, self.records, self.gap, self.starts, self.took, self.shown = [], [], 0, 0, 0, 0


def once(lab, options, number, kind, chance):
    outcome, folder, at = Outcome(), tempfile.mkdtemp(prefix="ferry-failover-"), chance.randint(3, 100)
    name = fresh_database(lab, number)
    node = lab.primary()
    with World(options.build, 1, world_file(folder, False)) as world, \
            Engines(options.build, connections(world), catalogue(folder), address=lab.address(name), prefix=lab.prefix(), lease_ms=LEASE_MS,
                    seed=number) as engines:
        operator, witness, begin = Operator(engines, Plan(), chance), Witness(engines), time.monotonic()
        try:
            engines.start()
            time.sleep(0.5)
            engines.request("POST", f"/v1/upgrades?scale={SCALE}&epoch_ms={epoch_ms()}", patient_order())
            operator.accepted = True
            witness.start()
            disturbed = None
            end = time.monotonic() + options.patience
            while disturbed is None and time.monotonic() < end:
                operator.act()
                if max(witness.shown, default=0) >= at:
                    disturbed = DISTURBER.submit(KINDS[kind], lab, node)
                time.sleep(0.01)
            view, outcome.starts = follow(engines, operator, options.patience)
            disturbed.result()
            witness.over.set()
            witness.join()
            settled(lab)
            _, outcome.wrong, outcome.records = judge(engines, world, view, Plan())
            outcome.wrong += operator.check(outcome.records) + witness.wrong(outcome.records)
            epochs = [record["epoch"] for record in outcome.records]
            if epochs != sorted(epochs):
                outcome.wrong.append(f"epochs fall: {epochs}")
        except (RuntimeError, OSError, Refused, AssertionError) as why:
            outcome.wrong.append(str(why))
        witness.over.set()
        outcome.gap, outcome.shown, outcome.took = witness.gap, len(witness.shown), time.monotonic() - begin
        if outcome.wrong and options.keep:
            save(engines, outcome, options.keep, Plan([kind]))
    shutil.rmtree(folder, ignore_errors=True)
    return outcome, node, at


def settled(lab):
    try:
        return lab.ready(45)
    except RuntimeError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--only", help="of " + ", ".join(KINDS))
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--patience", type=float, default=120, help="seconds for one run, its failover included")
    parser.add_argument("--keep", help="a folder for journal and log of what failed")
    options = parser.parse_args()
    if missing():
        print("this machine cannot: " + "; ".join(missing()))
        return 77
    print(f"seed {options.seed}", flush=True)
    chance, kinds = random.Random(options.seed), (options.only.split(",") if options.only else list(KINDS))
    failed, shown, restarts, worst = 0, 0, 0, 0
    wedged = 0
    with contextlib.ExitStack() as stack:
        lab = None
        for number in range(1, options.count + 1):
            kind = kinds[(number - 1) % len(kinds)]
            if lab is None:
                lab = stack.enter_context(Lab())
                prepare(lab, options.build)
            outcome, node, at = once(lab, options, number, kind, chance)
            if not settled(lab):
                wedged += 1
                print(f"{number:3} wedged {kind:6} of {node.name} at record {at:3}: Patroni has no primary with a standby any more; a new cluster\n      "
                      + "; ".join(outcome.wrong)[:300], flush=True)
                stack.close()
                lab = None
                continue
            failed += bool(outcome.wrong)
            shown += outcome.shown
            restarts += outcome.starts
            worst = max(worst, outcome.gap)
            print(f"{number:3} {'FAILED' if outcome.wrong else 'ok':6} {kind:6} of {node.name} at record {at:3}: {outcome.shown} records shown, silent for at most "
                  f"{outcome.gap:4.1f} s, {outcome.starts} restarts, {outcome.took:5.1f} s", flush=True)
            for line in outcome.wrong:
                print("      " + line, flush=True)
    print(f"{options.count - wedged} failovers: {failed} failed; {wedged} more in which the cluster itself did not come back; {shown} records shown and compared, {restarts} engines started again, longest silence {worst:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
