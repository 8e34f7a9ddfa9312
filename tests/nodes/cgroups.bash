# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The control groups of the nodes: a folder fleetfs-node-NAME in each hierarchy, of version 1, which the pods of the node
# have theirs in. The folders outlive the processes: whoever makes them removes them. Sourced, not run.

readonly CGROUP_ROOT=/sys/fs/cgroup
readonly CGROUPS_NEEDED='cpu cpuacct cpuset memory devices freezer blkio pids'

# cgroup_name NAME
cgroup_name() { printf 'fleetfs-node-%s\n' "$1"; }

# cgroup_hierarchies: prints the mount points, one a line.
cgroup_hierarchies() { awk '$3 == "cgroup" { print $2 }' /proc/self/mounts; }

# cgroups_missing: prints what is needed and is not there.
cgroups_missing()
{
        local controller missing=()
        for controller in $CGROUPS_NEEDED; do
                awk -v c="$controller" '$3 == "cgroup" && ("," $4 ",") ~ ("," c ",") { found = 1 } END { exit !found }' \
                        /proc/self/mounts || missing+=("$controller")
        done
        printf '%s\n' "${missing[*]}"
}

# cgroups_make NAME
cgroups_make()
{
        local hierarchy folder file
        while read -r hierarchy; do
                folder=$hierarchy/$(cgroup_name "$1")
                mkdir -p "$folder" || return 1
                # A new set of processors is empty, and nothing can run in it.
                for file in cpuset.cpus cpuset.mems; do
                        [[ ! -e $hierarchy/$file ]] || cat "$hierarchy/$file" >"$folder/$file" || return 1
                done
        done < <(cgroup_hierarchies)
}

# cgroups_remove: removes the folders of all nodes, once their processes have ended.
cgroups_remove()
{
        local i
        for ((i = 0; i < 50; i++)); do
                [[ -n $(cgroups_left) ]] || return 0
                find "$CGROUP_ROOT" -depth -type d -path '*/fleetfs-node-*' -exec rmdir {} + 2>/dev/null
                sleep 0.1
        done
        cgroups_left >&2
        return 1
}

# cgroups_left: prints what is left of them.
cgroups_left() { find "$CGROUP_ROOT" -maxdepth 2 -type d -name 'fleetfs-node-*'; }
