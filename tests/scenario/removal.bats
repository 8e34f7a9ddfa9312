# SPDX-License-Identifier: Apache-2.0
# What a removal takes away and what it leaves; and that whatever deletes a tree, deletes nothing.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-r 2
        done
}

setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        mount_ready
        B=$F/backups
}

teardown() { scheduled_teardown; }

# scheduled [CRON], once: print a policy.
scheduled() { scheduled_policy shop-r "${1:-$LATER}" '# by hand'; }
once() { scheduled | sed /schedule:/d; }
uid() { schedule_field "$1" "$2" .metadata.uid; }

# stored CLUSTER BACKUP: its bytes are in the bucket.
stored()
{
        if [[ $ENGINE == real ]]; then
                compgen -G "$ENGINE_DIR/engine/buckets/*/$1/backups/$2/velero-backup.json" >/dev/null ||
                        find "$ENGINE_DIR/engine/buckets" -path "*/backups/$2/velero-backup.json" -size +0 | grep -q .
        else
                sim_ctl all bucket | jq -e --arg n "$2" 'any(.. | objects; (.backups? // []) | index($n))' >/dev/null
        fi
}
# all_stored NAME: on each cluster the policy has a Backup, and its bytes.
all_stored()
{
        local c name n=0
        for c in eu-1 us-1 ap-1; do
                for name in $(list_objects "$c" backups "fleetfs.dev/name=$1" | jq -r '.items[].metadata.name'); do
                        stored "$c" "$name" || assert_fail "$name of $c has no bytes in the storage" || return 1
                        n=$((n + 1))
                done
        done
        (( n >= 3 )) || assert_fail "$1 has $n backups"
}

# ---------------------------------------------------------------- rm

@test "rm of a schedule: gone everywhere after the grace, later where a cluster is away; backups, bytes and folder stay" {
        scheduled >"$B/gone.yaml"
        posted gone
        echo run >"$B/gone/ctl"
        eventually 60 phase_is "$B/gone/runs/latest" Completed
        cp "$B/gone.yaml" "$TEST_DIR/gone.yaml"
        local run
        run=$(run_ids "$B/gone")
        cluster_stop us-1
        rm "$B/gone.yaml"
        # Within the grace nothing is taken away.
        on_some() { schedules_are eu-1 gone "$1" && schedules_are ap-1 gone "$1"; }
        on_some 1
        eventually 20 on_some 0
        refute_exists "$B/gone.yaml"
        assert_match 'us-1' "$(unwrapped "$B/gone/status.txt")" 'what is owed is told'
        cluster_start us-1
        eventually 60 schedules_are us-1 gone 0
        all_stored gone
        assert_equal "$run" "$(run_ids "$B/gone")" 'its runs'
        eventually 20 phase_is "$B/gone" Completed
        umount_fleet
        mount_ready
        assert_equal "$run" "$(run_ids "$B/gone")" 'its runs after a restart'
        # The folder goes with the last backup.
        all_gone() { refute_exists "$B/gone" && all_print 0 count_of backups gone; }
        eventually 30 bash -c 'echo "delete $2" >"$1/ctl"' _ "$B/gone" "$run"
        eventually 90 all_gone
        on_all schedules_are gone 0
        # … and the bytes of the policy still are where it was said.
        assert_equal "$(cat "$TEST_DIR/gone.yaml")" "$(cat "$F/.trash/gone.yaml")"
}

