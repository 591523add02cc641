/* SPDX-License-Identifier: BSD-3-Clause */
/* A half-open connection that a peer has begun: RFC 9293 3.10.7.4 in SYN-RECEIVED, RFC 5961. */
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define OPENING IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0)
#define ASK (S | E | C)
#define ECT .tos = IP_ECN_ECT0

static const struct script_conf v6 = {.v6 = true, .mss = 1440};
static const struct script_conf wraps = {.peer_iss = 0xffffffff};
static const struct script_conf dctcp = {
	.path = {.mtu = 1500, .max_slices = 8, .cc = TCP_CC_DCTCP}};

SCRIPT(half_open_is_reset_by_the_exact_number_only, LISTENING, NULL, /* */
       OPENING, IN(R, 0, 0, 0), IN(R, 70000, 0, 0), QUIET, COUNT(DROP_RST, 2), IN(R, 2, 0, 0),
       OUT(A, 1, 1, 0), STATE("SYN_RCVD"), IN(R, 1, 0, 0), QUIET, STATE("none"),
       COUNT(CONN_RESET_IN, 1))

/* Its last byte lies before the window: that of a connection before this one, or a guess. */
SCRIPT(half_open_is_not_completed_by_old_data, LISTENING, NULL, /* */
       OPENING, IN(P | A, 0, 1, 1), OUT(A, 1, 1, 0), STATE("SYN_RCVD"), COUNT(TX_CHALLENGE, 1),
       IN(P | A, 0, 1, 2), STATE("ESTABLISHED"))

SCRIPT(half_open_challenges_are_limited, LISTENING, &v6, /* */
       OPENING, IN(R, 2, 0, 0), OUT(A, 1, 1, 0), IN(S, 9, 0, 0), IN(A, 70000, 1, 0), QUIET,
       COUNT(TX_CHALLENGE, 1), COUNT(TX_LIMITED, 2), WAIT(100), IN(S, 9, 0, 0), OUT(A, 1, 1, 0))

SCRIPT(half_open_checks_timestamps, LISTENING, NULL, /* */
       OPENING, IN(A, 1, 1, 0, .no_ts = true), QUIET, COUNT(DROP_NO_TS, 1),
       IN(A, 1, 1, 0, .ts = -50), OUT(A, 1, 1, 0), COUNT(DROP_PAWS, 1), STATE("SYN_RCVD"),
       IN(A, 1, 1, 0), STATE("ESTABLISHED"))

SCRIPT(half_open_needs_an_ack, LISTENING, NULL, /* */
       OPENING, IN(S | A, 0, 1, 0), OUT(A, 1, 1, 0), STATE("SYN_RCVD"), IN(A, 1, 0, 0),
       OUT(R, 0, 0, 0), STATE("SYN_RCVD"), IN(A, 1, 1, 0), STATE("ESTABLISHED"))

SCRIPT(half_open_numbers_may_wrap, LISTENING, &wraps, /* */
       OPENING, IN(R, 0, 0, 0), COUNT(DROP_RST, 1), IN(P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10))

SCRIPT(half_open_measures_the_round_trip, LISTENING, NULL, /* */
       OPENING, WAIT(100), IN(A, 1, 1, 0), SEND(10), SKIP, WAIT(250), QUIET, WAIT(20),
       OUT(P | A, 1, 1, 10))

/* --- a SYN with another number --- */

/* The peer began anew: its reset of our answer makes room for what it says next. */
SCRIPT(half_open_gives_way_to_a_peer_that_came_back, LISTENING, NULL, /* */
       OPENING, IN(S, 70000, 0, 0), OUT(A, 1, 1, 0), STATE("SYN_RCVD"), IN(R, 1, 0, 0),
       STATE("none"), IN(S, 70000, 0, 0), OUT(S | A, 0, 70001, 0), IN(A, 70001, 1, 0),
       STATE("ESTABLISHED"))

