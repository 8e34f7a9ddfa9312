/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The engine directory: the files by which a test finds the fleet, whichever engine made it.
 *
 *   kubeconfig                   one context per cluster, certificates inline
 *   fleet.yaml                   the Fleet `prod` and its AttachedClusters, with labels
 *   ca.crt admin.crt admin.key   for requests as an administrator of every cluster
 *   clusters                     lines "NAME URL"
 *   env                          shell assignments: ENGINE=sim and what an installation needs
 *   pid                          of the simulator; control, its socket, is made by control.h
 */
#include "tests/sim/sim.h"

/* Writes all of them; dies where it cannot. */
void contract_write(const struct sim *sim);
/* Removes pid and control again; the other files stay for whoever looks at them afterwards. */
void contract_remove(const struct sim *sim);
