/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396) on trees.
 */
#include <jansson.h>

#include "tests/sim/mem.h"

/* Changes *@doc in place (it may be replaced as a whole). */
void merge_patch(json_t **doc, const json_t *patch);

/*
 * Applies the operations one after the other to *@doc. Returns 0; -1 with a sentence in @why where
 * one cannot be carried out, -2 where a test failed or the patch itself is malformed. *@doc may be
 * half changed then: patch a copy.
 */
int json_patch(json_t **doc, const json_t *patch, struct str *why);