SCRIPT(half_open_is_not_moved_by_a_syn_in_its_window, LISTENING, NULL, /* */
       OPENING, IN(S, 100, 0, 0), OUT(A, 1, 1, 0), COUNT(TX_CHALLENGE, 1), IN(A, 1, 1, 0),
       STATE("ESTABLISHED"))

SCRIPT(half_open_keeps_the_options_of_its_first_syn, LISTENING, NULL, /* */
       OPENING, IN(S, 0, 0, 0, .no_ts = true), OUT(S | A, 0, 1, 0, .tsval = 0),
       IN(A, 1, 1, 0, .no_ts = true), COUNT(DROP_NO_TS, 1), IN(A, 1, 1, 0), STATE("ESTABLISHED"))

/* --- what it said is kept --- */

/* Scaled, the window of a challenge is one byte wider than that of the SYN-ACK: its last byte must be taken. */
SCRIPT(half_open_keeps_the_window_of_its_challenge, LISTENING, NULL, /* */
       IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0, .wnd = 65535), IN(A, 70000, 1, 0),
       OUT(A, 1, 1, 0, .wnd = 512), IN(A, 65536, 1, 1), OUT(A, 1, 1, 0, SACK1(65536, 65537)))

SCRIPT(half_open_repeats_what_ecn_was_agreed_on, LISTENING, NULL, /* */
       IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0), WAIT(1001), OUT(S | A | E, 0, 1, 0), WAIT(2000),
       OUT(S | A | E, 0, 1, 0), IN(A, 1, 1, 0), COUNT(ECN_AGREED, 1), SEND(10),
       OUT(P | A, 1, 1, 10, ECT))

/* RFC 8257 3.6: the SYN-ACK is ECN-capable as well, each time. */
SCRIPT(half_open_speaks_dctcp, LISTENING, &dctcp, /* */
       IN(ASK, 0, 0, 0, ECT), OUT(S | A | E, 0, 1, 0, ECT), WAIT(1001),
       OUT(S | A | E, 0, 1, 0, ECT), IN(A, 1, 1, 0), SEND(10), OUT(P | A, 1, 1, 10, ECT),
       IN(P | A, 1, 11, 10, .tos = IP_ECN_CE), OUT(A | E, 11, 11, 0), IN(P | A, 11, 11, 10, ECT),
       OUT(A, 11, 21, 0))

/* Settings that change meanwhile are for connections that begin later: the SYN-ACK promised. */
static void
half_open_agrees_on_ecn_once(void **)
{
	struct script *sc = script_new(&dctcp);
	static const struct step begin[] = {IN(ASK, 0, 0, 0), OUT(S | A | E, 0, 1, 0, ECT), END};
	static const struct step end[] = {IN(A, 1, 1, 0), COUNT(ECN_AGREED, 1), SEND(10),
					  OUT(P | A, 1, 1, 10, ECT), END};

	script_run(sc, begin, "agreed");
	sc->f.path.ecn = TCP_ECN_OFF;
	script_run(sc, end, "kept");
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_open_is_reset_by_the_exact_number_only),
		cmocka_unit_test(half_open_is_not_completed_by_old_data),
		cmocka_unit_test(half_open_challenges_are_limited),
		cmocka_unit_test(half_open_checks_timestamps),
		cmocka_unit_test(half_open_needs_an_ack),
		cmocka_unit_test(half_open_numbers_may_wrap),
		cmocka_unit_test(half_open_measures_the_round_trip),
		cmocka_unit_test(half_open_gives_way_to_a_peer_that_came_back),
		cmocka_unit_test(half_open_is_not_moved_by_a_syn_in_its_window),
		cmocka_unit_test(half_open_keeps_the_options_of_its_first_syn),
		cmocka_unit_test(half_open_keeps_the_window_of_its_challenge),
		cmocka_unit_test(half_open_repeats_what_ecn_was_agreed_on),
		cmocka_unit_test(half_open_speaks_dctcp),
		cmocka_unit_test(half_open_agrees_on_ecn_once),
	};

	return cmocka_run_group_tests_name("tcp/request", tests, script_group_setup, NULL);
}
