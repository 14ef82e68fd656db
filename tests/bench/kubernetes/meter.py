# SPDX-License-Identifier: Apache-2.0
"""What an upgrade costs its cluster: bytes through a relay, requests from the audit log, pods that were ready."""
import json
import os
import select
import socket
import threading
import time

from api import follow

POLICY = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}]}


class Relay:
    """Passes a client's connections on to the API server, and counts their bytes as they are on the wire."""

    def __init__(self, port):
        self.port, self.up, self.down = port, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    try:
                        data = ready.recv(262144)
                        (server if ready is client else client).sendall(data)
                    except OSError:
                        return
                    if not data:
                        return
                    if ready is client:
                        self.up += len(data)
                    else:
                        self.down += len(data)

    def kubeconfig(self, source, target):
        """A copy that goes through here."""
        with open(source, encoding="utf-8") as file:
            text = file.read().replace(f"127.0.0.1:{self.port}", f"127.0.0.1:{self.address}")
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
        return target

    def close(self):
        self.listener.close()


class Audit:
    """Requests by client, from the API server's audit log since the last look."""

    def __init__(self, path):
        self.path, self.at = path, 0

    @staticmethod
    def flags(directory):
        policy, log = os.path.join(directory, "audit.json"), os.path.join(directory, "audit.log")
        with open(policy, "w", encoding="ascii") as out:
            json.dump(POLICY, out)
        return log, ["--audit-policy-file=" + policy, "--audit-log-path=" + log]

    def look(self):
        counted = {}
        with open(self.path, "rb") as source:
            source.seek(self.at)
            for line in source:
                if not line.endswith(b"\n"):
                    break
                self.at += len(line)
                who = json.loads(line).get("userAgent", "-").partition("/")[0]
                counted[who] = counted.get(who, 0) + 1
        return counted


class Pods:
    """How many of a selector's pods were ready, at the least, and how many there were at the most, since the last reset."""

    def __init__(self, access, namespace, selector):
        self.ready, self.over = {}, False
        self.reset()
        threading.Thread(target=follow, args=(access, f"/api/v1/namespaces/{namespace}/pods", "&labelSelector=" + selector,
                                              self.see, lambda: self.over), daemon=True).start()

    def reset(self):
        self.least, self.most, self.changed = len(self.ready) and sum(self.ready.values()), len(self.ready), time.monotonic()

    def see(self, kind, what):
        if kind == "LISTED":
            self.ready = {}
        for pod in what if kind == "LISTED" else [what]:
            uid, conditions = pod["metadata"]["uid"], pod.get("status", {}).get("conditions") or []
            if kind == "DELETED":
                self.ready.pop(uid, None)
                continue
            serves = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
            serves = serves and not pod["metadata"].get("deletionTimestamp")
            if serves and not self.ready.get(uid):
                self.changed = time.monotonic()  # when the last one got ready
            self.ready[uid] = serves
        self.least, self.most = min(self.least, sum(self.ready.values())), max(self.most, len(self.ready))

    def stop(self):
        self.over = True
