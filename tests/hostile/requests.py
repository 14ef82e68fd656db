#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests that were made to hurt: bodies, HTTP, arguments, cursors, beside an innocent run on the real ferryd.

    tests/hostile/requests.py [--build build/dev]

Each is answered with a 4xx problem document that says in a sentence what is wrong (or the connection is closed, where it
was no HTTP); a reader takes less than 250 ms of CPU and 64 MiB; ferryd stays the same process and answers others at once.
"""
import json
import os
import select
import socket
import struct
import time

from bodies import BODIES, LIMIT
from harness import Engine, Innocent, Refused, check_engine, field, main_of

READER_CPU_S, READER_KB = 0.25, 64 << 10
ANSWER_S = 1.0


def read_in_host(build, body):
    """What one reader process costs: (CPU seconds, KiB)."""
    ours, theirs = socket.socketpair()
    pid = os.posix_spawn(os.path.join(build, "engine/host/ferry-host"), ["ferry-host", "reader"], {"PATH": "/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 3)])
    theirs.close()
    ours.sendall(struct.pack("<I", len(body)) + body)
    peak, done = 0, 0
    while done == 0:  # its rusage would have our own peak in it, from before the exec
        try:
            peak = max(peak, field(f"/proc/{pid}/status", "VmHWM:"))
        except (OSError, StopIteration):
            pass
        done, _, usage = os.wait4(pid, os.WNOHANG)
    ours.close()
    return usage.ru_utime + usage.ru_stime, peak


def problem_of(status, text):
    """What is wrong with a refusal; and its sentence."""
    try:
        problem = json.loads(text)
    except ValueError:
        return [f"{status}: not a problem document: {text[:100]}"], ""
    said = problem.get("detail", "")
    wrong = [] if 400 <= status < 500 else [f"status {status}: {said}"]
    wrong += [] if len(said) > 15 else ["it says nothing"]
    wrong += ["it is not one line"] if any(ord(c) < 32 or ord(c) == 127 for c in said) else []
    return wrong, f"{said} ({problem.get('hint', 'no hint')})"


def try_body(engine, build, name, body):
    """(what is wrong, the sentence, costs)"""
    begin = time.time()
    try:
        engine.request("POST", "/v1/upgrades", body, early=True)
        wrong, said = ["it was accepted"], ""
    except Refused as refused:
        wrong, said = problem_of(refused.status, str(refused)[4:])
    except OSError as error:
        wrong, said = [f"{error}"], ""
    if time.time() - begin > ANSWER_S:
        wrong.append(f"it took {time.time() - begin:.2f} s")
    if len(body) > LIMIT or name == "empty":
        return wrong, said, "not read"
    cpu, kib = read_in_host(build, body)
    wrong += [f"its reader took {cpu * 1e3:.0f} ms of CPU"] if cpu > READER_CPU_S else []
    wrong += [f"its reader took {kib >> 10} MiB"] if kib > READER_KB else []
    return wrong, said, f"{cpu * 1e3:3.0f} ms {kib / 1024:4.1f} MiB"


def check_bodies(engine, build, innocent, report):
    for name, body in BODIES.items():
        wrong, said, cost = try_body(engine, build, name, body)
        report.case(name, wrong, f"{cost:15} {said[:170]}")
    report.case("bodies: the innocent run", innocent.look())


def check_command(engine, report):
    """The same through `ferry order check`: exit code 2 and the sentence."""
    for name in ("entity of a file", "quadratic blow-up", "attributes to the limit", "broken UTF-8", "11 MiB of text", "blanks"):
        path = engine.path("hostile.xml")
        with open(path, "wb") as out:
            out.write(BODIES[name])
        code, _, said = engine.cli("order", "check", path)
        report.case(f"order check: {name}", [] if code == 2 and ": line" in said or "65536" in said else [f"exit {code}: {said}"],
                    " ".join(said.split())[:170])


# -- HTTP --------------------------------------------------------------------------------------------------------


def raw(engine, data, patience=3.0):
    """What comes back to these bytes, until nothing more comes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(patience)
        sock.connect(engine.path("ferry.sock"))
        answer = b""
        try:
            sock.sendall(data)
            while True:
                got = sock.recv(65536)
                answer += got
                if not got or (b"\r\n\r\n" in answer and answer.rstrip().endswith(b"}")):
                    return answer
        except OSError:
            return answer


