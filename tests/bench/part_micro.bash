# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Without a mount: bytes to records, the model to status files. Sourced by run.

part_micro()
{
        local out=$WORK/micro dir=$WORK/micro-sim url k
        sim_up "$dir" --clusters 1 --backups-per-cluster 1
        if sim_ready "$dir" && url=$(url_of "$dir" eu-1) &&
                api "$dir" "$url$VELERO/backups/seed-00001" -o "$WORK/backup.json" &&
                "$BENCH/bench-parse" "$WORK/backup.json" 9 >"$out"; then
                row 'Backup JSON to record, against a jansson tree' "$(value ours_ns "$out")" "$(value peer_ns "$out")" ns 0.0333 \
                        "$(value ours_mbs "$out") against $(value peer_mbs "$out") MB/s, $(value bytes "$out") bytes; goal 30x" \
                        'a small object, 1/20 of the instructions: a fifth is skipping managedFields, a third is keys and strings'
        else
                failed 'Backup JSON to record' 'bench-parse'
        fi
        sim_down "$dir"
        if "$BENCH/bench-render" 1000 40 >"$out"; then
                row 'fleet status.txt, 1,000 clusters, against jansson printing the JSON' "$(value fleet_text_us "$out")" "$(value peer_fleet_us "$out")" us 1 \
                        "$(value fleet_text_bytes "$out") bytes"
                row 'fleet status.json, the same' "$(value fleet_json_us "$out")" "$(value peer_fleet_us "$out")" us 1 \
                        "$(value fleet_json_bytes "$out") bytes"
                row 'policy status.txt, run on 1,000 clusters, the same' "$(value object_text_us "$out")" "$(value peer_object_us "$out")" us 1 \
                        "$(value object_text_bytes "$out") bytes"
                row 'policy status.json, the same' "$(value object_json_us "$out")" "$(value peer_object_us "$out")" us 1 \
                        "$(value object_json_bytes "$out") bytes"
                for k in text:status.txt json:status.json kurator:kurator.yaml; do
                        row "policy ${k#*:}, a schedule with 30 runs on 1,000 clusters, against 5 ms" \
                                "$(value "schedule_${k%:*}_us" "$out")" 5000 us 1 "$(value "schedule_${k%:*}_bytes" "$out") bytes" \
                                'a document of so many bytes: a copy of each cluster, and for kurator.yaml a tree of jansson'
                done
        else
                failed 'render of status files' 'bench-render'
        fi
}
