#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ferry command as a person and a pipeline use it: a small trial, seen on a terminal, killed in the middle.

    tests/cli/cli.py [--build build/dev]
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]
from ferryd import ROOT, World  # noqa: E402
from screen import Session  # noqa: E402

ORDER = os.path.join(ROOT, "tests/crash/order.xml")
RUN = "CRASH-1"
OK, FAILED, USAGE, NOT_FOUND, CONFLICT, WAITS, ENGINE = 0, 1, 2, 3, 4, 5, 6
build = os.path.join(ROOT, "build/dev")


class Ferry:
    """A store of its own with the connections of a world."""

    def __init__(self, world):
        self.store = tempfile.mkdtemp(prefix="ferry-cli-")
        self.program = os.path.join(build, "engine/cli/ferry")
        self.environment = {**os.environ, "FERRY_STORE": self.store}
        settings = {"tenants": ["core-east"], "settings": {"socket": world.socket}} if world else None
        connections = {"sim-cloud": {"plugin": "sim_vim", **settings}, "sim-amf": {"plugin": "sim_nf", **settings}} if world else {}
        with open(os.path.join(self.store, "connections.json"), "w", encoding="utf-8") as out:
            json.dump({"connections": connections}, out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self("engine", "stop")
        shutil.rmtree(self.store, ignore_errors=True)

    def __call__(self, *words):
        return subprocess.run([self.program, *words], env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *words):
        done = self(*words, "--json")
        if done.returncode != OK:
            raise AssertionError(f"ferry {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def path(self, name):
        return os.path.join(self.store, name)


class WithoutWorld(unittest.TestCase):
    def run(self, result=None):
        with Ferry(None) as self.ferry:
            return super().run(result)

    def expect(self, code, *words):
        done = self.ferry(*words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_exit_codes_tell_wrong_usage_from_wrong_input(self):
        self.assertIn("is not a command", self.expect(USAGE, "upgrade"))
        self.assertIn("ferry help run", self.expect(USAGE, "run"))
        self.expect(NOT_FOUND, "run", "/nowhere.xml")
        self.expect(NOT_FOUND, "show", "NO-RUN")
        self.expect(NOT_FOUND, "pause", "NO-RUN")
        self.expect(NOT_FOUND, "audit", "verify", "NO-RUN")
        self.expect(NOT_FOUND, "adapter", "show", "nothing")
        self.expect(OK, "version")

    def test_engine_is_started_when_needed_and_stays_stopped_otherwise(self):
        self.assertIn("no ferryd", self.expect(ENGINE, "engine", "status"))
        self.assertIn("no runs", self.expect(OK, "list"))
        self.assertIn("epoch 1", self.expect(OK, "engine", "status"))
        self.expect(OK, "engine", "stop")
        self.expect(ENGINE, "engine", "status")
        self.expect(OK, "list")
        self.assertIn("epoch 2", self.expect(OK, "engine", "status"))

    def test_engine_that_cannot_start_says_why(self):
        with open(self.ferry.path("connections.json"), "w", encoding="utf-8") as out:
            out.write("{")
        self.assertIn("connections.json", self.expect(ENGINE, "list"))

    def test_order_is_refused_with_place_and_remedy(self):
        with open(ORDER, encoding="utf-8") as source:
            text = source.read()
        with open(self.ferry.path("wrong.xml"), "w", encoding="utf-8") as out:
            out.write(text.replace('ratio="100"', 'ratio="120"'))
        said = self.expect(USAGE, "order", "check", self.ferry.path("wrong.xml"))
        self.assertRegex(said, r"wrong\.xml: line \d+, f:Stage: ")
        said = self.expect(USAGE, "order", "check", ORDER)
        self.assertIn('"sim-cloud"', said)

    def test_first_order_can_be_checked(self):
        order = self.ferry("order", "new", "amf")
        self.assertEqual(order.returncode, OK)
        self.assertIn("<Definitions", order.stdout)

    def test_catalogue_is_there(self):
        self.assertIn("gray_upgrade", self.expect(OK, "workflow", "list"))
        self.assertIn("function wf:upgrade", self.expect(OK, "workflow", "show", "gray_upgrade"))
        self.expect(OK, "workflow", "lint", os.path.join(ROOT, "workflows/gray_upgrade/gray_upgrade.lua"))

    def test_every_command_explains_itself(self):
        for line in self.expect(OK, "help").splitlines():
            if line.startswith("  ") and line[2] != " " and not line[2].isdigit() and not line.startswith(("  --", "  NO_")):
                words = [word for word in line.split("  ")[1].split() if word.islower()]
                self.assertIn("Example:", self.expect(OK, "help", *words), line)


class Faults(unittest.TestCase):
    """ferry sim ...: a simulated core is made to fail while it runs."""

    def test_faults_are_set_listed_drawn_and_cleared(self):
        with World(build) as world, Ferry(None) as self.ferry:
            sim = ["--sim", world.socket]
            self.assertIn("after its start", self.ferry("sim", "fault", "site_cut", "after=5m", "for=10m", *sim).stdout)
            self.ferry("sim", "fault", "http_error", "part=vim", *sim)
            self.assertIn("on amf-svc-05", self.ferry("sim", "fault", "build_fails", "amf-svc-05", *sim).stdout)
            kept = {fault["fault"] for fault in self.ferry.json("sim", "faults", *sim)["set"]}
            self.assertEqual(kept, {"site_cut", "http_error", "build_fails"})
            failed = subprocess.run([world.program, "call", "vim", "inventory", "--socket", world.socket], capture_output=True,
                                    text=True, check=False)
            self.assertIn("HTTP 503", failed.stderr)
            self.assertNotIn("site_cut", self.ferry("sim", "clear", "site_cut", *sim).stdout)
            self.assertIn("no fault", self.ferry("sim", "clear", *sim).stdout)
            self.assertEqual(self.ferry("sim", "chance", "7", "wire", *sim).returncode, OK)
            self.assertGreater(len(self.ferry.json("sim", "faults", *sim)["set"]), 20)
            for code, words in ((USAGE, ["fault", "luck"]), (USAGE, ["fault", "site_cut", "for=soon"]),
                                (USAGE, ["chance", "seven"]), (USAGE, ["fault"])):
                self.assertEqual(self.ferry("sim", *words, *sim).returncode, code, words)

    def test_core_that_is_not_there_is_looked_for_in_the_store(self):
        with Ferry(None) as self.ferry:
            done = self.ferry("sim", "faults")
            self.assertEqual(done.returncode, ENGINE)
            self.assertIn(self.ferry.path("sim.sock"), done.stderr)


class Waiting(unittest.TestCase):
    """A run that waits for its window, and what an operator does with it."""

    def test_checks_waivers_and_amendments(self):
        with World(build, world=os.path.join(ROOT, "tests/crash/world.json")) as world, Ferry(world) as ferry:
            self.assertEqual(ferry("submit", ORDER, "--at", "2030-01-06T12:00:00+08:00").returncode, OK)
            said = ferry("recheck", RUN)
            self.assertEqual(said.returncode, OK, said.stderr)
            self.assertRegex(said.stdout, r"checks +\d+ of \d+ are well \(recheck")
            self.assertIn("needs a check", ferry("waive", RUN).stderr)
            self.assertIn("these can: source_version_is_what_runs",
                          ferry("waive", RUN, "--check", "version_path", "--why", "x").stderr)
            said = ferry("waive", RUN, "--check", "no_critical_alarms", "--why", "ticket 4711")
            self.assertIn("no_critical_alarms, by uid:", said.stdout, said.stderr)
            self.assertEqual(ferry("unwaive", RUN, "--check", "no_critical_alarms").returncode, OK)
            said = ferry("amend", RUN, "window.start=2030-01-07T00:30:00+08:00", "--why", "ticket 4712")
            self.assertEqual(said.returncode, OK, said.stderr)
            self.assertIn("(amended", said.stdout)
            self.assertIn("window.start from 2030-01-06T16:00:00Z to 2030-01-06T16:30:00Z", ferry("show", RUN).stdout)
            self.assertEqual(ferry("amend", RUN, "window.start").returncode, USAGE)
            said = ferry("amend", RUN, "target.version=9")
            self.assertEqual(said.returncode, FAILED)
            self.assertIn("send a new order", said.stderr)
            self.assertIn("ticket 4712", ferry("report", RUN).stdout)
            self.assertEqual(ferry("cancel", RUN).returncode, OK)


class GivenUp(unittest.TestCase):
    """A run that is given over to somebody, and the order after it."""

    def until(self, *states):
        for _ in range(600):
            state = self.ferry.json("show", RUN)["state"]
            if state in states:
                return state
            time.sleep(0.05)
        self.fail(f"{RUN} is {state}, not {states}")

    def next_order(self):
        with open(ORDER, encoding="utf-8") as source:
            text = source.read().replace(f'requestId="{RUN}"', 'requestId="NEXT-1"')
        with open(self.ferry.path("next.xml"), "w", encoding="utf-8") as out:
            out.write(text)
        return self.ferry.path("next.xml")

    def test_hand_over_dirty_adopt_and_the_order_after_it(self):
        with World(build, world=os.path.join(ROOT, "tests/crash/world.json")) as world, Ferry(world) as self.ferry:
            ferry, order = self.ferry, self.next_order()
            self.assertEqual(ferry("submit", ORDER, "--at", "window", "--scale", "100").returncode, OK)
            self.until("PROCESSING")
            time.sleep(1)
            self.assertEqual(ferry("cancel", RUN, "--why", "test").returncode, OK)
            self.until("FAILED_TEMP")
            said = ferry("fail", RUN, "--to", "the vendor", "--why", "no luck")
            self.assertEqual(said.returncode, OK, said.stderr)
            self.until("FAILED")
            shown = ferry("show", RUN).stdout
            for part in ("given to   the vendor", "because    no luck", "instances", "possible   adopt clean"):
                self.assertIn(part, shown)
            said = ferry("submit", order, "--at", "window", "--scale", "100")
            self.assertEqual(said.returncode, CONFLICT, said.stdout)
            self.assertIn("is dirty", said.stderr)
            self.assertIn(f"ferry clean {RUN}", said.stderr)
            self.assertIn("needs a reason", ferry("adopt", RUN).stderr)
            said = ferry("adopt", RUN, "--why", "the vendor says so")
            self.assertEqual(said.returncode, OK, said.stderr)
            self.assertIn("takes orders again", said.stdout)
            self.assertIn("Hand-over", ferry("report", RUN).stdout)
            self.assertEqual(ferry("audit", "verify", RUN).returncode, OK)
            self.assertEqual(ferry("submit", order, "--at", "window", "--scale", "100").returncode, OK)
            self.assertEqual(ferry.json("show", "NEXT-1")["known"]["run"], RUN)


class Trial(unittest.TestCase):
    """One small upgrade from the order to the commit."""

    def test_the_whole_way(self):
        with World(build, world=os.path.join(ROOT, "tests/crash/world.json")) as world, Ferry(world) as self.ferry:
            self.look_before()
            self.run_until_somebody_must_decide()
            self.finish()
            self.look_after()

    def look_before(self):
        self.assertIn("Stage", self.ferry("plan", ORDER, "--at", "window").stdout)
        self.assertIn("stages", self.ferry.json("plan", ORDER, "--at", "window"))
        self.assertIn("order", self.ferry.json("order", "check", ORDER, "--at", "window"))
        self.assertEqual({adapter["state"] for adapter in self.ferry.json("adapter", "list")["adapters"]}, {"ready"})

    def run_until_somebody_must_decide(self):
        session = Session([self.ferry.program, "run", ORDER, "--at", "window", "--scale", "100", "--no-wait"],
                          self.ferry.environment)
        self.assertTrue(session.read_until(lambda s: "first slice" in s.screen.text(), 30), session.screen.text())
        os.kill(self.ferry.json("engine", "status")["pid"], signal.SIGKILL)
        self.assertTrue(session.read_until(lambda s: "took over" in s.screen.text(), 30), session.screen.text())
        self.assertEqual(session.wait(), WAITS, session.screen.text())
        self.assertEqual(session.screen.clears, 0, "the picture was cleared instead of redrawn")
        self.assertRegex(session.seen, "in flight was step|nothing was in flight")
        self.assertIn("time x 100", session.seen)
        self.assertTrue(session.seen.endswith(("\x1b[0m", "\n")), "the terminal was not left as it was")

    def finish(self):
        refused = self.ferry("commit", RUN)
        self.assertEqual(refused.returncode, FAILED)
        self.assertIn("approve", refused.stderr)
        self.assertEqual(self.ferry("pause", RUN).stdout, f"{RUN} is PAUSED\n")
        self.assertEqual(self.ferry("resume", RUN).stdout, f"{RUN} is PROCESSING\n")
        self.assertEqual(self.ferry("approve", RUN, "--why", "looks good").returncode, OK)
        watched = self.ferry("watch", RUN, "--plain", "--yes")
        self.assertEqual(watched.returncode, OK, watched.stdout + watched.stderr)
        self.assertNotIn("\x1b", watched.stdout)
        self.assertIn("COMPLETED", watched.stdout)
        follow = subprocess.Popen([self.ferry.program, "journal", RUN, "--follow"], env=self.ferry.environment,
                                  stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.ferry("engine", "stop").returncode, OK)
        self.assertEqual(self.ferry("commit", RUN).returncode, OK)
        lines = follow.communicate(timeout=30)[0].splitlines()
        self.assertEqual(follow.returncode, OK)
        self.assertIn("COMMITTED", lines[-1])
        numbers = [int(line.split()[0]) for line in lines]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)), "records were lost or told twice")

    def look_after(self):
        self.assertEqual(self.ferry.json("show", RUN)["state"], "COMMITTED")
        self.assertIn("COMMITTED", self.ferry("list").stdout)
        self.assertEqual(self.ferry("submit", ORDER, "--at", "window", "--scale", "100").stdout.strip(), RUN)
        for form in ([], ["--md"], ["--html"], ["--paper"]):
            self.assertIn("AMF", self.ferry("report", RUN, *form).stdout)
        self.assertIn("audit", self.ferry.json("report", RUN))
        self.assertIn("audit verify: ok", self.ferry("audit", "verify", RUN).stdout)
        export = self.ferry("audit", "export", RUN).stdout
        for text, code in ((export, OK), (export.replace("looks good", "looks fine"), FAILED)):
            with open(self.ferry.path("export"), "w", encoding="utf-8") as out:
                out.write(text)
            self.assertEqual(self.ferry("audit", "verify", self.ferry.path("export")).returncode, code)
        changed = self.ferry.path("other.xml")
        with open(ORDER, encoding="utf-8") as source, open(changed, "w", encoding="utf-8") as out:
            out.write(source.read().replace("</Definitions>", "<!-- other bytes --></Definitions>"))
        self.assertEqual(self.ferry("submit", changed, "--at", "window").returncode, CONFLICT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=build)
    options, rest = parser.parse_known_args()
    build = os.path.abspath(options.build)
    unittest.main(argv=[sys.argv[0], *rest])
