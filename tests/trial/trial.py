#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trial on many seeds, judged by the world's own counters.

    tests/trial/trial.py [--build build/dev] [--seeds 20] [--others 4] [--order amf|smf|amf-issu|smf-issu|acme|all]
                         [--scale 400] [--jobs 4]

For each seed a ferry-sim and a ferryd of their own; the order of plugins/simulator/trial is run to its end: the gray
upgrade, the in-service upgrade (issu: ferryd is killed in the middle), or a vendor's (acme). Then: nobody
was dropped, no instance left while it served, no domain was ever smaller than its users, the held call lives on another
instance, the designated subscribers were on the target before anybody else, the share at each stage is within the order's
tolerance, every guard is back as it was, the judge said why, and the chain of records verifies.
"""
import argparse
import concurrent.futures
import json
import math
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd, Refused, World, retry_submit  # noqa: E402

TRIAL = os.path.join(ROOT, "plugins/simulator/trial")
CASES = {  # run, order, changes to it, world
    "amf": ("CHG-0007", "amf-order.xml", (), None),
    "smf": ("CHG-0008", "smf-order.xml", (), "smf-world.json"),
    "amf-issu": ("CHG-0009", "amf-issu-order.xml", (), None),
    "smf-issu": ("CHG-0008", "smf-order.xml", ((r'<f:(Stage ratio="50"|Approval)[^>]*/>', ""),
                                               ("ferry:gray_upgrade@1", "ferry:issu@1")), "smf-world.json"),
    "acme": ("CHG-0007", "amf-order.xml", (("ferry:gray_upgrade@1", "ferry:acme_gray@1"), ('ref="sim-amf"', 'ref="acme-amf"')),
             None),
}
SUBSCRIBER = "test-3"  # has a held call
PATIENCE = 240  # seconds of wall clock for one trial


def connections(world):
    with open(os.path.join(TRIAL, "connections.json"), encoding="utf-8") as source:
        document = json.load(source)
    for connection in document["connections"].values():
        connection["settings"]["socket"] = world.socket
    return document


def order_of(case, engine):
    """The case's order with its changes, as a file beside the engine's store."""
    _, name, changes, _ = CASES[case]
    with open(os.path.join(TRIAL, name), encoding="utf-8") as source:
        text = source.read()
    for pattern, put in changes:
        text = re.sub(pattern, put, text)
    with open(engine.path("order.xml"), "w", encoding="utf-8") as out:
        out.write(text)
    return engine.path("order.xml")


def drive(engine, order, run, scale, killed):
    """To the end; approves what is asked. killed: ferryd dies once while instances are upgraded under load."""
    end = time.time() + PATIENCE
    while time.time() < end:
        view = retry_submit(engine, order, run, scale)
        if not killed and view.get("stage") and view.get("step", {}).get("call") == "upgrade":
            engine.kill()
            engine.start()
            killed = True
        if view.get("approval"):
            try:
                engine.request("POST", f"/v1/upgrades/{run}/approve", json.dumps({"why": "trial"}))
            except Refused:
                pass  # the question was withdrawn meanwhile
        if view["state"] in ("COMPLETED", "FAILED_TEMP", "FAILED", "ROLLED_BACK"):
            return view
        time.sleep(0.05)
    raise RuntimeError(f"{run} did not end within {PATIENCE} s: {view.get('waiting')}\n" + engine.log()[-2000:])


def check_shares(snapshots, basis_tolerance_bp, wrong):
    """At the middle stage: within the tolerance from 20,000 users on, within the sampling interval below."""
    figures = []
    for snapshot in snapshots:
        if not snapshot["label"].startswith("50"):
            continue
        for segment, (source, target) in snapshot["users"].items():
            total = source + target
            share = 100.0 * target / total if total else 0.0
            sampling = 100 * 3.29 * math.sqrt(0.25 / total) if total else 100.0
            allowed = basis_tolerance_bp / 100 if total >= 20000 else sampling
            figures.append(f"{segment} {share:.2f} % of {total}")
            if abs(share - 50) > allowed:
                wrong.append(f"{segment}: {share:.2f} % of {total} on the target, {allowed:.2f} points are allowed")
    if not figures:
        wrong.append("there is no snapshot of the 50 % stage")
    return figures


def check_designated_first(records, wrong):
    """Before the first move only the designated subscribers were on the target."""
    dialled = next((r for r in records if r["name"] == "outcome" and r["body"]["ok"] and "tests" in r["body"].get("result", {})), None)
    if dialled is None:
        wrong.append("no dial test was made")
        return
    designated = {test["ref"] for test in dialled["body"]["result"]["tests"] if test.get("located_in") == "target"}
    if designated != {"test-1", "test-2"}:
        wrong.append(f"on the target in the dial test: {sorted(designated)}")
    for record in records:
        if record["seq"] < dialled["seq"] and record["name"] == "sample":
            on_target = sum(target for _, target in record["body"]["users"].values())
            if on_target > 2:
                wrong.append(f"{on_target} users were on the target before the dial test had ended")
                return


def check_issu(records, wrong):
    """Service left each batch before it was upgraded, and came back a batch at a time; ferryd died once."""
    calls = [r["body"]["call"] for r in records if r["name"] == "intent"]
    starts = sum(r["name"] == "resumed" for r in records)
    drains, steers = calls.count("drain"), calls.count("steer")
    if drains < 3 or steers < 2:
        wrong.append(f"service left {drains} batches and came back {steers} times")
    if starts != 1:
        wrong.append(f"ferryd was killed once, and the run went on {starts} times")
    return [f"{drains} batches, {steers} times back"]


def check_judged_again(engine, run, wrong):
    """Every verdict of the journal, judged again from its counts, is the same to the last bit of its evidence."""
    again = engine.get(f"/v1/upgrades/{run}/judge")
    wrong += [f"judged again, verdict {v['seq']} is another: {v['now']}" for v in again["verdicts"] if not v["same"]]
    if not again["verdicts"]:
        wrong.append("there is no verdict to judge again")


def check_world(world, engine, run, held, wrong):
    counters, users, trace = world.ask("counters"), world.ask("users"), world.ask("trace", SUBSCRIBER)
    wrong += [f"{name}: {counters[name]}" for name in
              ("users_dropped", "calls_dropped", "held_calls_dropped", "instances_upgraded_under_sessions",
               "actives_upgraded_without_switchover", "pairs_down", "storage_down", "ticks_source_overloaded",
               "ticks_target_overloaded", "healing_interferences", "scaling_interferences", "keys_repeated") if counters[name]]
    wrong += [f"{i['id']} runs {i['version']}" for i in users["instances"] if i["version"] != "1.3.0"]
    call = trace.get("held_call") or {}
    if held and (not call.get("alive") or trace["path"][0]["instance"] == trace["instance"]):
        wrong.append(f"the held call: {json.dumps(trace)}")
    view = engine.get(f"/v1/upgrades/{run}")
    wrong += [f"guard {g['guard']} is not back" for g in view["guards"] if g["held"] or not g["as_it_was"]]
    if not view["guards"]:
        wrong.append("no guard was ever taken")


def trial(build, case, seed, scale):
    run, _, _, world_file = CASES[case]
    begin, wrong, issu = time.time(), [], case.endswith("issu")
    with World(build, seed, os.path.join(TRIAL, world_file) if world_file else None) as world, \
            Ferryd(build, connections(world), os.path.join(ROOT, "workflows")) as engine:
        engine.start()
        view = drive(engine, order_of(case, engine), run, scale, killed=not issu)
        if view["state"] != "COMPLETED":
            told = [r["text"] for r in engine.records(run) if r["name"] in ("state changed", "verdict", "checked")]
            return f"{case} seed {seed}: {view['state']}", [*told, engine.log()[-1000:]]
        records = engine.records(run)
        if issu:
            figures = check_issu(records, wrong)
        else:
            figures = check_shares(engine.get(f"/v1/upgrades/{run}/kpis")["snapshots"], 50, wrong)
            check_designated_first(records, wrong)
            check_judged_again(engine, run, wrong)
        check_world(world, engine, run, not issu, wrong)
        minutes = (view["now_ms"] - view["accepted_ms"]) / 60000
    return f"{case} seed {seed}: {', '.join(figures)}; {minutes:.0f} min of run time in {time.time() - begin:.1f} s", wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--others", type=int, default=4, help="seeds of the orders that are not the paper's: in service, a vendor's")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--order", choices=[*CASES, "all"], default="all")
    parser.add_argument("--scale", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=4, help="trials at a time; each waits for its clock most of the time")
    options = parser.parse_args()
    cases = [(case, seed) for seed in range(options.first, options.first + options.seeds)
             for case in (CASES if options.order == "all" else [options.order])
             if options.order != "all" or case in ("amf", "smf") or seed < options.first + options.others]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for line, wrong in pool.map(lambda c: trial(options.build, c[0], c[1], options.scale), cases):
            print(("FAILED " if wrong else "ok     ") + line, flush=True)
            for what in wrong:
                print("       " + what, flush=True)
            failed += bool(wrong)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
