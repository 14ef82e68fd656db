#!/usr/bin/env bash
# The tree stays habitable: licence lines, file sizes, no binaries, no generated files. Prints each offence.
set -euo pipefail
cd "$(dirname "$0")/.."

offences=0
offend() { echo "$1"; offences=$((offences + 1)); }

while read -r file; do
    grep -q 'SPDX-License-Identifier: Apache-2.0' "$file" || offend "$file has no licence line"
done < <(git ls-files '*.c' '*.h')

while read -r lines file; do
    [ "$file" = total ] || [ "$lines" -le 600 ] || offend "$file has $lines lines; over 600 it wants to be two files"
done < <(git ls-files -z '*.c' '*.h' '*.lua' | xargs -0 wc -l)

while read -r file; do
    [ ! -s "$file" ] || grep -qI . "$file" || offend "$file is binary"
done < <(git ls-files | grep -v '/corpus/')

[ "$offences" -eq 0 ] || { echo "$offences offences against the tree rule"; exit 1; }
echo "tree rule: ok"
