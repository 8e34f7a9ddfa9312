/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the product's tables say, as the parts of the documentation that are made of them:
 *
 *         tables errors-md     docs/errors.md
 *         tables errors        the same for fleetfs-tree(7)
 *         tables tree          every directory of the mount and its rows, for fleetfs-tree(7)
 *         tables templates     the files of templates/
 *         tables phases        the words of `phase`
 *         tables verbs         what each ctl understands, for fleetfs-tree(7)
 *         tables options       the command line, for fleetfs(1)
 *         tables mount-options what -o takes beside it, for fleetfs(1)
 *
 * tests/docs.sh puts them between the marks of the documents, or tells what is out of date there.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "fs/node.h"
#include "fs/texts.h"
#include "mountd/options.h"
#include "ops/op.h"
#include "ops/phase.h"
#include "ops/reason.h"

/* ---------------------------------------------------------------- mdoc(7) */

/* One line of text. A line that begins with a dot or an apostrophe would be a request. */
static void put_text(const char *s)
{
        if (*s == '.' || *s == '\'')
                fputs("\\&", stdout);
        for (; *s != '\0'; s++) {
                if (*s == '\\')
                        fputs("\\e", stdout);
                else if (*s == '-')
                        fputs("\\-", stdout);
                else
                        putchar(*s == '\n' ? ' ' : *s);
        }
}

static void put_line(const char *s)
{
        put_text(s);
        putchar('\n');
}

/* ---------------------------------------------------------------- reasons */

static const struct {
        int first;
        const char *title;
} groups[] = {
        { 100, "Clusters" },
        { 200, "Documents: policies, restores, migrations" },
        { 300, "Protection" },
        { 400, "Runs, restores, migrations" },
};

static const char *group_of(int code)
{
        for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
                if (groups[i].first == code / 100 * 100)
                        return groups[i].title;
        fprintf(stderr, "tables: no group for FLT-%04d\n", code);
        exit(1);
}

static void put_cell(const char *s)
{
        for (; *s != '\0'; s++)
                printf(*s == '|' || *s == '<' || *s == '*' || *s == '_' ? "\\%c" : "%c", *s);
}

static void print_errors_md(void)
{
        size_t n;
        const struct reason *r = reason_table(&n);

        fputs("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
              "<!-- Made by tests/docs.sh --update from ops/reason.c. -->\n"
              "# Error codes\n\n"
              "Every reason that fleetfs gives has a code, which never changes its meaning. It stands in `code`, `error.txt`,\n"
              "`<name>.error.txt`, `status.txt`, `status.json`, `events.jsonl` and the log. *errno* is what the system call fails with;\n"
              "without one nothing fails: it is a state or a caveat.\n",
                stdout);
        for (size_t i = 0; i < n; i++) {
                if (i == 0 || group_of(r[i].code) != group_of(r[i - 1].code))
                        printf("\n## %02dxx %s\n\n| code | name | errno | what it says | what to do |\n|---|---|---|---|---|\n",
                                r[i].code / 100, group_of(r[i].code));
                printf("| FLT-%04d | %s | %s | ", r[i].code, r[i].symbol,
                        r[i].errnum ? errno_name(r[i].errnum) : "");
                put_cell(r[i].sentence);
                fputs(" | ", stdout);
                put_cell(r[i].remedy);
                fputs(" |\n", stdout);
        }
}

static void print_errors(void)
{
        size_t n;
        const struct reason *r = reason_table(&n);

        for (size_t i = 0; i < n; i++) {
                if (i == 0 || group_of(r[i].code) != group_of(r[i - 1].code))
                        printf("%s.Ss %02dxx: %s\n.Bl -tag -width FLT-0000\n", i > 0 ? ".El\n" : "",
                                r[i].code / 100, group_of(r[i].code));
                printf(".It FLT\\-%04d %s", r[i].code, r[i].symbol);
                if (r[i].errnum)
                        printf(" Bq Er %s", errno_name(r[i].errnum));
                putchar('\n');
                put_text(r[i].sentence);
                fputs(".\n.br\n", stdout);
                put_text(r[i].remedy);
                fputs(".\n", stdout);
        }
        fputs(".El\n", stdout);
}

/* ---------------------------------------------------------------- the tree */

