#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Moving in and coming back: what docs/postgresql.md tells operators to do, done.

    tests/support/postgresql.py tests/moving/moving.py [--build build/dev]

An upgrade begins on SQLite and is killed in the middle. "ferry store copy" takes it into PostgreSQL, where a ferryd carries it to its end:
nothing that acted is lost or repeated, and the chain is the one that began on SQLite, signed all the way. Then pg_dump, and
pg_restore into another database: the export of every run is the same, byte for byte; what an auditor asks is answered by the views.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), part) for part in ("support", "crash")]
import postgresql  # noqa: E402
import scenario  # noqa: E402
from ferryd import CLUSTER, ROOT, Ferryd, World  # noqa: E402

RUN = scenario.RUN
failures = []


def check(what, good, more=""):
    print(f"{'ok    ' if good else 'FAILED'} {what}{': ' + str(more) if more else ''}", flush=True)
    if not good:
        failures.append(what)


class Moved(Ferryd):
    """A ferryd that begins on SQLite and is told of its database later."""

    def __init__(self, *arguments):
        super().__init__(*arguments, shared=True)

    def configure(self, **settings):
        with open(self.path("ferryd.conf"), "w", encoding="utf-8") as out:
            out.writelines(f"{name.replace('_', '-')} = {value}\n" for name, value in settings.items())

    def export(self, run=RUN):
        return self.text(f"/v1/upgrades/{run}/export")


def drive(engine, operator, until):
    """Operate the run until it is at its end, or has so many records."""
    end = time.monotonic() + scenario.PATIENCE / 3
    while time.monotonic() < end:
        view = operator.act()
        if view is not None or operator.view()["seq"] >= until:
            return view
        time.sleep(0.02)
    raise scenario.Undone(f"the run did not get there: {operator.view()}\n{engine.log()[-3000:]}")


def keys(folder):
    private, public = os.path.join(folder, "audit.key"), os.path.join(folder, "audit.pub")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True, stderr=subprocess.DEVNULL)
    os.chmod(private, 0o600)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def ferry(build, *words):
    return subprocess.run([os.path.join(build, "engine/cli/ferry"), *words], check=False, capture_output=True, text=True)


def verify(build, folder, text, public, kept=None):
    path = os.path.join(folder, "export")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return ferry(build, "audit", "verify", path, "--key", public, *(["--checkpoint", kept] if kept else []))


def dump_and_restore(database):
    """As docs/postgresql.md says: the archive has no roles in it, so those are there already, or are made by roles.sql."""
    archive, restored = os.path.join(CLUSTER, "ferry.dump"), database + "_restored"
    binaries = postgresql.programs()
    subprocess.run([os.path.join(binaries, "pg_dump"), "-h", CLUSTER, "-U", "owner", "-Fc", "-f", archive, database], check=True)
    postgresql.sql(CLUSTER, f"CREATE DATABASE {restored}", login="owner")
    subprocess.run([os.path.join(binaries, "pg_restore"), "-h", CLUSTER, "-U", "owner", "--exit-on-error", "-d", restored, archive], check=True)
    return restored


QUESTIONS = {
    "who_did_what": f"SELECT count(*) > 1 AND count(who) = count(*) FROM ferry.who_did_what WHERE run = '{RUN}' AND what <> 'commit granted'",
    "approvals": f"SELECT count(*) > 0 AND bool_and(answer = 'approve' AND who <> '') FROM ferry.approvals WHERE run = '{RUN}'",
    "verdicts": f"SELECT count(*) > 0 AND bool_and(evidence IS NOT NULL) FROM ferry.verdicts WHERE run = '{RUN}'",
    "steps": f"SELECT count(*) > 10 AND bool_and(ended_at >= begun_at) FROM ferry.steps WHERE run = '{RUN}' AND ok",
    "switched_off": f"SELECT count(*) > 0 AND bool_and(as_it_was AND on_again > off_since) FROM ferry.switched_off WHERE run = '{RUN}'",
    "chain": "SELECT count(*) > 100 AND bool_and(good) FROM ferry.chain",
}


