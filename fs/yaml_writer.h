/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* yaml_writer: a JSON document as block-style YAML, in the order of its keys, strings quoted wherever a reader of YAML 1.1
   or 1.2 would take them for something else. */
#include <jansson.h>

#include "base/buf.h"

/* Returns the buffer's error. */
int yaml_write(struct buf *out, const json_t *doc);
