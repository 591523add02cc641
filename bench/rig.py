# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmarks share: processes that end with us, the router's telemetry, CPU time of threads, medians."""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


HUGE = '/dev/hugepages'


class Failed(Exception):
    """The run is worth nothing; the text says why."""


def cores():
    """Core of the nodes and core of the box under test: the first and the last that we may use."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed('two cores are needed, this process may use %d' % len(allowed))
    return allowed[0], allowed[-1]


def wait_for(seconds, what, test):
    end = time.monotonic() + seconds
    while True:
        got = test()
        if got:
            return got
        if time.monotonic() > end:
            raise Failed('not within %d s: %s' % (seconds, what))
        time.sleep(0.05)


class Rig:
    """A folder, a prefix, and the processes started in it; all gone at the end of the with block."""

    def __init__(self, name):
        self.prefix = 'lnrb-%s-%d' % (name, os.getpid())
        self.dir = None
        self.procs = []

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix=self.prefix + '.')
        # where DPDK puts its sockets and files
        os.environ['RUNTIME_DIRECTORY'] = self.dir
        for s in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(s, lambda *_: sys.exit(1))
        return self

    def __exit__(self, kind, value, _):
        for p, _name in self.procs:
            if p.poll() is None:
                p.kill()
            p.wait()
        if kind is not None and kind is not SystemExit and kind is not KeyboardInterrupt:
            self.dump()
        shutil.rmtree(self.dir, ignore_errors=True)
        for f in os.listdir(HUGE) if os.path.isdir(HUGE) else []:
            if f.startswith(self.prefix):
                os.unlink(os.path.join(HUGE, f))

    def dump(self):
        for _p, name in self.procs:
            with open(self.path(name + '.err'), errors='replace') as f:
                tail = f.read()[-2000:]
            if tail:
                print('--- %s\n%s' % (name, tail), file=sys.stderr)

    def path(self, name):
        return os.path.join(self.dir, name)

    def spawn(self, name, args, core=None, **kw):
        """Start a program; what it says on stderr is shown if the run fails."""
        if core is not None:
            args = ['taskset', '-c', str(core)] + args
        with open(self.path(name + '.err'), 'ab') as err:
            p = subprocess.Popen(args, stderr=err, **kw)
        self.procs.append((p, name))
        return p

    def end(self, p, seconds, what):
        """Wait for the end of a program that was asked to; its status has to be 0."""
        try:
            status = p.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed('%s does not end' % what) from None
        if status != 0:
            raise Failed('%s ends with status %d' % (what, status))


def eal(prefix, lcores, mbytes):
    """EAL options: hugepages if there are enough, else none."""
    free = 0
    with open('/proc/meminfo') as f:
        info = dict(line.split(':', 1) for line in f)
    if 'HugePages_Free' in info and os.path.isdir(HUGE):
        free = int(info['HugePages_Free']) * int(info['Hugepagesize'].split()[0]) // 1024
    # both sides of a port and a reserve
    memory = ['--single-file-segments'] if free > 4 * mbytes else ['--no-huge']
    return memory + ['-m', str(mbytes), '--no-pci', '--file-prefix', prefix, '--lcores', lcores,
                     '--log-level=lib.eal:error', '--log-level=lib.vhost.config:error']


class Telemetry:
    """The socket of a DPDK process."""

    def __init__(self, rig, prefix, seconds):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(10)
        wait_for(seconds, 'telemetry of ' + prefix, lambda: self.connect(rig.path('dpdk/%s/dpdk_telemetry.v2' % prefix)))
        self.s.recv(65536)

    def connect(self, path):
        try:
            self.s.connect(path)
            return True
        except OSError:
            return False

    def ask(self, command):
        self.s.send(command.encode())
        value = json.loads(self.s.recv(65536).decode()).get(command.split(',')[0])
        if value is None:
            raise Failed('no answer to %s' % command)
        return value


def cpu_time(pid, thread=''):
    """
    Time in ns that the threads of a process with this in their names were on a CPU, with what the kernel did in their
    name; and time that they were ready and another had it.
    """
    on = waiting = 0
    for t in os.listdir('/proc/%d/task' % pid):
        base = '/proc/%d/task/%s/' % (pid, t)
        try:
            with open(base + 'comm') as comm, open(base + 'schedstat') as stat:
                if thread in comm.read():
                    a, b, _ = stat.read().split()
                    on, waiting = on + int(a), waiting + int(b)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
    return on, waiting


def median(rows, key):
    """Of the rows that have it; None if none has."""
    values = [r[key] for r in rows if r.get(key) is not None]
    return statistics.median(values) if values else None


def machine():
    with open('/proc/cpuinfo') as f:
        model = [line.split(':', 1)[1].strip() for line in f if line.startswith('model name')]
    return {'cpu': model[0] if model else 'unknown', 'cores': len(os.sched_getaffinity(0)), 'kernel': os.uname().release,
            'load_before': os.getloadavg()[0]}


def table(title, heads, rows):
    """Print; numbers to the right."""
    text = [heads] + [[('-' if v is None else v if isinstance(v, str) else '%.*f' % (0 if abs(v) >= 100 else 2, v)) for v in r]
                      for r in rows]
    width = [max(len(r[i]) for r in text) for i in range(len(heads))]
    print('\n' + title)
    for r in text:
        print('  ' + '  '.join(v.rjust(w) for v, w in zip(r, width)))
    sys.stdout.flush()
