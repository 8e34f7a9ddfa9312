/* SPDX-License-Identifier: Apache-2.0 */
/* Another store's label on what is ours: by `adopt` of another mount, by a hand, by a restore. */
#include "tests/unit/schedule_fixture.h"

#include <errno.h>

#define THEIRS "feedfeedfeedfeed"

/* The label of all objects of that resource that say this policy. */
static void relabel(struct ops_fixture *f, const char *cluster, const char *resource, const char *owner)
{
        char words[64];
        json_t *list, *item;
        size_t i;

        snprintf(words, sizeof(words), "objects %s", resource);
        list = ops_ask(f, cluster, words);
        json_array_foreach (list, i, item) {
                json_t *labels = json_object_get(json_object_get(item, "metadata"), "labels");

                if (json_object_get(labels, "fleetfs.dev/owner") == NULL)
                        continue;
                json_object_set_new(labels, "fleetfs.dev/owner", json_string(owner));
                ops_put(f, cluster, json_incref(item));
        }
        json_decref(list);
}

static void in_force_everywhere(struct ops_fixture *f)
{
        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
}

static bool is_taken(struct ops_fixture *f, const char *cluster)
{
        const struct task *t = schedule_of(f, "n", cluster);

        return t != NULL && t->state == TASK_CONFLICT && strcmp(t->code, "FLT-0319") == 0;
}

static bool is_theirs(struct ops_fixture *f)
{
        const struct object *o = object_of(f, "n");

        return o != NULL && !o->own && strcmp(o->owner, THEIRS) == 0;
}

static void away(struct ops_fixture *f, const char *cluster)
{
        ops_ctl(f, cluster, "fault refuse");
        ops_until(f, !member_ready(ops_member(f, cluster)));
}

static void one_label_takes_one_cluster(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char text[256];

        in_force_everywhere(f);
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_until(f, is_taken(f, "eu-1"));
        assert_true(object_of(f, "n")->own);
        assert_int_equal(PHASE(f, "n"), PHASE_CONFLICT);
        assert_non_null(strstr(schedule_of(f, "n", "eu-1")->reason, "says that it is store " THEIRS "'s"));
        assert_int_equal(schedule_of(f, "n", "us-1")->state, TASK_POSTED);
        /* Edits and a restart, also while the others are away: nothing more is given up. */
        write_policy(f, "n", POLICY("7 7 * * *", "shop"));
        ops_until(f, schedule_of(f, "n", "us-1")->state == TASK_POSTED && schedule_of(f, "n", "us-1")->confirmed);
        text_of(f, "us-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "7 7 * * *");
        text_of(f, "eu-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "0 0 1 * *");
        away(f, "us-1");
        away(f, "ap-1");
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        ops_until(f, member_ready(ops_member(f, "eu-1")) && is_taken(f, "eu-1"));
        ops_until(f, ops_member(f, "us-1")->health == MEMBER_UNREACHABLE && ops_member(f, "ap-1")->health == MEMBER_UNREACHABLE);
        ops_run_for(f, 300);
        assert_true(object_of(f, "n")->own);
        /* The label is ours again: so is the cluster, which gets what it missed. */
        relabel(f, "eu-1", "schedules", f->engine->model.store_id);
        ops_until(f, schedule_of(f, "n", "eu-1")->state == TASK_POSTED && schedule_of(f, "n", "eu-1")->confirmed);
        text_of(f, "eu-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "7 7 * * *");
}

static void adopt_takes_a_cluster_back(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        in_force_everywhere(f);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), -EINVAL);
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        relabel(f, "eu-1", "backups", THEIRS);
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_until(f, is_taken(f, "eu-1"));
        assert_int_equal(object_of(f, "n")->n_runs, 1);
        /* Its data is not deleted by who does not have it. */
        ops_until(f, strcmp(velero_owner(task_velero(object_of(f, "n")->runs[0]->tasks[0])), THEIRS) == 0);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), -EPERM);
        assert_string_equal(err.id, "FLT-0252");
        err_clear(&err);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), &err);
        ops_until(f, in_force(f, "n") && object_of(f, "n")->adopted_from[0] == '\0');
        assert_int_equal(ops_held(f, "eu-1", "schedules", "fleetfs.dev/owner", f->engine->model.store_id), 1);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id), 1);
        ops_until(f, PHASE(f, "n") != PHASE_CONFLICT);
        assert_int_equal(ops_requests(f, "us-1", "PATCH", "schedules"), 0);
}

