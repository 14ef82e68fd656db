# SPDX-License-Identifier: Apache-2.0
"""A network function as pods on a cluster, a ferry-sim whose users stand on them, and a ferryd between the two."""
import json
import os
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/support"), os.path.join(ROOT, "tests/nights")]
from api import Access, Api  # noqa: E402
from ferryd import Ferryd, Refused, World  # noqa: E402
from night import Night  # noqa: E402
from pod_feed import PodFeed, instances_of  # noqa: E402
from workload import PART, Workload  # noqa: E402

CHANGED = ("OMU", "SDB", "SVC")  # the VDUs that the order gives another image
# A real cloud's time cannot be scaled, so the NF is quick, its users are busy, and the order is in a hurry.
WORLD = {"sync_ms": 2000, "nf_ms": 200, "dial_ms": 400, "backup_ms": 300, "activity_permille": 60000, "churn_permille": 6000}


def order_text(changes=()):
    """The trial's order, for a real VIM now: another connection, a window of today, short soaks, quick moves."""
    with open(os.path.join(ROOT, "plugins/simulator/trial/amf-order.xml"), encoding="utf-8") as source:
        text = source.read()
    stamp = lambda after: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after))  # noqa: E731
    for pattern, put in ((r'kind="vim" ref="sim-cloud"', 'kind="vim" ref="kubernetes"'),
                         (r'(<f:Window start=)"[^"]*" end="[^"]*"', rf'\1"{stamp(-60)}" end="{stamp(4 * 3600)}"'),
                         (r'latestRollbackEnd="[^"]*"', f'latestRollbackEnd="{stamp(4 * 3600)}"'),
                         (r'soak="PT15M" maxSoak="PT45M" maxMoveRate="200"', 'soak="PT20S" maxSoak="PT3M" maxMoveRate="4000"'),
                         (r'moveRate="500"', 'moveRate="4000"'), (r' digest="[^"]*"', ""), *changes):
        text, count = re.subn(pattern, put, text)
        if count == 0:
            raise RuntimeError(f"the order has no {pattern}")
    return text


class Site(Night):
    """What a story can do (tests/nights/night.py), on a real cluster."""

    def __init__(self, build, kubeconfig, namespace, own=None, settings=None, counts=None, **how):
        """own: the kubeconfig of the one who looks and interferes, where it is another than Ferry's. settings: further ones of
        the Kubernetes connection. counts: of pods by VDU. how: as Workload.create takes it."""
        super().__init__(build, 1, os.path.join(ROOT, "workflows"))
        self.patience, self.namespace, self.kubeconfig = 300, namespace, kubeconfig
        self.access = Access(own or kubeconfig)
        self.api = Api(self.access)
        self.settings = {"namespace": namespace, "selector": f"{PART}=amf", **(settings or {})}
        self.workload, self.how = Workload(self.api, namespace, counts=counts), how

    def __enter__(self):
        self.workload.create(**self.how)
        self.before, self.autoscaler = self.workload.pods(), self.workload.autoscaler_now()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({**WORLD, "instances": instances_of(self.before)}, file)
            file.flush()
            self.world = World(self.build, 1, file.name)
        self.feed = PodFeed(self.access, self.namespace, f"{PART}=amf", self.world.socket)
        kubernetes = {"plugin": "kubernetes", "tenants": ["core-east"], "settings": self.settings,
                      "secrets": {"kubeconfig": {"file": "kubeconfig"}}}
        amf = {"plugin": "sim_nf", "tenants": ["core-east"], "settings": {"socket": self.world.socket}}
        self.engine = Ferryd(self.build, {"connections": {"kubernetes": kubernetes, "sim-amf": amf}}, self.workflows)
        self.give(self.kubeconfig)
        self.engine.start()
        return self

    def give(self, kubeconfig):
        """The secret of Ferry's connection."""
        with open(kubeconfig, encoding="utf-8") as source, \
                open(os.open(self.engine.path("kubeconfig"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(source.read())

    def __exit__(self, *_):
        self.engine.__exit__()
        self.feed.stop()
        self.world.__exit__()
        self.workload.delete()

    def submit(self, *changes):
        end = time.monotonic() + 30
        while True:
            try:
                return self.engine.request("POST", "/v1/upgrades", order_text(changes).encode())
            except Refused as refused:  # an adapter may still be on its way up
                if refused.status < 500 or time.monotonic() > end:
                    raise
                time.sleep(0.3)

    def press(self, verb):
        """One person has all the parts here, which counts as breaking the glass where the cloud is a real one."""
        try:
            self.verb(verb, break_glass=True)
        except Refused:
            pass  # it came too late: what it was for is over

    # -- what must be so ----------------------------------------------------------------------------------

    def pods_run(self, version):
        """As ordered: the VDUs that change on this version, the others untouched."""
        for pod in self.workload.pods():
            vdu = pod["metadata"]["labels"]["ferry.dev/vdu"]
            wanted = self.workload.image(vdu, version if vdu in CHANGED else self.workload.version)
            image = pod["spec"]["containers"][0]["image"]
            self.expect(image == wanted, f"{pod['metadata']['name']} runs {image}, not {wanted}")

    def built(self, times):
        """Each pod of the VDUs that change came up so often, the others once."""
        for pod in self.workload.pods():
            name, changes = pod["metadata"]["name"], pod["metadata"]["labels"]["ferry.dev/vdu"] in CHANGED
            builds = len(self.feed.builds[name])
            self.expect(builds == (times if changes else 1), f"{name} was built {builds} times")

    def cluster_as_it_was(self):
        now = self.workload.autoscaler_now()
        self.expect(now == self.autoscaler, f"the autoscaler is {now}, was {self.autoscaler}")
        self.expect(not self.feed.refused, f"the world refused: {self.feed.refused[:1]}")
