#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workflows that misbehave, each beside an innocent run, on the real ferryd and hosts.

    tests/hostile/workflows.py [--build build/dev]

Every guilty run parks alone, with a sentence and a hint that `ferry show` prints; `retry` is offered and does what it says;
the innocent run never stands still; ferryd stays the same process and under 200 MiB; nothing restarts in
a loop. A run whose workflow was changed on disk goes on with the text it has pinned.
"""
import time

from harness import Engine, Innocent, check_engine, main_of, sentence

# name: (text, a word of the sentence)
CASES = {
    "loops": ("while true do end", "instructions"),
    "loops_in_pcall": ("while true do pcall(function() while true do end end) end", "instructions"),
    "loops_in_for": ("for i = 1, math.huge do end", "instructions"),
    "loops_in_sort": ("local t = {} for i = 1, 200 do t[i] = i end "
                      "table.sort(t, function(a, b) while true do end end)", "instructions"),
    "loops_in_gsub": ("string.gsub('aaa', 'a', function() while true do end end)", "instructions"),
    "loops_in_tostring": ("tostring(setmetatable({}, {__tostring = function() while true do end end}))", "instructions"),
    "loops_in_index": ("local t = setmetatable({}, {}) getmetatable(t).__index = function(a, b) return a[b] end "
                       "while true do pcall(function() return t.x end) end", ""),
    "rep": ("local s = string.rep('x', 1e10)", "rep"),
    "rep_often": ("while true do local s = string.rep('x', 1e6) end", "MiB"),
    "doubles": ("local s = 'x' while true do s = s .. s end", "memory"),
    "doubles_in_pcall": ("local s = 'x' while true do pcall(function() s = s .. s end) end", "memory"),
    "concat": ("local t = {} for i = 1, 1e4 do t[i] = string.rep('x', 1000) end "
               "for i = 1, 20 do t[1] = table.concat(t) end", "memory"),
    "concat_same": ("local t, s = {}, string.rep('x', 1e6) for i = 1, 10000 do t[i] = s end table.concat(t)", "memory"),
    "format_wide": ("string.format('%99999999999d', 1)", "conversion"),
    "table_grows": ("local t = {} while true do t[#t + 1] = {} end", "memory"),
    "unpacks": ("table.unpack({}, 1, 1e8)", "unpack"),
    "moves": ("table.move({}, 1, 1e15, 2)", "too many items"),
    "moves_often": ("while true do table.move({}, 1, 4e6, 2) end", "instructions"),
    "concats_nothing": ("table.concat({}, '', 1, 1e15)", "too many items"),
    "inserts": ("local t = setmetatable({}, {__len = function() return 1e15 end}) table.insert(t, 1, 1)", "too many items"),
    "removes": ("local t = setmetatable({}, {__len = function() return 1e15 end}) table.remove(t, 1)", "too many items"),
    "unpack_meta": ("local t = setmetatable({}, {__index = function() while true do end end}) table.unpack(t, 1, 3)",
                    "instructions"),
    "compares": ("local x = string.rep('x', 1e6) local a, b = x .. 'a', x .. 'b' while true do local c = a < b end",
                 "was stopped"),
    "utf8": ("while true do utf8.len(string.rep('x', 1e6)) end", ""),
    "pattern": ("string.find(string.rep('a', 3000), '.-.-.-.-.-b')", "million steps"),
    "pattern_stars": ("string.match(string.rep('a', 3000), '.*.*.*.*b')", "million steps"),
    "pattern_in_pcall": ("while true do pcall(string.find, string.rep('a', 5000), '.-.-.-.-b') end", "instructions"),
    "pattern_deep": ("string.find(string.rep('(', 100000), string.rep('%b()', 1000))", ""),
    "swallows": ("while true do pcall(nf.call, nf, 'hostile.act', {}) pcall(error, 'x') end", "hostile.act"),
    "swallows_steps": ("while true do pcall(sleep, -1) end", "instructions"),
    "os_execute": ("os.execute('touch /tmp/ferry-hostile-was-here')", "unknown name 'os'"),
    "io_open": ("io.open('/etc/passwd')", "unknown name 'io'"),
    "load": ("load('return 1')", "unknown name 'load'"),
    "require": ("require('socket')", "unknown name 'require'"),
    "debug": ("debug.getregistry()", "unknown name 'debug'"),
    "dump": ("string.dump(function() end)", "dump"),
    "globals": ("_G.x = 1", "_G"),
    "declares": ("x = 1", "not declared"),
    "poisons_strings": ("getmetatable('').__index = function() return 1 end", ""),
    "poisons_nf": ("setmetatable(nf, {})", "metatable"),
    "poisons_order": ("nf.order.x = 1", "order"),
    "address": ("string.format('%p', {})", "addresses"),
    "finalizer": ("setmetatable({}, {__gc = function() while true do end end})", "__gc"),
    "weak": ("setmetatable({}, {__mode = 'k'})", "__mode"),
    "coroutine": ("coroutine.wrap(function() end)()", "unknown name 'coroutine'"),
    "collects": ("collectgarbage('stop')", "unknown name 'collectgarbage'"),
    "random": ("math.random()", "random"),
    "steps_in_sort": ("table.sort({2, 1}, function(a, b) sleep(1) return a < b end)", "sort"),
    "recurses": ("local function f() return 1 + f() end f()", "memory"),
    "recurses_in_pcall": ("local function f() pcall(f) f() end f()", ""),
    "recurses_c": ("local t = setmetatable({}, {}) getmetatable(t).__index = t local x = t.y", "loop"),
    "pcall_deep": ("local function f() return pcall(f) end while true do f() end", "instructions"),
    "returns_garbage": ("return function() end", "function"),
    "returns_deep": ("local t = {} for i = 1, 1000 do t = {t} end return t", "nested"),
    "returns_itself": ("local t = {} t[1] = t return t", "nested"),
    "error_nil": ("error(nil)", "workflow error: nil"),
    "error_table": ("error({ code = 7 })", "workflow error: table"),
    "error_function": ("error(function() end)", "function"),
    "error_object": ("error(setmetatable({}, {__tostring = function() while true do end end}))", "workflow error: table"),
    "error_binary": ("error('\\0\\255\\1\\27[31m', 0)", "workflow error"),
    "error_long": ("error(string.rep('x', 1e6), 0)", "workflow error"),
    "error_newlines": ("error('one\\ntwo\\nthree', 0)", "workflow error"),
    "notes": ("while true do note(string.rep('n', 4000)) end", "notes"),
    "notes_in_pcall": ("while true do pcall(note, string.rep('n', 4000)) end", "MiB"),
    "notes_for_ever": ("while true do for i = 1, 900 do note(string.rep('n', 4000)) end sleep(0) end", "MiB"),
    "phases_for_ever": ("while true do for i = 1, 900 do phase(string.rep('p', 4000)) end sleep(0) end", "MiB"),
    "notes_binary": ("note('\\0\\255\\254') phase('\\xed\\xa0\\x80') error('after notes', 0)", "after notes"),
    "args_deep": ("local t = {} for i = 1, 1000 do t = {a = t} end nf:call('hostile.act', t)", "nested"),
    "args_itself": ("local t = {} t.t = t nf:call('hostile.act', t)", "nested"),
    "args_huge": ("local t = {} for i = 1, 100 do t[i] = string.rep('x', 60000) end nf:call('hostile.act', {t = t, u = t, v = t})",
                  "MiB"),
    "args_often": ("local s = string.rep('x', 500000) while true do nf:call('hostile.act', {a = s .. 'well'}) end", "MiB"),
    "args_function": ("nf:call('hostile.act', {f = function() end})", "function"),
    "args_float": ("nf:call('hostile.act', {f = 0/0})", "whole"),
    "sleep_for_ever": ("sleep(math.maxinteger)", "366d"),
    "sleep_text": ("sleep('99999999999d')", "366d"),
    "unknown_verb": ("nf:call('hostile.missing', {})", "hostile.missing"),
    "ask_garbage": ("ask { string.rep('q', 100000), role = 'nobody', within = -1 }", "within"),
    "observes_garbage": ("nf:observe('../../etc')", ""),
}
MILLION = "for i = 1, 1000000 do sleep(0) end"  # parks at its 100,000th step; a unit test waits for that, this one cancels


def guilty(engine, innocent, name, word, report, pid):
    run = engine.submit(name)
    view = engine.wait(run, ("FAILED_TEMP", "ROLLED_BACK", "COMPLETED"), 15)
    wrong = judge(engine, run, view, word) + innocent.look() + check_engine(engine, pid)
    report.case(name, wrong, sentence(view)[:150])
    return run


def judge(engine, run, view, word):
    if view["state"] != "FAILED_TEMP":
        return [f"it is {view['state']}: {view.get('waiting')}"]
    wrong = []
    error = view.get("error", {})
    message = error.get("message", "")
    if word not in message:
        wrong.append(f'"{word}" is not in its sentence: {message[:300]}')
    if not error.get("hint"):
        wrong.append("there is no hint")
    if len(message) > 600 or any(ord(c) < 32 for c in message):
        wrong.append(f"its message is no sentence: {len(message)} characters, {message[:80]!r}")
    if "retry" not in view["verbs"]:
        wrong.append(f"retry is not offered: {view['verbs']}")
    return wrong


def check_show(engine, run, report):
    code, out, _ = engine.cli("show", run)
    view = engine.view(run)
    wrong = [] if code in (0, 7) else [f"exit code {code}"]
    shown = " ".join(out.split())
    wrong += [f"{what} is not shown: {out}" for what in ("message", "hint")
              if " ".join(view["error"][what].split()) not in shown]
    report.case("ferry show prints it", wrong)


def check_retry(engine, run, innocent, report):
    before = engine.view(run)
    engine.request("POST", f"/v1/upgrades/{run}/retry", b"{}")
    view = engine.wait(run, ("FAILED_TEMP",), 15)
    wrong = [] if view["error"]["message"] == before["error"]["message"] else [sentence(view)]
    time.sleep(0.5)
    grown = engine.view(run)["seq"] - before["seq"]
    if grown > 10:
        wrong.append(f"retry made {grown} records")
    report.case("retry runs the pinned text again", wrong + innocent.look(), f"{grown} records more")


def check_million(engine, run, innocent, report):
    """Taking steps without end while all others were tried, it can be taken out by hand."""
    steps = engine.view(run)["steps"]
    wrong = innocent.look()
    if engine.view(run)["state"] == "PROCESSING":
        engine.request("POST", f"/v1/upgrades/{run}/cancel", b"{}")
    view = engine.wait(run, ("FAILED_TEMP",), 10)
    wrong += [] if view["state"] == "FAILED_TEMP" else [f"it is {view['state']}"]
    report.case("million_steps", wrong, f"{steps} steps; {sentence(view)[:150]}")


def check_quiet(engine, report):
    """Nothing goes on in circles once everybody is parked."""
    before, pids = engine.get("/v1/engine")["records"], sorted(engine.pids())
    cpu = engine.cpu_us()
    time.sleep(1)
    spent, grown = engine.cpu_us() - cpu, engine.get("/v1/engine")["records"] - before
    wrong = [] if sorted(engine.pids()) == pids else ["processes were started"]
    if spent > 400e3:
        wrong.append(f"{spent / 1e3:.0f} ms of CPU in a second")
    if grown > 200:
        wrong.append(f"{grown} records in a second")
    report.case("quiet afterwards", wrong, f"{spent / 1e3:.0f} ms CPU, {grown} records in a second")


def check_changed_text(engine, report, pinned):
    """Another text on disk: the run goes on with its own, after a kill too."""
    run = engine.submit("changes")
    engine.wait(run, ("PROCESSING",), 10)
    engine.write_workflow("changes", "note('the new text') error('this is the new text', 0)")
    engine.kill()
    engine.start()
    view = engine.wait(run, ("COMPLETED", "FAILED_TEMP"), 20)
    notes = [r["body"]["text"] for r in engine.records(run) if r["name"] == "note"]
    wrong = [] if view["state"] == "COMPLETED" and notes == ["the old text"] else [f"{view['state']} {notes} {sentence(view)}"]
    report.case("a text changed on disk", wrong, "the run used the text it had pinned")
    parked = engine.view(pinned)
    report.case("parked runs are parked after a kill", [] if parked["state"] == "FAILED_TEMP" else [parked["state"]],
                sentence(parked)[:150])


def run_all(build, report):
    texts = {name: text for name, (text, _) in CASES.items()}
    texts["million_steps"] = MILLION
    texts["changes"] = "sleep(500) note('the old text') sleep(500)"
    with Engine(build, texts) as engine:
        engine.start()
        pid = engine.get("/v1/engine")["pid"]
        innocent = Innocent(engine)
        million = engine.submit("million_steps")
        runs = {name: guilty(engine, innocent, name, word, report, pid) for name, (_, word) in CASES.items()}
        check_show(engine, runs["loops"], report)
        check_retry(engine, runs["loops_in_pcall"], innocent, report)
        check_million(engine, million, innocent, report)
        check_quiet(engine, report)
        report.case("the whole", innocent.end() + check_engine(engine, pid), f"ferryd has {engine.rss_kb() // 1024} MiB")
        check_changed_text(engine, report, runs["loops"])


if __name__ == "__main__":
    main_of(run_all, __doc__)
