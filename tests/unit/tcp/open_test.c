/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes: both roles, options of every kind, half-open peers, simultaneous open. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- passive --- */

SCRIPT(open_passive_acks_at_once_and_tells_the_user, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), QUIET, STATE("ESTABLISHED"),
       COUNT(CONN_PASSIVE, 1))

SCRIPT(open_passive_takes_data_with_the_ack_that_completes_it, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(P | A, 1, 1, 16), OUT(A, 1, 17, 0), TAKE(16),
       STATE("ESTABLISHED"))

SCRIPT(open_passive_takes_data_and_fin_with_the_ack, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(F | P | A, 1, 1, 16), OUT(A, 1, 18, 0), TAKE(16),
       RX_EOF, STATE("CLOSE_WAIT"))

SCRIPT(open_passive_repeats_the_syn_ack_when_the_syn_comes_again, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0),
       STATE("ESTABLISHED"))

SCRIPT(open_passive_repeats_the_syn_ack_by_timer_and_gives_up, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), WAIT(990), QUIET, WAIT(20), OUT(S | A, 0, 1, 0),
       WAIT(1980), QUIET, WAIT(20), OUT(S | A, 0, 1, 0), WAIT(14000), SKIP, STATE("none"),
       COUNT(SYN_EXPIRED, 1))

SCRIPT(open_passive_resets_an_ack_that_does_not_fit, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 2, 0), OUT(R, 2, 0, 0), STATE("SYN_RCVD"),
       IN(A, 1, 1, 0), STATE("ESTABLISHED"))

SCRIPT(open_passive_forgets_when_reset, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(R, 1, 0, 0), STATE("none"), QUIET)

SCRIPT(open_passive_new_syn_gets_a_challenge_whose_reset_clears_it, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(S, 500, 0, 0), OUT(A, 1, 1, 0), IN(R, 1, 0, 0),
       STATE("none"))

SCRIPT(open_passive_tells_of_a_connection_that_was_reset_in_the_same_burst, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), BURST(P | A, 1, 1, 10), IN(R, 11, 1, 0),
       CLOSED(ECONNRESET))

static const struct script_conf reject = {.accept_rc = -EPERM};
SCRIPT(open_passive_is_reset_when_the_user_refuses_it, LISTENING, &reject, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(P | A, 1, 1, 5), OUT(R | A, 1, 6, 0), QUIET,
       STATE("none"), COUNT(CONN_REJECTED, 1))

/* --- options --- */

static const struct script_conf bare = {
	.no_ts = true, .no_sack = true, .no_wscale = true, .no_mss = true, .wnd = 65535};
static const struct script_conf bare_v6 = {.v6 = true, .no_ts = true, .no_mss = true};
static const struct script_conf tiny_mss = {.mss = 1};
static const struct script_conf v6 = {.v6 = true, .mss = 1440};

SCRIPT(open_without_options_uses_the_defaults, ACCEPTED, &bare, /* */
       SEND(1000), OUT(A, 1, 1, 536), OUT(P | A, 537, 1, 464))
SCRIPT(open_without_options_uses_the_defaults_of_ipv6, ACCEPTED, &bare_v6, /* */
       SEND(2000), OUT(A, 1, 1, 1220), OUT(P | A, 1221, 1, 780))
SCRIPT(open_with_a_senseless_mss_does_not_cut_to_nothing, ACCEPTED, &tiny_mss, /* */
       SEND(100), OUT(A, 1, 1, 48), OUT(A, 49, 1, 48), SKIP)
SCRIPT(open_over_ipv6_leaves_room_for_its_header, ACCEPTED, &v6, /* */
       SEND(1500), OUT(A, 1, 1, 1428), OUT(P | A, 1429, 1, 72))

