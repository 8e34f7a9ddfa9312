/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/acting_player.h"

#include <errno.h>

#include "ops/object.h"

static char *word(char **p)
{
        char *w = *p + strspn(*p, " ");
        size_t n = strcspn(w, " ");

        *p = w + n + (w[n] != '\0');
        w[n] = '\0';
        return w;
}

static void file_of(char *text, struct acting_file *f)
{
        static char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        char *slash = strchr(text, '/');

        *f = (struct acting_file){
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = stem, .ext = ext
        };
        if (slash != NULL) {
                *slash = '\0';
                f->kind = (enum object_kind)object_kind_from_folder(text);
                text = slash + 1;
        }
        for (char *p = text; *p != '\0'; p++)
                *p = *p == '+' ? ' ' : *p;
        if (!acting_name_split(text, stem, ext)) {
                snprintf(stem, sizeof(stem), "%s", text);
                strcpy(ext, "yaml");
        }
}

static size_t bytes_of(const char *text, char *bytes, size_t size)
{
        return strcmp(text, "-") == 0 ? 0 : (size_t)snprintf(bytes, size, "%s\n", text);
}

/* "a+b c.yaml" is one name: a '+' in a script is a blank. */
static int play_verb(struct player *p, const char *verb, char *rest)
{
        struct engine *e = fixture.engine;
        struct err *err = &p->err;
        struct acting_origin origin = { .fleet = "prod", .set = true };
        struct acting_file f;
        char bytes[64];
        char *name;
        size_t len;

        if (strcmp(verb, "pass") == 0)
                return fixture_pass(atoll(word(&rest))), 0;
        if (strcmp(verb, "crash") == 0)
                return fixture_crash(p->dir), 0;
        if (strcmp(verb, "round") == 0)
                return fixture_round(), 0;
        if (strcmp(verb, "undo") == 0)
                return acting_undo(e, 7), 0;
        if (strcmp(verb, "full") == 0 || strcmp(verb, "space") == 0)
                return fixture_fail_store(verb[0] == 'f' ? ENOSPC : 0), 0;
        if (strcmp(verb, "busy") == 0)
                return fixture.busy = true, 0;
        if (strcmp(verb, "keep") == 0)
                return p->kept = p->write, p->write = 0, 0;

        name = word(&rest);
        if (strncmp(name, "a+b", 3) == 0) {
                name[3] = ' ';
                word(&rest);
        }
        file_of(name, &f);
        if (strcmp(verb, "create") == 0)
                return acting_create(e, &f, err);
        if (strcmp(verb, "finish") == 0)
                return acting_finish(e, &f, p->write, atoi(word(&rest)), err);
        if (strcmp(verb, "finishkept") == 0)
                return acting_finish(e, &f, p->kept, 0, err);
        if (strcmp(verb, "empty") == 0 || strcmp(verb, "emptied") == 0)
                return acting_finish_empty(
                        e, &f, strcmp(verb, "emptied") == 0, atoi(word(&rest)), err);
        if (strcmp(verb, "away") == 0)
                return acting_rename_away(e, &f, 7, err);
        if (strcmp(verb, "rm") == 0)
                return acting_unlink(e, &f, 7, err);
        if (strcmp(verb, "rmerror") == 0)
                return acting_unlink_error(e, &f, 7, err);
        if (strcmp(verb, "touch") == 0)
                return acting_touch(e, &f, 1234567890LL * 1000000000, false, err);
        if (strcmp(verb, "touch-now") == 0)
                return acting_touch(e, &f, 1234567890LL * 1000000000, true, err);
        if (strcmp(verb, "ctl") == 0)
                return acting_ctl(e, "prod", f.kind, f.name, rest, strlen(rest), err);

        len = bytes_of(word(&rest), bytes, sizeof(bytes));
        if (strcmp(verb, "commit") == 0)
                return acting_commit(e, &f, bytes, len, 0, &p->write, err);
        if (strcmp(verb, "sync") == 0)
                return acting_sync(e, &f, bytes, len, err);
        if (strcmp(verb, "poisoned") == 0) {
                err_set(err, -EIO, "a write failed");
                err_id(err, "FLT-0254");
                return acting_refuse(e, &f, bytes, len, p->write, err);
        }
        if (strcmp(verb, "abandoned") == 0) {
                err_set(err, -ETIMEDOUT, "too late");
                err_id(err, "FLT-0258");
                acting_abandon(e, &f, bytes, len, p->write, err);
                p->write = 0;
                return err_clear(err), 0;
        }
        if (strcmp(verb, "in") == 0 || strcmp(verb, "inraw") == 0)
                return acting_rename_in(e, &f, NULL, bytes, len, 0, err);
        if (strcmp(verb, "back") == 0) {
                origin.kind = f.kind;
                snprintf(origin.name, sizeof(origin.name), "%s", f.name);
                return acting_rename_in(e, &f, &origin, bytes, len, 0, err);
        }
        fail_msg("\"%s\" is no verb of a script", verb);
        return 0;
}

void play(struct player *p, char *step)
{
        char expected[16] = "0", shown[128], *bang = strstr(step, " !"), *rest = step;
        const char *got, *verb;
        int r;

        snprintf(shown, sizeof(shown), "%s", step);
        if (bang != NULL) {
                snprintf(expected, sizeof(expected), "%s", bang + 2);
                *bang = '\0';
        }
        err_clear(&p->err);
        verb = word(&rest);
        r = play_verb(p, verb, rest);
        got = r < 0 ? errno_name(r) : "0";
        if (strcmp(got, expected) != 0)
                fail_msg("step \"%s\": %s %s", shown, got, p->err.msg);
        /* No refusal without a sentence. */
        assert_true(r == 0 || p->err.msg[0] != '\0');
        /* A crash right after a verb: what was not stored by the verb itself is lost. */
        if (strcmp(verb, "inraw") != 0 && fixture.engine != NULL)
                fixture_round();
}

void play_describe(const char *of, char *ret, size_t size)
{
        static const char *const states[] = { "none", "open", "accepted", "inert", "rejected",
                "interrupted" };
        char text[64], in_force[64] = "-", file[300] = "-";
        struct acting_file f;
        const struct document *d;
        const struct object *o;

        snprintf(text, sizeof(text), "%s", of);
        file_of(text, &f);
        o = fleet_object(fixture.fleet, f.kind, f.name);
        if (o == NULL) {
                snprintf(ret, size, "gone");
                return;
        }
        if (o->in_force.bytes != NULL && o->in_force.len > 0)
                snprintf(in_force, sizeof(in_force), "%.*s", (int)o->in_force.len - 1,
                        o->in_force.bytes);
        d = object_visible_document(o);
        if (d != NULL)
                snprintf(file, sizeof(file), "%s.%s", o->name, d->ext);
        snprintf(ret, size, "%u %s %s %s%s%s%s%s%s%s", fixture.starts, states[o->draft_state],
                in_force, file,
                o->refusal != NULL && strcmp(o->refusal->why.id, "FLT-0253") == 0 ? " +undone" : "",
                o->synced.bytes != NULL ? " +synced" : "",
                o->removal_at_ms != 0 ? " +pending" : "", o->removed ? " +removed" : "",
                o->draft_err.code != 0 ? " " : "", o->draft_err.code != 0 ? o->draft_err.id : "");
        assert_true((o->policy != NULL) == (o->in_force.bytes != NULL));
}

int play_setup(void **state)
{
        fixture = (struct fixture){ .engine = NULL };
        return test_dir_setup(state);
}

int play_teardown(void **state)
{
        fixture_close();
        return test_dir_teardown(state);
}
