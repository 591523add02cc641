/* SPDX-License-Identifier: BSD-3-Clause */
/* Path MTU: what ICMP may say, and what it does to segments. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct script_conf jumbo = {.path = {.mtu = 9000, .max_slices = 8}, .mss = 8960};
static const struct script_conf jumbo_v6 = {
	.v6 = true, .path = {.mtu = 9000, .max_slices = 8}, .mss = 8940};

SCRIPT(too_big_cuts_and_repeats_what_is_in_flight, ACCEPTED, &jumbo, /* */
       SEND(8948), OUT(P | A, 1, 1, 8948), TOO_BIG(1, 1500), OUT(A, 1, 1, MSS), SKIP,
       IN(A, 1, 8949, 0), ACKED(8948), SEND(2000), OUT(A, 8949, 1, MSS),
       OUT(P | A, 8949 + MSS, 1, 2000 - MSS), COUNT(PMTU, 1), COUNT(RTO, 0))

SCRIPT(too_big_is_no_sign_of_congestion, ACCEPTED, &jumbo, /* */
       SEND(8948), SKIP, TOO_BIG(1, 1500), SKIP, COUNT(SACK_RECOVERY, 0), IN(A, 1, 8949, 0),
       SEND(14480), SKIP, COUNT(BYTES_OUT, 2 * 8948 + 14480))

SCRIPT(too_big_for_what_is_not_in_flight_is_stale, ACCEPTED, &jumbo, /* */
       SEND(8948), SKIP, TOO_BIG(0, 1500), TOO_BIG(8949, 1500), QUIET, COUNT(ICMP_STALE, 2),
       COUNT(PMTU, 0))

SCRIPT(too_big_that_is_no_smaller_is_stale, ACCEPTED, &jumbo, /* */
       SEND(8948), SKIP, TOO_BIG(1, 9000), QUIET, COUNT(ICMP_STALE, 1))

SCRIPT(too_big_below_the_minimum_stops_at_it, ACCEPTED, &jumbo, /* */
       SEND(600), SKIP, TOO_BIG(1, 68), OUT(A, 1, 1, 552 - 52), SKIP)

SCRIPT(too_big_below_the_minimum_of_ipv6_stops_at_it, ACCEPTED, &jumbo_v6, /* */
       SEND(2000), SKIP, TOO_BIG(1, 600), OUT(A, 1, 1, 1280 - 72), SKIP)

SCRIPT(too_big_without_a_size_guesses_the_next_lower, ACCEPTED, &jumbo, /* */
       SEND(8948), SKIP, TOO_BIG(1, 0), OUT(A, 1, 1, 8166 - 52), SKIP)

SCRIPT(unreachable_does_not_end_a_connection, ACCEPTED, NULL, /* */
       SEND(10), SKIP, UNREACHABLE(1), REFUSED(1), OPEN, IN(A, 1, 11, 0), ACKED(10))

static void
too_big_for_an_unknown_flow_is_stale(void **)
{
	struct script *sc = script_new(NULL);
	struct ip_error_info info = {.kind = IP_ERROR_TOO_BIG, .flow = sc->flow, .mtu = 1400};

	tcp_icmp_error(sc->f.tcp, &info, sc->f.now);
	assert_int_equal(fake_count(&sc->f, TCP_ICMP_STALE), 1);
	script_free(sc);
}

static void
path_is_asked_again_when_the_timer_expires_twice(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step first[] = {SEND(MSS), OUT(P | A, 1, 1, MSS), END};
	static const struct step later[] = {WAIT(270), SKIP, WAIT(405), OUT(A, 1, 1, 1000 - 52),
					    SKIP,      END};

	script_accept(sc);
	script_run(sc, first, "first");
	sc->f.path.mtu = 1000;
	script_run(sc, later, "later");
	script_free(sc);
}

static void
progress_confirms_the_neighbour_once_a_second(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {SEND(10), IN(A, 1, 11, 0), SEND(10), IN(A, 1, 21, 0),
					    END};
	static const struct step more[] = {WAIT(1000), SEND(10), IN(A, 1, 31, 0), SKIP, END};

	script_accept(sc);
	script_run(sc, steps, "twice");
	assert_int_equal(sc->f.n_reachable, 1);
	script_run(sc, more, "later");
	assert_int_equal(sc->f.n_reachable, 2);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_big_cuts_and_repeats_what_is_in_flight),
		cmocka_unit_test(too_big_is_no_sign_of_congestion),
		cmocka_unit_test(too_big_for_what_is_not_in_flight_is_stale),
		cmocka_unit_test(too_big_that_is_no_smaller_is_stale),
		cmocka_unit_test(too_big_below_the_minimum_stops_at_it),
		cmocka_unit_test(too_big_below_the_minimum_of_ipv6_stops_at_it),
		cmocka_unit_test(too_big_without_a_size_guesses_the_next_lower),
		cmocka_unit_test(unreachable_does_not_end_a_connection),
		cmocka_unit_test(too_big_for_an_unknown_flow_is_stale),
		cmocka_unit_test(path_is_asked_again_when_the_timer_expires_twice),
		cmocka_unit_test(progress_confirms_the_neighbour_once_a_second),
	};

	return cmocka_run_group_tests_name("tcp/path", tests, script_group_setup, NULL);
}