/* As `adopt` of another mount does it: one cluster after the other. */
static void all_labels_take_the_policy(void **state)
{
        static const char *const clusters[] = { "eu-1", "us-1", "ap-1" };
        struct ops_fixture *f = ops_fixture(state);

        in_force_everywhere(f);
        for (size_t i = 0; i < ARRAY_SIZE(clusters); i++) {
                assert_true(object_of(f, "n")->own);
                relabel(f, clusters[i], "schedules", THEIRS);
                ops_until(f, is_taken(f, clusters[i]) || is_theirs(f));
        }
        assert_true(is_theirs(f));
        ops_until(f, PHASE(f, "n") != PHASE_CONFLICT);
        ops_run_for(f, 300);
        ops_restart(f);
        ops_until(f, ops_all_ready(f) && is_theirs(f));
}

static void a_cluster_that_is_away_keeps_nothing(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        in_force_everywhere(f);
        away(f, "us-1");
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_until(f, is_taken(f, "eu-1"));
        relabel(f, "ap-1", "schedules", THEIRS);
        ops_until(f, is_theirs(f));
        /* What it still has means the same policy. */
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, ops_all_ready(f));
        ops_run_for(f, 300);
        assert_true(is_theirs(f));
        assert_int_equal(HASH_COUNT(f->fleet->objects[OBJECT_BACKUP]), 1);
        assert_int_equal(ops_held(f, "us-1", "schedules", "", ""), 1);
}

static void what_was_taken_while_nobody_looked_is_theirs(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        in_force_everywhere(f);
        ops_until(f, ops_is_stored(f));
        ops_crash(f);
        relabel(f, "eu-1", "schedules", THEIRS);
        relabel(f, "ap-1", "schedules", THEIRS);
        ops_ctl(f, "us-1", "fault refuse");
        ops_open(f);
        ops_until(f, member_ready(ops_member(f, "eu-1")) && member_ready(ops_member(f, "ap-1")));
        ops_until(f, is_theirs(f));
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, ops_all_ready(f));
        assert_int_equal(HASH_COUNT(f->fleet->objects[OBJECT_BACKUP]), 1);
}

/* The same, and one cluster was not taken. */
static void what_was_taken_on_one_cluster_while_nobody_looked_is_that(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        in_force_everywhere(f);
        ops_until(f, ops_is_stored(f));
        ops_crash(f);
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_open(f);
        ops_until(f, ops_all_ready(f) && is_taken(f, "eu-1"));
        ops_run_for(f, 300);
        assert_true(object_of(f, "n")->own);
        assert_int_equal(schedule_of(f, "n", "us-1")->state, TASK_POSTED);
}

static void a_policy_that_is_made_once_goes_with_its_backups(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", OPS_BACKUP);
        ops_until(f, PHASE(f, "n") == PHASE_COMPLETED);
        relabel(f, "eu-1", "backups", THEIRS);
        ops_run_for(f, 500);
        assert_true(object_of(f, "n")->own);
        assert_int_equal(object_of(f, "n")->n_runs, 1);
        relabel(f, "us-1", "backups", THEIRS);
        relabel(f, "ap-1", "backups", THEIRS);
        ops_until(f, is_theirs(f));
        assert_int_equal(object_of(f, "n")->n_runs, 1);
        assert_int_equal(HASH_COUNT(f->fleet->objects[OBJECT_BACKUP]), 1);
}

/* Ours goes from the clusters that are ours; on the other one it goes on, and says whose it is. */
static void a_policy_that_is_removed_leaves_what_is_theirs(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "n", .ext = "yaml" };

        in_force_everywhere(f);
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_until(f, is_taken(f, "eu-1"));
        assert_ok(acting_unlink(f->engine, &file, 0, NULL), NULL);
        ops_until(f, ops_held(f, "us-1", "schedules", "", "") == 0 && ops_held(f, "ap-1", "schedules", "", "") == 0);
        ops_until(f, is_theirs(f));
        assert_int_equal(ops_held(f, "eu-1", "schedules", "", ""), 1);
        ops_run_for(f, 300);
        ops_restart(f);
        ops_until(f, ops_all_ready(f) && is_theirs(f));
        assert_int_equal(HASH_COUNT(f->fleet->objects[OBJECT_BACKUP]), 1);
}

