# SPDX-License-Identifier: Apache-2.0
"""An element manager of a kind: writes files of measurements (TS 32.435) from what ferry-sim exports."""
import datetime
import os
import re
import shutil
import tempfile
import threading
import urllib.request
from xml.sax.saxutils import quoteattr

NAMESPACE = "http://www.3gpp.org/ftp/specs/archive/32_series/32.435#measCollec"
SAMPLE = re.compile(r'^(\w+)\{([^}]*)\} ([0-9.]+)$', re.M)
LABEL = re.compile(r'(\w+)="([^"]*)"')


def look(url):
    """Run time in seconds, and {version: {measurement: value}}."""
    with urllib.request.urlopen(url, timeout=5) as page:
        text = page.read().decode()
    names = dict(re.findall(r"^# HELP (\w+) Measurement (\S+)\.$", text, re.M))
    now, counts = 0.0, {}
    for metric, labels, value in SAMPLE.findall(text):
        label = dict(LABEL.findall(labels))
        if metric == "ferry_sim_run_time_seconds":
            now = float(value)
        elif metric == "ferry_sim_users" and label["segment"] == "5g":
            counts.setdefault(label["version"], {})["RM.RegisteredSubNbrMean"] = int(value)
        elif metric in names:
            name = names[metric] + ("." + label["cause"] if "cause" in label else "")
            counts.setdefault(label["version"], {})[name] = int(value)
    return now, counts


class PmWriter:
    """One file a period, while it runs. A period of which it did not see the beginning is suspect."""

    def __init__(self, url, period_s, every_s):
        self.url, self.period_s, self.every_s = url, period_s, every_s
        self.dir, self.stop, self.files = tempfile.mkdtemp(prefix="ferry-pm-"), threading.Event(), 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self):
        period, before = None, {}
        while not self.stop.wait(self.every_s):
            now, counts = look(self.url)
            this = int(now // self.period_s)
            if now == 0 or this == period:
                continue
            if period is not None:
                self.write(this * self.period_s, before, counts, this != period + 1)
            period, before = this, counts

    def write(self, end, before, counts, suspect):
        at = datetime.datetime.fromtimestamp(end, datetime.timezone(datetime.timedelta(hours=8))).isoformat()
        lines = [f'<?xml version="1.0" encoding="UTF-8"?>\n<measCollecFile xmlns="{NAMESPACE}"><fileHeader fileFormatVersion="32.435 V10.0">'
                 f'<measCollec beginTime="{at}"/></fileHeader>']
        for version, now in sorted(counts.items()):
            names = sorted(now)
            rise = [str(now[n] if n.endswith("Mean") else now[n] - before.get(version, {}).get(n, 0)) for n in names]
            lines.append(f'<measData><managedElement localDn="AMF=1" swVersion={quoteattr(version)}/><measInfo><granPeriod '
                         f'duration="PT{self.period_s}S" endTime="{at}"/><measTypes>{" ".join(names)}</measTypes>'
                         f'<measValue measObjLdn="AmfFunction=1,Version={version}"><measResults>{" ".join(rise)}</measResults>'
                         f'<suspect>{str(suspect).lower()}</suspect></measValue></measInfo></measData>')
        lines.append(f'<fileFooter><measCollec endTime="{at}"/></fileFooter></measCollecFile>\n')
        name = os.path.join(self.dir, f"A{end}.xml")
        with open(name + ".part", "w", encoding="utf-8") as out:
            out.write("\n".join(lines))
        os.rename(name + ".part", name)
        self.files += 1
