/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of files below acting names. Each row is what a tool was seen to do to the mount, as the
 * verbs that fs/ makes of it, and what must have come of it.
 *
 *     create F          CREATE                            commit F W        FLUSH of the bytes
 * "W\n" finish F [CODE]   RELEASE of the last commit        empty F [CODE]    RELEASE of a created
 * handle, nothing written emptied F [CODE]  the same after O_TRUNC            poisoned F W FLUSH
 * after a WRITE that failed sync F W          FSYNC                             in F W RENAME of a
 * scratch file over F back F W          the same by the file that left F  away F            RENAME
 * to a scratch name rm F              UNLINK                            rmerror STEM      UNLINK of
 * STEM.error.txt touch F           SETATTR of times                  ctl STEM LINE     a line to
 * ctl pass MS           time passes                       crash             the daemon dies and
 * starts again undo              the guard is armed                full / space      the disk is
 * full / is not busy              the operation is running now
 *
 * F may begin with a folder ("restores/x.yaml"), backups/ is understood. A verb that is to fail has
 * "!ERRNO" behind it. "keep" is another handle's turn, "finishkept F" the RELEASE of the one before,
 * "abandoned F W" a FLUSH that comes too late. Bytes are a word, to which a newline is added; "-" is nothing at all.
 * Afterwards the object is compared to `then`: "starts draft-state in-force-bytes visible-file",
 * where "-" is none, and +undone, +synced, +pending, +removed and the code of the error file follow when they are
 * there; "gone" when there is no object.
 */
#include "tests/unit/acting_fixture.h"

#include <ctype.h>
#include <errno.h>

#include "ops/object.h"

struct script_row {
        const char *name;
        const char *steps; /* separated by ';' */
        const char *of;    /* "nightly", or with its folder */
        const char *then;
};

/* What comes before the sequence under test: a policy in force. */
#define IN_FORCE "create nightly.yaml; commit nightly.yaml old; finish nightly.yaml; pass 10000; "