static void
syn_ack_offers_only_what_was_offered(void **)
{
	static const struct {
		struct script_conf conf;
		bool ts, sack, wscale;
	} cases[] = {
		{{.mss = 1460}, true, true, true},
		{{.no_ts = true}, false, true, true},
		{{.no_sack = true}, true, false, true},
		{{.no_wscale = true}, true, true, false},
		{{.no_ts = true, .no_sack = true, .no_wscale = true}, false, false, false},
	};
	static const struct step syn[] = {IN(S, 0, 0, 0), END};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct script *sc = script_new(&cases[i].conf);
		const struct fake_out *o;

		script_run(sc, syn, "syn");
		o = fake_next(&sc->f);
		assert_non_null(o);
		assert_int_equal(o->s.flags, S | A);
		assert_int_equal(o->s.has_ts, cases[i].ts);
		assert_int_equal(o->s.sack_permitted, cases[i].sack);
		assert_int_equal(o->s.has_wscale, cases[i].wscale);
		assert_true(o->s.has_mss);
		assert_int_equal(o->s.mss, 1460);
		if (cases[i].ts)
			assert_int_equal(o->s.tsecr, sc->burst[0].tsval);
		script_free(sc);
	}
}

static void
syn_announces_an_unscaled_window_and_a_scale_of_seven_at_least(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {CONNECT, END};
	const struct fake_out *o;

	sc->flow.local_port = 1023;
	script_run(sc, steps, "connect");
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.flags, S);
	assert_int_equal(o->s.ack, 0);
	assert_true(o->s.has_ts && o->s.sack_permitted && o->s.has_mss);
	assert_int_equal(o->s.tsecr, 0);
	assert_true(o->s.wscale >= 7);
	assert_int_equal(o->s.wnd, 65535);
	script_free(sc);
}

/* --- active --- */

SCRIPT(open_active_connects, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED,
       COUNT(CONN_ACTIVE, 1))

SCRIPT(open_active_sends_what_was_queued_before, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), SEND(100), QUIET, IN(S | A, 0, 1, 0), OUT(P | A, 1, 1, 100), QUIET)

SCRIPT(open_active_takes_data_in_the_syn_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(P | S | A, 0, 1, 0), OUT(A, 1, 1, 0), IN(P | A, 1, 1, 7),
       OUT(A, 1, 8, 0), TAKE(7))

SCRIPT(open_active_repeats_the_syn_and_times_out, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), WAIT(1001), OUT(S, 0, 0, 0), WAIT(2001), OUT(S, 0, 0, 0),
       WAIT(4001), OUT(S, 0, 0, 0), WAIT(8100), SKIP, CLOSED(ETIMEDOUT))

/* RFC 6298 5.7: which SYN was answered is not known, so nothing was measured. */
static const struct script_conf plain = {.no_ts = true, .no_sack = true};
SCRIPT(open_after_a_repeated_syn_waits_three_seconds, DIALLING, &plain, /* */
       CONNECT, OUT(S, 0, 0, 0), WAIT(1001), OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0),
       SEND(10), OUT(P | A, 1, 1, 10), WAIT(2980), QUIET, WAIT(30), OUT(P | A, 1, 1, 10))

SCRIPT(open_active_is_refused, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(R | A, 0, 1, 0), CLOSED(ECONNREFUSED), QUIET)

SCRIPT(open_active_ignores_a_reset_that_does_not_fit, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(R | A, 0, 77, 0), IN(R, 0, 0, 0), OPEN, QUIET,
       IN(S | A, 0, 1, 0), CONNECTED)

/* We restarted; the peer still holds the old connection and answers our SYN from it. */
SCRIPT(open_active_resets_a_half_open_peer_and_repeats_the_syn, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(A, 70000, 90000, 0), OUT(R, 90000, 0, 0), OUT(S, 0, 0, 0),
       QUIET, IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED, COUNT(SYN_HURRIED, 1))

SCRIPT(open_active_hurries_only_once, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(A, 70000, 90000, 0), OUT(R, 90000, 0, 0), OUT(S, 0, 0, 0),
       IN(A, 70000, 90000, 0), OUT(R, 90000, 0, 0), QUIET, WAIT(1001), OUT(S, 0, 0, 0))

