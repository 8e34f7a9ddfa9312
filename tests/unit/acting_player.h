/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* clang-format off */
/*
 * Plays what a tool was seen to do to the mount, as the verbs that fs/ makes of it:
 *
 *     create F           CREATE
 *     commit F W         FLUSH of the bytes "W\n"
 *     finish F [CODE]    RELEASE of the last commit
 *     empty F [CODE]     RELEASE of a created handle, nothing written
 *     emptied F [CODE]   the same after O_TRUNC
 *     poisoned F W       FLUSH after a WRITE that failed
 *     abandoned F W      a FLUSH that comes too late
 *     sync F W           FSYNC
 *     in F W             RENAME of a scratch file over F
 *     inraw F W          the same, and the engine's round does not end behind it
 *     back F W           RENAME of the file that left F over it
 *     away F             RENAME to a scratch name
 *     rm F               UNLINK
 *     rmerror STEM       UNLINK of STEM.error.txt
 *     touch F            SETATTR of times
 *     ctl STEM LINE      a line to ctl
 *     keep               another handle's turn; finishkept F: the RELEASE of the one before
 *     pass MS            time passes
 *     round              the engine's round ends
 *     crash              the daemon dies and starts again
 *     undo               the guard is armed
 *     full, space        the disk is full, is not
 *     busy               the operation is running now
 *
 * F may begin with a folder ("restores/x.yaml"), backups/ is understood; a '+' in it is a blank. A verb that is to fail has
 * "!ERRNO" behind it. Bytes are a word, to which a newline is added; "-" is nothing at all.
 */
/* clang-format on */
#include "tests/unit/acting_fixture.h"

struct player {
        const char *dir; /* the store's */
        uint64_t write, kept;
        struct err err;
};

/* Plays one step, which it changes, and fails the test unless that ends as it says. */
void play(struct player *p, char *step);
/*
 * The object `of` ("nightly", or with its folder) as one line: "starts draft-state in-force-bytes visible-file", where "-" is
 * none, and +undone, +synced, +pending, +removed and the code of the error file follow when they are there; "gone" when there
 * is no object.
 */
void play_describe(const char *of, char *ret, size_t size);

/* A clean fixture and a folder of the test's own. */
int play_setup(void **state);
int play_teardown(void **state);
