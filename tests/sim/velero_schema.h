/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What may be in an object of each of Velero's kinds; see validate.h for the notation. */

struct velero_schema {
        const char *kind;
        const char *fields;
};

/* Ends with a row of NULLs. */
extern const struct velero_schema velero_schemas[];
