#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that a mount can be asked, at once: writers, renamers, readers and folders on the same few names.

    stress.py FLEET SECONDS     FLEET is a fleet's folder in a mount

What is refused is no failure: with so many at the same names most of it is. Failures are an answer that no such request
may have (EIO and the like), a status.json that is torn, and a kind of worker that has done nothing. Prints how much each
has done. Exit status: 0 all is well, 1 not.
"""
import errno
import json
import os
import random
import sys
import threading
import time

# The daemon is broken, or gone; whatever else an operation answers, it is an answer.
BROKEN = {errno.EIO, errno.ENOTCONN, errno.ECONNABORTED, errno.EFAULT, errno.ENOMEM, errno.ETIMEDOUT}

GOOD = 'destination: {clusters: [{name: eu-1}]}\npolicy:\n  resourceFilter: {includedNamespaces: [shop]}\n'
WRONG = 'policy:\n  resourceFilter: {includedNamespace: [shop]}\n'

fleet, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
backups, migrations = os.path.join(fleet, 'backups'), os.path.join(fleet, 'migrations')
failures, done, lock = [], {}, threading.Lock()

# Few, so that all meet: acting names, and names of files that do nothing until they are renamed.
ACTING = [os.path.join(backups, f'stress-{i}.yaml') for i in range(3)]
SCRATCH = [os.path.join(backups, f'.stress-{i}.tmp') for i in range(3)]


def write(rng):
    """Open, write in pieces, perhaps truncate, sync; the file may have gone elsewhere meanwhile."""
    fd = os.open(rng.choice(ACTING + SCRATCH), os.O_RDWR | os.O_CREAT | rng.choice([0, os.O_TRUNC]), 0o600)
    try:
        text = (GOOD if rng.random() < 0.1 else WRONG).encode()
        middle = rng.randrange(len(text))
        os.write(fd, text[:middle])
        if rng.random() < 0.3:
            os.fsync(fd)
        os.write(fd, text[middle:])
        os.lseek(fd, 0, os.SEEK_SET)
        os.read(fd, 4096)
        if rng.random() < 0.2:
            os.ftruncate(fd, 0)
        if rng.random() < 0.2:
            os.utime(fd)
    finally:
        os.close(fd)


def rename(rng):
    """As editors do: into place, mostly; aside, over one another."""
    if rng.random() < 0.7:
        os.rename(rng.choice(SCRATCH), rng.choice(ACTING))
    else:
        os.rename(rng.choice(ACTING + SCRATCH), rng.choice(SCRATCH))


def reopen(rng):
    """Nothing but that, so that it meets the renames."""
    os.close(os.open(rng.choice(SCRATCH + ACTING), os.O_RDWR))


def shuffle(rng):
    """Renames that nothing judges, so that they are many."""
    os.rename(rng.choice(SCRATCH), rng.choice(SCRATCH))


def remove(rng):
    os.unlink(rng.choice(ACTING + SCRATCH))
    time.sleep(0.02)


def look(rng):
    path = rng.choice(ACTING + SCRATCH)
    os.stat(path)
    for name in os.listxattr(path):
        os.getxattr(path, name)
    with open(path, 'rb') as f:
        f.read()


def walk(rng):
    """Reads all that there is; a status.json is whole, whatever happens."""
    for folder, _, names in os.walk(rng.choice([backups, migrations, fleet])):
        for name in names:
            if name == 'wait' or time.monotonic() > end:
                continue
            try:
                with open(os.path.join(folder, name), 'rb') as f:
                    data = f.read()
            except OSError as e:
                if e.errno in BROKEN:
                    raise
                continue
            if name == 'status.json':
                json.loads(data)


def control(rng):
    with open(os.path.join(ACTING[0][:-len('.yaml')], 'ctl'), 'wb', buffering=0) as f:
        f.write(rng.choice([b'run\n', b'pause\n', b'retry\n', b'nonsense\n']))
    time.sleep(0.1)


def folder(rng):
    path = os.path.join(migrations, f'stress-{rng.randrange(2)}')
    try:
        os.mkdir(path)
        os.symlink('../../clusters/eu-1', os.path.join(path, 'source'))
        os.symlink('../../../clusters/us-1', os.path.join(path, 'targets', 'us-1'))
        os.readlink(os.path.join(path, 'source'))
    finally:
        os.rmdir(path)


def work(kind, seed):
    rng = random.Random(seed)
    while time.monotonic() < end and not failures:
        try:
            kind(rng)
        except OSError as e:
            if e.errno in BROKEN:
                failures.append(f'{kind.__name__}: {e}')
        except ValueError as e:
            failures.append(f'{kind.__name__}: torn: {e}')
        else:
            with lock:
                done[kind.__name__] += 1


KINDS = [write, write, rename, rename, reopen, reopen, shuffle, remove, look, look, walk, control, folder]
done = {kind.__name__: 0 for kind in KINDS}
threads = [threading.Thread(target=work, args=(kind, seed)) for seed, kind in enumerate(KINDS)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(' '.join(f'{name}: {n}' for name, n in done.items()))
failures += [f'{name}: never done' for name, n in done.items() if n == 0]
print('\n'.join(failures), file=sys.stderr, end='')
sys.exit(1 if failures else 0)
