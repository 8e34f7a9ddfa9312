/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store.h"

#include <errno.h>
#include <string.h>

#include "ops/store_local.h"

int store_open(struct store **ret, const char *dir, bool read_only, struct err *err)
{
        return store_local_open(ret, dir, read_only, err);
}

void store_close(struct store *s)
{
        if (s != NULL)
                s->ops->close(s);
}

const char *store_id(const struct store *s)
{
        return s->id;
}

bool store_read_only(const struct store *s)
{
        return s->read_only;
}

const char *store_holder(const struct store *s)
{
        return s->holder;
}

static int store_writable(const struct store *s, struct err *err)
{
        if (!s->read_only)
                return 0;
        if (s->holder[0] == '\0')
                return err_set(err, -EROFS, "the store is open for reading only");
        err_set(err, -EROFS, "another fleetfs (%s) holds the store", s->holder);
        err_remedy(err, "write in its mount, or give this one a state directory of its own");
        return -EROFS;
}

int store_put(struct store *s, const struct store_key *key, const void *bytes, size_t len,
        struct err *err)
{
        int r = store_writable(s, err);

        s->unsure = false;
        if (r < 0)
                return r;
        if (len > STORE_RECORD_MAX)
                return err_set(err, -EFBIG, "store %s: %zu bytes are too many", key->name, len);
        return s->ops->put(s, key, bytes, len, err);
}

int store_get(struct store *s, const struct store_key *key, struct buf *out, struct err *err)
{
        return s->ops->get(s, key, out, err);
}

int store_delete(struct store *s, const struct store_key *key, struct err *err)
{
        int r = store_writable(s, err);

        s->unsure = false;
        return r < 0 ? r : s->ops->del(s, key, err);
}

bool store_is_unsure(const struct store *s)
{
        return s->unsure;
}

int store_set_aside(struct store *s, const struct store_key *key, char kept[static NAME_MAX + 1],
        struct err *err)
{
        int r = store_writable(s, err);

        return r < 0 ? r : s->ops->set_aside(s, key, kept, err);
}

int store_each(struct store *s, enum store_space space, const char *fleet, const char *folder,
        store_each_fn *fn, void *arg, struct err *err)
{
        return s->ops->each(s, space, fleet, folder, fn, arg, err);
}

int store_put_value(struct store *s, const char *key, const char *value, struct err *err)
{
        return store_put(s, &(struct store_key){ .space = STORE_VALUES, .name = key }, value,
                strlen(value), err);
}
