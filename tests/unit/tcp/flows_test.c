/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of flows against a list of what is in it. */
#include "drivers/tcp/flows.h"

#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OBJECTS 37u
#define FLOWS 90u
#define ROUNDS 200000u

struct object {
	char before[5];
	struct ip_flow flow;
	unsigned int id; /* of the flow; FLOWS = none */
};

static struct object objects[OBJECTS];
static struct ip_flow flows[FLOWS];
static struct tcp_flows table;

static int
setup(void **)
{
	uint8_t v6[16] = {0xfd};
	unsigned int i;

	for (i = 0; i < FLOWS; i++) {
		v6[i % 16] = (uint8_t)(i + 1);
		flows[i] = (struct ip_flow){
			.local = i % 3 == 0 ? ipaddr_v6(v6) : ipaddr_v4(0x0a000001),
			.remote = i % 3 == 0 ? ipaddr_v6(v6) : ipaddr_v4(0x0a000002 + i / 9),
			.local_port = 988,
			.remote_port = (uint16_t)(1000 + i % 9),
		};
	}
	for (i = 0; i < OBJECTS; i++)
		objects[i].id = FLOWS;
	return tcp_flows_init(&table, objects, sizeof(objects[0]), offsetof(struct object, flow),
			      OBJECTS, 7, -1);
}

static int
teardown(void **)
{
	tcp_flows_fini(&table);
	return 0;
}

/* Return: the object that has flow @id, or TCP_FLOWS_NONE: what the table should say. */
static uint32_t
expected(unsigned int id)
{
	uint32_t i;

	for (i = 0; i < OBJECTS; i++)
		if (objects[i].id == id)
			return i;
	return TCP_FLOWS_NONE;
}

static void
assert_as_expected(unsigned int id)
{
	uint32_t hash = tcp_flows_hash(&table, &flows[id]), want = expected(id);

	assert_int_equal(tcp_flows_find(&table, &flows[id], hash), want);
	if (want != TCP_FLOWS_NONE)
		assert_int_equal(tcp_flows_guess(&table, hash), want);
}

static void
add(uint32_t i, unsigned int id)
{
	objects[i].id = id;
	objects[i].flow = flows[id];
	tcp_flows_add(&table, i);
}

static void
take_out(uint32_t i)
{
	tcp_flows_remove(&table, i);
	objects[i].id = FLOWS;
}

/* Full and empty again, over and over: clusters that wrap around the end, gaps in the middle of them. */
static void
finds_what_is_in_it_and_nothing_else(void **)
{
	unsigned int round, id;

	srand(1);
	for (round = 0; round < ROUNDS; round++) {
		uint32_t i = (uint32_t)rand() % OBJECTS;

		id = (unsigned int)rand() % FLOWS;
		if (objects[i].id != FLOWS)
			take_out(i);
		else if (expected(id) == TCP_FLOWS_NONE)
			add(i, id);
		assert_as_expected(id);
		if (round % 64 == 0)
			for (id = 0; id < FLOWS; id++)
				assert_as_expected(id);
	}
}

static void
one_that_is_not_in_it_is_not_taken_out(void **)
{
	add(0, 1);
	objects[1].flow = flows[1];
	tcp_flows_remove(&table, 1);
	assert_as_expected(1);
	take_out(0);
	take_out(0);
	assert_as_expected(1);
}

/* Two of the same hash: made by objects that change their flow, which the table is not told of. */
static void
the_hash_alone_is_not_enough(void **)
{
	uint32_t hash = tcp_flows_hash(&table, &flows[1]);

	add(0, 1);
	objects[0].flow = flows[2];
	assert_int_equal(tcp_flows_guess(&table, hash), 0);
	assert_int_equal(tcp_flows_find(&table, &flows[1], hash), TCP_FLOWS_NONE);
	add(1, 1);
	assert_int_equal(tcp_flows_find(&table, &flows[1], hash), 1);
	objects[0].flow = flows[1];
	take_out(0);
	assert_as_expected(1);
}

static void
the_seed_decides_who_shares_a_slot(void **)
{
	struct tcp_flows other;
	unsigned int i;

	assert_int_equal(tcp_flows_init(&other, objects, sizeof(objects[0]),
					offsetof(struct object, flow), OBJECTS, 8, -1),
			 0);
	for (i = 0; i < FLOWS; i++)
		assert_int_not_equal(tcp_flows_hash(&table, &flows[i]),
				     tcp_flows_hash(&other, &flows[i]));
	tcp_flows_fini(&other);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(finds_what_is_in_it_and_nothing_else),
		CASE(one_that_is_not_in_it_is_not_taken_out),
		CASE(the_hash_alone_is_not_enough),
		CASE(the_seed_decides_who_shares_a_slot),
	};

	return cmocka_run_group_tests(tests, script_group_setup, NULL);
}
