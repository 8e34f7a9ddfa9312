/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server makes of a Backup's spec before it runs: prepareBackupRequest() of Velero.
 */
#include <string.h>
#include <strings.h>

#include "tests/sim/velero_impl.h"

static void default_string(json_t *spec, const char *field, const char *value)
{
        const char *s = json_string_value(json_object_get(spec, field));

        if (!s || !*s || velero_duration(s) == 0)
                json_object_set_new(spec, field, json_string(value));
}

static void default_flag(json_t *spec, const char *field, bool value)
{
        if (!json_is_boolean(json_object_get(spec, field)))
                json_object_set_new(spec, field, json_boolean(value));
}

/* The location to use when none is named: the default one, else the server's flag. */
static const char *default_location(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_LOCATIONS);

        for (size_t i = 0; i < t->n; i++)
                if (jscan(doc_json(t->v[i]), "spec", "default", NULL).p &&
                        *jscan(doc_json(t->v[i]), "spec", "default", NULL).p == 't')
                        return doc_name(t->v[i]);
        return "default";
}

static void validate_location(struct velero *v, json_t *backup, json_t *errors)
{
        json_t *spec = json_object_get(backup, "spec");
        const char *name = json_string_value(json_object_get(spec, "storageLocation"));
        bool given = name && *name;
        json_t *location;
        const char *mode;

        if (!given) {
                json_object_set_new(spec, "storageLocation", json_string(default_location(v)));
                name = json_string_value(json_object_get(spec, "storageLocation"));
        }
        location = velero_edit(v, RT_LOCATIONS, name);
        if (!location) {
                filter_error(errors,
                        "an existing backup storage location was not specified at backup "
                        "creation time and the %s %s%s. Please "
                        "address this issue (see `velero backup-location -h` for options) and "
                        "create a new backup. Error: "
                        "BackupStorageLocation.velero.io \"%s\" not found",
                        given ? "default" : "server default", name,
                        given ? " was not found" : " does not exist", name);
                return;
        }
        mode = json_string_value(json_object_get(json_object_get(location, "spec"), "accessMode"));
        if (mode && strcmp(mode, "ReadOnly") == 0)
                filter_error(errors,
                        "backup can't be created because backup storage location %s is "
                        "currently in read-only mode",
                        name);
        if (strcmp(velero_phase(location), "Available") != 0)
                filter_error(errors,
                        "backup can't be created because BackupStorageLocation %s is in "
                        "Unavailable status.",
                        name);
        json_decref(location);
}

/* One snapshot location for each provider that has any, whatever snapshotVolumes says. */
static void validate_snapshot_locations(struct velero *v, json_t *spec, json_t *errors)
{
        struct table *t = cluster_table(v->c, RT_SNAPSHOT_LOCATIONS);
        json_t *given = json_object_get(spec, "volumeSnapshotLocations"), *chosen = json_object(),
               *list = json_array(), *name;
        size_t i, before = json_array_size(errors);
        const char *provider;

        json_array_foreach (given, i, name) {
                json_t *location = velero_edit(v, RT_SNAPSHOT_LOCATIONS, json_string_value(name));

                provider = json_string_value(
                        json_object_get(json_object_get(location, "spec"), "provider"));
                if (!location)
                        filter_error(errors,
                                "a VolumeSnapshotLocation CRD for the location %s with the name "
                                "specified in the backup spec needs to "
                                "be created before this snapshot can be executed. Error: "
                                "VolumeSnapshotLocation.velero.io \"%s\" not found",
                                json_string_value(name), json_string_value(name));
                else if (provider && json_object_get(chosen, provider))
                        filter_error(errors,
                                "more than one VolumeSnapshotLocation name specified for "
                                "provider %s: %s; unexpected name was %s",
                                provider, json_string_value(name),
                                json_string_value(json_object_get(chosen, provider)));
                else if (provider)
                        json_object_set(chosen, provider, name);
                json_decref(location);
        }
        for (i = 0; i < t->n; i++) {
                json_t *location = doc_parse(t->v[i]);

                provider = json_string_value(
                        json_object_get(json_object_get(location, "spec"), "provider"));
                if (provider && json_object_get(chosen, provider) &&
                        !filter_has(given, json_string_value(json_object_get(chosen, provider))))
                        json_object_set_new(chosen, provider, json_null());
                else if (provider && !json_object_get(chosen, provider))
                        json_object_set_new(chosen, provider, json_string(doc_name(t->v[i])));
                json_decref(location);
        }
        json_object_foreach (chosen, provider, name) {
                if (json_is_null(name))
                        filter_error(errors,
                                "provider %s has more than one possible volume snapshot "
                                "location, and none were specified explicitly or as a default",
                                provider);
                else
                        json_array_append(list, name);
        }
        if (json_array_size(errors) == before && json_array_size(list))
                json_object_set(spec, "volumeSnapshotLocations", list);
        json_decref(list);
        json_decref(chosen);
}

