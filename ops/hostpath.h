/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * hostpath: which volumes that a Backup covers are folders of a node.
 *
 * Velero backs none of them up, and its Backup is Completed. Of a hostPath volume that stands in the pod it says nothing
 * at all; a claim on a PersistentVolume of that type makes a warning in its log (both measured, Velero 1.18.3). So neither
 * its status nor its results tell, and pods and persistent volumes are looked at instead.
 *
 * Pods of kube-system and of Velero's namespace do not count, nor do those that kubelet runs by itself: such folders belong
 * to the node, and a caveat that every whole cluster has would be read by nobody. Volumes that the pod's annotation
 * backup.velero.io/backup-volumes-excludes names are left out on purpose. Namespaces count as the Backup's globs have them.
 * Labels: a selector of matchLabels only is applied; with any other the pods of the namespaces count, whatever their labels.
 *
 * Pure; one object belongs to one thread.
 */
#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"

/* How many are named, the others are counted. */
enum { HOSTPATH_NAMED = 5 };
/* In place of a text: the pods, or the volumes, could not be listed. */
#define HOSTPATH_UNKNOWN "?"

struct hostpath {
        struct strv included; /* globs; empty: all */
        struct strv excluded;
        char *only;           /* the one namespace that is included by its name, else NULL: of all pods some count */
        char *selector;       /* labelSelector of the list of pods, or NULL */
        bool pods;            /* the Backup has pods at all */
        struct strv named;    /* "pod shop/db (data)", the first ones */
        size_t n;             /* of all */
};

/* From a Velero BackupSpec. -ENOMEM. hostpath_done() either way. */
int hostpath_init(struct hostpath *h, const json_t *spec, const char *velero_namespace, struct err *err);
void hostpath_done(struct hostpath *h);

/* A Pod, a PersistentVolume, as the API gives them. What cannot be read does not count. -ENOMEM. */
int hostpath_pod(struct hostpath *h, const char *bytes, size_t len);
int hostpath_volume(struct hostpath *h, const char *bytes, size_t len);

/* Appends "pod shop/db (data), claim shop/files and 3 more"; nothing when there is none. */
void hostpath_text(const struct hostpath *h, struct buf *out);
