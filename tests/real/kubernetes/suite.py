#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trial on a real Kubernetes API server: VIM = Kubernetes, NF = ferry-sim, whose 31,000 users stand on the pods.

    tests/real/kubernetes/suite.py [--build build/dev] [--keep DIR]

Brings a control plane up (cluster.py), runs the trial's order on it and takes it down. FERRY_TEST_KUBECONFIG names another
cluster to use; a namespace of its own is made there and removed. Then, by the world's own counters and the API server's
objects: nobody was dropped, the calls held on, every pod of the VDUs that change was replaced once and none of the others,
what was switched off is as it was, and the chain of records verifies. Exit status 77: no control plane can be had here.
"""
import argparse
import json
import os
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/support"), os.path.join(ROOT, "tests/trial")]
import cluster as control_plane  # noqa: E402
from api import Access, Api  # noqa: E402
from ferryd import Ferryd, Refused, World  # noqa: E402
from pod_feed import PodFeed, instances_of  # noqa: E402
from workload import PART, Workload  # noqa: E402

RUN, CHANGED, PATIENCE = "CHG-0007", ("OMU", "SDB", "SVC"), 420
# A real cloud's time cannot be scaled, so the NF is quick, its users are busy, and the order is in a hurry.
WORLD = {"sync_ms": 2000, "nf_ms": 200, "dial_ms": 400, "backup_ms": 300, "activity_permille": 20000, "churn_permille": 6000}


def order_text(edit=()):
    """The trial's order, for a real VIM now: another connection, a window of today, short soaks, quick moves."""
    with open(os.path.join(ROOT, "plugins/simulator/trial/amf-order.xml"), encoding="utf-8") as source:
        text = source.read()
    stamp = lambda after: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after))  # noqa: E731
    for pattern, put in ((r'kind="vim" ref="sim-cloud"', 'kind="vim" ref="kubernetes"'),
                         (r'(<f:Window start=)"[^"]*" end="[^"]*"', rf'\1"{stamp(-60)}" end="{stamp(4 * 3600)}"'),
                         (r'latestRollbackEnd="[^"]*"', f'latestRollbackEnd="{stamp(4 * 3600)}"'),
                         (r'soak="PT15M" maxSoak="PT45M" maxMoveRate="200"', 'soak="PT20S" maxSoak="PT3M" maxMoveRate="4000"'),
                         (r'moveRate="500"', 'moveRate="4000"'), (r' digest="[^"]*"', ""), *edit):
        text = re.sub(pattern, put, text)
    return text


