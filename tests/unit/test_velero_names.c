/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/timefmt.h"
#include "velero/names.h"
#include "velero/spec.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define WHO(p, s, c)                                                                               \
        {                                                                                          \
                .store = "0123456789abcdef", .fleet = "prod", .kind = "backup", .policy = (p),     \
                .sub = (s), .cluster = (c), .cluster_uid = "7d5b-1"                                \
        }

static const struct named {
        const char *name;
        struct velero_identity id;
        const char *base; /* without the hash */
} names[] = {
        { "policy and cluster", WHO("nightly", NULL, "eu-1"), "nightly-eu-1" },
        { "a part", WHO("nightly", "gold", "eu-1"), "nightly-gold-eu-1" },
        { "an empty part", WHO("nightly", "", "eu-1"), "nightly-eu-1" },
        { "cut to 41", WHO(A50, NULL, "eu-1"), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "cut at a dash", WHO("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, "eu-1"),
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "cut at a dot", WHO("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", NULL, "eu-1"),
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "dots stay", WHO("shop.daily", NULL, "eu.west"), "shop.daily-eu.west" },
        { "a run in the stem", WHO("nightly@latest", NULL, "eu-1"), "nightly-latest-eu-1" },
        { "a part with other letters", WHO("p", "Gold_1", "eu-1"), "p-gold-1-eu-1" },
        { "a part that begins with a dot", WHO("p", ".x", "eu-1"), "p--x-eu-1" },
        { "a part that is all dots", WHO("p", "...", "c"), "p-----c" },
};

static void names_objects(void **state)
{
        const struct named *row = test_row(state);
        char base[VELERO_NAME_BASE_MAX + 1], run[VELERO_NAME_RUN_MAX + 1];
        size_t n = strlen(row->base);

        velero_name_base(&row->id, base);
        if (strncmp(base, row->base, n) != 0 || base[n] != '-' || strlen(base) != n + 7)
                fail_msg("%s", base);
        assert_int_equal(strspn(base + n + 1, "0123456789abcdef"), 6);
        assert_true(velero_is_dns_subdomain(base, 253));
        assert_true(velero_is_label_value(base));
        velero_name_run(&row->id, 1788228003, run);
        assert_true(strncmp(run, base, n + 7) == 0);
        assert_string_equal(run + n + 7, "-20260901020003");
        assert_true(velero_is_dns_subdomain(run, 63));
}

/* sha256 of "0123456789abcdef\0backup\0nightly\0\0" "7d5b-1\0": the hash never changes again. */
static void keeps_the_hash(void **state)
{
        const struct velero_identity id = WHO("nightly", NULL, "eu-1");
        char base[VELERO_NAME_BASE_MAX + 1];

        (void)state;
        velero_name_base(&id, base);
        assert_string_equal(base, "nightly-eu-1-4a308e");
}

/* Kurator's names ran together: a-b with c was a with b-c. */
static void tells_identities_apart(void **state)
{
        static const struct velero_identity ids[] = {
                WHO("a-b", NULL, "c"),
                WHO("a", NULL, "b-c"),
                WHO("a", "b", "c"),
                { "0123456789abcdef", "prod", "restore", "a", "b", "c", "7d5b-1" },
                { "0123456789abcdee", "prod", "backup", "a", "b", "c", "7d5b-1" },
                { "0123456789abcdef", "prod", "backup", "a", "b", "c", "7d5b-2" },
        };
        char names_seen[ARRAY_SIZE(ids)][VELERO_NAME_BASE_MAX + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                velero_name_base(&ids[i], names_seen[i]);
                assert_true(strncmp(names_seen[i], "a-b-c-", 6) == 0);
                for (size_t k = 0; k < i; k++)
                        assert_string_not_equal(names_seen[i], names_seen[k]);
        }
}

/* A cluster's folder may be renamed; its UID is what it is. */
static void folder_is_not_hashed(void **state)
{
        const struct velero_identity a = WHO("p", NULL, "eu-1"), b = WHO("p", NULL, "us-1");
        char one[VELERO_NAME_BASE_MAX + 1], other[VELERO_NAME_BASE_MAX + 1];

        (void)state;
        velero_name_base(&a, one);
        velero_name_base(&b, other);
        assert_string_equal(one + strlen(one) - 6, other + strlen(other) - 6);
}

static const struct label {
        const char *name;
        const char *text, *value, *safe;
} labels[] = {
        { "short", "nightly", "nightly", "nightly" },
        { "63", A50 "0123456789012", A50 "0123456789012", A50 "0123456789012" },
        /* The end is the beginning of `printf %s NAME | sha256sum`. */
        { "64", A50 "01234567890123", A50 "0123456ab5259", A50 "0123456ab5259" },
        { "an at sign", "nightly@latest", "nightly@latest", "nightly-latest" },
        { "bad ends", "-_x_-", "-_x_-", "x" },
        { "nothing left", "@@", "@@", "" },
        { "empty", "", "", "" },
};

static void makes_label_values(void **state)
{
        const struct label *row = test_row(state);
        char value[64], safe[64];

        velero_label_value(row->text, value);
        assert_string_equal(value, row->value);
        velero_label_safe(row->text, safe);
        assert_string_equal(safe, row->safe);
        assert_true(velero_is_label_value(safe));
}

static void assert_meta(const struct velero_meta *meta, const char *expected)
{
        struct err err = ERR_INIT;
        json_t *json = NULL;
        char *text;

        assert_ok(velero_meta_json(meta, &json, &err), &err);
        text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
        assert_text(text, expected);
        free(text);
        json_decref(json);
}

static void writes_metadata(void **state)
{
        const struct velero_identity id = WHO("nightly", "gold", "eu-1");
        json_t *extra = json_pack("{s:{s:s,s:s,s:s,s:s}, s:{s:s,s:s,s:s}}", "labels", "team", "shop",
                "fleetfs.dev/owner", "evil", "kurator.dev/fleet", "x", "velero.io/schedule-name", "y",
                "annotations", "velero.io/resource-timeout", "1m", "fleetfs.dev/cron", "evil",
                "kubectl.kubernetes.io/last-applied-configuration", "{}");
        const struct velero_meta full = {
                .id = &id,
                .name = "n",
                .run = 1788228003,
                .spec_sha256 = "abc",
                .cron = "@daily",
                .policy = "a: b\n# c",
                .policy_len = 5,
                .extra = extra,
        };
        const struct velero_identity bare_id = WHO("undo@latest", NULL, "eu-1");
        const struct velero_meta bare = { .id = &bare_id, .name = "n" };

        (void)state;
        assert_meta(&full,
                "{\"annotations\":{\"fleetfs.dev/cron\":\"@daily\",\"fleetfs.dev/policy\":\"a: b\\n\","
                "\"fleetfs.dev/spec-sha256\":\"abc\",\"fleetfs.dev/sub-policy\":\"gold\","
                "\"velero.io/resource-timeout\":\"1m\"},\"labels\":{"
                "\"fleetfs.dev/cluster-uid\":\"7d5b-1\",\"fleetfs.dev/fleet\":\"prod\","
                "\"fleetfs.dev/kind\":\"backup\",\"fleetfs.dev/name\":\"nightly\","
                "\"fleetfs.dev/owner\":\"0123456789abcdef\","
                "\"fleetfs.dev/run\":\"20260901-020003Z\",\"team\":\"shop\"},\"name\":\"n\"}");
        assert_meta(&bare,
                "{\"annotations\":{},\"labels\":{\"fleetfs.dev/cluster-uid\":\"7d5b-1\","
                "\"fleetfs.dev/fleet\":\"prod\",\"fleetfs.dev/kind\":\"backup\","
                "\"fleetfs.dev/name\":\"undo-latest\",\"fleetfs.dev/owner\":\"0123456789abcdef\"},"
                "\"name\":\"n\"}");
        json_decref(extra);
}

static void refuses_a_policy_that_is_no_text(void **state)
{
        const struct velero_identity id = WHO("nightly", NULL, "eu-1");
        const struct velero_meta meta = { .id = &id, .name = "n", .policy = "\xff", .policy_len = 1 };
        struct err err = ERR_INIT;
        json_t *json = NULL;

        (void)state;
        assert_int_equal(velero_meta_json(&meta, &json, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the policy of n is not UTF-8");
        assert_null(json);
}

static void hashes_specs(void **state)
{
        json_t *a = json_pack("{s:s, s:[i,i]}", "ttl", "1h", "list", 1, 2);
        json_t *b = json_pack("{s:[i,i], s:s}", "list", 1, 2, "ttl", "1h");
        json_t *c = json_pack("{s:[i,i], s:s}", "list", 2, 1, "ttl", "1h");
        char one[VELERO_SHA256_HEX + 1], other[VELERO_SHA256_HEX + 1];

        (void)state;
        assert_int_equal(velero_spec_sha256(a, one), 0);
        assert_int_equal(velero_spec_sha256(b, other), 0);
        /* printf '{"list":[1,2],"ttl":"1h"}' | sha256sum */
        assert_string_equal(one, "8661afb19126d85a99adadf903b718ca8aaa2edd80cf4ac17851c9e1965c8611");
        assert_string_equal(one, other);
        assert_int_equal(velero_spec_sha256(c, other), 0);
        assert_string_not_equal(one, other);
        json_decref(a);
        json_decref(b);
        json_decref(c);
}

int main(void)
{
        TEST_ROWS(names_objects, names);
        TEST(keeps_the_hash);
        TEST(tells_identities_apart);
        TEST(folder_is_not_hashed);
        TEST_ROWS(makes_label_values, labels);
        TEST(writes_metadata);
        TEST(refuses_a_policy_that_is_no_text);
        TEST(hashes_specs);
        return test_run("velero_names");
}
