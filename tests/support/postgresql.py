#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL for tests: a cluster in a folder of its own, on a UNIX socket only, gone at the end.

    tests/support/postgresql.py COMMAND ...     runs COMMAND with FERRY_TEST_PG=the folder of the socket

Durability is as in production (Ferry refuses anything less). PostgreSQL does not run as root: then the system's user
"postgres" (or "nobody") runs it. Exits with 77, which ctest calls skipped, where PostgreSQL is not installed.

Logins: postgres (superuser), owner (may create roles and databases), ferryd (member of ferry_engine), auditor.
"""
import fcntl
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SETTINGS = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "120",
            "shared_buffers": "64MB", "max_wal_size": "1GB", "min_wal_size": "256MB", "log_min_messages": "warning",
            "autovacuum_naptime": "10s", "checkpoint_timeout": "15min"}


def programs():
    """The folder of the newest installed version, or None."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb") + ([shutil.which("initdb")] if shutil.which("initdb") else [])
    return os.path.dirname(max(found, key=lambda path: int((re.findall(r"/(\d+)/", path) or ["0"])[0]))) if found else None


def as_user():
    """How a command is run as somebody who is not root."""
    if os.getuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    return ["runuser", "-u", "postgres" if "postgres" in names else "nobody", "--"]


class PostgreSQL:
    def __init__(self, settings=None):
        self.bin = programs()
        self.settings = {**SETTINGS, **(settings or {})}
        self.dir = tempfile.mkdtemp(prefix="ferry-pg-")
        self.user = as_user()
        if self.user:
            shutil.chown(self.dir, self.user[2])
        os.chmod(self.dir, 0o755)

    def __enter__(self):
        try:
            self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a", encoding="ascii") as out:
                out.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())
                out.write(f"unix_socket_directories = '{self.dir}'\n")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def data(self):
        return os.path.join(self.dir, "data")

    def run(self, program, *arguments, check=True, **options):
        return subprocess.run([*self.user, os.path.join(self.bin, program), *arguments], check=check, cwd="/", text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", os.path.join(self.dir, "log"), "start")

    def stop(self, how="fast"):
        self.run("pg_ctl", "-D", self.data, "-m", how, "-w", "-t", "60", "stop")

    def pid(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as pid:
            return int(pid.readline())

    def kill(self):
        """kill -9 of the postmaster; its backends notice, and the next start waits for them."""
        os.kill(self.pid(), signal.SIGKILL)

    def prepare(self):
        """The logins that can be there before the first store is."""
        sql(self.dir, "CREATE ROLE owner LOGIN CREATEROLE CREATEDB")


# ---- databases of a cluster that runs: "socket" is the folder of its socket ----

def sql(socket, text, database="postgres", login="postgres", check=True):
    """What psql prints, unaligned; raises with its words. With check False the completed process."""
    done = subprocess.run([os.path.join(programs(), "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", socket,
                           "-U", login, "-d", database, "-c", text], check=False, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip() if check else done


def address(socket, database, login="ferryd"):
    return f"host={socket} dbname={database} user={login}"


TEMPLATE = "ferry_template"


def make_template(socket, build):
    """A database with the schema in it, made by whoever comes first: copying it is much quicker than migrating each."""
    with open(os.path.join(socket, "template.lock"), "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if sql(socket, f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'") == "1":
            return
        sql(socket, f"CREATE DATABASE {TEMPLATE}_new OWNER owner", login="owner")
        subprocess.run([os.path.join(build, "engine/daemon/ferry-store"), "migrate", address(socket, f"{TEMPLATE}_new", "owner")],
                       check=True, stdout=subprocess.DEVNULL)
        sql(socket, "CREATE ROLE ferryd LOGIN IN ROLE ferry_engine")
        sql(socket, "CREATE ROLE auditor LOGIN IN ROLE ferry_auditor")
        sql(socket, f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}", login="owner")


def new_store(socket, build):
    """An empty store; the name of its database."""
    make_template(socket, build)
    name = f"ferry_{os.getpid()}_{time.monotonic_ns()}"
    sql(socket, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}", login="owner")
    return name


def drop_store(socket, name):
    sql(socket, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def main():
    if programs() is None:
        print("PostgreSQL is not installed; skipped")
        return 77
    with PostgreSQL() as cluster:
        cluster.prepare()
        return subprocess.run(sys.argv[1:], env={**os.environ, "FERRY_TEST_PG": cluster.dir}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
