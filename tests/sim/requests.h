/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a cluster was asked: counts by verb, resource and code, and the latest requests of the
 * whole process one by one.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct cluster;
struct exchange;

struct request_count {
        const char *verb;     /* borrowed literals of the router */
        const char *method;   /* one of the literals that requests.c knows */
        const char *resource; /* borrowed from the type table, or a literal */
        int code;             /* 0: never answered */
        uint64_t n;
};

struct requests {
        struct request_count *v;
        size_t n;
        uint64_t total;
};

/* The method as a literal, which outlives the exchange; "OTHER" for an unknown one. */
const char *requests_method(const char *method);
/* Counts an exchange; its verb and resource are set and it is about to be answered with @code. */
void requests_count(struct cluster *c, const struct exchange *x, int code);
/* {"total":n,"counts":[{"method","verb","resource","code","count"}…]} */
json_t *requests_describe(const struct cluster *c);
/* The latest requests, oldest first: {"cluster","method","target","code"}; @c NULL: of all. */
json_t *requests_log(const struct cluster *c);
void requests_reset(struct cluster *c);
void requests_done(struct requests *r);
/* Forgets the log of a process that ends. */
void requests_log_done(void);