/* What the other store makes before it has all of it shows under a name of its own, until it is one policy. */
static void what_its_new_owner_makes_meanwhile_is_merged(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        json_t *list, *backup, *meta;

        in_force_everywhere(f);
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        list = ops_ask(f, "eu-1", "objects backups");
        backup = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        meta = json_object_get(backup, "metadata");
        json_object_set_new(meta, "name", json_string("n-eu-1-abcdef-20260101000000"));
        json_object_del(meta, "uid");
        json_object_set_new(json_object_get(meta, "labels"), "fleetfs.dev/owner", json_string(THEIRS));
        json_object_set_new(json_object_get(meta, "labels"), "fleetfs.dev/run", json_string("20260101-000000Z"));
        json_object_del(json_object_get(meta, "labels"), "velero.io/schedule-name");
        ops_put(f, "eu-1", backup);
        relabel(f, "eu-1", "schedules", THEIRS);
        ops_until(f, is_taken(f, "eu-1") && object_of(f, "n.feedfe") != NULL);
        relabel(f, "us-1", "schedules", THEIRS);
        relabel(f, "ap-1", "schedules", THEIRS);
        ops_until(f, is_theirs(f) && object_of(f, "n.feedfe") == NULL);
        assert_int_equal(object_of(f, "n")->n_runs, 2);
}

/* A mount beside the one that writes the store: what that one adopts is this store's here, too, and stays so. */
static void what_the_writer_adopts_is_its_own_beside_it(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const char *clusters[] = { "eu-1", "us-1", "ap-1" };
        struct object *o;
        char id[STORE_ID_LEN + 1];

        in_force_everywhere(f);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        snprintf(id, sizeof(id), "%s", f->engine->model.store_id);
        ops_close(f);
        f->options.read_only = true;
        ops_open(f);
        ops_until(f, ops_all_ready(f) && object_of(f, "n") != NULL && object_of(f, "n")->standing != NULL &&
                             object_of(f, "n")->standing->n_tasks == 3);
        o = object_of(f, "n");
        assert_false(o->own);
        for (size_t i = 0; i < ARRAY_SIZE(clusters); i++)
                relabel(f, clusters[i], "schedules", id);
        ops_until(f, strcmp(o->owner, id) == 0);
        assert_true(o->own);
        ops_until(f, o->adopted_from[0] == '\0');
        assert_ptr_equal(object_of(f, "n"), o);
        assert_int_equal(HASH_COUNT(f->fleet->objects[OBJECT_BACKUP]), 1);
        assert_int_equal(o->standing->n_tasks, 3);
}

int main(void)
{
        TEST_WITH(what_the_writer_adopts_is_its_own_beside_it, ops_setup, ops_teardown);
        TEST_WITH(one_label_takes_one_cluster, ops_setup, ops_teardown);
        TEST_WITH(adopt_takes_a_cluster_back, ops_setup, ops_teardown);
        TEST_WITH(all_labels_take_the_policy, ops_setup, ops_teardown);
        TEST_WITH(a_cluster_that_is_away_keeps_nothing, ops_setup, ops_teardown);
        TEST_WITH(what_was_taken_while_nobody_looked_is_theirs, ops_setup, ops_teardown);
        TEST_WITH(what_was_taken_on_one_cluster_while_nobody_looked_is_that, ops_setup, ops_teardown);
        TEST_WITH(a_policy_that_is_made_once_goes_with_its_backups, ops_setup, ops_teardown);
        TEST_WITH(a_policy_that_is_removed_leaves_what_is_theirs, ops_setup, ops_teardown);
        TEST_WITH(what_its_new_owner_makes_meanwhile_is_merged, ops_setup, ops_teardown);
        return test_run("op_yield");
}