SCRIPT(open_active_resets_a_syn_ack_of_another_number, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 5, 0), OUT(R, 5, 0, 0), SKIP, OPEN, STATE("SYN_SENT"))

SCRIPT(open_active_remembers_unreachable_until_it_gives_up, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), UNREACHABLE(0), OPEN, WAIT(15100), SKIP, CLOSED(EHOSTUNREACH))

SCRIPT(open_active_gives_up_when_two_syns_were_unreachable, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), UNREACHABLE(0), UNREACHABLE(0), OPEN, WAIT(1001), OUT(S, 0, 0, 0),
       UNREACHABLE(1), OPEN, UNREACHABLE(0), CLOSED(EHOSTUNREACH), COUNT(CONN_UNREACHABLE, 1))

/* RFC 5927 5.2: no report ends what is open, and none ends a handshake of the other side's. */
SCRIPT(open_by_both_sides_outlives_reports, DIALLING, &v6, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), REFUSED(0), UNREACHABLE(0),
       WAIT(1001), OUT(S | A, 0, 1, 0), UNREACHABLE(0), OPEN, IN(A, 1, 1, 0), CONNECTED)

SCRIPT(open_by_both_sides_is_challenged_by_a_reset_that_does_not_fit, DIALLING, &v6, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(R, 5, 0, 0),
       OUT(A, 1, 1, 0), IN(R, 70000, 0, 0), QUIET, OPEN, IN(R, 1, 0, 0), CLOSED(ECONNREFUSED))

SCRIPT(open_by_both_sides_repeats_by_timer_and_gives_up, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), WAIT(1001),
       OUT(S | A, 0, 1, 0), WAIT(15000), SKIP, CLOSED(ETIMEDOUT), STATE("none"))

SCRIPT(open_active_is_refused_by_icmp, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), REFUSED(5), OPEN, REFUSED(0), CLOSED(ECONNREFUSED))

SCRIPT(open_active_can_be_closed_before_it_is_open, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), CLOSE, CLOSED(ECONNABORTED), QUIET)

/* --- both at once, RFC 9293 figure 7 --- */

SCRIPT(open_by_both_sides_at_once, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), STATE("SYN_RCVD"),
       IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED, COUNT(CONN_SIMULTANEOUS, 1),
       IN(P | A, 1, 1, 9), OUT(A, 1, 10, 0), TAKE(9))

SCRIPT(open_by_both_sides_completes_with_a_plain_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), CONNECTED,
       QUIET)

SCRIPT(open_by_both_sides_may_be_refused, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(R | A, 1, 1, 0),
       CLOSED(ECONNREFUSED))

SCRIPT(open_by_both_sides_closed_meanwhile_sends_fin, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), CLOSE, QUIET, IN(A, 1, 1, 0),
       OUT(F | A, 1, 1, 0), STATE("FIN_WAIT_1"))

/* The window of a SYN is never scaled: 512 bytes are 512, until the next segment says more. */
SCRIPT(open_active_does_not_scale_the_window_of_the_syn_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), SEND(1000), OUT(A, 1, 1, 512),
       QUIET, IN(A, 1, 513, 0), OUT(P | A, 513, 1, 488))

SCRIPT(open_by_both_sides_does_not_scale_the_window_either, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(S | A, 0, 1, 0),
       OUT(A, 1, 1, 0), SEND(1000), OUT(A, 1, 1, 512), QUIET)

/* --- no connection --- */

SCRIPT(unknown_segments_are_reset_without_state, LISTENING, NULL, /* */
       IN(A, 5, 77, 10), OUT(R, 77, 0, 0), IN(F | P | A, 5, 99, 10), OUT(R, 99, 0, 0),
       IN(R, 5, 0, 0), QUIET, IN(R | A, 5, 9, 0), QUIET, STATE("none"))