RAW = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01" + os.urandom(500) + b"\r\n\r\n",
    "no HTTP": b"hello ferry, please upgrade\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "HTTP/9.9": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"GET /nothing HTTP/1.1\r\n\r\n",
    "a path of 30 KB": b"GET /" + b"a" * 30000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of 60 KB": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 60000 + b"\r\n\r\n",
    "200 headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(200)) + b"\r\n",
    "negative length": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length of 2^70": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 1180591620717411303424\r\n\r\n",
    "length of 1 GiB": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n",
    "two lengths": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 30\r\n\r\nx",
    "bad chunk": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nx\r\n0\r\n\r\n",
    "endless chunks": b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n"
                      + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 40 + b"0\r\n\r\n",
    "PUT": b"PUT /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "DELETE": b"DELETE /v1/upgrades/BENCH-1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "TRACE": b"TRACE /v1/upgrades HTTP/1.1\r\nHost: x\r\n\r\n",
    "BREW": b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
}
SILENT = {"garbage", "no HTTP", "no version", "HTTP/9.9", "a header of 60 KB", "a path of 30 KB", "negative length", "length of 2^70",
          "two lengths", "bad chunk", "no host"}  # libmicrohttpd itself answers or closes


def check_raw(engine, report):
    for name, data in RAW.items():
        answer = raw(engine, data)
        head = answer.split(b"\r\n", 1)[0].decode(errors="replace")
        status = int(head.split()[1]) if len(head.split()) > 1 and head.split()[1].isdigit() else 0
        if name in SILENT:
            wrong, said = ([] if status == 0 or 400 <= status < 600 else [head]), head or "closed"
        else:
            wrong, said = problem_of(status, answer.partition(b"\r\n\r\n")[2].decode(errors="replace"))
        wrong += [] if engine.alive() else ["ferryd died"]
        report.case(name, wrong, said[:170])


def check_slow(engine, innocent, report):
    """Many half-open connections and slow senders: others are answered at once, and they are closed."""
    slow = []
    for number in range(250):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(engine.path("ferry.sock"))
            if number % 3 == 1:
                sock.send(b"GET /healthz HTTP/1.1\r\nHo")
            elif number % 3 == 2:
                sock.send(b"POST /v1/upgrades HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<")
        except OSError:
            sock.close()
            continue
        slow.append(sock)
    begin, worst, wrong, end = time.time(), 0.0, [], time.time() + 12
    while slow and time.time() < end:
        asked = time.time()
        try:
            engine.get("/healthz")
        except OSError as error:
            wrong.append(f"an honest request was not served: {error}")
            break
        worst = max(worst, time.time() - asked)
        slow = [sock for sock in slow if still_open(sock)]
        time.sleep(0.2)
    wrong += [f"an honest request took {worst:.2f} s"] if worst > ANSWER_S else []
    wrong += [f"{len(slow)} are open after {time.time() - begin:.0f} s"] if slow else []
    for sock in slow:
        sock.close()
    report.case("250 slow senders", wrong + innocent.look(),
                f"all closed after {time.time() - begin:.0f} s; an honest request took {worst * 1e3:.0f} ms at most")


def still_open(sock):
    """Sends one byte more, as a slow sender does."""
    try:
        sock.send(b"x")
        if select.select([sock], [], [], 0)[0] and not sock.recv(1000):
            raise OSError
        return True
    except BlockingIOError:
        return True
    except OSError:
        sock.close()
        return False


# -- arguments ---------------------------------------------------------------------------------------------------

