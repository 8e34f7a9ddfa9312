/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/intern.h"
#include "tests/unit/no_memory.h"

static void equal_texts_have_one_address(void **state)
{
        char eu[] = "eu-1", same[] = "eu-1";
        const char *a = intern_ref(eu), *b = intern_ref(same), *c = intern_ref("eu-2");

        (void)state;
        assert_ptr_equal(a, b);
        assert_ptr_not_equal(a, c);
        assert_ptr_not_equal(a, eu);
        eu[0] = 'x';
        assert_string_equal(a, "eu-1");
        intern_unref(a);
        assert_string_equal(b, "eu-1");
        intern_unref(b);
        intern_unref(c);
        intern_unref(NULL);
}

static void the_empty_text_is_static(void **state)
{
        const char *a = intern_ref(""), *b = intern_ref("");

        (void)state;
        assert_ptr_equal(a, b);
        intern_unref(a);
        intern_unref(b);
        assert_string_equal(a, "");
}

static void set_changes_whose_reference_it_is(void **state)
{
        const char *p = NULL, *other = intern_ref("InProgress");

        (void)state;
        assert_int_equal(intern_set(&p, "New"), 0);
        assert_string_equal(p, "New");
        assert_int_equal(intern_set(&p, "InProgress"), 0);
        assert_ptr_equal(p, other);
        intern_unref(other);
        assert_string_equal(p, "InProgress");
        /* To itself, and to a part of it, which goes with it. */
        assert_int_equal(intern_set(&p, p), 0);
        assert_int_equal(intern_set(&p, p + 2), 0);
        assert_string_equal(p, "Progress");
        assert_int_equal(intern_set(&p, ""), 0);
        assert_string_equal(p, "");
        assert_int_equal(intern_set(&p, NULL), 0);
        assert_null(p);
        assert_int_equal(intern_set(&p, NULL), 0);
}

/* Whatever there is no memory for: the text, the table, the table's buckets. */
static void without_memory_there_is_no_reference(void **state)
{
        const char *p = NULL;
        int n = 0;

        (void)state;
        do {
                no_memory_after = n;
                p = intern_ref("us-east");
                no_memory_after = -1;
                assert_true(n++ < 10);
        } while (p == NULL);
        assert_true(n > 3);
        assert_string_equal(p, "us-east");
        no_memory_after = 0;
        assert_int_equal(intern_set(&p, "us-west"), -ENOMEM);
        no_memory_after = -1;
        assert_string_equal(p, "us-east");
        intern_unref(p);
}

enum { THREADS = 4, ROUNDS = 2000, TEXTS = 7 };

static void *hold_and_let_go(void *arg)
{
        const char *held[TEXTS] = { NULL };
        char text[16];

        for (unsigned i = 0; i < ROUNDS; i++) {
                unsigned k = i % TEXTS;

                snprintf(text, sizeof(text), "text-%u", i % (TEXTS + 2));
                if (intern_set(&held[k], text) < 0 || strcmp(held[k], text) != 0)
                        *(bool *)arg = false;
        }
        for (unsigned k = 0; k < TEXTS; k++)
                intern_unref(held[k]);
        return NULL;
}

static void threads_share_it(void **state)
{
        pthread_t threads[THREADS];
        bool good[THREADS];

        (void)state;
        for (int i = 0; i < THREADS; i++) {
                good[i] = true;
                assert_int_equal(pthread_create(&threads[i], NULL, hold_and_let_go, &good[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
                assert_int_equal(pthread_join(threads[i], NULL), 0);
                assert_true(good[i]);
        }
}

int main(void)
{
        TEST(without_memory_there_is_no_reference);
        TEST(equal_texts_have_one_address);
        TEST(the_empty_text_is_static);
        TEST(set_changes_whose_reference_it_is);
        TEST(threads_share_it);
        return test_run("intern");
}