static const struct script_row scripts[] = {
        { "cp makes one run", "create nightly.yaml; commit nightly.yaml new; finish nightly.yaml",
                "nightly", "1 none new nightly.yaml" },
        { "between FLUSH and RELEASE it is accepted and nothing runs",
                "create nightly.yaml; commit nightly.yaml new", "nightly",
                "0 accepted - nightly.yaml" },
        { "cp of the same bytes is a new run",
                IN_FORCE "commit nightly.yaml old; finish nightly.yaml", "nightly",
                "2 none old nightly.yaml" },
        { "cp of a bad policy stays as a refused draft",
                "create nightly.yaml; commit nightly.yaml bad !EINVAL; finish nightly.yaml",
                "nightly", "0 rejected - nightly.yaml FLT-0248" },
        { "cp of a bad policy over a good one changes nothing in force",
                IN_FORCE "commit nightly.yaml bad !EINVAL; finish nightly.yaml", "nightly",
                "1 rejected old nightly.yaml FLT-0248" },
        { "correcting a refused draft runs it",
                IN_FORCE
                "commit nightly.yaml bad !EINVAL; finish nightly.yaml; commit nightly.yaml new; finish nightly.yaml",
                "nightly", "2 none new nightly.yaml" },

        /* editors */
        { "vim backupcopy=no: rename away, create, write, unlink the backup",
                IN_FORCE
                "away nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "vim backupcopy=no rolls back a refused save by renaming the backup back",
                IN_FORCE
                "away nightly.yaml; create nightly.yaml; commit nightly.yaml bad !EINVAL; finish nightly.yaml; "
                "back nightly.yaml old; pass 100000",
                "nightly", "1 none old nightly.yaml" },
        { "vim backupcopy=yes: truncate and write in place",
                IN_FORCE "commit nightly.yaml new; finish nightly.yaml", "nightly",
                "2 none new nightly.yaml" },
        { "vim backupcopy=yes rolls back a refused save by writing the old bytes",
                IN_FORCE
                "commit nightly.yaml bad !EINVAL; finish nightly.yaml; commit nightly.yaml old; finish nightly.yaml",
                "nightly", "1 none old nightly.yaml" },
        { "sed -i: a temporary file is renamed over it", IN_FORCE "in nightly.yaml new", "nightly",
                "2 none new nightly.yaml" },
        { "sed -i that breaks it leaves the original and an error file",
                IN_FORCE "in nightly.yaml bad !EINVAL", "nightly",
                "1 rejected old nightly.yaml FLT-0248" },
        { "sed -i.bak: rename away, then the temporary file takes the name",
                IN_FORCE "away nightly.yaml; in nightly.yaml new; pass 100000", "nightly",
                "2 none new nightly.yaml" },
        { "cp -b: rename away, create, write",
                IN_FORCE
                "away nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "cp -b rolls back when refused",
                IN_FORCE
                "away nightly.yaml; create nightly.yaml; commit nightly.yaml bad !EINVAL; finish nightly.yaml; "
                "back nightly.yaml old",
                "nightly", "1 none old nightly.yaml" },
        { "install: unlink, create, write",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "mv from another file system: unlink, create, write, utimes",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml new; touch nightly.yaml; finish nightly.yaml; "
                "pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "tar x: unlink, create, write, utimes after the close",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; touch nightly.yaml; "
                "pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "git checkout: unlink, create, write",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; pass 5000",
                "nightly", "2 none new nightly.yaml" },
        { "rsync: a temporary file with its times is renamed over it",
                IN_FORCE "in nightly.yaml new; touch nightly.yaml", "nightly",
                "2 none new nightly.yaml" },
        { "GIO: fsync of the temporary file, rename, then close",
                "in nightly.yaml new; finish nightly.yaml", "nightly", "1 none new nightly.yaml" },
        { "an editor's own fsync before the close starts nothing",
                IN_FORCE "sync nightly.yaml new; commit nightly.yaml new; finish nightly.yaml",
                "nightly", "2 none new nightly.yaml" },

        /* shells */
        { "echo: FLUSH before any WRITE, then the write",
                "create nightly.yaml; commit nightly.yaml new; finish nightly.yaml", "nightly",
                "1 none new nightly.yaml" },
        { "(a; b) > f: FLUSH after each command starts nothing before RELEASE",
                "create nightly.yaml; commit nightly.yaml half; commit nightly.yaml half+half; finish nightly.yaml",
                "nightly", "1 none half+half nightly.yaml" },
        { "(a; b) > f whose first part is not valid yet",
                "create nightly.yaml; commit nightly.yaml bad !EINVAL; commit nightly.yaml good; finish nightly.yaml",
                "nightly", "1 none good nightly.yaml" },
        { "exec 3>f: a flushed half is never started",
                "create nightly.yaml; commit nightly.yaml half; pass 100000", "nightly",
                "0 accepted - nightly.yaml" },
        { "touch makes a draft", "create nightly.yaml; touch nightly.yaml; empty nightly.yaml",
                "nightly", "0 inert - nightly.yaml" },
        { "touch of a name with a run restores all of it",
                "create restores/nightly@latest.yaml; commit restores/nightly@latest.yaml -; finish restores/nightly@latest.yaml",
                "restores/nightly@latest", "1 none - nightly@latest.yaml" },
        { "an empty file of such a name without touch is a draft",
                "create restores/nightly@latest.yaml; empty restores/nightly@latest.yaml",
                "restores/nightly@latest", "0 inert - nightly@latest.yaml" },
        { "start runs an empty draft that may be one",
                "create restores/nightly@latest.yaml; empty restores/nightly@latest.yaml; ctl restores/nightly@latest start",
                "restores/nightly@latest", "1 none - nightly@latest.yaml" },
        { "start of an empty backup is refused",
                "create nightly.yaml; empty nightly.yaml; ctl nightly start !EINVAL", "nightly",
                "0 rejected - nightly.yaml FLT-0209" },
        { ": > f over a policy leaves it in force", IN_FORCE "emptied nightly.yaml", "nightly",
                "1 inert old nightly.yaml" },
        { "yq > f that fails leaves the policy in force", IN_FORCE "emptied nightly.yaml 256",
                "nightly", "1 interrupted old nightly.yaml FLT-0255" },
        { "rm of that draft shows the policy again",
                IN_FORCE "emptied nightly.yaml; rm nightly.yaml; pass 100000", "nightly",
                "1 none old nightly.yaml" },

        /* writers that die */
        { "a killed writer starts nothing",
                "create nightly.yaml; commit nightly.yaml half; finish nightly.yaml 9", "nightly",
                "0 interrupted - nightly.yaml FLT-0255" },
        { "a generator that fails starts nothing",
                "create nightly.yaml; commit nightly.yaml half; finish nightly.yaml 256", "nightly",
                "0 interrupted - nightly.yaml FLT-0255" },
        { "a failed generator changes nothing in force",
                IN_FORCE "commit nightly.yaml half; finish nightly.yaml 2", "nightly",
                "1 interrupted old nightly.yaml FLT-0255" },
        { "start runs an interrupted draft all the same",
                "create nightly.yaml; commit nightly.yaml half; finish nightly.yaml 9; ctl nightly start",
                "nightly", "1 none half nightly.yaml" },
        { "a threaded writer that ends well starts",
                "create nightly.yaml; commit nightly.yaml new; finish nightly.yaml 0", "nightly",
                "1 none new nightly.yaml" },
        { "a handle whose write failed is refused",
                IN_FORCE "poisoned nightly.yaml half !EIO; finish nightly.yaml", "nightly",
                "1 rejected old nightly.yaml FLT-0254" },

        /* two at once */
        { "of two writers the last one wins",
                "create nightly.yaml; commit nightly.yaml first; keep; commit nightly.yaml second; finishkept nightly.yaml; "
                "finish nightly.yaml",
                "nightly", "1 none second nightly.yaml" },
        { "an accepted draft that is removed does not start",
                "create nightly.yaml; commit nightly.yaml new; rm nightly.yaml; finish nightly.yaml",
                "nightly", "gone" },
        { "a refused rename does not disturb a write under way",
                "create nightly.yaml; commit nightly.yaml new; in nightly.yaml bad !EINVAL; finish nightly.yaml",
                "nightly", "1 none new nightly.yaml" },

        /* removals */
        { "rm is pending for three seconds", IN_FORCE "rm nightly.yaml; pass 2900", "nightly",
                "1 none old - +pending" },
        { "rm applies then", IN_FORCE "rm nightly.yaml; pass 3000", "nightly",
                "1 none old - +removed" },
        { "rename-away is pending for a minute", IN_FORCE "away nightly.yaml; pass 59000",
                "nightly", "1 none old - +pending" },
        { "rename-away applies then", IN_FORCE "away nightly.yaml; pass 60000", "nightly",
                "1 none old - +removed" },
        { "rename-away and back is no write",
                IN_FORCE "away nightly.yaml; pass 5000; back nightly.yaml old; pass 100000",
                "nightly", "1 none old nightly.yaml" },
        { "rename-away and back of changed bytes is a write",
                IN_FORCE "away nightly.yaml; back nightly.yaml new", "nightly",
                "2 none new nightly.yaml" },
        { "rm and cp within the grace is an edit",
                IN_FORCE
                "rm nightly.yaml; pass 2000; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; pass 100000",
                "nightly", "2 none new nightly.yaml" },
        { "rm and a refused cp leaves the policy in force",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml bad !EINVAL; finish nightly.yaml; pass 100000",
                "nightly", "1 rejected old nightly.yaml FLT-0248" },
        { "rm and then another extension is an edit",
                IN_FORCE
                "rm nightly.yaml; create nightly.json; commit nightly.json new; finish nightly.json; pass 100000",
                "nightly", "2 none new nightly.json" },
        { "a removed policy can be made again",
                IN_FORCE
                "rm nightly.yaml; pass 5000; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml",
                "nightly", "2 none new nightly.yaml" },
        { "a removed policy's old file renamed back starts again",
                IN_FORCE "away nightly.yaml; pass 61000; back nightly.yaml old", "nightly",
                "2 none old nightly.yaml" },
        { "rm of a draft leaves nothing",
                "create nightly.yaml; commit nightly.yaml bad !EINVAL; rm nightly.yaml", "nightly",
                "gone" },
        { "rm of a draft over a policy shows the policy",
                IN_FORCE "commit nightly.yaml bad !EINVAL; rm nightly.yaml; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "rm of the error file discards the draft",
                IN_FORCE "commit nightly.yaml bad !EINVAL; rmerror nightly", "nightly",
                "1 none old nightly.yaml" },
        { "rm of the error file of a refused rename",
                IN_FORCE "in nightly.yaml bad !EINVAL; rmerror nightly", "nightly",
                "1 none old nightly.yaml" },
        { "rm of an error file that is not there", IN_FORCE "rmerror nightly !ENOENT", "nightly",
                "1 none old nightly.yaml" },
        { "rm of what is not there", "rm nightly.yaml !ENOENT", "nightly", "gone" },
        { "rm of a running restore is refused",
                "create restores/undo.yaml; commit restores/undo.yaml x; finish restores/undo.yaml; busy; rm restores/undo.yaml !EBUSY",
                "restores/undo", "1 none x undo.yaml" },

        /* the guard */
        { "the guard undoes a removal in its grace", IN_FORCE "rm nightly.yaml; undo; pass 100000",
                "nightly", "1 none old nightly.yaml +undone" },
        { "and cp is a new run as ever after that",
                IN_FORCE "rm nightly.yaml; undo; commit nightly.yaml old; finish nightly.yaml",
                "nightly", "2 none old nightly.yaml +undone" },
        { "the guard does not undo what was created again",
                IN_FORCE
                "rm nightly.yaml; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; undo",
                "nightly", "2 none new nightly.yaml" },
        { "the guard comes too late after the grace", IN_FORCE "rm nightly.yaml; pass 3000; undo",
                "nightly", "1 none old - +removed" },
        { "the guard leaves a rename-away alone", IN_FORCE "away nightly.yaml; undo; pass 100000",
                "nightly", "1 none old - +removed" },
        { "the guard brings a refused draft back",
                "create nightly.yaml; commit nightly.yaml bad !EINVAL; rm nightly.yaml; undo",
                "nightly", "0 rejected - nightly.yaml +undone FLT-0248" },

        /* restores run once */
        { "a restore is not written twice",
                "create restores/undo.yaml; commit restores/undo.yaml x; finish restores/undo.yaml; commit restores/undo.yaml y !EEXIST",
                "restores/undo", "1 none x undo.yaml" },
        { "nor renamed over", "in restores/undo.yaml x; in restores/undo.yaml x !EEXIST",
                "restores/undo", "1 none x undo.yaml" },
        { "nor made again within the grace, which voids the removal",
                "in restores/undo.yaml x; rm restores/undo.yaml; create restores/undo.yaml !EEXIST; pass 100000",
                "restores/undo", "1 none x undo.yaml" },
        { "vim on a restore ends as it began",
                "in restores/undo.yaml x; away restores/undo.yaml; create restores/undo.yaml !EEXIST; back restores/undo.yaml x; "
                "pass 100000",
                "restores/undo", "1 none x undo.yaml" },
        { "nor restarted by a file that comes back late",
                "in restores/undo.yaml x; away restores/undo.yaml; pass 61000; back restores/undo.yaml x",
                "restores/undo", "1 none x undo.yaml" },
        { "a refused restore may be corrected",
                "create restores/undo.yaml; commit restores/undo.yaml bad !EINVAL; commit restores/undo.yaml x; finish restores/undo.yaml",
                "restores/undo", "1 none x undo.yaml" },

        /* names */
        { "one stem has one extension", IN_FORCE "create nightly.yml !EEXIST", "nightly",
                "1 none old nightly.yaml" },
        { "also for renames", IN_FORCE "in nightly.yml new !EEXIST", "nightly",
                "1 none old nightly.yaml" },
        { "a file that is there is not created", IN_FORCE "create nightly.yaml !EEXIST", "nightly",
                "1 none old nightly.yaml" },
        { "a bad name is refused at FLUSH", "create a+b c.yaml; commit a+b c.yaml x !EINVAL",
                "a b c", "0 rejected - a b c.yaml FLT-0230" },
        { "a bad name is refused without bytes as well",
                "create a+b c.yaml; empty a+b c.yaml !EINVAL", "a b c",
                "0 rejected - a b c.yaml FLT-0230" },

        /* full disks */
        { "a policy that cannot be kept is not accepted",
                "create nightly.yaml; full; commit nightly.yaml new !ENOSPC; finish nightly.yaml",
                "nightly", "0 rejected - nightly.yaml FLT-0256" },
        { "nor is an edit, and the old one stays",
                IN_FORCE "full; commit nightly.yaml new !ENOSPC; finish nightly.yaml; space; crash",
                "nightly", "1 none old nightly.yaml" },
        { "an rm that cannot be kept did not happen",
                IN_FORCE "full; rm nightly.yaml !ENOSPC; space; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "a rename over it neither", IN_FORCE "full; in nightly.yaml new !ENOSPC", "nightly",
                "1 rejected old nightly.yaml FLT-0256" },
        { "a killed writer's draft does not start on a full disk either",
                "create nightly.yaml; commit nightly.yaml half; full; finish nightly.yaml 9 !ENOSPC; space",
                "nightly", "0 interrupted - nightly.yaml FLT-0255" },

        /* crashes */
        { "a refused write of another writer does not take what was accepted",
                "create nightly.yaml; commit nightly.yaml new; keep; commit nightly.yaml bad !EINVAL; finishkept nightly.yaml",
                "nightly", "1 none new nightly.yaml" },
        { "nor one that failed before",
                "create nightly.yaml; commit nightly.yaml new; keep; poisoned nightly.yaml half !EIO; finishkept nightly.yaml",
                "nightly", "1 none new nightly.yaml" },
        { "a refused write takes what its own writer had accepted",
                "create nightly.yaml; commit nightly.yaml new; commit nightly.yaml bad !EINVAL; finish nightly.yaml",
                "nightly", "0 rejected - nightly.yaml FLT-0248" },
        { "a close that failed unheard starts nothing",
                "create nightly.yaml; commit nightly.yaml new; abandoned nightly.yaml more; finish nightly.yaml",
                "nightly", "0 interrupted - nightly.yaml FLT-0258" },
        { "crash after CREATE leaves nothing", "create nightly.yaml; crash", "nightly", "gone" },
        { "crash after a half-written edit leaves the policy",
                IN_FORCE "away nightly.yaml; create nightly.yaml; crash; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "crash after fsync leaves an interrupted draft",
                "create nightly.yaml; sync nightly.yaml half; crash", "nightly",
                "0 interrupted - nightly.yaml FLT-0406" },
        { "what was fsynced survives the times that are set after it",
                "create nightly.yaml; sync nightly.yaml half; touch nightly.yaml; crash", "nightly",
                "0 interrupted - nightly.yaml FLT-0406" },
        { "what was fsynced survives what is stored after it, and shows only then",
                IN_FORCE "sync nightly.yaml half; ctl nightly run; crash", "nightly",
                "1 interrupted old nightly.yaml FLT-0406" },
        { "fsync shows nothing", IN_FORCE "sync nightly.yaml half; touch nightly.yaml", "nightly",
                "1 none old nightly.yaml +synced" },
        { "what was accepted starts before what was fsynced after it",
                "create nightly.yaml; commit nightly.yaml new; sync nightly.yaml half; crash; pass 1",
                "nightly", "1 interrupted new nightly.yaml FLT-0406" },
        { "what was fsynced is past after a commit",
                "create nightly.yaml; sync nightly.yaml half; commit nightly.yaml new; finish nightly.yaml; crash",
                "nightly", "1 none new nightly.yaml" },
        { "a crash leaves no object of which nothing is known but its name",
                "create nightly.yaml; ctl nightly run; crash", "nightly", "gone" },
        { "an open file's times are nothing that is kept",
                "create nightly.yaml; touch nightly.yaml; crash", "nightly", "gone" },
        { "crash between FLUSH and RELEASE runs a backup",
                "create nightly.yaml; commit nightly.yaml new; crash", "nightly",
                "1 none new nightly.yaml" },
        { "crash between FLUSH and RELEASE interrupts a restore",
                "create restores/undo.yaml; commit restores/undo.yaml x; crash", "restores/undo",
                "0 interrupted - undo.yaml FLT-0406" },
        { "such a restore is started by hand",
                "create restores/undo.yaml; commit restores/undo.yaml x; crash; ctl restores/undo start",
                "restores/undo", "1 none x undo.yaml" },
        { "crash after RELEASE starts nothing twice",
                "create nightly.yaml; commit nightly.yaml new; finish nightly.yaml; round; crash",
                "nightly", "1 none new nightly.yaml" },
        { "crash right after a rename of a restore runs it once",
                "inraw restores/undo.yaml x; crash", "restores/undo", "2 none x undo.yaml" },
        { "crash after a refusal keeps the draft and the reason",
                IN_FORCE "commit nightly.yaml bad !EINVAL; crash", "nightly",
                "1 rejected old nightly.yaml FLT-0248" },
        { "crash after rm: the removal goes on", IN_FORCE "rm nightly.yaml; crash; pass 2900",
                "nightly", "1 none old - +pending" },
        { "and applies", IN_FORCE "rm nightly.yaml; crash; pass 3000", "nightly",
                "1 none old - +removed" },
        { "crash after rename-away undoes it", IN_FORCE "away nightly.yaml; crash; pass 100000",
                "nightly", "1 none old nightly.yaml" },
        { "also when it was stored for another reason meanwhile",
                IN_FORCE "away nightly.yaml; ctl nightly run; crash; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "crash after rm and CREATE: the removal stays void",
                IN_FORCE "rm nightly.yaml; create nightly.yaml; crash; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "crash after an undo keeps the policy",
                IN_FORCE "rm nightly.yaml; undo; crash; pass 100000", "nightly",
                "1 none old nightly.yaml" },
        { "crash after the removal applied keeps its runs' record",
                IN_FORCE "rm nightly.yaml; pass 5000; crash", "nightly", "1 none old - +removed" },

        /* ctl */
        { "a verb runs", IN_FORCE "ctl nightly run", "nightly", "1 none old nightly.yaml" },
        { "blanks and newlines around a verb do not matter",
                IN_FORCE "ctl nightly   delete   20260901-020003Z  \n", "nightly",
                "1 none old nightly.yaml" },
        { "an unknown verb is refused", IN_FORCE "ctl nightly explode !EINVAL", "nightly",
                "1 none old nightly.yaml" },
        { "no verb is refused", IN_FORCE "ctl nightly  !EINVAL", "nightly",
                "1 none old nightly.yaml" },
        { "a verb without its argument is refused", IN_FORCE "ctl nightly delete !EINVAL",
                "nightly", "1 none old nightly.yaml" },
        { "start without a draft is refused", IN_FORCE "ctl nightly start !EINVAL", "nightly",
                "1 none old nightly.yaml" },
        { "start of a refused rename has no bytes to start",
                "in nightly.yaml bad !EINVAL; ctl nightly start !EINVAL", "nightly",
                "0 rejected - - FLT-0248" },
        { "start while it is written is refused",
                "create nightly.yaml; commit nightly.yaml new; ctl nightly start !EBUSY", "nightly",
                "0 accepted - nightly.yaml" },
};

