/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine as a whole: settings, lists, counters, telemetry. */
#include "drivers/tcp/tcp_tel.h"
#include "lnet/base/tel.h"
#include "tests/unit/tcp/script.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
create_refuses_senseless_settings(void **)
{
	struct script *sc = script_new(NULL);
	struct tcp_config good, bad;
	struct tcp *t;
	unsigned int i;

	tcp_config_default(&good);
	for (i = 0; i < 7; i++) {
		bad = good;
		switch (i) {
		case 0:
			bad.max_conns = 0;
			break;
		case 1:
			bad.rcv_wnd_max = bad.rcv_wnd_min - 1;
			break;
		case 2:
			bad.rto_min = 0;
			break;
		case 3:
			bad.rto_max = bad.rto_min - 1;
			break;
		case 4:
			bad.max_gaps = 0;
			break;
		case 5:
			bad.max_embryonic = 65536;
			break;
		default:
			bad.persist_max = 0;
			break;
		}
		assert_int_equal(tcp_create(&sc->f.lc, &sc->f.env, &bad, sc->f.now, &t), -EINVAL);
	}
	script_free(sc);
}

static void
create_without_memory_fails_clean(void **)
{
	struct script *sc = script_new(NULL);
	struct tcp *t, *many[32];
	struct tcp_config cfg;
	unsigned int n = 0;
	int rc;

	tcp_config_default(&cfg);
	cfg.max_conns = 10000000;
	assert_int_equal(tcp_create(&sc->f.lc, &sc->f.env, &cfg, sc->f.now, &t), -ENOMEM);
	/* what has room for half-open connections until that is gone */
	tcp_config_default(&cfg);
	cfg.max_conns = 8;
	cfg.max_embryonic = 65535;
	while ((rc = tcp_create(&sc->f.lc, &sc->f.env, &cfg, sc->f.now, &many[n])) == 0)
		assert_true(++n < RTE_DIM(many));
	assert_int_equal(rc, -ENOMEM);
	while (n > 0)
		tcp_destroy(many[--n], sc->f.now);
	script_free(sc);
}

/* @n connections of consecutive ports. */
static void
open_many(struct script *sc, unsigned int n)
{
	static const struct step steps[] = {IN(S, 0, 0, 0), OUT(S | A, 0, 1, 0), IN(A, 1, 1, 0),
					    END};

	for (; n > 0; n--) {
		sc->flow.remote_port--;
		sc->has_iss = false;
		script_run(sc, steps, "open");
	}
}

static void
list_goes_page_by_page(void **)
{
	struct script_conf conf = {.backlog = 32};
	struct script *sc = script_new(&conf);
	struct tcp_info info[4];
	unsigned int from = 0, next, n, sum = 0, pages = 0;

	open_many(sc, 10);
	assert_int_equal(tcp_conn_count(sc->f.tcp), 10);
	do {
		n = tcp_list(sc->f.tcp, from, info, 4, &next, sc->f.now);
		assert_true(n > 0);
		assert_string_equal(info[0].state, "ESTABLISHED");
		assert_int_equal(info[0].mss, MSS);
		sum += n;
		pages++;
		from = next;
	} while (next != 0);
	assert_int_equal(sum, 10);
	assert_int_equal(pages, 3);
	script_free(sc);
}

static void
list_tells_what_a_connection_holds(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {SEND(100), IN(A, 1, 1, 30), IN(A, 101, 1, 40), SKIP,
					    END};
	struct tcp_info info;
	unsigned int next;

	script_accept(sc);
	script_run(sc, steps, "fill");
	assert_int_equal(tcp_list(sc->f.tcp, 0, &info, 1, &next, sc->f.now), 1);
	assert_int_equal(info.rx_queue, 30);
	assert_int_equal(info.rx_ooo, 40);
	assert_int_equal(info.tx_queue, 100);
	assert_int_equal(info.in_flight, 100);
	assert_int_equal(info.bytes_in, 30);
	assert_int_equal(info.bytes_out, 100);
	assert_int_equal(info.rto_ms, 200);
	script_free(sc);
}

