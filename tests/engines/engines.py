#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Several engines on one store, and what goes wrong between them.

    tests/support/postgresql.py tests/engines/engines.py [STORY ...] [--build build/dev] [--keep DIR]
    tests/support/postgresql.py tests/engines/engines.py --crash [--points A,B] [--hits 1,3] [--doubles N] [--seed N]

Stories are one thing each (--list). With --crash two ferryd upgrade a small AMF on ferry-sim and for each point of
engine/base/point.def whichever process gets there first dies (SIGKILL); half of the time it is started again at once and
fences its own former epoch, half of the time it stays dead and the other one takes its run over. What must hold at the end
is what tests/crash wants: no acting step is lost or repeated, the end is that of an undisturbed run, guards are back, promised
commands are in the journal once, whichever engine was asked, and the chain verifies.
"""
import argparse
import concurrent.futures
import functools
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback

from pair import CLUSTER, LEASE_MS, Engines, go_on, stop, until
from ferryd import ROOT, Refused, World
from scenario import RUN, SCALE, Operator, Plan, catalogue, connections, epoch_ms, judge, order, run_once, world_file

TAKEN_WITHIN = LEASE_MS / 1000 + 5  # the promise: a dead engine's runs go on within its lease and five seconds


class Stage:
    """A world, two engines, and a run that one of them drives."""

    def __init__(self, build, **options):
        self.build, self.options = build, options

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="ferry-engines-")
        self.world = World(self.build, 1, world_file(self.dir, False))
        self.engines = Engines(self.build, connections(self.world), catalogue(self.dir), **self.options)
        return self

    def __exit__(self, *_):
        self.engines.__exit__()
        self.world.__exit__()
        shutil.rmtree(self.dir, ignore_errors=True)

    def submit(self, to, scale=SCALE):
        return self.engines[to].request("POST", f"/v1/upgrades?scale={scale}&epoch_ms={epoch_ms()}", order(False))

    def all_there(self):
        until("both engines know of each other", 10, lambda: len(self.engines.owners()) == len(self.engines.members))

    def finish(self, seconds=60):
        """An operator brings the run to its end through whichever engine answers; what is wrong then."""
        plan = Plan()
        operator = Operator(self.engines, plan, random.Random(1))
        operator.accepted = True
        last = []
        until("the run is over", seconds, lambda: last.append(operator.act()) or last[-1])
        return judge(self.engines, self.world, last[-1], plan)[1]

    def at_seq(self, seq):
        until(f"record {seq}", 30, lambda: self.engines.get(f"/v1/upgrades/{RUN}")["seq"] >= seq)

    def epochs(self):
        return sorted({record["epoch"] for record in self.engines.records(RUN)})


def taken_over(build):
    """An engine dies; the other one has its run within the lease and five seconds, and ends it"""
    with Stage(build) as stage:
        engines = stage.engines
        engines.start()
        stage.all_there()
        time.sleep(LEASE_MS / 1000)  # who has only come fences nobody yet
        stage.submit("a")
        stage.at_seq(30)
        engines["a"].kill()
        took = until("b owns the run", TAKEN_WITHIN, lambda: engines["b"].get("/v1/engines") and engines.owners().get("b") == 1)
        wrong = stage.finish()
        assert not wrong, wrong
        assert stage.epochs()[0] == 1 and len(stage.epochs()) == 2, stage.epochs()
        return f"taken over {took:.1f} s after the kill (lease {LEASE_MS / 1000:.1f} s)"


def restarted(build):
    """An engine that starts again fences its own former epoch and goes on, long before its lease has run out"""
    with Stage(build, lease_ms=30000) as stage:
        engines = stage.engines
        engines.start()
        stage.submit("a")
        stage.at_seq(30)
        engines["a"].kill()
        engines["a"].start()
        took = until("a owns the run again", 5, lambda: engines["a"].get("/v1/engines")["engines"] and engines.owners().get("a") == 1)
        wrong = stage.finish()
        assert not wrong, wrong
        return f"{took:.2f} s after the start (lease 30 s), epochs {stage.epochs()}"


def stopped(build):
    """SIGSTOP at a hundred moments of a run, for twice the lease, then SIGCONT: the stale owner changes nothing"""
    with Stage(build) as stage:
        engines = stage.engines
        engines.start()
        stage.all_there()
        time.sleep(LEASE_MS / 1000)
        stage.submit("a")
        stage.at_seq(25)
        stop(engines["a"])
        until("b owns the run", TAKEN_WITHIN, lambda: "b" in str(engines["b"].get("/v1/engines")["engines"]) and
              any(e["name"] == "b" and e["runs"] == 1 for e in engines["b"].get("/v1/engines")["engines"]))
        until("b drives it", 10, lambda: max(r["epoch"] for r in engines["b"].records(RUN)) > 1)
        before = stage.world.ask("counters")
        go_on(engines["a"])
        until("the stale engine has ended", 5, lambda: not engines["a"].alive())
        code = engines["a"].process.returncode
        wrong = stage.finish()
        after = stage.world.ask("counters")
        assert not wrong, wrong
        records = engines["b"].records(RUN)
        first = next(r["seq"] for r in records if r["epoch"] > 1)
        late = [r["seq"] for r in records if r["seq"] > first and r["epoch"] == 1]
        assert not late, f"records of the stale epoch after the take-over: {late}"
        assert "fenced" in engines["a"].log(), engines["a"].log()[-400:]
        return f"stale owner ended with code {code}, 0 records of it after the take-over, {after['fences_refused'] - before['fences_refused']} calls refused by ferry-sim"


def stopped_everywhere(build, count=12):
    """The same at a dozen random moments, one run each; nothing is lost, repeated or written late"""
    chance, refused = random.Random(7), 0
    for number in range(count):
        with Stage(build, lease_ms=800) as stage:
            engines = stage.engines
            engines.start()
            stage.all_there()
            time.sleep(0.8)
            stage.submit("a")
            stage.at_seq(chance.randint(3, 110))
            time.sleep(chance.random() / 20)
            stop(engines["a"])
            until("b drives it", 12, lambda: max(r["epoch"] for r in engines["b"].records(RUN)) > 1)
            go_on(engines["a"])
            until("the stale engine has ended", 5, lambda: not engines["a"].alive())
            wrong = stage.finish()
            epochs = [r["epoch"] for r in engines["b"].records(RUN)]
            assert not wrong and epochs == sorted(epochs), (number, wrong)
            refused += stage.world.ask("counters")["fences_refused"]
    return f"{count} moments, 0 late records, 0 repeated steps, {refused} late calls refused by ferry-sim"


def drained(build):
    """A drained engine gives its runs away without a crash, takes no order, and works again when told to"""
    with Stage(build) as stage:
        engines = stage.engines
        engines.start()
        stage.all_there()
        stage.submit("a")
        stage.at_seq(20)
        engines["b"].request("POST", "/v1/engines/a/drain")
        took = until("b owns the run", 15, lambda: engines["b"].get("/v1/engines") and engines.owners() == {"a": 0, "b": 1})
        try:
            engines["a"].request("POST", f"/v1/upgrades?scale={SCALE}&epoch_ms={epoch_ms()}", order(False).replace(b"CRASH-1", b"CRASH-2"))
            raise AssertionError("a drained engine took an order")
        except Refused as refused:
            assert refused.status == 503 and "drained" in str(refused), str(refused)
        wrong = stage.finish()
        assert not wrong, wrong
        engines["b"].request("POST", "/v1/engines/a/resume")
        until("a is live again", 5, lambda: [e["state"] for e in engines["b"].get("/v1/engines")["engines"]] == ["live", "live"])
        return f"empty after {took:.1f} s, {engines['a'].log().count('fenced')} fences"


def routed(build):
    """A verb reaches the owner through whichever engine is asked; what the owner refuses is refused in its words"""
    with Stage(build) as stage:
        engines = stage.engines
        engines.start()
        stage.all_there()
        stage.submit("a", scale=60)
        stage.at_seq(20)
        times = []
        for verb, state in (("pause", "PAUSED"), ("resume", "PROCESSING")):
            begin = time.monotonic()
            engines["b"].request("POST", f"/v1/upgrades/{RUN}/{verb}", json.dumps({"why": "from b"}))
            times.append(time.monotonic() - begin)
            until(state, 10, lambda want=state: engines["b"].get(f"/v1/upgrades/{RUN}")["state"] == want)
        try:
            engines["b"].request("POST", f"/v1/upgrades/{RUN}/commit", "{}")
            raise AssertionError("commit of a run that is not completed")
        except Refused as refused:
            assert refused.status == 409 and '"verbs"' in str(refused), str(refused)
        commands = [r["body"] for r in engines.records(RUN) if r["name"] == "command"]
        assert [c["verb"] for c in commands] == ["pause", "resume"], commands
        return f"pause and resume answered in {times[0] * 1000:.0f} and {times[1] * 1000:.0f} ms; recorded once each, by {commands[0]['caller']['who']}"


def unowned(build):
    """A verb for a run whose owner has just died is refused as \"ask again\", and does not happen later"""
    with Stage(build, lease_ms=30000) as stage:
        engines = stage.engines
        engines.start()
        stage.submit("a", scale=60)
        stage.at_seq(20)
        engines["a"].kill()
        begin = time.monotonic()
        try:
            engines["b"].request("POST", f"/v1/upgrades/{RUN}/pause", "{}")
            raise AssertionError("nobody could have paused it")
        except Refused as refused:
            assert refused.status == 503, str(refused)
        took = time.monotonic() - begin
        engines["a"].start()
        until("a owns it again", 10, lambda: engines.owners().get("a") == 1)
        time.sleep(1.5)
        assert not [r for r in engines.records(RUN) if r["name"] == "command"], "a command that was refused happened"
        return f"refused after {took:.1f} s"


