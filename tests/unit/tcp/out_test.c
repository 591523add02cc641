/* SPDX-License-Identifier: BSD-3-Clause */
/* What is sent, and when: segments, PSH, windows, probes, idle, lack of mbufs. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct script_conf small = {.wnd = 16}; /* 2,048 bytes */
static const struct script_conf shut = {.wnd = 1}; /* 128 bytes */
static const struct script_conf four = {.wnd = 46}; /* 4 segments and 96 bytes */

#define SEG(i) (1 + (i)*MSS)

/* --- segments and PSH --- */

SCRIPT(send_cuts_full_segments_and_pushes_the_last, ACCEPTED, NULL, /* */
       SEND(3 * MSS + 10), OUT(A, 1, 1, MSS), OUT(A, 1 + MSS, 1, MSS), OUT(A, 1 + 2 * MSS, 1, MSS),
       OUT(P | A, 1 + 3 * MSS, 1, 10), QUIET)

SCRIPT(send_short_segments_do_not_wait_for_acks, ACCEPTED, NULL, /* */
       SEND(10), OUT(P | A, 1, 1, 10), SEND(10), OUT(P | A, 11, 1, 10), QUIET)

SCRIPT(send_more_holds_a_short_segment_until_the_rest_comes, ACCEPTED, NULL, /* */
       SEND_MORE(96), QUIET, SEND_MORE(MSS), OUT(A, 1, 1, MSS), QUIET, SEND(4),
       OUT(P | A, 1 + MSS, 1, 100))

SCRIPT(send_more_without_more_goes_out_soon, ACCEPTED, NULL, /* */
       SEND_MORE(96), QUIET, WAIT(12), OUT(A, 1, 1, 96), QUIET, SEND(4), OUT(P | A, 97, 1, 4))

SCRIPT(send_pushes_where_a_message_ends_inside_of_the_stream, ACCEPTED, NULL, /* */
       SEND_MORE(1000), QUIET, SEND(600), OUT(A, 1, 1, MSS), OUT(P | A, 1 + MSS, 1, 1600 - MSS))

/* RFC 9293 3.7.1 (MUST-65), RFC 7323 2.2, RFC 2018 2: what a SYN offers is offered by nothing else. */
static void
send_data_carries_timestamps_and_no_other_option(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {SEND(100), END};
	const struct fake_out *o;

	script_accept(sc);
	script_run(sc, steps, "send");
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_true(o->s.has_ts);
	assert_int_equal(o->s.hdr_len, 32);
	script_free(sc);
}

static void
sent_and_acked_are_told_once_each(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step send[] = {SEND(5 * MSS), SKIP, END};
	static const struct step ack[] = {BURST(A, 1, 1 + 2 * MSS, 0), IN(A, 1, 1 + 5 * MSS, 0),
					  QUIET, END};

	script_accept(sc);
	script_run(sc, send, "send");
	assert_int_equal(sc->n_acked, 1);
	assert_int_equal(tcp_queued(sc->c), 5 * MSS);
	assert_int_equal(tcp_sent(sc->c), 5 * MSS);
	assert_int_equal(tcp_acked(sc->c), 0);
	script_run(sc, ack, "ack");
	assert_int_equal(sc->n_acked, 2);
	assert_int_equal(tcp_acked(sc->c), 5 * MSS);
	script_free(sc);
}

static void
send_refuses_beyond_the_limit_and_leaves_the_bytes(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	struct buf b = {0};
	static const uint8_t bytes[1000];

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.snd_queue_max = 1500;
	sc = script_new(&conf);
	script_accept(sc);
	assert_int_equal(buf_copy_in(&b, &sc->f.mem, bytes, sizeof(bytes)), 0);
	assert_int_equal(tcp_send(sc->c, &b, false, sc->f.now), 0);
	assert_true(buf_is_empty(&b));
	assert_int_equal(buf_copy_in(&b, &sc->f.mem, bytes, sizeof(bytes)), 0);
	assert_int_equal(tcp_send(sc->c, &b, false, sc->f.now), -ENOBUFS);
	assert_int_equal(b.len, 1000);
	tcp_close(sc->c, sc->f.now);
	assert_int_equal(tcp_send(sc->c, &b, false, sc->f.now), -EPIPE);
	assert_int_equal(b.len, 1000);
	buf_release(&b, &sc->f.mem);
	script_free(sc);
}

/* --- congestion window --- */

SCRIPT(send_begins_with_ten_segments, ACCEPTED, NULL, SEND(30 * MSS), SKIP,
       COUNT(BYTES_OUT, 10 * MSS))

