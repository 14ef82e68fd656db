#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The AMF trial, judged on what a real Prometheus server has scraped from ferry-sim.

    tests/real/prometheus/trial.py [--build build/dev] [--seeds 1] [--scale 60] [--case NAME]

Each case starts a ferry-sim with --metrics, a Prometheus that scrapes it, and a ferryd, all on the loopback; the order's
KPI connection is the adapter "prometheus".

good     the new version is as good as the old one: it passes both stages
worse    the new version fails 5 points more of its registrations: it is rolled back, with the time and the failures it took
restart  Prometheus is killed and comes back in the first soak: a gap, no wrong verdict
contract the adapter against the contract test, with and without a server behind it
files    the trial judged on files of measurements (TS 32.435) instead; files-worse: the version that is 5 points worse
secure   the same over TLS with a password; with another password, and without the authority's certificate

Run time is not Prometheus' time. Samples carry the time of their scrape, as always, and the gauge
ferry_sim_run_time_seconds, scraped with them, says what run time that was (the adapter's setting "clock").
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "support"))
from pm_writer import PmWriter  # noqa: E402
from ferryd import ROOT, Ferryd, Refused, World, die_with_parent, retry_submit  # noqa: E402

TRIAL = os.path.join(ROOT, "plugins/simulator/trial")
RUN = "CHG-0007"
PERIOD_S = 15  # of a tick, run time
PATIENCE = 420
PASSWORD, HASH = "of-the-test", "$2b$04$XLjM8aH9upuJm9Y3t/Gr8ue.X20q13iUpANqIpHnT4GGR561LpoYm"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """A server of its own that scrapes one target; its data outlive a restart."""

    def __init__(self, target, interval_ms, secure=False):
        self.dir, self.port = tempfile.mkdtemp(prefix="ferry-prometheus-"), free_port()
        self.url, self.process = f"http://127.0.0.1:{self.port}", None
        self.options = self.secure() if secure else []
        with open(os.path.join(self.dir, "prometheus.yml"), "w", encoding="utf-8") as out:
            json.dump({"global": {"scrape_interval": f"{interval_ms}ms", "scrape_timeout": f"{interval_ms}ms"},
                       "scrape_configs": [{"job_name": "amf", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}, out)

    def secure(self):
        """TLS with a certificate of its own, and a password."""
        self.url = self.url.replace("http:", "https:")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=prometheus", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.path("key.pem"),
                        "-out", self.path("ca.pem")], check=True, capture_output=True)
        # "of-the-test" in bcrypt, at its lowest cost
        self.write("web.yml", {"tls_server_config": {"cert_file": self.path("ca.pem"), "key_file": self.path("key.pem")},
                               "basic_auth_users": {"ferry": HASH}})
        self.write("password", PASSWORD)
        self.write("wrong", "something else")
        return [f"--web.config.file={self.path('web.yml')}"]

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, what):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
            out.write(what if isinstance(what, str) else json.dumps(what))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.dir}/prometheus.yml", f"--storage.tsdb.path={self.dir}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", *self.options], stdout=log, stderr=log, preexec_fn=die_with_parent)
        log.close()
        end = time.time() + 30
        while time.time() < end:
            try:
                with urllib.request.urlopen(self.url + "/-/ready", timeout=2, context=ssl._create_unverified_context()):
                    return
            except urllib.error.HTTPError as refused:
                if refused.code == 401:  # it is up, and asks for its password
                    return
                time.sleep(0.1)
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        with open(os.path.join(self.dir, "log"), encoding="utf-8") as said:
            raise RuntimeError("prometheus did not start:\n" + said.read()[-2000:])

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()


def connections(world, prometheus):
    with open(os.path.join(TRIAL, "connections.json"), encoding="utf-8") as source:
        document = json.load(source)
    for connection in document["connections"].values():
        connection["settings"]["socket"] = world.socket
    if isinstance(prometheus, PmWriter):
        document["connections"]["counters"] = {"plugin": "pmfiles", "tenants": ["core-east"],
                                               "settings": {"folder": prometheus.dir, "lag_ms": 500}}
        return document
    document["connections"]["counters"] = {
        "plugin": "prometheus", "tenants": ["core-east"],
        "settings": {"url": prometheus.url, "prefix": "ferry_sim_", "suffix": "_total", "match": 'job="amf"',
                     "users": "ferry_sim_users", "clock": "ferry_sim_run_time_seconds", "lag_ms": 2000}}
    return document


