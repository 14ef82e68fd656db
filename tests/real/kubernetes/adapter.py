#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes adapter on a real API server, verb by verb: what it does, and how it says what will not be.

    FERRY_TEST_KUBECONFIG=FILE tests/real/kubernetes/adapter.py [--build build/dev] [NAME ...]

Needs the nodes of node_agent.py (its image tags and annotations make pods fail). Works in a namespace of its own, removed afterwards.
"""
import argparse
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, HERE)
from api import APPLY, MERGE, Access, Api  # noqa: E402
from plugin import DONE, FAILED, Plugin  # noqa: E402


class Site:
    def __init__(self, build, kubeconfig, namespace):
        self.plugin, self.namespace = os.path.join(build, "plugins/kubernetes.so"), namespace
        with open(kubeconfig, encoding="utf-8") as file:
            self.kubeconfig = file.read()
        self.api, self.step = Api(Access(kubeconfig)), 0
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})

    def close(self):
        self.api.request("DELETE", f"/api/v1/namespaces/{self.namespace}")

    def path(self, plural, name="", group="/apis/apps/v1"):
        return f"{group}/namespaces/{self.namespace}/{plural}{'/' + name if name else ''}"

    def open(self, **settings):
        return Plugin(self.plugin, {"kubeconfig": self.kubeconfig, "namespace": self.namespace, "patience_s": 4, **settings})

    def make(self, name, replicas=3, kind="StatefulSet", metadata=None, manager="kubectl"):
        template = {"metadata": {"labels": {"app": name, "ferry.dev/vdu": name.upper()}},
                    "spec": {"terminationGracePeriodSeconds": 0, "containers": [{"name": "main", "image": f"{name}:1"}]}}
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        if kind == "StatefulSet":
            spec.update(serviceName=name, podManagementPolicy="Parallel")
        if kind == "DaemonSet":
            del spec["replicas"]
            template["spec"]["nodeSelector"] = {"topology.kubernetes.io/zone": "zone-1"}
        plural = kind.lower() + "s"
        self.api.request("POST", self.path(plural) + f"?fieldManager={manager}",
                         {"metadata": {"name": name, **(metadata or {})}, "spec": spec})
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pods = self.pods(name)
            if (len(pods) >= replicas if kind != "DaemonSet" else pods) and all(ready(pod) for pod in pods):
                return sorted(pod["metadata"]["name"] for pod in pods)
            time.sleep(0.2)
        raise RuntimeError(f"{name} did not get ready")

    def pods(self, name):
        return [pod for pod in self.api.list(self.path("pods", group="/api/v1"), f"&labelSelector=app%3D{name}")[0]]

    def images(self, name):
        return sorted(pod["spec"]["containers"][0]["image"] for pod in self.pods(name))

    def upgrade(self, adapter, instances, image, **who):
        self.step += 1
        args = {"instances": instances, "image": image, "version": image.split(":")[1]}
        return adapter.until("upgrade", args, **{"step": self.step, **who})


def ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def says(answer, failure, *words):
    assert answer.status == FAILED and answer.failure == failure and all(word in answer.message for word in words), repr(answer)


# Each case has a workload of its own name.

def chosen_pods_of_a_statefulset_are_upgraded(site):
    site.make("chosen", 5)
    before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in site.pods("chosen")}
    with site.open() as adapter:
        assert site.upgrade(adapter, ["chosen-1", "chosen-3"], "chosen:2").status == DONE
        after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in site.pods("chosen")}
        assert {name for name in before if before[name] != after[name]} == {"chosen-1", "chosen-3"}
        strategy = lambda: site.api.get(site.path("statefulsets", "chosen"))["spec"]["updateStrategy"]  # noqa: E731
        assert strategy() == {"type": "OnDelete"}
        assert site.upgrade(adapter, ["chosen-1", "chosen-3"], "chosen:1").status == DONE
        assert strategy() == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, strategy()


def a_daemonset_is_upgraded_node_by_node(site):
    site.make("agent", kind="DaemonSet")
    with site.open() as adapter:
        ids = [row["id"] for row in adapter.observe("inventory").value["instances"] if row["vdu"] == "AGENT"]
        assert site.upgrade(adapter, ids[:1], "agent:2").status == DONE
        assert site.images("agent").count("agent:2") == 1
        assert site.upgrade(adapter, ids, "agent:2").status == DONE
        assert set(site.images("agent")) == {"agent:2"}
        now = [row["id"] for row in adapter.observe("inventory").value["instances"] if row["vdu"] == "AGENT"]
        assert now == ids


def a_deployment_is_upgraded_by_a_twin_and_is_one_again(site):
    names = site.make("svc", 6, "Deployment")
    with site.open() as adapter:
        for half, image in ((names[:3], "svc:2"), (names[:3], "svc:1"), (names[1:4], "svc:2"), (names, "svc:2")):
            assert site.upgrade(adapter, half, image).status == DONE
            rows = {row["id"]: row["image"] for row in adapter.observe("inventory").value["instances"] if row["vdu"] == "SVC"}
            assert sorted(rows) == names and all(rows[name] == image for name in half), rows
        uids = {pod["metadata"]["uid"] for pod in site.pods("svc")}
        deployments = [item["metadata"]["name"] for item in site.api.get(site.path("deployments"))["items"]]
        assert deployments.count("svc") == 1 and "svc-ferry" not in deployments
        site.api.request("PATCH", site.path("deployments", "svc"), {"metadata": {"annotations": {"touched": "x"}}}, MERGE)
        time.sleep(2)
        assert {pod["metadata"]["uid"] for pod in site.pods("svc")} == uids, "its controller restarts pods"


def an_image_that_cannot_be_pulled_is_told_in_the_kubelets_words(site):
    site.make("pull")
    with site.open() as adapter:
        says(site.upgrade(adapter, ["pull-1"], "pull:nopull-2"), "permanent", "pull-1", "ImagePullBackOff")
        assert site.upgrade(adapter, ["pull-1"], "pull:1").status == DONE, "and back"


def a_crash_loop_is_told(site):
    site.make("crash")
    with site.open() as adapter:
        says(site.upgrade(adapter, ["crash-0"], "crash:crash-2"), "permanent", "crash-0", "CrashLoopBackOff", "exit code")


def a_new_attempt_makes_the_pod_anew(site):
    site.make("again")
    with site.open() as adapter:
        says(site.upgrade(adapter, ["again-0"], "again:crash-2"), "permanent", "CrashLoopBackOff")
        uid = [pod["metadata"]["uid"] for pod in site.pods("again") if pod["metadata"]["name"] == "again-0"]
        says(site.upgrade(adapter, ["again-0"], "again:crash-2", step=site.step, attempt=2), "permanent", "CrashLoopBackOff")
        assert uid != [pod["metadata"]["uid"] for pod in site.pods("again") if pod["metadata"]["name"] == "again-0"]


def a_pod_that_never_gets_ready_is_told(site):
    site.make("sulky")
    with site.open(ready_s=3) as adapter:
        says(site.upgrade(adapter, ["sulky-2"], "sulky:unready-2"), "permanent", "sulky-2", "is not ready")


def a_budget_that_never_allows_is_refused_by_name(site):
    site.make("tight")
    group = "/apis/policy/v1" if site.api.request("GET", "/apis/policy/v1", fine=(200, 404))[0] == 200 else "/apis/policy/v1beta1"
    site.api.request("POST", site.path("poddisruptionbudgets", group=group),
                     {"metadata": {"name": "never"}, "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "tight"}}}})
    time.sleep(1)
    with site.open() as adapter:
        says(site.upgrade(adapter, ["tight-0"], "tight:2"), "refused", "never", "lets no pod go")


def a_budget_is_kept(site):
    site.make("careful", 4)
    group = "/apis/policy/v1" if site.api.request("GET", "/apis/policy/v1", fine=(200, 404))[0] == 200 else "/apis/policy/v1beta1"
    site.api.request("POST", site.path("poddisruptionbudgets", group=group),
                     {"metadata": {"name": "one"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "careful"}}}})
    time.sleep(1)
    with site.open() as adapter:
        site.step += 1
        args, least = {"instances": [f"careful-{i}" for i in range(4)], "image": "careful:2", "version": "2"}, 4
        for _ in range(200):
            answer = adapter.call("upgrade", args, step=site.step)
            least = min(least, sum(ready(pod) for pod in site.pods("careful")))
            if answer.status in (DONE, FAILED):
                break
            time.sleep(0.1)
        assert answer.status == DONE and least >= 3, (answer, least)


def a_finalizer_that_holds_a_pod_is_named(site):
    site.make("stuck")
    site.api.request("PATCH", site.path("pods", "stuck-1", "/api/v1"), {"metadata": {"finalizers": ["example.com/hold"]}}, MERGE)
    with site.open() as adapter:
        says(site.upgrade(adapter, ["stuck-1"], "stuck:2"), "permanent", "stuck-1", "example.com/hold")
        site.api.request("PATCH", site.path("pods", "stuck-1", "/api/v1"), {"metadata": {"finalizers": None}}, MERGE)
        assert site.upgrade(adapter, ["stuck-1"], "stuck:2", step=site.step, attempt=2).status == DONE


def a_quota_is_told_in_its_own_words(site):
    site.make("poor")
    used = len(site.api.list(site.path("pods", group="/api/v1"))[0])
    with site.open() as adapter:
        site.api.request("POST", site.path("resourcequotas", group="/api/v1"), {"metadata": {"name": "few"}, "spec": {"hard": {"pods": 1}}})
        time.sleep(2)
        try:
            says(site.upgrade(adapter, ["poor-0"], "poor:2"), "permanent", "exceeded quota")
        finally:
            site.api.request("DELETE", site.path("resourcequotas", "few", "/api/v1"))
        assert used and site.upgrade(adapter, ["poor-0"], "poor:2", step=site.step, attempt=2, ).status == DONE


def what_belongs_to_helm_is_refused_unless_told(site):
    site.make("helmed", metadata={"annotations": {"meta.helm.sh/release-name": "core"}})
    with site.open() as adapter:
        says(site.upgrade(adapter, ["helmed-0"], "helmed:2"), "refused", "Helm release core")
    with site.open(behind_owners=True) as adapter:
        assert site.upgrade(adapter, ["helmed-0"], "helmed:2").status == DONE


def a_field_of_another_manager_is_refused_by_its_name(site):
    site.make("owned", manager="acme-operator")
    with site.open() as adapter:
        says(site.upgrade(adapter, ["owned-0"], "owned:2"), "refused", "acme-operator")
    with site.open(take_over="acme") as adapter:
        assert site.upgrade(adapter, ["owned-0"], "owned:2").status == DONE


def another_hand_in_the_middle_is_reported_and_not_set_back(site):
    site.make("fought")
    with site.open() as adapter:
        site.step += 1
        args = {"instances": ["fought-0"], "image": "fought:unready-2", "version": "2"}
        adapter.call("upgrade", args, step=site.step)
        body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "fought"},
                "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "fought:9"}]}}}}
        site.api.request("PATCH", site.path("statefulsets", "fought") + "?fieldManager=kubectl-edit&force=true", body, APPLY)
        says(adapter.until("upgrade", args, step=site.step), "refused", "kubectl-edit", "fought:9")


def an_engine_that_was_replaced_is_refused(site):
    site.make("fenced")
    with site.open() as adapter:
        assert site.upgrade(adapter, ["fenced-0"], "fenced:2", run="r", step=7, fence=3).status == DONE
        says(site.upgrade(adapter, ["fenced-0"], "fenced:1", run="r", step=8, fence=2), "refused", "too late")
        says(site.upgrade(adapter, ["fenced-0"], "fenced:1", run="r", step=6, fence=3), "refused", "too late")


def an_autoscaler_is_held_and_given_back_exactly(site):
    known = site.api.request("GET", "/apis/autoscaling/v2", fine=(200, 404))[0] == 200
    group = "/apis/autoscaling/" + ("v2" if known else "v2beta2")
    site.make("scaled", 2)
    path = site.path("horizontalpodautoscalers", "scaled", group)
    site.api.request("POST", site.path("horizontalpodautoscalers", group=group),
                     {"metadata": {"name": "scaled"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "scaled"},
                      "behavior": {"scaleDown": {"stabilizationWindowSeconds": 17, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 30}]}}}})
    before = site.api.get(path)["spec"]
    with site.open() as adapter:
        prior = adapter.observe("guard_read", {"guard": "scaling"}).value["state"]
        off = {"guard": "scaling", "state": {"enabled": False}, "prior": prior}
        back = {"guard": "scaling", "state": prior, "prior": {"enabled": False}}
        assert adapter.until("guard_set", off, step=901).status == DONE
        assert adapter.observe("guard_read", {"guard": "scaling"}).value["state"] == {"enabled": False}
        assert site.api.get(path)["spec"]["behavior"]["scaleUp"]["selectPolicy"] == "Disabled"
        assert adapter.until("guard_set", back, step=902).status == DONE
        assert site.api.get(path)["spec"] == before
        assert adapter.observe("guard_read", {"guard": "scaling"}).value["state"] == prior
        assert adapter.until("guard_set", off, step=903).status == DONE
        site.api.request("PATCH", path, {"spec": {"behavior": {"scaleUp": {"selectPolicy": "Max"}}}}, MERGE)  # somebody needs it
        changed = site.api.get(path)["spec"]
        assert adapter.until("guard_set", back, step=904).status == DONE
        assert site.api.get(path)["spec"] == changed
        assert adapter.observe("guard_read", {"guard": "scaling"}).value["state"] != prior


def a_backup_is_restored(site):
    site.make("kept")
    site.api.request("POST", site.path("configmaps", group="/api/v1"), {"metadata": {"name": "conf"}, "data": {"a": "1"}})
    patch = {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}, "template": {"spec": {"volumes": [{"name": "c", "configMap": {"name": "conf"}}]}}}}
    site.api.request("PATCH", site.path("statefulsets", "kept"), patch, MERGE)
    with site.open() as adapter:
        saved = adapter.until("backup", {"what": ["image"], "instances": ["kept-0"]}, step=801)
        assert saved.status == DONE and saved.value["items"] == 2, saved
        assert adapter.until("backup", {"what": ["image"], "instances": ["kept-0"]}, step=801).value == saved.value
        site.api.request("PATCH", site.path("configmaps", "conf", "/api/v1"), {"data": {"a": "2"}}, MERGE)
        assert site.upgrade(adapter, ["kept-0", "kept-1", "kept-2"], "kept:2").status == DONE
        site.step += 1000
        assert adapter.until("restore", {"id": saved.value["id"]}, step=site.step).status == DONE
    assert set(site.images("kept")) == {"kept:1"}
    assert site.api.get(site.path("configmaps", "conf", "/api/v1"))["data"] == {"a": "1"}


def replicas_are_made_and_taken_away_once(site):
    site.make("grow", 2)
    with site.open() as adapter:
        more = {"vdu": "GROW", "count": 2}
        for _ in range(2):  # the same key makes no more
            made = adapter.until("create", more, step=701)
            assert made.status == DONE and made.value["instances"] == ["grow-2", "grow-3"], made
        assert len(site.pods("grow")) == 4
        says(adapter.until("remove", {"instances": ["grow-0"]}, step=702), "refused", "highest")
        for _ in range(2):
            assert adapter.until("remove", {"instances": ["grow-3", "grow-2"]}, step=703).status == DONE
        assert len(site.pods("grow")) == 2


def a_token_that_is_not_known_is_refused(site):
    config = json.loads(json.dumps({"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u"}}]}))
    server = site.api.access.url.geturl()
    with site.open() as adapter:
        assert adapter.observe("inventory").status == DONE
    cluster = {"server": server, "certificate-authority-data": ca_of(site.kubeconfig)}
    config.update(clusters=[{"name": "c", "cluster": cluster}], users=[{"name": "u", "user": {"token": "expired"}}])
    with Plugin(site.plugin, {"kubeconfig": json.dumps(config), "namespace": site.namespace}) as adapter:
        says(adapter.observe("inventory"), "refused", "401")


def ca_of(kubeconfig):
    line = next(line for line in kubeconfig.splitlines() if "certificate-authority-data" in line)
    return line.split(":", 1)[1].strip().strip('",')


CASES = [case for name, case in list(globals().items())
         if callable(case) and getattr(case, "__code__", None) and case.__code__.co_varnames[:1] == ("site",) and name not in ("ca_of",)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("names", nargs="*", help="of cases; all of them otherwise")
    options = parser.parse_args()
    site, wrong = Site(options.build, os.environ["FERRY_TEST_KUBECONFIG"], f"ferry-adapter-{os.getpid()}"), 0
    try:
        for case in CASES:
            if options.names and case.__name__ not in options.names:
                continue
            began = time.monotonic()
            try:
                case(site)
                print(f"ok    {case.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
            except (AssertionError, RuntimeError) as error:
                wrong += 1
                print(f"FAIL  {case.__name__}: {error!r}"[:700], flush=True)
    finally:
        site.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