SCRIPT(send_slow_start_doubles, ACCEPTED, NULL, /* */
       SEND(80 * MSS), SKIP, IN(A, 1, 1 + 10 * MSS, 0), SKIP, COUNT(BYTES_OUT, 30 * MSS),
       IN(A, 1, 1 + 30 * MSS, 0), SKIP, COUNT(BYTES_OUT, 70 * MSS))

SCRIPT(send_window_grows_only_when_it_is_used, ACCEPTED, NULL, /* */
       SEND(2 * MSS), SKIP, IN(A, 1, 1 + 2 * MSS, 0), SEND(2 * MSS), SKIP, IN(A, 1, 1 + 4 * MSS, 0),
       SEND(40 * MSS), SKIP, COUNT(BYTES_OUT, 14 * MSS))

SCRIPT(send_shortly_after_keeps_the_window, ACCEPTED, NULL, /* */
       SEND(10 * MSS), SKIP, IN(A, 1, 1 + 10 * MSS, 0), SEND(20 * MSS), SKIP,
       IN(A, 1, 1 + 30 * MSS, 0), WAIT(100), SEND(40 * MSS), SKIP, COUNT(BYTES_OUT, 70 * MSS))

/* --- the peer's window --- */

SCRIPT(window_limits_what_is_sent, ACCEPTED, &small, /* */
       SEND(5000), OUT(A, 1, 1, MSS), QUIET, IN(A, 1, 1 + MSS, 0), OUT(A, 1 + MSS, 1, MSS), QUIET)

SCRIPT(window_short_segments_are_not_sent_for_its_rest, ACCEPTED, &small, /* */
       SEND(5000), OUT(A, 1, 1, MSS), QUIET, IN(A, 1, 1, 0, .wnd = 18), QUIET,
       IN(A, 1, 1, 0, .wnd = 23), OUT(A, 1 + MSS, 1, MSS), QUIET)

SCRIPT(window_of_a_small_peer_is_used_by_halves, ACCEPTED, &shut, /* */
       SEND(1000), OUT(A, 1, 1, 128), IN(A, 1, 129, 0), OUT(A, 129, 1, 128), QUIET)

SCRIPT(window_zero_is_probed_from_rto_doubling, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), SEND(100), QUIET, WAIT(195), QUIET, WAIT(10), OUT(A, 0, 1, 0),
       WAIT(390), QUIET, WAIT(20), OUT(A, 0, 1, 0), IN(A, 1, 1, 0, .wnd = -1), WAIT(780), QUIET,
       WAIT(20), OUT(A, 0, 1, 0), COUNT(PERSIST, 3), COUNT(RTO, 0), IN(A, 1, 1, 0),
       OUT(P | A, 1, 1, 100), OPEN)

SCRIPT(window_zero_probes_go_on_for_ever_at_a_few_seconds, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), SEND(100), WAIT(10000), SKIP, IN(A, 1, 1, 0, .wnd = -1),
       WAIT(50000), SKIP, IN(A, 1, 1, 0, .wnd = -1), WAIT(50000), OPEN, SKIP,
       IN(A, 1, 1, 0, .wnd = -1), WAIT(3900), SKIP, WAIT(200), OPEN)

SCRIPT(window_zero_probes_without_answer_end_it, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), SEND(100), WAIT(65000), SKIP, CLOSED(ETIMEDOUT))

SCRIPT(window_update_from_an_older_segment_is_ignored, ACCEPTED, NULL, /* */
       IN(A, 11, 1, 10, .wnd = -1), IN(A, 1, 1, 10, .wnd = 500), SKIP, SEND(100), QUIET,
       IN(A, 21, 1, 0, .wnd = 500), OUT(P | A, 1, 21, 100))

SCRIPT(window_moves_with_each_ack_that_is_new, ACCEPTED, &four, /* */
       SEND(8 * MSS), OUT(A, SEG(0), 1, MSS), OUT(A, SEG(1), 1, MSS), OUT(A, SEG(2), 1, MSS),
       OUT(A, SEG(3), 1, MSS), QUIET, /* the window was told last by a segment out of order */
       IN(P | A, 11, 1, 10, .wnd = 46), OUT(A, SEG(4), 1, 0, SACK1(11, 21)), QUIET,
       /* this one lies before it, but acknowledges more: its edge is the one that counts */
       IN(A, 1, SEG(2), 0, .wnd = 24), QUIET)

SCRIPT(window_that_shrinks_lets_the_timer_repeat, ACCEPTED, NULL, /* */
       SEND(2 * MSS), SKIP, IN(A, 1, 1, 0, .wnd = -1), WAIT(205), OUT(A, 1, 1, MSS),
       IN(A, 1, 1, 0, .wnd = -1), WAIT(410), OUT(A, 1, 1, MSS), IN(A, 1, 1 + 2 * MSS, 0), OPEN,
       ACKED(2 * MSS), COUNT(RTO, 2))