class Site:
    """A workload on a cluster, a world on its pods, and a ferryd between the two."""

    def __init__(self, build, kubeconfig, namespace, annotations=None, settings=None):
        self.access, self.namespace = Access(kubeconfig), namespace
        self.api = Api(self.access)
        self.workload = Workload(self.api, namespace)
        self.workload.create(annotations)
        self.before = self.workload.pods()
        self.autoscaler = self.workload.autoscaler_now()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({**WORLD, "instances": instances_of(self.before)}, file)
            file.flush()
            self.world = World(build, 1, file.name)
        self.feed = PodFeed(self.access, namespace, f"{PART}=amf", self.world.socket)
        connections = {"kubernetes": {"plugin": "kubernetes", "tenants": ["core-east"],
                                      "settings": {"namespace": namespace, "selector": f"{PART}=amf", **(settings or {})},
                                      "secrets": {"kubeconfig": {"file": "kubeconfig"}}},
                       "sim-amf": {"plugin": "sim_nf", "tenants": ["core-east"], "settings": {"socket": self.world.socket}}}
        self.engine = Ferryd(build, {"connections": connections}, os.path.join(ROOT, "workflows"))
        with open(kubeconfig, encoding="utf-8") as source, \
                open(os.open(self.engine.path("kubeconfig"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as out:
            out.write(source.read())
        self.engine.start()

    def close(self):
        self.engine.__exit__()
        self.feed.stop()
        self.world.__exit__()
        self.workload.delete()

    def submit(self, edit=()):
        end = time.monotonic() + 30
        while True:
            try:
                return self.engine.request("POST", "/v1/upgrades", order_text(edit).encode())
            except Refused as refused:  # an adapter may still be on its way up
                if refused.status < 500 or time.monotonic() > end:
                    raise
                time.sleep(0.3)

    def drive(self, until=("COMPLETED", "FAILED_TEMP", "FAILED", "ROLLED_BACK"), look=lambda view: None, patience=PATIENCE):
        """To one of these states; approves what is asked, and lets `look` see each view on the way."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            view = self.engine.get(f"/v1/upgrades/{RUN}")
            look(view)
            if view.get("approval"):
                try:
                    self.engine.request("POST", f"/v1/upgrades/{RUN}/approve", json.dumps({"why": "trial"}))
                except Refused:
                    pass  # the question was withdrawn meanwhile
            if view["state"] in until:
                return view
            time.sleep(0.1)
        raise RuntimeError(f"{RUN} did not end within {patience} s: {view['state']}, {view.get('waiting')}\n" + self.engine.log()[-2000:])

    def told(self):
        return [r["text"] for r in self.engine.records(RUN) if r["name"] in ("state changed", "verdict", "checked")]


def check_pods(site, version, wrong):
    """Each pod of a VDU that changes was replaced once, the others never; all run what was ordered."""
    for pod in site.workload.pods():
        name, vdu = pod["metadata"]["name"], pod["metadata"]["labels"]["ferry.dev/vdu"]
        wanted = site.workload.image(vdu, version if vdu in CHANGED else site.workload.version)
        image, builds = pod["spec"]["containers"][0]["image"], len(site.feed.builds[name])
        if image != wanted:
            wrong.append(f"{name} runs {image}, not {wanted}")
        if builds != (2 if vdu in CHANGED else 1):
            wrong.append(f"{name} was built {builds} times")
    if site.workload.autoscaler_now() != site.autoscaler:
        wrong.append(f"the autoscaler is {site.workload.autoscaler_now()}, was {site.autoscaler}")
    wrong += [f"the world: {what}" for what in site.feed.refused]


def trial(build, kubeconfig, namespace):
    from trial import check_designated_first, check_shares, check_world
    begin, wrong = time.time(), []
    site = Site(build, kubeconfig, namespace)
    try:
        up = time.time()
        site.submit()
        view = site.drive()
        if view["state"] != "COMPLETED":
            return f"{view['state']}", [*site.told(), site.engine.log()[-1500:]]
        figures = check_shares(site.engine.get(f"/v1/upgrades/{RUN}/kpis")["snapshots"], 50, wrong)
        check_designated_first(site.engine.records(RUN), wrong)
        check_world(site.world, site.engine, RUN, True, wrong)
        check_pods(site, "1.3.0", wrong)
        users = site.world.ask("status")["domains"]
        total = sum(domain["users"] for domain in users.values())
        return (f"{total} users on {len(site.before)} pods, {', '.join(figures)}; workload up in {up - begin:.1f} s, "
                f"upgraded in {time.time() - up:.1f} s"), wrong
    finally:
        site.close()


def report(line, wrong):
    print(("FAILED " if wrong else "ok     ") + line, flush=True)
    for what in wrong:
        print("       " + what, flush=True)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    control_plane.arguments(parser)
    options = parser.parse_args()
    namespace = f"ferry-trial-{os.getpid()}"
    given = os.environ.get("FERRY_TEST_KUBECONFIG")
    if given:
        return report(*trial(options.build, given, namespace))
    programs = control_plane.build()
    if programs is None:
        return control_plane.SKIPPED
    plane = control_plane.Cluster(tempfile.mkdtemp(prefix="ferry-kubernetes-"), programs, options.ports)
    try:
        print(f"kubernetes 1.{plane.minor()} with {options.nodes} fake nodes up in {plane.up(options):.1f} s", flush=True)
        return report(*trial(options.build, plane.kubeconfig, namespace))
    finally:
        plane.down(wipe=True)


if __name__ == "__main__":
    sys.exit(main())
