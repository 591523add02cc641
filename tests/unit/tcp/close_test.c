/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections end: FIN in every order, resets, TIME-WAIT, half-open peers. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct script_conf v6 = {.v6 = true, .mss = 1440};

/* --- FIN in every order --- */

SCRIPT(close_by_us_first, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), STATE("FIN_WAIT_1"), IN(A, 1, 2, 0), STATE("FIN_WAIT_2"), OPEN,
       IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), CLOSED(0), STATE("TIME_WAIT"), WAIT(2100),
       STATE("none"))

SCRIPT(close_by_the_peer_first, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), STATE("CLOSE_WAIT"), RX_EOF, OPEN, CLOSE,
       OUT(F | A, 1, 2, 0), STATE("LAST_ACK"), OPEN, IN(A, 2, 2, 0), CLOSED(0), STATE("none"),
       QUIET)

SCRIPT(close_by_both_at_once, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), STATE("CLOSING"), OPEN,
       IN(A, 2, 2, 0), CLOSED(0), STATE("TIME_WAIT"))

SCRIPT(close_answered_by_fin_and_ack_in_one, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), CLOSED(0),
       STATE("TIME_WAIT"))

SCRIPT(close_by_both_with_the_ack_in_the_same_burst_still_acks_the_fin, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), BURST(F | A, 1, 1, 0), IN(A, 2, 2, 0), OUT(A, 2, 2, 0),
       CLOSED(0), STATE("TIME_WAIT"))

SCRIPT(close_sends_what_is_queued_first, ACCEPTED, NULL, /* */
       SEND(2000), CLOSE, OUT(A, 1, 1, MSS), OUT(P | A, 1 + MSS, 1, 2000 - MSS),
       OUT(F | A, 2001, 1, 0))

static const struct script_conf small_window = {.wnd = 10}; /* 1,280 bytes */
SCRIPT(close_puts_fin_on_the_last_segment, ACCEPTED, &small_window, /* */
       SEND(1500), OUT(A, 1, 1, 1280), CLOSE, QUIET, IN(A, 1, 1281, 0),
       OUT(F | P | A, 1281, 1, 220), IN(A, 1, 1502, 0), STATE("FIN_WAIT_2"), COUNT(RETRANSMIT, 0))

SCRIPT(close_after_the_peers_data_was_taken, ACCEPTED, NULL, /* */
       IN(F | P | A, 1, 1, 100), OUT(A, 1, 102, 0), TAKE(100), RX_EOF, CLOSE, OUT(F | A, 1, 102, 0),
       IN(A, 102, 2, 0), CLOSED(0))

SCRIPT(close_half_leaves_sending_possible, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), SEND(50), OUT(P | A, 1, 2, 50), IN(A, 2, 51, 0),
       ACKED(50), STATE("CLOSE_WAIT"))

SCRIPT(close_repeats_fin_by_timer, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), WAIT(210), OUT(F | A, 1, 1, 0), WAIT(410), OUT(F | A, 1, 1, 0),
       IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), CLOSED(0))

SCRIPT(close_is_given_up_when_the_peer_is_gone, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), WAIT(70000), SKIP, CLOSED(ETIMEDOUT), STATE("none"))

SCRIPT(close_does_not_wait_forever_for_the_peers_fin, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0), WAIT(10100), OUT(R | A, 2, 1, 0),
       CLOSED(ETIMEDOUT))

SCRIPT(close_fin_again_is_acked_again, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0),
       STATE("CLOSE_WAIT"))

SCRIPT(close_fin_out_of_order_counts_when_the_gap_is_filled, ACCEPTED, NULL, /* */
       IN(F | A, 101, 1, 50), OUT(A, 1, 1, 0, SACK1(101, 151)), STATE("ESTABLISHED"),
       IN(A, 1, 1, 100), OUT(A, 1, 152, 0), STATE("CLOSE_WAIT"), TAKE(150), RX_EOF)

