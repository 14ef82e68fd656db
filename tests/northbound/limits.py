#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""500 slow senders and 500 idle connections over TLS, beside honest requests; what it prints is a measurement.

    tests/northbound/limits.py [--build build/dev] [--seconds 20]

Fails only if an honest request is not answered, or an attacker is still connected 30 s after it came.
"""
import argparse
import os
import socket
import ssl
import sys
import threading
import time

from kit import ROOT, People, Server, World, ask, later_order
from ferryd import UnixConnection  # on the path by now


class Attackers:
    """Connections that finish the TLS handshake and then send a byte a second, or nothing."""

    def __init__(self, server, slow, idle):
        self.context = ssl.create_default_context(cafile=server.authority.certificate)
        self.port, self.stop, self.kinds = server.port, False, ["slow"] * slow + ["idle"] * idle
        self.made, self.lives, self.refused, self.lock = 0, [], 0, threading.Lock()
        self.threads = [threading.Thread(target=self.attack, args=(self.kinds[i::20],), daemon=True) for i in range(20)]

    def open(self, number):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(f"127.0.1.{number % 250 + 1}", 0))
        return self.context.wrap_socket(raw, server_hostname="127.0.0.1")

    def attack(self, kinds):
        """Each thread has some of them; who is thrown out is counted, and does not come again."""
        alive = []
        for i, kind in enumerate(kinds):
            try:
                alive.append((kind, self.open(i), time.monotonic()))
            except OSError:
                with self.lock:
                    self.refused += 1
        while alive and not self.stop:
            alive = [one for one in alive if self.still(*one)]
            time.sleep(1)
        with self.lock:
            self.lives += [time.monotonic() - begin for _, _, begin in alive]

    def still(self, kind, connection, begin):
        try:
            if kind == "slow":
                connection.sendall(b"G" if time.monotonic() - begin < 1 else b"x")
            connection.settimeout(0)
            gone = connection.recv(1) == b""
        except (ssl.SSLWantReadError, BlockingIOError):
            gone = False
        except OSError:
            gone = True
        if gone:
            connection.close()
            with self.lock:
                self.lives.append(time.monotonic() - begin)
        else:
            connection.settimeout(5)
        return not gone


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000


def honest(server, token, seconds):
    """Answers over HTTPS, each on a connection of its own; and rollbacks (refused) over the local socket."""
    https, local, end, failed = [], [], time.monotonic() + seconds, []
    while time.monotonic() < end:
        begin = time.monotonic()
        try:
            client = server.client()
            status = ask(client, "GET", "/v1/upgrades/CHG-0007", token=token)[0]
            client.close()
        except OSError as error:
            status = str(error)
        https.append(time.monotonic() - begin)
        begin = time.monotonic()
        connection = UnixConnection(server.path("ferry.sock"))
        connection.request("POST", "/v1/upgrades/CHG-0007/rollback", "{}")
        refused = connection.getresponse().status
        local.append(time.monotonic() - begin)
        connection.close()
        if status != 200 or refused != 409:
            failed.append((status, refused))
        time.sleep(0.02)
    return https, local, failed


def rates(server, token):
    """Requests a second over one connection that stays, against /healthz on the same one: what HTTP alone costs."""
    found = {}
    for name, path in (("/healthz", "/healthz"), ("a run's view", "/v1/upgrades/CHG-0007")):
        client, begin, count = server.client(), time.monotonic(), 0
        while time.monotonic() - begin < 2:
            ask(client, "GET", path, token=token)
            count += 1
        found[name] = count / 2
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/dev"))
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    people, build = People(), os.path.abspath(options.build)
    people.add("vera", ["viewer"], ["core-east"])
    with World(build) as world, Server(build, world, people) as server:
        server.start()
        server.request("POST", "/v1/upgrades", later_order())
        print("requests a second, one client: " + ", ".join(f"{name} {rate:.0f}" for name, rate in rates(server, people.tokens["vera"]).items()))
        quiet = honest(server, people.tokens["vera"], 3)
        attackers = Attackers(server, 500, 500)
        for thread in attackers.threads:
            thread.start()
        https, local, failed = honest(server, people.tokens["vera"], options.seconds)
        for thread in attackers.threads:
            thread.join(timeout=40)
        longest = max(attackers.lives, default=0)
        print(f"honest p99 over TLS with handshake: quiet {percentile(quiet[0], .99):.0f} ms, attacked {percentile(https, .99):.0f} ms "
              f"(median {percentile(https, .5):.0f} ms) of {len(https)}; rollback over the socket p99 {percentile(local, .99):.0f} ms")
        print(f"attackers: {len(attackers.lives)} connected, {attackers.refused} not let in, the longest lived {longest:.1f} s; "
              f"honest requests that failed: {len(failed)} {failed[:3]}")
        good = not failed and longest <= 30 and len(attackers.lives) + attackers.refused == 1000 and server.alive()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
