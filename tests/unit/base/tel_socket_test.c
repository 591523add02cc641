/* SPDX-License-Identifier: BSD-3-Clause */
/* The telemetry commands through DPDK's own socket, from several clients at once. */
#include "lnet/base/tel.h"

#include <rte_eal.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define REPLY_MAX 16384
#define CLIENTS 4
#define PER_CLIENT 200
#define PREFIX "base_tel"

static char run_dir[] = "/tmp/base_tel_XXXXXX";
static struct tel *tel;
static sem_t woken;
static struct tel_req *kept;
static char owner[] = "owner";

static void
wake(void *)
{
	sem_post(&woken);
}

static int
echo(void *, struct kv *, struct tel_req *req, uint64_t now)
{
	struct tel_out *o = tel_out(req);

	tel_u64(o, "now", now);
	tel_str(o, "text", "a\"b\\c");
	tel_begin(o, "data");
	tel_begin_item(o, 0);
	tel_int(o, "big", INT64_C(5000000000));
	tel_end(o);
	tel_end(o);
	return 0;
}

static int
refuse(void *, struct kv *params, struct tel_req *req, uint64_t)
{
	const char *why = kv_get(params, "why");

	return tel_fail(req, -EBUSY, "%s", why != NULL ? why : "no reason");
}

static int
keep(void *, struct kv *, struct tel_req *req, uint64_t)
{
	kept = req;
	return TEL_LATER;
}

/* As deep and as wide as a reply may be. */
static int
say_big(void *, struct kv *, struct tel_req *req, uint64_t)
{
	struct tel_out *o = tel_out(req);
	unsigned int i;

	for (i = 0; i < 7; i++)
		tel_begin(o, "deep");
	for (i = 0; i < 256; i++) {
		tel_begin_item(o, i);
		tel_end(o);
	}
	for (i = 0; i < 7; i++)
		tel_end(o);
	for (i = 0; tel_size(o) < TEL_PAGE; i++) {
		tel_begin_item(o, i);
		tel_str(o, "name", "0123456789012345678901234567890123456789");
		tel_end(o);
	}
	tel_u64(o, "last", 1);
	return 0;
}

static const struct tel_cmd cmds[] = {
	{"/test/echo", echo, "now and some types"},
	{"/test/refuse", refuse, "why="},
	{"/test/keep", keep, "answered later"},
	{"/test/big", say_big, "as much as fits"},
};

static int
group_setup(void **)
{
	static const char *const args[] = {"test",
					   "--no-huge",
					   "--no-pci",
					   "--no-shconf",
					   "--log-level=lib.*:error",
					   "--file-prefix",
					   PREFIX,
					   "-m",
					   "16",
					   "-l",
					   "0"};
	char *argv[sizeof(args) / sizeof(args[0])];
	size_t i;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		argv[i] = (char *)(uintptr_t)args[i];
	if (mkdtemp(run_dir) == NULL || setenv("RUNTIME_DIRECTORY", run_dir, 1) < 0)
		return -1;
	return rte_eal_init((int)i, argv) < 0 ? -1 : 0;
}

static int
group_teardown(void **)
{
	char path[128];

	rte_eal_cleanup();
	/* the library leaves what it made */
	snprintf(path, sizeof(path), "%s/dpdk/" PREFIX "/dpdk_telemetry.v2", run_dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/dpdk/" PREFIX, run_dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/dpdk", run_dir);
	rmdir(path);
	return rmdir(run_dir);
}

static int
setup(void **)
{
	kept = NULL;
	sem_init(&woken, 0, 0);
	if (tel_create(wake, NULL, &tel) != 0)
		return -1;
	return tel_register(tel, cmds, sizeof(cmds) / sizeof(cmds[0]), owner);
}

static int
teardown(void **)
{
	if (tel != NULL)
		tel_destroy(tel);
	sem_destroy(&woken);
	return 0;
}

static int
connect_client(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char greeting[512];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/dpdk/" PREFIX "/dpdk_telemetry.v2",
		 run_dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    recv(fd, greeting, sizeof(greeting), 0) <= 0)
		abort();
	return fd;
}

struct client {
	pthread_t thread;
	int fd;
	const char *request;
	char reply[REPLY_MAX + 1];
	unsigned int n, bad;
	const char *expect;
	atomic_bool done;
};

static void *
run_client(void *arg)
{
	struct client *c = arg;
	ssize_t len;

	for (; c->n > 0; c->n--) {
		if (send(c->fd, c->request, strlen(c->request), 0) < 0)
			abort();
		len = recv(c->fd, c->reply, REPLY_MAX, 0);
		c->reply[len > 0 ? len : 0] = '\0';
		if (c->expect != NULL && strcmp(c->reply, c->expect) != 0)
			c->bad++;
	}
	atomic_store(&c->done, true);
	sem_post(&woken); /* the control loop looks at `done` */
	return NULL;
}

