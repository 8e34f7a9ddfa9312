# SPDX-License-Identifier: Apache-2.0
# What everyday tools do to files below acting names, on a real mount: how often a policy runs, what is
# refused and where the reason stands, and what a removal takes away.

load ../support/scenario

# Most of it is about this machine alone: no cluster answers, so what starts stays owed, and no test sees
# what another one made.
setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        fleet_offline
        mount_fleet
        B=$F/backups
        P=$TEST_DIR/policy.yaml
        BAD=$TEST_DIR/bad.yaml
        policy 24h >"$P"
        policy 24h | sed 's/ttl: 24h/ttl: soon/' >"$BAD"
}

# with_clusters: mounts the real fleet instead. Objects in it stay for the tests that come after.
with_clusters()
{
        umount_fleet
        FLEET_FILE=$ENGINE_DIR/fleet.yaml mount_ready
}

# policy TTL: prints a policy that any cluster can take.
policy()
{
        printf 'kind: Backup\napiVersion: backup.kurator.dev/v1alpha1\nmetadata: {name: p}\nspec:\n'
        printf '  policy:\n    ttl: %s # kept as it is\n    resourceFilter: {includedNamespaces: [default]}\n' "$1"
}

runs_are() { assert_equal "$2" "$(runs_started "$1")" "runs of $1"; }
# A start follows RELEASE, which nobody waits for.
comes_to_runs() { eventually 5 runs_are "$1" "$2"; }
# stays_at_runs NAME N: nothing more is started.
stays_at_runs() { sleep 0.5; runs_are "$1" "$2"; }

in_force() { assert_equal "$(cat "$2")" "$(cat "$B/$1/applied.yaml")" "what is in force of $1"; }

# with_policy NAME: one that ran once, a second ago: run ids are seconds.
with_policy()
{
        cp "$P" "$B/$1.yaml"
        comes_to_runs "$1" 1
}

@test "cp: the folder is there at once, and the bytes are the user's" {
        cp "$P" "$B/a.yaml"
        assert_match '^[A-Z]' "$(cat "$B/a/phase")" 'phase right after cp'
        comes_to_runs a 1
        assert_equal "$(sha256sum <"$P")" "$(sha256sum <"$B/a.yaml")" 'the bytes'
        assert_equal "$(stat -c %s "$P")" "$(stat -c %s "$B/a.yaml")" 'the size'
        in_force a "$P"
        # The second deploy must back up, too.
        cp "$P" "$B/a.yaml"
        comes_to_runs a 2
}

@test "cp of a bad policy fails loudly, stays as a draft and is corrected in place" {
        assert_fails_with 'Invalid argument' cp "$BAD" "$B/a.yaml"
        assert_exists "$B/a.yaml" "$B/a.error.txt"
        assert_equal "$(cat "$BAD")" "$(cat "$B/a.yaml")" 'the draft'
        assert_match 'FLT-[0-9]{4}' "$(cat "$B/a.error.txt")"
        assert_match '[0-9]+:[0-9]+' "$(cat "$B/a.error.txt")" 'line and column'
        refute_exists "$B/a/runs/latest"
        cp "$P" "$B/a.yaml"
        comes_to_runs a 1
        refute_exists "$B/a.error.txt"
}

@test "a refused write changes nothing in force; the error file discards it" {
        with_policy a
        assert_fails_with 'Invalid argument' cp "$BAD" "$B/a.yaml"
        in_force a "$P"
        assert_exists "$B/a.error.txt"
        rm "$B/a.error.txt"
        assert_equal "$(cat "$P")" "$(cat "$B/a.yaml")" 'the file shows what is in force again'
        stays_at_runs a 1
}

