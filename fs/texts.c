/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/texts.h"

#include "base/cleanup.h"

static const char root_readme[] =
        "Fleets of Kubernetes clusters as folders: back up, restore and migrate with cp, cat and ln.\n"
        "\n"
        "  ls                                          one folder per fleet\n"
        "  cat FLEET/status.txt                        is everything safe? why not? what to do?\n"
        "  ls FLEET/templates                          documents to copy and to change\n"
        "  cp FLEET/templates/backup-namespace.yaml /tmp/shop.yaml ; vi /tmp/shop.yaml\n"
        "  cp /tmp/shop.yaml FLEET/backups/            back up on every selected cluster\n"
        "  cat FLEET/backups/shop/wait                 blocks until it is over, prints the phase\n"
        "  cat FLEET/backups/shop/status.txt           one answer from all clusters\n"
        "  tail -F events.jsonl                        what happens, as it happens\n"
        "\n"
        "Every writable folder has a README.txt. Nothing that rm does here destroys a backup. Documents are\n"
        "those of Velero, or of Kurator (kurator.dev), which has one for many clusters. More:\n"
        "man fleetfs-tree. What a status.txt says to do is done from its own folder: paths count from it.\n";

static const char fleet_readme[] =
        "A fleet: its clusters and what is protected.\n"
        "\n"
        "  cat status.txt                    the whole fleet, worst first (status.json for programs)\n"
        "  ls clusters                       each cluster; below it every Velero object, whoever made it\n"
        "  cat clusters/NAME/status.txt      one cluster: good or not, why, what to do\n"
        "  ls templates                      documents to copy and to change\n"
        "  cat backups/README.txt            how to back up\n"
        "  cat restores/README.txt           how to restore\n"
        "  cat migrations/README.txt         how to move workloads to other clusters\n"
        "\n"
        "What a status.txt says to do is done from its own folder: paths in it count from there.\n";

static const char backups_readme[] =
        "Copy a policy here and every selected cluster is backed up, once or by its schedule.\n"
        "\n"
        "  cp ../templates/backup-namespace.yaml /tmp/shop.yaml ; vi /tmp/shop.yaml\n"
        "  cp /tmp/shop.yaml .               cp fails if the policy is wrong: cat shop.error.txt says where\n"
        "  cp ../templates/backup-schedule.yaml nightly.yaml         every night, until it is removed\n"
        "  cat shop/wait                     blocks until it is over, prints the phase\n"
        "  cat shop/status.txt               safe or not, why, what to do; shop/status.json for programs\n"
        "  ls -lt shop/runs                  every run; runs/latest is the newest\n"
        "  echo run > shop/ctl               once more; `cat shop/ctl` lists the verbs\n"
        "  rm shop.yaml                      ends the policy; every backup stays, and shop/ with it\n"
        "  cp ../.trash/shop.yaml .          brings it back, for 30 days; `ls ../.trash` has others\n"
        "  echo 'delete RUN' > shop/ctl      destroys the backups of one run; nothing else does\n"
        "\n"
        "Written again, also with the same bytes, it backs up again; a schedule is changed in place. Names\n"
        "that do not end in .yaml, .yml or .json, or begin with a dot or a #, do nothing: editors may save as\n"
        "they like; .YAML is refused. A shell's > does not tell of a refusal: NAME.error.txt is there then.\n"
        "What `velero backup create --from-schedule` makes of a policy's Schedule is a run of its own.\n"
        "Whoever deletes what stands in NAME/ is refused, and what they removed here in the last 3 seconds\n"
        "comes back: rm -r and scripts gone wild lose nothing. rm NAME.yaml alone is meant.\n"
        "GitOps: rsync -ac --delete --include='*.yaml' --exclude='*' policies/ .\n";