static void exclude_opted_out(struct velero *v, json_t *spec)
{
        struct table *t = cluster_table(v->c, RT_NAMESPACES);
        json_t *list = json_object_get(spec, "excludedNamespaces");

        for (size_t i = 0; i < t->n; i++) {
                if (!jscan_is(jscan(doc_json(t->v[i]), "metadata", "labels",
                                      "velero.io/exclude-from-backup", NULL),
                            "true"))
                        continue;
                if (!json_is_array(list)) {
                        json_object_set_new(spec, "excludedNamespaces", json_array());
                        list = json_object_get(spec, "excludedNamespaces");
                }
                json_array_append_new(list, json_string(doc_name(t->v[i])));
        }
}

/* modifyResourceIncludeExclude(): the intermediate objects of CSI snapshots are never collected. */
static void exclude_snapshots(
        json_t *spec, const char *included, const char *excluded, const char *resource)
{
        json_t *in = json_object_get(spec, included), *out = json_object_get(spec, excluded);

        if (filter_has(out, "*") || filter_has(out, resource))
                return;
        for (size_t i = 0; i < json_array_size(in); i++)
                if (strcmp(json_string_value(json_array_get(in, i)), resource) == 0)
                        json_array_remove(in, i--);
        if (!json_is_array(out)) {
                json_object_set_new(spec, excluded, json_array());
                out = json_object_get(spec, excluded);
        }
        json_array_append_new(out, json_string(resource));
}

#define SNAPSHOTS         "volumesnapshots.snapshot.storage.k8s.io"
#define SNAPSHOT_CONTENTS "volumesnapshotcontents.snapshot.storage.k8s.io"

static bool any_of(const json_t *spec, const char *const *fields, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (json_is_boolean(json_object_get(spec, fields[i])) ||
                        json_array_size(json_object_get(spec, fields[i])))
                        return true;
        return false;
}

static void validate_filters(json_t *spec, json_t *errors)
{
        static const char *const old_fields[] = { "includeClusterResources", "includedResources",
                "excludedResources" };
        static const char *const new_fields[] = { "includedClusterScopedResources",
                "excludedClusterScopedResources", "includedNamespaceScopedResources",
                "excludedNamespaceScopedResources" };
        bool old = any_of(spec, old_fields, ARRAY_SIZE(old_fields));

        if (old && any_of(spec, new_fields, ARRAY_SIZE(new_fields)))
                filter_error(errors,
                        "include-resources, exclude-resources and include-cluster-resources are "
                        "old filter parameters.\n"
                        "include-cluster-scoped-resources, exclude-cluster-scoped-resources, "
                        "include-namespace-scoped-resources and "
                        "exclude-namespace-scoped-resources are new filter parameters.\nThey "
                        "cannot be used together");
        if (old) {
                if (!filter_validate(errors, "Invalid included/excluded resource lists",
                            json_object_get(spec, "includedResources"),
                            json_object_get(spec, "excludedResources"))) {
                        exclude_snapshots(
                                spec, "includedResources", "excludedResources", SNAPSHOTS);
                        exclude_snapshots(
                                spec, "includedResources", "excludedResources", SNAPSHOT_CONTENTS);
                }
                return;
        }
        if (!filter_validate_scoped(errors,
                    "Invalid cluster-scoped included/excluded resource lists",
                    json_object_get(spec, new_fields[0]), json_object_get(spec, new_fields[1])))
                exclude_snapshots(spec, new_fields[0], new_fields[1], SNAPSHOT_CONTENTS);
        if (!filter_validate_scoped(errors,
                    "Invalid namespace-scoped included/excluded resource lists",
                    json_object_get(spec, new_fields[2]), json_object_get(spec, new_fields[3])))
                exclude_snapshots(spec, new_fields[2], new_fields[3], SNAPSHOTS);
}

