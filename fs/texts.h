/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* texts: README.txt of the folders, by the subject's folder, and the templates that are there to be copied. */
#include "fs/node.h"

int text_readme(const struct subject *s, struct buf *out);
int text_root_readme(const struct subject *s, struct buf *out);

struct text_template {
        const char *name, *text;
};
extern const struct text_template text_templates[];
extern const size_t text_n_templates;
