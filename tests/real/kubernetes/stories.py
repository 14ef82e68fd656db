# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a real cloud, one thing a story: what happens, and what must be so at the end."""
import os
import signal
import subprocess
import time

from amf_site import Site
from api import MERGE, Answered, kubectl
from workload import autoscaling, preferred

ROLE = {"rules": [
    {"apiGroups": [""], "resources": ["pods", "events", "configmaps", "secrets", "services", "persistentvolumeclaims"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["pods", "configmaps", "persistentvolumeclaims"], "verbs": ["create", "patch", "update", "delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"]},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["get", "list", "watch", "patch", "update"]}]}
RBAC = "rbac.authorization.k8s.io/v1"


def undisturbed(night, version="1.3.0"):
    """However it came there, the end is that of a quiet night."""
    night.nobody_harmed()
    night.version_everywhere(version)
    night.pods_run(version)
    night.guards_back()
    night.cluster_as_it_was()


def rolled_back(night):
    night.until("ROLLED_BACK", passing=("FAILED_TEMP",))
    undisturbed(night, "1.2.0")


def said(night, *words):
    """Some failed step said these words."""
    texts = [r["text"] for r in night.engine.records("CHG-0007") if r["name"] == "outcome" and not r["body"]["ok"]]
    night.expect(any(all(word in text for word in words) for text in texts), f"nobody said {' and '.join(words)}: {texts[-2:]}")
    return texts[-1][:200] if texts else ""


# -- the engine dies ---------------------------------------------------------------------------------------


def ferryd_killed(night):
    """ferryd and all its hosts are killed every three seconds, sixteen times: as if nothing had been"""
    night.submit()
    for _ in range(16):
        time.sleep(3)
        if night.view()["state"] == "COMPLETED":
            break
        if night.view().get("approval"):
            night.press("approve")
        night.engine.kill()
        night.engine.start()
    night.until("COMPLETED")
    undisturbed(night)
    night.built(2)
    return f"{sum(r['name'] == 'resumed' for r in night.engine.records('CHG-0007'))} times resumed; each pod still replaced once"


def hosts_killed(night):
    """the adapters' processes are killed in each upgrade: asked anew, each pod still replaced once"""
    killed = set()
    night.submit()
    while (view := night.view())["state"] not in ("COMPLETED", "FAILED_TEMP", "ROLLED_BACK"):
        step = view.get("step") or {}
        if step.get("call") == "upgrade" and step.get("step") not in killed and len(killed) < 6:
            killed.add(step.get("step"))
            night.kill_hosts("adapter")
        if view.get("approval"):
            night.press("approve")
        time.sleep(0.05)
    night.until("COMPLETED")
    undisturbed(night)
    night.built(2)


# -- the API server ----------------------------------------------------------------------------------------


def api_server_restarted(night):
    """the API server is killed in the middle of an upgrade and is away for eight seconds: the run waits, and goes on"""
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    night.plane.stop("apiserver", signal.SIGKILL)
    time.sleep(8)
    night.plane.up(night.plane.options)
    night.until("COMPLETED")
    undisturbed(night)
    night.built(2)


api_server_restarted.needs_plane = True