SCRIPT(close_fin_far_ahead_does_not_hide_the_one_in_order, ACCEPTED, NULL, /* */
       IN(F | A, 40001, 1, 0), OUT(A, 1, 1, 0), IN(P | A, 1, 1, 10), SKIP, STATE("ESTABLISHED"),
       IN(F | A, 11, 1, 0), OUT(A, 1, 12, 0), TAKE(10), RX_EOF, STATE("CLOSE_WAIT"), CLOSE,
       OUT(F | A, 1, 12, 0), IN(A, 12, 2, 0), CLOSED(0))

SCRIPT(close_ignores_data_behind_the_fin, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 10), OUT(A, 1, 12, 0), IN(P | A, 12, 1, 5), SKIP, LEN(10),
       STATE("CLOSE_WAIT"))

/* --- unread data, data after close --- */

SCRIPT(close_with_unread_data_flushes_and_resets, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 16), OUT(A, 1, 17, 0), SEND(56), OUT(P | A, 1, 17, 56), CLOSE,
       OUT(R | A, 57, 17, 0), CLOSED(ECONNABORTED), QUIET, STATE("none"))

static void
close_with_unread_data_lets_out_what_was_queued_just_before(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step before[] = {IN(P | A, 1, 1, 16), OUT(A, 1, 17, 0), END};
	static const struct step after[] = {OUT(P | A, 1, 17, 56), OUT(R | A, 57, 17, 0),
					    CLOSED(ECONNABORTED), END};
	struct buf b = {0};
	uint8_t bytes[56];
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = script_byte(true, i);
	script_accept(sc);
	script_run(sc, before, "before");
	assert_int_equal(buf_copy_in(&b, &sc->f.mem, bytes, sizeof(bytes)), 0);
	assert_int_equal(tcp_send(sc->c, &b, false, sc->f.now), 0);
	tcp_close(sc->c, sc->f.now);
	fake_poll(&sc->f);
	script_run(sc, after, "after");
	script_free(sc);
}

SCRIPT(close_data_after_it_is_answered_by_reset, ACCEPTED, NULL, /* */
       CLOSE, OUT(F | A, 1, 1, 0), IN(P | A, 1, 1, 10), OUT(R | A, 2, 1, 0), CLOSED(ECONNRESET),
       COUNT(RX_AFTER_CLOSE, 1))

SCRIPT(close_refuses_further_sends, ACCEPTED, NULL, CLOSE, SKIP, STATE("FIN_WAIT_1"))

/* What an orphan is allowed counts from then, not from the last word. */
static void
close_after_a_long_silence_is_repeated(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step steps[] = {
		WAIT(300000),	     CLOSE,	     OUT(F | A, 1, 1, 0), WAIT(50000), SKIP, OPEN,
		STATE("FIN_WAIT_1"), IN(A, 1, 2, 0), STATE("FIN_WAIT_2"), END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.keepalive_idle = 0;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, steps, "silence");
	script_free(sc);
}

/* --- reset --- */

SCRIPT(abort_resets_and_tells_at_once, ACCEPTED, NULL, /* */
       SEND(10), OUT(P | A, 1, 1, 10), ABORT, OUT(R | A, 11, 1, 0), CLOSED(ECONNABORTED), QUIET)

SCRIPT(reset_at_the_exact_number_ends_it, ACCEPTED, NULL, /* */
       IN(R, 1, 0, 0), CLOSED(ECONNRESET), QUIET, STATE("none"))

SCRIPT(reset_elsewhere_in_the_window_is_challenged, ACCEPTED, NULL, /* */
       IN(R, 2, 0, 0), OUT(A, 1, 1, 0), OPEN, COUNT(TX_CHALLENGE, 1), IN(R, 1, 0, 0),
       CLOSED(ECONNRESET))