def move(build, folder, world, engine):
    private, public = keys(folder)
    operator = scenario.Operator(engine, scenario.Plan(), __import__("random").Random(1))
    engine.configure(audit_key=private)
    engine.start()
    drive(engine, operator, 80)
    engine.kill()

    name = postgresql.new_store(CLUSTER, build)
    address = postgresql.address(CLUSTER, name)
    done = ferry(build, "store", "copy", engine.dir, address)
    check("ferry store copy", done.returncode == 0, done.stdout.splitlines()[:1] or done.stderr)
    done = ferry(build, "store", "copy", engine.dir, address)
    check("once more changes nothing", done.returncode == 0 and "1 runs, 0 records" in done.stdout, done.stdout.splitlines()[:1] or done.stderr)
    busy = postgresql.sql(CLUSTER, "SELECT count(*) FROM ferry.engine WHERE state <> 'fenced'", name)
    check("the copy has left its runs to whoever comes", busy == "0", f"{busy} engines")

    engine.configure(audit_key=private, database=address)
    engine.start()
    view = drive(engine, operator, 1 << 30)
    end, wrong, records = scenario.judge(engine, world, view, scenario.Plan())
    wrong += operator.check(records)
    check("the run went on in PostgreSQL to its end, nothing lost or repeated", not wrong, "; ".join(wrong) or end["state"])
    epochs = [record["epoch"] for record in records]
    check("every engine's epoch is above the last", epochs == sorted(epochs) and len(set(epochs)) > 1, sorted(set(epochs)))
    export = engine.export()
    done = verify(build, folder, export, public)
    check("the export verifies, signed by one key from SQLite to here", done.returncode == 0, done.stdout.split("\n")[1].strip() or done.stderr)
    for view_name, question in QUESTIONS.items():
        check(f"an auditor asks ferry.{view_name}", postgresql.sql(CLUSTER, question, name, login="auditor") == "t")
    restore(build, engine, name, export)
    retire(build, folder, engine, name, export, public)


def restore(build, engine, name, export):
    engine.kill()
    restored = dump_and_restore(name)
    engine.configure(database=postgresql.address(CLUSTER, restored))
    engine.start()
    check("pg_dump and pg_restore: the same export, byte for byte", engine.export() == export, f"{len(export)} bytes")
    rights = postgresql.sql(CLUSTER, "UPDATE ferry.record SET body = '{}'", restored, login="ferryd", check=False)
    check("and the engine's login may still not change it", "permission denied" in rights.stderr)
    engine.kill()


def retire(build, folder, engine, name, export, public):
    before = postgresql.sql(CLUSTER, "SELECT run.month + interval '1 month' FROM ferry.run", name)
    gone = ferry(build, "store", "retire", postgresql.address(CLUSTER, name, "owner"), before[:7])
    check("ferry store retire", gone.returncode == 0 and "1 run" in gone.stdout, gone.stdout.strip() or gone.stderr)
    left = postgresql.sql(CLUSTER, "SELECT encode(t.hash, 'hex') || ' ' || t.records FROM ferry.retired AS t", name)
    done = verify(build, folder, export, public)
    check("an export that was kept is still known: its hash and count are the store's", left.split()[0] in done.stdout and left.split()[1] in done.stdout)
    engine.configure(database=postgresql.address(CLUSTER, name))
    engine.start()
    check("ferryd goes on without the records", engine.get("/v1/upgrades") is not None)
    engine.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    build = parser.parse_args().build
    with tempfile.TemporaryDirectory(prefix="ferry-moving-") as folder, \
            World(build, 1, scenario.world_file(folder, False)) as world, \
            Moved(build, scenario.connections(world), scenario.catalogue(folder)) as engine:
        move(build, folder, world, engine)
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