/* What stands for the children of a LIST, by the folder that it is in. */
static const struct {
        const char *folder, *child;
} placeholders[] = {
        { "", "FLEET" },
        { "clusters", "CLUSTER" },
        { "runs", "RUN" },
        { "storage", "LOCATION" },
        { "templates", "TEMPLATE" },
};

static const char *placeholder(const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *last = slash != NULL ? slash + 1 : path;

        for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
                if (strcmp(placeholders[i].folder, last) == 0)
                        return placeholders[i].child;
        return "NAME";
}

enum { PLACES_MAX = 64, PATH_SIZE = 256 };

/* A table and the paths where it stands. The same table may stand at several. */
static struct place {
        const struct node_table *table;
        char paths[8][PATH_SIZE];
        size_t n;
} places[PLACES_MAX];
static size_t n_places;

static void place_add(const struct node_table *table, const char *path);

/* NAME.error.txt: the list whose children are files, in a folder of the user's. */
static const char *list_suffix(const struct node_row *row, const struct node_row *child)
{
        return row->kind == NODE_LIST && child->kind == NODE_FILE && (child->flags & NODE_REMOVABLE)
                       ? ".error.txt"
                       : "";
}

static void place_children(const struct node_table *table, const char *path)
{
        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i],
                                      *dir = row->kind == NODE_LIST ? row->child : row;
                char below[PATH_SIZE];

                if (dir->kind != NODE_DIR)
                        continue;
                snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "",
                        dir->name != NULL ? dir->name : placeholder(path));
                place_add(dir->table, below);
        }
}

static void place_add(const struct node_table *table, const char *path)
{
        struct place *p = places;

        while (p < places + n_places && p->table != table)
                p++;
        if (p == places + n_places) {
                if (n_places == PLACES_MAX) {
                        fprintf(stderr, "tables: more than %d tables: raise PLACES_MAX\n",
                                PLACES_MAX);
                        exit(1);
                }
                n_places++;
                p->table = table;
        }
        if (p->n == ARRAY_SIZE(p->paths)) {
                fprintf(stderr, "tables: a table stands at more than %zu paths\n",
                        ARRAY_SIZE(p->paths));
                exit(1);
        }
        snprintf(p->paths[p->n++], PATH_SIZE, "%s", path);
        place_children(table, path);
}

static bool table_has(const struct node_table *t, const struct node_row *row)
{
        for (size_t i = 0; i < t->n; i++)
                if (row->name != NULL && t->rows[i].name != NULL &&
                        strcmp(t->rows[i].name, row->name) == 0 &&
                        strcmp(t->rows[i].help, row->help) == 0)
                        return true;
        return false;
}

/* The place told before whose rows are nearly all in this one too: most of the folder of a restore
 * is that of a backup. */
static const struct place *place_like(const struct place *p)
{
        for (const struct place *q = places; q < p; q++) {
                size_t common = 0, named = 0;

                for (size_t i = 0; i < q->table->n; i++) {
                        named += q->table->rows[i].name != NULL;
                        common += table_has(p->table, &q->table->rows[i]);
                }
                if (common >= 8 && common + 1 >= named)
                        return q;
        }
        return NULL;
}

static const char *row_mark(const struct node_row *row)
{
        switch (row->kind) {
        case NODE_DIR:
                return "/";
        case NODE_LINK:
                return "@";
        case NODE_FILE:
        case NODE_LIST:
        case NODE_USER:
        case NODE_CTL:
        case NODE_WAIT:
        case NODE_LOG:
                break;
        }
        return "";
}

static void print_row(const struct node_row *row, const char *path)
{
        const struct node_row *shape = row->kind == NODE_LIST ? row->child : row;

        if (row->kind == NODE_USER)
                return;
        fputs(".It Pa ", stdout);
        put_text(row->name != NULL ? row->name : placeholder(path));
        printf("%s%s\n", list_suffix(row, shape), row_mark(shape));
        put_text(row->help);
        if (row->shown != NULL)
                fputs("; only while it applies", stdout);
        if (row->flags & NODE_HIDDEN)
                fputs("; not listed", stdout);
        if (row->flags & NODE_RW_ONLY)
                fputs("; absent on a read\\-only mount", stdout);
        putchar('\n');
}

