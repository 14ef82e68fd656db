# SPDX-License-Identifier: Apache-2.0
"""An adapter's .so in this process: open it, call its verbs as Ferry would (engine/include/ferry/adapter.h).

    from plugin import Plugin
    with Plugin("build/dev/plugins/kubernetes.so", {"kubeconfig": text, "namespace": "core"}) as adapter:
        print(adapter.observe("inventory"))
        print(adapter.until("upgrade", {"instances": ["db-3"], "image": "sdb:2", "version": "2"}))
"""
import ctypes
import json
import time

ABI, DONE, AGAIN, FAILED, UNSURE = 1, 1, 2, 3, 4
FAILURES = {1: "transient", 2: "permanent", 3: "refused", 4: "timeout", 5: "invalid"}
TEXT, BIG, POINTER = ctypes.c_char_p, ctypes.c_int64, ctypes.c_void_p


class Call(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("attempt", ctypes.c_uint32), ("run", TEXT), ("step", ctypes.c_uint64),
                ("fence", ctypes.c_uint64), ("key", TEXT), ("now_ms", BIG), ("deadline_ms", BIG), ("args", TEXT),
                ("scale", ctypes.c_uint32)]


class Reply(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("status", ctypes.c_int), ("after_ms", BIG), ("done", BIG), ("total", BIG),
                ("failure", ctypes.c_int), ("host", POINTER)]


RESULT = ctypes.CFUNCTYPE(None, POINTER, TEXT)
FAILURE = ctypes.CFUNCTYPE(None, POINTER, ctypes.c_int, TEXT, TEXT)
PROGRESS = ctypes.CFUNCTYPE(None, POINTER, BIG, BIG, BIG, TEXT)
LOG = ctypes.CFUNCTYPE(None, TEXT)
SERVE = ctypes.CFUNCTYPE(None, POINTER, ctypes.POINTER(Call), ctypes.POINTER(Reply))
OPEN = ctypes.CFUNCTYPE(POINTER, POINTER, TEXT, TEXT, ctypes.c_size_t)
CLOSE = ctypes.CFUNCTYPE(None, POINTER)


class Host(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("result", RESULT), ("failed", FAILURE), ("progress", PROGRESS), ("log", LOG)]


class Verb(ctypes.Structure):
    _fields_ = [("name", TEXT), ("kind", ctypes.c_int), ("schema", TEXT), ("deadline_ms", BIG), ("settle_ms", BIG), ("call", SERVE)]


class Setting(ctypes.Structure):
    _fields_ = [("name", TEXT), ("type", TEXT), ("required", ctypes.c_bool), ("secret", ctypes.c_bool), ("otherwise", TEXT), ("help", TEXT)]


class Table(ctypes.Structure):
    _fields_ = [("abi", ctypes.c_uint32), ("size", ctypes.c_uint32), ("name", TEXT), ("version", TEXT), ("summary", TEXT),
                ("kinds", ctypes.c_uint32), ("mobility", ctypes.c_int), ("simulated", ctypes.c_bool),
                ("thread_safe", ctypes.c_bool), ("settings", ctypes.POINTER(Setting)), ("verbs", ctypes.POINTER(Verb)),
                ("open", OPEN), ("close", CLOSE)]


class Answer:
    def __init__(self):
        self.status, self.value, self.failure, self.message, self.hint, self.after_ms = 0, None, "", "", "", 0

    def __repr__(self):
        names = {DONE: "done", AGAIN: "again", FAILED: "failed", UNSURE: "unsure"}
        return f"{names.get(self.status, self.status)} {self.failure} {self.message} {self.value if self.status == DONE else ''}".strip()


class Plugin:
    def __init__(self, path, settings):
        self.library = ctypes.CDLL(path)
        self.table = Table.in_dll(self.library, "ferry_adapter")
        assert self.table.abi == ABI
        self.answer, self.lines = Answer(), []
        self.host = Host(ctypes.sizeof(Host), RESULT(self._result), FAILURE(self._failed), PROGRESS(self._progress),
                         LOG(lambda text: self.lines.append(text.decode())))
        self.verbs, at = {}, 0
        while self.table.verbs[at].name:
            self.verbs[self.table.verbs[at].name.decode()] = self.table.verbs[at]
            at += 1
        why = ctypes.create_string_buffer(1024)
        self.connection = self.table.open(ctypes.cast(ctypes.pointer(self.host), POINTER),
                                          json.dumps({**self._defaults(), **settings}).encode(), why, 1024)
        if not self.connection:
            raise RuntimeError(why.value.decode())

    def _defaults(self):
        values, at = {}, 0
        while self.table.settings[at].name:
            setting = self.table.settings[at]
            if setting.otherwise is not None:
                text = setting.otherwise.decode()
                values[setting.name.decode()] = {b"integer": int, b"boolean": lambda t: t == "true"}.get(setting.type, str)(text)
            at += 1
        return values

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.table.close(self.connection)

    def _result(self, _, text):
        self.answer.status, self.answer.value = DONE, json.loads(text)

    def _failed(self, _, failure, message, hint):
        self.answer.status, self.answer.failure = FAILED, FAILURES.get(failure, "?")
        self.answer.message, self.answer.hint = (message or b"").decode(), (hint or b"").decode()

    def _progress(self, _, after_ms, done, total, text):
        self.answer.status, self.answer.after_ms, self.answer.message = AGAIN, after_ms, f"{done}/{total} {(text or b'').decode()}"

    def call(self, verb, args, run="test", step=1, attempt=1, fence=1):
        self.answer, reply, now = Answer(), Reply(size=ctypes.sizeof(Reply)), int(time.time() * 1000)
        call = Call(ctypes.sizeof(Call), attempt, run.encode(), step, fence, f"{run}/{step}".encode(), now,
                    now + self.verbs[verb].deadline_ms, json.dumps(args).encode(), 1)
        self.verbs[verb].call(self.connection, ctypes.byref(call), ctypes.byref(reply))
        return self.answer

    def observe(self, verb, args=None):
        return self.call(verb, args or {}, run="", step=0)

    def until(self, verb, args, limit_s=120, **who):
        """Ask again as long as it says so."""
        end = time.monotonic() + limit_s
        while True:
            answer = self.call(verb, args, **who)
            if answer.status != AGAIN or time.monotonic() > end:
                return answer
            time.sleep(min(answer.after_ms, 2000) / 1000)
