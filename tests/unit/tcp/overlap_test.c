/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments with payload that contradicts what came before. What was read, or waits to be, is never changed; of each byte one copy
 * is read, wherever the segments were cut.
 */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

SCRIPT(lie_about_what_waits_is_not_believed, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), SKIP, IN(P | A, 1, 1, 100, .lie = true), SKIP, TAKE(100))
SCRIPT(lie_about_what_was_read_is_not_read_again, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), SKIP, TAKE(100), IN(P | A, 1, 1, 100, .lie = true), SKIP, LEN(0))
SCRIPT(lie_that_goes_on_counts_from_where_it_is_new, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 100), SKIP, IN(P | A, 51, 1, 100, .lie = true), SKIP, TAKE(100),
       TAKE_LIES(50))
SCRIPT(lie_about_a_held_range_is_not_believed, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(A, 101, 1, 100, .lie = true), SKIP,
       IN(A, 151, 1, 50, .lie = true), SKIP, IN(A, 101, 1, 50, .lie = true), SKIP, IN(A, 1, 1, 100),
       OUT(A, 1, 201, 0), TAKE(200))
SCRIPT(lie_behind_a_held_range_counts_from_where_it_is_new, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(A, 151, 1, 100, .lie = true),
       OUT(A, 1, 1, 0, SACK2(151, 201, 101, 251)), IN(A, 1, 1, 100), SKIP, TAKE(200), TAKE_LIES(50))

/* Of what still lies behind a hole, the copy that begins further left is the one that will be read. */
SCRIPT(lie_from_further_left_replaces_a_held_range, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(A, 51, 1, 100, .lie = true), SKIP, IN(A, 1, 1, 50), SKIP,
       TAKE(50), TAKE_LIES(100), TAKE(50), LEN(0))
SCRIPT(lie_in_order_replaces_a_held_range, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 100), SKIP, IN(A, 1, 1, 150, .lie = true), OUT(A, 1, 201, 0), TAKE_LIES(150),
       TAKE(50), IN(A, 1, 1, 200), SKIP, LEN(0))
SCRIPT(lie_over_several_ranges_is_one_piece, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 50), SKIP, IN(A, 201, 1, 50), SKIP, IN(A, 301, 1, 100), SKIP,
       IN(A, 1, 1, 349, .lie = true), OUT(A, 1, 401, 0), TAKE_LIES(349), TAKE(51))
SCRIPT(lie_over_several_mbufs_is_cut_at_the_byte, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 1000, .pieces = 7), SKIP, IN(A, 1, 1, 777, .lie = true, .pieces = 5),
       OUT(A, 1, 1101, 0), TAKE_LIES(777), TAKE(323))
SCRIPT(lie_behind_the_end_of_the_stream_is_not_read, ACCEPTED, NULL, /* */
       IN(F | P | A, 1, 1, 10), SKIP, IN(P | A, 1, 1, 100, .lie = true), SKIP, LEN(10), TAKE(10),
       RX_EOF, STATE("CLOSE_WAIT"))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lie_about_what_waits_is_not_believed),
		cmocka_unit_test(lie_about_what_was_read_is_not_read_again),
		cmocka_unit_test(lie_that_goes_on_counts_from_where_it_is_new),
		cmocka_unit_test(lie_about_a_held_range_is_not_believed),
		cmocka_unit_test(lie_behind_a_held_range_counts_from_where_it_is_new),
		cmocka_unit_test(lie_from_further_left_replaces_a_held_range),
		cmocka_unit_test(lie_in_order_replaces_a_held_range),
		cmocka_unit_test(lie_over_several_ranges_is_one_piece),
		cmocka_unit_test(lie_over_several_mbufs_is_cut_at_the_byte),
		cmocka_unit_test(lie_behind_the_end_of_the_stream_is_not_read),
	};

	return cmocka_run_group_tests_name("tcp/overlap", tests, script_group_setup, NULL);
}
