/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of every odd kind, on one side, on both, in a SYN and elsewhere: what is agreed on, and what it does to segments. */
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MSS_OF(hi, lo) "\x02\x04" hi lo
#define MSS_1460 MSS_OF("\x05", "\xb4")
#define WSCALE(n) "\x01\x03\x03" n
#define SACK_OK "\x01\x01\x04\x02"
#define TS "\x01\x01\x08\x0a\x7f\x00\x00\x01\x00\x00\x00\x00"
#define END_PAD "\x00\x00\x00\x00"
#define NOPS "\x01\x01\x01\x01"

/* What the peer does after its SYN. */
static const struct script_conf bare = {
	.no_ts = true, .no_sack = true, .no_wscale = true, .wnd = 65535};
static const struct script_conf bare_v6 = {
	.v6 = true, .no_ts = true, .no_sack = true, .no_wscale = true, .wnd = 65535};

/* A SYN with these options, the answer, the end of the handshake. */
#define OPEN_WITH(options, answer)                                                              \
	IN(S, 0, 0, 0, OPTS(options)), OUT(S | A, 0, 1, 0, .offers = (answer)), IN(A, 1, 1, 0), \
		STATE("ESTABLISHED")
/* Two segments of @mss are sent. */
#define SENDS(mss) SEND(2 * (mss)), OUT(A, 1, 1, (mss)), OUT(P | A, 1 + (mss), 1, (mss))

/* --- none --- */

SCRIPT(none_at_all_gives_the_default, LISTENING, &bare, /* */
       OPEN_WITH("", OFFERS_MSS), SENDS(536))
SCRIPT(none_at_all_gives_the_default_of_ipv6, LISTENING, &bare_v6, /* */
       OPEN_WITH("", OFFERS_MSS), SENDS(1220))
SCRIPT(padding_alone_is_none, LISTENING, &bare, OPEN_WITH(END_PAD, OFFERS_MSS), SENDS(536))
SCRIPT(nops_alone_are_none, LISTENING, &bare, /* */
       OPEN_WITH(NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS, OFFERS_MSS), SENDS(536))
SCRIPT(what_follows_the_end_is_not_read, LISTENING, &bare, /* */
       OPEN_WITH("\x00\x01\x01\x01" MSS_1460 TS, OFFERS_MSS), SENDS(536), COUNT(BAD_OPTIONS, 0))

/* --- maximum segment size: RFC 9293 3.7.1 --- */

SCRIPT(mss_is_taken, LISTENING, &bare, OPEN_WITH(MSS_OF("\x04", "\x00"), OFFERS_MSS), SENDS(1024))
SCRIPT(mss_above_ours_does_not_go_beyond_the_path, LISTENING, &bare, /* */
       OPEN_WITH(MSS_OF("\xff", "\xff"), OFFERS_MSS), SENDS(1460))
SCRIPT(mss_zero_is_none, LISTENING, &bare, /* */
       OPEN_WITH(MSS_OF("\x00", "\x00"), OFFERS_MSS), SENDS(536))
SCRIPT(mss_one_is_raised_to_the_least, LISTENING, &bare, /* */
       OPEN_WITH(MSS_OF("\x00", "\x01"), OFFERS_MSS), SENDS(48))
SCRIPT(mss_of_64_is_obeyed, LISTENING, &bare, /* */
       OPEN_WITH(MSS_OF("\x00", "\x40"), OFFERS_MSS), SENDS(64))
SCRIPT(mss_of_another_length_is_none, LISTENING, &bare, /* */
       OPEN_WITH("\x02\x03\x05\x01", OFFERS_MSS), SENDS(536))
SCRIPT(mss_twice_means_the_last, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 MSS_OF("\x02", "\x00"), OFFERS_MSS), SENDS(512))
SCRIPT(mss_outside_of_a_syn_is_ignored, LISTENING, &bare, /* */
       IN(S, 0, 0, 0, OPTS(MSS_1460)), OUT(S | A, 0, 1, 0),
       IN(A, 1, 1, 0, OPTS(MSS_OF("\x00", "\x40"))), STATE("ESTABLISHED"), SENDS(1460))

/* --- window scale: RFC 7323 2 --- */

SCRIPT(wscale_zero_is_agreed_on, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 WSCALE("\x00"), OFFERS_MSS | OFFERS_WSCALE), IN(A, 1, 1, 0, .wnd = 2000),
       SEND(4000), OUT(A, 1, 1, 1460), QUIET)
/* One unit is 16,384 bytes: eleven segments of what the congestion window would let out. */
#define UNIT_OF_16K                                                       \
	IN(P | A, 1, 1, 1, .wnd = 1), OUT(A, 1, 2, 0), SEND(14600), SKIP, \
		IN(A, 2, 14601, 0, .wnd = 1), SEND(29200), SKIP, COUNT(BYTES_OUT, 21 * 1460)