static void
syn_to_a_closed_port_is_refused(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(S, 0, 0, 0), END};
	const struct fake_out *o;

	sc->flow.local_port = 989;
	script_run(sc, steps, "syn");
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.flags, R | A);
	assert_int_equal(o->s.seq, 0);
	assert_int_equal(o->s.ack, sc->conf.peer_iss + 1);
	script_free(sc);
}

static void
connect_refuses_what_cannot_work(void **)
{
	struct script *sc = script_new(NULL);
	static const struct tcp_ops none = {0};
	struct ip_flow flow = fake_flow(&sc->f, 1023, 988);
	struct tcp_conn *c, *d;

	sc->f.path_rc = -ENETUNREACH;
	assert_int_equal(tcp_connect(sc->f.tcp, &flow, 0, &none, NULL, sc->f.now, &c),
			 -ENETUNREACH);
	sc->f.path_rc = 0;
	sc->f.elsewhere = true;
	assert_int_equal(tcp_connect(sc->f.tcp, &flow, 0, &none, NULL, sc->f.now, &c),
			 -EADDRNOTAVAIL);
	sc->f.elsewhere = false;
	assert_int_equal(tcp_connect(sc->f.tcp, &flow, 0, &none, NULL, sc->f.now, &c), 0);
	assert_int_equal(tcp_connect(sc->f.tcp, &flow, 0, &none, NULL, sc->f.now, &d), -EADDRINUSE);
	assert_int_equal(tcp_conn_count(sc->f.tcp), 1);
	/* this user has no callbacks: take it away before the end tells it so */
	tcp_set_user(c, NULL, NULL);
	script_free(sc);
}

static void
numbers_and_timestamps_move_on_across_a_restart(void **)
{
	struct script_conf conf = {0};
	struct tcp_segment syn[2];
	static const struct step steps[] = {CONNECT, END};
	unsigned int i;

	fake_tcp_conf_default(&conf.fake);
	for (i = 0; i < 2; i++) {
		struct script *sc = script_new(&conf);

		sc->flow.local_port = 1023;
		script_run(sc, steps, "connect");
		syn[i] = fake_next(&sc->f)->s;
		script_free(sc);
		/* three seconds later, as the wall clock says; our own clock begins anew */
		conf.fake.tcp.clock_offset += 3000 * FAKE_MS;
	}
	assert_int_equal(syn[1].tsval - syn[0].tsval, 3000);
	assert_true((int32_t)(syn[1].seq - syn[0].seq) > 0);
}

static void
numbers_depend_on_the_secret_and_on_the_flow(void **)
{
	struct script_conf conf = {0};
	uint32_t seq[3], ts[3];
	static const struct step steps[] = {CONNECT, END};
	unsigned int i;

	fake_tcp_conf_default(&conf.fake);
	for (i = 0; i < 3; i++) {
		struct script *sc;

		conf.fake.tcp.secret[0] = i == 2;
		sc = script_new(&conf);
		sc->flow.local_port = (uint16_t)(1023 - i);
		script_run(sc, steps, "connect");
		seq[i] = fake_next(&sc->f)->s.seq;
		ts[i] = sc->f.out[0].s.tsval;
		script_free(sc);
	}
	assert_int_not_equal(seq[0], seq[1]);
	assert_int_not_equal(seq[1], seq[2]);
	/* one clock per pair of addresses, so that a port that is used again sees it move on */
	assert_int_equal(ts[0], ts[1]);
	assert_int_not_equal(ts[1], ts[2]);
}

/* --- both at once, in every order --- */

SCRIPT(open_by_both_sides_syn_again_repeats_the_syn_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(S, 0, 0, 0),
       OUT(S | A, 0, 1, 0), STATE("SYN_RCVD"), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED)
SCRIPT(open_by_both_sides_our_syn_is_lost, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), WAIT(500), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), WAIT(1005),
       OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), CONNECTED, STATE("ESTABLISHED"))
SCRIPT(open_by_both_sides_with_data_queued, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), SEND(100), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), QUIET,
       IN(S | A, 0, 1, 0), OUT(P | A, 1, 1, 100), CONNECTED, IN(A, 1, 101, 0), ACKED(100))
