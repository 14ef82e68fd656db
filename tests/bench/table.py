# SPDX-License-Identifier: Apache-2.0
"""Figures of every round, and the table of their medians."""
import json
import statistics

from goals import LIMIT, PEER, ROWS


class Table:
    """Values by name, one a round; None where a round did not measure it."""

    def __init__(self):
        self.rounds, self.loads = [], []

    def begin(self, load):
        self.rounds.append({})
        self.loads.append(load)

    def add(self, name, value):
        self.rounds[-1][name] = value

    def values(self, name):
        return [r[name] for r in self.rounds if name in r]

    def ratios(self, name, other):
        return [r[name] / r[other] for r in self.rounds if other and name in r and r.get(other)]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"loads": self.loads, "rounds": self.rounds}, out, indent=1)

    # -- what is printed ------------------------------------------------------------------------------------

    def measured(self, row, of):
        values = self.values(row["name"]) if of == "value" else self.ratios(row["name"], row[of])
        return statistics.median(values) if values else None

    def verdict(self, row, goals):
        """How the goals of a kind stand: all met, missed, or not measured."""
        if not goals:
            return ""
        found = [(self.measured(row, of), comparison, figure) for of, comparison, figure in goals]
        if any(value is None for value, _, _ in found):
            return "?"
        return "met" if all(v >= f if c == ">=" else v <= f for v, c, f in found) else "MISSED"

    def show(self):
        head = ("", "min", "median", "max", "limit", "x", "Restate", "x", "must", "", "stretch", "")
        lines = [head] + [self.line(row) for row in ROWS if self.values(row["name"])]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        print()
        for line in lines:
            cells = [text.ljust(width) if i in (0, 8, 10) else text.rjust(width) for i, (text, width) in enumerate(zip(line, widths))]
            print("  ".join(cells).rstrip())
        print(f"\n{len(self.rounds)} rounds; load at their beginning {', '.join(f'{load:.1f}' for load in self.loads)}. x: median of the ratios"
              "\nwithin a round, to raw fdatasync (limit) or to Restate; ? is not measured (--peers).")

    def line(self, row):
        values = self.values(row["name"])
        middle = statistics.median(values)
        cells = [f"{row['name']} ({row['unit']})", number(min(values)), number(middle), number(max(values))]
        for of in (LIMIT, PEER):
            ratio, others = self.measured(row, of), self.values(row[of]) if row[of] else []
            cells += [number(statistics.median(others)) if others else "", f"{ratio:.2f}" if ratio is not None else ""]
        return tuple(cells + [words(row["must"]), self.verdict(row, row["must"]), words(row["stretch"]), self.verdict(row, row["stretch"])])


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def words(goals):
    suffix = {"value": "", LIMIT: " of limit", PEER: " x Restate"}
    return ", ".join(f"{comparison} {number(figure)}{suffix[of]}" for of, comparison, figure in goals)