@test "mv, install, cp -b, tar, rsync and git leave one run for each write" {
        local q=$TEST_DIR/q.yaml
        policy 48h >"$q"

        for name in mv install cpb tar; do
                with_policy "$name"
        done
        cp "$q" "$TEST_DIR/x"
        mv "$TEST_DIR/x" "$B/mv.yaml"
        install -m 600 "$q" "$B/install.yaml"
        cp -b "$q" "$B/cpb.yaml"
        mkdir "$TEST_DIR/t"
        cp "$q" "$TEST_DIR/t/tar.yaml"
        tar -C "$TEST_DIR/t" -c tar.yaml | tar -C "$B" -x --no-same-owner
        for name in mv install cpb tar; do
                comes_to_runs "$name" 2
                in_force "$name" "$q"
        done
        if command -v rsync >/dev/null; then
                with_policy rsync
                sleep 1.1
                cp "$q" "$TEST_DIR/rsync.yaml"
                rsync -a "$TEST_DIR/rsync.yaml" "$B/"
                comes_to_runs rsync 2
                in_force rsync "$q"
                # The nightly one changes nothing: times are kept.
                rsync -a "$TEST_DIR/rsync.yaml" "$B/"
                stays_at_runs rsync 2
        fi
        if command -v git >/dev/null; then
                with_policy git
                git init -q "$TEST_DIR/repo"
                cp "$P" "$TEST_DIR/repo/git.yaml"
                git -C "$TEST_DIR/repo" --work-tree="$B" add git.yaml
                git -C "$TEST_DIR/repo" --work-tree="$B" -c user.name=a -c user.email=a@b commit -qm one
                rm "$B/git.yaml"
                git -C "$TEST_DIR/repo" --work-tree="$B" checkout -q -- git.yaml
                comes_to_runs git 2
        fi
        # A backup made by `cp -b` is inert.
        assert_exists "$B/cpb.yaml~"
        refute_exists "$B/cpb.yaml~.error.txt"
}

@test "sed -i: one update; a breaking one leaves the original" {
        with_policy a
        sed -i 's/24h/72h/' "$B/a.yaml"
        comes_to_runs a 2
        assert_file_contains "$B/a/applied.yaml" 'ttl: 72h # kept'
        refute sed -i 's/72h/soon/' "$B/a.yaml"
        assert_file_contains "$B/a.yaml" 'ttl: 72h # kept'
        assert_exists "$B/a.error.txt"
        stays_at_runs a 2
        sed -i.bak 's/72h/96h/' "$B/a.yaml"
        comes_to_runs a 3
        assert_file_contains "$B/a.yaml.bak" '72h'
        refute_exists "$B/a.error.txt"
        assert_equal '' "$(find "$B" -maxdepth 1 -name 'sed*')" "sed's temporary files"
}

@test "vim, in each way it can save" {
        command -v vim >/dev/null || skip 'no vim'
        local n=1 copy
        with_policy a
        for copy in auto no yes; do
                vim -Nu NONE -es -c "set nomore backupcopy=$copy" -c "%s/ttl: [0-9]*h/ttl: $((n + 30))h/" -c wq "$B/a.yaml"
                n=$((n + 1))
                comes_to_runs a "$n"
                assert_file_contains "$B/a/applied.yaml" "ttl: $((n + 29))h"
                refute vim -Nu NONE -es -c "set nomore backupcopy=$copy" -c '%s/ttl: [0-9]*h/ttl: soon/' -c 'w' -c 'cq' "$B/a.yaml"
                stays_at_runs a "$n"
                assert_file_contains "$B/a/applied.yaml" "ttl: $((n + 29))h"
                rm -f "$B/a.error.txt"
                assert_file_contains "$B/a.yaml" "ttl: $((n + 29))h"
        done
        # No removal is pending behind its back.
        sleep 4
        assert_exists "$B/a.yaml"
        stays_at_runs a "$n"
}

@test "shell redirections: FLUSH is no commit of what comes after" {
        policy 24h >"$B/echo.yaml"
        comes_to_runs echo 1
        # Each part is closed by the command that wrote it, and is judged then: the first is valid by itself.
        (head -6 "$P"; /bin/sleep 0.2; tail -n +7 "$P") >"$B/group.yaml"
        comes_to_runs group 1
        in_force group "$P"
        exec {out}>"$B/slow.yaml"
        head -6 "$P" >&"$out"
        sleep 0.5
        runs_are slow 0
        tail -n +7 "$P" >&"$out"
        exec {out}>&-
        comes_to_runs slow 1
        in_force slow "$P"
        sed 's/24h/36h/' "$P" >"$TEST_DIR/q"
        cat "$TEST_DIR/q" >"$B/slow.yaml"
        comes_to_runs slow 2
        printf '# more\n' >>"$B/slow.yaml"
        comes_to_runs slow 3
        assert_equal '# more' "$(tail -1 "$B/slow.yaml")"
        assert_file_contains "$B/slow.yaml" 'ttl: 36h'
}