@test ".trash: not listed, reachable by name, the newest under its own one, kept over a restart, copied back" {
        scheduled >"$TEST_DIR/first"
        scheduled '1 1 1 1 *' >"$TEST_DIR/second"
        cp "$TEST_DIR/first" "$B/back.yaml"
        ls -A "$F" >"$TEST_DIR/listed"
        assert_file_contains "$TEST_DIR/listed" status.txt
        refute grep -x .trash "$TEST_DIR/listed"
        assert_equal '' "$(ls -A "$F/.trash")" 'before anything was removed'
        posted back
        rm "$B/back.yaml"
        assert_exists "$F/.trash/back.yaml"
        sleep 4
        cp "$TEST_DIR/second" "$B/back.yaml"
        rm "$B/back.yaml"
        assert_equal "$(cat "$TEST_DIR/second")" "$(cat "$F/.trash/back.yaml")"
        sleep 4
        assert_equal 2 "$(ls "$F/.trash" | wc -l)"
        assert_equal "$(cat "$TEST_DIR/first")" "$(cat "$F"/.trash/back.yaml.2*Z)"
        assert_match '^back.yaml.[0-9]{8}-[0-9]{6}Z$' "$(ls "$F/.trash" | tail -1)"
        # What is there is there to be read.
        assert_fails_with 'Operation not permitted' rm "$F/.trash/back.yaml"
        refute cp "$TEST_DIR/first" "$F/.trash/new.yaml"
        refute mkdir "$F/.trash/new"
        sleep 5.5
        umount_fleet
        mount_fleet
        assert_equal 2 "$(ls "$F/.trash" | wc -l)"
        cp "$F/.trash/back.yaml" "$B/"
        posted back
        assert_equal "$(cat "$TEST_DIR/second")" "$(cat "$B/back/applied.yaml")"
        # A deletion of the whole fleet does not come by it.
        find "$F" >"$TEST_DIR/found"
        assert_file_contains "$TEST_DIR/found" "$B/back.yaml"
        refute_file_contains "$TEST_DIR/found" /.trash
}

@test ".trash: copied back right after the rm, which is then none" {
        scheduled >"$B/shop.yaml"
        posted shop
        rm "$B/shop.yaml"
        cp "$F/.trash/shop.yaml" "$B/"
        sleep 4
        assert_exists "$B/shop.yaml"
        on_all schedules_are shop 1
}

@test "rm of what never backed up leaves no folder; rm of a draft nothing in force" {
        scheduled >"$B/brief.yaml"
        posted brief
        rm "$B/brief.yaml"
        eventually 20 refute_exists "$B/brief"
        on_all schedules_are brief 0
        scheduled >"$B/firm.yaml"
        posted firm
        local was
        was=$(uid eu-1 firm)
        refute cp <(scheduled | sed s/24h/soon/) "$B/firm.yaml"
        rm "$B/firm.yaml"
        assert_equal "$(scheduled)" "$(cat "$B/firm.yaml")" 'the file shows what is in force'
        sleep 4
        assert_equal "$was" "$(uid eu-1 firm)"
}

@test "rm and cp, mv away and back, an editor's swap: within the grace the Schedule is the same one" {
        local uids n=0 way
        scheduled >"$B/edit.yaml"
        posted edit
        uids=$(on_all uid edit)
        for way in rm_cp mv_back swap mv_over unlink_rename; do
                n=$((n + 1))
                scheduled "$n $n 1 $n *" >"$TEST_DIR/next"
                case $way in
                rm_cp) rm "$B/edit.yaml"; sleep 1; cp "$TEST_DIR/next" "$B/edit.yaml" ;;
                mv_back) mv "$B/edit.yaml" "$B/edit.off"; cp "$TEST_DIR/next" "$B/edit.off"; mv "$B/edit.off" "$B/edit.yaml" ;;
                swap) mv "$B/edit.yaml" "$B/edit.yaml~"; cp "$TEST_DIR/next" "$B/edit.yaml"; rm "$B/edit.yaml~" ;;
                mv_over) cp "$TEST_DIR/next" "$B/.edit.tmp"; mv "$B/.edit.tmp" "$B/edit.yaml" ;;
                unlink_rename) cp "$TEST_DIR/next" "$B/new"; rm "$B/edit.yaml"; mv "$B/new" "$B/edit.yaml" ;;
                esac
                eventually_equal 20 "$n $n 1 $n *" schedule_field us-1 edit .spec.schedule || assert_fail "$way" || return 1
        done
        sleep 4
        assert_equal "$uids" "$(on_all uid edit)" 'the Schedules'
        # Away and back without a change: nothing is sent at all.
        local version
        version=$(schedule_field us-1 edit .metadata.resourceVersion)
        mv "$B/edit.yaml" "$B/edit.off"
        sleep 4
        mv "$B/edit.off" "$B/edit.yaml"
        sleep 4
        assert_equal "$version" "$(schedule_field us-1 edit .metadata.resourceVersion)"
        assert_equal "$uids" "$(on_all uid edit)" 'the Schedules'
}