def order(engine):
    with open(os.path.join(TRIAL, "amf-order.xml"), encoding="utf-8") as source:
        text = source.read()
    text = re.sub(r'kind="kpi" ref="[^"]*"', 'kind="kpi" ref="counters"', text)
    text = text.replace('period="PT5S"', f'period="PT{PERIOD_S}S"')
    with open(engine.path("order.xml"), "w", encoding="utf-8") as out:
        out.write(text)
    return engine.path("order.xml")


def drive(engine, scale, on_soak):
    end, soaked = time.time() + PATIENCE, False
    while time.time() < end:
        try:
            view = retry_submit(engine, engine.path("order.xml"), RUN, scale)
        except Refused as refused:
            if refused.status != 503 and "has not said yet" not in str(refused):
                raise
            time.sleep(0.2)
            continue
        if view.get("approval"):
            try:
                engine.request("POST", f"/v1/upgrades/{RUN}/approve", json.dumps({"why": "trial"}))
            except Refused:
                pass  # the question was withdrawn meanwhile
        if not soaked and view.get("step", {}).get("call") == "soak":
            soaked = True
            on_soak()
        if view["state"] in ("COMPLETED", "FAILED_TEMP", "FAILED", "ROLLED_BACK"):
            return view
        time.sleep(0.1)
    raise RuntimeError(f"{RUN} did not end within {PATIENCE} s: {view.get('waiting')}\n" + engine.log()[-2000:])


def scraped(url):
    """Counters of /metrics: {(metric, version, cause): value}."""
    with urllib.request.urlopen(url, timeout=5) as page:
        found = re.findall(r'^(\w+)\{nf="[^"]*",version="([^"]*)"(?:,cause="(\w+)")?\} (\d+)$', page.read().decode(), re.M)
    return {(metric, version, cause): int(value) for metric, version, cause, value in found}


def compare(records, counters, wrong):
    """What was journalled against what the world has counted: never more, and little less."""
    figures = []
    for kpi, metric in (("amf.initial_registration", "ferry_sim_rm_reginit"), ("amf.paging", "ferry_sim_mm_paging5g")):
        for side, version in ((0, "1.2.0"), (1, "1.3.0")):
            rows = [r["body"]["kpis"].get(kpi, [0, 0, 0, 0])[2 * side:2 * side + 2] for r in records if r["name"] == "sample"]
            seen, failed = sum(row[0] for row in rows), sum(row[1] for row in rows)
            true = counters[metric + "req_total", version, ""] - counters[metric + "fail_total", version, "user"]
            true_failed = counters[metric + "fail_total", version, "network"]
            figures.append(f"{kpi} of {version}: {seen} of {true} attempts, {failed} of {true_failed} failures")
            if seen > true or failed > true_failed:
                wrong.append(f"more than there was: {figures[-1]}")
    return figures


def story(records):
    return [f"{r['time_ms'] // 1000 % 86400:5d} {r['text'][:160]}" for r in records if r["name"] in ("state changed", "verdict", "checked")]