static const char restores_readme[] =
        "Copy a restore here and the backup is restored, once.\n"
        "\n"
        "  cp ../templates/restore-namespace.yaml /tmp/undo.yaml ; vi /tmp/undo.yaml\n"
        "  cp /tmp/undo.yaml .               starts at the close; cp fails if it is wrong: cat undo.error.txt\n"
        "  touch shop@latest.yaml            all of policy shop, from each cluster's newest completed run\n"
        "  cat undo/wait                     blocks until it is over, prints the phase\n"
        "  cat undo/status.txt               what each cluster did, with warnings and errors\n"
        "  echo retry > undo/ctl             once more where it failed or expired\n"
        "\n"
        "backupName is a policy of ../backups, POLICY@RUN, or the name of a Velero backup. A restore runs\n"
        "once: use a new name for the next one. Objects that exist are left as they are. A shell's > does not\n"
        "tell that a write was refused: NAME.error.txt is there then.\n";

static const char migrations_readme[] =
        "A migration is a folder: one source, one or more targets, then start.\n"
        "\n"
        "  mkdir m1 ; cd m1\n"
        "  ln -s ../../clusters/eu-1 source\n"
        "  ln -s ../../../clusters/us-1 targets/\n"
        "  cp ../../templates/migration-policy.yaml policy.yaml     optional: which namespaces, new names\n"
        "  echo start > ctl                  links are frozen from now on\n"
        "  cat wait                          blocks until it is over, prints the phase\n"
        "  cat status.txt                    the source's backup, then each target's restore\n"
        "\n"
        "A Kurator Migrate document does the same in one step: cp ../templates/migration.yaml, change it,\n"
        "copy it here. rmdir m1 removes a migration that does not run; what it moved stays.\n";

static const char migration_readme[] =
        "One migration: links say from where and to where, policy.yaml says what.\n"
        "\n"
        "  ln -s ../../clusters/eu-1 source               one source\n"
        "  ln -s ../../../clusters/us-1 targets/          one link for each target\n"
        "  cp ../../templates/migration-policy.yaml policy.yaml     optional: which namespaces, new names\n"
        "  cat status.txt                                 what it has and what it lacks\n"
        "  echo start > ctl                               links are frozen from now on\n"
        "  cat wait                                       blocks until it is over, prints the phase\n"
        "  echo retry > ctl                               once more where it failed or expired\n"
        "\n"
        "The source keeps running: stop its workloads first if their data must not change meanwhile.\n"
        "cd .. ; rmdir NAME removes a migration that does not run; what it moved stays.\n";

int text_root_readme(const struct subject *s, struct buf *out)
{
        return buf_puts(out, root_readme);
}

int text_readme(const struct subject *s, struct buf *out)
{
        static const char *const texts[] = {
                [FOLDER_NONE] = fleet_readme,
                [FOLDER_BACKUPS] = backups_readme,
                [FOLDER_RESTORES] = restores_readme,
                [FOLDER_MIGRATIONS] = migrations_readme,
                [FOLDER_MIGRATION] = migration_readme,
                [FOLDER_TARGETS] = migration_readme,
        };

        return buf_puts(out, texts[s->folder]);
}

/* What may be added stands in comments that begin in lower case; each holds without its "# ". None has a metadata.name: the
   file's name counts, and that is the user's. */
