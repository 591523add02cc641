# SPDX-License-Identifier: BSD-3-Clause
"""Cycles and instructions of the TCP engine by segment. See tcp.sh."""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

from rig import machine, median, table

CASES = ['rx', 'ack', 'tx', 'tso', 'rpc']
MIXES = ['runs', 'mixed', 'spread']
CONNS = [1, 10, 1000, 10000]
FLAT = ('runs', 'mixed')  # here a round looks the same with 10 connections and with 10,000
LINES_CONNS, LINES_ROUNDS = 1000, 256
WAITS_CONNS, WAITS_ROUNDS = (10, 10000), 1024

# Which step a function belongs to; what is not named goes by its file, and that of a header by the function it is in.
STEPS = {
    'parse': ['wire.c', 'parse', 'flags_ok', 'fetch_packets', 'read_packets', 'tcp_input'],
    'look-up': ['flows.c', 'flows.h', 'ip_flow_equal', 'rte_jhash.h', 'tcp_conn_find', 'tcp_conn_expect', 'tcp_conn_expected', 'find',
                'fetch', 'fetch_conn', 'look_up', 'fetch_acked', 'fetch_slices', 'slice_fetch'],
    'checks': ['in.c', 'fast.c', 'process'],
    'merging': ['gro.c', 'ipaddr_equal'],
    'ack': ['ack.c', 'recovery.c', 'cc.c', 'cc_cubic.c', 'cc_newreno.c', 'rtt.c', 'scoreboard.c', 'tcp_txq_ack', 'shrink', 'txseg_put',
            'rack.c', 'prr.c', 'tlp.c', 'undo.c', 'hystart.c', 'cwv.c', 'ecn.c'],
    'receive queue': ['data.c', 'rxq.c'],
    'slices': ['buf.c', 'buf.h'],
    'ledger': ['ledger.c'],
    'event': ['tcp_conn_event', 'tcp_conn_tell', 'tcp_conns_tell', 'take_event', 'tcp_conn_dirty', 'tcp_conns_reap', 'conn.c'],
    'window': ['window.c', 'path.c', 'pmtud.c', 'path_cache.c'],
    'output': ['out.c', 'tcp.c', 'txq.c'],
    'header': ['segment.c', 'isn.c', 'tcp_wire_emit', 'emit_options', 'tcp_wire_hdr_len'],
    'timer': ['timer.c'],
    'mbufs': ['rte_mbuf.h', 'rte_mempool.h', 'mempool.h', 'rte_ring', 'pool.c', 'librte_mempool', 'librte_mbuf'],
    'copies': ['libc.so'],
    'user': ['user.c', 'tcp_case.c', 'tcp_rig.c'],
}
STEP_OF = {name: step for step, names in STEPS.items() for name in names}


