/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel TCP sockets set up as a real node's: privileged source ports, options, congestion control.
 */
#pragma once

#include "nid.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Open a listener on the address of @nid.
 * @rcvbuf	receive buffer, 0: the kernel's choice.
 * Return: descriptor or -errno.
 */
int sock_listen(const struct nid *nid, uint16_t port, uint32_t rcvbuf);

/*
 * Start a connection from the address of @local, source port 1023 downwards (an unprivileged one if
 * @privileged is not set). Return: non-blocking descriptor that becomes writable when connected, or
 * -errno.
 */
int sock_dial(const struct nid *local, const struct nid *remote, uint16_t port, uint32_t rcvbuf,
	      bool privileged);

/* Set what a running connection has: no Nagle, TCP keepalive, no FIN-WAIT-2. */
void sock_running(int fd);

/* Turn Nagle's algorithm off, for handshakes written in small pieces. */
void sock_nodelay(int fd);

/* Close with RST, throwing away what was not sent. */
void sock_reset_on_close(int fd);

/* The pending error of a socket as -errno, 0 if none. */
int sock_error(int fd);

/* Bytes that the peer's TCP has not acknowledged. */
int sock_unacked(int fd);

/* Bytes received and not read. */
int sock_unread(int fd);

/* Port of the other end, 0 if unknown. */
uint16_t sock_peer_port(int fd);

/*
 * Write all of @buf, in pieces of @split bytes if not 0. For handshakes, which always fit the send
 * buffer.
 * Return: 0 or -errno.
 */
int sock_write_all(int fd, const uint8_t *buf, size_t len, uint32_t split);
