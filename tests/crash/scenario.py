# SPDX-License-Identifier: Apache-2.0
"""One upgrade that is disturbed: who operates it, what disturbs it, and what must hold at its end."""
import datetime
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))
from ferryd import CLUSTER, ROOT, Ferryd, Refused, World  # noqa: E402

RUN = "CRASH-1"
SCALE = 600
PATIENCE = 90  # seconds of wall clock for one run, deaths included
MOST_STARTS = 30
GIVE_UP_AT = 40  # records: guards are off, backups are made


def order(gate, issu=False):
    with open(os.path.join(HERE, "order.xml"), encoding="utf-8") as source:
        text = source.read()
    if issu:  # straight to 100 %
        text = re.sub(r'<f:(Stage ratio="50"|Approval)[^>]*/>', "", text)
    text = text.replace("ferry:gray_upgrade@1", "ferry:issu@1" if issu else "ferry:slow_upgrade@1")
    if gate:  # it holds until its KPIs stop it
        text = text.replace('margin="50"', 'margin="1"').replace('soak="PT20S" maxSoak="PT5M"', 'soak="PT40M" maxSoak="PT1H"')
    return text.encode()


def epoch_ms():
    """Run time at acceptance: so long before the window that the run waits, and is checked, for a moment."""
    with open(os.path.join(HERE, "order.xml"), encoding="utf-8") as source:
        start = re.search(r'<f:Window start="([^"]+)"', source.read()).group(1)
    return int(datetime.datetime.fromisoformat(start).timestamp() * 1000) - 60_000


class Undone(RuntimeError):
    """The run did not come to its end."""


class Plan:
    """What happens to one run: deaths at points (NAME:N), so many kills at random moments, verbs in flight."""

    def __init__(self, deaths=(), seed=0, daemon_kills=0, host_kills=0, commands=0, gate=False, world=1, issu=False,
                 given_up=False):
        self.given_up = given_up
        self.deaths, self.seed, self.gate, self.world, self.issu = list(deaths), seed, gate, world, issu
        self.daemon_kills, self.host_kills, self.commands = daemon_kills, host_kills, commands

    def __str__(self):
        parts = self.deaths + [f"{name} {value}" for name, value in
                               (("ferryd killed", self.daemon_kills), ("hosts killed", self.host_kills),
                                ("pauses", self.commands)) if value]
        return ", ".join((["gate"] if self.gate else ["issu"] if self.issu else ["given up"] if self.given_up else []) + (parts or ["undisturbed"])) + f" (seed {self.seed})"


class Operator:
    """Submits, approves, pauses, resumes and commits; counts what was sent and what was promised (a 202)."""

    def __init__(self, engine, plan, chance):
        self.engine, self.chance, self.gate, self.issu = engine, chance, plan.gate, plan.issu
        self.given_up = plan.given_up
        self.sent, self.promised = {}, {}
        self.accepted, self.wrong = False, []
        self.pause_at = sorted(chance.randint(8, 150) for _ in range(plan.commands))

    def verb(self, verb):
        self.sent[verb] = self.sent.get(verb, 0) + 1
        try:
            view = self.engine.request("POST", f"/v1/upgrades/{RUN}/{verb}", json.dumps({"why": "test"}))
        except Refused as refused:
            self.sent[verb] -= refused.status != 503  # it said no: nothing is in flight. 503 may mean that nobody knows
            raise
        self.promised[verb] = self.promised.get(verb, 0) + 1
        return view

    def view(self):
        """The run as it is; the order is sent where the engine does not know it."""
        try:
            return self.engine.get(f"/v1/upgrades/{RUN}")
        except Refused as refused:
            if refused.status != 404:
                raise
        if self.accepted:
            raise Undone("the order was answered with 202 and is not there any more")
        view = self.engine.request("POST", f"/v1/upgrades?scale={SCALE}&epoch_ms={epoch_ms()}", order(self.gate, self.issu))
        self.accepted = True
        return view

    def act(self):
        """One look and what follows from it; the view once the run is at its end."""
        view = self.view()
        state = view["state"]
        if state == "PAUSED":
            self.verb("resume")
        elif state == "COMPLETED":
            self.verb("commit")
        elif state == "PROCESSING" and self.given_up and view["seq"] >= GIVE_UP_AT and not view.get("asked"):
            self.verb("cancel")
        elif state == "FAILED_TEMP" and self.given_up:
            if not view.get("asked") and "fail" in view["verbs"]:
                self.verb("fail")
        elif state == "FAILED" and view.get("dirty"):
            if not view.get("checks", {}).get("wanted"):
                self.verb("adopt")
        elif state in ("COMMITTED", "FAILED", "FAILED_TEMP", "ROLLED_BACK"):
            return view
        elif view.get("approval"):
            self.verb("approve")
        elif state == "PROCESSING" and self.pause_at and view["seq"] >= self.pause_at[0]:
            del self.pause_at[0]
            self.verb("pause")
        return None

    def check(self, records):
        """What was promised is in the journal, once; what is in the journal was sent."""
        for verb in self.sent.keys() | self.promised.keys():
            found = sum(r["name"] == "command" and r["body"]["verb"] == verb for r in records)
            if not self.promised.get(verb, 0) <= found <= self.sent[verb]:
                self.wrong.append(f"{verb}: sent {self.sent[verb]}, promised {self.promised.get(verb, 0)}, recorded {found}")
        given = [r["body"]["id"] for r in records if r["name"] == "approval given"]
        if len(given) != len(set(given)):
            self.wrong.append(f"an approval was applied twice: {given}")
        for verb, state in (("pause", "PAUSED"), ("commit", "COMMITTED")):
            asked = sum(r["name"] == "command" and r["body"]["verb"] == verb for r in records)
            came = sum(r["name"] == "state changed" and r["body"]["to"] == state for r in records)
            if came > asked or (verb == "commit" and came != asked):
                self.wrong.append(f"{verb} was asked for {asked} times and came {came} times")
        runs = [line["id"] for line in self.engine.get("/v1/upgrades")]
        if runs != [RUN]:
            self.wrong.append(f"one order became the runs {runs}")
        return self.wrong


