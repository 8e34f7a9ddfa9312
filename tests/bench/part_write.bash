# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# cp of a policy until it is Accepted. Sourced by run.

part_write()
{
        local dir=$WORK/write-sim out=$WORK/copies
        sim_up "$dir" --clusters 3
        if sim_ready "$dir" && mount_fleet write "$dir/fleet.yaml" 3 && policy shop >"$WORK/policy.yaml" && mkdir -p "$WORK/peer" &&
                "$BENCH/bench-copies" "$WORK/policy.yaml" "$F/backups" "$WORK/peer" 40 >"$out"; then
                row 'cp of a policy until Accepted, against cp and fsync' "$(value ours_us "$out")" "$(value peer_us "$out")" us 2 \
                        "on $(stat -f -c %T "$WORK"); file and folder synced on both sides" \
                        'a policy and its object are two durable writes'
        else
                failed 'cp of a policy until Accepted' "see $out"
        fi
        unmount_fleet write
        sim_down "$dir"
}
