/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/tel.h"
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct lan lan;
static struct tel *tel;
static char reply[4000], dir[64], path[100];

static void
wake(void *)
{
}

static int
setup(void **)
{
	snprintf(dir, sizeof(dir), "/tmp/ether_capture_test_XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c.pcapng", dir);
	lan_create(&lan, 3, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,neigh=10.0.0.2@02:00:00:00:00:77");
	lan_iface(&lan, 0, "ip=10.5.0.1/24,vlan=5");
	lan_start(&lan);
	assert_int_equal(tel_create(wake, NULL, &tel), 0);
	assert_int_equal(ether_tel_register(lan.e, tel), 0);
	return 0;
}

static int
teardown(void **)
{
	tel_unregister_owner(tel, lan.e);
	lan_destroy(&lan);
	tel_destroy(tel);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static int
start(const char *what)
{
	char params[300];

	snprintf(params, sizeof(params), "%s;path=%s", what, path);
	return tel_call(tel, "/ether/capture/start", params, reply, sizeof(reply), lan.now);
}

static int
stop(void)
{
	return tel_call(tel, "/ether/capture/stop", "", reply, sizeof(reply), lan.now);
}

/* The packets of the file. */
struct packet {
	uint32_t len, original;
	bool inbound;
	uint8_t bytes[2000];
};

static unsigned int
read_file(struct packet *packets, unsigned int max)
{
	static uint8_t file[400000];
	unsigned int n = 0;
	uint32_t type, len;
	size_t size, at;
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size = fread(file, 1, sizeof(file), f);
	fclose(f);
	for (at = 0; at < size; at += len) {
		memcpy(&type, file + at, 4);
		memcpy(&len, file + at + 4, 4);
		assert_true(len >= 12 && at + len <= size);
		if (type != 6 || n == max)
			continue;
		memcpy(&packets[n].len, file + at + 20, 4);
		memcpy(&packets[n].original, file + at + 24, 4);
		memcpy(packets[n].bytes, file + at + 28, RTE_MIN(packets[n].len, 2000u));
		packets[n].inbound = file[at + len - 12] == 1;
		n++;
	}
	assert_int_equal(at, size);
	return n;
}

static void
both_directions_are_in_the_file(void **)
{
	static struct packet p[10];
	uint8_t in[LAN_FRAME_MAX], out[LAN_FRAME_MAX];
	struct ip_flow flow = lan_flow("10.0.0.1", "10.0.0.2");
	struct stat st;
	size_t n_in, n_out;

	assert_int_equal(start("iface=if0"), 0);
	n_in = lan_tcp4(in, "10.0.0.2", "10.0.0.1", 101);
	lan_send(&lan, in, n_in);
	ether_output_tcp(ether_lcore(lan.e, 1), &flow, lan_segment(&lan, &flow, 300, 7), 0, 0,
			 lan.now);
	lan_round(&lan);
	n_out = lan_recv(&lan, 0, out);
	assert_int_equal(stop(), 0);
	assert_non_null(strstr(reply, "\"packets\":2"));
	assert_non_null(strstr(reply, "\"dropped\":0"));
	assert_int_equal(read_file(p, 10), 2);
	assert_int_equal(p[0].len, n_in);
	assert_true(p[0].inbound);
	assert_memory_equal(p[0].bytes, in, n_in);
	assert_int_equal(p[1].len, n_out);
	assert_false(p[1].inbound);
	assert_memory_equal(p[1].bytes, out, n_out);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
interface_means_its_vlan_and_port_means_all(void **)
{
	static struct packet p[10];
	uint8_t f[LAN_FRAME_MAX], tagged[LAN_FRAME_MAX];
	unsigned int all;
	struct rte_mbuf *m;
	char what[100];
	size_t n, n_tagged;

	for (all = 0; all < 2; all++) {
		snprintf(what, sizeof(what), all ? "port=%s" : "iface=if1", lan.port[0]);
		assert_int_equal(start(what), 0);
		lan_send(&lan, f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10));
		n_tagged = lan_tag(tagged, lan_tcp4(tagged, "10.5.0.2", "10.5.0.1", 10), 5);
		lan_send(&lan, tagged, n_tagged);
		/* a tag that the port took out is put back */
		n = lan_tcp4(f, "10.5.0.2", "10.5.0.1", 10);
		m = lan_mbuf(&lan, f, n, NULL);
		m->vlan_tci = 5;
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		lan_send_mbuf(&lan, 0, m);
		lan_round(&lan);
		assert_int_equal(stop(), 0);
		assert_int_equal(read_file(p, 10), 2 + all);
		assert_int_equal(p[all].len, n_tagged);
		assert_memory_equal(p[all].bytes, tagged, n_tagged);
		assert_int_equal(p[1 + all].len, n_tagged);
		assert_memory_equal(p[1 + all].bytes, tagged, n_tagged);
		lan_clear(&lan);
		unlink(path);
	}
}

static void
it_ends_by_itself_at_its_limit(void **)
{
	static struct packet p[10];
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i;

	assert_int_equal(start("iface=if0;max_packets=3"), 0);
	for (i = 0; i < 10; i++)
		lan_send(&lan, f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10));
	assert_null(lan.e->workers[0]->capture);
	assert_int_equal(read_file(p, 10), 3);
	assert_int_equal(stop(), 0);
	assert_non_null(strstr(reply, "\"packets\":3"));
}

static void
what_cannot_be_written_in_time_is_counted(void **)
{
	uint8_t f[LAN_FRAME_MAX];
	unsigned int i, k;
	unsigned long long packets, dropped;

	assert_int_equal(start("iface=if0"), 0);
	/* the workers run, the control thread does not */
	for (i = 0; i < 16; i++) {
		for (k = 0; k < 200; k++)
			lan_send_cut(&lan, 0, f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10), NULL, 0);
		for (k = 0; k < 10; k++)
			ether_poll(ether_lcore(lan.e, 0), lan.now);
		lan_clear(&lan);
	}
	assert_int_equal(stop(), 0);
	packets = strtoull(strstr(reply, "\"packets\":") + 10, NULL, 10);
	dropped = strtoull(strstr(reply, "\"dropped\":") + 10, NULL, 10);
	assert_int_equal(packets + dropped, 16 * 200);
	if (packets < 1000 || dropped == 0)
		fail_msg("%llu written, %llu dropped", packets, dropped);
}

