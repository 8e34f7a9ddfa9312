/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *contract_path(const struct sim *sim, const char *name)
{
        return mem_printf("%s/%s", sim->options.dir, name);
}

static void contract_file(const struct sim *sim, const char *name, const char *bytes, size_t n)
{
        _cleanup_(freep) char *path = contract_path(sim, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd) < 0)
                die("%s: %s", path, strerror(errno));
}

static void add_base64(struct str *out, const char *text)
{
        size_t n = strlen(text);

        str_reserve(out, 4 * ((n + 2) / 3));
        out->len += (size_t)EVP_EncodeBlock(
                (unsigned char *)out->s + out->len, (const unsigned char *)text, (int)n);
}

static void add_user(const struct sim *sim, struct str *out)
{
        str_puts(out, "users:\n- name: admin\n  user:\n");
        if (strcmp(sim->options.auth, "token") == 0) {
                str_puts(out, "    token: fleetfs-sim-token\n");
        } else if (strcmp(sim->options.auth, "basic") == 0) {
                str_puts(out, "    username: admin\n    password: fleetfs-sim-password\n");
        } else {
                str_puts(out, "    client-certificate-data: ");
                add_base64(out, sim->pki.admin_pem);
                str_puts(out, "\n    client-key-data: ");
                add_base64(out, sim->pki.admin_key_pem);
                str_putc(out, '\n');
        }
}

static void write_kubeconfig(const struct sim *sim)
{
        struct str out = { 0 }, ca = { 0 };

        add_base64(&ca, sim->pki.ca_pem);
        str_puts(&out, "apiVersion: v1\nkind: Config\n");
        add_user(sim, &out);
        str_puts(&out, "clusters:\n");
        for (const struct cluster *c = sim->clusters; c; c = c->hh.next)
                str_printf(&out,
                        "- name: %s\n  cluster:\n    server: %s\n    "
                        "certificate-authority-data: %s\n",
                        c->name, c->url, ca.s);
        str_puts(&out, "contexts:\n");
        for (const struct cluster *c = sim->clusters; c; c = c->hh.next)
                str_printf(&out, "- name: %s\n  context: {cluster: %s, user: admin}\n", c->name,
                        c->name);
        str_printf(&out, "current-context: %s\n", sim->clusters ? sim->clusters->name : "\"\"");
        contract_file(sim, "kubeconfig", out.s, out.len);
        str_done(&out);
        str_done(&ca);
}

/* The first two are production; c4, c5, … are a lab. */
static void add_attached(const struct sim *sim, const struct cluster *c, struct str *out)
{
        bool production = strcmp(c->name, "eu-1") == 0 || strcmp(c->name, "us-1") == 0;
        bool named = production || strcmp(c->name, "ap-1") == 0;
        const char *tier = production ? "production" : "staging";

        str_printf(out,
                "---\napiVersion: cluster.kurator.dev/v1alpha1\nkind: "
                "AttachedCluster\nmetadata:\n  name: %s\n  labels:\n    region: %.*s\n"
                "    tier: %s\n    env: %s\nspec:\n  kubeconfig:\n    path: %s/kubeconfig\n    "
                "context: %s\n",
                c->name, named ? 2 : 3, named ? c->name : "lab", tier, production ? "prod" : "test",
                sim->options.dir, c->name);
}

/* The Fleet has no `plugin`: nothing is to be installed. */
static void write_fleet(const struct sim *sim)
{
        struct str out = { 0 };

        str_puts(&out, "apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: "
                       "prod\nspec:\n  clusters:\n");
        for (const struct cluster *c = sim->clusters; c; c = c->hh.next)
                str_printf(&out, "  - name: %s\n    kind: AttachedCluster\n", c->name);
        for (const struct cluster *c = sim->clusters; c; c = c->hh.next)
                add_attached(sim, c, &out);
        contract_file(sim, "fleet.yaml", out.s, out.len);
        str_done(&out);
}

static void write_clusters(const struct sim *sim)
{
        struct str out = { 0 };

        for (const struct cluster *c = sim->clusters; c; c = c->hh.next)
                str_printf(&out, "%s %s\n", c->name, c->url);
        contract_file(sim, "clusters", out.s ? out.s : "", out.len);
        str_done(&out);
}

static void write_env(const struct sim *sim)
{
        struct str out = { 0 };

        str_printf(&out,
                "ENGINE=sim\nS3_URL=http://127.0.0.1:%d\nS3_BUCKET=%s\n"
                "S3_ACCESS_KEY=%s\nS3_SECRET_KEY=%s\n",
                sim->store.port, BUCKET_NAME, BUCKET_ACCESS_KEY, BUCKET_SECRET_KEY);
        contract_file(sim, "env", out.s, out.len);
        str_done(&out);
}

void contract_write(const struct sim *sim)
{
        char pid[16];
        int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());

        contract_file(sim, "ca.crt", sim->pki.ca_pem, strlen(sim->pki.ca_pem));
        contract_file(sim, "admin.crt", sim->pki.admin_pem, strlen(sim->pki.admin_pem));
        contract_file(sim, "admin.key", sim->pki.admin_key_pem, strlen(sim->pki.admin_key_pem));
        write_kubeconfig(sim);
        write_fleet(sim);
        write_clusters(sim);
        write_env(sim);
        contract_file(sim, "pid", pid, (size_t)n);
}

void contract_remove(const struct sim *sim)
{
        static const char *const names[] = { "pid", "control" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_(freep) char *path = contract_path(sim, names[i]);

                unlink(path);
        }
}
