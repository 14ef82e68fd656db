#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes control plane on loopback, with TLS, RBAC and fake nodes (node_agent.py).

    tests/real/kubernetes/cluster.py up DIR [--nodes 20] [--ports 26440] [--start 1] [--raised] ...
    tests/real/kubernetes/cluster.py down DIR [--wipe]        down DIR --only apiserver; up DIR again: it was restarted

up starts what is not running and waits until it works. DIR holds everything it makes: admin.kubeconfig (a client
certificate), token.kubeconfig (a bearer token of the same rights), log/, and the pids that down stops. The programs
come from tests/real/kubernetes/build, or from FERRY_KUBERNETES_BIN. Ports: PORTS and the five after it, on 127.0.0.1.
"""
import argparse
import base64
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from api import Access, Answered, Api  # noqa: E402

PARTS = ("etcd", "apiserver", "controllers", "scheduler", "agent")  # in the order they start
SKIPPED = 77  # exit status of build where the packages cannot be had
NAMES = "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:10.96.0.1"
CERTIFICATES = (  # name, authority, subject, use, names
    ("apiserver", "ca", "/CN=kube-apiserver", "serverAuth", NAMES),
    ("etcd", "etcd-ca", "/CN=etcd", "serverAuth,clientAuth", "DNS:localhost,IP:127.0.0.1"),
    ("etcd-client", "etcd-ca", "/CN=kube-apiserver", "clientAuth", ""),
    ("admin", "ca", "/O=system:masters/CN=admin", "clientAuth", ""),
    ("agent", "ca", "/O=system:masters/CN=node-agent", "clientAuth", ""),
    ("controllers", "ca", "/CN=system:kube-controller-manager", "clientAuth", ""),
    ("scheduler", "ca", "/CN=system:kube-scheduler", "clientAuth", ""),
)


def build():
    """The folder of the programs; None, and a line said, where they cannot be had."""
    done = subprocess.run([os.path.join(HERE, "build")], stdout=subprocess.PIPE, text=True)
    if done.returncode == SKIPPED:
        print(done.stdout.strip(), flush=True)
        return None
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout.split()[-1]


class Cluster:
    def __init__(self, directory, programs, ports=26440):
        self.dir, self.programs, self.ports = os.path.realpath(directory), programs, ports
        self.url = f"https://127.0.0.1:{ports}"
        for folder in ("pki", "log", "pid", "etcd", "run"):
            os.makedirs(self.path(folder), mode=0o700, exist_ok=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    @property
    def kubeconfig(self):
        return self.path("admin.kubeconfig")

    def kubectl(self, *words, text=None, check=True):
        return subprocess.run([os.path.join(self.programs, "kubectl"), "--kubeconfig", self.kubeconfig, *words], input=text,
                              text=True, capture_output=True, check=check).stdout

    # -- certificates and kubeconfigs -----------------------------------------------------------------------

    def openssl(self, *words, extensions=""):
        subprocess.run(["openssl", *words], cwd=self.path("pki"), input=extensions, text=True, check=True, capture_output=True)

    def certificate(self, name, authority, subject, use, names, days=365):
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key")
        self.openssl("req", "-new", *key, "-subj", subject, "-out", name + ".csr")
        extensions = f"keyUsage=critical,digitalSignature\nextendedKeyUsage={use}\n" + (f"subjectAltName={names}\n" if names else "")
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".crt", "-CAkey", authority + ".key",
                     "-CAcreateserial", "-days", str(days), "-extfile", "/dev/stdin", "-out", name + ".crt", extensions=extensions)

    def certify(self):
        if os.path.exists(self.path("pki", "tokens.csv")):
            return
        for name in ("ca", "etcd-ca"):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365",
                         "-subj", f"/CN=ferry-test-{name}", "-keyout", name + ".key", "-out", name + ".crt",
                         "-addext", "keyUsage=critical,digitalSignature,keyCertSign")
        for row in CERTIFICATES:
            self.certificate(*row)
        self.openssl("genrsa", "-out", "accounts.key", "2048")
        self.openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
        token = secrets.token_hex(16)
        with open(self.path("pki", "tokens.csv"), "w", encoding="ascii") as out:
            out.write(f"{token},token-admin,token-admin,system:masters\n")
        for name in ("agent", "controllers", "scheduler"):
            self.write_kubeconfig(f"run/{name}.kubeconfig", self.certificate_user(name))
        self.write_kubeconfig("admin.kubeconfig", self.certificate_user("admin"))
        self.write_kubeconfig("token.kubeconfig", f"token: {token}")

    def in_base64(self, name):
        with open(self.path("pki", name), "rb") as source:
            return base64.b64encode(source.read()).decode()

    def certificate_user(self, name):
        return f"client-certificate-data: {self.in_base64(name + '.crt')}\n    client-key-data: {self.in_base64(name + '.key')}"

    def write_kubeconfig(self, name, user, namespace="default"):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
            out.write(f"""apiVersion: v1