def case_run(build, case, seed, scale):
    wrong, begin, port = [], time.time(), free_port()
    interval_ms = max(100, PERIOD_S * 1000 // scale)
    metrics = f"http://127.0.0.1:{port}/metrics"
    files = case.startswith("files")
    with World(build, seed, options=["--metrics", str(port)]) as world, \
            (PmWriter(metrics, PERIOD_S, 5 / scale) if files else Prometheus(port, interval_ms)) as prometheus, \
            Ferryd(build, connections(world, prometheus), os.path.join(ROOT, "workflows")) as engine:
        worse = case.endswith("worse")
        if worse:
            world.ask("fault", "target_points_worse", "5", "amf.initial_registration")

        def on_soak():
            if case == "restart":
                prometheus.stop(signal.SIGKILL)
                time.sleep(180 / scale)
                prometheus.start()

        engine.start()
        order(engine)
        view = drive(engine, scale, on_soak)
        records = engine.records(RUN)
        verdicts = [r for r in records if r["name"] == "verdict"]
        figures = compare(records, scraped(metrics), wrong)
        expected = "ROLLED_BACK" if worse else "COMPLETED"
        if view["state"] != expected:
            wrong.append(f"it ended {view['state']}, not {expected}")
        told = [v["body"]["verdict"] for v in verdicts]
        if worse:
            if "rollback" not in told or "pass" in told:
                wrong.append(f"verdicts: {told}")
            steered = next((r["time_ms"] for r in records if r["name"] == "sample" and r["body"]["users"]["5g"][1] > 1000), 0)
            judged = next((v["time_ms"] for v in verdicts if v["body"]["verdict"] == "rollback"), 0)
            figures.append(f"rolled back {(judged - steered) / 1000:.0f} s of run time after the first thousand users were on it")
        elif told.count("pass") < 2 or "rollback" in told:
            wrong.append(f"verdicts: {told}")
        lost = world.ask("counters")["users_dropped"]
        if lost:
            wrong.append(f"{lost} users were dropped")
        minutes = (view["now_ms"] - view["accepted_ms"]) / 60000
        samples = sum(r["name"] == "sample" for r in records)
        line = f"{case} seed {seed}: {view['state']}, {samples} samples; {minutes:.0f} min of run time in {time.time() - begin:.0f} s"
        if wrong:
            wrong += story(records) + [engine.log()[-1500:]]
    return line, figures, wrong


def contract(build):
    """`ferry adapter test` on the adapter, by the scrapes' own time; then what it says when the server is gone."""
    wrong, port = [], free_port()
    question = {"after": int(time.time() * 1000) - 30000, "period_ms": 1000, "versions": {"source": "1.2.0", "target": "1.3.0"},
                "kpis": [{"name": "amf.paging", "numerator": ["MM.Paging5GSucc"], "denominator": ["MM.Paging5GReq"]}]}
    command = [os.path.join(build, "engine/host/ferry-host"), "test", os.path.join(build, "plugins/prometheus.so")]
    with World(build, 1, options=["--metrics", str(port)]), Prometheus(port, 500) as prometheus:
        time.sleep(8)  # until it has found its target and scraped it
        trial_file = os.path.join(prometheus.dir, "trial.json")
        with open(trial_file, "w", encoding="utf-8") as out:
            json.dump({"settings": {"url": prometheus.url, "prefix": "ferry_sim_", "suffix": "_total"},
                       "calls": {"counters": question}}, out)
        good = subprocess.run(command + [trial_file], capture_output=True, text=True, check=False)
        if good.returncode != 0:
            wrong.append(good.stdout + good.stderr)
        prometheus.stop()
        gone = subprocess.run(command + [trial_file], capture_output=True, text=True, check=False)
        if gone.returncode == 0 or "127.0.0.1" not in gone.stdout + gone.stderr:
            wrong.append("without a server: " + gone.stdout + gone.stderr)
    return "contract", [line for line in good.stdout.splitlines() if line][-1:], wrong


def secure(build):
    """Over TLS, with a password: it works; without the authority, or with another password, it says why not."""
    wrong, port = [], free_port()
    question = {"after": int(time.time() * 1000) - 30000, "period_ms": 1000, "versions": {"source": "1.2.0", "target": "1.3.0"},
                "kpis": [{"name": "amf.paging", "numerator": ["MM.Paging5GSucc"], "denominator": ["MM.Paging5GReq"]}]}
    with World(build, 1, options=["--metrics", str(port)]), Prometheus(port, 500, secure=True) as prometheus:
        time.sleep(8)  # until it has found its target and scraped it
        settings = {"url": prometheus.url, "prefix": "ferry_sim_", "suffix": "_total", "user": "ferry"}
        for name, more, password, expected in (("good", {"ca": prometheus.path("ca.pem")}, "password", None),
                                               ("another password", {"ca": prometheus.path("ca.pem")}, "wrong", "401"),
                                               ("no authority", {}, "password", "certificate")):
            prometheus.write("trial.json", {"settings": {**settings, **more}, "secrets": {"password": {"file": password}},
                                            "calls": {"counters": question}})
            done = subprocess.run([os.path.join(build, "engine/host/ferry-host"), "test", os.path.join(build, "plugins/prometheus.so"),
                                   prometheus.path("trial.json")], capture_output=True, text=True, check=False)
            said = done.stdout + done.stderr
            os.unlink(prometheus.path("trial.json"))
            if (done.returncode == 0) != (expected is None) or (expected or "") not in said or PASSWORD in said:
                wrong.append(f"{name}: {said}")
    return "secure", [], wrong


ALONE = {"contract": contract, "secure": secure}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--scale", type=int, default=60)
    parser.add_argument("--case", choices=["good", "worse", "restart", "contract", "secure", "files", "files-worse", "all"], default="all")
    options = parser.parse_args()
    if shutil.which("prometheus") is None:
        print("there is no prometheus on this machine: apt-get install prometheus")
        return 77
    failed = 0
    for case in ("contract", "secure", "good", "worse", "restart", "files", "files-worse") if options.case == "all" else (options.case,):
        for seed in range(1, options.seeds + 1):
            line, figures, wrong = ALONE[case](options.build) if case in ALONE else case_run(options.build, case, seed, options.scale)
            print(("FAILED " if wrong else "ok     ") + line, flush=True)
            for what in figures + wrong:
                print("       " + what, flush=True)
            failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
