# SPDX-License-Identifier: Apache-2.0
"""The Nth allocation of one of Ferry's processes fails: it ends, or its library copes; the upgrade ends the same."""

SAMPLES = {"ferryd": 12, "script": 5, "adapter": 6, "reader": 3}
KINDS = ("ferryd", "script", "adapter", "reader")


def disturb(kind, number, lasting):
    def run(disturbed):
        page = disturbed.page
        page["kind"], page["lasting"], page["at"] = KINDS.index(kind), int(lasting), number
        return disturbed.finish()
    return run


def cases(chance, allocations, every):
    found = []
    for kind in KINDS:
        count = allocations[kind]
        numbers = range(1, count + 1) if every else sorted(chance.sample(range(1, count + 1), min(SAMPLES[kind], count)))
        for number in numbers:
            for lasting in (False, True) if every else (chance.random() < 0.5,):
                found.append((f"{kind}, allocation {number}{' and all after it' if lasting else ''}",
                              disturb(kind, number, lasting), True))
    return found