def run(program, case, mix, conns, rounds, under=(), **env):
    p = subprocess.run([*under, program, case, mix, str(conns), str(rounds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       text=True, env={**os.environ, **env})
    if p.returncode != 0:
        raise RuntimeError(p.stderr.strip() or 'tcp_bench ends with status %d' % p.returncode)
    return json.loads(p.stdout)


def cycles(program, reps, rounds):
    """The repetitions are rounds through all combinations: what else the machine does meets all of them alike."""
    runs = collections.defaultdict(list)
    for _ in range(reps):
        for case in CASES:
            for mix in MIXES:
                for conns in CONNS:
                    runs[case, mix, conns].append(run(program, case, mix, conns, rounds))
    return [{'case': c, 'mix': m, 'conns': n, 'cycles': median(r, 'cycles'), 'p10': median(r, 'p10'), 'runs': r}
            for (c, m, n), r in runs.items()]


class Functions:
    """Which function of a source file a line lies in."""

    def __init__(self):
        self.files = {}

    def starts(self, path):
        if path not in self.files:
            try:
                with open(path) as f:
                    text = f.read().splitlines()
            except OSError:
                text = []
            self.files[path] = [(i, m.group(1)) for i, line in enumerate(text, 1)
                                if (m := re.match(r'(?:[\w *]+\s\**)?(\w+)\(', line)) and not line.endswith(';')]
        return self.files[path]

    def at(self, path, line):
        name = ''
        for start, function in self.starts(path):
            if start > line:
                break
            name = function
        return name


def step_of(path, function, holder, binary):
    for key in (os.path.basename(path), function, re.sub(r"[.'].*", '', holder)):
        if key in STEP_OF and (key != os.path.basename(path) or function not in STEP_OF):
            return STEP_OF[key]
    for key, step in STEP_OF.items():
        if key in binary or key in os.path.basename(path):
            return step
    return 'other'


def attribute(path, base):
    """Instructions by step, of a file that callgrind wrote with positions and names not compressed."""
    steps, functions = collections.Counter(), Functions()
    binary = source = holder = ''
    skip = False
    with open(path) as f:
        for line in f:
            line = line.rstrip('\n')
            if line.startswith('ob='):
                binary = line[3:]
            elif line.startswith(('fl=', 'fi=', 'fe=')):
                source = line[3:]
            elif line.startswith('fn='):
                holder = line[3:]
            elif line.startswith('calls='):
                skip = True  # the next line is what the call cost
            elif line[:1].isdigit():
                if not skip:
                    at, cost = line.split()[:2]
                    full = os.path.normpath(os.path.join(base, source))
                    function = functions.at(full, int(at)) if source.endswith('.c') else ''
                    steps[step_of(source, function, holder, os.path.basename(binary))] += int(cost)
                skip = False
    return steps


def instructions(program, case, mix):
    """Instructions of the measured rounds, by segment and by step."""
    with tempfile.NamedTemporaryFile(prefix='lnrb-tcp-') as out:
        r = run(program, case, mix, LINES_CONNS, LINES_ROUNDS,
                ['valgrind', '--tool=callgrind', '--quiet', '--callgrind-out-file=' + out.name, '--compress-strings=no',
                 '--compress-pos=no', '--toggle-collect=tcp_bench_measured*'], TCP_BENCH_SMALL_PAGES='1')
        steps = attribute(out.name, os.path.dirname(os.path.dirname(program)))
    by = {step: n / r['segments'] for step, n in steps.items()}
    return {'case': case, 'mix': mix, 'conns': LINES_CONNS, 'instructions': sum(by.values()), 'steps': by}


def waits(program, case, mix):
    """Cache lines that the engine waits for, by segment: the same at each run, whatever else the machine does."""
    return {'case': case, 'mix': mix, 'waits': {n: run(program, case, mix, n, WAITS_ROUNDS)['waits'] for n in WAITS_CONNS}}


def show(result):
    rows = []
    for case in CASES:
        for mix in MIXES:
            by = {r['conns']: r for r in result['cycles'] if (r['case'], r['mix']) == (case, mix)}
            flat = by[10000]['cycles'] / by[10]['cycles'] if mix in FLAT else None
            rows.append([case, mix] + [by[n]['cycles'] for n in CONNS] + [by[n]['p10'] for n in CONNS] + [flat])
    table('cycles by segment, median of the rounds, then the tenth percentile, by connections',
          ['case', 'mix'] + ['%d' % n for n in CONNS] * 2 + ['10000 / 10'], rows)
    if result['instructions']:
        steps = [s for s in list(STEPS) + ['other'] if any(s in r['steps'] for r in result['instructions'])]
        table('instructions by segment', ['case', 'mix', 'all'] + steps,
              [[r['case'], r['mix'], r['instructions']] + [r['steps'].get(s, 0) for s in steps]
               for r in result['instructions']])
    if result['waits']:
        table('cache lines waited for by segment', ['case', 'mix'] + ['%d' % n for n in WAITS_CONNS],
              [[r['case'], r['mix']] + [r['waits'][n] for n in WAITS_CONNS] for r in result['waits']])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--program', required=True)
    ap.add_argument('--lines')
    ap.add_argument('--waits')
    ap.add_argument('--json', required=True)
    ap.add_argument('--quick', action='store_true')
    a = ap.parse_args()
    result = {'machine': machine(), 'cycles': [], 'instructions': [], 'waits': []}
    try:
        result['cycles'] = cycles(a.program, 1 if a.quick else 5, 512 if a.quick else 2000)
        if a.lines:
            result['instructions'] = [instructions(a.lines, case, mix) for case in CASES for mix in FLAT]
        if a.waits:
            result['waits'] = [waits(a.waits, case, mix) for case in CASES for mix in FLAT]
    except RuntimeError as e:
        print('tcp: %s' % e, file=sys.stderr)
        return 1
    show(result)
    with open(a.json, 'w') as f:
        json.dump(result, f, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