static struct client *
start_client(const char *request, const char *expect, unsigned int n)
{
	struct client *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->fd = connect_client();
	c->request = request;
	c->expect = expect;
	c->n = n;
	assert_int_equal(pthread_create(&c->thread, NULL, run_client, c), 0);
	return c;
}

/* The control thread, until @c has its answers. */
static void
serve(struct client *c)
{
	while (!atomic_load(&c->done)) {
		sem_wait(&woken);
		if (tel != NULL)
			tel_run(tel, 7);
	}
	pthread_join(c->thread, NULL);
	close(c->fd);
}

static void
expect_reply(const char *request, const char *reply)
{
	struct client *c = start_client(request, NULL, 1);

	serve(c);
	assert_string_equal(c->reply, reply);
	free(c);
}

static void
socket_reply_equals_what_tel_call_says(void **)
{
	char json[1024], reply[1200];

	assert_int_equal(tel_call(tel, "/test/echo", NULL, json, sizeof(json), 7), 0);
	snprintf(reply, sizeof(reply), "{\"/test/echo\":%s}", json);
	expect_reply("/test/echo", reply);
	expect_reply("/test/echo,a=b;c=d", reply);
}

static void
socket_failure_is_told_with_its_text(void **)
{
	expect_reply("/test/refuse,why=it%20is routing",
		     "{\"/test/refuse\":{\"rc\":-16,\"descr\":\"it is routing\"}}");
	expect_reply(
		"/test/refuse,=",
		"{\"/test/refuse\":{\"rc\":-22,\"descr\":\"parameters are k=v;k=v, each key once\"}}");
	tel_unregister_owner(tel, owner);
	expect_reply(
		"/test/echo",
		"{\"/test/echo\":{\"rc\":-19,\"descr\":\"/test/echo: nobody serves this now\"}}");
}

static void
socket_carries_the_largest_reply_whole(void **)
{
	struct client *c = start_client("/test/big", NULL, 1);
	char json[REPLY_MAX];

	serve(c);
	assert_int_equal(tel_call(tel, "/test/big", NULL, json, sizeof(json), 7), 0);
	assert_int_equal(strlen(c->reply), strlen(json) + strlen("{\"/test/big\":}"));
	assert_memory_equal(c->reply + strlen("{\"/test/big\":"), json, strlen(json));
	free(c);
}

static void
socket_client_of_a_kept_request_waits_for_it(void **)
{
	struct client *c = start_client("/test/keep", NULL, 1);

	while (kept == NULL) {
		sem_wait(&woken);
		tel_run(tel, 7);
	}
	assert_false(atomic_load(&c->done));
	tel_int(tel_out(kept), "late", 1);
	tel_finish(kept, -ENOENT);
	serve(c);
	assert_string_equal(c->reply,
			    "{\"/test/keep\":{\"rc\":-2,\"descr\":"
			    "\"No such file or directory\",\"late\":1}}");
	free(c);
}

static const char shut[] = "\"rc\":-108";

static void
socket_client_is_released_when_telemetry_ends(void **)
{
	struct client *a = start_client("/test/keep", NULL, 1), *b;

	while (kept == NULL) {
		sem_wait(&woken);
		tel_run(tel, 7);
	}
	/* one with a handler, one that nobody has looked at */
	b = start_client("/test/echo", NULL, 1);
	sem_wait(&woken);
	tel_destroy(tel);
	tel = NULL;
	serve(a);
	serve(b);
	assert_non_null(strstr(a->reply, shut));
	assert_non_null(strstr(b->reply, shut));
	/* the handler comes too late */
	tel_int(tel_out(kept), "late", 1);
	tel_finish(kept, 0);
	expect_reply("/test/echo", "{\"/test/echo\":{\"rc\":-19,\"descr\":\"No such device\"}}");
	free(a);
	free(b);
}

/* Without parameters: the library's own parsing of them is not reentrant in 22.11. */
static void
socket_clients_at_once_get_each_their_answer(void **)
{
	static const char *const request[] = {"/test/echo", "/test/refuse"};
	static const char *const expect[] = {
		"{\"/test/echo\":{\"rc\":0,\"now\":7,\"text\":\"a\\\"b\\\\c\",\"data\":"
		"{\"0\":{\"big\":5000000000}}}}",
		"{\"/test/refuse\":{\"rc\":-16,\"descr\":\"no reason\"}}"};
	struct client *c[CLIENTS];
	unsigned int i;

	for (i = 0; i < CLIENTS; i++)
		c[i] = start_client(request[i % 2], expect[i % 2], PER_CLIENT);
	for (i = 0; i < CLIENTS; i++) {
		serve(c[i]);
		assert_int_equal(c[i]->bad, 0);
		free(c[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(socket_reply_equals_what_tel_call_says),
		TEST(socket_failure_is_told_with_its_text),
		TEST(socket_carries_the_largest_reply_whole),
		TEST(socket_client_of_a_kept_request_waits_for_it),
		TEST(socket_client_is_released_when_telemetry_ends),
		TEST(socket_clients_at_once_get_each_their_answer),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
