#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/northbound.md from another user account, with curl and xmllint only: submit, follow, approve, roll back, audit.

    tests/northbound/outsider.py [--build build/dev]

The commands of the page's section "With curl and xmllint" are run as they stand there, under the user nobody where that can be.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

from kit import ORDER, ROOT, People, Server, World


def commands():
    """The indented lines of the section, as one script."""
    with open(os.path.join(ROOT, "docs/northbound.md"), encoding="utf-8") as source:
        section = source.read().split("## With curl and xmllint")[1].split("\n## ")[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build/dev"))
    people = People()
    people.add("oss", ["operator"], ["core-east"])
    people.add("ben", ["approver"], ["core-east"])
    people.add("rita", ["auditor"], ["core-east"])
    home = tempfile.mkdtemp(prefix="ferry-outsider-")
    build = os.path.abspath(parser.parse_args().build)
    try:
        with World(build) as world, Server(build, world, people) as server:
            server.start()
            shutil.copy(server.authority.certificate, os.path.join(home, "ca.pem"))
            shutil.copy(ORDER, os.path.join(home, "order.xml"))
            for name, token in people.tokens.items():
                with open(os.path.join(home, name + ".header"), "w", encoding="ascii") as out:
                    out.write(f"Authorization: Bearer {token}\n")
            script = re.sub(r"https://ferry\.example:8443", f"https://127.0.0.1:{server.port}", commands())
            user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
            if user:
                for name in os.listdir(home):
                    shutil.chown(os.path.join(home, name), "nobody", "nogroup")
                shutil.chown(home, "nobody", "nogroup")
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=home, capture_output=True, text=True, timeout=200,
                                  env={"PATH": "/usr/bin:/bin", "HOME": home}, check=False, **user)
            print(done.stdout)
            print(done.stderr, file=sys.stderr)
            answers = os.path.join(home, "run.xml")
            schema = os.path.join(ROOT, "engine/api/ferry-api-1.xsd")
            valid = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, answers], capture_output=True, text=True, check=False)
            print(f"outsider: exit {done.returncode}, answers against the schema: exit {valid.returncode} {valid.stderr.strip()}")
            good = done.returncode == 0 and valid.returncode == 0 and "ROLLED_BACK" in done.stdout and '"hash"' in done.stdout
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