/* ---------------------------------------------------------------- playing a script */

struct player {
        const char *dir;
        uint64_t write, kept;
        struct err err;
};

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
                return acting_touch(e, &f, 1234567890LL * 1000000000, err);
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

static void play(struct player *p, char *step)
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

static void describe(const char *of, char *ret, size_t size)
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

/* ---------------------------------------------------------------- generations */

static uint64_t generation_of(const char *name, bool draft)
{
        const struct object *o = fleet_object(fixture.fleet, OBJECT_BACKUP, name);

        assert_non_null(o);
        return draft ? o->draft.generation : o->in_force.generation;
}

static void cp_as(const char *name, const char *bytes, bool finish)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = name, .ext = "yaml"
        };
        uint64_t write;

        (void)acting_create(fixture.engine, &f, NULL);
        (void)acting_sync(fixture.engine, &f, bytes, strlen(bytes), NULL);
        (void)acting_commit(fixture.engine, &f, bytes, strlen(bytes), 0, &write, NULL);
        if (finish)
                assert_int_equal(acting_finish(fixture.engine, &f, write, 0, NULL), 0);
        fixture_round();
}

/* Each object counts its own writes, from 1; what was discarded, and a restart, leave no number twice. */
static void generations_are_the_objects_own(void **state)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = "one", .ext = "yaml"
        };
        struct object *o;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        cp_as("two", "a\n", true);
        assert_int_equal(generation_of("one", false), 1);
        assert_int_equal(generation_of("two", false), 1);
        cp_as("one", "bad\n", false);
        assert_int_equal(generation_of("one", true), 2);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        fixture_crash(test_dir(state));
        cp_as("one", "b\n", true);
        assert_int_equal(generation_of("one", false), 3);
        assert_int_equal(generation_of("two", false), 1);
        /* A record of before the count was kept. */
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "two");
        o->in_force.generation = 27;
        o->writes = 0;
        assert_int_equal(object_save(fixture.engine, o, NULL), 0);
        fixture_crash(test_dir(state));
        cp_as("two", "b\n", true);
        assert_int_equal(generation_of("two", false), 28);
}