def level(build):
    """A run that a newer ferryd has had is not claimed by an older one"""
    with Stage(build) as stage:
        engines = stage.engines
        engines.start()
        stage.all_there()
        time.sleep(LEASE_MS / 1000)
        stage.submit("a", scale=60)
        stage.at_seq(20)
        engines.sql("UPDATE ferry.run_owner SET level = 2")  # as if a newer one had written it
        engines["a"].kill()
        until("a is fenced", TAKEN_WITHIN, lambda: engines.owners() == {"b": 0})
        time.sleep(4)
        assert engines.owners() == {"b": 0}, engines.owners()
        engines.sql("UPDATE ferry.run_owner SET level = 1")
        took = until("b claims it", 5, lambda: engines.owners() == {"b": 1})
        return f"left alone for 4 s, claimed {took:.1f} s after it could be read"


def same_name(build):
    """A second engine of a name that lives is refused, and the first one goes on"""
    with Stage(build) as stage:
        engines = stage.engines
        engines["b"].options[engines["b"].options.index("b")] = "a"
        engines["a"].start()
        engines["b"].launch()
        until("b has ended", 10, lambda: not engines["b"].alive())
        assert "there is an engine a already" in engines["b"].log(), engines["b"].log()
        time.sleep(0.5)
        assert engines["a"].alive() and engines.owners() == {"a": 0}
        return engines["b"].log().strip().splitlines()[-1].split("error: ")[-1][:100]


