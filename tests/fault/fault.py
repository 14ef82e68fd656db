#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let everything that Ferry asks for fail, and compare with a run that nobody disturbed.

    tests/fault/fault.py [--build build/dev] [--parts calls,outages,io,memory] [--all] [--times N] [--seed N] [--jobs 2] [--keep DIR]

calls    In one process on a virtual clock: the Nth call to the store (a commit once, ten times, for ten minutes, with
         the engine dying too; a read of a recovery) and the Nth call to an adapter, in 21 ways.
outages  The real programs: a full disk (three kinds of it), I/O errors, a database locked by somebody else, a store
         that is moved away, ferryd killed meanwhile. The run stands still and says why, verbs are refused with 503,
         reads go on; when the store is back everything goes on by itself.
io       The Nth call of SQLite on the store's files fails with EIO or ENOSPC, once or twenty times.
memory   An allocation of ferryd, script host, adapter host or reader fails, once or for good in that process: the first
         or a later one from each place of the program (a place: twelve callers deep), or the Nth of all.

At every end: no acting step lost or done twice, the same end as undisturbed, guards as they were, nobody dropped, the
chain of records verifies, no promised verb lost. Without --all a sample chosen by the seed, --times N: a larger one; --all: every case of calls,
and every call on the store's files and every place that allocates, which takes an hour or two; --numbers: and every Nth
allocation, which takes days.
"""
import argparse
import concurrent.futures
import os
import random
import subprocess
import sys
import time

import memory
import outages
import store_io
from disturbed import KINDS, ROOT, Disturbed, World


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--parts", default="calls,outages,io,memory")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--numbers", action="store_true")
    parser.add_argument("--times", type=int, default=1, help="samples so many times as large")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", help="a folder for the log and journal of what failed")
    return parser.parse_args()


def calls(options):
    """The programs of this folder; each prints its own failures and counts. (cases, failures)"""
    total = failed = 0
    for program, sample in (("store", 250), ("adapter", 400)):
        command = [os.path.join(options.build, f"tests/fault/fault_{program}_calls"), "--seed", str(options.seed),
                   "--jobs", str(options.jobs)] + ([] if options.all else ["--sample", str(sample * options.times)])
        out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(out.stdout, end="", flush=True)
        line = out.stdout.splitlines()[-1] if out.stdout else ""
        words = line.split()
        total += int(words[2]) if out.returncode in (0, 1) and "cases," in words else 1
        failed += out.stdout.count("FAILED ") or (0 if out.returncode == 0 else 1)
    return total, failed


def adapter_memory(options):
    """Every allocation of the simulator's adapters, by a host of the test's own."""
    total = failed = 0
    for plugin in ("sim_vim", "sim_nf"):
        with World(options.build, 1, os.path.join(ROOT, "tests/crash/world.json")) as world:
            out = subprocess.run([os.path.join(options.build, "tests/fault/fault_adapter_memory"),
                                  os.path.join(options.build, f"plugins/{plugin}.so"), world.socket],
                                 stdout=subprocess.PIPE, text=True, check=False)
        print(out.stdout, end="", flush=True)
        words = out.stdout.splitlines()[-1].split() if out.stdout else []
        total += int(words[words.index("cases,") - 1]) if "cases," in words else 1
        failed += out.stdout.count("FAILED ") or int(out.returncode != 0)
    return total, failed


def undisturbed(options):
    """What the others are compared with: its end, and how many calls and allocations it makes."""
    with Disturbed(options.build) as run:
        run.page["which"], run.page["surveys"] = 31, 1
        end, wrong = run.finish()
        if wrong:
            raise SystemExit("an undisturbed run is wrong already:\n  " + "\n  ".join(wrong))
        return end, run.page["calls"], {kind: (run.page[kind], run.page.places(kind)) for kind in KINDS}


def run_cases(options, name, cases, reference):
    """cases: (label, function of Disturbed that returns a list of what is wrong, preloaded)"""
    def one(case):
        label, disturb, preloaded = case
        try:
            with Disturbed(options.build, preloaded) as run:
                end, wrong = disturb(run)
                if not wrong and end is not None and end != reference:
                    wrong = [f"another end: {end}"]
                if wrong and options.keep:
                    keep(options.keep, label, wrong, run)
                return label, end, wrong
        except Exception as why:  # pylint: disable=broad-except; one case is not the end of the others
            return label, None, [f"{type(why).__name__}: {why}"]

    failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for label, end, wrong in pool.map(one, cases):
            failed += bool(wrong)
            skipped += end is None and not wrong
            if wrong:
                print(f"FAILED {name}: {label}\n  " + "\n  ".join(wrong)[:3000], flush=True)
    print(f"{name}: {len(cases)} cases, {failed} failed" + (f", {skipped} not possible here" if skipped else ""), flush=True)
    return len(cases), failed


def keep(folder, label, wrong, run):
    name = "".join(c if c.isalnum() else "-" for c in label)
    with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as out:
        out.write(label + "\n" + "\n".join(wrong) + "\n\n" + run.engine.log())
        try:
            out.writelines(f"{r['seq']:4} {r['text']}\n" for r in run.engine.records("CRASH-1"))
        except Exception:  # pylint: disable=broad-except; it may be dead
            pass


def main():
    options = arguments()
    parts = options.parts.split(",")
    print(f"seed {options.seed}", flush=True)
    chance, begin, total, failed = random.Random(options.seed), time.time(), 0, 0
    results = []
    if "calls" in parts:
        results.append(calls(options))
    if set(parts) & {"outages", "io", "memory"}:
        end, io_calls, allocations = undisturbed(options)
        print(f"an undisturbed run makes {io_calls} calls on the store's files and "
              + ", ".join(f"{count} allocations from {len(places)} places in {kind}" for kind, (count, places) in allocations.items()), flush=True)
        if "outages" in parts:
            results.append(run_cases(options, "outages", outages.cases(), end))
        if "io" in parts:
            results.append(run_cases(options, "calls on the store's files", store_io.cases(chance, io_calls, options), end))
        if "memory" in parts:
            results.append(adapter_memory(options))
            results.append(run_cases(options, "allocations", memory.cases(chance, allocations, options), end))
    total, failed = (sum(part[i] for part in results) for i in (0, 1))
    print(f"{total} faults, {total - failed} passed, {failed} failed, {time.time() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
