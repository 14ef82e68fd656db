#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad nights on the real binaries: what goes wrong, and how it ends.

    tests/nights/nights.py [--build build/dev] [--only NAME,NAME] [--scale 400] [--jobs 4] [--list]

Each night has a ferryd and a ferry-sim of its own, the trial's order, one thing that goes wrong (stories.py), and an end
that is checked against the world's own counters: nobody dropped, every guard as it was, one version, the next order taken.
"""
import argparse
import concurrent.futures
import os
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from night import ROOT, Night  # noqa: E402
from stories import STORIES  # noqa: E402


def play(build, name, scale):
    begin, wrong = time.time(), []
    folder = tempfile.mkdtemp(prefix="ferry-night-")
    try:
        workflows = os.path.join(folder, "workflows")
        shutil.copytree(os.path.join(ROOT, "workflows"), workflows)
        with Night(build, scale, workflows) as night:
            try:
                STORIES[name](night)
                wrong = night.wrong and [*night.wrong, night.story()]
            except AssertionError as failed:
                wrong = [*night.wrong, str(failed)]
    except Exception:  # pylint: disable=broad-except
        wrong.append(traceback.format_exc())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return name, wrong, time.time() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--only", default="")
    parser.add_argument("--scale", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=4, help="nights at a time; each waits for its clock most of the time")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name] or list(STORIES)
    if options.list:
        print("\n".join(f"{name:38} {STORIES[name].__doc__}" for name in names))
        return 0
    failed = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, wrong, seconds in pool.map(lambda name: play(options.build, name, options.scale), names):
            failed += [name] if wrong else []
            print(f"{'FAILED' if wrong else 'ok':6} {name:38} {STORIES[name].__doc__} ({seconds:.0f} s)", flush=True)
            for line in wrong:
                print(f"       {line}", flush=True)
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
