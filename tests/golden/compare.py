#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Give the commands of a recording to the tools on PATH and compare what they say. Usage: compare.py RECORDING"""
import re
import subprocess
import sys

# what differs by nature: pattern of a line, and what stays of it
MASKS = [(re.compile(pattern), keep) for pattern, keep in [
    # counters, times, low-water marks
    (r'^(\s*(?:-\s+)?(?:\w+_(?:count|samples|nsec|length|resends|alloc|max)|errors|put|get|reply|ack|hello|refcount)): \d+$', r'\1'),
    (r'^(\s*(?:min_tx_credits|min_rtr_credits|available_\w+_credits|mincredits)): -?\d+$', r'\1'),
    # the test has less memory than the recorded node: numbers of router buffers
    (r'^(\s*nbuffers|    (?:tiny|small|large)| {14}credits): \d+$', r'\1'),
    # no discovery here, so that nobody is known to be Multi-Rail
    (r'^(\s*(?:Multi-Rail|peer state)): .*$', r'\1'),
    # a recorded gateway had answered
    (r'^(      (?:state|type)): (?:up|down|single-hop|multi-hop)$', r'\1'),
    # ports and socket buffers
    (r'^(12345-\S+ +[ACIO]\[0\]\S+->[^:]+):\d+ \d+/\d+ nonagle$', r'\1'),
]]
# a backup of ours names the NID too: without it two NIs of one interface cannot be told apart
BACKUP_NID = re.compile(r'^(      -     )nid: \S+\n {12}(interfaces:)$', re.M)
# a library's own words beside the tool's
IGNORED = re.compile(r"^2> Reader error: ")


def recorded(path):
    """Yield (command, lines of the answer with the exit code)."""
    command, lines = None, []
    for line in open(path):
        line = line.rstrip('\n')
        if line.startswith('$ ') and command is None:
            command, lines = line[2:], []
        elif command is not None and not IGNORED.match(line):
            lines.append(line)
            if line.startswith('[exit '):
                yield command, lines
                command = None


def answer(command):
    p = subprocess.run(['bash', '-c', command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    out = BACKUP_NID.sub(r'\1\2', p.stdout) if '--backup' in command else p.stdout
    lines = out.splitlines() + ['2> ' + line for line in p.stderr.splitlines()]
    return [line for line in lines if not IGNORED.match(line)] + ['[exit %d]' % p.returncode]


def peers_sorted(lines):
    """Peers come in the order of a hash table, there as here."""
    out, items = [], []
    for line in lines + ['']:
        if line.startswith('-     primary nid: '):
            items.append([line])
        elif items and line.startswith(' '):
            items[-1].append(line)
        else:
            out += sum(sorted(items), []) + [line]
            items = []
    return out[:-1]


def masked(line):
    for pattern, keep in MASKS:
        line = pattern.sub(keep, line)
    return line


def main():
    compared = wrong = 0
    for command, want in recorded(sys.argv[1]):
        got, want = peers_sorted(answer(command)), peers_sorted(want)
        compared += 1
        if [masked(line) for line in got] == [masked(line) for line in want]:
            continue
        wrong += 1
        print('$ ' + command)
        for i in range(max(len(got), len(want))):
            w, g = want[i] if i < len(want) else '', got[i] if i < len(got) else ''
            if masked(w) != masked(g):
                print('recorded: %s\n    ours: %s' % (w, g))
    print('%d commands compared, %d differ' % (compared, wrong))
    return 0 if compared > 0 and wrong == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
