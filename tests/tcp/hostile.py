#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A hostile peer of a tcp-host. Usage: hostile.py IFACE SEED SCENARIO...

It writes its own frames on IFACE as 10.0.0.66, an address that the kernel there does not have, and talks to the tcp-host at
10.0.0.1, with the first scenario to port 7001 and so on. Whatever a scenario does, at its end both streams of its connection were
whole. Or it speaks for 10.0.0.2, the kernel, whose connections to port 7000 must not suffer. Prints of each scenario the longest
wait and how many connections it had.
"""
import itertools
import random
import sys

from raw_tcp import ACK, BESIDE, FIN, MASK, MSS, PSH, RST, SYN, URG, Conn, Failed, Wire, segment, stream

BESIDE_PORT = 7000


def finish(c, length=100):
    c.receive_rest()
    c.send_all(stream(c.rng.randrange(1 << 64), length))
    c.close()


def renege(wire, rng, port):
    """Report by SACK what came behind a hole, and throw it away: all of it has to come again."""
    c = Conn(wire, rng, port)
    hole, top = None, 0
    for _ in range(12):
        s = c.expect('data', lambda s: s.data)
        if hole is None and c.offset(s.seq) >= 3 * MSS:
            hole = c.offset(s.seq)
        elif hole is None:
            c.take(s)
            c.send(ACK)
        else:
            top = max(top, c.offset(s.seq) + len(s.data))
            base = c.irs + 1
            c.send(ACK, sack=[(base + hole + MSS, base + top)] if top > hole + MSS else ())
    finish(c)


def bad_sack(wire, rng, port):
    """SACK blocks that make no sense with every ACK."""
    c = Conn(wire, rng, port)
    while not c.is_whole():
        s = c.expect('data', lambda s: s.data)
        c.take(s)
        n = c.nxt
        blocks = [(n + 9000000, n + 9001000), (n - 90000, n - 100), (n + 5000, n + 100), (n, n), (n - 10, n + 10),
                  (0, MASK)]
        c.send(ACK, sack=rng.sample(blocks, 3))
    finish(c)


def shrink(wire, rng, port):
    """Windows whose right edge goes back below what is under way; what lies beyond it is thrown away."""
    c = Conn(wire, rng, port)
    c.take(c.expect('data', lambda s: s.data))
    for wnd in (2 * MSS, 500, 0, 3 * MSS, 1, 32000):
        c.wnd = wnd
        c.send(ACK)
        for _ in range(4):
            s = c.expect('data or a probe', lambda s: True)
            if s.data and c.offset(s.seq) + len(s.data) <= len(c.got) + wnd:
                c.take(s)
            c.send(ACK)
            wire.moved()  # a probe of a shut window is as good
    finish(c)


def optimistic(wire, rng, port):
    """Acknowledges what it has not got, and what was not even sent."""
    c = Conn(wire, rng, port)
    while not c.is_whole():
        s = c.expect('data', lambda s: s.data)
        c.take(s)
        for ahead in sorted(rng.sample(range(12), 4), reverse=True):
            c.send(ACK, ack=c.nxt + ahead * MSS)
    finish(c)


def divide(wire, rng, port):
    """Acknowledges a segment in many pieces: the window grows by bytes, not by ACKs (RFC 3465)."""
    c = Conn(wire, rng, port, wnd=65535)
    while c.top < 10 * MSS:
        c.take(c.expect('the initial window', lambda s: s.data))
    first, pieces = c.top, 73
    for i in range(pieces):
        c.send(ACK, ack=c.irs + 1 + MSS * (i + 1) // pieces)
    c.take_flight()
    print(f'first flight {first}, then {c.top - first} for {MSS} that were acknowledged')
    # as many for those that left, and as many more in slow start; a tail loss probe; one to be safe
    if c.top - first > 4 * MSS:
        raise Failed(f'{c.top - first} bytes were sent for {MSS} that were acknowledged')
    c.send(ACK)
    finish(c)


def lost_update(wire, rng, port):
    """A window that shuts, and whose opening is told to nobody who does not ask."""
    c = Conn(wire, rng, port, wnd=8000)
    for wnd in (3000, 4000):
        c.take_flight()
        c.send(ACK, wnd=0)
        for _ in range(3):
            c.expect('a probe', lambda s: True)
            wire.moved()
            c.send(ACK, wnd=0)
        c.wnd = wnd
        c.take(c.expect('a probe', lambda s: True))
        c.send(ACK)
        c.take(c.expect('data', lambda s: s.data))
    c.send(ACK)
    finish(c)


def fill_window(c, data):
    """Send until the window is shut. Return: how much was sent; None if all of it found room."""
    nxt = 0
    while True:
        done = c.acked()
        if nxt - done + MSS <= c.peer_wnd:
            if nxt >= len(data):
                return None
            c.send(ACK, data[nxt:nxt + MSS], seq=c.iss + 1 + nxt)
            nxt += MSS
            continue
        s = c.receive(1)
        if s is None and done == nxt:
            return nxt
        if s is None:
            nxt = done
        else:
            c.take(s)


def unheard_update(wire, rng, port):
    """Their window shuts, and the update that opens it is lost. We never probe: they have to say it again."""
    while True:
        c = Conn(wire, rng, port)
        data = stream(rng.randrange(1 << 64), 200 * MSS)
        sent = fill_window(c, data)
        if sent is not None:
            break
        # this program was so slow that the reader on the other side had paused before
        c.send_all(data, len(data))
        c.close()
    c.expect('window update', lambda s: s.wnd >= MSS)
    c.expect('repeated window update', lambda s: s.wnd >= MSS)
    c.send_all(data, sent)
    c.close()


def overlap(wire, rng, port):
    """Data in pieces that overlap, repeat and come in any order; what repeats old bytes repeats them wrong."""
    c = Conn(wire, rng, port)
    data = stream(rng.randrange(1 << 64), 60000)
    rubbish = rng.randbytes(1400)
    while (done := c.acked()) < len(data):
        for _ in range(8):
            at = min(max(0, done + rng.randrange(-700, 12000)), len(data) - 1)
            part = data[at:at + rng.randrange(1, 1400)]
            old = min(max(0, done - at), len(part))
            c.send(ACK, rubbish[:old] + part[old:], seq=c.iss + 1 + at)
        c.send(ACK, data[done:done + 200], seq=c.iss + 1 + done)
        while (s := c.receive(0.02)) is not None:
            c.take(s)
    c.seq = c.una
    c.close()


def single_bytes(wire, rng, port):
    """Every byte in a segment of its own, within a few hundred in any order."""
    c = Conn(wire, rng, port)
    data = stream(rng.randrange(1 << 64), 1500)
    while (done := c.acked()) < len(data):
        offsets = list(range(done, min(done + 300, len(data))))
        rng.shuffle(offsets)
        for i in offsets:
            c.send(ACK, data[i:i + 1], seq=c.iss + 1 + i)
        while (s := c.receive(0.1)) is not None:
            c.take(s)
    c.seq = c.una
    c.close()


def nonsense(wire, rng, port):
    """Segments that mean nothing, or that an attacker would send, before every ACK."""
    c = Conn(wire, rng, port)
    kinds = [
        lambda: c.send(ACK, ack=c.nxt + 5000000),
        lambda: c.send(ACK, ack=c.nxt - 5000000),
        lambda: c.send(ACK, b'x' * 100, seq=c.seq + 5000000),
        lambda: c.send(ACK, b'x' * 100, seq=c.seq - 100),
        lambda: c.send(RST, seq=c.seq + rng.randrange(1, 60000)),
        lambda: c.send(RST | ACK, seq=c.seq - rng.randrange(1, 60000)),
        lambda: c.send(SYN),
        lambda: c.send(SYN | ACK, seq=c.seq - 1),
        lambda: c.send(PSH, b'x'),
        lambda: c.send(SYN | FIN | URG | PSH),
        lambda: c.send(ACK, options=b'\x05\x00\x05\xff'),
        lambda: c.send(ACK, options=b'\x02\x01' * 10),
        lambda: c.send(FIN | ACK, seq=c.seq + 40000),
    ]
    rng.shuffle(kinds)
    for kind in itertools.cycle(kinds):
        if c.is_whole():
            break
        s = c.expect('data', lambda s: s.data)
        kind()
        c.take(s)
        c.send(ACK)
    finish(c)


def forged(rng, s):
    """A segment in the kernel's name with guessed numbers: in the window, but not on the mark (RFC 5961)."""
    seq = s.ack + rng.choice((rng.randrange(100, 60000), rng.randrange(1 << 17, 1 << 31)))
    ack = s.seq + rng.randrange(1 << 20, 1 << 31)
    flags, data = rng.choice(((RST, b''), (RST | ACK, b''), (SYN, b''), (SYN | ACK, b''), (ACK, b'x' * 100),
                              (ACK | PSH, b'x' * 1000), (FIN | ACK, b'')))
    return segment(s.dport, s.sport, seq, ack, flags, 1000, data)


def inject(wire, rng, _port):
    """Between every two segments of the kernel's connections one that an attacker sent. The kernel sends little itself."""
    forgeries = 0
    while forgeries < 500:
        s = wire.receive(1, BESIDE)
        if s is None or s.sport != BESIDE_PORT or s.flags & (SYN | FIN):
            continue
        wire.moved()
        if len(s.data) == MSS - 12:
            wire.send(forged(rng, s), BESIDE)
            forgeries += 1


SCENARIOS = {f.__name__: f for f in (renege, bad_sack, shrink, optimistic, divide, lost_update, unheard_update, overlap,
                                     single_bytes, nonsense, inject)}


def main():
    iface, seed, *names = sys.argv[1:]
    wire = Wire(iface)
    print('ready', file=sys.stderr, flush=True)
    for port, name in enumerate(names, BESIDE_PORT + 1):
        wire.begin()
        before = Conn.opened
        try:
            SCENARIOS[name](wire, random.Random(f'{seed} {name}'), port)
        except Failed as e:
            print(*wire.last, sep='\n')
            sys.exit(f'FAIL: {name}: {e}')
        print(f'{name} longest wait {wire.longest:.1f} s, connections {Conn.opened - before}', flush=True)


main()
