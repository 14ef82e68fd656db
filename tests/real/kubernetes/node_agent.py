#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fake nodes for a Kubernetes API server: what kubelets would tell it, without a container anywhere.

    tests/real/kubernetes/node_agent.py --kubeconfig FILE [--nodes 20] [--start 1] [--ready 0] [--stop 0]

Registers the nodes, keeps their leases, and lives the pods that are bound to them: running `start` seconds after they
were bound, ready `ready` seconds later, gone `stop` seconds (at most their grace) after they were deleted. A container
whose image changes in place is restarted. Times are seconds, or "1-3" for anything between.

Annotations on a pod (in a template: on every pod of that version), all beginning with ferry.test/:
    start, ready, stop   this pod's times
    fault                crash: CrashLoopBackOff, with an event; nopull: ImagePullBackOff, likewise; unready: runs and never gets
                         ready; oom: killed for memory, again and again; failed: phase Failed; stuck: never goes away
    share                the fault hits this share of pods: "0.2"; which ones follows from their uid
    crash-after          gets ready, and crashes so many seconds later
An image whose tag begins with crash, nopull or unready does the same. On a node: ferry.test/down=true takes its power.
"""
import argparse
import hashlib
import heapq
import os
import queue
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import MERGE, STRATEGIC, Access, Answered, Api, follow  # noqa: E402

PREFIX = "ferry.test/"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
WAITING = {"crash": ("CrashLoopBackOff", "back-off 10s restarting failed container"),
           "oom": ("CrashLoopBackOff", "back-off 10s restarting failed container"),
           "nopull": ("ImagePullBackOff", "Back-off pulling image")}
EVENTS = {"crash": ("BackOff", "Back-off restarting failed container"), "oom": ("BackOff", "Back-off restarting failed container"),
          "nopull": ("Failed", 'Failed to pull image "{image}": rpc error: code = NotFound desc = manifest unknown')}


def stamp(micro=False):
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + (f".{int(now % 1 * 1e6):06d}Z" if micro else "Z")


def seconds(text):
    low, _, high = str(text).partition("-")
    return random.uniform(float(low), float(high)) if high else float(low)


class Later:
    """Calls that are due at a time, made by a few threads with a connection each."""

    def __init__(self, access, threads):
        self.heap, self.order, self.changed, self.due = [], 0, threading.Condition(), queue.SimpleQueue()
        threading.Thread(target=self.keep_time, daemon=True).start()
        for _ in range(threads):
            threading.Thread(target=self.work, args=(Api(access),), daemon=True).start()

    def put(self, after, call, *args):
        if after <= 0:
            self.due.put((call, args))
            return
        with self.changed:
            self.order += 1
            heapq.heappush(self.heap, (time.monotonic() + after, self.order, call, args))
            self.changed.notify()

    def keep_time(self):
        while True:
            with self.changed:
                wait = self.heap[0][0] - time.monotonic() if self.heap else None
                if wait is None or wait > 0:
                    self.changed.wait(wait)
                    continue
                _, _, call, args = heapq.heappop(self.heap)
            self.due.put((call, args))

    def work(self, api):
        while True:
            call, args = self.due.get()
            try:
                call(api, *args)
            except (OSError, Answered) as error:
                print(f"{call.__name__}: {error}", file=sys.stderr, flush=True)


class Nodes:
    def __init__(self, options, later):
        self.options, self.later = options, later
        self.names = {f"fake-{i:04d}": i for i in range(options.nodes)}
        self.down, self.registered = set(), set()

    def conditions(self):
        kinds = (("Ready", "True"), ("MemoryPressure", "False"), ("DiskPressure", "False"), ("PIDPressure", "False"))
        return [{"type": kind, "status": status, "reason": "KubeletHealthy", "message": "", "lastHeartbeatTime": stamp(),
                 "lastTransitionTime": stamp()} for kind, status in kinds]

    def register(self, api, name):
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                  "topology.kubernetes.io/zone": f"zone-{self.names[name] % 3 + 1}"}
        api.request("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}}, fine=(201, 409))
        room = {"cpu": "64", "memory": "256Gi", "pods": str(self.options.max_pods)}
        machine = {**dict.fromkeys(("machineID", "systemUUID", "bootID"), name), "kernelVersion": "0", "osImage": "fake",
                   "containerRuntimeVersion": "fake://0", "kubeletVersion": "v0.0.0", "kubeProxyVersion": "v0.0.0",
                   "operatingSystem": "linux", "architecture": "amd64"}
        status = {"capacity": room, "allocatable": room, "conditions": self.conditions(), "nodeInfo": machine,
                  "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}]}
        api.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, STRATEGIC)
        api.request("POST", LEASES, {"metadata": {"name": name}, "spec": self.lease(name)}, fine=(201, 409))
        if name not in self.registered:
            self.registered.add(name)
            self.later.put(random.uniform(0, self.options.lease), self.renew, name)
        if len(self.registered) == len(self.names) and self.options.up_file:
            with open(self.options.up_file, "w", encoding="ascii") as out:
                out.write("up\n")

    def lease(self, name):
        return {"holderIdentity": name, "leaseDurationSeconds": int(self.options.lease * 4), "renewTime": stamp(micro=True)}

    def renew(self, api, name):
        self.later.put(self.options.lease, self.renew, name)
        if name not in self.down:
            api.request("PATCH", f"{LEASES}/{name}", {"spec": self.lease(name)}, MERGE, fine=(200, 404))

    def heal(self, api, name):
        api.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": {"conditions": self.conditions()}}, STRATEGIC)

    def see(self, kind, what):
        for node in what if kind == "LISTED" else [what]:
            name = node["metadata"]["name"]
            if name not in self.names:
                continue
            down = (node["metadata"].get("annotations") or {}).get(PREFIX + "down") == "true"
            if kind == "DELETED":
                self.later.put(0, self.register, name)
            elif down:
                self.down.add(name)
            elif name in self.down:
                self.down.discard(name)
                self.later.put(0, self.heal, name)


class Pod:
    """What a kubelet knows of a pod. life counts its (re)starts, so that a call of a former life does nothing."""

    def __init__(self, document, address):
        self.document, self.address, self.life, self.restarts, self.images, self.leaving = document, address, 0, 0, None, False
        self.containers_ready = self.told_ready = False
        self.started = stamp()

    def annotation(self, name, otherwise=None):
        return (self.document["metadata"].get("annotations") or {}).get(PREFIX + name, otherwise)

    def fault(self):
        fault = self.annotation("fault", "")
        for container in self.document["spec"]["containers"]:
            tag = container["image"].rpartition(":")[2]
            fault = fault or next((word for word in ("crash", "nopull", "unready") if tag.startswith(word)), "")
        share = float(self.annotation("share", "1"))
        drawn = int(hashlib.sha256(self.document["metadata"]["uid"].encode()).hexdigest()[:8], 16) / 2 ** 32
        return fault if drawn < share else ""

    def path(self):
        return f"/api/v1/namespaces/{self.document['metadata']['namespace']}/pods/{self.document['metadata']['name']}"

    def gates_open(self):
        have = {c["type"]: c["status"] for c in self.document.get("status", {}).get("conditions") or []}
        return all(have.get(gate["conditionType"]) == "True" for gate in self.document["spec"].get("readinessGates") or [])

    def condition(self, kind, so, why):
        return {"type": kind, "status": "True" if so else "False", "lastTransitionTime": stamp(), **({} if so else {"reason": why})}

    def status(self, phase, ready, state, last=None):
        self.containers_ready, self.told_ready = ready, ready and self.gates_open()
        digest = lambda image: "sha256:" + hashlib.sha256(image.encode()).hexdigest()  # noqa: E731
        containers = [{"name": c["name"], "image": c["image"], "imageID": digest(c["image"]), "ready": ready,
                       "restartCount": self.restarts, "started": "running" in state, "state": state, "lastState": last or {},
                       "containerID": f"fake://{self.document['metadata']['uid']}/{c['name']}/{self.life}"}
                      for c in self.document["spec"]["containers"]]
        conditions = [self.condition("Initialized", True, ""), self.condition("ContainersReady", ready, "ContainersNotReady"),
                      self.condition("Ready", self.told_ready, "ReadinessGatesNotReady" if ready else "ContainersNotReady")]
        return {"phase": phase, "hostIP": "127.0.0.1", "podIP": self.address, "podIPs": [{"ip": self.address}],
                "startTime": self.started, "containerStatuses": containers, "conditions": conditions}


class Pods:
    def __init__(self, options, later, nodes):
        self.options, self.later, self.nodes = options, later, nodes
        self.pods, self.addresses = {}, 0

    def alive(self, pod, life):
        uid = pod.document["metadata"]["uid"]
        node = pod.document["spec"]["nodeName"]
        return self.pods.get(uid) is pod and pod.life == life and not pod.leaving and node not in self.nodes.down

    def push(self, api, pod, status):
        uid = pod.document["metadata"]["uid"]
        api.request("PATCH", pod.path() + "/status", {"metadata": {"uid": uid}, "status": status}, STRATEGIC, fine=(200, 404, 409))

    def tell(self, api, pod, fault):
        meta, (reason, text) = pod.document["metadata"], EVENTS[fault]
        event = {"metadata": {"generateName": meta["name"] + ".", "namespace": meta["namespace"]}, "type": "Warning", "count": 1,
                 "reason": reason, "message": text.format(image=pod.document["spec"]["containers"][0]["image"]),
                 "firstTimestamp": stamp(), "lastTimestamp": stamp(), "source": {"component": "kubelet"},
                 "involvedObject": {"apiVersion": "v1", "kind": "Pod", **{k: meta[k] for k in ("name", "namespace", "uid")}}}
        api.request("POST", f"/api/v1/namespaces/{meta['namespace']}/events", event, fine=(201, 403, 404))

    def start(self, api, pod, life):
        if not self.alive(pod, life):
            return
        fault = pod.fault()
        if fault in WAITING:
            self.crash(api, pod, life, fault)
        elif fault == "failed":
            self.push(api, pod, pod.status("Failed", False, {"terminated": {"exitCode": 1, "reason": "Error"}}))
        else:
            pause = seconds(pod.annotation("ready", self.options.ready))
            self.push(api, pod, pod.status("Running", pause <= 0 and fault != "unready", {"running": {"startedAt": stamp()}}))
            if fault != "unready" and pause > 0:
                self.later.put(pause, self.get_ready, pod, life)
            if pod.annotation("crash-after"):
                self.later.put(float(pod.annotation("crash-after")), self.crash, pod, life, "crash")

    def get_ready(self, api, pod, life):
        if self.alive(pod, life):
            self.push(api, pod, pod.status("Running", True, {"running": {"startedAt": stamp()}}))

    def crash(self, api, pod, life, fault):
        if not self.alive(pod, life):
            return
        reason, text = WAITING[fault]
        ended = {"exitCode": 137, "reason": "OOMKilled"} if fault == "oom" else {"exitCode": 1, "reason": "Error"}
        pulled = fault != "nopull"
        pod.restarts += pulled
        self.push(api, pod, pod.status("Running" if pulled else "Pending", False, {"waiting": {"reason": reason, "message": text}},
                                       {"terminated": ended} if pulled else None))
        self.tell(api, pod, fault)
        if pulled:
            self.later.put(min(300, 10 * 2 ** (pod.restarts - 1)), self.crash, pod, life, fault)

    def remove(self, api, pod):
        if pod.document["spec"]["nodeName"] in self.nodes.down:
            self.later.put(1, self.remove, pod)
            return
        api.request("DELETE", pod.path(), {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.document["metadata"]["uid"]}},
                    fine=(200, 404, 409))

    def restart(self, api, pod, life):
        if self.alive(pod, life):
            self.push(api, pod, pod.status("Running", False, {"waiting": {"reason": "ContainerCreating"}}))

    def leave(self, pod):
        pod.leaving = True
        if pod.fault() != "stuck":
            grace = pod.document["metadata"].get("deletionGracePeriodSeconds", 30)
            self.later.put(min(grace, seconds(pod.annotation("stop", self.options.stop))), self.remove, pod)

    def change(self, pod):
        """Bound, restarted with another image, or its readiness gates have moved."""
        images = tuple(c["image"] for c in pod.document["spec"]["containers"])
        if images != pod.images:
            again, pod.images, pod.life = pod.images is not None, images, pod.life + 1
            if again:
                pod.restarts += 1
                self.later.put(0, self.restart, pod, pod.life)
            self.later.put(seconds(pod.annotation("start", self.options.start)), self.start, pod, pod.life)
        elif pod.containers_ready and pod.gates_open() != pod.told_ready:
            self.later.put(0, self.get_ready, pod, pod.life)

    def adopt(self, pod):
        """Ready or ended already: this agent was started again. What was on its way starts anew."""
        status = pod.document.get("status", {})
        ready = status.get("containerStatuses") and all(c["ready"] for c in status["containerStatuses"])
        if ready or status.get("phase") in ("Failed", "Succeeded"):
            pod.images = tuple(c["image"] for c in pod.document["spec"]["containers"])
            pod.containers_ready = pod.told_ready = bool(ready)
            pod.address = status.get("podIP", pod.address)

    def see_one(self, document):
        uid = document["metadata"]["uid"]
        if document["spec"].get("nodeName") not in self.nodes.names:
            return
        pod = self.pods.get(uid)
        if pod is None:
            self.addresses = (self.addresses + 1) % 130000
            number = self.addresses + 2
            pod = self.pods[uid] = Pod(document, f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}")
            self.adopt(pod)
        pod.document = document
        if not document["metadata"].get("deletionTimestamp"):
            self.change(pod)
        elif not pod.leaving:
            self.leave(pod)

    def see(self, kind, what):
        if kind == "LISTED":
            there = {document["metadata"]["uid"] for document in what}
            for uid in [uid for uid in self.pods if uid not in there]:
                del self.pods[uid]
            for document in what:
                self.see_one(document)
        elif kind == "DELETED":
            self.pods.pop(what["metadata"]["uid"], None)
        else:
            self.see_one(what)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--max-pods", type=int, default=250)
    parser.add_argument("--start", default="1")
    parser.add_argument("--ready", default="0")
    parser.add_argument("--stop", default="0")
    parser.add_argument("--lease", type=float, default=10, help="seconds between two renewals of a node's lease")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--up-file", help="written when every node is registered")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    access = Access(options.kubeconfig)
    later = Later(access, options.threads)
    nodes = Nodes(options, later)
    pods = Pods(options, later, nodes)
    for name in nodes.names:
        later.put(0, nodes.register, name)
    threading.Thread(target=follow, args=(access, "/api/v1/nodes", "", nodes.see), daemon=True).start()
    follow(access, "/api/v1/pods", "&fieldSelector=spec.nodeName!%3D", pods.see)


if __name__ == "__main__":
    main()
