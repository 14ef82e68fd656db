#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adapters that misbehave, each on a connection of its own, beside an innocent run on the real ferryd and hosts.

    tests/hostile/adapters.py [--build build/dev]

The run of a bad connection parks with a sentence and a hint; the innocent one never stands still; ferryd stays the same
process and under 200 MiB, its log small; `ferry adapter list` and `show` say what is wrong; and the secret each host was
given is in no log, journal, export, view, environment or command line.
"""
import glob
import os
import time

from harness import CANARY, Engine, Innocent, Refused, check_engine, main_of, sentence

CASES = {  # what the verb does: words of the sentence
    "crash": ("died each time",),
    "exit": ("died each time",),
    "close": ("died each time",),
    "forge": ("hostile.act",),
    "garbage": ("not JSON",),
    "huge": ("16 MiB",),
    "spin": ("deadline",),
    "later": ("deadline",),
    "words": ("permanent words  [31m of",),
}
LOG_MAX = 4 << 20
BROKEN = {"wrong_abi": ("hostile_abi", "ABI"), "half_filled": ("hostile_verb", "deadline_ms"), "missing": ("nothing_here", "nothing_here")}


def texts():
    names = list(CASES) + ["hang", "flood"]
    return {name: f"nf:call('hostile.act', {{ act = '{name}' }})" for name in names}


def judge(view, words):
    if view["state"] != "FAILED_TEMP":
        return [f"it is {view['state']}: {view.get('waiting')}"]
    message = view["error"]["message"]
    wrong = [f'"{word}" is not in its sentence: {message[:300]}' for word in words if word not in message]
    if not view["error"].get("hint"):
        wrong.append("there is no hint")
    if "retry" not in view["verbs"]:
        wrong.append(f"retry is not offered: {view['verbs']}")
    return wrong


def check_broken(engine, report):
    """Connections whose plugin cannot be used: said in the list, on their page, and to who wants them."""
    _, listed, _ = engine.cli("adapter", "list")
    for name, (_, word) in BROKEN.items():
        _, shown, _ = engine.cli("adapter", "show", name)
        wrong = [f"ferry adapter list does not say so: {listed}"] if name not in listed or word not in listed else []
        wrong += [f"ferry adapter show does not say so: {shown}"] if word not in shown else []
        problem = next((a.get("problem", "") for a in engine.get("/v1/adapters")["adapters"] if a["connection"] == name), "")
        said = ""
        try:
            run = engine.submit("crash", name)
            view = engine.wait(run, ("FAILED_TEMP", "ROLLED_BACK"), 20)
            said = sentence(view)
            wrong += [] if view["state"] == "ROLLED_BACK" and word in said else [f"{view['state']}: {said}"]
        except Refused as refused:
            said = str(refused)
            wrong += [] if word in said else [said]
        report.case(f"plugin {name}", wrong, f"{problem[:120]} / {said[:160]}")


def look_for_canary(engine, report):
    wrong, looked = [], 0
    for pid in engine.pids():
        for name in ("environ", "cmdline"):
            with open(f"/proc/{pid}/{name}", "rb") as source:
                looked += 1
                wrong += [f"it is in /proc/{pid}/{name}"] if CANARY.encode() in source.read() else []
    for path in glob.glob(os.path.join(engine.dir, "ferry*")):
        if os.path.isfile(path):
            with open(path, "rb") as source:
                looked += 1
                wrong += [f"it is in {path}"] if CANARY.encode() in source.read() else []
    runs = [run["id"] for run in engine.get("/v1/upgrades")]
    pages = ["/v1/adapters", "/v1/engine"] + [f"/v1/adapters/{name}" for name in CASES]
    pages += [f"/v1/upgrades/{run}{page}" for run in runs for page in ("", "/journal", "/export", "/report", "/plan")]
    for page in pages:
        looked += 1
        wrong += [f"it is in {page}"] if CANARY in engine.text(page) else []
    report.case("the secret is nowhere", wrong, f"{looked} places")


def check_log(engine, report, name):
    size = os.path.getsize(engine.path("ferryd.log"))
    report.case(f"{name}: the log is small", [f"{size >> 20} MiB"] if size > LOG_MAX else [], f"{size >> 10} KiB")


def run_all(build, report):
    names = ["good"] + list(texts())
    plugins = {name: plugin for name, (plugin, _) in BROKEN.items()}
    with Engine(build, texts(), names + list(BROKEN), plugins) as engine:
        engine.start()
        pid = engine.get("/v1/engine")["pid"]
        innocent = Innocent(engine)
        hanging, hung_at = engine.submit("hang", "hang"), time.time()
        for name, words in CASES.items():
            run = engine.submit(name, name)
            view = engine.wait(run, ("FAILED_TEMP", "ROLLED_BACK", "COMPLETED"), 40)
            report.case(name, judge(view, words) + innocent.look() + check_engine(engine, pid), sentence(view)[:190])
        run = engine.submit("flood", "flood")
        view = engine.wait(run, ("FAILED_TEMP", "COMPLETED"), 30)
        report.case("flood", ([] if view["state"] == "COMPLETED" else [view["state"]]) + innocent.look(), view["waiting"])
        check_log(engine, report, "flood")
        check_broken(engine, report)
        view = engine.wait(hanging, ("FAILED_TEMP",), 60)
        report.case("hang", judge(view, ("did not answer hostile.act within 30 s",)) + innocent.look(),
                    f"after {time.time() - hung_at:.0f} s: {sentence(view)[:190]}")
        look_for_canary(engine, report)
        report.case("the whole", innocent.end() + check_engine(engine, pid), f"ferryd has {engine.rss_kb() // 1024} MiB")


if __name__ == "__main__":
    main_of(run_all, __doc__)
