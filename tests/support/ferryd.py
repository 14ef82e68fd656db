# SPDX-License-Identifier: Apache-2.0
"""A ferryd and, if wanted, a ferry-sim of a test's own: started in a folder of their own, stopped by their pids."""
import ctypes
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

import postgresql

CLUSTER = os.environ.get("FERRY_TEST_PG")  # under tests/support/postgresql.py: every store is in a PostgreSQL
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def die_with_parent():
    """In a child about to be started: PR_SET_PDEATHSIG, so that nothing outlives a test that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


class Refused(RuntimeError):
    """The engine answered with a problem document."""

    def __init__(self, status, text):
        super().__init__(f"{status} {text}")
        self.status = status


class Ferryd:
    def __init__(self, build, connections, workflows, environment=None, plugins=None, shared=False):
        self.build, self.workflows = build, workflows
        self.plugins = plugins or os.path.join(build, "plugins")
        self.environment = {**os.environ, **(environment or {})}
        self.dir = tempfile.mkdtemp(prefix="ferry-test-")
        self.process, self.prefix, self.options = None, [], []
        with open(self.path("connections.json"), "w", encoding="utf-8") as out:
            json.dump(connections, out)
        self.database = postgresql.new_store(CLUSTER, build) if CLUSTER and not shared else None
        if self.database:
            with open(self.path("ferryd.conf"), "w", encoding="utf-8") as out:
                out.write(f"database = {postgresql.address(CLUSTER, self.database)}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        if self.database:
            postgresql.drop_store(CLUSTER, self.database)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def launch(self):
        command = self.prefix + [os.path.join(self.build, "engine/daemon/ferryd"), "--store", self.dir,
                                 "--plugins", self.plugins, "--workflows", self.workflows] + self.options
        with open(self.path("ferryd.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, start_new_session=True,
                                            preexec_fn=die_with_parent)

    def start(self):
        """Start ferryd; how many seconds until it answers."""
        begin = time.perf_counter()
        self.launch()
        while True:
            try:
                self.get("/readyz")
                return time.perf_counter() - begin
            except OSError:
                if not self.alive():
                    raise RuntimeError("ferryd did not start:\n" + self.log()) from None
                time.sleep(0.0005)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def log(self):
        with open(self.path("ferryd.log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def request(self, method, path, body=None, early=False):
        """early: the answer may come before the whole body was taken"""
        connection = UnixConnection(self.path("ferry.sock"))
        try:
            try:
                connection.request(method, path, body)
            except BrokenPipeError:
                if not early:
                    raise
            response = connection.getresponse()
            answer = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        if response.status >= 300:
            raise Refused(response.status, answer.decode())
        return json.loads(answer) if answer else None

    def get(self, path):
        return self.request("GET", path)

    def text(self, path):
        connection = UnixConnection(self.path("ferry.sock"))
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def records(self, run, after=0):
        return self.get(f"/v1/upgrades/{run}/journal?after={after}&limit=100000")["records"]

    # -- its processes ------------------------------------------------------------------------------------

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
        return sum(field(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in self.pids())

    def rss_kb(self):
        return field(f"/proc/{self.process.pid}/status", "VmRSS:")


def retry_submit(engine, order, run, scale):
    """The run's view; submits the order, to start at its window, where the engine does not know it yet."""
    try:
        return engine.get(f"/v1/upgrades/{run}")
    except Refused as refused:
        if refused.status != 404:
            raise
    with open(order, "rb") as source:
        return engine.request("POST", f"/v1/upgrades?scale={scale}&epoch_ms=window", source.read())


def field(path, name):
    with open(path, encoding="ascii") as source:
        return next(int(line.split()[1]) for line in source if line.startswith(name))


class World:
    """A ferry-sim on a socket of its own."""

    def __init__(self, build, seed=1, world=None, options=()):
        self.program = os.path.join(build, "plugins/simulator/ferry-sim")
        self.dir = tempfile.mkdtemp(prefix="ferry-world-")
        self.socket = os.path.join(self.dir, "sim.sock")
        command = [self.program, "--socket", self.socket, "--seed", str(seed), *options] + (["--world", world] if world else [])
        self.process = subprocess.Popen(command, start_new_session=True, preexec_fn=die_with_parent,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            if self.process.poll() is not None:
                raise RuntimeError("ferry-sim did not start")
            time.sleep(0.002)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def ask(self, *words):
        out = subprocess.check_output([self.program, *words, "--socket", self.socket, "--json"])
        return json.loads(out)
