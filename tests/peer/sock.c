/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel TCP sockets of the test peer. */
#include "sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_RESERVED_PORT 1023
#define LAST_RESERVED_PORT 512
#define LNET_PORT 988
#define BACKLOG 127

static void
set_int(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

/* A new socket with the options that have to be set before connect and listen. */
static int
open_socket(const struct nid *local, uint32_t rcvbuf)
{
	int fd = socket(nid_is_small(local) ? AF_INET : AF_INET6,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (rcvbuf != 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, (int)(rcvbuf / 2));
	/* the default of a machine may be bbr, which answers loss and delay in ways of its own */
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int
sock_listen(const struct nid *nid, uint16_t port, uint32_t rcvbuf)
{
	struct sockaddr_storage ss;
	socklen_t len = nid_sockaddr(nid, port, &ss);
	int fd = open_socket(nid, rcvbuf);
	int err;

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* One attempt from one source port. */
static int
dial_from(const struct nid *local, uint16_t sport, const struct nid *remote, uint16_t port,
	  uint32_t rcvbuf)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = open_socket(local, rcvbuf);
	int err;

	if (fd < 0)
		return fd;
	len = nid_sockaddr(local, sport, &ss);
	if (bind(fd, (struct sockaddr *)&ss, len) == 0) {
		len = nid_sockaddr(remote, port, &ss);
		if (connect(fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS)
			return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

int
sock_dial(const struct nid *local, const struct nid *remote, uint16_t port, uint32_t rcvbuf,
	  bool privileged)
{
	uint16_t sport;
	int fd;

	if (local->size != remote->size)
		return -EAFNOSUPPORT;
	if (!privileged)
		return dial_from(local, 0, remote, port, rcvbuf);
	for (sport = FIRST_RESERVED_PORT; sport >= LAST_RESERVED_PORT; sport--) {
		if (sport == LNET_PORT)
			continue;
		fd = dial_from(local, sport, remote, port, rcvbuf);
		if (fd != -EADDRINUSE && fd != -EADDRNOTAVAIL)
			return fd;
	}
	return -EADDRINUSE;
}

void
sock_nodelay(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void
sock_running(int fd)
{
	sock_nodelay(fd);
	set_int(fd, IPPROTO_TCP, TCP_LINGER2, -1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, 5);
}

void
sock_reset_on_close(int fd)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

int
sock_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -errno;
	return -err;
}

static int
queue_len(int fd, unsigned long request)
{
	int n = 0;

	return ioctl(fd, request, &n) < 0 ? 0 : n;
}

int
sock_unacked(int fd)
{
	return queue_len(fd, TIOCOUTQ);
}

int
sock_unread(int fd)
{
	return queue_len(fd, FIONREAD);
}

uint16_t
sock_peer_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	if (ss.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return ntohs(((struct sockaddr_in *)&ss)->sin_port);
}

int
sock_write_all(int fd, const uint8_t *buf, size_t len, uint32_t split)
{
	size_t piece = split != 0 ? split : len;
	ssize_t n;

	while (len > 0) {
		n = send(fd, buf, len < piece ? len : piece, MSG_NOSIGNAL);
		if (n < 0)
			return -errno;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}
