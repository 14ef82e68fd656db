#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ferry command against a ferryd on another machine: profiles, tokens, exit codes, a restart in the middle.

    tests/northbound/remote.py [--build build/dev]
"""
import argparse
import json
import os
import subprocess
import sys
import threading
import time

from kit import ORDER, ROOT, Authority, People, Server, World, ask, later_order

wrong = []


def check(good, *what):
    if not good:
        wrong.append(" ".join(str(word) for word in what))


class Person:
    """Somebody with a home of their own, on a machine without any store."""

    def __init__(self, server, build, name, more=""):
        self.program = os.path.join(build, "engine/cli/ferry")
        self.home = os.path.join(server.dir, "home-" + name)
        os.makedirs(os.path.join(self.home, ".config/ferry"))
        self.write("token", server.people.tokens[name], 0o600)
        self.write(".config/ferry/servers", f"# mine\n[other]\nurl = https://127.0.0.1:1\n[east]\nurl = https://127.0.0.1:{server.port}/\n"
                   f"token-file = ~/token\nca = {server.authority.certificate}\n{more}", 0o644)

    def write(self, name, text, mode):
        path = os.path.join(self.home, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)

    def ferry(self, *words, server="east", **environment):
        """(exit code, stdout, stderr)"""
        env = {"HOME": self.home, "PATH": "/usr/bin:/bin", **environment}
        words = (["--server", server] if server else []) + list(words)
        done = subprocess.run([self.program, *words], env=env, capture_output=True, text=True, timeout=150)
        return done.returncode, done.stdout, done.stderr


def profiles(server, ana, build):
    code, out, err = ana.ferry("list", "--json")
    check(code == 0 and json.loads(out) == [], "an empty list over HTTPS:", code, out, err)
    url = f"https://127.0.0.1:{server.port}"
    code, _, err = ana.ferry("list", server=url, FERRY_TOKEN=server.people.tokens["ana"],
                             FERRY_CA=server.authority.certificate)
    check(code == 0, "a URL and the environment:", code, err)
    code, _, err = ana.ferry("list", server=None, FERRY_SERVER="east")
    check(code == 0, "$FERRY_SERVER:", code, err)
    refusals = [(("list", "--server", "west"), {}, 3, "there is no server west"),
                (("list",), {"FERRY_TOKEN": "wrong"}, 1, "not known"),
                (("list",), {"FERRY_CA": Authority(server.dir, "stranger").certificate}, 6, "no ferryd answers"),
                (("list", "--server", "other"), {}, 6, "no ferryd answers"),
                (("list", "--server", "http://127.0.0.1:1"), {}, 2, "https"),
                (("engine", "stop"), {}, 2, "stopped there"),
                (("show", "NONE"), {}, 3, "there is no run NONE")]
    for words, environment, wanted, said in refusals:
        code, _, err = ana.ferry(*words, **environment)
        check(code == wanted and said in err, f"{words}: exit {code}, wanted {wanted}: {err}")
    os.chmod(os.path.join(ana.home, "token"), 0o644)
    code, _, err = ana.ferry("list")
    check(code == 1 and "read by others" in err, "a token that others can read:", code, err)
    os.chmod(os.path.join(ana.home, "token"), 0o600)


def who_did_what(server, run):
    return [(record["body"]["verb"], record["body"]["caller"]) for record in server.records(run)
            if record["name"] == "command"]


def a_run(server, ana, ben, vera):
    """Submitted by ana and waited for; ferryd dies in the middle; ben takes it back."""
    done = []
    thread = threading.Thread(target=lambda: done.append(
        ana.ferry("submit", ORDER, "--at", "window", "--scale", "600", "--wait", "--no-wait")))
    thread.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if server.get("/v1/upgrades/CHG-0007")["steps"] > 5:
                break
        except Exception:  # not there yet
            pass
        time.sleep(0.05)
    server.kill()
    time.sleep(0.5)
    server.start()
    thread.join()
    code, out, err = done[0]
    check(code == 5, "submit --wait --no-wait, over a restart of ferryd, until somebody is asked:", code, out[-300:], err)
    for who, said in ((ana, "is not approver"), (vera, "may not do this")):
        code, _, err = who.ferry("approve", "CHG-0007")
        check(code == 1 and said in err, "an approval of who may not:", code, err)
    code, out, err = ben.ferry("approve", "CHG-0007", "--why", "looks good")
    check(code == 0, "approve:", code, out, err)
    code, out, err = ana.ferry("watch", "CHG-0007", "--plain")
    check(code == 0 and "COMPLETED" in out, "watch:", code, out[-200:], err)
    code, _, err = vera.ferry("rollback", "CHG-0007", "--why", "no")
    check(code == 1 and "may not do this" in err, "a viewer rolls back:", code, err)
    code, out, err = ben.ferry("rollback", "CHG-0007", "--why", "complaints")
    check(code == 0, "rollback:", code, out, err)
    code, out, _ = ben.ferry("watch", "CHG-0007", "--plain")
    check(code == 1 and "ROLLED_BACK" in out, "watch:", code, out[-200:])
    verbs = who_did_what(server, "CHG-0007")
    check([(verb, caller["who"]) for verb, caller in verbs] == [("approve", "ben"), ("rollback", "ben")] and
          all("127.0.0.1, token " in caller["from"] for _, caller in verbs), "who did what:", verbs)
    for words in (("show", "CHG-0007"), ("journal", "CHG-0007"), ("report", "CHG-0007"), ("adapter", "list"),
                  ("workflow", "list"), ("engine", "status"), ("order", "check", ORDER, "--at", "window")):
        code, _, err = ana.ferry(*words)
        check(code == 0, words, code, err)
    code, _, err = ana.ferry("audit", "export", "CHG-0007")
    check(code == 1 and "auditor" in err, "an operator exports:", code, err)


def once(server, people):
    """One order posted many times at once with one key; one verb asked for twice with one key."""
    order, answers = later_order("CHG-1000"), []

    def post():
        client = server.client()
        answers.append(ask(client, "POST", "/v1/upgrades", order, people.tokens["ana"], **{"Idempotency-Key": "k-1"})[0])
        client.close()

    for _ in range(20):
        threads = [threading.Thread(target=post) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    runs = [run for run in server.get("/v1/upgrades") if run["request_id"] == "CHG-1000"]
    check(len(runs) == 1 and len(answers) == 1000 and set(answers) <= {200, 202}, "1,000 times one order:", len(runs),
          len(answers), set(answers))
    client = server.client()
    for key in ("a", "a", "b"):
        status, _, text = ask(client, "POST", "/v1/upgrades/CHG-1000/recheck", "{}", people.tokens["ana"],
                              **{"Idempotency-Key": key})
        check(status == 202, "recheck:", status, text)
    verbs = [caller.get("key") for verb, caller in who_did_what(server, "CHG-1000") if verb == "recheck"]
    check(verbs == ["a", "b"], "a verb with one key is done once:", verbs)
    status, headers, text = ask(client, "GET", "/v1/upgrades?limit=1", None, people.tokens["ana"])
    check(status == 200 and len(json.loads(text)) == 1 and 'rel="next"' in headers.get("Link", ""), "a page:", headers)
    path = headers["Link"].split(">")[0][1:]
    status, headers, text = ask(client, "GET", path, None, people.tokens["ana"])
    check(status == 200 and len(json.loads(text)) == 1 and "Link" not in headers, "the last page:", text[:100])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/dev"))
    build = os.path.abspath(parser.parse_args().build)
    people = People()
    people.add("ana", ["operator"], ["core-east"])
    people.add("ben", ["approver"], ["core-east"])
    people.add("vera", ["viewer"], ["core-east"])
    with World(build) as world, Server(build, world, people, limits="max-per-address = 200\n") as server:
        server.start()
        ana, ben, vera = (Person(server, build, name) for name in ("ana", "ben", "vera"))
        profiles(server, ana, build)
        a_run(server, ana, ben, vera)
        once(server, people)
    for line in wrong[:40]:
        print("WRONG", line)
    print(f"remote: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