static void print_templates(void)
{
        for (size_t i = 0; i < text_n_templates; i++) {
                const char *comment = text_templates[i].text;

                fputs(".It Pa ", stdout);
                put_text(text_templates[i].name);
                putchar('\n');
                comment += strspn(comment, "# ");
                printf("%.*s\n", (int)strcspn(comment, "\n"), comment);
        }
}

static void print_place(const struct place *p)
{
        const struct place *like = place_like(p);
        bool writable = false;
        size_t rows = 0;

        printf(".Ss %s/\n", p->paths[0]);
        for (size_t i = 1; i < p->n; i++)
                printf("%s\n.Pa %s/%s", i == 1 ? "Also as" : " ,", p->paths[i],
                        i + 1 == p->n ? " .\n.br\n" : "");
        for (size_t i = 0; i < p->table->n; i++) {
                const struct node_row *row = &p->table->rows[i];

                writable = writable || row->kind == NODE_USER;
                rows += row->kind != NODE_USER && (like == NULL || !table_has(like->table, row));
        }
        if (writable)
                fputs("Writable.\n", stdout);
        if (like != NULL)
                printf("All that is in\n.Pa %s/ ,\nand:\n", like->paths[0]);
        if (rows == 0)
                return;
        fputs(".Bl -tag -width operations_attempted -compact\n", stdout);
        for (size_t i = 0; i < p->table->n; i++)
                if (like == NULL || !table_has(like->table, &p->table->rows[i]))
                        print_row(&p->table->rows[i], p->paths[0]);
        fputs(".El\n", stdout);
}

static void print_tree(void)
{
        place_add(&root_table, "");
        for (size_t i = 0; i < n_places; i++)
                print_place(&places[i]);
}

/* ---------------------------------------------------------------- phases, verbs, options */

static void print_phases(void)
{
        for (int p = 0; p < PHASE_MAX; p++) {
                printf(".It %s%s\n", phase_text((enum phase)p),
                        phase_is((enum phase)p, PHASE_IS_TERMINAL) ? " *" : "");
                put_line(phase_help((enum phase)p));
        }
}

static void print_verbs(void)
{
        for (int kind = 0; kind < OBJECT_KINDS; kind++) {
                printf(".It Pa %s/NAME/ctl\n.Bl -tag -width retry -compact\n",
                        object_kind_folder(kind));
                for (const struct op_verb *v = op_type_of(kind)->verbs; v->name != NULL; v++) {
                        printf(".It Ic %s", v->name);
                        if (v->args[0] != '\0')
                                printf(" Ar %s", v->args);
                        putchar('\n');
                        put_line(v->help);
                }
                fputs(".El\n", stdout);
        }
}

static void print_options(void)
{
        size_t n;
        const struct option_row *rows = options_table(&n);

        for (size_t i = 0; i < n; i++) {
                fputs(".It ", stdout);
                if (rows[i].letter)
                        printf("Fl %c , ", rows[i].letter);
                fputs("Fl \\-", stdout);
                put_text(rows[i].name);
                if (rows[i].value != NULL)
                        printf(" Ar %s", rows[i].value);
                putchar('\n');
                put_line(rows[i].help);
        }
}

static void print_mount_options(void)
{
        size_t n;
        const struct mount_option *table = options_mount_table(&n);

        for (size_t i = 0; i < n; i++) {
                fputs(".It Cm ", stdout);
                put_text(table[i].name);
                if (table[i].value != NULL)
                        printf(" Ns = Ns Ar %s", table[i].value);
                putchar('\n');
                put_line(table[i].help);
        }
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                void (*print)(void);
        } parts[] = {
                { "errors-md", print_errors_md },
                { "errors", print_errors },
                { "tree", print_tree },
                { "templates", print_templates },
                { "phases", print_phases },
                { "verbs", print_verbs },
                { "options", print_options },
                { "mount-options", print_mount_options },
        };

        for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(parts); i++)
                if (strcmp(argv[1], parts[i].name) == 0) {
                        parts[i].print();
                        return fflush(stdout) == 0 ? 0 : 1;
                }
        fputs("usage: tables errors-md|errors|tree|templates|phases|verbs|options|mount-options\n", stderr);
        return 2;
}
