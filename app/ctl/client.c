/* SPDX-License-Identifier: BSD-3-Clause */
/* Client side of the telemetry socket: SOCK_SEQPACKET, one JSON message each way. */
#include "app/ctl/client.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_NAME "dpdk_telemetry.v2"
#define REPLY_MAX 65536

struct client {
	int fd, lock_fd;
	char reply[REPLY_MAX];
};

/* --- finding the router --- */

static const char *
runtime_dir(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");

	if (dir != NULL)
		return dir;
	if (getuid() == 0)
		return "/var/run";
	dir = getenv("XDG_RUNTIME_DIR");
	return dir != NULL ? dir : "/tmp";
}

static int
connect_to(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* Send one request and read its answer into c->reply. */
static int
exchange(struct client *c, const char *request)
{
	ssize_t n;

	if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return -errno;
	n = recv(c->fd, c->reply, sizeof(c->reply) - 1, 0);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	c->reply[n] = '\0';
	return 0;
}

/* Connect, take the turn, read the greeting. The client closes and frees on failure. */
static int
open_path(struct client *c, const char *path)
{
	char lock[PATH_MAX + 8];
	ssize_t n;

	c->fd = connect_to(path);
	if (c->fd < 0)
		return c->fd;
	snprintf(lock, sizeof(lock), "%s.lock", path);
	c->lock_fd = open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	n = recv(c->fd, c->reply, sizeof(c->reply) - 1, 0);
	if (n <= 0)
		return n < 0 ? -errno : -EBUSY;
	return 0;
}

static void
reset(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	c->fd = c->lock_fd = -1;
}

static void
take_turn(struct client *c)
{
	if (c->lock_fd >= 0)
		flock(c->lock_fd, LOCK_EX);
}

static void
end_turn(struct client *c)
{
	if (c->lock_fd >= 0)
		flock(c->lock_fd, LOCK_UN);
}

/* Is a router behind this socket, or some other DPDK program? */
static bool
is_router(struct client *c)
{
	struct node *n;
	bool yes;

	take_turn(c);
	yes = exchange(c, "/app/info") == 0;
	end_turn(c);
	if (!yes)
		return false;
	n = node_parse(c->reply);
	yes = node_text(node_get(n, "/app/info"), "state", NULL) != NULL;
	node_free(n);
	return yes;
}

static int
search(struct client *c, char *found, size_t size, char *why, unsigned int why_size)
{
	char path[PATH_MAX], base[256];
	struct dirent *e;
	unsigned int n = 0;
	DIR *d;

	snprintf(base, sizeof(base), "%s/dpdk", runtime_dir());
	d = opendir(base);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", base, e->d_name, SOCKET_NAME);
		if (open_path(c, path) == 0 && is_router(c)) {
			snprintf(found, size, "%s", path);
			n++;
		}
		reset(c);
	}
	if (d != NULL)
		closedir(d);
	if (n == 1)
		return 0;
	snprintf(why, why_size,
		 n == 0 ? "no router runs (%s has no socket of one)"
			: "several routers run (%s): name one by LNET_ROUTER_PREFIX",
		 base);
	return n == 0 ? -ENOENT : -EEXIST;
}

int
client_open(struct client **cp, char *why, unsigned int why_size)
{
	const char *path = getenv("LNET_ROUTER_SOCKET"), *prefix = getenv("LNET_ROUTER_PREFIX");
	struct client *c = calloc(1, sizeof(*c));
	char buf[PATH_MAX];
	int rc = 0;

	if (c == NULL)
		return -ENOMEM;
	c->fd = c->lock_fd = -1;
	if (path != NULL && *path != '\0')
		snprintf(buf, sizeof(buf), "%s", path);
	else if (prefix != NULL && *prefix != '\0')
		snprintf(buf, sizeof(buf), "%s/dpdk/%s/%s", runtime_dir(), prefix, SOCKET_NAME);
	else
		rc = search(c, buf, sizeof(buf), why, why_size);
	if (rc == 0) {
		rc = open_path(c, buf);
		if (rc < 0)
			snprintf(why, why_size, "%s: %s", buf, strerror(-rc));
	}
	if (rc < 0) {
		reset(c);
		free(c);
		return rc;
	}
	*cp = c;
	return 0;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	reset(c);
	free(c);
}

/* --- requests --- */

