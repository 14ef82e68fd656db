#!/usr/bin/env bash
# The unit tests under valgrind: leaks, reads of what was never written. tests/valgrind.sh BUILD_DIR JOBS
# Left out are those that measure instructions, play whole upgrades, limit descriptors or make a seccomp filter (asan sees them), and those on a PostgreSQL.
set -uo pipefail
build=$1 jobs=$2
left_out='simulator_.*|plan_walk|judge$|run_crash|run_trial|run_rollback|run_parked|run_states|run_observed|run_restart|workflow_issu|rehearse|journal_crash|replay|sandbox|remote|host$|base_child|api$|local$|contract|profile|pmfiles|postgresql|pg_rights'

one() { # prints only what is wrong
    local out
    out=$(cd "$(dirname "$1")" && valgrind -q --leak-check=full --show-leak-kinds=definite,indirect \
        --errors-for-leak-kinds=definite,indirect --error-exitcode=9 --child-silent-after-fork=yes "$1" 2>&1) && echo "ok $1" && return
    printf 'FAILED %s\n%s\n' "$1" "$(tail -n 40 <<<"$out")"
}
export -f one

results=$(find "$build/tests/unit" "$build/tests/workflows" -type f -name 'test_*' -perm -u+x | grep -vE "test_.*($left_out)" |
    xargs -P "$jobs" -I{} bash -c 'one {}')
grep -v '^ok ' <<<"$results"
failed=$(grep -c '^FAILED ' <<<"$results")
echo "$(grep -c '^ok ' <<<"$results") passed, $failed failed"
[ "$failed" -eq 0 ]
