/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A fleet, a store in the test's folder and an engine whose effects are counted, for tests of
 * ops/acting. The engine's clock stands still and is moved by the test. Documents are words: one
 * that begins with "bad" is refused, an empty one is admitted for a restore whose stem has an '@'
 * and in a migration's folder.
 */
#include "tests/support/test.h"

#include "ops/acting.h"
#include "ops/engine.h"

struct fixture {
        struct engine *engine;
        struct fleet *fleet;
        unsigned starts, retires;
        bool busy; /* may_remove says so */
};

extern struct fixture fixture;

/* dir: where the store is. */
void fixture_open(const char *dir);
void fixture_close(void);
/* As a crash and a restart: nothing that is not stored survives. */
void fixture_crash(const char *dir);
/* The end of the engine's round: publishes and stores. */
void fixture_round(void);
/* Time passes, and what it brings happens. */
void fixture_pass(int64_t ms);
/* The next puts fail with this errno; 0: they work again. */
void fixture_fail_store(int error);
/* The next puts and deletes do their work, and fail with this errno when they sync the folder. */
void fixture_fail_sync(int error);
/* How often this event was told. */
unsigned fixture_events(const char *type);
