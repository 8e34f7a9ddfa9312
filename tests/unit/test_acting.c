/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of files below acting names. Each row is what a tool was seen to do to the mount, in the words of acting_player.h,
 * and what must have come of it.
 */
#include "tests/unit/acting_player.h"

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
        { "nor made again by a touch", "in restores/undo.yaml x; touch-now restores/undo.yaml !EEXIST",
                "restores/undo", "1 none x undo.yaml" },
        { "which is not what sets a time of its own", "in restores/undo.yaml x; touch restores/undo.yaml",
                "restores/undo", "1 none x undo.yaml" },
        { "unlinked it may be made again at once",
                "in restores/undo.yaml x; rm restores/undo.yaml; create restores/undo.yaml; commit restores/undo.yaml y; "
                "finish restores/undo.yaml; pass 100000",
                "restores/undo", "2 none y undo.yaml" },
        { "also by a rename",
                "in restores/undo.yaml x; rm restores/undo.yaml; in restores/undo.yaml x; pass 100000; undo",
                "restores/undo", "2 none x undo.yaml" },
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
        { "an extension in capitals is refused at FLUSH",
                "create nightly.YAML; commit nightly.YAML new !EINVAL; finish nightly.YAML; crash", "nightly",
                "0 rejected - nightly.YAML FLT-0236" },
        { "and without bytes as well", "create nightly.Yml; empty nightly.Yml !EINVAL", "nightly",
                "0 rejected - nightly.Yml FLT-0236" },
        { "and by a rename", "in nightly.YAML new !EINVAL", "nightly", "0 rejected - - FLT-0236" },
        { "start does not run it", "create nightly.YAML; commit nightly.YAML new !EINVAL; finish nightly.YAML; ctl nightly start !EINVAL",
                "nightly", "0 rejected - nightly.YAML FLT-0236" },
        { "nor when its writer died", "create nightly.YAML; abandoned nightly.YAML new; ctl nightly start !EINVAL",
                "nightly", "0 rejected - nightly.YAML FLT-0236" },
        { "it gives way to the right one",
                "create nightly.YAML; commit nightly.YAML new !EINVAL; finish nightly.YAML; create nightly.yaml; "
                "commit nightly.yaml new; finish nightly.yaml",
                "nightly", "1 none new nightly.yaml" },
        { "also by a rename", "create nightly.YAML; commit nightly.YAML new !EINVAL; finish nightly.YAML; in nightly.yaml new",
                "nightly", "1 none new nightly.yaml" },
        { "and not to another wrong one", "create nightly.YAML; commit nightly.YAML new !EINVAL; create nightly.Yml !EEXIST",
                "nightly", "0 rejected - nightly.YAML FLT-0236" },
        { "and takes no place of what is in force", IN_FORCE "create nightly.YAML !EEXIST; in nightly.YAML new !EEXIST",
                "nightly", "1 none old nightly.yaml" },
        { "nor of what is about to go", IN_FORCE "rm nightly.yaml; create nightly.YAML; commit nightly.YAML new !EINVAL; "
                "pass 100000; create nightly.yaml; commit nightly.yaml new; finish nightly.yaml",
                "nightly", "2 none new nightly.yaml" },

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
        play_describe(row->of, then, sizeof(then));
        assert_string_equal(then, row->then);

        /* Whatever it is, the store says the same. But for what a crash undoes. */
        if (strstr(then, "accepted") != NULL || strstr(row->steps, "full") != NULL ||
                strstr(then, "+undone") != NULL || strstr(then, "+synced") != NULL ||
                (strstr(row->steps, "away") != NULL && strstr(then, "+pending") != NULL))
                return;
        fixture_crash(test_dir(state));
        play_describe(row->of, then, sizeof(then));
        assert_string_equal(then, row->then);
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
        { "nightly.YAML", "nightly", "YAML" },
        { "Nightly.Yml", "Nightly", "Yml" },
        { "nightly.Json", "nightly", "Json" },
        { ".nightly.YAML", NULL, NULL },
        { "#nightly.YAML#", NULL, NULL },
        { "nightly.YAML~", NULL, NULL },
        { "nightly.YAML.Xa9Zk2", NULL, NULL },
        { "nightly.yaml.txt", NULL, NULL },
        { "nightly.YAMLS", NULL, NULL },
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
        return test_run("acting");
}
