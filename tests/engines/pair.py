# SPDX-License-Identifier: Apache-2.0
"""Several ferryd on one PostgreSQL store, which look like one to whoever asks: any of them is asked, any may die."""
import os
import random
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("support", "crash")]
import postgresql  # noqa: E402
from ferryd import CLUSTER, Ferryd, Refused  # noqa: E402

LEASE_MS = 1500


class Engines:
    """A call goes to one that lives, drawn by lot. revive: what has died is started again while others live."""

    def __init__(self, build, connections, workflows, environment=None, names="ab", lease_ms=LEASE_MS, seed=0, revive=True, address=None,
                 prefix=()):
        self.build, self.chance, self.revive = build, random.Random(seed), revive
        self.database = None if address else postgresql.new_store(CLUSTER, build)
        self.address = address or postgresql.address(CLUSTER, self.database)
        self.members = []
        for name in names:
            member = Ferryd(build, connections, workflows, environment, shared=True)
            member.name, member.prefix = name, list(prefix)
            member.options = ["--database", self.address, "--engine", name, "--lease-ms", str(lease_ms)]
            self.members.append(member)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.__exit__()
        if self.database:
            postgresql.drop_store(CLUSTER, self.database)

    def __getitem__(self, name):
        return next(member for member in self.members if member.name == name)

    def sql(self, text, login="postgres"):
        return postgresql.sql(CLUSTER, text, self.database, login)

    def living(self):
        return [member for member in self.members if member.alive()]

    @property
    def process(self):
        """Of one that lives, for whoever wants to kill one."""
        return self.chance.choice(self.living() or self.members).process

    def pids(self):
        return self.chance.choice(self.living()).pids()

    def start(self):
        for member in self.members:
            if not member.alive():
                member.start()

    def alive(self):
        return len(self.living()) == len(self.members) if self.revive else len(self.living()) > 0

    def launch(self):
        for member in self.members:
            if not member.alive():
                member.launch()

    def kill(self):
        for member in self.members:
            member.kill()

    def path(self, name):
        return self.members[0].path(name)

    def log(self):
        return "\n".join(f"--- {member.name}\n{member.log()}" for member in self.members if os.path.exists(member.path("ferryd.log")))

    def request(self, method, path, body=None):
        order = self.living()
        self.chance.shuffle(order)
        for member in order:
            try:
                return member.request(method, path, body)
            except (FileNotFoundError, ConnectionRefusedError):
                continue  # it has not opened its socket
            except OSError:
                if method == "POST":
                    raise  # it may have happened
        raise ConnectionError("none of the engines answers")

    def get(self, path):
        return self.request("GET", path)

    def text(self, path):
        return self.living()[0].text(path)

    def records(self, run, after=0):
        return self.get(f"/v1/upgrades/{run}/journal?after={after}&limit=100000")["records"]

    def owners(self):
        """{name: how many runs}, of those that are not fenced."""
        return {engine["name"]: engine["runs"] for engine in self.get("/v1/engines")["engines"] if engine["state"] != "fenced"}


def stop(member):
    """SIGSTOP of ferryd alone; its hosts go on, as they would beside a frozen thread."""
    os.kill(member.process.pid, signal.SIGSTOP)


def go_on(member):
    os.kill(member.process.pid, signal.SIGCONT)


def until(what, seconds, true, pause=0.03):
    """How long it took until it was true."""
    begin, last = time.monotonic(), None
    while time.monotonic() - begin < seconds:
        try:
            if true():
                return time.monotonic() - begin
        except (OSError, Refused) as why:
            last = why
        time.sleep(pause)
    raise AssertionError(f"not within {seconds} s: {what}" + (f"; last: {last}" if last else ""))
