# SPDX-License-Identifier: Apache-2.0
"""The trial's network function as Kubernetes workloads: a StatefulSet for each VDU, with what stands around it in a real cluster."""
import time

PART = "app.kubernetes.io/part-of"
VDUS = {"OMU": ("omu", 2), "LB": ("lb", 2), "SDB": ("sdb", 4), "SVC": ("svc", 16)}


def preferred(api, group):
    """The version of a group that this server prefers: "policy/v1" or "policy/v1beta1"."""
    return api.get(f"/apis/{group}")["preferredVersion"]["groupVersion"]


class Workload:
    def __init__(self, api, namespace, name="amf", version="1.2.0", counts=None):
        self.api, self.namespace, self.name, self.version = api, namespace, name, version
        self.counts = counts or {vdu: count for vdu, (_, count) in VDUS.items()}

    def labels(self, vdu):
        return {PART: self.name, "ferry.dev/vdu": vdu}

    def path(self, group, plural, name=""):
        root = "/api/" if "/" not in group else "/apis/"
        return f"{root}{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def set_name(self, vdu):
        return f"{self.name}-{VDUS[vdu][0]}"

    def image(self, vdu, version):
        return f"{self.set_name(vdu)}:{version}"

    def stateful_set(self, vdu, annotations):
        template = {"metadata": {"labels": self.labels(vdu), "annotations": annotations},
                    "spec": {"terminationGracePeriodSeconds": 5,
                             "containers": [{"name": "main", "image": self.image(vdu, self.version)}]}}
        return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": self.set_name(vdu), "labels": self.labels(vdu)},
                "spec": {"replicas": self.counts[vdu], "serviceName": self.name, "podManagementPolicy": "Parallel",
                         "selector": {"matchLabels": self.labels(vdu)}, "template": template}}

    def disruption_budget(self, vdu, fewest):
        return {"metadata": {"name": self.set_name(vdu)}, "spec": {"minAvailable": fewest, "selector": {"matchLabels": self.labels(vdu)}}}

    def autoscaler(self):
        return {"metadata": {"name": self.set_name("SVC")},
                "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": self.set_name("SVC")},
                         "minReplicas": self.counts["SVC"], "maxReplicas": self.counts["SVC"] + 8}}

    def create(self, annotations=None, ready_within=120):
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}}, fine=(201, 409))
        self.wait(60, lambda: self.api.request("GET", self.path("v1", "serviceaccounts", "default"), fine=(200, 404))[0] == 200)
        for vdu in self.counts:
            self.api.request("POST", self.path("apps/v1", "statefulsets"), self.stateful_set(vdu, (annotations or {}).get(vdu, {})))
        if self.counts.get("SVC"):
            self.api.request("POST", self.path(preferred(self.api, "policy"), "poddisruptionbudgets"),
                             self.disruption_budget("SVC", self.counts["SVC"] // 4))
            self.api.request("POST", self.path(preferred(self.api, "autoscaling"), "horizontalpodautoscalers"), self.autoscaler())
        self.wait(ready_within, lambda: self.ready() == sum(self.counts.values()))

    def wait(self, patience, so):
        end = time.monotonic() + patience
        while not so():
            if time.monotonic() > end:
                raise RuntimeError(f"the workload in {self.namespace} did not get there within {patience} s")
            time.sleep(0.2)

    def ready(self):
        sets = self.api.get(self.path("apps/v1", "statefulsets"))["items"]
        return sum(s.get("status", {}).get("readyReplicas", 0) for s in sets)

    def pods(self):
        return self.api.list(self.path("v1", "pods"))[0]

    def autoscaler_now(self):
        """What an operator wrote into it: the rest of it is the controller's."""
        return self.api.get(self.path(preferred(self.api, "autoscaling"), "horizontalpodautoscalers", self.set_name("SVC")))["spec"]

    def delete(self):
        self.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}", fine=(200, 404, 409))
