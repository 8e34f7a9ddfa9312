# SPDX-License-Identifier: Apache-2.0
# Mounts that only read, beside the one that writes the same store: -o ro, and a second one that came too late.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-o 2
        done
}

teardown() { scheduled_teardown; }

nightly() { scheduled_policy shop-o "$LATER"; }
# Everything that a write would change, or a file that was read and written again; the log of the one that writes aside.
store_files() { find "$TEST_DIR/state" ! -name 'fleetfs.log*' -printf '%p %s %T@ %C@ %i\n' | sort; }

@test "they read the store once, write nothing to it, and follow what the clusters have; status says what is missing" {
        local before g file
        mount_ready
        nightly >"$F/backups/ends.yaml"
        nightly >"$F/backups/paused.yaml"
        eventually 20 phase_is "$F/backups/ends" Scheduled
        eventually 20 phase_is "$F/backups/paused" Scheduled
        echo pause >"$F/backups/paused/ctl"
        eventually 20 phase_is "$F/backups/paused" Paused
        sleep 1
        before=$(store_files)
        mount_fleet_at asked -o ro
        mount_fleet_at late
        for g in "$TEST_DIR"/{asked,late}/prod; do
                eventually 30 all_ready "$g"
                eventually 20 phase_is "$g/backups/ends" Scheduled
                eventually 20 phase_is "$g/backups/paused" Paused
                assert_equal "$(cat "$F/backups/ends.yaml")" "$(cat "$g/backups/ends.yaml")"
                assert_match 'note: read-only: the store was read at [0-9TZ:-]+; .* mount again to read it anew' \
                        "$(tr -s ' \n' ' ' <"$g/status.txt")"
                [[ $(json "$g/status.json" .readOnlyStore.readAt) == 20* ]] || assert_fail "$g/status.json does not say when"
                assert_fails_with 'Read-only file system' touch "$g/backups/x.yaml"
        done
        assert_equal null "$(json "$F/status.json" .readOnlyStore)"
        assert_equal "$before" "$(store_files)" 'the store'

        nightly >"$F/backups/comes.yaml"
        echo resume >"$F/backups/paused/ctl"
        rm "$F/backups/ends.yaml"
        for g in "$TEST_DIR"/{asked,late}/prod; do
                eventually 20 phase_is "$g/backups/comes" Scheduled
                # Nobody but the other mount was at it.
                eventually 20 phase_is "$g/backups/paused" Scheduled
                eventually 20 grep -q 'FLT-0317' "$g/backups/ends/status.txt"
                # An edit of the other mount is no drift.
                for file in "$g/status.txt" "$g"/backups/{ends,paused,comes}/status.txt; do
                        refute_file_contains "$file" FLT-0312
                done
        done
        # Read anew, all of it is as the store has it.
        umount_fleet asked
        mount_fleet_at asked -o ro
        g=$TEST_DIR/asked/prod
        eventually 30 all_ready "$g"
        refute_exists "$g/backups/ends" "$g/backups/ends.yaml"
        eventually 20 phase_is "$g/backups/paused" Scheduled
}

# values_and_keys DIR PAGE: every file without an extension is beside a status.json that has its key and says the same; the
# keys that are not the file's name in camelCase are those that the manual page names.
values_and_keys()
{
        python3 - "$1" "$2" <<'EOF'
import json, os, re, stat, sys

page = open(sys.argv[2]).read()
page = page[page.index("in camelCase, but for"):page.index(".Dq (stale)")]
other = dict(re.findall(r"\.Pa (\S+)\n\.Pq Li (\S+)", page))
none = re.findall(r"\.Pa (\S+)\nhas no key", page)
bad = looked = 0
for folder, _, files in os.walk(sys.argv[1]):
    if "status.json" not in files:
        continue
    doc = json.load(open(folder + "/status.json"))
    for name in files:
        path = folder + "/" + name
        if "." in name or name in none or name == "ctl" or os.path.islink(path):
            continue
        key = re.sub(r"_(.)", lambda m: m.group(1).upper(), name)
        if other.get(name) in doc:
            key = other[name]
        if key not in doc:
            print(f"{path}: status.json has no {key}", file=sys.stderr)
            bad += 1
            continue
        v = doc[key]
        text = "" if v is None else str(int(v)) if isinstance(v, bool) else str(v)
        told = open(path).read()
        if " ".join(told.split()) != " ".join(text.split()):
            print(f"{path} says {told!r}, status.json {text!r}", file=sys.stderr)
            bad += 1
        looked += 1
if looked < 200:
    print(f"only {looked} files were compared", file=sys.stderr)
    bad += 1
sys.exit(bad != 0)
EOF
}

@test "each value of the tree is in status.json, by the key that the manual page names" {
        mount_ready
        nightly >"$F/backups/valued.yaml"
        cp "$F/templates/backup-cluster.yaml" "$F/backups/once.yaml"
        eventually 20 phase_is "$F/backups/valued" Scheduled
        assert_equal Completed "$(end_of "$F/backups/once")"
        umount_fleet
        # It stands still.
        mount_fleet -o ro
        eventually 30 all_ready "$F"
        eventually 20 values_and_keys "$MNT" "$BATS_TEST_DIRNAME/../../docs/fleetfs-tree.7"
}
