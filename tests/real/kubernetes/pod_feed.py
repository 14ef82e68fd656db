#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tells a ferry-sim whose NF stands on pods what has become of them (plugins/simulator/README.md).

    tests/real/kubernetes/pod_feed.py --kubeconfig FILE --namespace NS --socket SIM.sock [--selector nf=amf]

Follows the pods of a namespace and tells the whole list when something in it has changed. An instance is named, and its
VDU and version are found, as the adapter of plugins/kubernetes does it.
"""
import argparse
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api import Access, follow  # noqa: E402

GIVEN_UP = ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError")


def state_of(pod):
    """As the NF sees it: only a pod that is ready is there."""
    status = pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return "stopping"
    containers = status.get("containerStatuses") or []
    waiting = {(c.get("state", {}).get("waiting") or {}).get("reason") for c in containers}
    if status.get("phase") == "Failed" or waiting & set(GIVEN_UP):
        return "error"
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    return "running" if ready and not image_changes(pod) else "building"


def image_changes(pod):
    """Another tag is asked for than runs: the container has not been restarted yet."""
    last = lambda image: image.rpartition("/")[2]  # noqa: E731
    asked, runs = (last(pod["spec"]["containers"][0]["image"]), last(pod["status"]["containerStatuses"][0].get("image", "")))
    return asked.partition(":")[0] == runs.partition(":")[0] and asked != runs


def instance_of(pod):
    meta, image = pod["metadata"], pod["spec"]["containers"][0]["image"]
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    version = notes.get("ferry.dev/version") or labels.get("app.kubernetes.io/version") or image.rpartition(":")[2]
    return {"id": notes.get("ferry.dev/instance", meta["name"]), "vdu": labels.get("ferry.dev/vdu", ""), "image": image,
            "version": version, "build": meta["uid"], "state": state_of(pod)}


def instances_of(pods):
    """In the order of their names; where a pod and its successor bear one name, the successor."""
    best = {}
    for pod in sorted(pods, key=lambda p: (not p["metadata"].get("deletionTimestamp"), p["metadata"]["creationTimestamp"])):
        if pod.get("status", {}).get("phase") != "Succeeded" and (pod["metadata"].get("labels") or {}).get("ferry.dev/vdu"):
            told = instance_of(pod)
            best[told["id"]] = told
    return [best[name] for name in sorted(best)]


class PodFeed:
    """Follows the pods, and tells the world from a thread of its own; what changes meanwhile is told together."""

    def __init__(self, access, namespace, selector, world):
        self.pods, self.changed, self.over, self.world = {}, threading.Condition(), False, world
        self.builds, self.refused = {}, []  # every uid an instance ever had; what the world would not hear
        query = "&labelSelector=" + urllib.parse.quote(selector) if selector else ""
        path = f"/api/v1/namespaces/{namespace}/pods"
        self.news = True
        threading.Thread(target=follow, args=(access, path, query, self.see, lambda: self.over), daemon=True).start()
        threading.Thread(target=self.tell, daemon=True).start()

    def see(self, kind, what):
        with self.changed:
            if kind == "LISTED":
                self.pods = {pod["metadata"]["uid"]: pod for pod in what}
            elif kind == "DELETED":
                self.pods.pop(what["metadata"]["uid"], None)
            else:
                self.pods[what["metadata"]["uid"]] = what
            for pod in self.pods.values():
                self.builds.setdefault(instance_of(pod)["id"], set()).add(pod["metadata"]["uid"])
            self.news = True
            self.changed.notify()

    def tell(self):
        wire = None
        while not self.over:
            with self.changed:
                while not (self.news and self.pods):
                    self.changed.wait(1)
                    if self.over:
                        return
                self.news, told = False, instances_of(self.pods.values())
            try:
                if wire is None:
                    wire = socket.socket(socket.AF_UNIX)
                    wire.connect(self.world)
                    lines = wire.makefile("rw")
                lines.write(json.dumps({"instances": told, "now_ms": int(time.time() * 1000)}) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
                if answer["status"] != "done":
                    self.refused.append(answer["message"])
            except (OSError, ValueError):
                wire, self.news = None, True
                time.sleep(0.2)

    def stop(self):
        self.over = True
        with self.changed:
            self.changed.notify()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--selector", default="")
    parser.add_argument("--socket", required=True)
    options = parser.parse_args()
    feed = PodFeed(Access(options.kubeconfig), options.namespace, options.selector, options.socket)
    while True:
        time.sleep(5)
        if feed.refused:
            sys.exit("ferry-sim: " + feed.refused[0])


if __name__ == "__main__":
    main()
