#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kill Ferry at every crash point, start it again, and compare with a run that nobody disturbed.

    tests/crash/crash.py [--build build/dev] [--points A,B] [--doubles 40] [--seed N] [--jobs 2]

The real programs upgrade a small AMF on ferry-sim, which is never killed: it stands for the outside world and
counts every effect by the idempotency key of its step. For each point of engine/base/point.def the process that
gets there first dies (SIGKILL), also at its third time; doubles die twice. Then:
  no acting step is lost or done twice, the run reaches the same end, every guard is back as it was, nobody was
  dropped, and the chain of records verifies. A point that no run reached is a failure.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd, Refused, World, retry_submit  # noqa: E402

RUN = "CRASH-1"
SCALE = 600
PATIENCE = 60  # seconds of wall clock for one run, deaths included


def points():
    with open(os.path.join(ROOT, "engine/base/point.def"), encoding="utf-8") as source:
        return re.findall(r"^X\((\w+),", source.read(), re.M)


def connections(world):
    return {"connections": {
        "sim-cloud": {"plugin": "sim_vim", "tenants": ["core-east"], "settings": {"socket": world.socket}},
        "sim-amf": {"plugin": "sim_nf", "tenants": ["core-east"], "settings": {"socket": world.socket}}}}


class Undone(RuntimeError):
    pass


def drive(engine, deadline):
    """Follow the run to its end as an operator would: approve when asked, start ferryd again when it died."""
    restarts = 0
    while time.time() < deadline:
        if not engine.alive():
            restarts += 1
            if restarts > 12:
                raise Undone("ferryd died more than 12 times:\n" + engine.log()[-2000:])
            engine.launch()
        try:
            view = retry_submit(engine, os.path.join(HERE, "order.xml"), RUN, SCALE)
            if view.get("approval"):
                engine.request("POST", f"/v1/upgrades/{RUN}/approve", json.dumps({"why": "test"}))
            if view["state"] == "COMPLETED":
                engine.request("POST", f"/v1/upgrades/{RUN}/commit", json.dumps({"why": "test"}))
            if view["state"] in ("COMMITTED", "FAILED_TEMP", "FAILED", "ROLLED_BACK"):
                return view, restarts
        except (OSError, Refused):
            pass
        time.sleep(0.01)
    raise Undone(f"no end within {PATIENCE} s; last log:\n" + engine.log()[-2000:])


def judge(engine, world, view):
    """What must hold at the end of every run, disturbed or not; the end state to compare."""
    counters, status, users = world.ask("counters"), world.ask("status"), world.ask("users")
    records = engine.records(RUN)
    wrong = settled(records, counters["keys"])
    if view["state"] != "COMMITTED":
        wrong.append(f"ended as {view['state']}: {json.dumps(view.get('error'))}")
    wrong += [f"guard {guard['guard']} is not back" for guard in view["guards"] if guard["held"] or not guard["as_it_was"]]
    wrong += [f"{name}: {counters[name]}" for name in
              ("users_dropped", "held_calls_dropped", "instances_upgraded_under_sessions", "pairs_down", "keys_repeated",
               "ticks_source_overloaded", "ticks_target_overloaded") if counters[name]]
    with open(engine.path("export.jsonl"), "w", encoding="utf-8") as out:
        out.write(engine.text(f"/v1/upgrades/{RUN}/export"))
    verify = subprocess.run([os.path.join(engine.build, "engine/cli/ferry"), "audit", "verify", engine.path("export.jsonl")],
                            capture_output=True, text=True, check=False)
    if verify.returncode != 0:
        wrong.append("the chain does not verify: " + verify.stdout + verify.stderr)
    end = {"state": view["state"], "versions": sorted((i["id"], i["version"]) for i in users["instances"]),
           "guards": status["guards"], "split": status["split"], "version": status["version"]}
    return end, wrong


