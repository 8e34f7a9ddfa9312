/* SPDX-License-Identifier: Apache-2.0 */
/* The volumes that node-agents back up or restore for one cluster's part of a run. */
#include "fs/show_volumes.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/columns.h"
#include "velero/volume.h"

/* Rows of a status.txt; volumes.txt has them all. */
enum { VOLUMES_SHOWN = 20 };

static const char *volume_phase(const struct velero_volume *v)
{
        return v->phase_text[0] != '\0' ? v->phase_text : velero_phase_text(&velero_volume_phases, v->phase);
}

int64_t show_volumes_done(const struct task *t)
{
        int64_t sum = 0;

        for (size_t i = 0; i < t->n_seen_volumes; i++)
                sum += t->seen_volumes[i]->bytes_done;
        return sum;
}

int64_t show_volumes_total(const struct task *t)
{
        int64_t sum = 0;

        for (size_t i = 0; i < t->n_seen_volumes; i++)
                sum += t->seen_volumes[i]->bytes_total;
        return sum;
}

/* Of a volume without any byte that has ended well, all is there. */
static int volume_percent(const struct velero_volume *v)
{
        if (v->bytes_total <= 0)
                return v->phase == VELERO_VOLUME_COMPLETED ? 100 : 0;
        return v->bytes_done >= v->bytes_total ? 100 : (int)(v->bytes_done * 100 / v->bytes_total);
}

static void volumes_table(const struct task *t, size_t most, struct buf *out)
{
        static const char *const heads[] = { "VOLUME", "PHASE", "BYTES", "TOTAL", "%", "NODE", "STARTED", "MESSAGE" };
        _cleanup_(columns_done) struct columns table = COLUMNS_INIT(heads);
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < t->n_seen_volumes && i < most; i++) {
                const struct velero_volume *v = t->seen_volumes[i];

                buf_reset(&cell);
                buf_printf(&cell, "%s/%s/%s", v->ns, v->pod, v->volume);
                columns_cell(&table, cell.data);
                columns_cell(&table, volume_phase(v));
                columns_value(&table, value_int(v->bytes_done));
                columns_value(&table, value_int(v->bytes_total));
                columns_value(&table, value_int(volume_percent(v)));
                columns_cell(&table, v->node);
                columns_value(&table, value_time(v->started));
                columns_value(&table, value_text(v->message));
        }
        columns_put(&table, out);
        if (t->n_seen_volumes > most)
                buf_printf(out, "(%zu more: volumes.txt)\n", t->n_seen_volumes - most);
}

void show_volumes_line(const struct task *t, struct buf *out)
{
        int64_t done = show_volumes_done(t), total = show_volumes_total(t);
        size_t good = 0, bad = 0;
        char failed[40] = "";

        if (t->n_seen_volumes == 0)
                return;
        for (size_t i = 0; i < t->n_seen_volumes; i++) {
                good += t->seen_volumes[i]->phase == VELERO_VOLUME_COMPLETED;
                bad += velero_phase_is(&velero_volume_phases, t->seen_volumes[i]->phase, VELERO_PHASE_BAD);
        }
        if (bad > 0)
                snprintf(failed, sizeof(failed), ", %zu not", bad);
        show_linef(out, "volumes:", "%zu of %zu Completed%s; %lld of %lld bytes", good, t->n_seen_volumes, failed,
                (long long)done, (long long)total);
}

void show_volumes_rows(const struct task *t, struct buf *out)
{
        if (t->n_seen_volumes == 0)
                return;
        buf_putc(out, '\n');
        volumes_table(t, VOLUMES_SHOWN, out);
}

int show_volumes(const struct subject *s, struct buf *out)
{
        const struct task *t = s->task;

        show_volumes_line(t, out);
        if (t->n_seen_volumes >= LIMIT_TASK_VOLUMES)
                show_linef(out, "note:", "only the first %d volumes are shown", LIMIT_TASK_VOLUMES);
        if (t->n_seen_volumes > 0)
                buf_putc(out, '\n');
        volumes_table(t, t->n_seen_volumes, out);
        return out->error;
}

void show_volumes_json(struct json_writer *w, const char *key, const struct task *t)
{
        json_open(w, key, '[');
        for (size_t i = 0; i < t->n_seen_volumes; i++) {
                const struct velero_volume *v = t->seen_volumes[i];

                json_open(w, NULL, '{');
                json_int_member(w, "bytesDone", v->bytes_done);
                json_int_member(w, "bytesTotal", v->bytes_total);
                json_time_member(w, "completed", v->completed);
                json_string_member(w, "message", v->message);
                json_string_member(w, "namespace", v->ns);
                json_string_member(w, "node", v->node);
                json_string_member(w, "phase", volume_phase(v));
                json_string_member(w, "pod", v->pod);
                json_time_member(w, "started", v->started);
                json_string_member(w, "volume", v->volume);
                json_close(w);
        }
        json_close(w);
}
