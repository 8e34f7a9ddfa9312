/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The control socket: what tests tell the simulator, and ask it.
 *
 * A client sends one JSON document, {"args":[CLUSTER, VERB, …],"stdin":…}, shuts down its writing
 * side and reads {"ok":true,"result":…} or {"ok":false,"error":"…"}.
 */
#include "tests/sim/sim.h"

/* Dies where a simulator answers in that folder already. */
void control_claim(const char *dir);
/* Listens on DIR/control; dies where it cannot. */
void control_open(struct sim *sim);
void control_close(void);

/* The other side, `fleetfs-sim ctl DIR CLUSTER VERB ARGS…`: prints the result, if there is more to it
 * than that it was done; returns the exit code. */
int control_client(const char *dir, char **args, size_t n);

/* commands.c: carries out one command on a cluster. Returns the result (new reference), or NULL
 * with a sentence. */
json_t *command_run(struct sim *sim, struct cluster *c, char **args, size_t n, const json_t *input,
        struct str *why);
