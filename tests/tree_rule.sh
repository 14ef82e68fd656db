#!/usr/bin/env bash
# The tree stays habitable: licence lines, file sizes, no binaries, no test that nobody builds. Prints each offence.
set -euo pipefail
cd "$(dirname "$0")/.."

# Every file of the tree whose name fits one of the patterns; a checkout without git has no other list.
files() {
    local names=() pattern
    for pattern in "$@"; do names+=(-o -name "$pattern"); done
    find . \( -name .git -o -name node_modules -o -name __pycache__ -o -path ./build -o -path ./quickstart.d \) -prune -o \
        -type f \( "${names[@]:1}" \) -print
}

offences=0
offend() { echo "$1"; offences=$((offences + 1)); }

while read -r file; do
    grep -q 'SPDX-License-Identifier: Apache-2.0' "$file" || offend "$file has no licence line"
done < <(files '*.[ch]')

while read -r lines file; do
    [ "$file" = total ] || [ "$lines" -le 600 ] || offend "$file has $lines lines; over 600 it wants to be two files"
done < <(files '*.[ch]' '*.lua' | xargs wc -l)

while read -r file; do
    [ ! -s "$file" ] || grep -qI . "$file" || offend "$file is binary"
done < <(files '*' | grep -v '/corpus/')

while read -r file; do
    name=$(basename "$file" .c)
    grep -qwE "$name.c|${name#test_}" "$(dirname "$file")/CMakeLists.txt" || offend "$file is built by nobody: a test that cannot fail"
done < <(files 'test_*.c' | grep '^./tests/')

[ "$offences" -eq 0 ] || { echo "$offences offences against the tree rule"; exit 1; }
echo "tree rule: ok"