const struct text_template text_templates[] = {
        { "backup-cluster.yaml",
                "# Back up everything of every cluster of the fleet, once.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Backup\n"
                "spec:\n"
                "  policy:\n"
                "    ttl: 720h          # how long Velero keeps it; there is no 'd' for days\n" },
        { "backup-namespace.yaml",
                "# Back up some namespaces, once. Copied again, it backs up again.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Backup\n"
                "spec:\n"
                "  # Without a destination: every cluster of the fleet. Or these:\n"
                "  # destination: {clusters: [{kind: AttachedCluster, name: eu-1}]}\n"
                "  # Or those that have these labels (clusters/NAME/labels.json):\n"
                "  # destination: {clusterSelector: {matchLabels: {tier: gold}}}\n"
                "  policy:\n"
                "    ttl: 168h\n"
                "    resourceFilter:\n"
                "      includedNamespaces: [shop]\n"
                "      # Only what has these labels:\n"
                "      # labelSelector: {matchLabels: {app: checkout}}\n"
                "      # Not these kinds:\n"
                "      # excludedResources: [events, events.events.k8s.io]\n" },
        { "backup-schedule.yaml",
                "# Back up a namespace every night, on every cluster of the fleet.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Backup\n"
                "spec:\n"
                "  schedule: \"0 2 * * *\"      # minute, hour, day, month, weekday; UTC, unless TZ= is put before\n"
                "  # Only some clusters, by these labels (clusters/NAME/labels.json):\n"
                "  # destination: {clusterSelector: {matchLabels: {tier: gold}}}\n"
                "  policy:\n"
                "    ttl: 720h                # how long Velero keeps each of them\n"
                "    resourceFilter:\n"
                "      includedNamespaces: [shop]\n" },
        { "backup-policies.yaml",
                "# Parts with filters and clusters of their own: one Velero backup for each part and cluster.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Backup\n"
                "spec:\n"
                "  policies:\n"
                "  - name: shop               # a restore's policies[] name the parts that it wants\n"
                "    policy:\n"
                "      ttl: 720h\n"
                "      resourceFilter:\n"
                "        includedNamespaces: [shop]\n"
                "  - name: config\n"
                "    # Only some clusters, by these labels (clusters/NAME/labels.json):\n"
                "    # destination: {clusterSelector: {matchLabels: {tier: gold}}}\n"
                "    policy:\n"
                "      resourceFilter:\n"
                "        includedNamespaces: [\"*\"]\n"
                "        includedNamespaceScopedResources: [configmaps, secrets]\n" },
        { "backup-storage.yaml",
                "# Backups in a bucket of their own, not in the cluster's default location.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Backup\n"
                "spec:\n"
                "  storage:\n"
                "    location:\n"
                "      bucket: archive\n"
                "      provider: aws          # anything that speaks S3\n"
                "      s3Url: https://s3.example.com\n"
                "      region: us-east-1\n"
                "      prefix: fleet          # each cluster writes below fleet/CLUSTER\n"
                "    # A Secret in Velero's namespace of every cluster, with the key `cloud`; never the keys themselves:\n"
                "    credentials: archive-key\n"
                "  policy:\n"
                "    resourceFilter:\n"
                "      includedNamespaces: [shop]\n" },
        { "backup-velero.yaml",
                "# A document of Velero's own, every field of it, on every cluster of the fleet, once.\n"
                "apiVersion: velero.io/v1\n"
                "kind: Backup\n"
                "spec:\n"
                "  includedNamespaces: [shop]\n"
                "  defaultVolumesToFsBackup: true\n"
                "  ttl: 168h0m0s\n" },
        { "restore-namespace.yaml",
                "# Restore one namespace from the newest completed run of a policy.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Restore\n"
                "spec:\n"
                "  backupName: shop     # a policy of backups/, POLICY@RUN, or the name of a Velero backup\n"
                "  # Without a destination: every cluster that has the backup. Or these:\n"
                "  # destination: {clusters: [{kind: AttachedCluster, name: eu-1}]}\n"
                "  policy:\n"
                "    resourceFilter:\n"
                "      includedNamespaces: [shop]\n"
                "    # Beside what runs, under another name:\n"
                "    # namespaceMapping: {shop: shop-restored}\n" },
        { "migration.yaml",
                "# Move a namespace from one cluster to others, in one step: copy it to migrations/.\n"
                "apiVersion: backup.kurator.dev/v1alpha1\n"
                "kind: Migrate\n"
                "spec:\n"
                "  sourceCluster: {clusters: [{kind: AttachedCluster, name: eu-1}]}\n"
                "  targetCluster: {clusters: [{kind: AttachedCluster, name: us-1}]}\n"
                "  policy:\n"
                "    resourceFilter:\n"
                "      includedNamespaces: [shop]\n"
                "    # Under another name there:\n"
                "    # namespaceMapping: {shop: shop-eu}\n" },
        { "migration-policy.yaml",
                "# The policy.yaml of a migration folder: what moves, and under which names.\n"
                "policy:\n"
                "  resourceFilter:\n"
                "    includedNamespaces: [shop]\n"
                "  # Under another name there:\n"
                "  # namespaceMapping: {shop: shop-eu}\n" },
};
const size_t text_n_templates = ARRAY_SIZE(text_templates);
