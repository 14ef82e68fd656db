# SPDX-License-Identifier: Apache-2.0
"""The engine under measurement, the limit, and the peer."""
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd  # noqa: E402

BUILD = os.path.join(ROOT, "build", "bench")
CONNECTIONS = {"connections": {"bench": {"plugin": "bench", "tenants": ["bench"], "settings": {}}}}


class Engine(Ferryd):
    """A ferryd on an empty store, with the bench adapter and the bench workflow."""

    def __init__(self, start=True, strace=False):
        super().__init__(BUILD, CONNECTIONS, os.path.join(HERE, "workflows"))
        with open(os.path.join(HERE, "order.xml"), encoding="utf-8") as source:
            self.order = source.read()
        if strace:
            self.prefix = ["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", self.path("strace")]
        if start:
            self.start()

    # -- runs ---------------------------------------------------------------------------------------------

    def submit(self, number, opens, params):
        inputs = "".join(f'<InputParameter name="{name}" type="xs:integer" required="no"/>' for name in params)
        values = "".join(f'<f:Input name="{name}" value="{value}"/>' for name, value in params.items())
        stamp = lambda s: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(s))  # noqa: E731
        xml = (self.order.replace("@NUMBER@", str(number)).replace("@INPUTS@", inputs).replace("@VALUES@", values)
               .replace("@START@", stamp(opens)).replace("@END@", stamp(opens + 7200)))
        self.request("POST", "/v1/upgrades", xml.encode())

    def drive(self, runs, wait=True, **params):
        """Submit runs that all start at the same second; figures of their steps once all are done."""
        opens = int(time.time()) + 2 + runs // 60
        for number in range(runs):
            self.submit(number, opens, params)
        time.sleep(max(0.0, opens - time.time() - 0.1))
        before_cpu, before = self.cpu_us(), self.get("/v1/engine")
        if not wait:
            return None
        self.wait_done(runs)
        cpu, after = self.cpu_us() - before_cpu, self.get("/v1/engine")
        spans = [self.span(number) for number in range(runs)]
        taken = runs * sum(value for name, value in params.items() if name.endswith("_steps"))
        seconds = (max(s[1] for s in spans) - min(s[0] for s in spans)) / 1e3
        return {"steps_per_s": taken / seconds, "cpu_us_per_step": cpu / taken,
                "commits_per_step": (after["commits"] - before["commits"]) / taken}

    def span(self, number):
        times = [r["time_ms"] for r in self.records(f"BENCH-{number}") if r["name"] in ("intent", "outcome")]
        return times[0], times[-1]

    def span_after(self, runs, since_ms):
        times = [r["time_ms"] for n in range(runs) for r in self.records(f"BENCH-{n}")
                 if r["name"] == "outcome" and r["time_ms"] >= since_ms]
        return min(times), max(times)

    def states(self):
        return {run["id"]: run for run in self.get("/v1/upgrades")}

    def wait_done(self, runs):
        while True:
            states = self.states()
            wrong = [r for r in states.values() if r["state"] in ("FAILED_TEMP", "FAILED", "ROLLED_BACK")]
            if wrong:
                raise RuntimeError(json.dumps(self.get(f"/v1/upgrades/{wrong[0]['id']}"), indent=1))
            if sum(r["state"] in ("COMPLETED", "COMMITTED") for r in states.values()) == runs:
                return
            time.sleep(0.05)

    def wait_steps(self, runs, call):
        while sum(self.get(f"/v1/upgrades/{r}").get("step", {}).get("call") == call for r in self.states()) < runs:
            time.sleep(0.1)

    def syncs(self):
        with open(self.path("strace"), encoding="ascii", errors="replace") as source:
            return sum("sync(" in line for line in source)


def raw_fdatasync(seconds=1.0):
    with tempfile.NamedTemporaryFile(prefix="ferry-bench-") as file:
        return float(subprocess.check_output([os.path.join(BUILD, "tests/bench/bench_limit"), file.name, str(seconds)]))


def restate(runs, steps):
    """Restate with one partition, in a network namespace of its own: its server looks outward at start."""
    folder = os.path.join(HERE, "peers", "restate")
    if not os.path.isdir(os.path.join(folder, "node_modules")):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    out = subprocess.check_output(["unshare", "-n", "sh", "-c", f"ip link set lo up; exec node peer.mjs {runs} {steps}"],
                                  cwd=folder, timeout=120)
    return json.loads(out.strip().splitlines()[-1])


def figures_of(program):
    """Lines of JSON that a bench program prints: name, value, unit."""
    path = os.path.join(BUILD, "tests/bench", program)
    out = subprocess.check_output([path], cwd=ROOT)
    return [json.loads(line) for line in out.splitlines()]