def spread(build):
    """Runs that one engine has taken are shared with one that comes later"""
    with Stage(build) as stage:
        engines = stage.engines
        engines["a"].start()
        text = order(False).decode().replace('exclusionGroup="amf-set-1"', "").replace('<f:Mate vnfInstanceId="amf-east-2" minHeadroom="30"/>', "")
        for number in range(8):  # they wait for their window
            body = text.replace("CRASH-1", f"W-{number}").replace(">amf-east-1<", f">amf-{number}<")
            engines["a"].request("POST", "/v1/upgrades", body.encode())
        engines["b"].start()
        took = until("four each", 20, lambda: engines.owners() == {"a": 4, "b": 4})
        ids = {run["id"] for run in engines["b"].get("/v1/upgrades")}
        assert len(ids) == 8, ids
        return f"8 runs, four each {took:.1f} s after the second engine came"


STORIES = [taken_over, restarted, stopped, stopped_everywhere, drained, routed, unowned, level, same_name, spread]
SHORT = ["taken_over", "restarted", "stopped", "drained", "routed", "level", "same_name", "spread"]


def tell(build, stories, keep):
    failed = 0
    for story in stories:
        begin = time.monotonic()
        try:
            said = story(build)
            print(f"ok      {story.__name__:20} {time.monotonic() - begin:5.1f} s  {said}", flush=True)
        except Exception as why:  # whatever it is, the next story is told
            failed += 1
            print(f"FAILED  {story.__name__:20} {time.monotonic() - begin:5.1f} s  {why}\n{traceback.format_exc() if keep else ''}", flush=True)
    print(f"{len(stories) - failed} passed, {failed} failed")
    return failed


