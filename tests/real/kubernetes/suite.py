#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The trial on a real Kubernetes API server: VIM = Kubernetes, NF = ferry-sim, whose 31,000 users stand on the pods.

    tests/real/kubernetes/suite.py [--build build/dev] [--all | --only NAME,...] [--list] [--jobs 3]

Brings a control plane up (cluster.py), runs the trial's order on it, and takes it down; --all has the things that go wrong
with a real cloud after it (stories.py). FERRY_TEST_KUBECONFIG names another cluster to use; namespaces of its own are made
there and removed, and the stories that need the control plane itself are left out. Judged by the world's own counters and the API
server's objects. Exit status 77: no control plane can be had here.
"""
import argparse
import concurrent.futures
import itertools
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import cluster as control_plane  # noqa: E402
from amf_site import ROOT, Site  # noqa: E402
from stories import STORIES  # noqa: E402

sys.path.insert(0, os.path.join(ROOT, "tests/trial"))


def trial(site):
    """the trial to its end: nobody dropped, each pod that changes replaced once, guards back"""
    from trial import check_designated_first, check_shares, check_world
    site.submit()
    site.until("COMPLETED")
    figures = check_shares(site.engine.get("/v1/upgrades/CHG-0007/kpis")["snapshots"], 50, site.wrong)
    check_designated_first(site.engine.records("CHG-0007"), site.wrong)
    check_world(site.world, site.engine, "CHG-0007", True, site.wrong)
    site.pods_run("1.3.0")
    site.built(2)
    site.cluster_as_it_was()
    users = sum(domain["users"] for domain in site.world.ask("status")["domains"].values())
    return f"{users} users on {len(site.before)} pods, {', '.join(figures)}"


def play(options, plane, kubeconfig, number, story):
    """One story, in a namespace of its own; True if all was as it must be."""
    begin, told = time.monotonic(), ""
    make = getattr(story, "site", Site)
    with make(options.build, kubeconfig, f"ferry-test-{os.getpid()}-{number}") as site:
        site.plane = plane
        try:
            told = story(site) or ""
        except Exception as error:  # whatever it is, the other stories are told all the same
            site.wrong.append(f"{type(error).__name__}: {error}")
        if site.wrong:
            site.wrong.append(site.engine.log()[-1500:])
    print(f"{'FAILED' if site.wrong else 'ok    '} {story.__name__:<28} {time.monotonic() - begin:5.1f} s  {told or story.__doc__}", flush=True)
    for what in site.wrong:
        print("       " + what, flush=True)
    return not site.wrong


def play_all(options, plane, kubeconfig, stories):
    """Some at a time; then, where there is a control plane to play with, those that need it alone. The exit status."""
    alone = [story for story in stories if getattr(story, "needs_plane", False)]
    together = [story for story in stories if story not in alone]
    numbers = itertools.count()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        passed = list(pool.map(lambda story: play(options, plane, kubeconfig, next(numbers), story), together))
    if plane is None and alone:
        print("not played on a cluster that is not ours: " + ", ".join(story.__name__ for story in alone))
    else:
        passed += [play(options, plane, kubeconfig, next(numbers), story) for story in alone]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=3, help="stories at a time; each waits for the cloud most of the time")
    control_plane.arguments(parser)
    options = parser.parse_args()
    stories = [trial, *STORIES] if options.all or options.only or options.list else [trial]
    if options.list:
        print("\n".join(f"{story.__name__:<28} {story.__doc__}" for story in stories))
        return 0
    stories = [story for story in stories if not options.only or story.__name__ in options.only.split(",")]
    given = os.environ.get("FERRY_TEST_KUBECONFIG")
    if given:
        return play_all(options, None, given, stories)
    programs = control_plane.build()
    if programs is None:
        return control_plane.SKIPPED
    control_plane.end_well()
    plane = control_plane.Cluster(tempfile.mkdtemp(prefix="ferry-kubernetes-"), programs, control_plane.free_ports(options.ports))
    try:
        took = plane.up(options)
        print(f"Kubernetes 1.{plane.minor()} with {options.nodes} fake nodes, up in {took:.1f} s", flush=True)
        plane.options = options
        return play_all(options, plane, plane.kubeconfig, stories)
    finally:
        plane.down(wipe=True)


if __name__ == "__main__":
    sys.exit(main())
