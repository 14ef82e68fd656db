#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Callbacks through kill -9: receivers that answer 200, 500, reset or time out, and one that is dead for long.

    tests/northbound/callbacks.py [--build build/dev] [--seed N] [--kills N]

Nothing lost, order kept per run, what comes twice has the same id and body, signatures fit.
"""
import argparse
import hashlib
import hmac
import http.server
import json
import os
import random
import socket
import struct
import sys
import threading
import time

from kit import ORDER, ROOT, People, Server, World

SECRET = "0123456789abcdef0123456789abcdef"
EVENTS = "state approval verdict guard alarm report stage"
KINDS = {"order accepted", "state changed", "approval asked", "approval given", "verdict", "alarm", "guard taken",
         "guard released"}
wrong = []


def check(good, *what):
    if not good:
        wrong.append(" ".join(str(word) for word in what))


class Receiver:
    """An OSS's end. behave(n, event id) says what becomes of the n-th POST."""

    def __init__(self, name, behave):
        self.name, self.behave, self.got, self.posts, self.tests = name, behave, [], 0, 0
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                receiver.tests += 1
                self.answer(204)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.posts += 1
                    how = receiver.behave(receiver.posts)
                    if how not in ("500", "reset"):
                        receiver.take(self.headers, body)
                if how == "200":
                    self.answer(200)
                elif how == "500":
                    self.answer(500)
                elif how == "hang":
                    time.sleep(20)
                    self.close_connection = True
                else:  # reset, or taken and then reset
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    self.connection.close()

            def answer(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def finish(self):
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        stamp, signature = (part.split("=")[1] for part in headers["Ferry-Signature"].split(","))
        wanted = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        check(hmac.compare_digest(wanted, signature), self.name, "a signature that does not fit")
        document = json.loads(body)
        check(document["id"] == headers["Ferry-Event-Id"], self.name, "two ids:", document["id"])
        self.got.append((document["id"], body))

    def firsts(self):
        """Sequence numbers in the order in which they first came."""
        seen = []
        for event, _ in self.got:
            if event not in seen:
                seen.append(event)
        return [int(event.split(":")[1]) for event in seen]


def order_for(receivers):
    with open(ORDER, encoding="utf-8") as source:
        text = source.read()
    callbacks = "".join(f'<f:Callback ref="{one.name}" events="{EVENTS}"/>' for one in receivers)
    return text.replace('onWindowEnd="rollback"/>', 'onWindowEnd="rollback"/>' + callbacks).encode()


def expected(server):
    return [record["seq"] for record in server.records("CHG-0007")
            if record["name"] in KINDS or (record["name"] == "intent" and record["body"]["call"] == "next_stage")]


def view(server):
    try:
        return server.get("/v1/upgrades/CHG-0007")
    except OSError:
        return {}


def play(server, chance, kills):
    """The run to its end, approved when it asks, ferryd killed at random."""
    moments = sorted(chance.uniform(0.2, 8) for _ in range(kills))
    begin, killed, deadline = time.monotonic(), 0, time.monotonic() + 100
    while time.monotonic() < deadline:
        if moments and time.monotonic() - begin > moments[0]:
            moments.pop(0)
            server.kill()
            killed += 1
            server.start()
        now = view(server)
        if "approval" in now:
            server.request("POST", "/v1/upgrades/CHG-0007/approve", b"{}")
        if now.get("state") == "COMPLETED":
            server.request("POST", "/v1/upgrades/CHG-0007/commit", b'{"why":"done"}')
        if now.get("state") == "COMMITTED":
            break
        time.sleep(0.05)
    check(view(server).get("state") == "COMMITTED", "the run did not end:", view(server).get("state"))
    return killed


def settle(server, receivers, seconds):
    """Until each has everything, or it takes too long. Killed once more meanwhile."""
    wanted = expected(server)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(set(one.firsts()) != set(wanted) for one in receivers):
        time.sleep(0.1)
    return wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/dev"))
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--kills", type=int, default=6)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    receivers = [Receiver("good", lambda n: "200"),
                 Receiver("moody", lambda n: "500" if n % 3 == 1 else "200"),
                 # never rude three times running: the back-off after a longer streak is minutes
                 Receiver("rude", lambda n: "200" if n % 3 == 0 else chance.choice(["reset", "taken", "200"])),
                 Receiver("slow", lambda n: "hang" if n == 4 else "200")]
    dead = Receiver("dead", lambda n: "500")
    with World(os.path.abspath(options.build)) as world:
        server = Server(os.path.abspath(options.build), world, People())
        with server:
            with open(server.path("oss.key"), "w", encoding="ascii") as out:
                out.write(SECRET + "\n")
            os.chmod(server.path("oss.key"), 0o600)
            with open(server.path("connections.json"), encoding="utf-8") as source:
                document = json.load(source)
            document["receivers"] = {
                one.name: {"url": f"http://127.0.0.1:{one.server.server_port}/x", "secret": {"file": "oss.key"},
                           **({"give_up_s": 1} if one is dead else {})} for one in receivers + [dead]}
            document["receivers"]["silent"] = {}
            with open(server.path("connections.json"), "w", encoding="utf-8") as out:
                json.dump(document, out)
            server.start()
            server.request("POST", "/v1/upgrades?scale=1200&epoch_ms=window", order_for(receivers + [dead]))
            killed = play(server, chance, options.kills)
            wanted = settle(server, receivers, 90)
            for one in receivers:
                firsts = one.firsts()
                check(firsts == wanted, f"{one.name}: got {firsts}, wanted {wanted}")
                bodies = {}
                for event, body in one.got:
                    check(bodies.setdefault(event, body) == body, one.name, event, "came with another body")
                check(one.tests > 0, one.name, "was not tested")
            check(receivers[0].posts <= len(wanted) + killed * 4, "good: more duplicates than kills:", receivers[0].posts)
            deadline, shown = time.monotonic() + 120, []
            while time.monotonic() < deadline and len(shown) < 3:
                shown = next(one for one in server.get("/v1/callbacks")["receivers"] if one["name"] == "dead")["dead"]
                time.sleep(0.2)
            check(len(shown) >= 3 and all("500" in letter["why"] or "before" in letter["why"] for letter in shown), "dead letters:", shown)
            server.kill()
            dead.behave = lambda n: "200"
            server.start()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and set(dead.firsts()) != set(wanted):
                server.request("POST", "/v1/callbacks/dead/resend", b"")
                time.sleep(0.5)
            check(set(dead.firsts()) == set(wanted), "dead letters sent again:", sorted(dead.firsts()), wanted)
            time.sleep(0.5)
            check(receivers[0].posts <= len(wanted) + (killed + 1) * 4, "good: all came again:", receivers[0].posts)
            left = next(one for one in server.get("/v1/callbacks")["receivers"] if one["name"] == "dead")["dead"]
            check(left == [], "dead letters that stay:", left)
    for line in wrong[:30]:
        print("WRONG", line)
    print(f"callbacks: seed {options.seed}, {killed} kills, {len(wanted)} events; posts "
          + ", ".join(f"{one.name} {one.posts} ({len(one.got)} taken)" for one in receivers + [dead]) + f"; {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