SCRIPT(open_by_both_sides_data_comes_with_the_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(P | A, 1, 1, 20),
       OUT(A, 1, 21, 0), CONNECTED, TAKE(20))
SCRIPT(open_by_both_sides_with_another_syn_is_challenged, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(S, 5000, 0, 0),
       OUT(A, 1, 1, 0), STATE("SYN_RCVD"), IN(A, 1, 1, 0), CONNECTED)
SCRIPT(open_by_both_sides_wrong_ack_is_reset, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 2, 0),
       OUT(R, 2, 0, 0), STATE("SYN_RCVD"), OPEN, IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED)
SCRIPT(open_active_syn_ack_again_is_acked_again, DIALLED, NULL, /* our ACK was lost */
       IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), STATE("ESTABLISHED"), OPEN)
SCRIPT(open_passive_syn_ack_lost_and_data_comes_first, LISTENING,
       NULL, /* the ACK was lost, the data was not */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 11, 1, 10), OUT(A, 1, 1, 0, SACK1(11, 21)),
       STATE("ESTABLISHED"), IN(A, 1, 1, 10), OUT(A, 1, 21, 0), TAKE(20))
SCRIPT(open_passive_ack_lost_and_fin_comes_first, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(F | A, 11, 1, 0), OUT(A, 1, 1, 0),
       STATE("ESTABLISHED"), IN(P | A, 1, 1, 10), OUT(A, 1, 12, 0), STATE("CLOSE_WAIT"), TAKE(10),
       RX_EOF)

/* --- payload in a SYN: RFC 9293 3.4 allows it, and nobody has to take it before the handshake is over --- */

SCRIPT(open_passive_leaves_payload_of_the_syn_to_be_repeated, LISTENING, NULL, /* */
       IN(S, 0, 0, 100), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), LEN(0), IN(P | A, 1, 1, 100),
       OUT(A, 1, 101, 0), TAKE(100))
SCRIPT(open_active_takes_payload_of_the_syn_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(P | S | A, 0, 1, 10), OUT(A, 1, 11, 0), CONNECTED, TAKE(10),
       IN(P | A, 11, 1, 10), OUT(A, 1, 21, 0), TAKE(10))
SCRIPT(open_by_both_sides_leaves_payload_to_be_repeated, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S, 0, 0, 10), OUT(S | A, 0, 1, 0), IN(S | A, 0, 1, 10),
       OUT(A, 1, 11, 0), CONNECTED, TAKE(10))
SCRIPT(open_active_takes_no_fin_in_the_syn_ack, DIALLING, NULL, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(F | S | A, 0, 1, 0), QUIET, STATE("SYN_SENT"),
       COUNT(DROP_FLAGS, 1), IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), CONNECTED)
