# SPDX-License-Identifier: Apache-2.0
"""The Nth call of SQLite on the store's files fails, in the middle of a run of the real programs."""
import errno

from disturbed import OPENS, READS, SIZES, SYNCS, WRITES

EVERYTHING = WRITES | SYNCS | SIZES | READS | OPENS
SAMPLE = 14


def disturb(number, error, length):
    def run(disturbed):
        disturbed.page.fail(error, EVERYTHING, number, length)
        return disturbed.finish()
    return run


WAYS = ((errno.EIO, 1), (errno.EIO, 5), (errno.ENOSPC, 5))


def cases(chance, calls, options):
    few = min(SAMPLE * options.times, calls)
    numbers = range(1, calls + 1) if options.all else sorted(chance.sample(range(1, calls + 1), few))
    return [(f"call {number}, {errno.errorcode[error]}, {length} times", disturb(number, error, length), True)
            for number in numbers for error, length in (WAYS if options.all else (chance.choice(WAYS),))]