SCRIPT(window_held_back_rest_is_sent_by_timer, ACCEPTED, &small, /* */
       SEND(1200), OUT(P | A, 1, 1, 1200), SEND(1500), QUIET, IN(A, 1, 1201, 0, .wnd = 7), QUIET,
       WAIT(210), OUT(A, 1201, 1, 896))

/* --- mbufs run out --- */

SCRIPT(no_mbuf_delays_and_loses_nothing, ACCEPTED, NULL, /* */
       SEND_MORE(3000), OUT(A, 1, 1, MSS), OUT(A, 1 + MSS, 1, MSS), STARVE(0), WAIT(100), QUIET,
       FEED, WAIT(15), OUT(A, 1 + 2 * MSS, 1, 3000 - 2 * MSS), COUNT(TX_NO_RECORD, 0))

SCRIPT(no_mbuf_for_a_repetition_is_no_loss, ACCEPTED, NULL, /* */
       SEND(100), OUT(P | A, 1, 1, 100), STARVE(0), WAIT(265), QUIET, FEED, WAIT(15),
       OUT(P | A, 1, 1, 100), COUNT(RTO, 1))

SCRIPT(no_mbuf_for_an_ack_sends_it_later, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 10), STARVE(0), WAIT(45), QUIET, FEED, WAIT(15), OUT(A, 1, 11, 0))

SCRIPT(no_mbuf_for_a_syn_repeats_it, DIALLING, NULL, /* */
       STARVE(0), CONNECT, QUIET, FEED, WAIT(1005), OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0),
       OUT(A, 1, 1, 0), CONNECTED)

static void
no_record_delays_and_loses_nothing(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step steps[] = {SEND(4 * MSS),
					    OUT(A, 1, 1, MSS),
					    OUT(A, 1 + MSS, 1, MSS),
					    QUIET,
					    COUNT(TX_NO_RECORD, 1),
					    WAIT(12),
					    COUNT(TX_NO_RECORD, 2),
					    IN(A, 1, 1 + 2 * MSS, 0),
					    OUT(A, 1 + 2 * MSS, 1, MSS),
					    OUT(P | A, 1 + 3 * MSS, 1, MSS),
					    IN(A, 1, 1 + 4 * MSS, 0),
					    ACKED(4 * MSS),
					    END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.max_in_flight = 2;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, steps, "records");
	script_free(sc);
}

/* --- where PSH is set: RFC 9293 3.9.1.2 --- */

static const struct script_conf far = {.rtt_ms = 40};

SCRIPT(push_ends_each_message_in_the_stream, ACCEPTED, NULL, /* */
       SEND(100), OUT(P | A, 1, 1, 100), SEND(MSS), OUT(P | A, 101, 1, MSS), SEND(2 * MSS),
       OUT(A, 101 + MSS, 1, MSS), OUT(P | A, 101 + 2 * MSS, 1, MSS))
SCRIPT(push_is_not_set_where_more_follows, ACCEPTED, NULL, /* */
       SEND_MORE(2 * MSS), OUT(A, SEG(0), 1, MSS), OUT(A, SEG(1), 1, MSS), SEND_MORE(MSS),
       OUT(A, SEG(2), 1, MSS), SEND(MSS), OUT(P | A, SEG(3), 1, MSS))
SCRIPT(push_of_two_messages_in_one_segment_is_one, ACCEPTED,
       &shut, /* the second waits for the window */
       SEND(128), OUT(P | A, 1, 1, 128), SEND(40), SEND(50), QUIET, IN(A, 1, 129, 0),
       OUT(P | A, 129, 1, 90), QUIET)
SCRIPT(push_is_repeated_with_its_segment, ACCEPTED, &far, /* */
       SEND(2 * MSS), SKIP, WAIT(40), IN(A, 1, SEG(1), 0), WAIT(150), OUT(P | A, SEG(1), 1, MSS))
SCRIPT(push_stays_with_the_last_piece_when_a_segment_is_cut, ACCEPTED,
       (&(const struct script_conf){.path = {.mtu = 9000, .max_slices = 8}, .mss = 8960}), /* */
       SEND(2 * MSS), OUT(P | A, 1, 1, 2 * MSS), TOO_BIG(1, 1500), OUT(A, SEG(0), 1, MSS),
       IN(A, 1, SEG(1), 0), OUT(P | A, SEG(1), 1, MSS), IN(A, 1, SEG(2), 0), ACKED(2 * MSS))
SCRIPT(push_is_set_inside_of_what_is_held_back, ACCEPTED,
       NULL, /* the first message ends in the second segment */
       IN(A, 1, 1, 0, .wnd = -1), SEND(2000), SEND_MORE(3000), QUIET, IN(A, 1, 1, 0),
       OUT(A, SEG(0), 1, MSS), OUT(P | A, SEG(1), 1, MSS), OUT(A, SEG(2), 1, MSS), QUIET)
