# SPDX-License-Identifier: Apache-2.0
"""A ferryd of its own for a measurement: started on an empty store, driven over its socket, killed at the end."""
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build", "bench")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Engine:
    def __init__(self, start=True, strace=False):
        self.dir = tempfile.mkdtemp(prefix="ferry-bench-")
        self.process, self.strace = None, strace
        with open(os.path.join(self.dir, "connections.json"), "w", encoding="utf-8") as out:
            json.dump({"connections": {"bench": {"plugin": "bench", "tenants": ["bench"], "settings": {}}}}, out)
        with open(os.path.join(HERE, "order.xml"), encoding="utf-8") as source:
            self.order = source.read()
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        """Start ferryd; how many seconds until it answers."""
        command = [os.path.join(BUILD, "engine/daemon/ferryd"), "--store", self.dir,
                   "--plugins", os.path.join(BUILD, "plugins"), "--workflows", os.path.join(HERE, "workflows")]
        if self.strace:
            command = ["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", self.path("strace")] + command
        begin = time.perf_counter()
        with open(self.path("ferryd.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        while True:
            try:
                self.get("/readyz")
                return time.perf_counter() - begin
            except OSError:
                if self.process.poll() is not None:
                    with open(self.path("ferryd.log"), encoding="utf-8") as log:
                        raise RuntimeError("ferryd did not start:\n" + log.read()) from None
                time.sleep(0.0005)

    def kill(self):
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def request(self, method, path, body=None):
        connection = UnixConnection(self.path("ferry.sock"))
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()}")
        return json.loads(answer) if answer else None

    def get(self, path):
        return self.request("GET", path)

    # -- runs ---------------------------------------------------------------------------------------------

    def submit(self, number, opens, params):
        inputs = "".join(f'<InputParameter name="{name}" type="xs:integer" required="no" f:value="{value}"/>'
                         for name, value in params.items())
        stamp = lambda s: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(s))  # noqa: E731
        xml = (self.order.replace("@NUMBER@", str(number)).replace("@INPUTS@", inputs)
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

    def records(self, number, after=0):
        page = self.get(f"/v1/upgrades/BENCH-{number}/journal?after={after}&limit=100000")
        return page["records"]

    def span(self, number):
        times = [r["time_ms"] for r in self.records(number) if r["name"] in ("intent", "outcome")]
        return times[0], times[-1]

    def span_after(self, runs, since_ms):
        times = [r["time_ms"] for n in range(runs) for r in self.records(n)
                 if r["name"] == "outcome" and r["time_ms"] >= since_ms]
        return min(times), max(times)

    def states(self):
        return {run["id"]: run for run in self.get("/v1/upgrades")["upgrades"]}

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

    # -- processes ----------------------------------------------------------------------------------------

    def pids(self):
        found, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for children in glob.glob(f"/proc/{pid}/task/*/children"):
                with open(children, encoding="ascii") as source:
                    queue += [int(child) for child in source.read().split()]
        return found

    def cpu_us(self):
        total = 0
        for pid in self.pids():
            for task in glob.glob(f"/proc/{pid}/task/*/schedstat"):
                with open(task, encoding="ascii") as source:
                    total += int(source.read().split()[0])
        return total / 1e3

    def pss_kb(self):
        return sum(self._field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in self.pids())

    def rss_kb(self):
        return self._field(f"/proc/{self.process.pid}/status", "VmRSS:")

    @staticmethod
    def _field(path, name):
        with open(path, encoding="ascii") as source:
            return next(int(line.split()[1]) for line in source if line.startswith(name))

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
