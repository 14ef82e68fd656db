#!/usr/bin/env bash
# Folders may only look where the architecture allows (docs/architecture.md, "The tree"). Prints each offence.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A allowed=(
    [base]=""
    [order]="base" [store]="base" [script]="base" [adapter]="base ferry" [judge]="base" [fleet]="base"
    [plan]="base order"
    [journal]="base store"
    [run]="base order plan journal script adapter judge"
    [notify]="base journal"
    [api]="base order plan journal run"
    [rehearse]="base order plan store journal script adapter judge run ferry sim" # and the simulator's linked.h
    [daemon]="base order plan store fleet journal script adapter judge run notify api"
    [cli]="base journal judge" # journal: an exported file is verified without any engine; judge: what could be seen
    [host]="base order script adapter ferry"
)

offences=0
offend() { echo "$1"; offences=$((offences + 1)); }

while IFS=: read -r file _ line; do
    module=${file#engine/}; module=${module%%/*}
    used=$(sed -E 's/.*"([a-z_]+)\/.*/\1/' <<<"$line")
    [ "$used" = "$module" ] || [[ " ${allowed[$module]-} " == *" $used "* ]] ||
        offend "$file includes $used/, which engine/$module may not see"
done < <(grep -nE '^#include "[a-z_]+/' -r engine --include='*.[ch]' | grep -v '^engine/include/')

while IFS=: read -r file _ line; do
    [[ "$line" == *'"ferry/adapter.h"'* ]] || [ -e "plugins/$(sed -E 's/^plugins\/([a-z_]+)\/.*/\1/' <<<"$file")/$(sed -E 's/.*"(.*)".*/\1/' <<<"$line")" ] ||
        offend "$file includes $(sed -E 's/.*"(.*)".*/\1/' <<<"$line"); a plugin sees ferry/adapter.h and its own folder only"
done < <(grep -nE '^#include "' -r plugins --include='*.[ch]')

[ "$offences" -eq 0 ] || { echo "$offences offences against the include rule"; exit 1; }
echo "include rule: ok"