SCRIPT(push_is_set_where_a_message_ends_with_its_segment, ACCEPTED, NULL, /* */
       IN(A, 1, 1, 0, .wnd = -1), SEND(2 * MSS), SEND_MORE(MSS), QUIET, IN(A, 1, 1, 0),
       OUT(A, SEG(0), 1, MSS), OUT(P | A, SEG(1), 1, MSS), OUT(A, SEG(2), 1, MSS), QUIET)
SCRIPT(more_and_then_a_close_holds_nothing_back, ACCEPTED, NULL, /* */
       SEND_MORE(100), QUIET, CLOSE, OUT(F | P | A, 1, 1, 100), IN(A, 1, 102, 0),
       STATE("FIN_WAIT_2"))
SCRIPT(more_and_then_an_ack_still_waits, ACCEPTED, NULL, /* */
       SEND_MORE(MSS + 100), OUT(A, 1, 1, MSS), IN(A, 1, SEG(1), 0), QUIET, WAIT(12),
       OUT(A, SEG(1), 1, 100))
SCRIPT(more_and_then_the_peers_data_still_waits, ACCEPTED,
       NULL, /* its ACK does not carry what is held back */
       SEND_MORE(100), QUIET, IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), WAIT(12), OUT(A, 1, 11, 100))
SCRIPT(small_sends_are_not_held_back_by_each_other, ACCEPTED,
       NULL, /* there is no Nagle: messages are whole */
       SEND(10), OUT(P | A, 1, 1, 10), SEND(10), OUT(P | A, 11, 1, 10), SEND(10),
       OUT(P | A, 21, 1, 10))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(send_cuts_full_segments_and_pushes_the_last),
		cmocka_unit_test(send_short_segments_do_not_wait_for_acks),
		cmocka_unit_test(send_more_holds_a_short_segment_until_the_rest_comes),
		cmocka_unit_test(send_more_without_more_goes_out_soon),
		cmocka_unit_test(send_pushes_where_a_message_ends_inside_of_the_stream),
		cmocka_unit_test(send_data_carries_timestamps_and_no_other_option),
		cmocka_unit_test(sent_and_acked_are_told_once_each),
		cmocka_unit_test(send_refuses_beyond_the_limit_and_leaves_the_bytes),
		cmocka_unit_test(send_begins_with_ten_segments),
		cmocka_unit_test(send_slow_start_doubles),
		cmocka_unit_test(send_window_grows_only_when_it_is_used),
		cmocka_unit_test(send_shortly_after_keeps_the_window),
		cmocka_unit_test(window_limits_what_is_sent),
		cmocka_unit_test(window_short_segments_are_not_sent_for_its_rest),
		cmocka_unit_test(window_of_a_small_peer_is_used_by_halves),
		cmocka_unit_test(window_zero_is_probed_from_rto_doubling),
		cmocka_unit_test(window_zero_probes_go_on_for_ever_at_a_few_seconds),
		cmocka_unit_test(window_zero_probes_without_answer_end_it),
		cmocka_unit_test(window_update_from_an_older_segment_is_ignored),
		cmocka_unit_test(window_moves_with_each_ack_that_is_new),
		cmocka_unit_test(window_that_shrinks_lets_the_timer_repeat),
		cmocka_unit_test(window_held_back_rest_is_sent_by_timer),
		cmocka_unit_test(no_mbuf_delays_and_loses_nothing),
		cmocka_unit_test(no_mbuf_for_a_repetition_is_no_loss),
		cmocka_unit_test(no_mbuf_for_an_ack_sends_it_later),
		cmocka_unit_test(no_mbuf_for_a_syn_repeats_it),
		cmocka_unit_test(no_record_delays_and_loses_nothing),
		cmocka_unit_test(push_ends_each_message_in_the_stream),
		cmocka_unit_test(push_is_not_set_where_more_follows),
		cmocka_unit_test(push_of_two_messages_in_one_segment_is_one),
		cmocka_unit_test(push_is_repeated_with_its_segment),
		cmocka_unit_test(push_stays_with_the_last_piece_when_a_segment_is_cut),
		cmocka_unit_test(push_is_set_inside_of_what_is_held_back),
		cmocka_unit_test(push_is_set_where_a_message_ends_with_its_segment),
		cmocka_unit_test(more_and_then_a_close_holds_nothing_back),
		cmocka_unit_test(more_and_then_an_ack_still_waits),
		cmocka_unit_test(more_and_then_the_peers_data_still_waits),
		cmocka_unit_test(small_sends_are_not_held_back_by_each_other),
	};

	return cmocka_run_group_tests_name("tcp/out", tests, script_group_setup, NULL);
}
