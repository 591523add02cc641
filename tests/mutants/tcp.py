# SPDX-License-Identifier: BSD-3-Clause
"""Faults that somebody could put into the TCP engine. Each must be found by a test (scripts/mutants.py).

Mutant(name, what goes wrong, (file in drivers/tcp, text that occurs exactly once, what replaces it)...). Choose lines that say what
they do: they outlive changes around them.
"""
from collections import namedtuple


class Mutant(namedtuple('Mutant', 'name what edits')):
    def __new__(cls, name, what, *edits):
        return super().__new__(cls, name, what, edits)


MUTANTS = [
    # numbers
    Mutant('seq-compare-plain', 'numbers are compared without wrap-around',
           ('seq.h', 'return (int32_t)(a - b) < 0;', 'return a < b;')),
    Mutant('seq-compare-off-by-one', 'less than takes equal for less',
           ('seq.h', 'return (int32_t)(a - b) < 0;', 'return (int32_t)(a - b) <= 0;')),
    Mutant('isn-stands-still', 'initial numbers do not move on with time',
           ('isn.c', '(now + t->cfg.clock_offset) >> ISN_TICK_SHIFT', '0 >> ISN_TICK_SHIFT')),
    Mutant('isn-guessable', 'initial numbers do not depend on the secret',
           ('isn.c', '(uint32_t)clock + (uint32_t)siphash24(t->cfg.secret, flow, sizeof(*flow))', '(uint32_t)clock')),

    # handshake
    Mutant('handshake-any-ack', 'any ACK completes a handshake',
           ('in.c', '''	if (s->ack != c->snd_nxt) {
		tcp_count(c->t, TCP_DROP_ACK);
		tcp_reply_reset''', '''	if (false) {
		tcp_count(c->t, TCP_DROP_ACK);
		tcp_reply_reset''')),
    Mutant('backlog-unlimited', 'a listener takes more SYNs than its backlog',
           ('listen.c', 'if (l->waiting >= l->backlog) {', 'if (false) {')),
    Mutant('syn-window-scaled', 'the window of a SYN is scaled',
           ('window.c', 'unsigned int shift = syn ? 0 : c->rcv_shift;', 'unsigned int shift = c->rcv_shift;')),
    Mutant('mss-ignores-timestamps', 'a full segment is larger than the path by the timestamps',
           ('path.c', '(c->ts_ok ? TCP_TS_LEN : 0)', '0')),

    # acceptance of segments
    Mutant('ack-of-unsent', 'an ACK of what was never sent is believed',
           ('ack.c', 'if (seq_leq(s->ack, c->snd_nxt) && seq_geq', 'if (seq_geq')),
    Mutant('ack-too-old', 'an ACK of long ago is believed',
           ('ack.c', ' && seq_geq(s->ack, c->snd_una - c->snd_wnd_max))', ')')),
    Mutant('paws-off', 'an old duplicate with an old timestamp is taken',
           ('in.c', 'if (!c->ts_ok || (s->flags & TCP_RST) != 0)\n\t\treturn true;', 'if (true)\n\t\treturn true;')),
    Mutant('ts-recent-from-any', 'the timestamp of a segment out of order is echoed',
           ('in.c', 'if (!c->ts_ok || !s->has_ts || seq_gt(s->seq, c->last_ack_sent))', 'if (!c->ts_ok || !s->has_ts)')),
    Mutant('rst-anywhere', 'a reset anywhere in the window is obeyed',
           ('in.c', '/* RFC 5961 3.2 */\n\tif (s->seq != c->rcv_nxt) {', 'if (false) {')),
    Mutant('syn-unchallenged', 'a SYN in the window is not challenged',
           ('in.c', 'tcp_reply_challenge(c, now); /* RFC 5961 4.2 */', '')),
    Mutant('challenge-unlimited', 'each stray segment is answered',
           ('reply.c', 'if (now < *next) {', 'if (false) {')),
    Mutant('rst-answers-rst', 'a reset is answered with a reset',
           ('reply.c', 'if ((s->flags & TCP_RST) != 0)\n\t\treturn;', ''),
           ('listen.c', 'if ((s->flags & TCP_RST) != 0) {', 'if (false) {')),
    Mutant('icmp-unchecked', 'an ICMP error about what is not in flight is believed',
           ('path.c', 'seq_lt(info->seq, c->snd_una) ||\n\t    seq_geq(info->seq, c->snd_nxt)', 'false')),
    Mutant('icmp-tiny-mtu', 'an ICMP error makes segments as small as it says',
           ('pmtud.c', 'if (mtu < min)\n\t\tmtu = min;', '')),

    # receive
    Mutant('beyond-window-taken', 'data beyond the window is kept',
           ('data.c', 'if (p->len > 0 && seq_gt(p->seq + p->len, c->rcv_edge)) {', 'if (false) {')),
    Mutant('window-shrinks', 'a window that was promised is taken back',
           ('window.c', 'uint32_t open = announced > c->expect ? announced - c->expect : 0;', 'uint32_t open = 0;\n\t(void)announced;'),
           ('window.c', 'if (wnd < held + least_step(c)) {', 'if (false) {'),
           ('window.c', 'c->rcv_edge = seq_max(c->rcv_edge, c->rcv_nxt + (wnd << shift));', 'c->rcv_edge = c->rcv_nxt + (wnd << shift);')),
    Mutant('window-update-never', 'a window that opens is not announced',
           ('out.c', 'bool update = !c->ack_now && tcp_window_update_due(c);', 'bool update = false;')),
    Mutant('window-update-once', 'the announcement of an opened window is not repeated when it is lost',
           ('timer.c', 'if (c->last_rx > c->reopened_at || c->reopens >= TCP_REOPENS_MAX)', 'if (true)')),
    Mutant('reassembly-off-by-one', 'an overlap is cut one byte short',
           ('rxq.c', 'uint32_t overlap = ooo_end(r) - seq;', 'uint32_t overlap = ooo_end(r) - seq - 1;')),
    Mutant('reassembly-touching-kept-apart', 'ranges that touch are not joined',
           ('rxq.c', 'seq_leq(next->seq, ooo_end(r))', 'seq_lt(next->seq, ooo_end(r))')),
    Mutant('fin-before-its-data', 'a FIN counts before the data ahead of it is there',
           ('data.c', 'if (c->fin_known && !c->fin_rcvd && c->rcv_nxt == c->fin_seq)', 'if (c->fin_known && !c->fin_rcvd)')),
    Mutant('delayed-ack-never', 'an ACK that waits is never sent',
           ('data.c', 'if (!c->ack_now && !tcp_timer_is_set(c, TCP_TIMER_ACK))', 'if (false)')),
    Mutant('gap-acked-late', 'a segment out of order is not answered at once',
           ('data.c', 'tcp_count(c->t, TCP_RX_OOO);\n\tc->ack_now = true;', 'tcp_count(c->t, TCP_RX_OOO);')),
    Mutant('dsack-silent', 'a duplicate is not reported',
           ('segment.c', 'if (n > 0 && c->dsack.start != c->dsack.end) {', 'if (false) {')),
    Mutant('memory-not-given-back', 'the ledger is not told what the user took',
           ('rxq.c', 'if (before != q->data.true_size)', 'if (false)')),

    # send
    Mutant('window-unscaled', "the peer's window is not scaled",
           ('ack.c', '(uint32_t)s->wnd << c->snd_shift', '(uint32_t)s->wnd')),
    Mutant('window-from-old-segment', 'a window update of an older segment counts',
           ('ack.c', 'if (seq_gt(s->seq, c->snd_wl1) || seq_gt(s->ack, c->snd_una))', 'if (true)')),
    Mutant('window-lags-behind-ack', 'an ACK moves the window that was told before',
           ('ack.c', 'if (seq_gt(s->seq, c->snd_wl1) || seq_gt(s->ack, c->snd_una))', 'if (seq_gt(s->seq, c->snd_wl1))')),
    Mutant('probe-answer-ignored', 'a window from beyond a hole makes us deaf to the answers of probes',
           ('ack.c', 'return c->persisting && c->backoff > 0 && s->seq == c->rcv_nxt && wnd > c->snd_wnd;', '(void)wnd;\n\treturn false;')),
    Mutant('silly-window', 'a small window is filled with small segments',
           ('out.c', 'return c->push_now && tcp_in_flight(c) == 0;', 'return true;')),
    Mutant('persist-never', 'a shut window is not probed',
           ('out.c', 'bool wanted = c->send_probe && tcp_in_flight(c) == 0 && c->tx.unsent > 0;', 'bool wanted = false;')),
    Mutant('rack-echo-of-sacked', 'a repetition out of order is not believed, because its timestamp is not echoed',
           ('ack.c', '.echo_end = UINT64_MAX,', '.echo_end = echo_end(c, s, now),')),
    Mutant('cwv-always-valid', 'a window grows while it is not in use, and a loss then counts from all of it',
           ('cwv.c', 'return c->cwv.rounds < WHOLE_ROUND ||', 'return true ||')),
    Mutant('cwv-window-for-ever', 'a window is kept over a pause of any length',
           ('cwv.c', 'if (tcp_cc_decay(&c->cc))', 'if (false)')),
    Mutant('cwv-restart', 'each pause ends with the initial window',
           ('out.c', 'tcp_cwv_idle(c, now);', 'c->cc.cwnd = c->cc.cwnd < tcp_cc_initial_window(&c->cc) ? c->cc.cwnd : tcp_cc_initial_window(&c->cc);')),
    Mutant('cwv-resent-counts', 'what was sent again counts as taken by the path',
           ('cwv.c', '(flight > resent ? flight - resent : 0) / 2', '(flight + 0 * resent) / 2')),

    # timers
    Mutant('rto-not-restarted', 'an ACK does not restart the retransmission timer',
           ('ack.c', '\telse\n\t\ttcp_timer_set(c, TCP_TIMER_RTX, now + tcp_rto(c));', '')),
    Mutant('rto-no-backoff', 'the timeout does not double',
           ('timer.c', 'c->backoff++;', '')),
    Mutant('rto-below-minimum', 'the timeout has no minimum',
           ('rtt.c', 'if (c->rto < cfg->rto_min)', 'if (false)')),
    Mutant('karn-ignored', 'the ACK of a repetition is taken for a round trip',
           ('txq.c', 'if ((s->flags & TXSEG_REPEATED) != 0)\n\t\td->repeated = true;\n\telse\n\t\td->sent_at', 'd->sent_at')),
    Mutant('keepalive-never', 'a silent peer is never asked',
           ('open.c', 'if (cfg->keepalive_idle != 0)', 'if (false)')),
    Mutant('user-timeout-never', 'a peer that does not answer is never given up',
           ('timer.c', 'return limit != 0 && now - since >= limit;', 'return false;')),

    # recovery
    Mutant('dup-threshold-two', 'a reordering of two segments is taken for a loss',
           ('rack.h', '#define TCP_DUP_THRESH 3', '#define TCP_DUP_THRESH 2')),
    Mutant('rack-blind', 'no loss is found by time',
           ('rack.c', 'if (r->sent_at == 0)\n\t\treturn TIMER_NONE;', 'if (true)\n\t\treturn TIMER_NONE;')),
    Mutant('rack-impatient', 'the reordering window is not waited for',
           ('rack.c', 'if (s->sent_at + allowed > now)', 'if (false)')),
    Mutant('rack-believes-any-answer', 'a repetition is taken for delivered when the first transmission was',
           ('rack.c', 'else if (s->sent_at >= d->echo_end || rtt < r->min_rtt)', 'else if (false)')),
    Mutant('rack-window-fixed', 'duplicates do not widen the reordering window',
           ('rack.c', 'r->wnd_mult++;', ';')),
    Mutant('tlp-never', 'a lost tail waits for the timeout',
           ('tlp.c', 'if (!c->tlp.rearm)\n\t\treturn;', 'return;')),
    Mutant('tlp-hides-a-loss', 'a loss that a probe repaired does not shrink the window',
           ('tlp.c', 'tcp_recovery_repaired(c, c->tlp.flight, now);', '(void)now;')),
    Mutant('prr-unlimited', 'a recovery sends what its flight was',
           ('prr.c', 'n = share > p->out ? share - p->out : 0;', 'n = p->flight;\n\t\t(void)share;')),
    Mutant('undo-by-part', 'one duplicate of several takes a recovery back',
           ('undo.c', 'u->reported >= u->resent', 'u->reported > 0')),
    Mutant('undo-by-late-echo', 'an answer to the repetition takes a recovery back',
           ('undo.c', 'd->echo_end <= u->first_at', 'true')),
    Mutant('undo-never', 'a recovery that was not needed keeps the small window',
           ('undo.c', 'tcp_cc_undo(&c->cc, &c->undo.before);', '')),
    Mutant('fin-not-repeated', 'a lost FIN is not sent again',
           ('out.c', 'flags = len == s->len ? tcp_flags(s->flags) : TCP_ACK;', 'flags = TCP_ACK;')),
    Mutant('sack-forgotten-by-timeout', 'what was reported by SACK is sent again after a timeout',
           ('recovery.c', 'if ((head->flags & TXSEG_SACKED) != 0) {', 'if (true) {')),
    Mutant('reneging-unnoticed', 'a peer that threw away what it had reported is waited for',
           ('recovery.c', 'if ((head->flags & TXSEG_SACKED) != 0) {', 'if (false) {')),
    Mutant('sack-beyond-sent', 'SACK of what was never sent is believed',
           ('ack.c', 'if (seq_geq(block.start, block.end) || seq_gt(block.end, c->snd_nxt) ||', 'if (seq_geq(block.start, block.end) ||')),

    # congestion control
    Mutant('cwnd-kept-at-loss', 'a loss does not shrink the window',
           ('cc.c', 'cc->cwnd = cc->ssthresh;', '')),
    Mutant('cwnd-kept-at-timeout', 'a timeout does not shrink the window',
           ('cc.c', 'cc->cwnd = cc->mss;', '')),
    Mutant('cubic-beta-of-reno', 'CUBIC shrinks by half',
           ('cc_cubic.c', '#define CUBIC_BETA 0.7', '#define CUBIC_BETA 0.5')),
    Mutant('newreno-grows-twice', 'NewReno grows by two segments a round trip',
           ('cc_newreno.c', '(double)bytes * cc->mss / cc->cwnd', '2.0 * bytes * cc->mss / cc->cwnd')),

    # end
    Mutant('time-wait-skipped', 'nobody is left to acknowledge a FIN that comes again',
           ('close.c', '\ttcp_conn_time_wait(c, now);', '\ttcp_conn_end(c, 0);')),
    Mutant('data-after-close-lost', 'data that nobody reads any more is acknowledged',
           ('data.c', 'if (p.len > 0 && c->closed_by_user) {', 'if (false) {')),
]
