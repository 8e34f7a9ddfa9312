/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * intern: texts that very many hold, each kept once for the whole process: a cluster's name in the tasks of all its
 * runs, a phase, the hash of a schedule's spec. A holder has one reference, and a pointer in place of an array.
 *
 * Equal texts have one address while somebody holds them. The empty text is static and costs nothing. A text lasts
 * until its last reference is given back.
 *
 * Any thread may call; that a text outlives its readers is for its holder to see to.
 */

/* A reference to the text, of any length; NULL without memory. intern_unref() gives it back, NULL allowed. */
const char *intern_ref(const char *text);
void intern_unref(const char *text);

/*
 * *to, a reference or NULL, becomes one to `text`, which may be *to itself or a part of it; NULL makes it NULL. Without
 * memory -ENOMEM, and *to stays.
 */
int intern_set(const char **to, const char *text);
