/* SPDX-License-Identifier: Apache-2.0 */
/* What the API says about who a cluster is. */
#include "tests/support/test.h"

#include <errno.h>

#include "ops/identity.h"

static const struct text_row {
        const char *name, *body, *want; /* want NULL: -EBADMSG */
} uids[] = {
        { "uid", "{\"metadata\":{\"uid\":\"4cb6\"}}", "4cb6" },
        { "no uid", "{\"metadata\":{}}", NULL },
        { "no metadata", "{}", NULL },
        { "uid is no string", "{\"metadata\":{\"uid\":7}}", NULL },
        { "uid too long", "{\"metadata\":{\"uid\":\"0123456789012345678901234567890123456789012345678901234567890123\"}}", NULL },
        { "no JSON", "<html>", NULL },
};

static void uid_of(void **state)
{
        const struct text_row *row = test_row(state);
        struct err err = ERR_INIT;
        char uid[UID_MAX] = "";
        int r = identity_of_namespace(row->body, strlen(row->body), uid, sizeof(uid), &err);

        assert_int_equal(r, row->want != NULL ? 0 : -EBADMSG);
        assert_string_equal(uid, row->want != NULL ? row->want : "");
}

static const struct text_row versions[] = {
        { "Velero's tag", "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"velero\",\"image\":\"velero/velero:v1.18.3\"}]}}}}",
                "v1.18.3" },
        { "a registry's port is no tag",
                "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"velero\",\"image\":\"r:5000/velero\"}]}}}}", NULL },
        { "a digest says nothing",
                "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"velero\",\"image\":\"v:1@sha256:0\"}]}}}}", NULL },
        { "another container's image is not Velero's",
                "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"istio\",\"image\":\"istio:1.2\"}]}}}}", NULL },
        { "behind a side car", "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"istio\",\"image\":\"istio:1.2\"},"
                "{\"name\":\"velero\",\"image\":\"velero:v1.17.0\"}]}}}}", "v1.17.0" },
        { "no Deployment", "{}", NULL },
};

static void velero_version_of(void **state)
{
        const struct text_row *row = test_row(state);
        char *got = identity_of_velero_version(row->body, strlen(row->body));

        assert_int_equal(got == NULL, row->want == NULL);
        if (got != NULL)
                assert_string_equal(got, row->want);
        free(got);
}

static const struct namespace_row {
        const char *name, *body, *configured, *want;
} namespaces[] = {
        { "the first by name", "{\"items\":[{\"metadata\":{\"namespace\":\"z\"}},{\"metadata\":{\"namespace\":\"b\"}}]}", NULL, "b" },
        { "the configured one", "{\"items\":[{\"metadata\":{\"namespace\":\"a\"}},{\"metadata\":{\"namespace\":\"b\"}}]}", "b", "b" },
        { "the configured one has none", "{\"items\":[{\"metadata\":{\"namespace\":\"a\"}}]}", "b", NULL },
        { "none at all", "{\"items\":[]}", NULL, NULL },
};

static void namespace_of(void **state)
{
        const struct namespace_row *row = test_row(state);
        struct err err = ERR_INIT;
        char *got = NULL;

        assert_ok(identity_of_velero_namespace(row->body, strlen(row->body), row->configured, &got, &err), &err);
        assert_int_equal(got == NULL, row->want == NULL);
        if (got != NULL)
                assert_string_equal(got, row->want);
        free(got);
}

int main(void)
{
        TEST_ROWS(uid_of, uids);
        TEST_ROWS(velero_version_of, versions);
        TEST_ROWS(namespace_of, namespaces);
        return test_run("identity");
}