# ---------------------------------------------------------------- trees that are deleted

# Three trees, each the mount of a store and a cluster of its own: deletions in all of them are waited for together.

# tree CLUSTER: what follows is about that one: $T its cluster, and $MNT, $F and $B.
tree()
{
        T=$1
        MNT=$TEST_DIR/$1
        F=$MNT/prod
        B=$F/backups
}

# with_everything: in each tree two schedules, one that ran, a one-off, a restore of it, a draft and a migration's folder.
# Their names are this test's own: $A scheduled, $Z scheduled and run, $O once, $D refused. Ends in the tree of eu-1.
with_everything()
{
        local c
        A=alpha-$BATS_TEST_NUMBER Z=zulu-$BATS_TEST_NUMBER O=once-$BATS_TEST_NUMBER D=draft-$BATS_TEST_NUMBER
        umount_fleet
        for c in eu-1 us-1 ap-1; do
                tree "$c"
                fleet_of "$c" >"$TEST_DIR/$c.yaml"
                FLEET_FILE=$TEST_DIR/$c.yaml mount_fleet_at "$c" --state-dir "$TEST_DIR/state-$c"
                eventually 30 all_ready
                scheduled >"$B/$A.yaml"
                scheduled '5 5 5 5 *' >"$B/$Z.yaml"
                once >"$B/$O.yaml"
        done
        posted "$Z"
        for c in eu-1 us-1 ap-1; do
                tree "$c"
                echo run >"$B/$Z/ctl"
        done
        posted "$A"
        for c in eu-1 us-1 ap-1; do
                tree "$c"
                completed "$B/$O"
                eventually 60 phase_is "$B/$Z/runs/latest" Completed
                cp <(printf 'backupName: %s\n' "$O") "$F/restores/$O.yaml"
                refute cp <(scheduled | sed s/24h/soon/) "$B/$D.yaml"
                mkdir "$F/migrations/move"
                ln -s "../../clusters/$c" "$F/migrations/move/source"
        done
        for c in ap-1 us-1 eu-1; do
                tree "$c"
                completed "$F/restores/$O"
                eventually 20 phase_is "$B/$A" Scheduled
                eventually 20 phase_is "$B/$Z" Protected
                everything >"$TEST_DIR/everything-$c"
        done
}

# everything: prints all that no deletion may change: the user's files and their bytes, what is in force, the runs, and
# each Schedule, Backup and Restore of the cluster with its uid.
everything()
{
        local p files=("$B/$D.yaml")
        (cd "$F" && find backups restores migrations -mindepth 1 -maxdepth 1 ! -name '*.error.txt' | sort) || return 1
        ls "$F/migrations/move" "$F/migrations/move/targets" || return 1
        for p in "$A" "$Z" "$O"; do
                files+=("$B/$p.yaml" "$B/$p/applied.yaml")
                run_ids "$B/$p"
        done
        sha256sum "${files[@]}" || return 1
        cat "$B"/{"$A","$Z","$O"}/phase "$F/restores/$O/phase" || return 1
        for p in schedules backups restores deletebackuprequests; do
                list_objects "$T" "$p" || return 1
        done >"$TEST_DIR/objects-$T"
        jq -r '.items[] | "\(.kind) \(.metadata.name) \(.metadata.uid)"' "$TEST_DIR/objects-$T" | sort
}
# undone: how many deletions of the tree were taken back so far.
undone() { grep -c '"RemovalUndone"' "$MNT/events.jsonl" || true; }