@test "a writer that dies, or fails, starts nothing; start does" {
        # The whole policy was written, then the writer is killed.
        bash -c 'exec >"$1"; cat "$2"; kill -9 $$' _ "$B/killed.yaml" "$P" || true
        eventually 5 phase_is "$B/killed" Interrupted
        runs_are killed 0
        bash -c 'exec >"$1"; cat "$2"; exit 1' _ "$B/failed.yaml" "$P" || true
        eventually 5 phase_is "$B/failed" Interrupted
        echo start >"$B/failed/ctl"
        comes_to_runs failed 1
        with_policy good
        bash -c 'exec >"$1"; head -3 "$2"; exit 3' _ "$B/good.yaml" "$P" || true
        sleep 0.5
        in_force good "$P"
        runs_are good 1
        # One that ends well, while a thread of it does not.
        python3 - "$B/threads.yaml" "$P" <<'PY'
import os, sys, threading, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
os.write(fd, open(sys.argv[2], "rb").read())
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
PY
        comes_to_runs threads 1
}

@test "empty files are drafts" {
        for _ in {1..15}; do
                touch "$B/empty.yaml"
                assert_file_contains "$B/empty/status.txt" 'the file is empty'
                rm "$B/empty.yaml"
        done
        touch "$B/empty.yaml"
        eventually 5 phase_is "$B/empty" Draft
        assert_fails_with 'Invalid argument' bash -c 'echo start >"$1"' _ "$B/empty/ctl"
        with_policy a
        : >"$B/a.yaml"
        sleep 0.3
        in_force a "$P"
        rm "$B/a.yaml"
        assert_equal "$(cat "$P")" "$(cat "$B/a.yaml")" 'the policy shows again'
        sleep 4
        assert_exists "$B/a.yaml"
        stays_at_runs a 1
}

@test "names: one stem, one file; bad ones are told; others are scratch" {
        with_policy a
        assert_fails_with 'File exists' cp "$P" "$B/a.yml"
        assert_fails_with 'File exists' cp "$P" "$B/a.json"
        assert_fails_with 'Invalid argument' cp "$P" "$B/Bad Name.yaml"
        assert_file_contains "$B/Bad Name.error.txt" 'FLT-0230'
        rm "$B/Bad Name.yaml"
        refute_exists "$B/Bad Name.error.txt" "$B/Bad Name.yaml"
        cp "$P" "$B/notes.txt"
        cp "$P" "$B/.a.yaml.swp"
        assert_equal "$(cat "$P")" "$(cat "$B/notes.txt")"
        mv "$B/notes.txt" "$B/notes"
        refute_exists "$B/notes.txt" "$B/notes/"
        rm "$B/notes" "$B/.a.yaml.swp"
        refute mkdir "$B/new"
        refute ln -s nowhere "$B/link.yaml"
        refute ln "$B/a.yaml" "$B/hard.yaml"
        assert_fails_with 'Operation not permitted' mv "$B/a.yaml" "$B/b.yaml"
        ln -s 'user@host.1:2' "$B/.#a.yaml"
        assert_equal 'user@host.1:2' "$(readlink "$B/.#a.yaml")"
        rm "$B/.#a.yaml"
        chmod 640 "$B/a.yaml"
        assert_equal 600 "$(stat -c %a "$B/a.yaml")" 'chmod changes nothing'
        stays_at_runs a 1
}

@test "a file that is too large is refused" {
        { cat "$P"; head -c 140000 /dev/zero | tr '\0' '#'; echo; } >"$TEST_DIR/large"
        refute cp "$TEST_DIR/large" "$B/large.yaml"
        assert_file_contains "$B/large.error.txt" FLT-0208
        head -c 1200000 /dev/zero >"$TEST_DIR/huge"
        assert_fails_with 'File too large' cp "$TEST_DIR/huge" "$B/huge.yaml"
        assert_fails_with 'File too large' cp "$TEST_DIR/huge" "$B/huge.txt"
}

@test "rm keeps the backups, and a new file in time is an edit" {
        with_policy a
        rm "$B/a.yaml"
        refute_exists "$B/a.yaml"
        sed 's/24h/30h/' "$P" >"$TEST_DIR/q"
        cp "$TEST_DIR/q" "$B/a.yaml"
        comes_to_runs a 2
        sleep 4
        assert_exists "$B/a.yaml"
        rm "$B/a.yaml"
        sleep 4
        refute_exists "$B/a.yaml"
        assert_fails_with 'Invalid argument' bash -c 'echo run >"$1"' _ "$B/a/ctl"
        cp "$P" "$B/a.yaml"
        comes_to_runs a 3
}