SCRIPT(reset_outside_of_the_window_is_dropped, ACCEPTED, NULL, /* */
       IN(R, 0, 0, 0), QUIET, IN(R, 2000000, 0, 0), QUIET, OPEN, COUNT(DROP_RST, 2))

SCRIPT(reset_challenges_are_limited, ACCEPTED, NULL, /* */
       IN(R, 2, 0, 0), OUT(A, 1, 1, 0), IN(R, 3, 0, 0), IN(R, 4, 0, 0), QUIET, COUNT(TX_LIMITED, 2),
       WAIT(100), IN(R, 5, 0, 0), OUT(A, 1, 1, 0))

#define PEER_CLOSES IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0)
#define WE_CLOSE CLOSE, OUT(F | A, 1, 1, 0)

/* RFC 9293 3.10.7.4, second check: by the exact number, in each state, in both families. */
static void
reset_ends_every_state_behind_the_handshake(void **)
{
	static const struct {
		const char *state;
		struct step to[5];
		uint32_t seq; /* RCV.NXT */
		int err;
	} cases[] = {
		{"ESTABLISHED", {END}, 1, ECONNRESET},
		{"FIN_WAIT_1", {WE_CLOSE, END}, 1, ECONNRESET},
		{"FIN_WAIT_2", {WE_CLOSE, IN(A, 1, 2, 0), END}, 1, ECONNRESET},
		{"CLOSE_WAIT", {PEER_CLOSES, END}, 2, ECONNRESET},
		{"CLOSING", {WE_CLOSE, IN(F | A, 1, 1, 0), OUT(A, 2, 2, 0), END}, 2, 0},
		{"LAST_ACK", {PEER_CLOSES, CLOSE, OUT(F | A, 1, 2, 0), END}, 2, 0},
	};
	size_t i;

	for (i = 0; i < 2 * (sizeof(cases) / sizeof(cases[0])); i++) {
		struct script *sc = script_new(i % 2 == 0 ? NULL : &v6);
		const struct step reset[] = {
			STATE(cases[i / 2].state),
			IN(R, cases[i / 2].seq + 1, 0, 0),
			SKIP,
			IN(R, cases[i / 2].seq - 1, 0, 0),
			IN(R, cases[i / 2].seq + 70000, 0, 0),
			QUIET,
			OPEN,
			COUNT(TX_CHALLENGE, 1),
			COUNT(DROP_RST, 2),
			IN(R, cases[i / 2].seq, 0, 0),
			QUIET,
			CLOSED(cases[i / 2].err),
			STATE("none"),
			END,
		};

		script_accept(sc);
		script_run(sc, cases[i / 2].to, cases[i / 2].state);
		script_run(sc, reset, cases[i / 2].state);
		script_free(sc);
	}
}

SCRIPT(reset_after_both_fins_is_a_close, ACCEPTED, NULL, /* */
       PEER_CLOSES, CLOSE, OUT(F | A, 1, 2, 0), IN(R | A, 2, 2, 0), CLOSED(0),
       COUNT(CONN_CLOSED, 1), COUNT(CONN_RESET_IN, 0))

SCRIPT(reset_with_data_missing_is_a_reset_even_then, ACCEPTED, NULL, /* */
       PEER_CLOSES, SEND(50), OUT(P | A, 1, 2, 50), CLOSE, OUT(F | A, 51, 2, 0), IN(R, 2, 0, 0),
       CLOSED(ECONNRESET), COUNT(CONN_RESET_IN, 1))

/* What a peer says before it turns us away must be readable. */
static void
take_all(struct script *sc, uint64_t now)
{
	struct buf b = {0};

	assert_int_equal(tcp_rx_take(sc->c, &b, 56, now), 0);
	sc->taken += b.len;
	buf_release(&b, &sc->f.mem);
}

static void
reset_leaves_received_data_readable(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {BURST(P | A, 1, 1, 56), IN(R | A, 57, 1, 0),
					    CLOSED(ECONNRESET), END};

	script_accept(sc);
	sc->on_readable = take_all;
	script_run(sc, steps, "reset");
	assert_int_equal(sc->n_readable, 1);
	assert_int_equal(sc->taken, 56);
	script_free(sc);
}

