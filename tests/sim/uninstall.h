/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A cluster without Velero, or without its definitions: the objects are really gone, so that they
 * can be installed anew, and are kept aside for who wants them back.
 */
#include "tests/sim/cluster.h"

struct stash;

/* Takes Velero out of the cluster; @crds_only leaves its namespace and what is not Velero's kind.
 */
void velero_uninstall(struct cluster *c, bool crds_only);
/* Puts back what was taken out and has not been made again meanwhile. */
void velero_reinstall(struct cluster *c);
void stash_free(struct stash *s);
