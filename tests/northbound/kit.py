# SPDX-License-Identifier: Apache-2.0
"""A ferryd that serves HTTPS, with a certificate authority, people and their credentials, made for one test."""
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/support"))
from ferryd import Ferryd, World  # noqa: E402

ROLES = ["viewer", "tester", "operator", "approver", "auditor", "admin"]
ORDER = os.path.join(ROOT, "plugins/simulator/trial/amf-order.xml")


def openssl(*words, **more):
    subprocess.run(["openssl", *words], check=True, capture_output=True, **more)


class Authority:
    """Signs certificates; ECDSA keys, for they are quick to make."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = self.file(".pem"), self.file(".key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def file(self, end):
        return os.path.join(self.folder, self.name + end)

    def sign(self, name, days=2, extension=None):
        """(certificate, key, sha256 of the certificate). days=0: one that has ended."""
        key, request, out = (os.path.join(self.folder, name + end) for end in (".key", ".csr", ".pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/O=test/CN={name}",
                "-keyout", key, "-out", request)
        os.chmod(key, 0o600)
        more = []
        if extension:
            with open(out + ".ext", "w", encoding="ascii") as text:
                text.write(extension)
            more = ["-extfile", out + ".ext"]
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", str(days), "-out", out, *more)
        with open(out, encoding="ascii") as text:
            return out, key, hashlib.sha256(ssl.PEM_cert_to_DER_cert(text.read())).hexdigest()


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class People:
    """access.json, and the tokens it has only the hashes of."""

    def __init__(self):
        self.document, self.tokens = {"principals": {}}, {}

    def add(self, name, roles, tenants, token=True, **more):
        principal = {"grants": [{"roles": roles, "tenants": tenants}], **more.pop("principal", {})}
        if token:
            self.tokens[name] = secrets.token_urlsafe(32)
            principal["tokens"] = [{"sha256": sha256(self.tokens[name]), **more}]
        self.document["principals"][name] = principal
        return principal


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server(Ferryd):
    """ferryd with HTTPS on a port of its own."""

    def __init__(self, build, world, people, limits=""):
        connections = json.load(open(os.path.join(ROOT, "plugins/simulator/trial/connections.json"), encoding="utf-8"))
        for one in connections["connections"].values():
            one["settings"]["socket"] = world.socket
        super().__init__(build, connections, os.path.join(ROOT, "workflows"))
        self.port, self.people = free_port(), people
        self.authority = Authority(self.dir, "authority")
        self.certificate, self.key, _ = self.authority.sign("server", extension="subjectAltName=IP:127.0.0.1")
        self.write_access()
        with open(self.path("ferryd.conf"), "w", encoding="utf-8") as out:
            out.write(f"listen = 127.0.0.1:{self.port}\ntls-certificate = server.pem\ntls-key = server.key\n"
                      f"tls-clients = authority.pem\n{limits}")

    def write_access(self):
        with open(self.path("access.json"), "w", encoding="utf-8") as out:
            json.dump(self.people.document, out)

    def reload(self, what="read again"):
        """SIGHUP; returns when ferryd has said that it is done."""
        before = len(self.log())
        self.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while self.log()[before:].count(what) < 2:
            if time.monotonic() > end:
                raise RuntimeError("no reload: " + self.log()[before:])
            time.sleep(0.01)

    def client(self, certificate=None, key=None, authority=None, source=None):
        context = ssl.create_default_context(cafile=(authority or self.authority).certificate)
        if certificate:
            context.load_cert_chain(certificate, key)
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30,
                                           source_address=(source, 0) if source else None)


def ask(client, method, path, body=None, token=None, **headers):
    """(status, headers, text) over a connection that stays, or is made again."""
    if token is not None:
        headers["Authorization"] = "Bearer " + token
    try:
        client.request(method, path, body, headers)
        response = client.getresponse()
    except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
        client.close()
        client.request(method, path, body, headers)
        response = client.getresponse()
    return response.status, response.headers, response.read().decode()


def later_order(request="CHG-0007", tenant="core-east"):
    """The trial's order with a window that is far away, so that its run only waits."""
    with open(ORDER, encoding="utf-8") as source:
        text = source.read()
    return (text.replace("2026-11-23T", "2030-11-23T").replace('requestId="CHG-0007"', f'requestId="{request}"')
            .replace('tenant="core-east"', f'tenant="{tenant}"')).encode()