static void
take_late(struct script *sc, uint64_t now)
{
	if (sc->n_readable == 2)
		take_all(sc, now);
}

static void
reset_tells_again_of_data_that_still_waits(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(P | A, 1, 1, 56), WAIT(1000), IN(R | A, 57, 1, 0),
					    CLOSED(ECONNRESET), END};

	script_accept(sc);
	sc->on_readable = take_late;
	script_run(sc, steps, "reset");
	assert_int_equal(sc->taken, 56);
	script_free(sc);
}

static void
abort_it(struct script *sc, uint64_t now)
{
	tcp_abort(sc->c, now);
}

static void
abort_from_a_callback_is_the_last_word(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {BURST(P | A, 1, 1, 56), IN(F | A, 57, 1, 0),
					    CLOSED(ECONNABORTED), END};

	script_accept(sc);
	sc->on_readable = abort_it;
	script_run(sc, steps, "abort");
	assert_int_equal(sc->n_readable, 1);
	assert_int_equal(tcp_block_count(sc->f.tcp), 0);
	script_free(sc);
}

/* --- the peer restarts --- */

SCRIPT(peer_restarted_is_found_by_its_syn, ACCEPTED, NULL, /* */
       IN(S, 500000, 0, 0), OUT(A, 1, 1, 0), IN(R, 1, 0, 0), CLOSED(ECONNRESET),
       IN(S, 500000, 0, 0), OUT(S | A, SEQ_ANY, 500001, 0))

SCRIPT(peer_restarted_is_found_by_its_syn_inside_of_the_window, ACCEPTED, NULL, /* */
       IN(S, 500, 0, 0), OUT(A, 1, 1, 0), OPEN, IN(R, 1, 0, 0), CLOSED(ECONNRESET))

SCRIPT(peer_restarted_is_found_by_its_reset_to_our_data, ACCEPTED, NULL, /* */
       SEND(100), OUT(P | A, 1, 1, 100), IN(R, 1, 0, 0), CLOSED(ECONNRESET))

/* --- TIME-WAIT --- */

#define TO_TIME_WAIT                                                                \
	CLOSE, OUT(F | A, 1, 1, 0), IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), CLOSED(0), \
		STATE("TIME_WAIT")

SCRIPT(time_wait_acks_the_fin_again_and_waits_anew, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, WAIT(1500), IN(F | A, 1, 2, 0), OUT(A, 2, 2, 0), WAIT(1500),
       STATE("TIME_WAIT"), WAIT(600), STATE("none"))

SCRIPT(time_wait_gives_way_to_a_newer_timestamp, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, WAIT(5), IN(S, 4294967000u, 0, 0), OUT(S | A, SEQ_ABOVE, 4294967001u, 0),
       STATE("SYN_RCVD"), COUNT(TIME_WAIT_REUSED, 1))

static const struct script_conf no_ts = {.no_ts = true};
SCRIPT(time_wait_gives_way_to_a_higher_number, ACCEPTED, &no_ts, /* */
       TO_TIME_WAIT, IN(S, 100, 0, 0), OUT(S | A, SEQ_ABOVE, 101, 0), STATE("SYN_RCVD"))

SCRIPT(time_wait_answers_an_old_syn_with_an_ack, ACCEPTED, &no_ts, /* */
       TO_TIME_WAIT, IN(S, 0, 0, 0), OUT(A, 2, 2, 0), STATE("TIME_WAIT"))

SCRIPT(time_wait_answers_an_older_timestamp_with_an_ack, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(S, 100000, 0, 0, .ts = -1000), OUT(A, 2, 2, 0), STATE("TIME_WAIT"))