static void
list_shows_half_open_connections_behind_the_others(void **)
{
	struct script_conf conf = {.wnd = 300};
	struct script *sc = script_new(&conf);
	static const struct step syn[] = {IN(S | E | C, 0, 0, 0), OUT(S | A | E, 0, 1, 0), END};
	struct tcp_info info[2];
	unsigned int next;

	script_run(sc, syn, "half-open");
	open_many(sc, 1);
	fake_wait(&sc->f, 500 * FAKE_MS);
	assert_int_equal(tcp_list(sc->f.tcp, 0, info, 1, &next, sc->f.now), 1);
	assert_string_equal(info[0].state, "ESTABLISHED");
	assert_int_not_equal(next, 0);
	assert_int_equal(tcp_list(sc->f.tcp, next, info, 2, &next, sc->f.now), 1);
	assert_int_equal(next, 0);
	assert_string_equal(info[0].state, "SYN_RCVD");
	assert_int_equal(info[0].flow.remote_port, sc->flow.remote_port + 1);
	assert_int_equal(info[0].snd_wnd, 300);
	assert_int_equal(info[0].rcv_wnd, 65535);
	assert_true(info[0].ecn);
	assert_int_equal(info[0].age_ns, 500 * FAKE_MS);
	script_free(sc);
}

static void
wake(void *)
{
}

static void
telemetry_sums_counters_and_lists_connections(void **)
{
	struct script_conf conf = {.backlog = 64};
	struct script *sc;
	struct tcp *engines[1];
	struct lcore *lcores[1];
	static char json[20000];
	unsigned int pages = 0, total = 0;
	char params[32] = "off=0";
	struct tel *t;

	fake_tcp_conf_default(&conf.fake);
	conf.fake.conns = conf.fake.tcp.max_conns = 64;
	conf.fake.window_min = 8 << 10;
	sc = script_new(&conf);
	engines[0] = sc->f.tcp;
	lcores[0] = &sc->f.lc;
	open_many(sc, 50);
	assert_int_equal(tel_create(wake, NULL, &t), 0);
	assert_int_equal(tcp_tel_register(engines, 1, lcores, t), 0);
	assert_int_equal(tel_call(t, "/tcp/stats", NULL, json, sizeof(json), sc->f.now), 0);
	assert_non_null(strstr(json, "\"conn_passive\":50"));
	for (;;) {
		const char *count, *next;
		unsigned int n, off;

		assert_int_equal(tel_call(t, "/tcp/conns", params, json, sizeof(json), sc->f.now),
				 0);
		count = strstr(json, "\"count\":");
		next = strstr(json, "\"next\":");
		assert_non_null(count);
		assert_non_null(next);
		assert_non_null(strstr(json, "10.0.0.1:988"));
		assert_non_null(strstr(json, "ESTABLISHED"));
		assert_non_null(strstr(json, "\"cc\":\"cubic\",\"ecn\":\"no\""));
		assert_int_equal(sscanf(count, "\"count\":%u", &n), 1);
		assert_int_equal(sscanf(next, "\"next\":%u", &off), 1);
		total += n;
		pages++;
		if (off == 0)
			break;
		snprintf(params, sizeof(params), "off=%u", off);
	}
	assert_int_equal(total, 50);
	assert_true(pages > 1);
	assert_int_equal(tel_call(t, "/tcp/conns", "off=x", json, sizeof(json), sc->f.now),
			 -EINVAL);
	tcp_tel_unregister(engines, t);
	assert_int_equal(tel_call(t, "/tcp/stats", NULL, json, sizeof(json), sc->f.now), -ENODEV);
	tel_destroy(t);
	script_free(sc);
}

/* What each promise of the documents comes to. */
static void
defaults_are_those_of_the_documents(void **)
{
	struct tcp_config cfg;

	tcp_config_default(&cfg);
	assert_int_equal(cfg.rto_min, 200 * FAKE_MS);
	assert_int_equal(cfg.delack, 40 * FAKE_MS);
	assert_int_equal(cfg.syn_rto, 1000 * FAKE_MS);
	assert_int_equal(cfg.keepalive_idle, 30000 * FAKE_MS);
	assert_int_equal(cfg.keepalive_intvl, 5000 * FAKE_MS);
	assert_int_equal(cfg.keepalive_count, 5);
	assert_in_range(cfg.persist_max, 1000 * FAKE_MS, 5000 * FAKE_MS);
	assert_in_range(cfg.time_wait, 1000 * FAKE_MS, 10000 * FAKE_MS);
	assert_in_range(cfg.rcv_wnd_min, 64 << 10, 128 << 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_refuses_senseless_settings),
		cmocka_unit_test(create_without_memory_fails_clean),
		cmocka_unit_test(list_goes_page_by_page),
		cmocka_unit_test(list_tells_what_a_connection_holds),
		cmocka_unit_test(list_shows_half_open_connections_behind_the_others),
		cmocka_unit_test(telemetry_sums_counters_and_lists_connections),
		cmocka_unit_test(defaults_are_those_of_the_documents),
	};

	return cmocka_run_group_tests_name("tcp/tcp", tests, script_group_setup, NULL);
}