SCRIPT(wscale_fourteen_is_the_most, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 WSCALE("\x0e"), OFFERS_MSS | OFFERS_WSCALE), UNIT_OF_16K)
SCRIPT(wscale_fifteen_is_fourteen, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 WSCALE("\x0f"), OFFERS_MSS | OFFERS_WSCALE), UNIT_OF_16K)
SCRIPT(wscale_of_255_is_fourteen, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 WSCALE("\xff"), OFFERS_MSS | OFFERS_WSCALE), UNIT_OF_16K)
SCRIPT(wscale_missing_leaves_both_windows_as_they_are, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460, OFFERS_MSS), IN(P | A, 1, 1, 1, .wnd = 2000),
       OUT(A, 1, 2, 0, .wnd = 65534), SEND(4000), OUT(A, 1, 2, 1460), QUIET)
SCRIPT(wscale_of_another_length_is_none, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x03\x04\x07\x07", OFFERS_MSS), IN(P | A, 1, 1, 1, .wnd = 2000),
       OUT(A, 1, 2, 0, .wnd = 65534))
SCRIPT(wscale_outside_of_a_syn_is_ignored, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460, OFFERS_MSS), IN(P | A, 1, 1, 1, .wnd = 2000, OPTS(WSCALE("\x07"))),
       OUT(A, 1, 2, 0, .wnd = 65534), SEND(4000), OUT(A, 1, 2, 1460), QUIET)

/* --- SACK: RFC 2018 --- */

SCRIPT(sack_alone_is_agreed_on, LISTENING, (&(const struct script_conf){.no_ts = true}), /* */
       OPEN_WITH(MSS_1460 SACK_OK, OFFERS_MSS | OFFERS_SACK), IN(A, 101, 1, 100, .wnd = 8192),
       OUT(A, 1, 1, 0, SACK1(101, 201)))
SCRIPT(sack_of_another_length_is_none, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x04\x03\x01\x01", OFFERS_MSS), IN(A, 101, 1, 100), OUT(A, 1, 1, 0))
SCRIPT(sack_permitted_outside_of_a_syn_is_ignored, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460, OFFERS_MSS), IN(A, 101, 1, 100, OPTS(SACK_OK)), OUT(A, 1, 1, 0))
SCRIPT(sack_blocks_that_were_not_agreed_on_are_ignored, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460, OFFERS_MSS), SEND(14600), SKIP,
       IN(A, 1, 1, 0, SACK1(1 + 1460, 1 + 8 * 1460)), QUIET, WAIT(150), QUIET,
       COUNT(SACK_RECOVERY, 0))

/* --- timestamps: RFC 7323 3 --- */

SCRIPT(ts_is_agreed_on_alone, LISTENING, NULL, /* */
       IN(S, 0, 0, 0, OPTS(TS)), OUT(S | A, 0, 1, 0, .offers = OFFERS_MSS | OFFERS_TS))
SCRIPT(ts_of_another_length_is_none, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x08\x08\x00\x00\x00\x01\x00\x00", OFFERS_MSS), SENDS(1460))
SCRIPT(ts_that_was_not_agreed_on_is_ignored, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460, OFFERS_MSS), IN(P | A, 1, 1, 10, OPTS(TS)),
       OUT(A, 1, 11, 0, .offers = OFFERS_NOTHING), TAKE(10), COUNT(DROP_PAWS, 0))
/* --- unknown ones, and lengths that make no sense: RFC 9293 3.1, MUST-6 and MUST-7 --- */

SCRIPT(unknown_ones_are_stepped_over, LISTENING, &bare, /* */
       OPEN_WITH("\xfd\x04\x12\x34\xfe\x06\x00\x00\x00\x00\x01\x01\x22\x02\x01\x01" MSS_1460,
		 OFFERS_MSS),
       SENDS(1460), COUNT(BAD_OPTIONS, 0))
