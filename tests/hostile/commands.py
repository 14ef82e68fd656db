#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `ferry` says at three in the morning: wrong words, wrong places, broken configuration; sentences and exit codes.

    tests/hostile/commands.py [--build build/dev]
"""
import json
import os

from harness import Engine, main_of

WORDS = [  # words, exit code, part of what is said
    ([], 2, "run ORDER.xml"), (["bogus"], 2, "is not a command"), (["adapter"], 2, "ferry adapter list"),
    (["run"], 2, "wants more arguments"), (["run", "/nonexistent.xml"], 3, "No such file"), (["run", "a", "b"], 2, "too many"),
    (["show", "NONE"], 3, '"ferry list" shows'), (["show", "../x"], 2, "is not the name of a run"), (["retry", "NONE"], 3, "there is no run"),
    (["audit", "verify", "/nonexistent"], 3, "No such file"), (["order", "check", "/etc"], 2, "Is a directory"),
    (["adapter", "show", "NONE"], 3, "connections.json"), (["list", "--bogus"], 2, "is not an option"),
    (["order", "new", "xyz"], 3, "there is one for amf"), (["engine", "status"], 0, "runs as process"),
]
CONFIGURATIONS = [
    ("{", "is not JSON"), ('{"connections":[]}', "it must be an object"), ('{"connections":{"a":{"plugn":"x"}}}', 'did you mean "plugin"?'),
    ('{"connections":{"a":{"plugin":"../x"}}}', "is not a plain name"), ('{"connections":{},"receivers":[]}', "receivers"),
]


def check(report, name, done, code, part):
    got, out, err = done
    said = " ".join((out + err).split())
    wrong = [] if got == code else [f"exit code {got}, not {code}"]
    wrong += [] if part in said else [f'"{part}" is not said']
    report.case(name[:40], wrong, said[:150])


def check_places(engine, report):
    """Stores that cannot be."""
    file = engine.path("file")
    with open(file, "w", encoding="ascii") as out:
        out.write("x")
    garbage = engine.path("garbage")
    os.mkdir(garbage)
    with open(os.path.join(garbage, "ferry.db"), "w", encoding="ascii") as out:
        out.write("garbage " * 1000)
    check(report, "store: below /proc", engine.cli("list", store="/proc/nowhere"), 6, "--store DIR names another")
    check(report, "store: a file", engine.cli("list", store=file), 6, "Not a directory")
    check(report, "store: not a database", engine.cli("list", store=garbage), 6, "not a database")
    check(report, "store: a long path", engine.cli("list", store=engine.path("x" * 120)), 6, "shorter name")
    check(report, "store: nobody there", engine.cli("engine", "stop", store=engine.path("none")), 6, "no ferryd is running")


def check_configurations(engine, report):
    for number, (text, part) in enumerate(CONFIGURATIONS):
        store = engine.path(f"c{number}")
        os.mkdir(store)
        with open(os.path.join(store, "connections.json"), "w", encoding="utf-8") as out:
            out.write(text)
        check(report, f"connections: {text}", engine.cli("list", store=store), 6, part)


def check_nobody_answers(engine, report):
    """A connection whose peer is not there."""
    store = engine.path("alone")
    os.mkdir(store)
    with open(os.path.join(store, "connections.json"), "w", encoding="utf-8") as out:
        json.dump({"connections": {name: {"plugin": plugin, "tenants": ["core-east"], "settings": {"socket": engine.path("no.sock")}}
                                   for name, plugin in (("sim-cloud", "sim_vim"), ("sim-amf", "sim_nf"))}}, out)
    order = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../plugins/simulator/trial/amf-order.xml")
    try:
        check(report, "plan: no peer", engine.cli("plan", order, "--at", "window", store=store), 6, "no ferry-sim answers")
        check(report, "run: no peer", engine.cli("run", order, "--scale", "400", "--at", "window", "--plain", store=store), 1,
              "no ferry-sim answers")
    finally:
        engine.cli("engine", "stop", store=store)


def run_all(build, report):
    with Engine(build) as engine:
        engine.start()
        for words, code, part in WORDS:
            check(report, "ferry " + " ".join(words), engine.cli(*words), code, part)
        check_places(engine, report)
        check_configurations(engine, report)
        check_nobody_answers(engine, report)


if __name__ == "__main__":
    main_of(run_all, __doc__)
