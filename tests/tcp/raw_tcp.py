# SPDX-License-Identifier: BSD-3-Clause
"""TCP over IPv4 by hand, on a packet socket: what no kernel socket can be made to do. For hostile.py."""
import collections
import socket
import struct
import sys
import time

HOST, SELF, BESIDE = '10.0.0.1', '10.0.0.66', '10.0.0.2'
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
MSS = 1460
PATIENCE = 60  # seconds in which something has to move: the longest timer of either side is far shorter
SOCKET_BUFFER = 64 << 20
SO_RCVBUFFORCE = 33
MASK = (1 << 32) - 1


class Failed(Exception):
    pass


class Reset(Failed):
    pass


def stream(seed, length):
    """A stream as tests/tcp/stream.h has it."""
    out = bytearray(struct.pack('=QQ', seed, length + 16))
    for i in range(length // 8 + 1):
        word = (seed + i) * 0x9e3779b97f4a7c15 & (1 << 64) - 1
        out += (word ^ word >> 29).to_bytes(8, sys.byteorder)
    return bytes(out[:length + 16])


def inet_sum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def segment(sport, dport, seq, ack, flags, wnd, data=b'', options=b''):
    options += b'\1' * (-len(options) % 4)
    return struct.pack('!HHIIBBHHH', sport, dport, seq & MASK, ack & MASK if flags & ACK else 0,
                       5 + len(options) // 4 << 4, flags, wnd, 0, 0) + options + data


class Segment:
    def __init__(self, packet):
        ihl = (packet[0] & 15) * 4
        total = struct.unpack('!H', packet[2:4])[0]
        tcp = packet[ihl:total]
        self.sport, self.dport, self.seq, self.ack, off, self.flags, self.wnd = struct.unpack('!HHIIBBH', tcp[:16])
        self.data = tcp[(off >> 4) * 4:]


class Wire:
    """Ethernet, ARP and IPv4. It gives up when nothing has moved for long: whoever sees progress says moved()."""

    def __init__(self, iface):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER)
        self.sock.bind((iface, 0))
        self.mac = self.sock.getsockname()[4]
        self.host_mac = None
        self.ident = 0
        self.last = collections.deque(maxlen=40)  # for whoever has to find out
        self.begin()
        while self.host_mac is None:
            self.arp(1, b'\xff' * 6, b'\0' * 6)
            self.receive(0.2)

    def begin(self):
        self.longest = 0
        self.moved_at = time.monotonic()

    def moved(self):
        now = time.monotonic()
        self.longest = max(self.longest, now - self.moved_at)
        self.moved_at = now

    def arp(self, op, to, target):
        self.sock.send(to + self.mac + struct.pack('!HHHBBH', 0x806, 1, 0x800, 6, 4, op) + self.mac +
                       socket.inet_aton(SELF) + target + socket.inet_aton(HOST))

    def send(self, tcp, source=SELF):
        self.ident = self.ident + 1 & 0xffff
        pseudo = socket.inet_aton(source) + socket.inet_aton(HOST)
        check = inet_sum(pseudo + struct.pack('!BBH', 0, 6, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack('!H', check) + tcp[18:]
        head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), self.ident, 0x4000, 64, 6, 0) + pseudo
        head = head[:10] + struct.pack('!H', inet_sum(head)) + head[12:]
        self.log('>', Segment(head + tcp))
        self.sock.send(self.host_mac + self.mac + b'\x08\0' + head + tcp)

    def log(self, way, s):
        self.last.append(f'{time.monotonic():.3f} {way} {s.sport} {s.dport} flags {s.flags} seq {s.seq} ack {s.ack} '
                         f'len {len(s.data)} wnd {s.wnd}')

    def receive(self, seconds, to=SELF):
        """The next TCP segment of the host for @to, or None after so long."""
        now = time.monotonic()
        end = now + seconds
        while now < end:
            if now - self.moved_at > PATIENCE:
                raise Failed(f'nothing moved for {PATIENCE} s')
            self.sock.settimeout(min(end - now, 1))
            try:
                s = self.parse(self.sock.recv(65536), socket.inet_aton(to))
            except TimeoutError:
                s = None
            if s is not None:
                self.log('<', s)
                return s
            now = time.monotonic()
        return None

    def parse(self, frame, to):
        kind = frame[12:14]
        if kind == b'\x08\x06' and frame[28:32] == socket.inet_aton(HOST) and frame[38:42] == socket.inet_aton(SELF):
            self.host_mac = frame[22:28]
            if frame[20:22] == b'\0\1':
                self.arp(2, self.host_mac, self.host_mac)
        elif kind == b'\x08\0' and frame[30:34] == to and frame[23] == 6:
            return Segment(frame[14:])
        return None


class Conn:
    """A connection without timestamps or window scaling; all that is clever about it is left to its user."""

    opened = 0

    def __init__(self, wire, rng, port, wnd=32000):
        Conn.opened += 1
        self.wire, self.rng, self.port, self.wnd = wire, rng, port, wnd
        self.sport = rng.randrange(20000, 60000)
        self.iss = self.seq = self.una = rng.randrange(1 << 32)
        self.nxt = 0  # what we have of the other side
        self.top = 0  # highest offset that it has sent
        self.got = bytearray()
        self.eof = False
        self.send(SYN, options=struct.pack('!BBHBBBB', 2, 4, MSS, 1, 1, 4, 2))
        self.irs = self.expect('SYN-ACK', lambda s: s.flags & SYN).seq
        self.nxt = self.irs + 1 & MASK
        self.seq = self.seq + 1 & MASK
        self.send(ACK)

    def send(self, flags, data=b'', seq=None, ack=None, wnd=None, options=b'', sack=()):
        if sack:
            options += struct.pack('!BBBB', 1, 1, 5, 2 + 8 * len(sack))
            options += b''.join(struct.pack('!II', a & MASK, b & MASK) for a, b in sack)
        ack = self.nxt if ack is None else ack
        wnd = self.wnd if wnd is None else wnd
        seq = self.seq if seq is None else seq
        self.wire.send(segment(self.sport, self.port, seq, ack, flags, wnd, data, options))

    def receive(self, seconds):
        """The next segment of this connection, or None after so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            s = self.wire.receive(left)
            if s is None or s.dport != self.sport:
                continue
            if s.flags & RST:
                raise Reset('reset')
            if s.flags & ACK:
                if 0 < (s.ack - self.una & MASK) < 1 << 31:
                    self.una = s.ack
                    self.wire.moved()
                self.peer_wnd = s.wnd
            if s.data:
                self.top = max(self.top, self.offset(s.seq) + len(s.data))
            return s
        return None

    def expect(self, what, fits):
        while True:
            try:
                s = self.receive(PATIENCE)
            except Failed as e:
                raise Failed(f'{e}, waiting for {what}') from None
            if s is not None and fits(s):
                return s

    def acked(self):
        """Of what we have sent, SYN and FIN included, less SYN."""
        return self.una - self.iss - 1 & MASK

    def offset(self, seq):
        """Of a sequence number of the other side, from its first byte on; negative for old ones."""
        return (seq - self.irs - 1 + (1 << 31) & MASK) - (1 << 31)

    def take(self, s):
        """In order only: what is out of order is thrown away. Return: was there something new in it?"""
        skip = len(self.got) - self.offset(s.seq)
        if skip < 0 or skip > len(s.data) or self.eof:
            return False
        new = s.data[skip:]
        self.got += new
        self.eof = bool(s.flags & FIN)
        self.nxt = self.irs + 1 + len(self.got) + self.eof & MASK
        if new or self.eof:
            self.wire.moved()
        return bool(new) or self.eof

    def is_whole(self):
        return len(self.got) >= 16 and len(self.got) == struct.unpack('=QQ', self.got[:16])[1]

    def take_flight(self):
        """All that comes without an ACK of ours."""
        while (s := self.receive(0.3)) is not None and self.take(s):
            pass

    def receive_rest(self):
        while not self.is_whole():
            s = self.expect('more data', lambda s: s.data)
            self.take(s)
            self.send(ACK)

    def send_all(self, data, nxt=0):
        """All of our stream of which @nxt bytes were sent, within the window; what is missing again after a while."""
        while (done := self.acked()) < len(data):
            nxt = max(nxt, done)
            while nxt < len(data) and nxt - done + MSS <= self.peer_wnd:
                self.send(ACK | PSH, data[nxt:nxt + MSS], seq=self.iss + 1 + nxt)
                nxt = min(nxt + MSS, len(data))
            s = self.receive(1)
            if s is None:
                nxt = done
            elif s.data:
                self.take(s)
                self.send(ACK, seq=self.iss + 1 + nxt)
        self.seq = self.una

    def close(self):
        """FIN first, then theirs; when the other side has forgotten us, its stream has to be whole."""
        self.receive_rest()
        self.send(FIN | ACK)
        fin = self.seq
        self.seq = self.seq + 1 & MASK
        while not self.eof or self.una != self.seq:
            s = self.receive(1)
            if s is None:
                self.send(FIN | ACK, seq=fin)
                continue
            self.take(s)
            if s.data or s.flags & FIN:
                self.send(ACK)
        try:
            while True:
                self.send(ACK)
                self.receive(0.5)
        except Reset:
            pass
        seed, length = struct.unpack('=QQ', self.got[:16])
        if self.got != stream(seed, length - 16):
            raise Failed('bytes are wrong')