PATHS = [
    "/", "//", "/v2/upgrades", "/v1", "/v1/upgrades/", "/v1/upgrades//plan", "/v1/upgrades/..", "/v1/upgrades/../../etc/passwd",
    "/v1/upgrades/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/v1/upgrades/a%00b", "/v1/upgrades/%00", "/v1/upgrades/%ff%fe",
    "/v1/upgrades/" + "x" * 5000, "/v1/upgrades/a%0d%0aX:%20y", "/v1/upgrades/'%20OR%201=1--", "/v1/upgrades/NONE/journal",
    "/v1/upgrades/NONE/export", "/v1/upgrades/NONE/report", "/v1/upgrades/NONE/kpis", "/v1/adapters/NONE", "/v1/adapters/..%2f..",
    "/v1/workflows/NONE", "/v1/orders/templates/NONE", "/v1/orders/templates/..%2fx",
]
JOURNAL = ["after=-1", "after=abc", "after=1e9", "after=99999999999999999999", "limit=0", "limit=-5", "limit=x", "after=", "limit="]
SUBMIT = ["scale=-1", "scale=0", "scale=1e9", "scale=1000000000", "scale=99999999999999999999", "scale=abc", "scale=", "epoch_ms=abc",
          "epoch_ms=-1", "epoch_ms=0", "epoch_ms=9223372036854775807", "epoch_ms=", "scale=100001"]
VERBS = [("cancel", b"{"), ("cancel", b"[]"), ("cancel", b"null"), ("cancel", b"\xff\xfe"), ("cancel", b'{"a":' * 5000),
         ("approve", b"{}"), ("adjust", b"{}"), ("adjust", b'{"step":-1}'), ("adjust", b'{"step":"x"}'), ("adjust", b'{"step":1e400}'),
         ("explode", b"{}"), ("commit", b"{}"), ("retry", b'{"why":"' + b"x" * 70000 + b'"}'), ("..%2f", b"{}"), ("%00", b"{}")]


def check_refused(engine, report, label, method, path, body=None):
    begin = time.time()
    try:
        answer = engine.request(method, path, body, early=True)
        wrong, said = [f"it was done: {str(answer)[:100]}"], ""
    except Refused as refused:
        wrong, said = problem_of(refused.status, str(refused)[4:])
    except (OSError, ValueError) as error:
        wrong, said = [f"{error}"], ""
    wrong += [f"it took {time.time() - begin:.2f} s"] if time.time() - begin > ANSWER_S else []
    report.case(label[:60], wrong, said[:170])


def check_arguments(engine, innocent, report):
    for path in PATHS:
        check_refused(engine, report, f"GET {path}", "GET", path)
    for query in JOURNAL:
        check_refused(engine, report, f"journal?{query}", "GET", f"/v1/upgrades/{innocent.run}/journal?{query}")
    for query in SUBMIT:
        xml, _ = engine.order("innocent")
        check_refused(engine, report, f"POST upgrades?{query}", "POST", f"/v1/upgrades?{query}", xml)
    for verb, body in VERBS:
        check_refused(engine, report, f"POST {verb} {body[:20]!r}", "POST", f"/v1/upgrades/{innocent.run}/{verb}", body)
    report.case("arguments: the innocent run", innocent.look())


def check_pages(engine, innocent, report):
    begin, cpu = time.time(), engine.cpu_us()
    for page in range(10000):
        if time.time() - begin > 15:
            break
        engine.get(f"/v1/upgrades/{innocent.run}/journal?after={page % 50}&limit=1")
    took = time.time() - begin
    report.case("10,000 pages of a journal", innocent.look(),
                f"{page + 1} in {took:.1f} s, {(engine.cpu_us() - cpu) / (page + 1):.0f} us CPU each")


def check_twice(engine, report):
    """The same order many times at once is one run; the same id with other bytes is a conflict."""
    xml, run = engine.order("innocent")
    for _ in range(20):
        engine.request("POST", "/v1/upgrades?epoch_ms=window", xml)
    runs = [r["id"] for r in engine.get("/v1/upgrades")].count(run)
    report.case("one order twenty times", [] if runs == 1 else [f"{runs} runs"])
    check_refused(engine, report, "the same id, other bytes", "POST", "/v1/upgrades?epoch_ms=window", xml + b"\n")


def run_all(build, report):
    with Engine(build) as engine:
        engine.start()
        pid = engine.get("/v1/engine")["pid"]
        innocent = Innocent(engine)
        check_bodies(engine, build, innocent, report)
        check_command(engine, report)
        check_raw(engine, report)
        check_slow(engine, innocent, report)
        check_arguments(engine, innocent, report)
        check_pages(engine, innocent, report)
        check_twice(engine, report)
        report.case("the whole", innocent.end() + check_engine(engine, pid), f"ferryd has {engine.rss_kb() // 1024} MiB")


if __name__ == "__main__":
    main_of(run_all, __doc__)