kind: Config
clusters:
- name: test
  cluster:
    server: {self.url}
    certificate-authority-data: {self.in_base64('ca.crt')}
contexts:
- name: test
  context:
    cluster: test
    namespace: {namespace}
    user: test
current-context: test
users:
- name: test
  user:
    {user}
""")
        return self.path(name)

    def account_kubeconfig(self, name, namespace, account, lifetime=3600):
        """A kubeconfig of a service account, with a token that lasts so long (the server's least is 600 s)."""
        made = self.api().request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": lifetime}})[1]
        return self.write_kubeconfig(name, "token: " + made["status"]["token"], namespace)

    # -- programs -------------------------------------------------------------------------------------------

    def commands(self, options):
        pki, local = lambda name: self.path("pki", name), lambda offset: f"https://127.0.0.1:{self.ports + offset}"
        kubeconfig = lambda name: self.path("run", name + ".kubeconfig")  # noqa: E731
        own = lambda name: [f"--{use}kubeconfig={kubeconfig(name)}" for use in ("", "authentication-", "authorization-")]  # noqa: E731
        scheduler = {"apiVersion": f"kubescheduler.config.k8s.io/{'v1beta1' if self.minor() < 25 else 'v1'}",
                     "kind": "KubeSchedulerConfiguration", "leaderElection": {"leaderElect": False},
                     "clientConnection": {"kubeconfig": kubeconfig("scheduler"), "qps": 2000 if options.raised else 50,
                                          "burst": 3000 if options.raised else 100}}
        if self.minor() < 25:  # otherwise on every address of the machine
            scheduler |= dict.fromkeys(("healthzBindAddress", "metricsBindAddress"), f"127.0.0.1:{self.ports + 5}")
        with open(self.path("run", "scheduler.json"), "w", encoding="ascii") as out:
            json.dump(scheduler, out)
        raised = ["--kube-api-qps=2000", "--kube-api-burst=3000", "--concurrent-statefulset-syncs=10"] if options.raised else []
        grace = [f"--node-monitor-grace-period={max(40, int(options.lease * 5))}s"]
        return {
            "etcd": [self.programs + "/etcd", "--name=test", "--data-dir=" + self.path("etcd"),
                     f"--listen-client-urls={local(1)}", f"--advertise-client-urls={local(1)}", f"--listen-peer-urls={local(2)}",
                     f"--initial-advertise-peer-urls={local(2)}", f"--initial-cluster=test={local(2)}",
                     "--client-cert-auth", "--trusted-ca-file=" + pki("etcd-ca.crt"), "--cert-file=" + pki("etcd.crt"),
                     "--key-file=" + pki("etcd.key"), "--peer-client-cert-auth", "--peer-trusted-ca-file=" + pki("etcd-ca.crt"),
                     "--peer-cert-file=" + pki("etcd.crt"), "--peer-key-file=" + pki("etcd.key"),
                     "--quota-backend-bytes=6442450944"] + (["--unsafe-no-fsync"] if self.can_skip_fsync() else []),
            "apiserver": [self.programs + "/kube-apiserver", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
                          f"--secure-port={self.ports}", "--endpoint-reconciler-type=none", f"--etcd-servers={local(1)}",
                          "--etcd-cafile=" + pki("etcd-ca.crt"), "--etcd-certfile=" + pki("etcd-client.crt"),
                          "--etcd-keyfile=" + pki("etcd-client.key"), "--tls-cert-file=" + pki("apiserver.crt"),
                          "--tls-private-key-file=" + pki("apiserver.key"), "--client-ca-file=" + pki("ca.crt"),
                          "--token-auth-file=" + pki("tokens.csv"), "--service-account-issuer=https://kubernetes.default.svc",
                          "--service-account-key-file=" + pki("accounts.pub"), "--cert-dir=" + self.path("run"),
                          "--service-account-signing-key-file=" + pki("accounts.key"), "--authorization-mode=Node,RBAC",
                          "--enable-admission-plugins=NodeRestriction", "--service-cluster-ip-range=10.96.0.0/12",
                          *options.apiserver],
            "controllers": [self.programs + "/kube-controller-manager", *own("controllers"), "--bind-address=127.0.0.1",
                            f"--secure-port={self.ports + 3}", "--cert-dir=" + self.path("run"), "--leader-elect=false",
                            "--use-service-account-credentials", "--service-account-private-key-file=" + pki("accounts.key"),
                            "--root-ca-file=" + pki("ca.crt"), *self.no_plain_port(), *raised, *grace],
            "scheduler": [self.programs + "/kube-scheduler", "--config=" + self.path("run", "scheduler.json"), *own("scheduler")[1:],
                          "--bind-address=127.0.0.1", f"--secure-port={self.ports + 4}", "--cert-dir=" + self.path("run")],
            "agent": [sys.executable, HERE + "/node_agent.py", "--kubeconfig", kubeconfig("agent"), "--nodes", str(options.nodes),
                      "--start", options.start, "--ready", options.ready, "--stop", options.stop, "--lease", str(options.lease),
                      "--up-file", self.path("run", "nodes-are-up")],
        }

    def minor(self):
        text = subprocess.run([self.programs + "/kube-apiserver", "--version"], check=True, capture_output=True, text=True).stdout
        return int(re.search(r"v1\.(\d+)", text).group(1))

    def no_plain_port(self):
        return ["--port=0"] if self.minor() < 24 else []  # until 1.23 there was one beside the TLS port

    def can_skip_fsync(self):
        done = subprocess.run([self.programs + "/etcd", "--help"], capture_output=True, text=True, check=False)
        return "unsafe-no-fsync" in done.stdout + done.stderr

    def pid(self, part):
        """Of a part that runs, and is ours: everything started here has DIR for its working directory."""
        try:
            with open(self.path("pid", part), encoding="ascii") as source:
                pid = int(source.read())
            return pid if os.readlink(f"/proc/{pid}/cwd") == self.dir else None
        except (OSError, ValueError):
            return None

    def start(self, part, command):
        with open(self.path("log", part + ".log"), "ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir, start_new_session=True)
        with open(self.path("pid", part), "w", encoding="ascii") as out:
            out.write(str(process.pid))

    def stop(self, part, how=signal.SIGTERM):
        end = time.monotonic() + 10
        while (pid := self.pid(part)) is not None:
            os.kill(pid, how if time.monotonic() < end else signal.SIGKILL)
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.1)

    # -- up and down ----------------------------------------------------------------------------------------

    def api(self, kubeconfig=None):
        return Api(Access(kubeconfig or self.kubeconfig))

    def wait(self, part, patience, works):
        end = time.monotonic() + patience
        while not works():
            if self.pid(part) is None or time.monotonic() > end:
                with open(self.path("log", part + ".log"), encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"{part} does not work:\n" + "".join(log.readlines()[-8:]))
            time.sleep(0.1)

    def answers(self, path):
        try:
            return self.api().once("GET", path, None, None)[0] == 200
        except OSError:
            return False

    @staticmethod
    def listens(port):
        with socket.socket() as wire:
            return wire.connect_ex(("127.0.0.1", port)) == 0

    def up(self, options):
        """Start what does not run; how many seconds until everything worked."""
        begin = time.monotonic()
        self.certify()
        commands = self.commands(options)
        for part in PARTS if options.nodes else PARTS[:-1]:
            if self.pid(part) is None:
                if part == "agent":
                    self.forget("nodes-are-up")
                self.start(part, commands[part])
            if part == "apiserver":
                self.wait(part, 120, lambda: self.answers("/readyz"))
                self.wait(part, 60, lambda: self.answers("/api/v1/namespaces/default"))
        self.wait("controllers", 60, lambda: self.answers("/api/v1/namespaces/default/serviceaccounts/default"))
        self.wait("scheduler", 60, lambda: self.listens(self.ports + 4))
        if options.nodes:
            self.wait("agent", 300, lambda: os.path.exists(self.path("run", "nodes-are-up")))
        return time.monotonic() - begin

    def forget(self, name):
        try:
            os.unlink(self.path("run", name))
        except FileNotFoundError:
            pass

    def down(self, parts=PARTS, wipe=False):
        for part in reversed(parts):
            self.stop(part)
        if wipe:
            shutil.rmtree(self.dir)


def free_ports(base):
    """base, or the next where nobody listens on the ports of a control plane."""
    while any(Cluster.listens(port) for port in range(base, base + 6)):
        base += 10
    return base


def end_well():
    """A program that is told to end takes its control plane down first."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def arguments(parser):
    """What up can be told; also for programs that bring one up themselves."""
    parser.add_argument("--nodes", type=int, default=20, help="fake nodes; 0: none")
    parser.add_argument("--ports", type=int, default=26440, help="the first of six")
    parser.add_argument("--start", default="1", help="seconds until a pod runs; --ready, --stop likewise")
    parser.add_argument("--ready", default="0")
    parser.add_argument("--stop", default="0")
    parser.add_argument("--lease", type=float, default=10, help="seconds between the renewals of a node's lease")
    parser.add_argument("--raised", action="store_true", help="clients' limits of the controllers far above Kubernetes' own")
    parser.add_argument("--apiserver", action="append", default=[], metavar="FLAG", help="a further flag for the API server")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("dir")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--wipe", action="store_true")
    arguments(parser)
    options = parser.parse_args()
    if options.command == "down":
        Cluster(options.dir, "", options.ports).down((options.only,) if options.only else PARTS, options.wipe)
        return 0
    programs = build()
    if programs is None:
        return SKIPPED
    cluster = Cluster(options.dir, programs, options.ports)
    print(f"up after {cluster.up(options):.1f} s: {cluster.url}, KUBECONFIG={cluster.kubeconfig}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, Answered) as error:
        sys.exit(str(error))