/* ---------------------------------------------------------------- refused operations */

static void a_refusal_stands_until_something_is_accepted(void **state)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = "one", .ext = "yaml"
        };
        struct err why = ERR_INIT, bad = ERR_INIT;
        const struct object *o;
        uint64_t write;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "one");
        err_set(&why, -EINVAL, "\"foo\" is no verb");
        err_id(&why, "FLT-0259");
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_non_null(o->refusal);
        assert_string_equal(o->refusal->what, "echo foo > one/ctl");
        assert_string_equal(o->refusal->why.msg, "\"foo\" is no verb");
        assert_int_equal(o->draft_state, DRAFT_NONE);
        assert_int_equal(fixture_events("OperationRefused"), 1);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo run > one/ctl", NULL);
        assert_null(o->refusal);
        /* A refused write tells of itself, and is newer. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_commit(fixture.engine, &f, "bad\n", 4, 0, &write, &bad), -EINVAL);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "write one.yaml", &bad);
        assert_null(o->refusal);
        assert_int_equal(o->draft_state, DRAFT_REJECTED);
        /* rm of the error file forgets both; alone it is enough for one to be there. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        assert_null(o->refusal);
        assert_int_equal(o->draft_state, DRAFT_NONE);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        assert_null(o->refusal);
        /* Nothing depends on it: it is not stored. Nor is anything said of what is not there. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "none", "echo foo > none/ctl", &why);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "one")->refusal);
        assert_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "none"));
}

static void played(void **state)
{
        const struct script_row *row = test_row(state);
        struct player p = { .dir = test_dir(state) };
        char steps[1024], then[600], *save = NULL;

        assert_true(strlen(row->steps) < sizeof(steps));
        strcpy(steps, row->steps);
        fixture_open(test_dir(state));
        for (char *step = strtok_r(steps, ";", &save); step != NULL;
                step = strtok_r(NULL, ";", &save))
                play(&p, step);
        describe(row->of, then, sizeof(then));
        assert_string_equal(then, row->then);

        /* Whatever it is, the store says the same. But for what a crash undoes. */
        if (strstr(then, "accepted") != NULL || strstr(row->steps, "full") != NULL ||
                strstr(then, "+undone") != NULL || strstr(then, "+synced") != NULL ||
                (strstr(row->steps, "away") != NULL && strstr(then, "+pending") != NULL))
                return;
        fixture_crash(test_dir(state));
        describe(row->of, then, sizeof(then));
        assert_string_equal(then, row->then);
}