SCRIPT(time_wait_ends_by_an_exact_reset, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(R, 77, 0, 0), STATE("TIME_WAIT"), IN(R, 2, 0, 0), STATE("none"), QUIET)

SCRIPT(time_wait_is_not_prolonged_by_a_fin_that_is_not_the_last, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, WAIT(1500), IN(F | A, 700, 2, 0), SKIP, IN(F | A, 1, 2, 0, .ts = -5000), SKIP,
       WAIT(600), STATE("none"))

static void
time_wait_without_timestamps_gives_way_to_one_with_them(void **)
{
	struct script *sc = script_new(&no_ts);
	static const struct step to_time_wait[] = {TO_TIME_WAIT, END};
	static const struct step steps[] = {IN(S, 0, 0, 0), OUT(S | A, SEQ_ABOVE, 1, 0),
					    STATE("SYN_RCVD"), END};

	script_accept(sc);
	script_run(sc, to_time_wait, "time-wait");
	sc->conf.no_ts = false;
	script_run(sc, steps, "syn");
	script_free(sc);
}

SCRIPT(time_wait_gives_way_to_a_syn_without_timestamps_if_its_number_is_higher, ACCEPTED,
       NULL, /* */
       TO_TIME_WAIT, IN(S, 1, 0, 0, .no_ts = true), OUT(A, 2, 2, 0), STATE("TIME_WAIT"), WAIT(150),
       IN(S, 100, 0, 0, .no_ts = true), OUT(S | A, SEQ_ABOVE, 101, 0), STATE("SYN_RCVD"))

SCRIPT(time_wait_with_an_equal_timestamp_looks_at_the_number, ACCEPTED, &v6, /* */
       TO_TIME_WAIT, IN(S, 1, 0, 0), OUT(A, 2, 2, 0), IN(S, 100, 0, 0),
       OUT(S | A, SEQ_ABOVE, 101, 0), STATE("SYN_RCVD"))

SCRIPT(time_wait_does_not_answer_answers, ACCEPTED, NULL, /* */
       TO_TIME_WAIT, IN(A, 2, 2, 0), QUIET)

SCRIPT(time_wait_gives_way_to_our_own_open, DIALLED, NULL, /* */
       TO_TIME_WAIT, CONNECT_AGAIN, OUT(S, SEQ_ABOVE, 0, 0), STATE("SYN_SENT"),
       COUNT(TIME_WAIT_REUSED, 1))

static void
time_wait_blocks_are_recycled_when_none_is_left(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step to_time_wait[] = {TO_TIME_WAIT, END};
	static const struct step open[] = {IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0),
					   STATE("ESTABLISHED"), END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_conns = 1;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, to_time_wait, "time-wait");
	sc->flow.remote_port--;
	sc->has_iss = false;
	script_run(sc, open, "open");
	assert_int_equal(fake_count(&sc->f, TCP_TIME_WAIT_RECYCLED), 1);
	script_free(sc);
}

static void
time_wait_holds_no_memory_and_no_place_in_the_ledger(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step to_time_wait[] = {TO_TIME_WAIT, END};

	script_accept(sc);
	assert_int_equal(sc->f.lc.ledger.conns, 1);
	script_run(sc, to_time_wait, "time-wait");
	assert_int_equal(sc->f.lc.ledger.conns, 0);
	assert_int_equal(tcp_conn_count(sc->f.tcp), 0);
	assert_int_equal(tcp_block_count(sc->f.tcp), 1);
	script_free(sc);
}

