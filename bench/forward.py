# SPDX-License-Identifier: BSD-3-Clause
"""A - router - B over virtio-user and vhost-user: rates, and what a message and a byte cost the router. See forward.sh."""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

from rig import Failed, Rig, Telemetry, cores, cpu_time, eal, machine, median, table, wait_for

SIZES = [(0, 64), (4096, 64), (1 << 20, 8)]  # bytes of a message, messages outstanding
BOOK_LIMIT = 0.01  # busy and idle cycles have to be the elapsed ones within so much
OPEN_S = 0.0002  # a round that is not booked yet may have taken so long
LIMIT_FRAMES = {1500: (174, 1514), 9000: (9014,)}  # what testpmd forwards: a message without payload, a full frame
ROOM = {1500: 2048, 9000: 9216}  # data bytes of a packet buffer: a frame in one
PORT = 'mrg_rxbuf=1,in_order=1,queue_size=1024'


class Nodes:
    """bench_nodes: the ends A and B."""

    def __init__(self, rig, build, mtu, core):
        self.rig = rig
        self.socks = [rig.path('a.sock'), rig.path('b.sock')]
        args = [build + '/bench/bench_nodes'] + eal(rig.prefix + '-n', '0@%d' % core, 512)
        for i, sock in enumerate(self.socks):
            args += ['--vdev', 'net_vhost%d,iface=%s,tso=1' % (i, sock)]
        args += ['--', '--mtu', str(mtu), '--mbuf-room', str(ROOM[mtu]), '--mbufs', str(65536 * 2048 // ROOM[mtu])]
        self.p = rig.spawn('nodes', args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reply()

    def reply(self):
        # what EAL and drivers say on stdout is not ours
        for line in self.p.stdout:
            if line.startswith('{'):
                r = json.loads(line)
                if 'error' in r:
                    raise Failed('nodes: ' + r['error'])
                return r
        raise Failed('the nodes have ended')

    def ask(self, command):
        self.p.stdin.write(command + '\n')
        self.p.stdin.flush()
        return self.reply()

    def quit(self):
        self.p.stdin.close()
        self.rig.end(self.p, 15, 'bench_nodes')

    def vdevs(self):
        args = []
        for i, sock in enumerate(self.socks):
            args += ['--vdev', 'net_virtio_user%d,path=%s,mac=02:00:00:00:00:%02x,%s' % (i, sock, i + 1, PORT)]
        return args


class Router:
    """The real program, its only worker alone on a core."""

    def __init__(self, rig, build, mtu, nodes, node_core, core):
        self.rig = rig
        args = [build + '/app/router/lnet-router']
        args += eal(rig.prefix + '-r', '0@%d,1@%d' % (node_core, core), 1024) + nodes.vdevs() + ['--']
        for i in range(2):
            args += ['--interface', 'name=p%d,port=net_virtio_user%d,ip=10.0.%d.1/24,mtu=%d' % (i, i, i, mtu)]
        args += ['--networks', 'tcp0(p0),tcp1(p1)', '--forwarding', 'enabled', '--config_on_load', '1', '--idle', 'poll',
                 '--tiny_router_buffers', '512', '--small_router_buffers', '1024', '--large_router_buffers', '64',
                 '--max_conns', '256', '--max_peers', '256', '--mbuf_room', str(ROOM[mtu]),
                 '--sigterm', 'drain', '--drain_timeout', '1']
        self.p = rig.spawn('router', args, stdout=subprocess.DEVNULL)
        self.tel = Telemetry(rig, rig.prefix + '-r', 30)
        wait_for(30, 'the router configured', self.is_configured)

    def is_configured(self):
        try:
            return self.tel.ask('/app/info')['state'] == 'configured'
        except Failed:
            return False  # its commands come last

    def worker(self):
        """
        The cycles that the worker has booked so far. The round that it is in is not booked yet, and a core that others
        use too may just have been taken from it: read until next to nothing is open. Cycles that are never booked stay
        open in every reading.
        """
        best = None
        for _ in range(300):
            w = self.tel.ask('/app/workers')['data']['0']
            still_open = w['elapsed_cycles'] - w['busy_cycles'] - w['idle_cycles']
            if best is None or still_open < best[0]:
                best = still_open, w
            if still_open < w['hz'] * OPEN_S:
                break
            time.sleep(0.002)
        return best[1]

    def state(self):
        """Cycles of the worker and all counters of trouble, now."""
        worker = self.worker()
        worker['on_cpu_ns'], worker['waiting_ns'] = cpu_time(self.p.pid, 'worker')
        drops = dict(self.tel.ask('/lnet/drops'))
        for command in ('/ether/stats', '/tcp/stats', '/socklnd/stats'):
            for key, value in self.tel.ask(command).items():
                if 'drop' in key or key in ('rx_no_mem', 'tx_no_mbuf', 'tx_lost', 'no_memory'):
                    drops[command.split('/')[1] + '_' + key] = value
        for port in range(2):
            stats = self.tel.ask('/ethdev/stats,%d' % port)
            for key in ('imissed', 'ierrors', 'oerrors', 'rx_nombuf'):
                drops['port%d_%s' % (port, key)] = stats[key]
        retransmits = self.tel.ask('/tcp/stats')['retransmit']
        return worker, {k: v for k, v in drops.items() if isinstance(v, int)}, retransmits

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.rig.end(self.p, 20, 'lnet-router (a leak ends it with 1)')


def one_run(nodes, router, size, window, ms):
    """One repetition; Failed if a message was not as it has to be, or the router's books do not balance."""
    before, drops0, again0 = router.state()
    r = nodes.ask('run %d %d %d' % (size, window, ms))
    after, drops1, again1 = router.state()
    d = {k: after[k] - before[k] for k in after if k.endswith(('_cycles', '_items', '_ns'))}
    booked = d['busy_cycles'] + d['idle_cycles']
    elapsed_ns = d['elapsed_cycles'] / after['hz'] * 1e9
    # others take the core from a worker that never rests at any moment, busy or idle
    busy = d['busy_cycles'] * min(1, d['on_cpu_ns'] / elapsed_ns)
    row = {
        'messages': r['messages'],
        'messages_per_s': r['messages'] / r['seconds'],
        'mb_per_s': r['messages'] * size / r['seconds'] / 1e6,
        'cycles_per_message': busy / r['messages'],
        'cycles_per_byte': busy / r['messages'] / size if size > 0 else None,
        'booked_cycles_per_message': d['busy_cycles'] / r['messages'],
        'busy_share': d['busy_cycles'] / d['elapsed_cycles'],
        'book_error': abs(booked - d['elapsed_cycles']) / d['elapsed_cycles'],
        'waiting_share': d['waiting_ns'] / elapsed_ns,
        'pollers': {k[:-len('_cycles')]: d[k] / r['messages'] for k in sorted(d)
                    if k.endswith('_cycles') and k.split('_')[0] not in ('busy', 'idle', 'elapsed')},
        'retransmits': again1 - again0,
        'drops': {k: drops1[k] - drops0.get(k, 0) for k in drops1 if drops1[k] != drops0.get(k, 0)},
        'checked_whole': r['checked_whole'],
    }
    if r['failures'] > 0:
        raise Failed('%d messages of %d bytes are not as they were sent: %s, nodes: %s' %
                     (r['failures'], size, r['errors'], r['nodes']))
    if row['drops']:
        raise Failed('the router has dropped: %s' % row['drops'])
    if row['book_error'] > BOOK_LIMIT:
        raise Failed('busy plus idle cycles are not the elapsed ones: %.2f %% off' % (100 * row['book_error']))
    return row


def medians(rows):
    keys = [k for k in rows[0] if isinstance(rows[0][k], (int, float)) or rows[0][k] is None]
    m = {k: median(rows, k) for k in keys}
    m['pollers'] = {k: median([r['pollers'] for r in rows], k) for k in rows[0]['pollers']}
    return m


def measure(build, mtu, reps, ms):
    node_core, core = cores()
    results = []
    with Rig('fwd') as rig:
        nodes = Nodes(rig, build, mtu, node_core)
        router = Router(rig, build, mtu, nodes, node_core, core)
        wait_for(20, "the links of the nodes' ports", lambda: nodes.ask('link')['up'])
        for size, window in SIZES:
            one_run(nodes, router, size, window, 200)  # connections, caches, windows
            rows = [one_run(nodes, router, size, window, ms) for _ in range(reps)]
            results.append({'mtu': mtu, 'size': size, 'window': window, 'median': medians(rows), 'runs': rows})
        router.stop()
        nodes.quit()
    return results


def measure_limit(build, mtu, reps, ms):
    """What dpdk-testpmd forwards between the same two ports, one way."""
    node_core, core = cores()
    results = []
    for frame in LIMIT_FRAMES[mtu]:
        with Rig('limit') as rig:
            nodes = Nodes(rig, build, mtu, node_core)
            args = ['dpdk-testpmd'] + eal(rig.prefix + '-t', '0@%d,1@%d' % (node_core, core), 512) + nodes.vdevs()
            args += ['--', '--forward-mode=io', '--nb-cores=1', '--total-num-mbufs=32768', '--record-core-cycles',
                     '--mbuf-size=%d' % (ROOM[mtu] + 128), '--max-pkt-len=%d' % (mtu + 18)]
            pmd = rig.spawn('testpmd', args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            wait_for(20, "the links of the nodes' ports", lambda: nodes.ask('link')['up'])
            wait_for(20, 'frames through testpmd', lambda: nodes.ask('limit %d 200' % frame)['received'] > 0)
            runs = [nodes.ask('limit %d %d' % (frame, ms)) for _ in range(reps)]
            rows = [{'frames_per_s': r['received'] / r['seconds'],
                     'mb_per_s': r['received'] * frame / r['seconds'] / 1e6} for r in runs]
            out, _ = pmd.communicate('\n', timeout=20)
            nodes.quit()
        cycles = re.search(r'CPU cycles/packet=([0-9.]+)', out)
        results.append({'mtu': mtu, 'frame': frame, 'cycles_per_frame': float(cycles.group(1)) if cycles else None,
                        'median': {k: median(rows, k) for k in rows[0]}, 'runs': rows})
    return results


def show(forward, limit):
    rows = []
    for r in forward:
        m = r['median']
        rows.append([str(r['mtu']), str(r['size']), str(r['window']), m['messages_per_s'], m['mb_per_s'],
                     m['cycles_per_message'], m['cycles_per_byte'], 100 * m['busy_share'], 100 * m['waiting_share'],
                     100 * max(x['book_error'] for x in r['runs']), m['retransmits']])
    table('router, PUT with ACK (medians; a message is the PUT and its ACK)',
          ['MTU', 'bytes', 'window', 'messages/s', 'MB/s', 'cycles/message', 'cycles/byte', 'busy %', 'waiting %', 'book error %',
           'retransmits'], rows)
    pollers = [p for p in forward[0]['median']['pollers'] if any(r['median']['pollers'][p] > 0 for r in forward)]
    table('booked cycles of a message by poller', ['MTU', 'bytes'] + pollers,
          [[str(r['mtu']), str(r['size'])] + [r['median']['pollers'][p] for p in pollers] for r in forward])
    if limit:
        table('dpdk-testpmd, io forwarding between the same ports (medians)',
              ['MTU', 'frame', 'frames/s', 'MB/s', 'cycles/frame'],
              [[str(r['mtu']), str(r['frame']), r['median']['frames_per_s'], r['median']['mb_per_s'], r['cycles_per_frame']]
               for r in limit])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--build', required=True)
    ap.add_argument('--json', required=True)
    ap.add_argument('--quick', action='store_true')
    a = ap.parse_args()
    reps, ms = (3, 400) if a.quick else (5, 1500)
    result = {'machine': machine(), 'forward': [], 'limit': []}
    try:
        for mtu in (1500, 9000):
            result['forward'] += measure(a.build, mtu, reps, ms)
            if not a.quick:
                result['limit'] += measure_limit(a.build, mtu, 3, 1000)
    except Failed as e:
        print('forward: %s' % e, file=sys.stderr)
        return 1
    show(result['forward'], result['limit'])
    worst = max(r['median']['waiting_share'] for r in result['forward'])
    if worst > 0.02:
        print("\nFor up to %.0f %% of the time other programs had the router's core: the cycles of messages and bytes are "
              'estimates, those of pollers include the waiting.' % (100 * worst))
    with open(a.json, 'w') as f:
        json.dump(result, f, indent=1)
    return 0


if __name__ == '__main__':
    os.environ.setdefault('PYTHONUNBUFFERED', '1')
    sys.exit(main())