static int play_setup(void **state)
{
        fixture = (struct fixture){ .engine = NULL };
        return test_dir_setup(state);
}

static int play_teardown(void **state)
{
        fixture_close();
        return test_dir_teardown(state);
}

/* ---------------------------------------------------------------- names */

struct name_row {
        const char *name, *stem, *ext; /* stem NULL: does not act */
};

static const struct name_row file_names[] = {
        { "nightly.yaml", "nightly", "yaml" },
        { "a.b.yml", "a.b", "yml" },
        { "x@latest.json", "x@latest", "json" },
        { "Bad Name.yaml", "Bad Name", "yaml" },
        { ".nightly.yaml", NULL, NULL },
        { "#nightly.yaml", NULL, NULL },
        { ".yaml", NULL, NULL },
        { "nightly.yaml~", NULL, NULL },
        { "nightly.yaml.swp", NULL, NULL },
        { "nightly.YAML", NULL, NULL },
        { "4913", NULL, NULL },
        { "sedkVgaCV", NULL, NULL },
        { "yaml", NULL, NULL },
        { "", NULL, NULL },
};

static void name_splits(void **state)
{
        const struct name_row *row = test_row(state);
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        bool acts = acting_name_split(row->name, stem, ext);

        assert_int_equal(acts, row->stem != NULL);
        if (acts) {
                assert_string_equal(stem, row->stem);
                assert_string_equal(ext, row->ext);
        }
}

int main(void)
{
        TEST_ROWS_WITH(played, scripts, play_setup, play_teardown);
        TEST_ROWS(name_splits, file_names);
        TEST_WITH(generations_are_the_objects_own, play_setup, play_teardown);
        TEST_WITH(a_refusal_stands_until_something_is_accepted, play_setup, play_teardown);
        return test_run("acting");
}
