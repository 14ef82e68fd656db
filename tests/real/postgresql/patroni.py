#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL that fails over: Patroni, etcd, one primary and one synchronous standby, in a network of their own.

    tests/real/postgresql/patroni.py [--hold SECONDS]      start it, say how to reach it, stop it

Everything lives in network namespaces that end with their processes: a laboratory with a bridge and etcd, and one
namespace for each node, so that a node can be cut off. Nothing is reachable from outside, and nothing is left behind.
It needs root (for the namespaces) and Debian's patroni, etcd-server and postgresql; PostgreSQL runs as user postgres.
Whatever wants to talk to it is started inside the laboratory: see Lab.prefix().
"""
import argparse
import ctypes
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

NETWORK = "10.77.0"
NODES = ("a", "b")
NEEDED = {"patroni": "patroni", "etcd": "etcd-server", "runuser": "util-linux", "nsenter": "util-linux", "ip": "iproute2"}


def binaries():
    """Debian keeps the server's programs out of PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else None


def missing():
    """Why this machine cannot run the laboratory; empty: it can."""
    why = [f"{package} is not installed" for program, package in NEEDED.items() if not shutil.which(program)]
    if not binaries():
        why.append("postgresql is not installed")
    if os.geteuid() != 0:
        why.append("network namespaces need root")
    return why


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def eventually(what, seconds, true, pause=0.1):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(pause)
    raise RuntimeError(f"not within {seconds} s: {what}")


def children(pid):
    found = []
    for name in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(name, encoding="ascii") as source:
                found += [int(child) for child in source.read().split()]
        except OSError:
            pass
    return found + [grandchild for child in found for grandchild in children(child)]


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Namespace:
    """A network namespace, held by a process that sleeps."""

    def __init__(self, inside=None):
        enter = ["nsenter", "-t", str(inside), "-n"] if inside else []
        self.holder = subprocess.Popen(enter + ["unshare", "-n", "sleep", "1000000"], preexec_fn=die_with_parent)
        eventually("a network namespace", 5, self.is_new)
        self.run("ip", "link", "set", "lo", "up")

    def is_new(self):
        try:
            return os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net") and \
                open(f"/proc/{self.holder.pid}/comm", encoding="ascii").read().strip() == "sleep"
        except OSError:
            return False

    def prefix(self):
        return ["nsenter", "-t", str(self.holder.pid), "-n"]

    def run(self, *command):
        subprocess.run(self.prefix() + list(command), check=True, capture_output=True, text=True)

    def end(self):
        self.holder.kill()
        self.holder.wait()


