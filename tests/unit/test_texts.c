/* SPDX-License-Identifier: Apache-2.0 */
/* README files and templates: that what they tell people to copy is accepted. */
#include "fs/texts.h"

#include "tests/unit/show_fixture.h"

static const char *const clusters[] = { "eu-1", "us-1" };

static const char *label_of(void *userdata, const char *cluster, const char *key)
{
        (void)userdata;
        (void)cluster;
        return strcmp(key, "tier") == 0 ? "gold" : NULL;
}

static const struct template_row {
        const char *name;
        enum policy_kind kind;
        bool links;
        const char *stem;
        int options;
} templates[] = {
        { "backup-cluster.yaml", POLICY_BACKUP, false, "all-of-it", 0 },
        { "backup-namespace.yaml", POLICY_BACKUP, false, "my-shop", 4 },
        { "backup-policies.yaml", POLICY_BACKUP, false, "my-parts", 1 },
        { "backup-schedule.yaml", POLICY_BACKUP, false, "my-nightly", 1 },
        { "backup-storage.yaml", POLICY_BACKUP, false, "my-archive", 0 },
        { "backup-velero.yaml", POLICY_BACKUP, false, "my-shop", 0 },
        { "restore-namespace.yaml", POLICY_RESTORE, false, "undo-2", 2 },
        { "migration.yaml", POLICY_MIGRATION, false, "move-2", 1 },
        { "migration-policy.yaml", POLICY_MIGRATION, true, "m1", 1 },
};

static void accept(const struct template_row *row, const char *text)
{
        const struct policy_env env = { .fleet = "prod", .clusters = clusters, .n_clusters = ARRAY_SIZE(clusters),
                .label = label_of, .final_newline = true, .links = row->links };
        struct err err = ERR_INIT;
        struct policy *p = NULL;

        if (policy_parse(row->kind, row->stem, text, strlen(text), &env, &p, &err) < 0)
                fail_msg("%s:%d:%d: %s\n%s", row->name, err.line, err.column, err.msg, text);
        if (p->n_warnings > 0)
                fail_msg("%s: %s", row->name, p->warnings[0]);
        policy_free(p);
}

static const char *template_text(const char *name)
{
        for (size_t i = 0; i < text_n_templates; i++)
                if (strcmp(text_templates[i].name, name) == 0)
                        return text_templates[i].text;
        fail_msg("there is no template %s", name);
        return NULL;
}

static void is_accepted(void **state)
{
        const struct template_row *row = test_row(state);

        accept(row, template_text(row->name));
}

/* "  # key: value": what is commented out begins in lower case, an explanation does not. */
static bool is_option(const char *line)
{
        line += strspn(line, " ");
        return line[0] == '#' && line[1] == ' ' && line[2] >= 'a' && line[2] <= 'z';
}

/* Each option, taken alone, holds. */
static void each_option_is_accepted(void **state)
{
        const struct template_row *row = test_row(state);
        const char *text = template_text(row->name);
        int options = 0;

        for (const char *option = text; *option != '\0'; option += strcspn(option, "\n") + 1) {
                struct buf out = BUF_INIT(LIMIT_TEXT_BYTES);
                size_t indent = strspn(option, " ");

                if (!is_option(option))
                        continue;
                buf_append(&out, text, (size_t)(option - text) + indent);
                buf_puts(&out, option + indent + 2);
                accept(row, out.data);
                buf_done(&out);
                options++;
        }
        assert_int_equal(options, row->options);
}

static void every_template_is_tested(void **state)
{
        (void)state;
        assert_int_equal(text_n_templates, ARRAY_SIZE(templates));
}

static const enum folder_kind folders[] = { FOLDER_NONE, FOLDER_BACKUPS, FOLDER_RESTORES, FOLDER_MIGRATIONS,
        FOLDER_MIGRATION, FOLDER_TARGETS };

/* Every template that a README names exists. */
static void readmes_name_what_is_there(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                const struct subject s = { .folder = folders[i] };
                struct buf out = BUF_INIT(LIMIT_TEXT_BYTES);

                assert_int_equal(text_readme(&s, &out), 0);
                assert_true(out.len > 100);
                for (const char *p = out.data; (p = strstr(p, "templates/")) != NULL;) {
                        char name[128];

                        p += strlen("templates/");
                        snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, " ,\n"), p);
                        if (name[0] != '\0')
                                (void)template_text(name);
                }
                buf_done(&out);
        }
}

int main(void)
{
        TEST_ROWS(is_accepted, templates);
        TEST_ROWS(each_option_is_accepted, templates);
        TEST(every_template_is_tested);
        TEST(readmes_name_what_is_there);
        return test_run("texts");
}
