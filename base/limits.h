/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Every maximum of the product, in one place. A buffer takes its maximum from here at birth, every
 * wait its deadline. Sizes are bytes, times are what the suffix says. Grouped by what they bound;
 * add a line with its reason.
 */
#define KIB (1024U)
#define MIB (1024U * 1024U)

/* --- what users write --- */

/* One policy document. It is stored in an annotation too, and all annotations of one object may
 * hold 256 KiB. */
#define LIMIT_POLICY_BYTES (128 * KIB)
/* A fleet file or a kubeconfig: a thousand clusters with inline certificates. */
#define LIMIT_CONFIG_BYTES (16 * MIB)
/* Files of $KUBECONFIG or of the fleet folder. */
#define LIMIT_CONFIG_FILES 256
/* Contexts of all kubeconfigs, and clusters of all fleets. */
#define LIMIT_CONFIG_CLUSTERS 10000
/* Nesting of a YAML tree; also bounds every recursion over one. */
#define LIMIT_YAML_DEPTH 64
/* Nodes of one YAML input; each costs about 100 bytes of memory. */
#define LIMIT_YAML_NODES 500000
/* Uses of aliases in one YAML input. */
#define LIMIT_YAML_ALIASES 1000
/* What aliases may add to one YAML input when they are written out: one per node and one per byte
 * of text. */
#define LIMIT_YAML_ALIAS_COST (1 * MIB)
/* Files that acting ones were renamed to; they are kept on disk and not among the scratch files. */
#define LIMIT_KEPT_FILES 1024
/* How long the bytes of a removed policy stay in the trash; how often it is looked through. */
#define LIMIT_TRASH_S        (30 * 24 * 3600)
#define LIMIT_TRASH_SWEEP_MS (24 * 3600 * 1000)
/* … and what a fleet keeps at most. */
#define LIMIT_TRASH_FILES 1000
#define LIMIT_TRASH_BYTES (32 * MIB)
/* Deletions are refused for so long after one of a synthesized file was. */
#define LIMIT_GUARD_MS 5000
/* An unlink takes effect after this, a rename-away after that (engine_options' defaults). */
#define LIMIT_GRACE_UNLINK_MS 3000
#define LIMIT_GRACE_RENAME_MS 60000
/* One line written to a ctl file. */
#define LIMIT_CTL_BYTES (4 * KIB)
/* Scratch files of one mount: files and bytes each. */
#define LIMIT_SCRATCH_FILES 64
#define LIMIT_SCRATCH_BYTES (1 * MIB)
/* The stem of an acting name is a DNS-1123 label in length. */
#define LIMIT_POLICY_NAME 63

/* --- names (Kubernetes' own limits, without the NUL) --- */

#define LIMIT_NAME_DNS1123_LABEL     63
/* Of any provider's bucket or container; of the folder in it that a policy may name, without the cluster's own. */
#define LIMIT_BUCKET_NAME    222
#define LIMIT_STORAGE_PREFIX 256
#define LIMIT_NAME_DNS1123_SUBDOMAIN 253
#define LIMIT_LABEL_VALUE            63
/* A prefix of 253, a slash and a name of 63. */
#define LIMIT_LABEL_KEY 317
/* A Velero object we name: 41 of base, a dash and 6 hex, then "-YYYYMMDDhhmmss" for a run. */
#define LIMIT_VELERO_NAME 63
/* The readable part of a Velero object's name. */
#define LIMIT_VELERO_NAME_BASE 41

/* --- what clusters send --- */

/* One page of a list (250 items), uncompressed. */
#define LIMIT_API_REPLY_BYTES (16 * MIB)
/* Items per page of a list. */
#define LIMIT_API_PAGE_ITEMS 250
/* One line of a watch stream: etcd's 1.5 MiB object limit with room for its JSON form. */
#define LIMIT_WATCH_LINE_BYTES (4 * MIB)
/* All headers of one reply. */
#define LIMIT_HTTP_HEADER_BYTES (64 * KIB)
/* The spec of a Schedule that somebody else changed, kept to name what; a longer one is not told field by field. */
#define LIMIT_DRIFT_BYTES (32 * KIB)
/* Standard output of an exec credential plugin. */
#define LIMIT_EXEC_OUTPUT_BYTES (1 * MIB)
/* Lines of a plugin's standard error that are told. */
#define LIMIT_EXEC_STDERR_LINES 3
/* A token file or one PEM file named by a kubeconfig. */
#define LIMIT_CREDENTIAL_BYTES (1 * MIB)

