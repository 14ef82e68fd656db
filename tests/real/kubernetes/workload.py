# SPDX-License-Identifier: Apache-2.0
"""The trial's network function as Kubernetes workloads: a StatefulSet for each VDU, with what stands around it in a real cluster."""
import time

PART = "app.kubernetes.io/part-of"
VDUS = {"OMU": ("omu", 2), "LB": ("lb", 2), "SDB": ("sdb", 4), "SVC": ("svc", 16)}


def preferred(api, group):
    """The version of a group that this server prefers: "policy/v1" or "policy/v1beta1"."""
    return api.get(f"/apis/{group}")["preferredVersion"]["groupVersion"]


def autoscaling(api):
    """The version that shows all of an autoscaler: v1, which older servers prefer, hides how it behaves."""
    versions = [version["groupVersion"] for version in api.get("/apis/autoscaling")["versions"]]
    return "autoscaling/v2" if "autoscaling/v2" in versions else "autoscaling/v2beta2"


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

    def controller(self, vdu, annotations, kind, strategy):
        template = {"metadata": {"labels": self.labels(vdu), "annotations": annotations},
                    "spec": {"terminationGracePeriodSeconds": 5,
                             "containers": [{"name": "main", "image": self.image(vdu, self.version)}]}}
        spec = {"replicas": self.counts[vdu], "selector": {"matchLabels": self.labels(vdu)}, "template": template}
        if kind == "StatefulSet":
            spec |= {"serviceName": self.name, "podManagementPolicy": "Parallel"}
        elif strategy:
            spec |= {"strategy": strategy, "progressDeadlineSeconds": 3600}
        return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": self.set_name(vdu), "labels": self.labels(vdu)}, "spec": spec}

    def disruption_budget(self, vdu, fewest):
        return {"metadata": {"name": self.set_name(vdu)}, "spec": {"minAvailable": fewest, "selector": {"matchLabels": self.labels(vdu)}}}

    def autoscaler(self, kind):
        return {"metadata": {"name": self.set_name("SVC")},
                "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": self.set_name("SVC")},
                         "minReplicas": self.counts["SVC"], "maxReplicas": self.counts["SVC"] + 8}}

    def create(self, annotations=None, ready_within=120, kinds=None, strategy=None):
        """annotations: of the pods, by VDU. kinds: {"SVC": "Deployment"}; StatefulSets otherwise. strategy: of Deployments."""
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}}, fine=(201, 409))
        self.wait(60, lambda: self.api.request("GET", self.path("v1", "serviceaccounts", "default"), fine=(200, 404))[0] == 200)
        for vdu in self.counts:
            kind = (kinds or {}).get(vdu, "StatefulSet")
            self.api.request("POST", self.path("apps/v1", kind.lower() + "s") + "?fieldManager=kubectl-create",  # as an operator would
                             self.controller(vdu, (annotations or {}).get(vdu, {}), kind, strategy))
        if "SVC" in self.counts and not strategy:  # with a strategy it rolls by itself, and nobody is to be held
            self.api.request("POST", self.path(preferred(self.api, "policy"), "poddisruptionbudgets"),
                             self.disruption_budget("SVC", self.counts["SVC"] // 4))
            self.api.request("POST", self.path(autoscaling(self.api), "horizontalpodautoscalers"),
                             self.autoscaler((kinds or {}).get("SVC", "StatefulSet")))
        self.wait(ready_within, lambda: self.ready() == sum(self.counts.values()))

    def wait(self, patience, so):
        end = time.monotonic() + patience
        while not so():
            if time.monotonic() > end:
                raise RuntimeError(f"the workload in {self.namespace} did not get there within {patience} s")
            time.sleep(0.2)

    def ready(self):
        return sum(c.get("status", {}).get("readyReplicas", 0) for kind in ("statefulsets", "deployments")
                   for c in self.api.get(self.path("apps/v1", kind))["items"])

    def pods(self):
        """Those of the function; a download of images ahead of time has pods of its own."""
        return [pod for pod in self.api.list(self.path("v1", "pods"))[0] if "ferry.dev/vdu" in pod["metadata"].get("labels", {})]

    def autoscaler_now(self):
        """What an operator wrote into it: the rest of it is the controller's."""
        return self.api.get(self.path(autoscaling(self.api), "horizontalpodautoscalers", self.set_name("SVC")))["spec"]

    def delete(self):
        self.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}", fine=(200, 404, 409))
