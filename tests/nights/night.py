# SPDX-License-Identifier: Apache-2.0
"""One night: an order on a simulated core of its own, what goes wrong, who does what, and what must be so at the end."""
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd, Refused, World, retry_submit  # noqa: E402

TRIAL = os.path.join(ROOT, "plugins/simulator/trial")
RUN = "CHG-0007"
NEVER = ("users_dropped", "held_calls_dropped", "instances_upgraded_under_sessions", "actives_upgraded_without_switchover",
         "pairs_down", "storage_down", "ticks_source_overloaded", "ticks_target_overloaded", "keys_repeated")
ENDS = ("COMPLETED", "COMMITTED", "FAILED_TEMP", "FAILED", "ROLLED_BACK")


class Night:
    """What a story can do: change the order, set faults, wait, press verbs, kill. It raises when something is not so."""

    def __init__(self, build, scale, folder):
        self.build, self.scale, self.workflows = build, scale, folder
        self.wrong, self.approving, self.patience = [], True, 150

    def __enter__(self):
        self.world = World(self.build).__enter__()
        with open(os.path.join(TRIAL, "connections.json"), encoding="utf-8") as source:
            connections = json.load(source)
        for connection in connections["connections"].values():
            connection["settings"]["socket"] = self.world.socket
        self.engine = Ferryd(self.build, connections, self.workflows)
        self.engine.start()
        return self

    def __exit__(self, *_):
        self.engine.__exit__()
        self.world.__exit__()

    # -- before -------------------------------------------------------------------------------------------

    def order(self, *changes, name="order.xml"):
        with open(os.path.join(TRIAL, "amf-order.xml"), encoding="utf-8") as source:
            text = source.read()
        for pattern, put in changes:
            text, count = re.subn(pattern, put, text)
            if count == 0:
                raise RuntimeError(f"the order has no {pattern}")
        path = self.engine.path(name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def submit(self, *changes):
        return retry_submit(self.engine, self.order(*changes), RUN, self.scale)

    # -- what happens -------------------------------------------------------------------------------------

    def ferry(self, *words):
        """The command line, as an operator would type it."""
        import subprocess
        command = [os.path.join(self.build, "engine/cli/ferry"), *words, "--store", self.engine.dir]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def fault(self, *words):
        done = self.ferry("sim", "fault", *words, "--sim", self.world.socket)
        if done.returncode != 0:
            raise RuntimeError(f"sim fault {' '.join(words)}: {done.stderr}")

    def clear(self, *words):
        self.ferry("sim", "clear", *words, "--sim", self.world.socket)

    def verb(self, verb, **args):
        return self.engine.request("POST", f"/v1/upgrades/{RUN}/{verb}", json.dumps({"why": "a test", **args}))

    def view(self):
        return self.engine.get(f"/v1/upgrades/{RUN}")

    def until(self, *states, step=None, stage=None, passing=()):
        """The view once the run is in one of the states (and in that call, and in that stage); approves what is asked.

        passing: ends that are not the end of the story."""
        end = time.time() + self.patience
        while time.time() < end:
            view = self.view()
            call = (view.get("step") or {}).get("call")
            share = (view.get("stage") or {}).get("permille")
            if view["state"] in states and (step is None or call == step) and (stage is None or share == stage):
                return view
            if view["state"] in ENDS and view["state"] not in (*states, *passing) and view.get("asked") is None:
                raise AssertionError(f"{view['state']} instead of {' or '.join(states)} {step or ''}\n" + self.story())
            if self.approving and view.get("approval"):
                self.press("approve")
            time.sleep(0.02)
        raise AssertionError(f"still {view['state']}: {view.get('waiting')}\n" + self.story())

    def press(self, verb):
        try:
            self.verb(verb)
        except Refused:
            pass  # it came too late: what it was for is over

    def kill_hosts(self, kind):
        """The processes that run adapters (or scripts) die at once."""
        import signal
        for pid in self.engine.pids()[1:]:
            with open(f"/proc/{pid}/cmdline", "rb") as source:
                if kind.encode() in source.read().split(b"\0"):
                    os.kill(pid, signal.SIGKILL)

    def story(self):
        told = ("state changed", "verdict", "command", "checked", "resumed")
        return "\n".join(f"       {r['seq']} {r['text']}"[:300] for r in self.engine.records(RUN)
                         if r["name"] in told or (r["name"] == "outcome" and not r["body"]["ok"]))

    # -- what must be so ----------------------------------------------------------------------------------

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    def counters(self):
        return self.world.ask("counters")

    def version_everywhere(self, version):
        for instance in self.world.ask("users")["instances"]:
            self.expect(instance["version"] == version, f"{instance['id']} runs {instance['version']}")
        status = self.world.ask("status")
        self.expect(not status["split"], "the network function is still split")
        self.expect(status["version"] == version, f"the network function is on {status['version']}")

    def nobody_harmed(self, but=()):
        counters = self.counters()
        for name in NEVER:
            self.expect(name in but or counters[name] == 0, f"{name}: {counters[name]}")

    def guards_back(self):
        for guard in self.view()["guards"]:
            self.expect(not guard["held"] and guard["as_it_was"], f"guard {guard['guard']} is not as it was")

    def as_before(self, but=()):
        """Everybody on the old version, nobody harmed, guards as they were, and the next order is taken."""
        self.version_everywhere("1.2.0")
        self.nobody_harmed(but)
        self.guards_back()
        text = open(self.engine.path("order.xml"), encoding="utf-8").read().replace('requestId="CHG-0007"', 'requestId="CHG-0099"')
        now_ms = self.view()["now_ms"]
        try:
            self.engine.request("POST", f"/v1/upgrades?scale={self.scale}&epoch_ms={now_ms}", text)
        except Refused as refused:
            self.expect("window" in str(refused), f"the next order is refused: {refused}")

    def upgraded(self, but=(), version="1.3.0"):
        self.version_everywhere(version)
        self.nobody_harmed(but)
        self.guards_back()
