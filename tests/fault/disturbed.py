# SPDX-License-Identifier: Apache-2.0
"""One upgrade by the real programs, with a store or an allocator that fails as a page in memory says."""
import json
import mmap
import os
import re
import shutil
import stat
import struct
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "support"), os.path.join(os.path.dirname(HERE), "crash")]
from ferryd import ROOT, Ferryd, Refused, World  # noqa: E402
import scenario  # noqa: E402
from scenario import RUN, SCALE  # noqa: E402

WRITES, SYNCS, SIZES, READS, OPENS = 1, 2, 4, 8, 16
KINDS = ("ferryd", "script", "adapter", "reader")
PATIENCE = 60


class Page:
    """What preload.c reads; its table of members is the same."""
    MEMBERS = ("which", "error", "from", "length", "growing", "calls", "failed", "kind", "at", "lasting", "place", "passed",
               "ferryd", "script", "adapter", "reader", "refused", "victim", "surveys")
    PLACES = 8192

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as out:
            out.write(bytes(8 * (len(self.MEMBERS) + len(KINDS) * self.PLACES)))
        with open(path, "r+b") as both:
            self.memory = mmap.mmap(both.fileno(), 0)

    def __getitem__(self, name):
        return struct.unpack_from("q", self.memory, 8 * self.MEMBERS.index(name))[0]

    def __setitem__(self, name, value):
        struct.pack_into("q", self.memory, 8 * self.MEMBERS.index(name), value)

    def places(self, kind):
        """Where allocations of such processes were seen to come from."""
        start = 8 * (len(self.MEMBERS) + KINDS.index(kind) * self.PLACES)
        return sorted(place for (place,) in struct.iter_unpack("q", self.memory[start:start + 8 * self.PLACES]) if place)

    def fail(self, error, which, start=0, length=0, growing=False):
        """From the start-th such call on, so many of them (0: until mend)."""
        for name, value in (("calls", 0), ("from", start), ("length", length), ("growing", int(growing)), ("which", which),
                            ("error", error)):
            self[name] = value

    def mend(self):
        self["error"] = 0


def order():
    with open(os.path.join(ROOT, "tests/crash/order.xml"), encoding="utf-8") as source:
        return source.read().replace('onFailure="rollback"', 'onFailure="hold"').encode()


class Disturbed:
    """A world, a ferryd that may be failed, and an operator; use it as a context."""

    def __init__(self, build, preloaded=True):
        self.build, self.folder = build, tempfile.mkdtemp(prefix="ferry-fault-")
        self.page = Page(os.path.join(self.folder, "page"))
        self.world = World(build, 1, os.path.join(ROOT, "tests/crash/world.json"))
        self.engine = Ferryd(build, scenario.connections(self.world), os.path.join(ROOT, "workflows"))
        self.preload = os.path.join(build, "tests/fault/libfault_preload.so") if preloaded else None
        self.accepted, self.starts, self.sent, self.promised, self.parks = False, 0, {}, {}, []
        if preloaded:
            self.engine.options = ["--host", self.host_script()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.engine.__exit__()
        self.world.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    def host_script(self):
        """ferryd passes its hosts no environment of this kind, so they are started through this."""
        path = os.path.join(self.folder, "host")
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\ncase $1 in script) kind=1;; adapter) kind=2;; *) kind=3;; esac\n"
                      f"FERRY_FAULT_PAGE={self.page.path} FERRY_FAULT_KIND=$kind LD_PRELOAD={self.preload} \\\n"
                      f"exec {self.build}/engine/host/ferry-host \"$@\"\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    # -- its life -----------------------------------------------------------------------------------------

    def launch(self):
        self.starts += 1
        if self.preload:
            self.engine.environment = {**os.environ, "LD_PRELOAD": self.preload, "FERRY_FAULT_PAGE": self.page.path,
                                       "FERRY_FAULT_KIND": "0"}
        self.engine.launch()

    def start(self):
        self.launch()
        end = time.time() + 10
        while time.time() < end:
            try:
                return self.engine.get("/healthz")
            except OSError:
                time.sleep(0.005)
        raise RuntimeError("ferryd did not answer: " + self.engine.log()[-2000:])

    def verb(self, verb):
        """Sends a verb. A refusal that leaves it pending counts as sent."""
        self.sent[verb] = self.sent.get(verb, 0) + 1
        try:
            self.engine.request("POST", f"/v1/upgrades/{RUN}/{verb}", json.dumps({"why": "test"}))
        except Refused as refused:
            if '"pending":true' not in str(refused):
                self.sent[verb] -= 1
            raise
        self.promised[verb] = self.promised.get(verb, 0) + 1

    def view(self):
        return self.engine.get(f"/v1/upgrades/{RUN}")

    def submit(self):
        if self.accepted:
            raise scenario.Undone("the order was answered with 202 and is not there any more")
        self.engine.request("POST", f"/v1/upgrades?scale={SCALE}&epoch_ms=window", order())
        self.accepted = True

    def operate(self):
        """One look and what a person does about it; the view once the run is over."""
        try:
            view = self.view()
        except Refused as refused:
            if refused.status == 404:
                self.submit()
            return None
        if view["state"] == "COMPLETED":
            self.verb("commit")
        elif view["state"] == "FAILED_TEMP":
            self.parks.append(view["error"]["message"])
            self.verb("retry")
        elif view["state"] in ("COMMITTED", "ROLLED_BACK", "FAILED"):
            return view
        elif view.get("approval"):
            self.verb("approve")
        return None

    def drive(self, until=None):
        """To its end, or until the view says so; ferryd is started again whenever it has ended."""
        end, last = time.time() + PATIENCE, None
        while time.time() < end:
            if not self.engine.alive():
                if self.starts > 40:
                    raise scenario.Undone("ferryd ended 40 times:\n" + self.engine.log()[-3000:])
                self.launch()
            try:
                view = self.operate()
                if view is not None:
                    return view
                if until is not None and until(self.view()):
                    return None
            except (OSError, Refused, json.JSONDecodeError) as why:
                last = why
            time.sleep(0.005)
        raise scenario.Undone(f"no end within {PATIENCE} s; {last}; last log:\n" + self.engine.log()[-3000:])

    def finish(self):
        """Drive to the end, then judge: (what the end looks like, what is wrong)."""
        try:
            view = self.drive()
            self.mend_all()  # judging is nobody's upgrade
            if not self.engine.alive():
                self.start()
            end, wrong, records = scenario.judge(self.engine, self.world, view, scenario.Plan())
        except (scenario.Undone, OSError, Refused) as why:
            return None, [str(why)]
        for verb in self.sent.keys() | self.promised.keys():
            found = sum(r["name"] == "command" and r["body"]["verb"] == verb for r in records)
            if not self.promised.get(verb, 0) <= found <= self.sent[verb]:
                wrong.append(f"{verb}: sent {self.sent[verb]}, promised {self.promised.get(verb, 0)}, recorded {found}")
        return end, wrong

    def mend_all(self):
        self.page["at"] = self.page["error"] = 0

    # -- what there is to see -----------------------------------------------------------------------------

    def effects(self):
        keys = self.world.ask("counters")["keys"]
        return {key: op["effects"] for key, op in keys.items()}

    def said(self, pattern):
        return re.search(pattern, self.engine.log()) is not None