class Killer(threading.Thread):
    """SIGKILL at random moments: to ferryd, or to one of its hosts."""

    def __init__(self, engine, plan, chance):
        super().__init__(daemon=True)
        self.engine, self.over, self.done = engine, threading.Event(), 0
        self.victims = ["ferryd"] * plan.daemon_kills + ["host"] * plan.host_kills
        chance.shuffle(self.victims)
        self.pauses = [chance.choice((0.01, 0.05, 0.2, 0.5)) * chance.random() for _ in self.victims]

    def run(self):
        for victim, pause in zip(self.victims, self.pauses):
            if self.over.wait(pause):
                return
            while not self.over.is_set() and not self.kill(victim):
                time.sleep(0.002)

    def kill(self, victim):
        process = self.engine.process
        if process is None or process.poll() is not None:
            return False
        try:
            pids = self.engine.pids()
            pid = pids[0] if victim == "ferryd" else random.choice([p for p in pids[1:] if is_host(p)])
            os.kill(pid, signal.SIGKILL)
        except (OSError, IndexError):
            return False
        self.done += 1
        return True


def is_host(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as source:
        words = source.read().split(b"\0")
    return len(words) > 1 and words[1] in (b"script", b"adapter")


def drive(engine, operator):
    """Follow the run to its end as an operator would, and start ferryd again whenever it has died."""
    end, starts = time.time() + PATIENCE, 0
    while time.time() < end:
        if not engine.alive():
            starts += 1
            if starts > MOST_STARTS:
                raise Undone(f"ferryd died {MOST_STARTS} times:\n" + engine.log()[-3000:])
            engine.launch()
        try:
            view = operator.act()
            if view is not None:
                return view
        except (OSError, Refused) as why:
            last = why
        time.sleep(0.01)
    raise Undone(f"no end within {PATIENCE} s; {locals().get('last')}; last log:\n" + engine.log()[-3000:])


def judge(engine, world, view, plan):
    """What must hold at the end of every run, disturbed or not; the end state to compare."""
    counters, status, users = world.ask("counters"), world.ask("status"), world.ask("users")
    records = engine.records(RUN)
    wrong = settled(records, counters["keys"])
    if view["state"] != ("ROLLED_BACK" if plan.gate else "FAILED" if plan.given_up else "COMMITTED"):
        wrong.append(f"ended as {view['state']}: {json.dumps(view.get('error'))}")
    wrong += [f"guard {guard['guard']} is not back" for guard in view["guards"] if guard["held"] or not guard["as_it_was"]]
    wrong += [f"{name}: {counters[name]}" for name in
              ("users_dropped", "held_calls_dropped", "instances_upgraded_under_sessions", "pairs_down", "keys_repeated",
               "ticks_source_overloaded", "ticks_target_overloaded") if counters[name]]
    with open(engine.path("export.jsonl"), "w", encoding="utf-8") as out:
        out.write(engine.text(f"/v1/upgrades/{RUN}/export"))
    verify = subprocess.run([os.path.join(engine.build, "engine/cli/ferry"), "audit", "verify", engine.path("export.jsonl")],
                            capture_output=True, text=True, check=False)
    if verify.returncode != 0:
        wrong.append("the chain does not verify: " + verify.stdout + verify.stderr)
    end = {"state": view["state"], "guards": status["guards"]}
    if not plan.gate and not plan.given_up:  # they strike between any two steps
        end.update(versions=sorted((i["id"], i["version"]) for i in users["instances"]), split=status["split"],
                   version=status["version"])
    return end, wrong, records


def settled(records, keys):
    """No acting step lost, none done twice: intents and outcomes of the journal against the effects in the world."""
    acting = {f"{RUN}/{r['body']['step']}": r["body"]["verb"] for r in records if r["name"] == "intent" and r["body"].get("verb")}
    releases = {f"{RUN}/{r['body']['step']}" for r in records if r["name"] == "intent" and r["body"]["call"] == "release_guards"}
    done = {f"{RUN}/{r['body']['step']}" for r in records if r["name"] == "outcome" and r["body"]["ok"]}
    wrong = [f"lost: {acting[key]} ({key}) has an outcome, the world knows nothing of it"
             for key in sorted(acting.keys() & done) if key not in keys]
    wrong += [f"repeated: {op['verb']} ({key}) took effect {op['effects']} times" for key, op in keys.items() if op["effects"] > 1]
    wrong += [f"not in the journal: {op['verb']} ({key})" for key, op in keys.items()
              if op["effects"] and "/".join(key.split("/")[:2]) not in acting.keys() | releases
              and "/lease/" not in key]  # the renewal of a guard's lease: beside the steps, never journalled
    return wrong


def leftovers(tokens):
    """Processes of this run that outlived its ferryd, by the environment they inherited."""
    mark, found = f"FERRY_CRASH_TOKENS={tokens}".encode(), []
    for name in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(name, "rb") as source:
                if mark in source.read():
                    found.append(name.split("/")[2])
        except OSError:
            pass
    return found


def outlived(tokens):
    for _ in range(100):
        if not leftovers(tokens):
            return []
        time.sleep(0.01)
    return [f"outlived ferryd: process {pid}" for pid in leftovers(tokens)]


def world_file(folder, gate):
    with open(os.path.join(HERE, "world.json"), encoding="utf-8") as source:
        settings = json.load(source)
    if gate:
        settings.update(faults={"target_failure_permyriad": 600}, activity_permille=4000)
    path = os.path.join(folder, "world.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(settings, out)
    return path


def catalogue(folder):
    """The workflows of the product and of this suite, in one folder."""
    path = os.path.join(folder, "workflows")
    for source in (os.path.join(ROOT, "workflows"), os.path.join(HERE, "workflows")):
        shutil.copytree(source, path, dirs_exist_ok=True)
    return path


def connections(world):
    return {"connections": {
        "sim-cloud": {"plugin": "sim_vim", "tenants": ["core-east"], "settings": {"socket": world.socket}},
        "sim-amf": {"plugin": "sim_nf", "tenants": ["core-east"], "settings": {"socket": world.socket}}}}


class Result:
    def __init__(self):
        self.end, self.wrong, self.seen, self.deaths, self.records = None, [], set(), 0, []


def run_once(build, plan, keep=None, start=Ferryd):
    """One upgrade to its end. keep: a folder for the journal and the log of a run that went wrong; start: what drives it."""
    tokens, chance, result = tempfile.mkdtemp(prefix="ferry-crash-"), random.Random(plan.seed), Result()
    seen = os.path.join(tokens, "seen")
    environment = {"FERRY_CRASH": ",".join(plan.deaths), "FERRY_CRASH_TOKENS": tokens, "FERRY_POINTS_SEEN": seen}
    try:
        with World(build, plan.world, world_file(tokens, plan.gate)) as world, \
                start(build, connections(world), catalogue(tokens), environment) as engine:
            operator, killer = Operator(engine, plan, chance), Killer(engine, plan, chance)
            killer.start()
            try:
                view = drive(engine, operator)
                killer.over.set()
                killer.join()
                if not engine.alive():
                    engine.start()
                result.end, result.wrong, result.records = judge(engine, world, view, plan)
                result.wrong += operator.check(result.records)
            except (Undone, OSError, Refused) as why:
                result.wrong = [str(why)]
            killer.over.set()
            killer.join()
            if result.wrong and keep:
                save(engine, result, keep, plan)
            engine.kill()
            result.wrong += outlived(tokens)
        result.deaths = killer.done + len([name for name in os.listdir(tokens) if ":" in name])
        if os.path.exists(seen):
            with open(seen, encoding="ascii") as source:
                result.seen = set(source.read().split())
        return result
    finally:
        shutil.rmtree(tokens, ignore_errors=True)


def save(engine, result, keep, plan):
    folder = tempfile.mkdtemp(prefix="failed-", dir=keep)
    with open(os.path.join(folder, "plan.txt"), "w", encoding="utf-8") as out:
        out.write(f"{plan}\n" + "\n".join(result.wrong) + "\n\n" + engine.log())
    if engine.alive():
        with open(os.path.join(folder, "journal.txt"), "w", encoding="utf-8") as out:
            try:
                out.writelines(f"{r['seq']:4} {r['name']:16} {json.dumps(r['body'])[:600]}\n" for r in engine.records(RUN))
            except (OSError, Refused):
                pass
