/* SPDX-License-Identifier: BSD-3-Clause */
/* Deadlines: keepalive, user timeout, what moves a deadline. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

SCRIPT(keepalive_probes_after_thirty_seconds_and_gives_up_after_five, ACCEPTED, NULL, /* */
       WAIT(29900), QUIET, WAIT(200), OUT(A, 0, 1, 0), WAIT(5000), OUT(A, 0, 1, 0), WAIT(5000),
       OUT(A, 0, 1, 0), WAIT(5000), OUT(A, 0, 1, 0), WAIT(5000), OUT(A, 0, 1, 0), OPEN, WAIT(5000),
       OUT(R | A, 1, 1, 0), CLOSED(ETIMEDOUT), COUNT(KEEPALIVE, 5))

SCRIPT(keepalive_answer_begins_anew, ACCEPTED, NULL, /* */
       WAIT(30100), OUT(A, 0, 1, 0), IN(A, 1, 1, 0), QUIET, WAIT(29900), QUIET, WAIT(200),
       OUT(A, 0, 1, 0), OPEN)

SCRIPT(keepalive_is_put_off_by_traffic, ACCEPTED, NULL, /* */
       WAIT(20000), IN(P | A, 1, 1, 1), OUT(A, 1, 2, 0), WAIT(20000), QUIET, WAIT(10100),
       OUT(A, 0, 2, 0))

/* A probe that could not be sent is none that was not answered. */
SCRIPT(keepalive_without_an_mbuf_does_not_count, ACCEPTED, NULL, /* */
       STARVE(0), WAIT(120000), COUNT(KEEPALIVE, 0), OPEN, FEED, WAIT(5100), OUT(A, 0, 1, 0),
       COUNT(KEEPALIVE, 1), IN(A, 1, 1, 0), OPEN)

static void
keepalive_can_be_off(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step steps[] = {WAIT(100000), QUIET, OPEN, END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.keepalive_idle = 0;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, steps, "off");
	script_free(sc);
}

SCRIPT(user_timeout_ends_it_with_a_reset, ACCEPTED, NULL, /* */
       SEND(10), WAIT(59000), OPEN, WAIT(10000), SKIP, CLOSED(ETIMEDOUT), STATE("none"),
       COUNT(CONN_TIMEOUT, 1))

SCRIPT(user_timeout_tells_what_icmp_said, ACCEPTED, NULL, /* */
       SEND(10), UNREACHABLE(1), OPEN, WAIT(70000), SKIP, CLOSED(EHOSTUNREACH))

static void
user_timeout_zero_never_ends_it(void **)
{
	struct script_conf conf = {0};
	struct script *sc;
	static const struct step steps[] = {SEND(10),	     WAIT(300000), OPEN, SKIP,
					    IN(A, 1, 11, 0), ACKED(10),	   END};

	fake_tcp_conf_default(&conf.fake);
	conf.fake.tcp.user_timeout = 0;
	sc = script_new(&conf);
	script_accept(sc);
	script_run(sc, steps, "never");
	script_free(sc);
}

/* The timeout follows the measured time: slow paths are given time, fast ones have the floor. */
/* no SACK: no probe before the timeout */
static const struct script_conf no_sack = {.no_sack = true};

SCRIPT(rto_follows_the_round_trip, ACCEPTED, &no_sack, /* */
       SEND(10), SKIP, WAIT(150), IN(A, 1, 11, 0), SEND(10), SKIP, WAIT(150), IN(A, 1, 21, 0),
       SEND(10), SKIP, WAIT(250), QUIET, WAIT(50), OUT(P | A, 21, 1, 10), COUNT(RTO, 1))

SCRIPT(rto_ignores_the_time_of_a_repetition, ACCEPTED, NULL, /* */
       SEND(10), SKIP, IN(A, 1, 11, 0), SEND(10), SKIP, WAIT(205), OUT(P | A, 11, 1, 10),
       IN(A, 1, 21, 0), SEND(10), SKIP, WAIT(195), QUIET, WAIT(10), OUT(P | A, 21, 1, 10))

SCRIPT(rto_is_capped, ACCEPTED, NULL, /* */
       SEND(10), WAIT(20000), SKIP, WAIT(700), OUT(P | A, 1, 1, 10), WAIT(7800), QUIET, WAIT(200),
       OUT(P | A, 1, 1, 10))

/* --- in half-closed states --- */

SCRIPT(keepalive_of_a_half_closed_connection, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), OUT(A, 1, 2, 0), WAIT(30100), OUT(A, 0, 2, 0), IN(A, 2, 1, 0), OPEN,
       WAIT(29900), QUIET, WAIT(200), OUT(A, 0, 2, 0))
SCRIPT(keepalive_behind_data_asks_with_a_number_the_peer_has, ACCEPTED, NULL, /* */
       SEND(100), SKIP, IN(A, 1, 101, 0), WAIT(30100), OUT(A, 100, 1, 0), IN(A, 1, 101, 0), QUIET,
       OPEN)
