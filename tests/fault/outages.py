# SPDX-License-Identifier: Apache-2.0
"""A store that goes away in the middle of a run and comes back: what people see meanwhile, and that it goes on by itself."""
import contextlib
import errno
import glob
import os
import resource
import sqlite3
import subprocess
import tempfile
import time

from disturbed import OPENS, READS, RUN, SIZES, SYNCS, WRITES, Refused

AT = (9, 30, 75, 120)  # the records after which it begins
WORDS = "the store cannot be written since"
COMES_BACK = "the store can be written again"


class Wrong(RuntimeError):
    pass


def wait_for(what, condition, seconds=15):
    end = time.time() + seconds
    while not condition():
        if time.time() > end:
            raise Wrong(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def refused(ask):
    """(status, text) of a refusal and how long it took; an answer that is none is wrong."""
    begin = time.time()
    try:
        ask()
    except Refused as why:
        return why.status, str(why), time.time() - begin
    return 200, "it was not refused", time.time() - begin


def unready(run):
    return refused(lambda: run.engine.get("/readyz"))[0] == 503


def until_it_shows(run):
    """The run comes to its next commit; a person may have to do something for that."""
    end = time.time() + 15
    while not unready(run):
        if time.time() > end:
            raise Wrong("the run does not stand still: /readyz says it is ready after 15 s")
        with contextlib.suppress(Refused, OSError):  # the outage may answer first; the loop ends in a Wrong
            if run.operate() is not None:
                raise Wrong("the run came to its end on a store that cannot be written")
        time.sleep(0.01)


def look(run, words):
    """What an operator sees, by every way there is."""
    status, text, _ = refused(lambda: run.engine.get("/readyz"))
    if status != 503 or WORDS not in text or words not in text:
        raise Wrong(f"/readyz: {status} {text}")
    run.engine.get("/healthz")
    view = run.view()
    if WORDS not in view.get("store_trouble", "") or WORDS not in view["waiting"]:
        raise Wrong(f"the view does not say it: {view}")
    if refused(lambda: run.engine.get("/v1/upgrades"))[0] not in (200, 503 if run.page["which"] & READS else 200):
        raise Wrong("the list is not shown")
    verb = "pause" if "pause" in view["verbs"] else view["verbs"][0]
    status, text, took = refused(lambda: run.verb(verb))
    if status != 503 or WORDS not in text or took > 1:
        raise Wrong(f"{verb}: {status} after {took:.1f} s: {text}")
    if not run.engine.alive():
        raise Wrong("ferryd has ended")


def look_with_the_client(run, *words):
    out = subprocess.run([os.path.join(run.build, "engine/cli/ferry"), *words, "--store", run.engine.dir],
                         capture_output=True, text=True, check=False, timeout=20)
    if WORDS not in out.stdout:
        raise Wrong(f"ferry {words[0]} does not say it: {out.stdout} {out.stderr}")


def stands_still(run):
    time.sleep(0.3)  # what was in flight settles
    before = run.effects()
    time.sleep(0.7)
    after = run.effects()
    if before != after:
        raise Wrong(f"something acts: {set(after.items()) - set(before.items())}")


def outage(begin, end, words="", at=30, client=True):
    """begin(run) takes the store away, end(run) gives it back."""
    def disturb(run):
        try:
            run.drive(lambda view: view["seq"] >= at)
            begin(run)
            until_it_shows(run)
            look(run, words)
            if client:
                look_with_the_client(run, "show", RUN)
                if not run.page["which"] & READS:
                    look_with_the_client(run, "list")
            stands_still(run)
            pid = run.engine.process.pid
            end(run)
            wait_for("ready again", lambda: not unready(run))
            if not run.said(COMES_BACK):
                raise Wrong("the log does not say that the store is back")
            result = run.finish()
            if run.engine.process.pid != pid:
                raise Wrong("ferryd was started again; it ought to have gone on by itself")
            if run.parks:
                raise Wrong(f"the run was parked: {run.parks}")
            return result
        except Wrong as why:
            end(run)
            return None, [str(why)]
    return disturb


# -- ways to take it away ---------------------------------------------------------------------------------------


def failing(error, which, growing=False):
    return lambda run: run.page.fail(error, which, growing=growing)


def mended(run):
    run.page.mend()


def limited(run):
    """The kernel's own refusal: no file may become longer than the log is now."""
    size = os.path.getsize(run.engine.path("ferry.db-wal"))
    resource.prlimit(run.engine.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def unlimited(run):
    resource.prlimit(run.engine.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def locked(run):
    run.other = sqlite3.connect(run.engine.path("ferry.db"), isolation_level=None, check_same_thread=False)
    run.other.execute("BEGIN IMMEDIATE")


def unlocked(run):
    run.other.execute("ROLLBACK")
    run.other.close()


# -- a small file system of its own, where that is allowed ---------------------------------------------------------


def may_mount():
    done = subprocess.run(["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"], capture_output=True, check=False)
    return done.returncode == 0


def on_small_disk(at):
    """The store lies on a file system of 1 MB that somebody else fills; in a user and mount name space of its own."""
    def disturb(run):
        if not may_mount():
            return None, []
        engine, outside = run.engine, run.engine.path
        # it is mounted over the store's folder: what ferryd reads at its start is kept elsewhere
        with tempfile.NamedTemporaryFile("w", suffix=".json", dir=run.folder, delete=False) as kept, \
                open(outside("connections.json"), encoding="utf-8") as source:
            kept.write(source.read())
        engine.options += ["--connections", kept.name]
        engine.prefix = ["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=1M tmpfs {engine.dir} && exec "$0" "$@"']

        def path(name):
            if name == "ferryd.log" or engine.process is None:
                return outside(name)
            return f"/proc/{engine.process.pid}/root{engine.dir}/{name}"
        engine.path = path

        def fill(_):
            # writing until the disk refuses is what fills it
            with contextlib.suppress(OSError), open(path("somebody-elses"), "wb", buffering=0) as out:
                while out.write(bytes(4096)) == 4096:
                    pass

        def clear(_):
            with contextlib.suppress(OSError):  # a disk that was never filled has no such file
                os.unlink(path("somebody-elses"))
        try:
            return outage(fill, clear, "full", at, client=False)(run)
        finally:
            engine.path = outside
    return disturb


# -- others ------------------------------------------------------------------------------------------------------


def killed_meanwhile(error, which, growing):
    """ferryd dies while its store cannot be written; a successor that cannot open it says why."""
    def disturb(run):
        try:
            run.drive(lambda view: view["seq"] >= 40)
            run.page.fail(error, which, growing=growing)
            until_it_shows(run)
            run.engine.kill()
            for _ in range(3):
                run.launch()
                time.sleep(0.4)
                if run.engine.alive():
                    run.engine.kill()
                elif not run.said("ferryd error: not started: .+"):
                    raise Wrong("ferryd ended without a sentence: " + run.engine.log()[-500:])
            run.page.mend()
            return run.finish()
        except Wrong as why:
            return None, [str(why)]
    return disturb


def pending(run):
    """A verb that was on its way when the store failed: 503 says that it is pending, and it takes effect later."""
    try:
        run.drive(lambda view: view["seq"] >= 60)
        until_asked(run)
        run.page.fail(errno.ENOSPC, WRITES | SIZES | SYNCS)
        verb = "approve"
        status, text, took = refused(lambda: run.verb(verb))
        if status != 503 or '"pending":true' not in text or WORDS not in text or took > 4:
            raise Wrong(f"{verb}: {status} after {took:.1f} s: {text}")
        run.page.mend()
        wait_for("ready again", lambda: not unready(run))
        commands = [r["body"]["verb"] for r in run.engine.records(RUN) if r["name"] == "command"]
        if verb not in commands:
            raise Wrong(f"{verb} was said to be pending and did not take effect: {commands}")
        return run.finish()
    except Wrong as why:
        run.page.mend()
        return None, [str(why)]


def until_asked(run):
    """The question stands and nobody has answered: nothing is to be written but what people do."""
    end = time.time() + 30
    while time.time() < end:
        with contextlib.suppress(OSError, Refused):  # ferryd may be busy; the loop ends in a Wrong
            if run.view().get("approval"):
                return
        time.sleep(0.01)
    raise Wrong("the run asked nothing within 30 s")


def moved_away(run):
    """The files have other names for a while: who has them open is not disturbed."""
    run.drive(lambda view: view["seq"] >= 30)
    names = glob.glob(os.path.join(run.engine.dir, "ferry.db*"))
    for name in names:
        os.rename(name, name + ".away")
    time.sleep(0.5)
    for name in names:
        os.rename(name + ".away", name)
    return run.finish()


def unreadable(run):
    """Reads fail for a time: who asks for records is told so, the run is not harmed."""
    try:
        run.drive(lambda view: view["seq"] >= 30)
        run.page.fail(errno.EIO, READS | OPENS)
        for _ in range(20):
            status, text, _ = refused(lambda: run.engine.records(RUN))
            if status not in (200, 503):
                raise Wrong(f"records of a store that cannot be read: {status} {text}")
            run.view()
            time.sleep(0.02)
        run.page.mend()
        return run.finish()
    except Wrong as why:
        run.page.mend()
        return None, [str(why)]


def cases():
    write = WRITES | SIZES
    found = [(f"full disk (ENOSPC) after record {at}", outage(failing(errno.ENOSPC, write, True), mended, "full", at), True)
             for at in AT]
    return found + [
        ("files may not grow (RLIMIT_FSIZE)", outage(limited, unlimited, "", 30), False),
        ("a small disk that somebody fills", on_small_disk(30), False),
        ("writes fail (EIO)", outage(failing(errno.EIO, write), mended, "I/O error", 30), True),
        ("syncs fail (EIO)", outage(failing(errno.EIO, SYNCS), mended, "I/O error", 45), True),
        ("everything fails (EIO)", outage(failing(errno.EIO, write | SYNCS | READS | OPENS), mended, "", 60), True),
        ("the file system is read only", outage(failing(errno.EROFS, write | SYNCS), mended, "", 30), True),
        ("locked by another process", outage(locked, unlocked, "locked", 30), False),
        ("reads fail (EIO)", unreadable, True),
        ("moved away and back", moved_away, False),
        ("a verb on its way", pending, True),
        ("full disk, and ferryd dies", killed_meanwhile(errno.ENOSPC, write, True), True),
        ("full disk to the last byte, and ferryd dies", killed_meanwhile(errno.ENOSPC, write | SYNCS, False), True),
        ("I/O errors, and ferryd dies", killed_meanwhile(errno.EIO, write | SYNCS | READS | OPENS, False), True),
    ]