/* --- what this machine has --- */

/* A time zone's file; the database's largest has 4 KiB. And the zones kept in memory at 4 KiB each:
 * more than the database has with its posix/ and right/, so that no cluster's objects use them up. */
#define LIMIT_ZONE_BYTES (16 * KIB)
#define LIMIT_ZONES      4096

/* --- what the tree shows --- */

/* One rendered file. */
#define LIMIT_RENDERED_BYTES (16 * MIB)
/* One line of events.jsonl. */
#define LIMIT_EVENT_BYTES (8 * KIB)

/* --- the process itself --- */

/* One log line, all fields: what a pipe takes without mixing it with another thread's. */
#define LIMIT_LOG_LINE_BYTES  4096
/* One value of a log line; what is longer is cut with an ellipsis. */
#define LIMIT_LOG_VALUE_BYTES 1024
/* Lines of one call site in one window of LIMIT_LOG_WINDOW_MS; the rest is counted and told with
 * the next line. */
#define LIMIT_LOG_BURST     20
#define LIMIT_LOG_WINDOW_MS 10000
/* The log file; one more of that size is kept beside it. */
#define LIMIT_LOG_FILE_BYTES (8 * MIB)
/* Elements of a string vector. */
#define LIMIT_STRV_ITEMS 1000000
/* Text buffers without a closer limit: messages, paths, small renderings. */
#define LIMIT_TEXT_BYTES (1 * MIB)

/* --- deadlines --- */

/* Connect to an API server, TLS included. */
#define LIMIT_CONNECT_MS 10000
/* One API request that is not a watch, from its start to its last byte. */
#define LIMIT_REQUEST_MS 30000
/* A watch is closed by the server before this; without a byte for LIMIT_WATCH_IDLE_MS (bookmarks
 * come each minute) it is dead. */
#define LIMIT_WATCH_MS      600000
#define LIMIT_WATCH_IDLE_MS 150000
/* An exec credential plugin, from spawn to exit: somebody may have to answer in a browser. */
#define LIMIT_EXEC_MS 60000
/* Exec plugins that run at a time; the others wait for their turn. */
#define LIMIT_EXEC_PARALLEL 8
/* A plugin that failed is not run again before this, and a cluster that answers 401 to a fresh
 * credential does not get the next one before this. */
#define LIMIT_EXEC_RETRY_MS     10000
#define LIMIT_REJECTED_RETRY_MS 30000
/* A credential that expires within this is renewed first: the request must still arrive. */
#define LIMIT_CREDENTIAL_SKEW_S 10
/* Token, certificate and key files: looked at for changes, and read again in any case. */
#define LIMIT_CREDENTIAL_LOOK_MS 1000
#define LIMIT_CREDENTIAL_READ_MS 60000
/* Configuration files: quiet time after a change, the longest wait in a storm of changes, and the
 * look for changes that nobody reports. */
#define LIMIT_CONFIG_DEBOUNCE_MS 200
#define LIMIT_CONFIG_STORM_MS    2000
#define LIMIT_CONFIG_POLL_MS     30000
/* The engine's answer to a FUSE request that does not wait for a network. */
#define LIMIT_ENGINE_ANSWER_MS 5000

/* --- the engine's loop and its connections --- */

/* Calls posted by other threads that the loop has not run yet. */
#define LIMIT_LOOP_POSTS 100000
/* A difference of two clocks below this is no suspend and no step. */
#define LIMIT_CLOCK_SLACK_MS 1000
/* A server's clock counts as ours below this: its Date may be that old when it arrives. */
#define LIMIT_SERVER_CLOCK_S 60
/* Nesting of JSON: custom resource definitions, the deepest documents we meet, stay below 60. */
#define LIMIT_JSON_DEPTH 256
/* Rows of one record table: a set of them is one word. */
#define LIMIT_RECORD_FIELDS 64
/* Requests at work at a time, in total and for one host; handshakes are CPU-bound, so more only
 * adds latency and memory. */