@test "a file renamed away and back is no write, and survives a restart away" {
        with_policy a
        mv "$B/a.yaml" "$B/a.off"
        assert_equal "$(cat "$P")" "$(cat "$B/a.off")"
        refute_exists "$B/a.yaml"
        mv "$B/a.off" "$B/a.yaml"
        stays_at_runs a 1
        mv "$B/a.yaml" "$B/a.off"
        echo '# a note' >>"$B/a.off"
        echo scratch >"$B/notes.txt"
        umount_fleet
        mount_fleet
        assert_equal "$(cat "$P"; echo '# a note')" "$(cat "$B/a.off")" 'what was renamed away'
        refute_exists "$B/notes.txt"
        mv "$B/a.off" "$B/a.old"
        umount_fleet
        mount_fleet
        refute_exists "$B/a.off"
        assert_exists "$B/a.old"
        rm "$B/a.old"
        umount_fleet
        mount_fleet
        refute_exists "$B/a.old"
}

@test "kill -9 of the daemon: what was accepted is there, nothing runs twice" {
        with_policy a
        cp "$P" "$B/b.yaml"
        comes_to_runs b 1
        assert_fails_with 'Invalid argument' cp "$BAD" "$B/c.yaml"
        rm "$B/a.yaml"
        mv "$B/b.yaml" "$B/b.off"
        kill9_fleet
        mount_fleet
        refute_exists "$B/a.yaml"
        assert_exists "$B/b.yaml" "$B/b.off" "$B/c.yaml" "$B/c.error.txt"
        in_force b "$P"
        stays_at_runs a 0
        stays_at_runs b 0
}

# The other ways to delete a tree, with clusters that answer, are in removal.bats.
@test "rm -rf takes nothing away where no cluster answers; rm of one file does, five seconds after a refusal" {
        with_policy a
        with_policy z
        assert_fails_with 'Invalid argument' cp "$BAD" "$B/draft.yaml"
        refute rm -rf "$B"
        eventually 5 assert_exists "$B/a.yaml" "$B/z.yaml" "$B/draft.yaml"
        sleep 6
        assert_exists "$B/a.yaml" "$B/z.yaml" "$B/draft.yaml"
        in_force a "$P"
        in_force z "$P"
        assert_fails_with 'Operation not permitted' rm "$B/README.txt"
        assert_fails_with 'Operation not permitted' rm "$B/a.yaml"
        sleep 5.5
        rm "$B/a.yaml"
        refute_exists "$B/a.yaml"
}

@test "a deletion just before the guard is undone, and says so" {
        with_policy a
        rm "$B/a.yaml"
        refute rm "$B/README.txt"
        eventually 5 assert_exists "$B/a.yaml"
        assert_file_contains "$B/a.error.txt" FLT-0253
        refute_file_contains "$B/a/status.txt" 'last write'
        assert_file_contains "$MNT/events.jsonl" RemovalUndone
        sleep 5.5
        in_force a "$P"
}

@test "a restore runs once" {
        with_clusters
        with_policy once
        printf 'backupName: once\n' >"$TEST_DIR/r.yaml"
        eventually 60 phase_is "$B/once" Completed
        cp "$TEST_DIR/r.yaml" "$F/restores/undo.yaml"
        eventually 5 assert_exists "$F/restores/undo/runs/latest"
        assert_fails_with 'File exists' cp "$TEST_DIR/r.yaml" "$F/restores/undo.yaml"
        assert_file_contains "$F/restores/undo.error.txt" FLT-0250
        cp "$TEST_DIR/r.yaml" "$F/restores/tmp"
        assert_fails_with 'File exists' mv -f "$F/restores/tmp" "$F/restores/undo.yaml"
        assert_equal 1 "$(count_runs "$F/restores/undo")" 'runs'
        printf 'backupName: once' >"$TEST_DIR/cut.yaml"
        assert_fails_with 'Invalid argument' cp "$TEST_DIR/cut.yaml" "$F/restores/cut.yaml"
        assert_file_contains "$F/restores/cut.error.txt" FLT-0240
}

@test "touch of backup@latest restores all of it; an empty file without touch does not" {
        with_clusters
        with_policy whole
        eventually 60 phase_is "$B/whole" Completed
        touch "$F/restores/whole@latest.yaml"
        eventually 5 assert_exists "$F/restores/whole@latest/runs/latest"
        local run
        run=whole@$(readlink "$B/whole/runs/latest")
        : >"$F/restores/$run.yaml"
        eventually 5 assert_exists "$F/restores/$run/phase"
        assert_equal Draft "$(cat "$F/restores/$run/phase")"
        false >"$F/restores/other@latest.yaml" || true
        refute_exists "$F/restores/other@latest/runs/latest"
        echo start >"$F/restores/$run/ctl"
        eventually 5 assert_exists "$F/restores/$run/runs/latest"
}

