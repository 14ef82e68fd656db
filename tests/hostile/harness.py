# SPDX-License-Identifier: Apache-2.0
"""A ferryd that is mistreated while an innocent run goes on, and the record of what held."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd, Refused, field  # noqa: E402,F401

RSS_MAX_KB = 200 * 1024
PAUSE_MAX_MS = 20000  # the longest an innocent run may stand still, on a machine that is busy with others too
INNOCENT = "for i = 1, 100000 do nf:call('hostile.act', { act = 'well' }) sleep(100) end"
TEXT = """local wf = workflow { name = "%s", version = "1.0", api = 1, needs = {}, params = {} }
function wf:upgrade(nf, plan)
%s
end
function wf:rollback(nf, plan, done) end
return wf
"""
CANARY = "CANARY-4f1c6a1e"


def options(doc):
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    return parser.parse_args()


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Report:
    """One line a case; what does not hold is shown with its reason."""

    def __init__(self):
        self.failed = self.count = 0
        self.begin = time.time()

    def case(self, name, wrong, said=""):
        self.count += 1
        self.failed += bool(wrong)
        print(f"{'FAILED' if wrong else 'ok    '} {name:34} {said}", flush=True)
        for what in wrong:
            print(f"       {what}", flush=True)

    def end(self):
        print(f"{self.count - self.failed} held, {self.failed} did not, in {time.time() - self.begin:.0f} s")
        return 1 if self.failed else 0


class Engine(Ferryd):
    """A ferryd with the hostile adapter, one connection a name, and one workflow a text."""

    def __init__(self, build, texts=None, connections=("good",), plugins=None):
        self.catalogue = tempfile.mkdtemp(prefix="ferry-hostile-")
        self.number = 0
        for name, body in {"innocent": INNOCENT, **(texts or {})}.items():
            self.write_workflow(name, body)
        document = {name: {"plugin": (plugins or {}).get(name, "hostile"), "tenants": ["bench"], "settings": {},
                           "secrets": {"password": {"file": "password"}}} for name in connections}
        super().__init__(build, {"connections": document}, self.catalogue,
                         plugins=os.path.join(build, "tests/hostile/plugins"))
        with open(os.open(self.path("password"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as out:
            out.write(CANARY + "\n")

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.catalogue, ignore_errors=True)

    def write_workflow(self, name, body):
        folder = os.path.join(self.catalogue, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name + ".lua"), "w", encoding="utf-8") as out:
            out.write(body if "return wf" in body else TEXT % (name, body))

    def order(self, workflow, connection="good"):
        """The least order, and the run it becomes."""
        self.number += 1
        with open(os.path.join(ROOT, "tests/bench/order.xml"), encoding="utf-8") as source:
            xml = source.read()
        now = time.time() + 60
        for name, value in {"@NUMBER@": f"{self.number}", "@INPUTS@": "", "@VALUES@": "", "@START@": stamp(now),
                            "@END@": stamp(now + 7200), "ferry:bench@1": f"ferry:{workflow}@1",
                            'ref="bench"': f'ref="{connection}"', "sha256:01": "sha256:" + "0a" * 32, "sha256:02": "sha256:" + "0b" * 32}.items():
            xml = xml.replace(name, value)
        return xml.encode(), f"BENCH-{self.number}"

    def submit(self, workflow, connection="good"):
        xml, run = self.order(workflow, connection)
        self.request("POST", "/v1/upgrades?epoch_ms=window", xml)
        return run

    def view(self, run):
        return self.get(f"/v1/upgrades/{run}")

    def wait(self, run, states, seconds):
        end = time.time() + seconds
        while True:
            view = self.view(run)
            if view["state"] in states or time.time() > end:
                return view
            time.sleep(0.02)

    def cli(self, *words, store=None, env=None, data=None):
        """(exit code, what it printed on stdout, and on stderr)"""
        done = subprocess.run([os.path.join(self.build, "engine/cli/ferry"), *words, "--store", store or self.dir],
                              capture_output=True, text=True, errors="replace", timeout=60, input=data,
                              env={**os.environ, **(env or {})}, check=False)
        return done.returncode, done.stdout, done.stderr


class Innocent:
    """A run that takes a step every tenth of a second for as long as this lasts."""

    def __init__(self, engine):
        self.engine, self.seen = engine, 0
        self.run = engine.submit("innocent")
        engine.wait(self.run, ("PROCESSING",), 20)

    def look(self):
        """What is wrong with it since the last look."""
        records = [r for r in self.engine.records(self.run, self.seen) if r["name"] == "intent"]
        if not records:
            time.sleep(0.3)
            records = [r for r in self.engine.records(self.run, self.seen) if r["name"] == "intent"]
        wrong = [] if records else ["the innocent run stands still"]
        times = [r["time_ms"] for r in records]
        wrong += [f"the innocent run stood still for {b - a} ms" for a, b in zip(times, times[1:]) if b - a > PAUSE_MAX_MS]
        self.seen = records[-1]["seq"] if records else self.seen
        state = self.engine.view(self.run)["state"]
        return wrong + ([] if state == "PROCESSING" else [f"the innocent run is {state}"])

    def end(self):
        return self.look()


def check_engine(engine, pid):
    """The engine is the same process, small, and quiet."""
    wrong = []
    if not engine.alive() or engine.get("/v1/engine")["pid"] != pid:
        wrong.append("ferryd was restarted")
    if engine.rss_kb() > RSS_MAX_KB:
        wrong.append(f"ferryd has {engine.rss_kb() // 1024} MiB")
    return wrong


def sentence(view):
    error = view.get("error", {})
    return f"{error.get('message', '')} ({error.get('hint', 'no hint')})"


def main_of(run, doc):
    report = Report()
    run(options(doc).build, report)
    sys.exit(report.end())