SCRIPT(length_zero_ends_them, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x03\x00\x03\x07", OFFERS_MSS), SENDS(1460), COUNT(BAD_OPTIONS, 1))
SCRIPT(length_one_ends_them, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\xfd\x01\x01\x01" SACK_OK, OFFERS_MSS), SENDS(1460),
       COUNT(BAD_OPTIONS, 1))
SCRIPT(length_beyond_the_header_ends_them, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x08\x0a\x00\x01", OFFERS_MSS), SENDS(1460), COUNT(BAD_OPTIONS, 1))
SCRIPT(length_that_is_missing_ends_them, LISTENING, &bare, /* */
       OPEN_WITH(MSS_1460 "\x01\x01\x01\x03", OFFERS_MSS), SENDS(1460), COUNT(BAD_OPTIONS, 1))
SCRIPT(senseless_ones_do_not_cost_the_payload, ACCEPTED, &bare, /* */
       IN(P | A, 1, 1, 100, OPTS("\xfd\x00\xff\xff")), OUT(A, 1, 101, 0), TAKE(100),
       COUNT(BAD_OPTIONS, 1))
SCRIPT(as_many_as_fit_leave_the_payload_where_it_is, ACCEPTED, &bare, /* */
       IN(P | A, 1, 1, 100, OPTS(NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS NOPS)),
       OUT(A, 1, 101, 0), TAKE(100))

/* --- our own SYN, answered with less --- */

SCRIPT(answer_without_options_gives_all_up, DIALLING, &bare, /* */
       CONNECT, OUT(S, 0, 0, 0, .offers = OFFERS_MSS | OFFERS_WSCALE | OFFERS_SACK | OFFERS_TS),
       IN(S | A, 0, 1, 0, OPTS("")), OUT(A, 1, 1, 0, .offers = OFFERS_NOTHING, .wnd = 65535),
       CONNECTED, SENDS(536), IN(A, 101, 1073, 100), OUT(A, 1073, 1, 0))
SCRIPT(answer_with_timestamps_alone_keeps_those, DIALLING,
       (&(const struct script_conf){.no_sack = true, .no_wscale = true, .wnd = 65535}), /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0),
       OUT(A, 1, 1, 0, .offers = OFFERS_TS, .wnd = 65535), SENDS(MSS))
SCRIPT(answer_with_a_scale_alone_keeps_that, DIALLING,
       (&(const struct script_conf){.no_sack = true, .no_ts = true}), /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0, .wnd = 65535),
       OUT(A, 1, 1, 0, .offers = OFFERS_NOTHING, .wnd = 512), SENDS(1460))
SCRIPT(answer_with_an_mss_of_zero_means_the_default, DIALLING, &bare, /* */
       CONNECT, OUT(S, 0, 0, 0), IN(S | A, 0, 1, 0, OPTS(MSS_OF("\x00", "\x00"))), OUT(A, 1, 1, 0),
       SENDS(536))

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_at_all_gives_the_default),
		cmocka_unit_test(none_at_all_gives_the_default_of_ipv6),
		cmocka_unit_test(padding_alone_is_none),
		cmocka_unit_test(nops_alone_are_none),
		cmocka_unit_test(what_follows_the_end_is_not_read),
		cmocka_unit_test(mss_is_taken),
		cmocka_unit_test(mss_above_ours_does_not_go_beyond_the_path),
		cmocka_unit_test(mss_zero_is_none),
		cmocka_unit_test(mss_one_is_raised_to_the_least),
		cmocka_unit_test(mss_of_64_is_obeyed),
		cmocka_unit_test(mss_of_another_length_is_none),
		cmocka_unit_test(mss_twice_means_the_last),
		cmocka_unit_test(mss_outside_of_a_syn_is_ignored),
		cmocka_unit_test(wscale_zero_is_agreed_on),
		cmocka_unit_test(wscale_fourteen_is_the_most),
		cmocka_unit_test(wscale_fifteen_is_fourteen),
		cmocka_unit_test(wscale_of_255_is_fourteen),
		cmocka_unit_test(wscale_missing_leaves_both_windows_as_they_are),
		cmocka_unit_test(wscale_of_another_length_is_none),
		cmocka_unit_test(wscale_outside_of_a_syn_is_ignored),
		cmocka_unit_test(sack_alone_is_agreed_on),
		cmocka_unit_test(sack_of_another_length_is_none),
		cmocka_unit_test(sack_permitted_outside_of_a_syn_is_ignored),
		cmocka_unit_test(sack_blocks_that_were_not_agreed_on_are_ignored),
		cmocka_unit_test(ts_is_agreed_on_alone),
		cmocka_unit_test(ts_of_another_length_is_none),
		cmocka_unit_test(ts_that_was_not_agreed_on_is_ignored),
		cmocka_unit_test(unknown_ones_are_stepped_over),
		cmocka_unit_test(length_zero_ends_them),
		cmocka_unit_test(length_one_ends_them),
		cmocka_unit_test(length_beyond_the_header_ends_them),
		cmocka_unit_test(length_that_is_missing_ends_them),
		cmocka_unit_test(senseless_ones_do_not_cost_the_payload),
		cmocka_unit_test(as_many_as_fit_leave_the_payload_where_it_is),
		cmocka_unit_test(answer_without_options_gives_all_up),
		cmocka_unit_test(answer_with_timestamps_alone_keeps_those),
		cmocka_unit_test(answer_with_a_scale_alone_keeps_that),
		cmocka_unit_test(answer_with_an_mss_of_zero_means_the_default),
	};

	return cmocka_run_group_tests_name("tcp/options", tests, script_group_setup, NULL);
}