static void validate_policy(struct velero *v, json_t *spec, json_t *errors)
{
        json_t *policy = json_object_get(spec, "resourcePolicy");
        const char *kind = json_string_value(json_object_get(policy, "kind"));
        const char *name = json_string_value(json_object_get(policy, "name"));

        if (!kind || strcasecmp(kind, "configmap") != 0 || !name)
                return;
        if (!velero_find(v, RT_CONFIGMAPS, name))
                filter_error(errors,
                        "invalid resource policies: failed to get resource policies %s/%s "
                        "configmap: configmaps \"%s\" not found",
                        v->ns, name, name);
}

json_t *velero_backup_prepare(struct velero *v, json_t *backup)
{
        json_t *spec = json_object_get(backup, "spec");
        json_t *errors = json_array(), *status = object_status(backup);
        char until[RFC3339_LEN];
        double ttl;

        if (!json_is_object(spec)) {
                json_object_set_new(backup, "spec", json_object());
                spec = json_object_get(backup, "spec");
        }
        json_object_set_new(status, "version", json_integer(1));
        json_object_set_new(status, "formatVersion", json_string("1.1.0"));
        default_string(spec, "ttl", "720h0m0s");
        default_string(spec, "csiSnapshotTimeout", "10m0s");
        default_string(spec, "itemOperationTimeout", "4h0m0s");
        if (!json_is_string(json_object_get(spec, "volumeGroupSnapshotLabelKey")))
                json_object_set_new(
                        spec, "volumeGroupSnapshotLabelKey", json_string("velero.io/volume-group"));
        ttl = velero_duration(json_string_value(json_object_get(spec, "ttl")));
        json_object_set_new(
                status, "expiration", json_string(rfc3339(cluster_now(v->c) + (time_t)ttl, until)));
        default_flag(spec, "defaultVolumesToFsBackup", false);
        default_flag(spec, "snapshotMoveData", false);
        validate_location(v, backup, errors);
        {
                _cleanup_(freep) char *value = velero_label_value(
                        json_string_value(json_object_get(spec, "storageLocation")));

                object_set_label(backup, "velero.io/storage-location", value);
        }
        validate_snapshot_locations(v, spec, errors);
        object_set_annotation(backup, "velero.io/source-cluster-k8s-gitversion", "v1.34.2");
        object_set_annotation(backup, "velero.io/source-cluster-k8s-major-version", "1");
        object_set_annotation(backup, "velero.io/source-cluster-k8s-minor-version", "34");
        object_set_annotation(backup, "velero.io/resource-timeout", "10m0s");
        exclude_opted_out(v, spec);
        validate_filters(spec, errors);
        if (!json_array_size(json_object_get(spec, "includedNamespaces")))
                json_object_set_new(spec, "includedNamespaces", json_pack("[s]", "*"));
        filter_validate_namespaces(errors, "Invalid included/excluded namespace lists",
                json_object_get(spec, "includedNamespaces"),
                json_object_get(spec, "excludedNamespaces"));
        if (json_is_object(json_object_get(spec, "labelSelector")) &&
                json_is_array(json_object_get(spec, "orLabelSelectors")))
                filter_error(errors,
                        "encountered labelSelector as well as orLabelSelectors in backup spec, "
                        "only one can be specified");
        validate_policy(v, spec, errors);
        return errors;
}
