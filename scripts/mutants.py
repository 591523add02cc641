#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Would the tests notice? Put each fault of tests/mutants/tcp.py into a copy of the tree, and demand that a test of the TCP engine fails.

Usage: mutants.py [-j JOBS] [NAME...]     names of mutants; all without
       mutants.py --check                 only see whether each text is found exactly once

A mutant that all tests pass, one that does not compile, and one whose text is not found exactly once are errors.
"""
import argparse
import glob
import os
import queue
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '..'))
ENGINE = 'drivers/tcp'
LIMIT = 300  # seconds of a test that a mutant keeps from ending; a whole one takes a few
CHAOS_SEEDS = '200'

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, 'tests/mutants'))
from tcp import MUTANTS  # noqa: E402


def run(cmd, cwd, timeout=None, show=False, **env):
    """Run quietly; @show: say why it failed. Return: it succeeded."""
    try:
        p = subprocess.run(cmd, cwd=cwd, timeout=timeout, env={**os.environ, **env}, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        return False
    if show and p.returncode != 0:
        sys.stderr.write(p.stdout.decode(errors='replace')[-3000:])
    return p.returncode == 0


def test_programs():
    """The tests of the engine, the quick ones first: (program, arguments)."""
    unit = sorted(glob.glob('tests/unit/tcp/*_test.c', root_dir=TOP))
    programs = [(f'tests/unit/tcp/tcp_{os.path.basename(f)[:-2]}', []) for f in unit]
    programs.append(('tests/sim/tcp_restart_sim_test', []))
    programs.append(('tests/sim/tcp_sim_test', []))
    programs.append(('tests/sim/tcp_chaos_sim_test', ['1', CHAOS_SEEDS]))
    return programs


def check():
    """Return: mutants whose text is not there, or more than once."""
    bad = []
    for m in MUTANTS:
        for name, old, _ in m.edits:
            with open(os.path.join(TOP, ENGINE, name), encoding='utf-8') as f:
                times = f.read().count(old)
            if times != 1:
                print(f'{m.name}: {name}: {times} times: {old!r}')
                bad.append(m.name)
    return bad


class Tree:
    """A copy of the repository, built; the engine is a shared library, so that a mutant costs one compilation and one link."""

    def __init__(self, folder):
        self.src = folder
        self.build = os.path.join(folder, 'build')
        files = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=TOP, check=True,
                               stdout=subprocess.PIPE).stdout.decode().rstrip('\0').split('\0')
        for name in files:
            if os.path.exists(os.path.join(TOP, name)):
                os.makedirs(os.path.join(folder, os.path.dirname(name)), exist_ok=True)
                shutil.copy2(os.path.join(TOP, name), os.path.join(folder, name))
        self.edit(f'{ENGINE}/meson.build', 'static_library', 'shared_library')
        # without debugging information ccache knows what another copy has compiled
        subprocess.run(['meson', 'setup', self.build, '-Dwerror=false', '-Doptimization=1', '-Db_lundef=false'],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)

    def edit(self, name, old, new):
        """Replace a text that occurs exactly once. Return: what the file was."""
        path = os.path.join(self.src, name)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        if text.count(old) != 1:
            raise LookupError(f'{name}: {text.count(old)} times: {old!r}')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text.replace(old, new))
        return text

    def make(self, show=False):
        return run(['ninja', '-j1'] + [program for program, _ in test_programs()], self.build, show=show)

    def first_failure(self, near):
        """Return: the first test that fails, those named like the file first; None = all pass."""
        for program, args in sorted(test_programs(), key=lambda t: f'tcp_{near}_test' not in t[0]):
            if not run([os.path.join(self.build, program)] + args, self.build, LIMIT, SIM_SEEDS='1'):
                return os.path.basename(program)
        return None

    def judge(self, mutant):
        """Return: (is it found, what to say)."""
        before = {}
        try:
            for name, old, new in mutant.edits:
                path = f'{ENGINE}/{name}'
                text = self.edit(path, old, new)
                before.setdefault(path, text)
            if not self.make():
                return False, 'does not compile'
            killer = self.first_failure(mutant.edits[0][0].split('.')[0])
            return (True, f'found by {killer}') if killer else (False, 'SURVIVES: a test is missing')
        except LookupError as e:
            return False, f'does not apply: {e}'
        finally:
            for path, text in before.items():
                with open(os.path.join(self.src, path), 'w', encoding='utf-8') as f:
                    f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-j', type=int, default=os.cpu_count(), metavar='JOBS')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('names', nargs='*', metavar='NAME')
    args = parser.parse_args()
    if args.check:
        sys.exit(1 if check() else 0)
    known = [m.name for m in MUTANTS]
    unknown = set(args.names) - set(known)
    if unknown or len(known) != len(set(known)):
        sys.exit(f'mutants: no such mutant, or one name twice: {" ".join(unknown)}')
    mutants = [m for m in MUTANTS if not args.names or m.name in args.names]
    bad = []
    with tempfile.TemporaryDirectory(prefix='lnet-mutants-') as tmp:
        # where DPDK's run-time files of tests that die lie
        os.environ['RUNTIME_DIRECTORY'] = tmp
        trees = queue.Queue()
        for i in range(min(args.j, len(mutants))):
            trees.put(Tree(os.path.join(tmp, str(i))))

        def judge(mutant):
            tree = trees.get()
            found, text = tree.judge(mutant)
            trees.put(tree)
            print(f'{mutant.name}: {text}', flush=True)
            if not found:
                bad.append(mutant.name)

        tree = trees.get()
        if not tree.make(show=True):
            sys.exit('mutants: the tree does not build')
        failed = tree.first_failure('')
        trees.put(tree)
        if failed:
            sys.exit(f'mutants: {failed} fails without any fault')
        with ThreadPoolExecutor(args.j) as pool:
            list(pool.map(judge, mutants))
    print(f'{len(mutants) - len(bad)} of {len(mutants)} found')
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
