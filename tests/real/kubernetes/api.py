# SPDX-License-Identifier: Apache-2.0
"""A small client of a Kubernetes API server for tests: requests with counted bytes, paged lists, watches."""
import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.parse

STRATEGIC, MERGE, APPLY = (f"application/{kind}" for kind in
                           ("strategic-merge-patch+json", "merge-patch+json", "apply-patch+yaml"))
PAGE = 2000


class Answered(RuntimeError):
    """The server answered with a status that was not expected."""

    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: {status} {body[:300].decode(errors='replace')}")
        self.status = status


def kubectl():
    """The newest kubectl at hand understands every server here."""
    here = os.path.join(os.environ.get("FERRY_KUBERNETES_BIN", ""), "kubectl")
    cached = os.path.expanduser("~/.cache/ferry/kubernetes-1.20.2/kubectl")
    return next((path for path in (here, shutil.which("kubectl"), cached) if path and os.access(path, os.X_OK)), "kubectl")


class Access:
    """Where a server is and how to be let in, from a kubeconfig of any shape (kubectl reads it)."""

    def __init__(self, kubeconfig):
        text = subprocess.run([kubectl(), "--kubeconfig", kubeconfig, "config", "view", "--raw", "--minify", "--flatten",
                               "-o", "json"], check=True, capture_output=True, text=True).stdout
        config = json.loads(text)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.url = urllib.parse.urlsplit(cluster["server"])
        self.headers = {"User-Agent": "test", **({"Authorization": "Bearer " + user["token"]} if "token" in user else {})}
        ca = cluster.get("certificate-authority-data")
        self.tls = ssl.create_default_context(cadata=base64.b64decode(ca).decode() if ca else None)
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile() as pem:  # the ssl module reads them from a file only
                pem.write(base64.b64decode(user["client-certificate-data"]) + b"\n" +
                          base64.b64decode(user["client-key-data"]))
                pem.flush()
                self.tls.load_cert_chain(pem.name)

    def connect(self, timeout):
        return http.client.HTTPSConnection(self.url.hostname, self.url.port or 443, context=self.tls, timeout=timeout)


class Api:
    """One connection, used by one thread at a time. A lost connection, 429 and 5xx are tried again for `patience` seconds."""

    def __init__(self, access, patience=30):
        self.access, self.patience, self.connection = access, patience, None
        self.requests = self.bytes_in = 0

    def once(self, method, path, body, kind):
        if self.connection is None:
            self.connection = self.access.connect(60)
        headers = {**self.access.headers, "Content-Type": kind} if body is not None else self.access.headers
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.connection.getresponse()
        data = response.read()
        self.requests, self.bytes_in = self.requests + 1, self.bytes_in + len(data)
        return response.status, data, response.headers.get("Retry-After")

    def request(self, method, path, body=None, kind="application/json", fine=(200, 201, 202)):
        """(status, document). A status outside `fine` raises Answered."""
        end, pause = time.monotonic() + self.patience, 0.1
        while True:
            try:
                status, data, after = self.once(method, path, body, kind)
                if status not in (429, 500, 502, 503, 504) or status in fine or time.monotonic() > end:
                    break
                pause = float(after or pause)
            except (OSError, http.client.HTTPException):
                self.connection = None
                if time.monotonic() > end:
                    raise
            time.sleep(pause)
            pause = min(2.0, pause * 2)
        if status not in fine:
            raise Answered(method, path, status, data)
        return status, json.loads(data) if data[:1] in b"{[" and data else data

    def get(self, path):
        return self.request("GET", path)[1]

    def list(self, path, query=""):
        """All items, a page at a time, and the resourceVersion to watch from."""
        items, more = [], ""
        while True:
            page = self.get(f"{path}?limit={PAGE}{query}{'&continue=' + urllib.parse.quote(more) if more else ''}")
            items += page["items"]
            more = page["metadata"].get("continue")
            if not more:
                return items, page["metadata"]["resourceVersion"]


def follow(access, path, query, see, ended=lambda: False):
    """Calls see("LISTED", [objects]) after each list, then see(type, object) for each event, until ended()."""
    version = None
    while not ended():
        try:
            if version is None:
                items, version = Api(access).list(path, query)
                see("LISTED", items)
            connection = access.connect(30)
            connection.request("GET", f"{path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion={version}{query}",
                               headers=access.headers)
            response = connection.getresponse()
            if response.status != 200:
                raise Answered("GET", path, response.status, response.read())
            while not ended():
                line = response.readline()
                if not line:
                    break
                event = json.loads(line)
                if event["type"] == "ERROR":
                    version = None
                    break
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    see(event["type"], event["object"])
        except TimeoutError:
            pass  # nothing happened for a while
        except Answered as error:
            version = None
            time.sleep(1 if error.status != 410 else 0)
        except (OSError, http.client.HTTPException, ValueError):
            time.sleep(0.3)
