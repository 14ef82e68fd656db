# SPDX-License-Identifier: Apache-2.0
"""An allocation of one of Ferry's processes fails: it ends, or its library copes; the upgrade ends the same."""
from disturbed import KINDS

SAMPLES = {"ferryd": (9, 3), "script": (4, 1), "adapter": (4, 2), "reader": (2, 1)}  # of places, of numbers
LATER = 40  # a later allocation from a place: at most its so-manieth


def disturb(kind, number, lasting, place=0):
    def run(disturbed):
        page = disturbed.page
        page["kind"], page["lasting"], page["place"] = KINDS.index(kind), int(lasting), place
        page["at"] = number
        return disturbed.finish()
    return run


def label(kind, what, lasting):
    return f"{kind}, {what}{' and all after it' if lasting else ''}"


def sample(chance, of, count):
    return sorted(chance.sample(of, min(count, len(of))))


def at_places(chance, kind, places, every):
    """The first allocation from a place, and for all: a later one that lasts."""
    found = []
    for place in places:
        number = 1 if every or chance.random() < 0.5 else chance.randint(2, LATER)
        found.append((kind, number, not every and chance.random() < 0.5, place))
        if every:
            found.append((kind, chance.randint(2, LATER), True, place))
    return found


def cases(chance, allocations, options):
    found = []
    for kind in KINDS:
        count, places = allocations[kind]
        few = [options.times * number for number in SAMPLES[kind]]
        found += at_places(chance, kind, places if options.all else sample(chance, places, few[0]), options.all)
        numbers = range(1, count + 1) if options.numbers else sample(chance, range(1, count + 1), few[1])
        found += [(kind, number, chance.random() < 0.5, 0) for number in numbers]
    return [(label(kind, f"allocation {number}" + (f" from place {place:x}" if place else ""), lasting),
             disturb(kind, number, lasting, place), True) for kind, number, lasting, place in found]
