#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every route by every role by every kind of credential, on the real ferryd over TLS.

    tests/northbound/access.py [--build build/dev]

The table below is written by hand, beside the one in engine/api/route.c: a route that is not here fails the test.
"""
import argparse
import json
import os
import re
import ssl
import sys

from kit import ROLES, ROOT, Authority, People, Server, World, ask, later_order

ALL = set(ROLES)
RUN = "/v1/upgrades/CHG-0007"
# (method, pattern): (path asked, roles that may, what another tenant's gets: a status, or "less")
TABLE = {
    ("GET", "/healthz"): ("/healthz", None, 200),
    ("GET", "/readyz"): ("/readyz", None, 200),
    ("GET", "/metrics"): ("/metrics", ALL, 200),
    ("GET", "/v1/openapi.json"): ("/v1/openapi.json", ALL, 200),
    ("GET", "/v1/engine"): ("/v1/engine", ALL, 200),
    ("GET", "/v1/engines"): ("/v1/engines", ALL, 409),
    ("POST", "/v1/engines/*/*"): ("/v1/engines/none/drain", {"admin"}, 409),
    ("GET", "/v1/kpis"): ("/v1/kpis", ALL, 200),
    ("GET", "/v1/adapters"): ("/v1/adapters", ALL, "less"),
    ("GET", "/v1/adapters/*"): ("/v1/adapters/sim-cloud", ALL, 404),
    ("GET", "/v1/workflows"): ("/v1/workflows", ALL, 200),
    ("GET", "/v1/workflows/*"): ("/v1/workflows/gray_upgrade", ALL, 200),
    ("GET", "/v1/callbacks"): ("/v1/callbacks", {"admin"}, 200),
    ("POST", "/v1/callbacks/*/resend"): ("/v1/callbacks/none/resend", {"admin"}, 404),
    ("POST", "/v1/plans"): ("/v1/plans", {"operator", "approver"}, 403),
    ("POST", "/v1/orders/check"): ("/v1/orders/check", ALL, 403),
    ("GET", "/v1/orders/templates/*"): ("/v1/orders/templates/amf", ALL, 200),
    ("GET", "/v1/upgrades"): ("/v1/upgrades", ALL, "less"),
    ("POST", "/v1/upgrades"): ("/v1/upgrades", {"operator"}, 403),
    ("GET", "/v1/upgrades/*"): (RUN, ALL, 404),
    ("GET", "/v1/upgrades/*/plan"): (RUN + "/plan", ALL, 404),
    ("GET", "/v1/upgrades/*/instances"): (RUN + "/instances", ALL, 404),
    ("GET", "/v1/upgrades/*/kpis"): (RUN + "/kpis", ALL, 404),
    ("GET", "/v1/upgrades/*/judge"): (RUN + "/judge", ALL, 404),
    ("GET", "/v1/upgrades/*/journal"): (RUN + "/journal?limit=1", ALL, 404),
    ("GET", "/v1/upgrades/*/export"): (RUN + "/export", {"auditor"}, 404),
    ("GET", "/v1/upgrades/*/report"): (RUN + "/report", ALL, 404),
    ("POST", "/v1/upgrades/*/approve"): (RUN + "/approve", {"approver", "tester", "operator"}, 404),
    ("POST", "/v1/upgrades/*/reject"): (RUN + "/reject", {"approver", "tester", "operator"}, 404),
    ("POST", "/v1/upgrades/*/waive"): (RUN + "/waive", {"approver"}, 404),
    ("POST", "/v1/upgrades/*/unwaive"): (RUN + "/unwaive", {"approver"}, 404),
    ("POST", "/v1/upgrades/*/waive-gate"): (RUN + "/waive-gate", {"approver"}, 404),
    ("POST", "/v1/upgrades/*/rollback"): (RUN + "/rollback", {"operator", "approver"}, 404),
    ("POST", "/v1/upgrades/*/*"): (RUN + "/pause", {"operator"}, 404),
}

wrong = []


def check(good, *what):
    if not good:
        wrong.append(" ".join(str(word) for word in what))


def routes_of_the_source():
    """Of the table in the source, VERB rows included."""
    with open(os.path.join(ROOT, "engine/api/route.c"), encoding="utf-8") as source:
        table = source.read().split("fy_routes[] = {")[1].split("\n};")[0]
    found = set(re.findall(r'\{"([A-Z]+)",\s*"(/[^"]*)"', table))
    return found | {("POST", "/v1/upgrades/*/" + verb) for verb in re.findall(r'VERB\("([^"]+)"', table)}


def body_of(method, path):
    return later_order() if method == "POST" and path.split("?")[0] in ("/v1/plans", "/v1/orders/check", "/v1/upgrades") else None


def is_hidden(text):
    return "there is no run" in text or "there is no connection" in text


def try_all(client, cells, what, token, expect):
    """One kind of credential on every route. expect(pattern) says which status is right, None: anything allowed."""
    for (method, pattern), (path, _, _) in TABLE.items():
        status, _, text = ask(client, method, path, body_of(method, path), token)
        wanted = expect(method, pattern)
        good = status == wanted if wanted else status not in (401, 403) and not is_hidden(text) and status < 500
        check(good, f"{what}: {method} {path}: {status}, wanted {wanted or 'an answer'}: {text[:150]}")
        cells.append(status)


def by_role(role):
    return lambda method, pattern: None if TABLE[method, pattern][1] is None or role in TABLE[method, pattern][1] else 403


def unauthenticated(method, pattern):
    return 200 if TABLE[method, pattern][1] is None else 401


def other_tenant(role):
    def expect(method, pattern):
        _, roles, theirs = TABLE[method, pattern]
        if roles is not None and role not in roles:
            return 403
        return 200 if theirs == "less" else theirs
    return expect


def matrix(server, people, cells):
    client = server.client()
    for role in ROLES:
        try_all(client, cells, f"token of a {role}", people.tokens[role], by_role(role))
        for bad in ("expired", "revoked"):
            try_all(client, cells, f"{bad} token of a {role}", people.tokens[f"{role}-{bad}"], unauthenticated)
        try_all(client, cells, f"{role} of another tenant", people.tokens[f"{role}-west"], other_tenant(role))
        try_all(client, cells, f"wrong token for a {role}", people.tokens[role][:-1] + "~", unauthenticated)
        for path, key in (("/v1/upgrades", None), ("/v1/adapters", "adapters")):
            for name, count in ((role, 1), (f"{role}-west", 0)):
                listed = json.loads(ask(client, "GET", path, token=people.tokens[name])[2])
                check((len(listed[key] if key else listed) > 0) == (count > 0), f"{name} sees at {path}: {listed}")
    try_all(client, cells, "no credential", None, unauthenticated)
    try_all(client, cells, "basic instead of bearer", "", unauthenticated)


def certificates(server, cells, made):
    for role in ROLES:
        try_all(server.client(*made[role][:2]), cells, f"certificate of a {role}", None, by_role(role))
    for name in ("revoked", "unknown", "expired"):
        try_all(server.client(*made[name][:2]), cells, f"{name} certificate", None, unauthenticated)
    try:  # a certificate of another authority: TLS itself refuses it, or Ferry does
        try_all(server.client(*made["foreign"][:2]), cells, "certificate of another authority", None, unauthenticated)
    except (ssl.SSLError, ConnectionError, OSError):
        pass
    status, _, _ = ask(server.client(*made["viewer"][:2]), "GET", RUN, token="wrong")
    check(status == 401, "a wrong token beside a good certificate:", status)


def openapi(server, people):
    """The document served names what the server does: each operation is answered, with the roles that it says."""
    client = server.client()
    document = json.loads(ask(client, "GET", "/v1/openapi.json", token=people.tokens["viewer"])[2])
    check(document["openapi"] == "3.1.0", "openapi:", document["openapi"])
    said = {(method.upper(), re.sub(r"\{[a-z]+\}", "*", path)): set(operation.get("x-roles", []))
            for path, operations in document["paths"].items() for method, operation in operations.items()}
    wanted = {route: row[1] or set() for route, row in TABLE.items()}
    check(said == wanted, "openapi differs:", [route for route in set(said) | set(wanted) if said.get(route) != wanted.get(route)])
    for accept, kind in (("application/xml", "application/xml"), ("application/json", "application/json"), ("*/*", "application/json")):
        headers = ask(client, "GET", RUN, token=people.tokens["viewer"], Accept=accept)[1]
        check(headers["Content-Type"] == kind, accept, "gets", headers["Content-Type"])


def reloads(server, people, made):
    """A token and the server's certificate change without a restart."""
    client = server.client()
    token = people.tokens["viewer"]
    pid = server.process.pid
    people.document["principals"]["viewer"]["tokens"][0]["revoked"] = True
    people.add("late", ["viewer"], ["core-east"])
    server.write_access()
    server.reload()
    check(ask(client, "GET", RUN, token=token)[0] == 401, "a token revoked by a reload still works")
    check(ask(client, "GET", RUN, token=people.tokens["late"])[0] == 200, "a token given by a reload does not work")
    fresh = Authority(server.dir, "fresh")
    fresh.sign("server", extension="subjectAltName=IP:127.0.0.1")
    server.reload()
    check(ask(server.client(authority=fresh), "GET", "/healthz")[0] == 200, "the new certificate is not served")
    check(ask(client, "GET", RUN, token=people.tokens["late"])[0] == 200, "a connection from before the reload is gone")
    with open(server.path("access.json"), "w", encoding="utf-8") as out:
        out.write("{broken")
    with open(server.path("server.pem"), "w", encoding="utf-8") as out:
        out.write("broken")
    server.reload(what="stays as it was")
    check(ask(server.client(authority=fresh), "GET", RUN, token=people.tokens["late"])[0] == 200, "a broken reload broke it")
    check(server.process.pid == pid and server.alive(), "ferryd is not the same process")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/dev"))
    build = os.path.abspath(parser.parse_args().build)
    check(routes_of_the_source() == set(TABLE), "routes and this table differ:", routes_of_the_source() ^ set(TABLE))
    people, cells = People(), []
    with World(build) as world, Server(build, world, people) as server:
        foreign = Authority(server.dir, "foreign-authority")
        made = {"revoked": server.authority.sign("c-revoked"), "unknown": server.authority.sign("c-unknown"),
                "expired": server.authority.sign("c-expired", days=0), "foreign": foreign.sign("c-foreign")}
        for role in ROLES:
            made[role] = server.authority.sign(f"c-{role}")
            proof = {"dn": f"CN=c-{role},O=test"} if role == "operator" else {"sha256": made[role][2]}
            people.add(role, [role], ["core-east"], principal={"certificates": [proof]})
            people.add(f"{role}-west", [role], ["core-west"])
            people.add(f"{role}-expired", [role], ["*"], expires="2020-01-01T00:00:00Z")
            people.add(f"{role}-revoked", [role], ["*"], revoked=True)
        people.add("ghost", ["admin", "operator"], ["*"], token=False, principal={"certificates": [
            {"sha256": made["revoked"][2], "revoked": True}, {"sha256": made["expired"][2]}, {"sha256": made["foreign"][2]}]})
        server.write_access()
        server.start()
        server.request("POST", "/v1/upgrades", later_order())
        matrix(server, people, cells)
        certificates(server, cells, made)
        openapi(server, people)
        reloads(server, people, made)
    for line in wrong[:40]:
        print("WRONG", line)
    print(f"access: {len(TABLE)} routes, {len(cells)} requests, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