#define LIMIT_HTTP_IN_FLIGHT      64
#define LIMIT_HTTP_HOST_IN_FLIGHT 16
/* Requests that wait for their turn. */
#define LIMIT_HTTP_QUEUED 100000
/* Idle connections kept for reuse; each costs a descriptor and 70 KiB. */
#define LIMIT_HTTP_CONNECTIONS 4096
/* Receive buffer of a stream and of another request; below 4 KiB HTTP/2 stalls. */
#define LIMIT_HTTP_STREAM_BUFFER (4 * KIB)
#define LIMIT_HTTP_BUFFER        (16 * KIB)
/* A host that is gone is noticed by keepalive: 10 s of silence, then 4 probes 5 s apart. */
#define LIMIT_HTTP_DEAD_PEER_MS    30000
#define LIMIT_HTTP_KEEPALIVE_S     10
#define LIMIT_HTTP_KEEPALIVE_GAP_S 5
#define LIMIT_HTTP_KEEPALIVE_COUNT 4
/* What a Retry-After may make us wait. */
#define LIMIT_RETRY_AFTER_MS 60000
/* One call of the Kubernetes client with all its attempts; attempts; the first and the longest
 * pause between them. */
#define LIMIT_CALL_MS          60000
#define LIMIT_CALL_ATTEMPTS    6
#define LIMIT_CALL_PAUSE_MS    200
#define LIMIT_CALL_PAUSE_MAX_MS 10000
/* Silence of a server with open watches before it is asked for a sign of life, and the wait for it. */
#define LIMIT_KUBE_SILENCE_MS 20000
#define LIMIT_KUBE_PROBE_MS   10000
/* Volumes of a run's part that are shown; what is looked at on one cluster beside its watches (ops/looks.h). */
#define LIMIT_TASK_VOLUMES 512
#define LIMIT_MEMBER_LOOKS 16

/* A failing reflector: first and longest pause; and how often a missing resource is looked for. */
#define LIMIT_REFLECTOR_PAUSE_MIN_MS 500
#define LIMIT_REFLECTOR_PAUSE_MS     30000
#define LIMIT_REFLECTOR_ABSENT_MS    60000
/* Everything is listed again after this at the latest: an event that was lost on its way is never
 * made up for by a watch, whose bookmarks lead past it. */
#define LIMIT_REFLECTOR_RELIST_MS (30 * 60 * 1000)

/* --- what the engine keeps --- */

/* Runs of one object that the store knows; older ones show as long as their backups exist. */
#define LIMIT_RUNS_KEPT 50
/* events.jsonl before its older half is dropped. */
#define LIMIT_EVENT_LOG_BYTES (8 * MIB)
/* A run that is farther in the future than this is of a clock that is wrong: ours go by no such time. */
#define LIMIT_CLOCK_AHEAD_S 600
/* A Backup or Restore that Velero has not looked at for so long is told. */
#define LIMIT_VELERO_IGNORES_S 120
/* An expected end that is farther away than this is none. */
#define LIMIT_ETA_S (30 * 86400)
/* Policies of a fleet that may run in one minute without a warning. */
#define LIMIT_SCHEDULES_AT_ONCE 20
/* Storing what changed, before the engine turns to what was asked of it meanwhile. */
#define LIMIT_STORE_ROUND_MS 500
/* How often the engine looks for deadlines and pauses that are over, while tasks are open. */
#define LIMIT_ENGINE_TICK_MS 500
/* A fleet whose records could not be read is tried again after this. */
#define LIMIT_FLEET_RETRY_MS 5000

/* --- the mount --- */

/* Changes that the kernel was not told of yet; beyond that, everything it has is looked at instead. */
#define LIMIT_NOTIFY_QUEUED 65536
/* Threads that answer requests. None of them ever waits, so a few do. */
#define LIMIT_FUSE_WORKERS 4
/* The mount table of the system. */
#define LIMIT_MOUNTINFO_BYTES (16 * MIB)
