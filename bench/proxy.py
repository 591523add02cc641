# SPDX-License-Identifier: BSD-3-Clause
"""
The router against haproxy in tcp mode, over veth: the same two LNet peers on kernel sockets put the same messages through
either, and the CPU time of a GB is compared. See proxy.sh.

Behind haproxy the peers see one network: B has the NID that A dials, in a namespace of its own, so that haproxy can listen
on that address and connect to it.
"""
import argparse
import json
import os
import signal
import subprocess
import sys

from rig import Failed, Rig, Telemetry, cores, cpu_time, machine, median, table, wait_for

SIZE = 1 << 20
WINDOW = 8
VARIANTS = ('router', 'haproxy', 'haproxy_offload')
TICK = os.sysconf('SC_CLK_TCK')

HAPROXY = """global
	nbthread 1
	maxconn 64
defaults
	mode tcp
	timeout connect 5s
	timeout client 60s
	timeout server 60s
listen lnet
	bind 10.0.0.1:988
	server b 10.0.0.1:988 namespace %s source 10.0.1.1:512-900
"""


class Net:
    """Namespaces and the veth pairs between them."""

    def __init__(self, rig, mtu, offload, peer_core, core):
        self.rig = rig
        self.mtu = mtu
        self.offload = offload
        self.peer_core = peer_core
        self.core = core
        self.names = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for ns in self.names:
            subprocess.run(['ip', 'netns', 'del', ns], stderr=subprocess.DEVNULL, check=False)

    def run(self, *args):
        p = subprocess.run(args, capture_output=True, text=True, check=False)
        if p.returncode != 0:
            raise Failed('%s: %s' % (' '.join(args), p.stderr.strip()))

    def name(self, ns):
        return self.rig.prefix + '-' + ns

    def inside(self, ns):
        return ['ip', 'netns', 'exec', self.name(ns)]

    def namespace(self, ns):
        self.run('ip', 'netns', 'add', self.name(ns))
        self.names.append(self.name(ns))
        self.run('ip', '-n', self.name(ns), 'link', 'set', 'lo', 'up')

    def veth(self, ns1, if1, ns2, if2):
        self.run('ip', 'link', 'add', if1, 'netns', self.name(ns1), 'mtu', str(self.mtu), 'numrxqueues', '1', 'numtxqueues', '1',
                 'type', 'veth', 'peer', 'name', if2, 'netns', self.name(ns2), 'mtu', str(self.mtu), 'numrxqueues', '1',
                 'numtxqueues', '1')
        for ns, dev, core in ((ns1, if1, self.peer_core), (ns2, if2, self.core)):
            if not self.offload:
                self.run(*self.inside(ns), 'ethtool', '-K', dev, 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off')
            # what arrives at an end is worked on by the core of the program that it is for
            self.run(*self.inside(ns), 'sh', '-c', 'echo %x >/sys/class/net/%s/queues/rx-0/rps_cpus' % (1 << core, dev))
            self.run('ip', '-n', self.name(ns), 'link', 'set', dev, 'up')

    def addr(self, ns, dev, addr):
        self.run('ip', '-n', self.name(ns), 'addr', 'add', addr, 'dev', dev)

    def spawn(self, name, ns, args, core, **kw):
        return self.rig.spawn(name, self.inside(ns) + args, core, **kw)


def start_router(rig, net, build):
    jumbo = net.mtu > 1500
    port = 'qdisc_bypass=1,' + ('blocksz=36864,framesz=9216,framecnt=1024' if jumbo else 'blocksz=4096,framesz=2048,framecnt=4096')
    args = [build + '/app/router/lnet-router', '--no-huge', '-m', '768', '--no-pci', '--file-prefix', rig.prefix,
            '--lcores', '0@%d,1@%d' % (net.core, net.core), '--log-level=lib.eal:error']
    for i in range(2):
        args += ['--vdev', 'net_af_packet%d,iface=r%d,%s' % (i, i, port)]
        net.run(*net.inside('r'), 'sysctl', '-q', '-w', 'net.ipv6.conf.r%d.disable_ipv6=1' % i)
        net.run('ip', '-n', net.name('r'), 'link', 'set', 'r%d' % i, 'arp', 'off', 'promisc', 'on')
    args += ['--']
    for i in range(2):
        args += ['--interface', 'name=p%d,port=net_af_packet%d,ip=10.0.%d.1/24,mtu=%d' % (i, i, i, net.mtu)]
    args += ['--networks', 'tcp0(p0),tcp1(p1)', '--forwarding', 'enabled', '--config_on_load', '1', '--idle', 'sleep',
             '--tiny_router_buffers', '512', '--small_router_buffers', '512', '--large_router_buffers', '64',
             '--max_conns', '256', '--max_peers', '256', '--mbuf_room', '9216' if jumbo else '2048',
             '--sigterm', 'drain', '--drain_timeout', '1']
    p = net.spawn('router', 'r', args, None, stdout=subprocess.DEVNULL)
    tel = Telemetry(rig, rig.prefix, 30)

    def configured():
        try:
            return tel.ask('/app/info')['state'] == 'configured'
        except Failed:
            return False

    wait_for(30, 'the router configured', configured)
    return p


def start_haproxy(rig, net):
    conf = rig.path('haproxy.cfg')
    with open(conf, 'w') as f:
        f.write(HAPROXY % net.name('q'))
    return net.spawn('haproxy', 'r', ['haproxy', '-db', '-f', conf], net.core, stdout=subprocess.DEVNULL)


def build_net(net, is_router):
    """a - r - b; with haproxy its side towards b is the namespace q."""
    far = 'r' if is_router else 'q'
    for ns in ['a', 'r', 'b'] + ([] if is_router else ['q']):
        net.namespace(ns)
    net.veth('a', 'a0', 'r', 'r0')
    net.veth('b', 'b0', far, 'r1')
    net.addr('a', 'a0', '10.0.0.2/24')
    net.addr('b', 'b0', '10.0.1.2/24')
    if not is_router:
        net.addr('r', 'r0', '10.0.0.1/24')
        net.addr('q', 'r1', '10.0.1.1/24')
        net.addr('b', 'lo', '10.0.0.1/32')
        # a namespace may not choose its congestion control everywhere, a route may; the peers set it on their sockets
        net.run('ip', '-n', net.name('r'), 'route', 'replace', '10.0.0.0/24', 'dev', 'r0', 'src', '10.0.0.1', 'congctl', 'cubic')
        net.run('ip', '-n', net.name('q'), 'route', 'add', '10.0.0.1/32', 'via', '10.0.1.2', 'congctl', 'cubic')


def peer_args(is_router):
    """Options of A and of B, and the NID that A puts to."""
    if is_router:
        return (['--nid', '10.0.0.2@tcp', '--route', 'tcp1=10.0.0.1@tcp'],
                ['--nid', '10.0.1.2@tcp1', '--route', 'tcp=10.0.1.1@tcp1'], '10.0.1.2@tcp1')
    return ['--nid', '10.0.0.2@tcp'], ['--nid', '10.0.0.1@tcp'], '10.0.0.1@tcp'


def core_busy_s(core):
    """Time that a core has not been idle."""
    with open('/proc/stat') as f:
        fields = next(line for line in f if line.startswith('cpu%d ' % core)).split()[1:9]
    return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / TICK


def ksoftirqd(core):
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/comm' % pid) as f:
                if f.read().strip() == 'ksoftirqd/%d' % core:
                    return int(pid)
        except FileNotFoundError:
            pass
    raise Failed('no ksoftirqd/%d' % core)


class Bench:
    """One box between two peers."""

    def __init__(self, rig, net, build, variant):
        self.rig, self.net = rig, net
        is_router = variant == 'router'
        self.peer = build + '/tests/peer/lnet-peer'
        self.a, b, self.target = peer_args(is_router)
        self.kernel_ends = ('a', 'b') if is_router else ('r', 'q')
        build_net(net, is_router)
        with open(rig.path('b.json'), 'w') as out:
            self.b = net.spawn('b', 'b', [self.peer] + b + ['serve'], net.peer_core, stdin=subprocess.DEVNULL, stdout=out)
        self.box = start_router(rig, net, build) if is_router else start_haproxy(rig, net)
        self.softirqd = ksoftirqd(net.core)

    def put(self, count, retries=0, meanwhile=None):
        """Put so many messages. @meanwhile has to become true in that time. Return: lnet-peer's report and its CPU time in s."""
        args = self.a + ['--size', str(SIZE), '--count', str(count), '--window', str(WINDOW), '--retry', str(retries),
                         '--timeout', '120', 'put', self.target]
        p = self.net.spawn('a', 'a', [self.peer] + args, self.net.peer_core, stdout=subprocess.PIPE, text=True)
        if meanwhile is not None:
            wait_for(20, meanwhile.__name__, meanwhile)
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        report = json.loads(out.strip().splitlines()[-1]) if out.strip() else {}
        if p.returncode != 0 or not report.get('ok') or report['loads'][0]['completed'] != count:
            raise Failed('lnet-peer: %s' % out.strip())
        return report['loads'][0], usage.ru_utime + usage.ru_stime

    def uses_cubic(self):
        """Of the connections of the box, or of the peers where the box is not the kernel's: false as long as there are none."""
        for ns in self.kernel_ends:
            out = subprocess.run(self.net.inside(ns) + ['ss', '-tinH', 'state', 'established'], capture_output=True, text=True,
                                 check=True).stdout
            lines = [line for line in out.splitlines() if 'cwnd:' in line]
            if any('cubic' not in line.split() for line in lines):
                raise Failed('a connection does not use cubic: ' + out)
            if not lines:
                return False
        return True

    def times(self):
        return {'box': cpu_time(self.box.pid)[0] / 1e9, 'ksoftirqd': cpu_time(self.softirqd)[0] / 1e9,
                'core': core_busy_s(self.net.core), 'b': cpu_time(self.b.pid)[0] / 1e9}

    def run(self, count):
        before = self.times()
        load, a = self.put(count)
        after = self.times()
        gb = count * SIZE / 1e9
        d = {k: (after[k] - before[k]) / gb for k in after}
        return {'cpu_s_per_gb': d['box'] + d['ksoftirqd'], 'process_s_per_gb': d['box'], 'ksoftirqd_s_per_gb': d['ksoftirqd'],
                'core_s_per_gb': d['core'], 'peers_s_per_gb': a / gb + d['b'], 'mb_per_s': load['mb_per_s']}

    def stop(self):
        """The receiver's verdict: every byte right, nothing twice."""
        self.b.send_signal(signal.SIGTERM)
        self.rig.end(self.b, 10, 'lnet-peer serve (a fault ends it with a status)')
        self.box.send_signal(signal.SIGTERM)
        if self.box.wait(20) not in (0, 143, -signal.SIGTERM):
            raise Failed('the box ends with status %d' % self.box.returncode)


def measure(build, variant, mtu, count, reps):
    peer_core, core = cores()
    with Rig('px') as rig, Net(rig, mtu, variant == 'haproxy_offload', peer_core, core) as net:
        bench = Bench(rig, net, build, variant)
        bench.put(96, retries=40, meanwhile=bench.uses_cubic)
        rows = [bench.run(count) for _ in range(reps)]
        bench.stop()
    return {'mtu': mtu, 'box': variant, 'size': SIZE, 'count': count, 'median': {k: median(rows, k) for k in rows[0]},
            'runs': rows}


def ratios(results):
    """CPU time of the router by that of each other box, same MTU, same run."""
    by = {(r['mtu'], r['box']): r['median'] for r in results}
    return [{'mtu': mtu, 'box': box, 'router_by_box': by[mtu, 'router']['cpu_s_per_gb'] / m['cpu_s_per_gb'],
             'rate_router_by_box': by[mtu, 'router']['mb_per_s'] / m['mb_per_s']}
            for (mtu, box), m in by.items() if box != 'router']


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--build', required=True)
    ap.add_argument('--json', required=True)
    ap.add_argument('--quick', action='store_true')
    a = ap.parse_args()
    count, reps = (192, 3) if a.quick else (768, 3)
    variants = VARIANTS[:2] if a.quick else VARIANTS
    results = []
    try:
        for mtu in (9000, 1500):
            for variant in variants:
                results.append(measure(a.build, variant, mtu, count, reps))
    except Failed as e:
        print('proxy: %s' % e, file=sys.stderr)
        return 1
    ratio = ratios(results)
    table('1 MiB PUTs over veth (medians); CPU seconds per GB of payload',
          ['MTU', 'box', 'box CPU', 'of it ksoftirqd', 'whole core', 'peers', 'MB/s'],
          [[str(r['mtu']), r['box']] + [r['median'][k] for k in ('cpu_s_per_gb', 'ksoftirqd_s_per_gb', 'core_s_per_gb',
                                                                  'peers_s_per_gb', 'mb_per_s')] for r in results])
    table('the router by the other box', ['MTU', 'box', 'CPU', 'rate'],
          [[str(r['mtu']), r['box'], r['router_by_box'], r['rate_router_by_box']] for r in ratio])
    with open(a.json, 'w') as f:
        json.dump({'proxy': {'machine': machine(), 'results': results, 'ratios': ratio}}, f, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