class Limited(Site):
    """Ferry's connection is a service account with a role in the namespace, and no administrator."""

    def __enter__(self):
        path, where = f"/apis/{RBAC}/namespaces/{self.namespace}", f"/api/v1/namespaces/{self.namespace}"
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}}, fine=(201, 409))
        self.account()
        self.api.request("POST", path + "/roles", {"metadata": {"name": "ferry"}, **ROLE})
        self.bind()
        try:
            self.api.request("POST", f"/apis/{RBAC}/clusterroles", {"metadata": {"name": "ferry-nodes"}, "rules": [
                {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]}]}, fine=(201, 409))
            self.api.request("POST", f"/apis/{RBAC}/clusterrolebindings", self.binding(self.namespace, "ClusterRole", "ferry-nodes"))
        except Answered:
            pass  # hosts and zones are then unknown, and that is all
        self.administrator, self.kubeconfig = self.kubeconfig, self.token()
        return super().__enter__()

    def binding(self, name, kind, role):
        return {"metadata": {"name": name}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": "ferry", "namespace": self.namespace}]}

    def account(self):
        self.api.request("POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts", {"metadata": {"name": "ferry"}}, fine=(201, 409))

    def bind(self):
        self.api.request("POST", f"/apis/{RBAC}/namespaces/{self.namespace}/rolebindings", self.binding("ferry", "Role", "ferry"))

    def unbind(self):
        self.api.request("DELETE", f"/apis/{RBAC}/namespaces/{self.namespace}/rolebindings/ferry")

    def token(self):
        """A kubeconfig of the account, its token good for the least time a server gives."""
        made = self.api.request("POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts/ferry/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}})[1]["status"]["token"]
        source, target = getattr(self, "administrator", self.kubeconfig), f"/tmp/{self.namespace}.kubeconfig"
        with open(source, encoding="utf-8") as file, open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(file.read())
        run = lambda *words: subprocess.run([kubectl(), "--kubeconfig", target, "config", *words], check=True, capture_output=True)  # noqa: E731
        run("set-credentials", "ferry", "--token", made)
        run("set-context", "--current", "--user", "ferry")
        return target

    def __exit__(self, *_):
        super().__exit__()
        self.api.request("DELETE", f"/apis/{RBAC}/clusterrolebindings/{self.namespace}", fine=(200, 404))
        os.unlink(self.kubeconfig)


def limited_rights(night):
    """the trial with nothing but a role in the namespace"""
    night.submit()
    night.until("COMPLETED")
    undisturbed(night)


def token_expired(night):
    """the token ends in the middle: the run parks with the server's words; a new one in the secret's file, retry, and it goes on"""
    night.submit(('onFailure="rollback"', 'onFailure="hold"'))
    night.until("PROCESSING", step="upgrade", stage=500)
    night.api.request("DELETE", f"/api/v1/namespaces/{night.namespace}/serviceaccounts/ferry")  # ends its tokens at once
    night.until("FAILED_TEMP")
    words = said(night, "401")
    night.account()
    night.give(night.token())
    night.kill_hosts("adapter")  # secrets are read when a connection is opened
    night.verb("retry")
    night.until("COMPLETED")
    undisturbed(night)
    return words


def right_revoked(night):
    """the role is taken away in the middle: the run parks and names the right; given back, retry, and it goes on"""
    night.submit(('onFailure="rollback"', 'onFailure="hold"'))
    night.until("PROCESSING", step="upgrade", stage=500)
    night.unbind()
    night.until("FAILED_TEMP")
    words = said(night, "403")
    night.bind()
    night.verb("retry")
    night.until("COMPLETED")
    undisturbed(night)
    return words


for story in (limited_rights, token_expired, right_revoked):
    story.site = Limited


# -- what else acts in the cluster -------------------------------------------------------------------------


def budget(night):
    path = night.workload.path(preferred(night.api, "policy"), "poddisruptionbudgets", "amf-svc")
    return path, night.api.get(path)["spec"]["minAvailable"]


def budget_allows_nothing(night):
    """a disruption budget that allows no eviction: nothing is evicted behind its back; lifted, the run goes on"""
    path, was = budget(night)
    night.api.request("PATCH", path, {"spec": {"minAvailable": 16}}, MERGE)
    night.submit(('onFailure="rollback"', 'onFailure="hold"'))
    end, state = time.monotonic() + 90, ""
    while time.monotonic() < end and state not in ("FAILED_TEMP", "ROLLED_BACK"):
        state = night.view()["state"]
        time.sleep(0.2)
    replaced = sum(len(night.feed.builds[f"amf-svc-{i}"]) - 1 for i in range(16))
    night.expect(replaced == 0, f"{replaced} pods were replaced against the budget")
    stood = f"{state}: {night.view().get('waiting') or night.view().get('error') or ''}"[:200]
    night.api.request("PATCH", path, {"spec": {"minAvailable": was}}, MERGE)
    if state == "FAILED_TEMP":
        night.verb("retry")
    if state != "ROLLED_BACK":
        night.until("COMPLETED")
        undisturbed(night)
    return stood


def autoscaler_changed(night):
    """somebody lets the autoscaler scale while Ferry holds it: reported, not overwritten; and what Ferry does not hold stays theirs"""
    path = night.workload.path(autoscaling(night.api), "horizontalpodautoscalers", "amf-svc")
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    held = night.workload.autoscaler_now().get("behavior", {}).get("scaleUp", {}).get("selectPolicy")
    night.expect(held == "Disabled", f"it was not held: {held}")
    night.api.request("PATCH", path, {"spec": {"maxReplicas": 31, "behavior": {"scaleUp": {"selectPolicy": "Min"}}}}, MERGE)
    night.until("COMPLETED")
    now = night.workload.autoscaler_now()
    night.expect(now["maxReplicas"] == 31 and now["behavior"]["scaleUp"]["selectPolicy"] == "Min", f"overwritten: {now}")
    guard = next(g for g in night.view()["guards"] if g["guard"] == "scaling")
    night.expect(not guard["as_it_was"], f"it was not reported: {guard}")
    night.nobody_harmed()
    night.pods_run("1.3.0")
    return str({name: guard[name] for name in ("held", "as_it_was")})


def other_hand(night):
    """another operator sets another image on the workload that is being upgraded: the conflict is named, nothing is fought over"""
    night.submit(('onFailure="rollback"', 'onFailure="hold"'))
    night.until("PROCESSING", step="upgrade", stage=500)
    subprocess.run([kubectl(), "--kubeconfig", night.kubeconfig, "-n", night.namespace, "set", "image", "statefulset/amf-svc",
                    "main=amf-svc:9.9.9"], check=True, capture_output=True)
    view = night.until("FAILED_TEMP", "COMPLETED", "ROLLED_BACK")
    night.expect(night.counters()["users_dropped"] == 0, f"{night.counters()['users_dropped']} users were dropped")
    foreign = sum(pod["spec"]["containers"][0]["image"] == "amf-svc:9.9.9" for pod in night.workload.pods())
    night.expect(foreign <= 8, f"{foreign} pods came up with the other operator's image")  # those that were just being replaced
    return f"{view['state']}, {foreign} pods on the other image; {said(night, 'amf-svc')}"


# -- pods that do not come up ------------------------------------------------------------------------------


def bad_image(tag, *words):
    def story(night):
        night.submit(("amf-svc:1.3.0", f"amf-svc:{tag}"))
        night.until("ROLLING_BACK", "ROLLED_BACK")
        told = said(night, *words)
        rolled_back(night)
        return told
    return story


never_ready = bad_image("unready-1", "ready")
never_ready.__name__, never_ready.__doc__ = "never_ready", "pods of the new image never get ready: given up, and everybody is back on the old version"
never_ready.site = lambda *args: Site(*args, settings={"ready_s": 8})
not_pulled = bad_image("nopull-1", "ull")
not_pulled.__name__, not_pulled.__doc__ = "not_pulled", "the new image cannot be pulled: the event's own words, and back"
not_pulled.site = lambda *args: Site(*args, settings={"patience_s": 8})
crashes = bad_image("crash-1", "ack-off")
crashes.__name__, crashes.__doc__ = "crashes", "the new image crashes in a loop: the event's own words, and back"
crashes.site = lambda *args: Site(*args, settings={"patience_s": 8})


def pod_deleted_under_users(night):
    """somebody deletes a serving pod by hand: its users are dropped, and counted; the run ends as ordered"""
    night.submit()
    night.until("PROCESSING", stage=500)
    victim = next(i["id"] for i in reversed(night.world.ask("users")["instances"]) if i["users"] > 100 and i["id"].startswith("amf-svc"))
    night.api.request("DELETE", night.workload.path("v1", "pods", victim))
    night.until("COMPLETED", passing=("FAILED_TEMP", "ROLLED_BACK"))
    dropped = night.counters()["users_dropped"]
    night.expect(dropped > 100, f"{dropped} users were dropped with {victim}")
    night.pods_run("1.3.0")
    return f"{victim}: {dropped} users dropped, by nobody but the other hand"


def node_lost(night):
    """a node loses its power under serving pods: shown, not promised"""
    night.submit()
    night.until("PROCESSING", stage=500)
    node = next(p["spec"]["nodeName"] for p in night.workload.pods() if p["metadata"]["name"] == "amf-svc-9")
    night.api.request("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"annotations": {"ferry.test/down": "true"}}}, MERGE)
    time.sleep(10)
    night.api.request("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"annotations": {"ferry.test/down": None}}}, MERGE)
    view = night.until("COMPLETED", "FAILED_TEMP", "ROLLED_BACK")
    return view["state"]


node_lost.needs_plane = True

STORIES = (ferryd_killed, hosts_killed, api_server_restarted, limited_rights, token_expired, right_revoked, budget_allows_nothing,
           autoscaler_changed, other_hand, never_ready, not_pulled, crashes, pod_deleted_under_users, node_lost)
