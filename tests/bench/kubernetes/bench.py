#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Ferry upgrade of a function of many pods, against `kubectl rollout` of the same pods, alternating on one cluster.

    tests/bench/kubernetes/bench.py [--pods 1000] [--nodes 20] [--rounds 1] [--unavailable 10%,25%] [--raised]
                                    [--who kubectl,ferry] [--kind StatefulSet|Deployment]

kubectl changes the image of a Deployment and waits for its rollout, with maxUnavailable as given and no surge. Ferry runs its
in-service workflow with as many instances at a time: each batch is drained of its users (ferry-sim's, who stand on the pods), upgraded,
and let in again; nobody may be dropped. Printed for each: wall time (Ferry's with its checks, backup and soak), when the last pod was
ready (rolled), the fewest pods that were ready, the client's own API
requests and bytes, everybody's requests. --raised lifts the rate limits of Kubernetes' own clients (20 requests a second).
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/real/kubernetes"), os.path.join(ROOT, "tests/support")]
import cluster as control_plane  # noqa: E402
from amf_site import Site  # noqa: E402
from meter import Audit, Pods, Relay  # noqa: E402
from workload import Workload  # noqa: E402

SELECTOR = "ferry.dev%2Fvdu%3DSVC"
LIMIT = 3600  # seconds one upgrade may take


def unavailable(text, pods):
    return max(1, pods * int(text[:-1]) // 100) if text.endswith("%") else int(text)


class Bench:
    def __init__(self, options, plane, audit):
        self.options, self.plane, self.audit, self.number = options, plane, audit, 0

    def measure(self, name, at_once, namespace, client, upgrade, relay):
        """Runs upgrade() and prints its line."""
        pods = Pods(self.plane.api().access, namespace, SELECTOR)
        time.sleep(3)
        pods.reset()
        self.audit.look()
        up, down, begin = relay.up, relay.down, time.monotonic()
        note = upgrade()
        took, up, down = time.monotonic() - begin, relay.up - up, relay.down - down
        requests = self.audit.look()
        pods.stop()
        own = sum(count for who, count in requests.items() if who.startswith(client))
        line = {"who": name, "at_once": at_once, "pods": self.options.pods, "raised": self.options.raised, "seconds": round(took, 1),
                "rolled": round(pods.changed - begin, 1),
                "least_ready": pods.least, "most_pods": pods.most, "requests_own": own, "requests_all": sum(requests.values()),
                "kib_up": up // 1024, "kib_down": down // 1024, "load": os.getloadavg()[0], **note}
        print(json.dumps(line), flush=True)

    def kubectl(self, at_once):
        options, namespace = self.options, self.namespace()
        relay = Relay(self.plane.ports)
        kubeconfig = relay.kubeconfig(self.plane.kubeconfig, self.plane.path("relay.kubeconfig"))
        workload = Workload(self.plane.api(), namespace, counts={"SVC": options.pods})
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": at_once, "maxSurge": 0}}
        workload.create(kinds={"SVC": "Deployment"}, strategy=rolling, ready_within=600)

        def run(*words):
            subprocess.run([os.path.join(self.plane.programs, "kubectl"), "--kubeconfig", kubeconfig, "-n", namespace, *words],
                           check=True, capture_output=True, timeout=LIMIT)

        def upgrade():
            run("set", "image", "deployment/amf-svc", "main=" + workload.image("SVC", "1.3.0"))
            run("rollout", "status", "deployment/amf-svc", f"--timeout={LIMIT}s")
            return {}
        self.measure("kubectl", at_once, namespace, "kubectl", upgrade, relay)
        workload.delete()
        relay.close()

    def ferry(self, at_once):
        options, namespace = self.options, self.namespace()
        relay = Relay(self.plane.ports)
        kubeconfig = relay.kubeconfig(self.plane.kubeconfig, self.plane.path("relay.kubeconfig"))
        counts = {"OMU": 2, "LB": 2, "SDB": 4, "SVC": options.pods}
        site = Site(options.build, kubeconfig, namespace, counts=counts, kinds={"SVC": options.kind}, ready_within=600)
        site.patience = LIMIT
        alone = [(rf"(amf-{vdu}):1.3.0", r"\1:1.2.0") for vdu in ("omu", "sdb")]  # only the service pods change
        changes = (*alone, ("ferry:gray_upgrade@1", "ferry:issu@1"), (r'<f:(Stage ratio="50"|Approval)[^>]*/>', ""), (r'<Policy name="dial"[^>]*/>', ""),
                   (r'(?s)<PolicyTemplate id="dial".*?</PolicyTemplate>', ""),
                (r'soak="PT20S"', 'soak="PT1S"'), (r'maxMoveRate="4000"', 'maxMoveRate="20000"'), (r'minPreserved="6"', f'minPreserved="{options.pods // 2}"'),
                (r'(role="load-sharing" step=)"auto"', rf'\1"{at_once}"'),
                (r'minInstances="16" maxInstances="24"', f'minInstances="{options.pods}" maxInstances="{options.pods + 8}"'))

        def upgrade():
            site.submit(*changes)
            site.until("COMPLETED")
            calls = [r["body"]["call"] for r in site.engine.records("CHG-0007") if r["name"] == "intent"]
            return {"dropped": site.counters()["users_dropped"], "batches": calls.count("drain"), "host_mib": self.host_memory(site)}
        with site:
            self.measure("ferry", at_once, namespace, "ferry", upgrade, relay)
        relay.close()

    @staticmethod
    def host_memory(site):
        """Resident, of the process that has the Kubernetes adapter."""
        for pid in site.engine.pids():
            with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
                if "kubernetes.so" not in maps.read():
                    continue
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) // 1024
        return 0

    def namespace(self):
        self.number += 1
        return f"bench-{os.getpid()}-{self.number}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--pods", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--unavailable", default="10%,25%")
    parser.add_argument("--who", default="kubectl,ferry")
    parser.add_argument("--kind", default="StatefulSet", choices=("StatefulSet", "Deployment"))
    control_plane.arguments(parser)
    options = parser.parse_args()
    programs = control_plane.build()
    if programs is None:
        return control_plane.SKIPPED
    control_plane.end_well()
    plane = control_plane.Cluster(tempfile.mkdtemp(prefix="ferry-bench-"), programs, control_plane.free_ports(options.ports))
    log, flags = Audit.flags(plane.dir)
    options.apiserver += flags
    try:
        plane.up(options)
        bench = Bench(options, plane, Audit(log))
        for _ in range(options.rounds):
            for at_once in options.unavailable.split(","):
                for who in options.who.split(","):
                    getattr(bench, who)(unavailable(at_once, options.pods))
        return 0
    finally:
        plane.down(wipe=True)


if __name__ == "__main__":
    sys.exit(main())