# delete COMMAND...: it deletes as much of the tree as it can; what came of it harmless tells, once for all trees. What it
# printed is in $TEST_DIR/output-CLUSTER. May run in the background.
delete()
{
        local status=0
        wc -l <"$MNT/events.jsonl" >"$TEST_DIR/from-$T"
        "$@" >"$TEST_DIR/output-$T" 2>&1 || status=$?
        printf '%s %s\n' "$status" "$*" >"$TEST_DIR/deletion-$T"
}

# harmless: nothing is gone when all graces are over. What was deleted and came back is told beside it, and whoever asked
# learns that it was not done.
harmless()
{
        local file status deletion name was=$T
        sleep 6.5
        assert_exists "$TEST_DIR"/deletion-* || return 1
        for file in "$TEST_DIR"/deletion-*; do
                tree "${file##*/deletion-}"
                read -r status deletion <"$file"
                tail -n "+$(($(cat "$TEST_DIR/from-$T") + 1))" "$MNT/events.jsonl" >"$TEST_DIR/events-$T"
                for name in $(jq -r 'select(.type == "RemovalUndone" and .kind == "backup") | .name' "$TEST_DIR/events-$T"); do
                        assert_file_contains "$B/$name.error.txt" FLT-0253 || return 1
                done
                assert_equal "$(cat "$TEST_DIR/everything-$T")" "$(everything)" \
                        "after: $deletion ($(tail -n 3 "$TEST_DIR/output-$T"))" || return 1
                [[ $status -ne 0 ]] || assert_fail "succeeds, as if all were deleted: $deletion" || return 1
                rm "$file"
        done
        tree "$was"
}

@test "rm -rf, globs, find -delete, rsync --delete and rmtree take nothing away; rm of one file still does" {
        with_everything
        mkdir "$TEST_DIR/empty"
        tree us-1
        delete rm -rf "$B"
        tree ap-1
        delete bash -c 'rm -rf "$1"/*' _ "$MNT"
        tree eu-1
        delete bash -c 'cd "$1" && rm -rf ./* .[!.]*' _ "$B"
        harmless
        tree us-1
        delete find "$MNT" -delete
        tree ap-1
        delete find "$B" -mindepth 1 -delete
        tree eu-1
        delete busybox rm -rf "$F"
        harmless
        tree us-1
        delete rsync -a --delete "$TEST_DIR/empty/" "$B/"
        tree ap-1
        delete rsync -a --delete "$TEST_DIR/empty/" "$F/"
        tree eu-1
        delete python3 -c 'import shutil, sys; shutil.rmtree(sys.argv[1])' "$B"
        harmless
        delete python3 -c 'import shutil, sys; shutil.rmtree(sys.argv[1], onerror=lambda *a: None); sys.exit(1)' "$F"
        harmless
        # It was never about single files: five seconds after the last of them.
        rm "$B/$Z.yaml"
        eventually 20 schedules_are eu-1 "$Z" 0
        refute_exists "$B/$Z.yaml"
        assert_exists "$B/$Z/runs/latest" "$F/.trash/$Z.yaml"
        schedules_are eu-1 "$A" 1
}

@test "whoever deletes the policies first, and the rest after them, gets them back and is told" {
        with_everything
        # As a file manager whose order is by kind: files first, the user's own before all others.
        cat >"$TEST_DIR/worst.py" <<'PY'
import os, sys
failed = 0
for top, folders, files in os.walk(sys.argv[1], topdown=False):
    for name in sorted(files, key=lambda n: (not n.endswith(".yaml"), n)) + folders:
        path = os.path.join(top, name)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)
        except OSError:
            failed = 1
sys.exit(failed)
PY
        local before
        tree us-1
        delete python3 "$TEST_DIR/worst.py" "$B"
        # The user's files alone, and one synthesized file after them.
        tree eu-1
        before=$(undone)
        delete rm "$B/$A.yaml" "$B/$Z.yaml" "$B/$O.yaml" "$B/$D.yaml" "$B/README.txt"
        harmless
        assert_equal $((before + 4)) "$(undone)" 'undone'
        assert_file_contains "$B/$A.error.txt" FLT-0253
        assert_match 'FLT-0253' "$(getfattr --only-values -n user.fleetfs.error "$B/$A" 2>/dev/null)"
        # What is told goes when it is removed, and takes nothing with it.
        rm "$B/$A.error.txt"
        refute_exists "$B/$A.error.txt"
        assert_exists "$B/$A.yaml"
}

