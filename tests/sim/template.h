/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Text with holes, for making many objects of one shape without building each as a tree.
 *
 * "@0@" … "@9@" are the holes.
 */
#include <stdbool.h>

#include "tests/sim/mem.h"

struct template;

struct template *template_new(const char *text, size_t n);
void template_free(struct template *t);
/* Appends the text with values[n] in the place of each @n@. */
void template_render(const struct template *t, const char *const *values, struct str *out);