static void
destroy_tells_every_user(void **)
{
	struct script *sc = script_new(NULL);
	struct script *kept = sc;
	const char *leak;

	script_accept(sc);
	leak = fake_tcp_env_stop(&sc->f);
	assert_null(leak);
	assert_int_equal(kept->n_closed, 1);
	assert_int_equal(kept->err, -ECONNABORTED);
	free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_by_us_first),
		cmocka_unit_test(close_by_the_peer_first),
		cmocka_unit_test(close_after_a_long_silence_is_repeated),
		cmocka_unit_test(close_by_both_at_once),
		cmocka_unit_test(close_answered_by_fin_and_ack_in_one),
		cmocka_unit_test(close_by_both_with_the_ack_in_the_same_burst_still_acks_the_fin),
		cmocka_unit_test(close_sends_what_is_queued_first),
		cmocka_unit_test(close_puts_fin_on_the_last_segment),
		cmocka_unit_test(close_after_the_peers_data_was_taken),
		cmocka_unit_test(close_half_leaves_sending_possible),
		cmocka_unit_test(close_repeats_fin_by_timer),
		cmocka_unit_test(close_is_given_up_when_the_peer_is_gone),
		cmocka_unit_test(close_does_not_wait_forever_for_the_peers_fin),
		cmocka_unit_test(close_fin_again_is_acked_again),
		cmocka_unit_test(close_fin_out_of_order_counts_when_the_gap_is_filled),
		cmocka_unit_test(close_fin_far_ahead_does_not_hide_the_one_in_order),
		cmocka_unit_test(close_ignores_data_behind_the_fin),
		cmocka_unit_test(close_with_unread_data_flushes_and_resets),
		cmocka_unit_test(close_with_unread_data_lets_out_what_was_queued_just_before),
		cmocka_unit_test(close_data_after_it_is_answered_by_reset),
		cmocka_unit_test(close_refuses_further_sends),
		cmocka_unit_test(abort_resets_and_tells_at_once),
		cmocka_unit_test(reset_at_the_exact_number_ends_it),
		cmocka_unit_test(reset_elsewhere_in_the_window_is_challenged),
		cmocka_unit_test(reset_outside_of_the_window_is_dropped),
		cmocka_unit_test(reset_challenges_are_limited),
		cmocka_unit_test(reset_leaves_received_data_readable),
		cmocka_unit_test(reset_tells_again_of_data_that_still_waits),
		cmocka_unit_test(abort_from_a_callback_is_the_last_word),
		cmocka_unit_test(peer_restarted_is_found_by_its_syn),
		cmocka_unit_test(peer_restarted_is_found_by_its_syn_inside_of_the_window),
		cmocka_unit_test(peer_restarted_is_found_by_its_reset_to_our_data),
		cmocka_unit_test(time_wait_acks_the_fin_again_and_waits_anew),
		cmocka_unit_test(time_wait_gives_way_to_a_newer_timestamp),
		cmocka_unit_test(time_wait_gives_way_to_a_higher_number),
		cmocka_unit_test(time_wait_answers_an_old_syn_with_an_ack),
		cmocka_unit_test(time_wait_answers_an_older_timestamp_with_an_ack),
		cmocka_unit_test(time_wait_ends_by_an_exact_reset),
		cmocka_unit_test(time_wait_is_not_prolonged_by_a_fin_that_is_not_the_last),
		cmocka_unit_test(time_wait_without_timestamps_gives_way_to_one_with_them),
		cmocka_unit_test(
			time_wait_gives_way_to_a_syn_without_timestamps_if_its_number_is_higher),
		cmocka_unit_test(time_wait_with_an_equal_timestamp_looks_at_the_number),
		cmocka_unit_test(reset_ends_every_state_behind_the_handshake),
		cmocka_unit_test(reset_after_both_fins_is_a_close),
		cmocka_unit_test(reset_with_data_missing_is_a_reset_even_then),
		cmocka_unit_test(time_wait_does_not_answer_answers),
		cmocka_unit_test(time_wait_gives_way_to_our_own_open),
		cmocka_unit_test(time_wait_blocks_are_recycled_when_none_is_left),
		cmocka_unit_test(time_wait_holds_no_memory_and_no_place_in_the_ledger),
		cmocka_unit_test(destroy_tells_every_user),
	};

	return cmocka_run_group_tests_name("tcp/close", tests, script_group_setup, NULL);
}