@test "GIO: trash is refused, remove is rm, copy and a save as editors do it are writes" {
        command -v gio >/dev/null || skip 'no gio'
        local was
        with_everything
        was=$(uid eu-1 "$A")
        tree us-1
        delete gio trash "$B/$A.yaml"
        tree ap-1
        delete gio trash "$B"
        tree eu-1
        delete gio remove "$B"
        harmless
        delete gio remove "$B/$A"
        harmless
        assert_match "standard::size: $(stat -c %s "$B/$A.yaml")" "$(gio info "$B/$A.yaml")"
        assert_match 'access::can-delete: TRUE' "$(gio info "$B/$A.yaml")"
        # An editor's save: g_file_replace, with and without a backup file.
        scheduled '6 6 6 6 *' | gio save "$B/$A.yaml"
        eventually_equal 20 '6 6 6 6 *' schedule_field eu-1 "$A" .spec.schedule
        scheduled '7 7 7 7 *' | gio save -b "$B/$A.yaml"
        eventually_equal 20 '7 7 7 7 *' schedule_field eu-1 "$A" .spec.schedule
        refute bash -c 'printf "spec: {schedule: no}\n" | gio save "$1"' _ "$B/$A.yaml"
        assert_exists "$B/$A.error.txt"
        sleep 4
        assert_equal '7 7 7 7 *' "$(schedule_field eu-1 "$A" .spec.schedule)"
        assert_equal "$was" "$(uid eu-1 "$A")" 'the Schedule'
        scheduled >"$TEST_DIR/copied.yaml"
        gio copy "$TEST_DIR/copied.yaml" "$B/"
        eventually 20 schedules_are eu-1 copied 1
        gio remove "$B/copied.yaml"
        eventually 20 schedules_are eu-1 copied 0
        on_all schedules_are "$A" 1
}

@test "a file manager deletes the folder and skips what it cannot: Midnight Commander, by its keys" {
        command -v mc >/dev/null || skip 'no mc'
        cat >"$TEST_DIR/keys.py" <<'PY'
import fcntl, os, pty, select, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.environ["TERM"] = "xterm"
    os.execvp("mc", ["mc", "-b", "-u", "-d", ".", "."])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
def drain(quiet):
    while select.select([fd], [], [], quiet)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:
            return
        if not more:
            return
        sys.stdout.buffer.write(more)
drain(1.5)
for key in sys.argv[2:]:
    os.write(fd, key.encode().decode("unicode_escape").encode())
    drain(1.5)
os.close(fd)
os.waitpid(pid, 0)
sys.exit(1)
PY
        with_everything
        mkdir "$TEST_DIR/home/other"
        # Find "backups", F8, yes, recursively, skip all that fails.
        tree us-1
        HOME=$TEST_DIR/home/other delete python3 "$TEST_DIR/keys.py" "$F" '\x13backups' '\x1b8' '\r' '\r' '\t\r' '\r' 3>&- &
        # All that there is: select all, F8.
        tree eu-1
        HOME=$TEST_DIR/home delete python3 "$TEST_DIR/keys.py" "$B" '\x1b[B' '*' '\x1b8' '\r' '\r' '\t\r' '\t\r' '\r'
        wait $!
        assert_file_contains "$TEST_DIR/output-us-1" 'not permitted'
        assert_file_contains "$TEST_DIR/output-eu-1" 'not permitted'
        harmless
        # One policy, by its name: that is meant.
        HOME=$TEST_DIR/home python3 "$TEST_DIR/keys.py" "$B" "\\x13$A.y" '\x1b8' '\r' >/dev/null || true
        refute_exists "$B/$A.yaml"
        eventually 20 schedules_are eu-1 "$A" 0
        on_all schedules_are "$Z" 1
}