def settled(records, keys):
    """No acting step lost, none done twice: intents and outcomes of the journal against the effects in the world."""
    acting = {f"{RUN}/{r['body']['step']}": r["body"]["verb"] for r in records if r["name"] == "intent" and r["body"].get("verb")}
    releases = {f"{RUN}/{r['body']['step']}" for r in records if r["name"] == "intent" and r["body"]["call"] == "release_guards"}
    done = {f"{RUN}/{r['body']['step']}" for r in records if r["name"] == "outcome" and r["body"]["ok"]}
    wrong = [f"lost: {acting[key]} ({key}) has an outcome, the world knows nothing of it"
             for key in sorted(acting.keys() & done) if key not in keys]
    wrong += [f"repeated: {op['verb']} ({key}) took effect {op['effects']} times" for key, op in keys.items() if op["effects"] > 1]
    wrong += [f"not in the journal: {op['verb']} ({key})" for key, op in keys.items()
              if op["effects"] and "/".join(key.split("/")[:2]) not in acting.keys() | releases]
    return wrong


def run_once(build, deaths):
    """One upgrade with these deaths planned: (end state, what is wrong, points reached, deaths that happened)."""
    tokens = tempfile.mkdtemp(prefix="ferry-crash-")
    environment = {"FERRY_CRASH": ",".join(deaths), "FERRY_CRASH_TOKENS": tokens,
                   "FERRY_POINTS_SEEN": os.path.join(tokens, "seen")}
    try:
        with World(build, world=os.path.join(HERE, "world.json")) as world, \
                Ferryd(build, connections(world), os.path.join(ROOT, "workflows"), environment) as engine:
            try:
                view, _ = drive(engine, time.time() + PATIENCE)
                end, wrong = judge(engine, world, view)
            except Undone as why:
                end, wrong = None, [str(why)]
        seen = set()
        if os.path.exists(os.path.join(tokens, "seen")):
            with open(os.path.join(tokens, "seen"), encoding="ascii") as source:
                seen = set(source.read().split())
        return end, wrong, seen, [death for death in deaths if os.path.exists(os.path.join(tokens, death))]
    finally:
        shutil.rmtree(tokens, ignore_errors=True)


def plan_runs(options, chance, ordinary):
    """Every point once and at its third time; points of the recovery behind another death; then doubles."""
    runs = []
    for point in options.points.split(",") if options.points else points():
        before = [] if point in ordinary else [f"{chance.choice(sorted(ordinary))}:{chance.randint(3, 9)}"]
        runs += [before + [f"{point}:1"], before + [f"{point}:3"]]
    every = points()
    for _ in range(options.doubles):
        runs.append([f"{chance.choice(sorted(ordinary))}:{chance.randint(1, 12)}", f"{chance.choice(every)}:{chance.randint(1, 6)}"])
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--points", help="only these, comma separated")
    parser.add_argument("--doubles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)

    reference, wrong, ordinary, _ = run_once(options.build, [])
    if wrong:
        print("the undisturbed run is wrong already:\n  " + "\n  ".join(wrong))
        return 1
    runs = plan_runs(options, chance, ordinary)
    seen, failed, died = set(ordinary), 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda deaths: (deaths, run_once(options.build, deaths)), runs)
        for number, (deaths, (end, wrong, reached, happened)) in enumerate(results, 1):
            seen |= reached
            died += len(happened)
            if not wrong and end != reference:
                wrong = [f"another end: {json.dumps(end)}; undisturbed: {json.dumps(reference)}"]
            if wrong:
                failed += 1
                print(f"FAILED {','.join(deaths)} (died at {','.join(happened) or 'none'})\n  " + "\n  ".join(wrong), flush=True)
            elif number % 20 == 0:
                print(f"{number} of {len(runs)} runs", flush=True)
    unseen = [] if options.points else [point for point in points() if point not in seen]
    for point in unseen:
        print(f"FAILED {point}: no run reached this point")
    print(f"{len(points())} points, {len(runs)} runs, {died} deaths")
    print(f"{len(runs) - failed} passed, {failed + len(unseen)} failed")
    return 1 if failed or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