# ---- killed at every point -------------------------------------------------------------------------------

# Of SQLite's, or of a run that its gate stops or that is given up: tests/crash goes there.
ELSEWHERE = {"store_locked", "store_migrating", "store_migrated", "store_heads_noted", "store_before_checkpoint", "store_after_checkpoint",
             "run_before_rollback", "run_before_hand_over", "run_before_freed", "run_verdict"}


def points():
    with open(os.path.join(ROOT, "engine/base/point.def"), encoding="utf-8") as source:
        return [name for name in re.findall(r"^X\((\w+),", source.read(), re.M) if name not in ELSEWHERE]


def plans(options, chance, ordinary):
    """(plan, is the dead engine started again?)"""
    wanted = options.points.split(",") if options.points else points()
    if options.sample:
        wanted = chance.sample(wanted, options.sample)
    for number, (name, hit) in enumerate((name, int(hit)) for name in wanted for hit in options.hits.split(",")):
        before = [] if name in ordinary else [f"{chance.choice(sorted(ordinary))}:{chance.randint(1, 9)}"]
        yield Plan(before + [f"{name}:{hit}"], chance.randrange(1 << 30)), bool(number % 2)
    for number in range(options.doubles):
        deaths = [f"{chance.choice(sorted(ordinary))}:{chance.randint(1, 30)}", f"{chance.choice(wanted)}:{chance.randint(1, 4)}"]
        yield Plan(deaths, chance.randrange(1 << 30), commands=number % 3), True


def once(options, plan, revive):
    start = functools.partial(Engines, seed=plan.seed, revive=revive, lease_ms=1000)
    return run_once(options.build, plan, options.keep, start)


def crash(options):
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    quiet = once(options, Plan(commands=1), True)
    assert not quiet.wrong, quiet.wrong
    seen, failed, died, told = set(quiet.seen), 0, 0, list(plans(options, chance, quiet.seen))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda told: (*told, once(options, *told)), told)
        for number, (plan, revive, result) in enumerate(results, 1):
            seen |= result.seen
            died += result.deaths
            if not result.wrong and result.end != quiet.end:
                result.wrong = [f"another end: {json.dumps(result.end)}; undisturbed: {json.dumps(quiet.end)}"]
            if result.wrong:
                failed += 1
                print(f"FAILED {plan}, {'started again' if revive else 'stays dead'}, {result.deaths} deaths\n  " + "\n  ".join(result.wrong), flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(told)} runs, {died} deaths, {failed} failed", flush=True)
    unseen = [] if options.points or options.sample else [name for name in points() if name not in seen]
    print(f"{len(told)} runs on two engines, {died} deaths, {failed} failed" + (f"; not reached: {', '.join(unseen)}" if unseen else ""))
    return failed + len(unseen)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stories", nargs="*")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--short", action="store_true", help="the stories that are quick")
    parser.add_argument("--crash", action="store_true")
    parser.add_argument("--points", help="only these, comma separated")
    parser.add_argument("--sample", type=int, help="only so many, drawn by lot")
    parser.add_argument("--hits", default="1,3,17", help="die at the first, third, ... time a point is reached")
    parser.add_argument("--doubles", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", help="a folder for journal and log of what failed")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{story.__name__:20} {story.__doc__}" for story in STORIES))
        return 0
    if not CLUSTER:
        print("FERRY_TEST_PG is not set: tests/support/postgresql.py runs this")
        return 2
    if options.crash:
        return 1 if crash(options) else 0
    wanted = options.stories or (SHORT if options.short else [story.__name__ for story in STORIES])
    return 1 if tell(options.build, [story for story in STORIES if story.__name__ in wanted], options.keep) else 0


if __name__ == "__main__":
    sys.exit(main())