struct node *
client_call(struct client *c, const char *cmd, const char *params, char *why, unsigned int why_size)
{
	char request[1024];
	struct node *n, *reply;
	bool has = params != NULL && *params != '\0';
	int len = snprintf(request, sizeof(request), "%s%s%s", cmd, has ? "," : "",
			   has ? params : "");
	int rc;

	if (len < 0 || (size_t)len >= sizeof(request)) {
		snprintf(why, why_size, "the request is too long");
		return NULL;
	}
	take_turn(c);
	rc = exchange(c, request);
	end_turn(c);
	if (rc < 0) {
		snprintf(why, why_size, "%s: %s", cmd, strerror(-rc));
		return NULL;
	}
	n = node_parse(c->reply);
	reply = n != NULL ? node_take(n, cmd) : NULL;
	node_free(n);
	if (reply == NULL || reply->text != NULL) {
		snprintf(why, why_size, "%s: the router does not know this command", cmd);
		node_free(reply);
		return NULL;
	}
	return reply;
}

/* Move the items of @page's data behind those of @all's, numbered on. */
static void
join(struct node *all, struct node *page)
{
	struct node *from = node_get(page, "data"), *to = node_get(all, "data"), *item;
	unsigned int n = node_count(to);
	char key[12];

	while (to != NULL && from != NULL && from->first != NULL) {
		item = node_take(from, from->first->key);
		snprintf(key, sizeof(key), "%u", n++);
		node_add(to, item, key);
	}
}

struct node *
client_list(struct client *c, const char *cmd, const char *params, char *why, unsigned int why_size)
{
	struct node *all = NULL, *page;
	char text[CLIENT_PARAMS_MAX + 32];
	long long off = 0;

	do {
		snprintf(text, sizeof(text), "%s%soff=%lld", params != NULL ? params : "",
			 params != NULL && *params != '\0' ? ";" : "", off);
		page = client_call(c, cmd, text, why, why_size);
		if (page == NULL) {
			node_free(all);
			return NULL;
		}
		off = node_int(page, "next", 0);
		if (all == NULL) {
			all = page;
		} else {
			join(all, page);
			node_free(page);
		}
	} while (off > 0);
	return all;
}

/* --- parameters --- */

void
params_init(struct params *p)
{
	*p = (struct params){0};
}

static void
put(struct params *p, char ch)
{
	if (p->len + 1 >= sizeof(p->text)) {
		p->overflow = true;
		return;
	}
	p->text[p->len++] = ch;
	p->text[p->len] = '\0';
}

void
params_add(struct params *p, const char *key, const char *value)
{
	static const char hex[] = "0123456789abcdef";

	if (value == NULL)
		return;
	if (p->len > 0)
		put(p, ';');
	for (; *key != '\0'; key++)
		put(p, *key);
	put(p, '=');
	for (; *value != '\0'; value++) {
		if (isalnum((unsigned char)*value) || strchr("._:@/*-", *value) != NULL) {
			put(p, *value);
			continue;
		}
		put(p, '%');
		put(p, hex[(unsigned char)*value >> 4]);
		put(p, hex[*value & 15]);
	}
}

void
params_add_int(struct params *p, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	params_add(p, key, text);
}

/* Where "key=" begins, or NULL. */
static const char *
find_param(const struct params *p, const char *key)
{
	size_t len = strlen(key);
	const char *s = p->text;

	while (s != NULL && *s != '\0') {
		if (strncmp(s, key, len) == 0 && s[len] == '=')
			return s;
		s = strchr(s, ';');
		if (s != NULL)
			s++;
	}
	return NULL;
}

bool
params_has(const struct params *p, const char *key)
{
	return find_param(p, key) != NULL;
}

bool
params_take(struct params *p, const char *key, char *value, size_t size)
{
	const char *at = find_param(p, key), *s;
	size_t n = 0, from, len;

	if (at == NULL)
		return false;
	for (s = at + strlen(key) + 1; *s != '\0' && *s != ';'; s++) {
		if (n + 1 == size)
			return false;
		value[n++] = *s;
		/* put() wrote two hexadecimal digits behind each '%' */
		if (*s == '%') {
			char hex[3] = {s[1], s[2], '\0'};

			value[n - 1] = (char)strtoul(hex, NULL, 16);
			s += 2;
		}
	}
	value[n] = '\0';
	/* the separator goes too: the one behind it, or that before the last */
	from = (size_t)(at - p->text);
	len = (size_t)(s - at);
	if (*s == ';')
		len++;
	else if (from > 0) {
		from--;
		len++;
	}
	memmove(p->text + from, p->text + from + len, p->len - from - len + 1);
	p->len -= (unsigned int)len;
	return true;
}
