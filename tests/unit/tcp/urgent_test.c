/* SPDX-License-Identifier: BSD-3-Clause */
/* Urgent data is data (RFC 6093 6): the flag, and a pointer to anywhere, change nothing of what is read, acknowledged or closed. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define U TCP_URG

SCRIPT(urgent_to_nowhere_is_data, ACCEPTED, NULL, /* */
       IN(U | P | A, 1, 1, 10), OUT(A, 1, 11, 0), TAKE(10), COUNT(RX_URGENT, 1))
SCRIPT(urgent_inside_of_the_payload_is_data, ACCEPTED, NULL, /* */
       IN(U | P | A, 1, 1, 10, .urg = 4), OUT(A, 1, 11, 0), TAKE(10))
SCRIPT(urgent_at_the_end_of_the_payload_is_data, ACCEPTED, NULL, /* */
       IN(U | P | A, 1, 1, 10, .urg = 10), OUT(A, 1, 11, 0), TAKE(10))
SCRIPT(urgent_beyond_the_payload_is_data, ACCEPTED, NULL, /* */
       IN(U | P | A, 1, 1, 10, .urg = 65535), OUT(A, 1, 11, 0), IN(P | A, 11, 1, 10),
       OUT(A, 1, 21, 0), TAKE(20))
SCRIPT(urgent_pointer_without_the_flag_is_nothing, ACCEPTED, NULL, /* */
       IN(P | A, 1, 1, 10, .urg = 4), OUT(A, 1, 11, 0), TAKE(10), COUNT(RX_URGENT, 0))
SCRIPT(urgent_without_payload_is_an_ack, ACCEPTED, NULL, /* */
       SEND(10), OUT(P | A, 1, 1, 10), IN(U | A, 1, 11, 0, .urg = 100), QUIET, ACKED(10), LEN(0))
SCRIPT(urgent_with_fin_ends_the_stream, ACCEPTED, NULL, /* */
       IN(U | F | P | A, 1, 1, 10, .urg = 10), OUT(A, 1, 12, 0), TAKE(10), RX_EOF,
       STATE("CLOSE_WAIT"))
SCRIPT(urgent_with_fin_alone_ends_the_stream, ACCEPTED, NULL, /* */
       IN(U | F | A, 1, 1, 0, .urg = 1), OUT(A, 1, 2, 0), RX_EOF)
SCRIPT(urgent_out_of_order_is_kept_as_data, ACCEPTED, NULL, /* */
       IN(U | A, 11, 1, 10, .urg = 1), OUT(A, 1, 1, 0, SACK1(11, 21)), IN(A, 1, 1, 10),
       OUT(A, 1, 21, 0), TAKE(20))
SCRIPT(urgent_twice_is_a_duplicate, ACCEPTED, NULL, /* */
       IN(U | P | A, 1, 1, 10, .urg = 4), OUT(A, 1, 11, 0), IN(U | P | A, 1, 1, 10, .urg = 9),
       OUT(A, 1, 11, 0, SACK1(1, 11)), LEN(10), TAKE(10))
SCRIPT(urgent_at_a_closed_window_opens_nothing, ACCEPTED, NULL, /* */
       IN(U | A, 65537, 1, 1, .urg = 1), OUT(A, 1, 1, 0), LEN(0), COUNT(RX_BEYOND, 1))
SCRIPT(urgent_in_a_handshake_is_nothing, LISTENING, NULL, /* */
       IN(S | U, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(U | A, 1, 1, 0, .urg = 77), STATE("ESTABLISHED"),
       QUIET)
SCRIPT(urgent_reset_is_a_reset, ACCEPTED, NULL, IN(R | U, 1, 0, 0, .urg = 5), CLOSED(ECONNRESET))
SCRIPT(urgent_flag_makes_no_flags_of_none, ACCEPTED, NULL, /* */
       IN(U, 1, 0, 10), QUIET, LEN(0), COUNT(DROP_FLAGS, 1))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urgent_to_nowhere_is_data),
		cmocka_unit_test(urgent_inside_of_the_payload_is_data),
		cmocka_unit_test(urgent_at_the_end_of_the_payload_is_data),
		cmocka_unit_test(urgent_beyond_the_payload_is_data),
		cmocka_unit_test(urgent_pointer_without_the_flag_is_nothing),
		cmocka_unit_test(urgent_without_payload_is_an_ack),
		cmocka_unit_test(urgent_with_fin_ends_the_stream),
		cmocka_unit_test(urgent_with_fin_alone_ends_the_stream),
		cmocka_unit_test(urgent_out_of_order_is_kept_as_data),
		cmocka_unit_test(urgent_twice_is_a_duplicate),
		cmocka_unit_test(urgent_at_a_closed_window_opens_nothing),
		cmocka_unit_test(urgent_in_a_handshake_is_nothing),
		cmocka_unit_test(urgent_reset_is_a_reset),
		cmocka_unit_test(urgent_flag_makes_no_flags_of_none),
	};

	return cmocka_run_group_tests_name("tcp/urgent", tests, script_group_setup, NULL);
}
