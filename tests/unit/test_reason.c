/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <ctype.h>

#include "base/yaml.h"
#include "ops/kurator_schema.h"
#include "ops/reason.h"
#include "velero/spec.h"

static void check_words(const struct reason *r)
{
        const struct {
                const char *what, *text;
                size_t least;
        } words[] = { { "sentence", r->sentence, 11 }, { "remedy", r->remedy, 4 } };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                size_t len = strlen(words[i].text);

                if (len < words[i].least)
                        fail_msg("FLT-%04d: the %s \"%s\" says nothing", r->code, words[i].what,
                                words[i].text);
                if (words[i].text[len - 1] == '.')
                        fail_msg("FLT-%04d: the %s ends with a full stop", r->code, words[i].what);
        }
}

static void check_symbol(const struct reason *r)
{
        if (!isupper((unsigned char)r->symbol[0]))
                fail_msg("FLT-%04d: %s does not begin with a capital", r->code, r->symbol);
        for (const char *p = r->symbol; *p; p++)
                if (!isalnum((unsigned char)*p))
                        fail_msg("FLT-%04d: %s is not one word", r->code, r->symbol);
        if (reason_by_symbol(r->symbol) != r)
                fail_msg("FLT-%04d: %s is also FLT-%04d's", r->code, r->symbol,
                        reason_by_symbol(r->symbol)->code);
}

/* docs/errors.md is made from this table, and files of ten years ago name its codes. */
static void is_a_table(void **state)
{
        size_t n;
        const struct reason *table = reason_table(&n);

        (void)state;
        assert_true(n > 60);
        /* Order first: without it nothing is found. */
        for (size_t i = 1; i < n; i++)
                if (table[i].code <= table[i - 1].code)
                        fail_msg("FLT-%04d stands behind FLT-%04d", table[i].code, table[i - 1].code);
        for (size_t i = 0; i < n; i++) {
                const struct reason *r = &table[i];

                if (r->code < 101 || r->code > 499)
                        fail_msg("FLT-%04d is not between FLT-0101 and FLT-0499", r->code);
                if (r->errnum < 0 || (r->errnum != 0 && strcmp(errno_name(r->errnum), "E?") == 0))
                        fail_msg("FLT-%04d: %d is no errno", r->code, r->errnum);
                if (reason_find(r->code) != r)
                        fail_msg("FLT-%04d is not found", r->code);
                check_symbol(r);
                check_words(r);
        }
        assert_null(reason_find(0));
        assert_null(reason_find(9999));
        assert_null(reason_by_symbol("NoSuchReason"));
}

/* What other files write into err.id stands in the table, under the number that they mean. */
static const struct id {
        const char *name; /* the symbol */
        const char *id;
} ids[] = {
        { "Syntax", ERR_ID_SYNTAX },
        { "DuplicateKey", ERR_ID_DUPLICATE_KEY },
        { "UnknownField", ERR_ID_UNKNOWN_FIELD },
        { "WrongType", ERR_ID_WRONG_TYPE },
        { "MissingField", ERR_ID_MISSING_FIELD },
        { "BadAlias", ERR_ID_ALIAS },
        { "Encoding", ERR_ID_ENCODING },
        { "TooLarge", ERR_ID_TOO_LARGE },
        { "Empty", ERR_ID_EMPTY },
        { "SeveralDocuments", ERR_ID_DOCUMENTS },
        { "BadValue", ERR_ID_VALUE },
        { "TooDeep", ERR_ID_DEPTH },
        { "MixedFilters", ERR_ID_MIXED_FILTERS },
        { "BadFilterItem", ERR_ID_FILTER_ITEM },
        { "BadNamespace", ERR_ID_NAMESPACE },
        { "BadSelector", ERR_ID_SELECTOR },
        { "BadRestoreSource", ERR_ID_RESTORE_SOURCE },
        { "NotRestorable", ERR_ID_NOT_RESTORABLE },
        { "BadConfigMapReference", ERR_ID_CONFIGMAP_KIND },
        { "BadNamespaceMapping", ERR_ID_MAPPING },
        { "BadName", ERR_ID_BAD_NAME },
        { "WrongFolder", ERR_ID_WRONG_FOLDER },
        { "UnknownKind", ERR_ID_UNKNOWN_KIND },
        { "WrongFleet", ERR_ID_WRONG_FLEET },
        { "UnknownCluster", ERR_ID_UNKNOWN_CLUSTER },
        { "ClustersAndSelector", ERR_ID_CLUSTERS },
        { "InlineCredentials", ERR_ID_CREDENTIALS },
        { "DuplicateName", ERR_ID_DUPLICATE_NAME },
        { "CutOff", ERR_ID_CUT_OFF },
        { "NoTranslation", ERR_ID_NO_TRANSLATION },
        { "ObservedSpec", ERR_ID_OBSERVED_SPEC },
        { "BadReference", ERR_ID_REFERENCE },
        { "BadMigrationSource", ERR_ID_SOURCE },
        { "SourceIsTarget", ERR_ID_SOURCE_TARGET },
        { "LinksGiven", ERR_ID_LINKS },
        { "PolicyAndPolicies", ERR_ID_POLICIES },
};

static void has_the_id(void **state)
{
        const struct id *row = test_row(state);
        const struct reason *r = reason_find(atoi(row->id + strlen("FLT-")));

        if (r == NULL)
                fail_msg("%s of %s is not in the table", row->id, row->name);
        assert_string_equal(r->symbol, row->name);
}

int main(void)
{
        TEST(is_a_table);
        TEST_ROWS(has_the_id, ids);
        return test_run("reason");
}