@test "a migration's folder: links, ln -sfn, policy.yaml, start, rmdir" {
        local m=$F/migrations/m1
        mkdir "$m"
        assert_fails_with 'File exists' mkdir "$m"
        refute mkdir "$F/migrations/New Folder"
        cd "$m"
        ln -s ../../clusters/eu-1 source
        assert_equal ../../clusters/eu-1 "$(readlink source)"
        assert_exists source/status.txt
        assert_fails_with 'Invalid argument' ln -s ../../../clusters/eu-1 targets/
        assert_fails_with 'Invalid argument' ln -s ../../../clusters/none targets/
        assert_fails_with 'Invalid argument' bash -c 'echo start >ctl'
        ln -s "$F/clusters/us-1" targets/
        assert_equal "$F/clusters/us-1" "$(readlink targets/us-1)"
        ln -sfn ../../clusters/ap-1 source
        assert_equal ../../clusters/ap-1 "$(readlink source)"
        ln -sfn ../../../clusters/eu-1 targets/us-1
        assert_equal ../../../clusters/eu-1 "$(readlink targets/us-1)"
        ln -sfn ../../../clusters/eu-1 targets/us-1
        assert_equal us-1 "$(ls targets)"
        assert_fails_with 'Invalid argument' cp "$BAD" policy.yaml
        rm policy.yaml
        printf 'policy: {resourceFilter: {includedNamespaces: [none-such]}}\n' >policy.yaml
        cd /
        umount_fleet
        mount_fleet
        assert_equal ../../clusters/ap-1 "$(readlink "$m/source")"
        assert_file_contains "$m/policy.yaml" none-such
        eventually 10 bash -c 'echo start >"$1/ctl"' _ "$m"
        assert_fails_with 'busy' ln -sfn ../../clusters/us-1 "$m/source"
        assert_fails_with 'busy' rm "$m/targets/us-1"
        mkdir "$F/migrations/m2"
        rmdir "$F/migrations/m2"
        refute_exists "$F/migrations/m2"
}

@test "a mount under -o ro writes nothing; a second mount of a store neither" {
        with_policy a
        mount_fleet_at second
        assert_fails_with 'Read-only file system' cp "$P" "$TEST_DIR/second/prod/backups/b.yaml"
        umount_fleet second
        umount_fleet
        mount_fleet -o ro
        refute touch "$B/b.yaml"
        refute rm "$B/a.yaml"
        assert_equal "$(cat "$P")" "$(cat "$B/a.yaml")"
}

# refused PATTERN FILE: it has the code and the sentence, and so has the attribute of the folder.
refused()
{
        assert_match "$1" "$(tr -s ' \n' ' ' <"$2")" || return 1
        assert_file_contains "$2" 'remedy:'
        refute_file_contains "$2" 'the write was refused'
}

@test "verbs, links, renames and second writes that are refused say so beside the object" {
        local M=$F/migrations
        with_policy a
        refute bash -c 'echo foo > "$1"' _ "$B/a/ctl"
        refused '^FLT-0259 echo foo > a/ctl: "foo" is no verb' "$B/a.error.txt"
        assert_match '^FLT-0259 ' "$(getfattr --only-values -n user.fleetfs.error "$B/a/ctl" 2>/dev/null)"
        assert_file_contains "$B/a/status.txt" 'cat ../a.error.txt'
        assert_file_contains "$MNT/events.jsonl" OperationRefused
        in_force a "$P"
        # The next one that is accepted ends it.
        echo run >"$B/a/ctl"
        refute_exists "$B/a.error.txt"
        refute mv "$B/a.yaml" "$B/b.yaml"
        refused '^FLT-0251 mv a.yaml b.yaml:' "$B/a.error.txt"
        rm "$B/a.error.txt"
        refute_exists "$B/a.error.txt"
        mkdir "$M/m"
        refute bash -c 'echo start > "$1"' _ "$M/m/ctl"
        refused '^FLT-0425 echo start > m/ctl: .*no source' "$M/m.error.txt"
        refute ln -s ../../clusters/nope "$M/m/source"
        refused '^FLT-0234 ln -s ../../clusters/nope source:' "$M/m.error.txt"
        ln -s ../../clusters/eu-1 "$M/m/source"
        refute_exists "$M/m.error.txt"
        refute ln -s ../../../clusters/eu-1 "$M/m/targets/"
        refused '^FLT-0245 ln -s .*targets/eu-1: .*source and target' "$M/m.error.txt"
}