SCRIPT(keepalive_finds_a_peer_that_restarted, ACCEPTED, NULL, /* */
       WAIT(30100), OUT(A, 0, 1, 0), IN(R, 1, 0, 0), CLOSED(ECONNRESET), QUIET)
SCRIPT(keepalive_is_answered_though_an_older_ack_comes, ACCEPTED,
       NULL, /* whatever it says, the peer lives */
       SEND(100), SKIP, IN(A, 1, 101, 0), WAIT(30100), SKIP, IN(A, 1, 50, 0), WAIT(29900), QUIET,
       OPEN)
SCRIPT(user_timeout_of_a_half_closed_connection, ACCEPTED, NULL, /* */
       IN(F | A, 1, 1, 0), SKIP, SEND(10), WAIT(59000), OPEN, WAIT(10000), SKIP, CLOSED(ETIMEDOUT))
SCRIPT(user_timeout_counts_from_the_last_progress, ACCEPTED, NULL, /* */
       SEND(20), WAIT(50000), SKIP, IN(A, 1, 11, 0), WAIT(50000), OPEN, SKIP, WAIT(20000), SKIP,
       CLOSED(ETIMEDOUT))
SCRIPT(user_timeout_does_not_end_an_idle_connection, ACCEPTED, NULL, /* */
       SEND(10), SKIP, IN(A, 1, 11, 0), WAIT(29000), QUIET, WAIT(2000), SKIP, IN(A, 1, 11, 0),
       WAIT(29000), OPEN, SEND(10), SKIP, WAIT(50000), OPEN)
SCRIPT(fin_wait_2_is_not_put_off_by_keepalives_of_the_peer, ACCEPTED,
       NULL, /* it closes, or it does not */
       CLOSE, OUT(F | A, 1, 1, 0), IN(A, 1, 2, 0), WAIT(6000), IN(A, 0, 2, 0), OUT(A, 2, 1, 0),
       WAIT(4100), OUT(R | A, 2, 1, 0), CLOSED(ETIMEDOUT))

/* --- echoes that no segment of ours can have had --- */

SCRIPT(rto_ignores_an_echo_from_the_future, ACCEPTED, &no_sack, /* */
       SEND(10), SKIP, WAIT(205), OUT(P | A, 1, 1, 10), IN(A, 1, 11, 0, .echo = 1), ACKED(10),
       SEND(10), OUT(P | A, 11, 1, 10), WAIT(205), OUT(P | A, 11, 1, 10))
SCRIPT(rto_ignores_an_echo_older_than_the_connection, ACCEPTED, &no_sack, /* */
       SEND(10), SKIP, WAIT(205), OUT(P | A, 1, 1, 10), IN(A, 1, 11, 0, .echo = -100000), ACKED(10),
       SEND(10), OUT(P | A, 11, 1, 10), WAIT(205), OUT(P | A, 11, 1, 10))
SCRIPT(rto_ignores_an_echo_of_the_syn_ack_from_the_future, LISTENING, &no_sack, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), WAIT(1005), OUT(S | A, 0, 1, 0),
       IN(A, 1, 1, 0, .echo = 1), SEND(10), OUT(P | A, 1, 1, 10), WAIT(3005), OUT(P | A, 1, 1, 10))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalive_probes_after_thirty_seconds_and_gives_up_after_five),
		cmocka_unit_test(keepalive_answer_begins_anew),
		cmocka_unit_test(keepalive_is_put_off_by_traffic),
		cmocka_unit_test(keepalive_without_an_mbuf_does_not_count),
		cmocka_unit_test(keepalive_can_be_off),
		cmocka_unit_test(user_timeout_ends_it_with_a_reset),
		cmocka_unit_test(user_timeout_tells_what_icmp_said),
		cmocka_unit_test(user_timeout_zero_never_ends_it),
		cmocka_unit_test(rto_follows_the_round_trip),
		cmocka_unit_test(rto_ignores_the_time_of_a_repetition),
		cmocka_unit_test(rto_is_capped),
		cmocka_unit_test(keepalive_of_a_half_closed_connection),
		cmocka_unit_test(keepalive_behind_data_asks_with_a_number_the_peer_has),
		cmocka_unit_test(keepalive_finds_a_peer_that_restarted),
		cmocka_unit_test(keepalive_is_answered_though_an_older_ack_comes),
		cmocka_unit_test(user_timeout_of_a_half_closed_connection),
		cmocka_unit_test(user_timeout_counts_from_the_last_progress),
		cmocka_unit_test(user_timeout_does_not_end_an_idle_connection),
		cmocka_unit_test(fin_wait_2_is_not_put_off_by_keepalives_of_the_peer),
		cmocka_unit_test(rto_ignores_an_echo_from_the_future),
		cmocka_unit_test(rto_ignores_an_echo_older_than_the_connection),
		cmocka_unit_test(rto_ignores_an_echo_of_the_syn_ack_from_the_future),
	};

	return cmocka_run_group_tests_name("tcp/timer", tests, script_group_setup, NULL);
}
