/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts that are killed and come back, and connections that are opened again from the same ports at once, as every LNet
 * node does: nobody waits for a timer of the peer.
 */
#include "tests/fake/eal.h"
#include "tests/sim/net_sim.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PORT 988
#define RECONNECTS 8

struct life {
	struct sim *sim;
	struct tcp_conn *c[RECONNECTS];
	unsigned int connected, reset, accepted;
};

static void
life_connected(struct tcp_conn *, void *user, uint64_t)
{
	((struct life *)user)->connected++;
}

static void
life_ignore(struct tcp_conn *, void *, uint64_t)
{
}

static void
life_closed(struct tcp_conn *, void *user, int err, uint64_t)
{
	((struct life *)user)->reset += err == -ECONNRESET;
}

static void
life_readable(struct tcp_conn *c, void *, uint64_t now)
{
	if (tcp_rx_eof(c))
		tcp_close(c, now);
}

static const struct tcp_ops life_ops = {
	.connected = life_connected,
	.readable = life_readable,
	.acked = life_ignore,
	.closed = life_closed,
};

static int
life_accept(struct tcp_conn *c, void *user, uint64_t)
{
	((struct life *)user)->accepted++;
	tcp_set_user(c, &life_ops, user);
	return 0;
}

static void
life_listen(struct life *l)
{
	struct tcp_listener *listener;

	assert_int_equal(tcp_listen(l->sim->host[1].tcp, &l->sim->host[1].addr, PORT, 64,
				    life_accept, l, &listener),
			 0);
}

static void
life_connect(struct life *l)
{
	unsigned int i;

	l->connected = l->accepted = 0;
	for (i = 0; i < RECONNECTS; i++) {
		struct ip_flow flow = sim_flow(l->sim, 0, (uint16_t)(1023 - i), PORT);

		assert_int_equal(tcp_connect(l->sim->host[0].tcp, &flow, 0, &life_ops, l,
					     l->sim->now, &l->c[i]),
				 0);
	}
}

/* All are there within @limit. */
static void
life_wait(struct life *l, uint64_t limit)
{
	uint64_t end = l->sim->now + limit;

	/* the application is not part of the simulator's wheel: let it have a first round */
	tcp_poll(l->sim->host[0].tcp, l->sim->now);
	while ((l->connected < RECONNECTS || l->accepted < RECONNECTS) && sim_step(l->sim, end))
		;
	assert_int_equal(l->connected, RECONNECTS);
	assert_int_equal(l->accepted, RECONNECTS);
}

static void
life_begin(struct life *l)
{
	struct sim_conf conf;

	*l = (struct life){0};
	sim_conf_default(&conf, 1);
	assert_int_equal(sim_create(&conf, &l->sim), 0);
	life_listen(l);
	life_connect(l);
	life_wait(l, 50 * SIM_MS);
}

/* We dial, are killed and dial again from the same ports: the peer still holds the old connections. */
static void
restarted_dialler_is_back_within_milliseconds(void **)
{
	struct life l;
	unsigned int i;

	life_begin(&l);
	for (i = 0; i < 16; i++) {
		l.reset = 0;
		/* in later lives not even the secret is kept: numbers and timestamps begin anywhere */
		l.sim->conf.tcp.secret[0] += (uint8_t)(i / 4 * i);
		assert_int_equal(sim_restart(l.sim, 0), 0);
		life_connect(&l);
		life_wait(&l, 50 * SIM_MS);
		assert_int_equal(l.reset, RECONNECTS);
	}
	assert_null(sim_destroy(l.sim));
}

/* The listener is killed: its peer learns it from the reset of its next byte, and dials again. */
static void
restarted_listener_is_found_by_a_reset(void **)
{
	struct life l;
	struct buf b = {0};
	uint64_t end;
	unsigned int i;

	life_begin(&l);
	assert_int_equal(sim_restart(l.sim, 1), 0);
	life_listen(&l);
	l.reset = 0;
	for (i = 0; i < RECONNECTS; i++) {
		assert_int_equal(buf_copy_in(&b, &l.sim->host[0].mem, "x", 1), 0);
		assert_int_equal(tcp_send(l.c[i], &b, false, l.sim->now), 0);
	}
	tcp_poll(l.sim->host[0].tcp, l.sim->now);
	for (end = l.sim->now + 50 * SIM_MS; l.reset < RECONNECTS && sim_step(l.sim, end);)
		;
	assert_int_equal(l.reset, RECONNECTS);
	life_connect(&l);
	life_wait(&l, 50 * SIM_MS);
	assert_null(sim_destroy(l.sim));
}

/* Close and dial again, many times: TIME-WAIT never stands in the way. */
static void
closed_ports_are_used_again_at_once(void **)
{
	struct life l;
	unsigned int n, i;

	life_begin(&l);
	for (n = 0; n < 20; n++) {
		for (i = 0; i < RECONNECTS; i++)
			tcp_close(l.c[i], l.sim->now);
		tcp_poll(l.sim->host[0].tcp, l.sim->now);
		/* whoever accepted closes as well, when it sees the end */
		while (sim_step(l.sim, l.sim->now + 20 * SIM_MS) &&
		       tcp_conn_count(l.sim->host[1].tcp) > 0)
			;
		life_connect(&l);
		life_wait(&l, 50 * SIM_MS);
	}
	assert_null(sim_destroy(l.sim));
}

static int
group_setup(void **)
{
	return fake_eal_init(256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarted_dialler_is_back_within_milliseconds),
		cmocka_unit_test(restarted_listener_is_found_by_a_reset),
		cmocka_unit_test(closed_ports_are_used_again_at_once),
	};

	return cmocka_run_group_tests_name("tcp_restart_sim", tests, group_setup, NULL);
}