SCRIPT(open_passive_syn_with_an_ack_number_is_a_syn, LISTENING,
       NULL, /* without the flag it means nothing */
       IN(S | P, 0, 77, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0), STATE("ESTABLISHED"))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_passive_acks_at_once_and_tells_the_user),
		cmocka_unit_test(open_passive_takes_data_with_the_ack_that_completes_it),
		cmocka_unit_test(open_passive_takes_data_and_fin_with_the_ack),
		cmocka_unit_test(open_passive_repeats_the_syn_ack_when_the_syn_comes_again),
		cmocka_unit_test(open_passive_repeats_the_syn_ack_by_timer_and_gives_up),
		cmocka_unit_test(open_passive_resets_an_ack_that_does_not_fit),
		cmocka_unit_test(open_passive_forgets_when_reset),
		cmocka_unit_test(open_passive_new_syn_gets_a_challenge_whose_reset_clears_it),
		cmocka_unit_test(
			open_passive_tells_of_a_connection_that_was_reset_in_the_same_burst),
		cmocka_unit_test(open_passive_is_reset_when_the_user_refuses_it),
		cmocka_unit_test(open_without_options_uses_the_defaults),
		cmocka_unit_test(open_without_options_uses_the_defaults_of_ipv6),
		cmocka_unit_test(open_with_a_senseless_mss_does_not_cut_to_nothing),
		cmocka_unit_test(open_over_ipv6_leaves_room_for_its_header),
		cmocka_unit_test(syn_ack_offers_only_what_was_offered),
		cmocka_unit_test(syn_announces_an_unscaled_window_and_a_scale_of_seven_at_least),
		cmocka_unit_test(open_active_connects),
		cmocka_unit_test(open_active_sends_what_was_queued_before),
		cmocka_unit_test(open_active_takes_data_in_the_syn_ack),
		cmocka_unit_test(open_active_repeats_the_syn_and_times_out),
		cmocka_unit_test(open_after_a_repeated_syn_waits_three_seconds),
		cmocka_unit_test(open_active_is_refused),
		cmocka_unit_test(open_active_ignores_a_reset_that_does_not_fit),
		cmocka_unit_test(open_active_resets_a_half_open_peer_and_repeats_the_syn),
		cmocka_unit_test(open_active_hurries_only_once),
		cmocka_unit_test(open_active_resets_a_syn_ack_of_another_number),
		cmocka_unit_test(open_active_remembers_unreachable_until_it_gives_up),
		cmocka_unit_test(open_active_gives_up_when_two_syns_were_unreachable),
		cmocka_unit_test(open_by_both_sides_outlives_reports),
		cmocka_unit_test(open_by_both_sides_is_challenged_by_a_reset_that_does_not_fit),
		cmocka_unit_test(open_by_both_sides_repeats_by_timer_and_gives_up),
		cmocka_unit_test(open_active_is_refused_by_icmp),
		cmocka_unit_test(open_active_can_be_closed_before_it_is_open),
		cmocka_unit_test(open_by_both_sides_at_once),
		cmocka_unit_test(open_by_both_sides_completes_with_a_plain_ack),
		cmocka_unit_test(open_by_both_sides_may_be_refused),
		cmocka_unit_test(open_by_both_sides_closed_meanwhile_sends_fin),
		cmocka_unit_test(open_active_does_not_scale_the_window_of_the_syn_ack),
		cmocka_unit_test(open_by_both_sides_does_not_scale_the_window_either),
		cmocka_unit_test(unknown_segments_are_reset_without_state),
		cmocka_unit_test(syn_to_a_closed_port_is_refused),
		cmocka_unit_test(connect_refuses_what_cannot_work),
		cmocka_unit_test(numbers_and_timestamps_move_on_across_a_restart),
		cmocka_unit_test(numbers_depend_on_the_secret_and_on_the_flow),
		cmocka_unit_test(open_by_both_sides_syn_again_repeats_the_syn_ack),
		cmocka_unit_test(open_by_both_sides_our_syn_is_lost),
		cmocka_unit_test(open_by_both_sides_with_data_queued),
		cmocka_unit_test(open_by_both_sides_data_comes_with_the_ack),
		cmocka_unit_test(open_by_both_sides_with_another_syn_is_challenged),
		cmocka_unit_test(open_by_both_sides_wrong_ack_is_reset),
		cmocka_unit_test(open_active_syn_ack_again_is_acked_again),
		cmocka_unit_test(open_passive_syn_ack_lost_and_data_comes_first),
		cmocka_unit_test(open_passive_ack_lost_and_fin_comes_first),
		cmocka_unit_test(open_passive_leaves_payload_of_the_syn_to_be_repeated),
		cmocka_unit_test(open_active_takes_payload_of_the_syn_ack),
		cmocka_unit_test(open_by_both_sides_leaves_payload_to_be_repeated),
		cmocka_unit_test(open_active_takes_no_fin_in_the_syn_ack),
		cmocka_unit_test(open_passive_syn_with_an_ack_number_is_a_syn),
	};

	return cmocka_run_group_tests_name("tcp/open", tests, script_group_setup, NULL);
}