class Node:
    """One Patroni with its PostgreSQL."""

    def __init__(self, lab, name, number):
        self.lab, self.name, self.address = lab, name, f"{NETWORK}.{10 + number}"
        self.link = f"node-{name}"
        self.space = Namespace()
        lab.space.run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "eth0", "netns", str(self.space.holder.pid))
        lab.space.run("ip", "link", "set", self.link, "master", "bridge", "up")
        self.space.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.space.run("ip", "link", "set", "eth0", "up")
        self.data = os.path.join(lab.dir, name)
        self.config = os.path.join(lab.dir, f"{name}.json")
        with open(self.config, "w", encoding="utf-8") as out:
            json.dump(self.settings(), out)
        self.process = None

    def settings(self):
        access = ["local all all trust", f"host all all {NETWORK}.0/24 trust", f"host replication all {NETWORK}.0/24 trust"]
        return {
            "scope": "ferry", "name": self.name, "restapi": {"listen": f"{self.address}:8008", "connect_address": f"{self.address}:8008"},
            "etcd3": {"hosts": f"{NETWORK}.1:2379"},
            "bootstrap": {"dcs": {
                "ttl": self.lab.ttl, "loop_wait": 1, "retry_timeout": 3, "maximum_lag_on_failover": 1048576,
                "synchronous_mode": True, "synchronous_mode_strict": True,
                "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": {
                    "wal_log_hints": "on", "max_connections": 60, "max_wal_senders": 6, "wal_keep_size": "128MB",
                    "tcp_keepalives_idle": 2, "tcp_keepalives_interval": 1, "tcp_keepalives_count": 3,
                    "tcp_user_timeout": 5000, "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s",
                    "checkpoint_timeout": "30s", "shared_buffers": "32MB"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"], "pg_hba": access},
            "postgresql": {
                "listen": f"{self.address}:5432", "connect_address": f"{self.address}:5432", "data_dir": self.data,
                "bin_dir": binaries(), "pgpass": os.path.join(self.lab.dir, f"{self.name}.pgpass"), "pg_hba": access,
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"},
                                   "rewind": {"username": "postgres"}},
                "parameters": {"unix_socket_directories": ""}},
        }

    def start(self):
        log = open(os.path.join(self.lab.dir, f"{self.name}.log"), "ab")  # noqa: SIM115 - lives with the process
        self.process = subprocess.Popen(self.space.prefix() + ["runuser", "-u", "postgres", "--", shutil.which("patroni"), self.config],
                                        stdout=log, stderr=log, cwd=self.lab.dir, start_new_session=True, preexec_fn=die_with_parent)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def postmaster(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as source:
                return int(source.readline())
        except (OSError, ValueError):
            return None

    def pids(self):
        """Patroni's and PostgreSQL's; the latter is nobody's child once Patroni has died."""
        found = [self.process.pid] + children(self.process.pid) if self.alive() else []
        postmaster = self.postmaster()
        if postmaster and os.path.exists(f"/proc/{postmaster}") and postmaster not in found:
            found += [postmaster] + children(postmaster)
        return found

    def asks(self, path):
        """Patroni's own word, asked from inside the laboratory."""
        result = subprocess.run(self.lab.space.prefix() + ["curl", "-s", "-m", "1", f"http://{self.address}:8008/{path}"],
                                capture_output=True, text=True)
        try:
            return json.loads(result.stdout)
        except ValueError:
            return {}

    def sql(self, text, database="postgres"):
        result = subprocess.run(self.lab.space.prefix() + ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-h", self.address, "-U", "postgres",
                                                            "-d", database, "-c", text], capture_output=True, text=True, timeout=20,
                                env={**os.environ, "PGCONNECT_TIMEOUT": "2"})
        return result.stdout.strip() if result.returncode == 0 else None

    # -- what goes wrong ------------------------------------------------------------------------------------

    def kill(self):
        """kill -9 of Patroni and of all of PostgreSQL, at once."""
        for pid in self.pids():
            send(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def pause(self):
        stopped = self.pids()
        for pid in stopped:
            send(pid, signal.SIGSTOP)
        return stopped

    def go_on(self, stopped):
        for pid in stopped:
            send(pid, signal.SIGCONT)

    def cut_off(self):
        self.lab.space.run("ip", "link", "set", self.link, "down")

    def reconnect(self):
        self.lab.space.run("ip", "link", "set", self.link, "up")

    def end(self):
        for pid in self.pids():
            send(pid, signal.SIGCONT)
        self.kill()
        self.space.end()


class Lab:
    """etcd and the nodes. with Lab() as lab: lab.address() is what ferryd is given. SIGTERM ends it in order."""

    def __init__(self, ttl=8):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a change of user clears PR_SET_PDEATHSIG
        self.ttl = ttl
        self.dir = tempfile.mkdtemp(prefix="ferry-patroni-")
        shutil.chown(self.dir, "postgres", "postgres")
        os.chmod(self.dir, 0o755)
        self.space = Namespace()
        self.space.run("ip", "link", "add", "bridge", "type", "bridge")
        self.space.run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "bridge")
        self.space.run("ip", "link", "set", "bridge", "up")
        self.etcd = self.start_etcd()
        self.nodes = [Node(self, name, number) for number, name in enumerate(NODES, 1)]

    def start_etcd(self):
        with open(os.path.join(self.dir, "etcd.log"), "ab") as log:
            return subprocess.Popen(
                self.space.prefix() + ["etcd", "--data-dir", os.path.join(self.dir, "etcd"), "--name", "lab",
                                       "--listen-client-urls", f"http://{NETWORK}.1:2379", "--advertise-client-urls", f"http://{NETWORK}.1:2379",
                                       "--listen-peer-urls", f"http://{NETWORK}.1:2380", "--unsafe-no-fsync"],
                stdout=log, stderr=log, preexec_fn=die_with_parent)

    def __enter__(self):
        try:
            self.nodes[0].start()
            eventually("a primary", 60, self.primary)
            self.nodes[1].start()
            self.ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.end()
        self.etcd.kill()
        self.etcd.wait()
        self.space.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def prefix(self):
        """Put before a command, this runs it inside the laboratory."""
        return self.space.prefix()

    def address(self, database="ferry", user="ferryd"):
        """libpq's, for the primary whichever it is."""
        hosts = ",".join(node.address for node in self.nodes)
        return f"host={hosts} port=5432 dbname={database} user={user} connect_timeout=2 target_session_attrs=read-write"

    def primary(self):
        for node in self.nodes:
            if node.sql("SELECT pg_is_in_recovery()") == "f":
                return node
        return None

    def standby(self):
        primary = self.primary()
        return next((node for node in self.nodes if node is not primary), None)

    def synchronous(self):
        """A primary whose synchronous standby is there and is in etcd as such: Patroni promotes no other."""
        primary = self.primary()
        return primary is not None and primary.sql(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming' AND application_name IN ('a', 'b') "
            "AND current_setting('synchronous_standby_names') <> '*'") == "1" \
            and primary

    def ready(self, seconds=90):
        return eventually("a primary with a synchronous standby", seconds, self.synchronous, 0.2)

    def ctl(self, *words):
        return subprocess.run(self.prefix() + ["patronictl", "-c", self.nodes[0].config, *words], capture_output=True, text=True)

    def switch_over(self):
        primary = self.primary()
        if primary is None:
            return False
        body = json.dumps({"leader": primary.name, "candidate": next(n.name for n in self.nodes if n is not primary)})
        subprocess.run(self.prefix() + ["curl", "-s", "-m", "20", "-X", "POST", "-d", body, f"http://{primary.address}:8008/switchover"],
                       capture_output=True)
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hold", type=float, default=0)
    options = parser.parse_args()
    why = missing()
    if why:
        print("this machine cannot: " + "; ".join(why))
        return 2
    begin = time.monotonic()
    with Lab() as lab:
        print(f"up after {time.monotonic() - begin:.1f} s, primary {lab.primary().name}\n  {' '.join(lab.prefix())} psql \"{lab.address('postgres', 'postgres')}\"",
              flush=True)
        time.sleep(options.hold)
    return 0


if __name__ == "__main__":
    sys.exit(main())
