# SPDX-License-Identifier: Apache-2.0
"""The engine under measurement, the limit, and the peer."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import ROOT, Ferryd, field  # noqa: E402

BUILD = os.path.join(ROOT, "build", "bench")
CONNECTIONS = {"connections": {"bench": {"plugin": "bench", "tenants": ["bench"], "settings": {}}}}
HOLD_MS = 1500  # runs of a drive sleep this long before they step, so that checks and plans are not measured
WRONG = ("FAILED_TEMP", "FAILED", "ROLLED_BACK")


class Engine(Ferryd):
    """A ferryd on an empty store, with the bench adapter and the bench workflow."""

    def __init__(self, start=True, strace=False):
        super().__init__(BUILD, CONNECTIONS, os.path.join(HERE, "workflows"))
        with open(os.path.join(HERE, "order.xml"), encoding="utf-8") as source:
            self.order = source.read()
        if strace:  # --seccomp-bpf: nothing but these calls is stopped
            self.prefix = ["strace", "-f", "--seccomp-bpf", "-qq", "-ttt", "-e", "trace=fdatasync,fsync", "-o", self.path("strace")]
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

    def submit_all(self, runs, hold_at, **params):
        """Runs that start at the same second; returns when each of them sleeps in its hold."""
        opens = int(time.time()) + 2 + runs // 60
        for number in range(runs):
            self.submit(number, opens, {"hold_at": hold_at, **params})
        time.sleep(max(0.0, opens - time.time() + 0.1))
        self.wait_for(runs, lambda run: run.get("step", {}).get("number") == hold_at)

    def drive(self, runs, kind, steps):
        """Take steps in so many runs at once; figures of all of them together."""
        count = {"engine_steps": steps} if kind == "engine" else {"engine_steps": 1, "adapter_steps": steps, "report": 1}
        self.submit_all(runs, hold_at=1, hold_ms=HOLD_MS + 10 * runs, **count)
        before_cpu, before = self.cpu_us(), self.get("/v1/engine")
        self.wait_done(runs)
        cpu, after = self.cpu_us() - before_cpu, self.get("/v1/engine")
        spans = [self.span(run) for run in self.states().values()]
        taken = runs * sum(value for name, value in count.items() if name.endswith("_steps"))
        seconds = (max(s[1] for s in spans) - min(s[0] for s in spans)) / 1e3
        figures = {"rate": taken / seconds, "cpu": cpu / taken, "commits": (after["commits"] - before["commits"]) / taken}
        if kind == "adapter":
            report = self.outcomes(self.states()["BENCH-0"], -6)[-1]["body"]["result"]
            figures |= {"p50": report["p50_ns"] / 1e6, "p99": report["p99_ns"] / 1e6}
        return figures

    def outcomes(self, run, part):
        """The outcomes among the first or (negative) the last so many records of a run."""
        after = max(0, run["seq"] + part) if part < 0 else 0
        return [r for r in self.get(f"/v1/upgrades/{run['id']}/journal?after={after}&limit={abs(part)}")["records"]
                if r["name"] == "outcome"]

    def span(self, run):
        """From the end of the hold to the last outcome."""
        return self.outcomes(run, 40)[0]["time_ms"], self.outcomes(run, -6)[-1]["time_ms"]

    def span_after(self, since_ms):
        """The first and the last outcome of all runs since then."""
        times = [r["time_ms"] for run in self.states().values() for r in self.records(run["id"])
                 if r["name"] == "outcome" and r["time_ms"] >= since_ms]
        return min(times), max(times)

    def states(self):
        return {run["id"]: run for run in self.get("/v1/upgrades")}

    def wait_for(self, runs, so):
        while True:
            states = self.states().values()
            wrong = [r for r in states if r["state"] in WRONG]
            if wrong:
                raise RuntimeError(f"{len(wrong)} runs went wrong: " + json.dumps(wrong[0], indent=1) + self.log())
            if sum(so(r) for r in states) == runs:
                return
            time.sleep(0.1)

    def wait_done(self, runs):
        self.wait_for(runs, lambda run: run["state"] == "COMPLETED")

    # -- what its processes did ------------------------------------------------------------------------------

    def syncs(self):
        """When each sync of the log began, in seconds."""
        with open(self.path("strace"), encoding="ascii", errors="replace") as source:
            return [float(line.split()[1]) for line in source if "sync(" in line]

    def rss_mb(self):
        return field(f"/proc/{self.process.pid}/status", "VmRSS:") / 1024


def quantiles(times):
    """Median and 99th percentile of the intervals, in ms."""
    gaps = sorted((b - a) * 1e3 for a, b in zip(times, times[1:]))
    return statistics.median(gaps), gaps[len(gaps) * 99 // 100]


def raw_fdatasync(seconds=1.0):
    with tempfile.NamedTemporaryFile(prefix="ferry-bench-") as file:
        return float(subprocess.check_output([os.path.join(BUILD, "tests/bench/bench_limit"), file.name, str(seconds)]))


def restate(runs, steps):
    """Restate with one partition, in a network namespace of its own: its server looks outward at start."""
    folder = os.path.join(HERE, "peers", "restate")
    if not os.path.isdir(os.path.join(folder, "node_modules")):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)
    out = subprocess.check_output(["unshare", "-n", "sh", "-c", f"ip link set lo up; exec node peer.mjs {runs} {steps}"],
                                  cwd=folder, timeout=180)
    return json.loads(out.strip().splitlines()[-1])


def figures_of(program):
    """What a bench program prints: values by name."""
    out = subprocess.check_output([os.path.join(BUILD, "tests/bench", program)], cwd=ROOT)
    return {line["name"]: line["value"] for line in map(json.loads, out.splitlines())}