static void
bad_requests_are_refused(void **)
{
	static const struct {
		const char *params;
		int rc;
	} cases[] = {
		{"", -EINVAL},
		{"iface=if0", -EINVAL},
		{"iface=if0;path=relative", -EINVAL},
		{"iface=if0;port=x;path=/tmp/x", -EINVAL},
		{"iface=x;path=/tmp/x", -ENODEV},
		{"port=x;path=/tmp/x", -ENODEV},
		{"iface=if0;path=/nowhere/at/all", -ENOENT},
		{"iface=if0;path=/tmp/x;max_bytes=0", -EINVAL},
		{"iface=if0;path=/tmp/x;bogus=0", -EINVAL},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++)
		assert_int_equal(tel_call(tel, "/ether/capture/start", cases[i].params, reply,
					  sizeof(reply), lan.now),
				 cases[i].rc);
	assert_int_equal(stop(), -ENOENT);
}

static void
existing_file_is_left_alone(void **)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("precious", f);
	fclose(f);
	assert_int_equal(start("iface=if0"), -EEXIST);
	f = fopen(path, "r");
	assert_non_null(fgets(reply, sizeof(reply), f));
	fclose(f);
	assert_string_equal(reply, "precious");
}

static void
release_ends_a_running_capture(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	assert_int_equal(start("iface=if0"), 0);
	assert_int_equal(start("iface=if0"), -EBUSY);
	lan_send(&lan, f, lan_tcp4(f, "10.0.0.2", "10.0.0.1", 10));
	assert_int_equal(ether_leaks(lan.e), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_directions_are_in_the_file),
		CASE(interface_means_its_vlan_and_port_means_all),
		CASE(it_ends_by_itself_at_its_limit),
		CASE(what_cannot_be_written_in_time_is_counted),
		CASE(bad_requests_are_refused),
		CASE(existing_file_is_left_alone),
		CASE(release_ends_a_running_capture),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
