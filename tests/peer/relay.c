/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lnet-relay: forwards Ethernet frames between two interfaces and loses, duplicates, delays,
 * reorders, corrupts and marks some of them, by a seeded generator. For tests that need a bad network
 * where the kernel has none.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull
#define FRAME_MAX 9234 /* MTU 9000, Ethernet header, two VLAN tags, room */
#define ETH_LEN 14
#define VLAN_LEN 4
#define SOCKET_BUF (32 << 20)
#define BURST 256

struct impairments {
	double loss; /* each a probability */
	double dup;
	double reorder; /* held back by reorder_us */
	double corrupt; /* one bit of the packet inverted */
	double ce; /* of ECN-capable packets: marked, congestion experienced */
	uint64_t delay_ns;
	uint64_t jitter_ns;
	uint64_t reorder_ns;
	uint64_t rate_bps; /* 0: no limit */
	uint64_t queue_bytes; /* of the rate limit */
};

struct frame {
	uint64_t due;
	uint64_t order; /* of equal times, first come first served */
	int to;
	uint16_t len;
	uint8_t data[FRAME_MAX];
};

struct counters {
	uint64_t received, bytes, sent, lost, duplicated, reordered, corrupted, marked, too_long,
		queue_full, send_failed, kernel_drops;
};

struct relay {
	struct impairments imp;
	int fds[2];
	const char *names[2];
	uint64_t rng;
	struct counters count[2]; /* by the side of arrival */
	uint64_t link_free_at[2]; /* when the rate-limited link out of a side is idle again */
	struct frame **heap; /* frames that wait, earliest first */
	size_t n_heap;
	size_t room;
	uint64_t next_order;
	struct frame *spare; /* one frame to receive into */
};

static uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* splitmix64 */
static uint64_t
random_u64(struct relay *r)
{
	uint64_t x = r->rng += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static bool
chance(struct relay *r, double fraction)
{
	return fraction > 0 && (double)(random_u64(r) >> 11) * 0x1p-53 < fraction;
}

static struct frame *
frame_new(void)
{
	struct frame *f = malloc(sizeof(*f));

	if (f == NULL)
		abort();
	return f;
}

static bool
is_earlier(const struct frame *a, const struct frame *b)
{
	return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void
heap_push(struct relay *r, struct frame *f)
{
	size_t i = r->n_heap++;

	if (i == r->room) {
		r->room = r->room != 0 ? 2 * r->room : 256;
		r->heap = realloc(r->heap, r->room * sizeof(struct frame *));
		if (r->heap == NULL)
			abort();
	}
	for (; i > 0 && is_earlier(f, r->heap[(i - 1) / 2]); i = (i - 1) / 2)
		r->heap[i] = r->heap[(i - 1) / 2];
	r->heap[i] = f;
}

static struct frame *
heap_pop(struct relay *r)
{
	struct frame *top = r->heap[0], *last = r->heap[--r->n_heap];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < r->n_heap) {
		if (child + 1 < r->n_heap && is_earlier(r->heap[child + 1], r->heap[child]))
			child++;
		if (!is_earlier(r->heap[child], last))
			break;
		r->heap[i] = r->heap[child];
		i = child;
	}
	r->heap[i] = last;
	return top;
}

static void
send_frame(struct relay *r, const struct frame *f)
{
	struct pollfd p = {.fd = r->fds[f->to], .events = POLLOUT};
	struct counters *c = &r->count[!f->to];

	while (send(r->fds[f->to], f->data, f->len, 0) < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
			c->send_failed++;
			return;
		}
		poll(&p, 1, 1);
	}
	c->sent++;
}

/* When the frame is through a link of the set rate; UINT64_MAX if the link's queue is full. */
static uint64_t
through_link(struct relay *r, int to, uint64_t now, uint16_t len)
{
	uint64_t start = r->link_free_at[to] > now ? r->link_free_at[to] : now;

	if (r->imp.rate_bps == 0)
		return now;
	if ((start - now) * (r->imp.rate_bps / 1000) / 1000000 / 8 > r->imp.queue_bytes)
		return UINT64_MAX;
	r->link_free_at[to] = start + (uint64_t)len * 8 * 1000000 / (r->imp.rate_bps / 1000);
	return r->link_free_at[to];
}

/*
 * Invert one bit behind the Ethernet header. One bit is always found by the checksum of TCP, UDP or
 * ICMP, or harmless; ARP has no checksum and is left alone.
 */
static bool
corrupt(struct relay *r, struct frame *f)
{
	uint16_t type = (uint16_t)(f->data[12] << 8 | f->data[13]);
	size_t start = ETH_LEN;
	uint64_t bit;

	if (type == ETHERTYPE_VLAN) {
		type = (uint16_t)(f->data[16] << 8 | f->data[17]);
		start += VLAN_LEN;
	}
	if ((type != ETHERTYPE_IP && type != ETHERTYPE_IPV6) || f->len <= start)
		return false;
	bit = random_u64(r) % ((f->len - start) * 8);
	f->data[start + bit / 8] ^= (uint8_t)(1u << bit % 8);
	return true;
}

/* RFC 3168 5: mark a packet whose transport understands it. */
static bool
mark(struct frame *f)
{
	uint8_t *ip = f->data + ETH_LEN;
	uint32_t sum;

	if (f->len < ETH_LEN + 20)
		return false;
	if (ip[-2] == 0x86 && ip[-1] == 0xdd && (ip[1] & 0x30) != 0) {
		ip[1] |= 0x30;
		return true;
	}
	if (ip[-2] != 0x08 || ip[-1] != 0x00 || (ip[1] & 3) == 0)
		return false;
	/* RFC 1624 3: HC' = ~(~HC + ~m + m') */
	sum = (uint16_t) ~(ip[10] << 8 | ip[11]) + (uint16_t) ~(ip[0] << 8 | ip[1]);
	ip[1] |= 3;
	sum += (uint32_t)(ip[0] << 8 | ip[1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	return true;
}

/* Send now, or later if anything holds the frame up. Takes @f. */
static void
schedule(struct relay *r, struct frame *f, uint64_t now)
{
	struct counters *c = &r->count[!f->to];

	f->due = through_link(r, f->to, now, f->len);
	if (f->due == UINT64_MAX) {
		c->queue_full++;
		free(f);
		return;
	}
	f->due += r->imp.delay_ns;
	if (r->imp.jitter_ns > 0)
		f->due += random_u64(r) % r->imp.jitter_ns;
	if (chance(r, r->imp.reorder)) {
		c->reordered++;
		f->due += r->imp.reorder_ns;
	}
	if (f->due <= now) {
		send_frame(r, f);
		free(f);
		return;
	}
	f->order = r->next_order++;
	heap_push(r, f);
}

/* One frame has arrived in r->spare. */
static void
impair(struct relay *r, uint64_t now)
{
	struct frame *f = r->spare, *twin;
	struct counters *c = &r->count[!f->to];

	if (chance(r, r->imp.loss)) {
		c->lost++;
		return;
	}
	r->spare = frame_new();
	if (chance(r, r->imp.corrupt) && corrupt(r, f))
		c->corrupted++;
	if (chance(r, r->imp.ce) && mark(f))
		c->marked++;
	if (chance(r, r->imp.dup)) {
		c->duplicated++;
		twin = frame_new();
		twin->to = f->to;
		twin->len = f->len;
		memcpy(twin->data, f->data, f->len);
		schedule(r, twin, now);
	}
	schedule(r, f, now);
}

/* The kernel hands a VLAN tag over beside the frame: put it back. */
static void
restore_vlan(struct frame *f, struct msghdr *mh)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		struct tpacket_auxdata aux;

		if (cm->cmsg_level != SOL_PACKET || cm->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(cm), sizeof(aux));
		if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0)
			return;
		memmove(f->data + 12 + VLAN_LEN, f->data + 12, f->len - 12u);
		f->data[12] = (uint8_t)(ETHERTYPE_VLAN >> 8);
		f->data[13] = (uint8_t)ETHERTYPE_VLAN;
		f->data[14] = (uint8_t)(aux.tp_vlan_tci >> 8);
		f->data[15] = (uint8_t)aux.tp_vlan_tci;
		f->len = (uint16_t)(f->len + VLAN_LEN);
		return;
	}
}

/* Take up to a burst of frames from @side. */
static void
receive(struct relay *r, int side)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct counters *c = &r->count[side];
	int i;

	for (i = 0; i < BURST; i++) {
		struct frame *f = r->spare;
		struct iovec iov = {f->data, FRAME_MAX - VLAN_LEN};
		struct msghdr mh = {.msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &control,
				    .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(r->fds[side], &mh, MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return;
		c->received++;
		c->bytes += (uint64_t)n;
		if (n < ETH_LEN || n > FRAME_MAX - VLAN_LEN) {
			c->too_long++;
			continue;
		}
		f->to = !side;
		f->len = (uint16_t)n;
		restore_vlan(f, &mh);
		impair(r, clock_ns());
	}
}

static void
send_due(struct relay *r)
{
	while (r->n_heap > 0 && r->heap[0]->due <= clock_ns()) {
		struct frame *f = heap_pop(r);

		send_frame(r, f);
		free(f);
	}
}

/* A raw socket on one interface that never sees the frames it sends. */
static int
open_side(const char *name)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int one = 1, size = SOCKET_BUF, fd;
	struct packet_mreq mr = {.mr_type = PACKET_MR_PROMISC};

	ll.sll_ifindex = (int)if_nametoindex(name);
	if (ll.sll_ifindex == 0)
		return -errno;
	/* no protocol yet: nothing is received before everything is set */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	mr.mr_ifindex = ll.sll_ifindex;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)) < 0 ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static void
arm(int timer, const struct relay *r)
{
	struct itimerspec its = {0};

	if (r->n_heap > 0) {
		its.it_value.tv_sec = (time_t)(r->heap[0]->due / NSEC_PER_SEC);
		its.it_value.tv_nsec = (long)(r->heap[0]->due % NSEC_PER_SEC);
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &its, NULL);
}

static int
stop_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Forward until a signal comes. */
static int
run(struct relay *r)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct pollfd p[4] = {{.fd = r->fds[0], .events = POLLIN},
			      {.fd = r->fds[1], .events = POLLIN},
			      {.fd = timer, .events = POLLIN},
			      {.fd = stop_signals(), .events = POLLIN}};

	if (timer < 0 || p[3].fd < 0)
		return -errno;
	fprintf(stderr, "lnet-relay: forwarding %s - %s\n", r->names[0], r->names[1]);
	while ((p[3].revents & POLLIN) == 0) {
		arm(timer, r);
		if (poll(p, 4, -1) < 0 && errno != EINTR)
			return -errno;
		send_due(r);
		receive(r, 0);
		receive(r, 1);
	}
	close(timer);
	close(p[3].fd);
	return 0;
}

static void
print_side(struct relay *r, int side)
{
	struct counters *c = &r->count[side];
	struct tpacket_stats st = {0};
	socklen_t len = sizeof(st);

	if (getsockopt(r->fds[side], SOL_PACKET, PACKET_STATISTICS, &st, &len) == 0)
		c->kernel_drops = st.tp_drops;
	printf("{\"received\":%llu,\"bytes\":%llu,\"sent\":%llu,\"lost\":%llu,\"duplicated\":%llu,",
	       (unsigned long long)c->received, (unsigned long long)c->bytes,
	       (unsigned long long)c->sent, (unsigned long long)c->lost,
	       (unsigned long long)c->duplicated);
	printf("\"reordered\":%llu,\"corrupted\":%llu,\"marked\":%llu,\"too_long\":%llu,\"queue_full\":%llu,\"send_failed\":%llu,"
	       "\"kernel_drops\":%llu}",
	       (unsigned long long)c->reordered, (unsigned long long)c->corrupted,
	       (unsigned long long)c->marked, (unsigned long long)c->too_long,
	       (unsigned long long)c->queue_full, (unsigned long long)c->send_failed,
	       (unsigned long long)c->kernel_drops);
}

static int
usage(FILE *f)
{
	fputs("usage: lnet-relay --a IFACE --b IFACE [--seed N] [--loss P] [--dup P] [--reorder P] [--reorder-us N]\n"
	      "  [--corrupt P] [--ce P] [--delay-us N] [--jitter-us N] [--rate-mbit N] [--queue-kb N]\n"
	      "P is a probability, 0 to 1, for each frame. SIGTERM prints the counters as JSON: of frames that came in\n"
	      "on A, then on B.\n",
	      f);
	return f == stderr ? 2 : 0;
}

/* A number >= 0; negative if it is none. */
static double
number(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	return *end != '\0' || end == text || !(v >= 0) ? -1 : v;
}

static bool
set_option(struct relay *r, int opt, const char *arg)
{
	double v = opt == 'a' || opt == 'b' ? 0 : number(arg);

	if (v < 0 || (strchr("ldrce", opt) != NULL && v > 1))
		return false;
	switch (opt) {
	case 'a':
		r->names[0] = arg;
		break;
	case 'b':
		r->names[1] = arg;
		break;
	case 's':
		r->rng = (uint64_t)v;
		break;
	case 'l':
		r->imp.loss = v;
		break;
	case 'd':
		r->imp.dup = v;
		break;
	case 'r':
		r->imp.reorder = v;
		break;
	case 'c':
		r->imp.corrupt = v;
		break;
	case 'e':
		r->imp.ce = v;
		break;
	case 'R':
		r->imp.reorder_ns = (uint64_t)(v * 1000);
		break;
	case 'D':
		r->imp.delay_ns = (uint64_t)(v * 1000);
		break;
	case 'j':
		r->imp.jitter_ns = (uint64_t)(v * 1000);
		break;
	case 'm':
		r->imp.rate_bps = (uint64_t)(v * 1e6);
		return r->imp.rate_bps == 0 || r->imp.rate_bps >= 1000;
	case 'q':
		r->imp.queue_bytes = (uint64_t)(v * 1024);
		break;
	default:
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	static const struct option list[] = {{"a", required_argument, NULL, 'a'},
					     {"b", required_argument, NULL, 'b'},
					     {"seed", required_argument, NULL, 's'},
					     {"loss", required_argument, NULL, 'l'},
					     {"dup", required_argument, NULL, 'd'},
					     {"reorder", required_argument, NULL, 'r'},
					     {"reorder-us", required_argument, NULL, 'R'},
					     {"corrupt", required_argument, NULL, 'c'},
					     {"ce", required_argument, NULL, 'e'},
					     {"delay-us", required_argument, NULL, 'D'},
					     {"jitter-us", required_argument, NULL, 'j'},
					     {"rate-mbit", required_argument, NULL, 'm'},
					     {"queue-kb", required_argument, NULL, 'q'},
					     {"help", no_argument, NULL, 'h'},
					     {NULL, 0, NULL, 0}};
	struct relay r = {.imp = {.reorder_ns = 1000000, .queue_bytes = 256 << 10},
			  .spare = frame_new()};
	int opt, side, err;

	while ((opt = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (opt == 'h' || !set_option(&r, opt, optarg))
			return usage(opt == 'h' ? stdout : stderr);
	}
	if (r.names[0] == NULL || r.names[1] == NULL || optind != argc)
		return usage(stderr);
	for (side = 0; side < 2; side++) {
		r.fds[side] = open_side(r.names[side]);
		if (r.fds[side] < 0) {
			fprintf(stderr, "lnet-relay: %s: %s\n", r.names[side],
				strerror(-r.fds[side]));
			return 1;
		}
	}
	err = run(&r);
	if (err < 0)
		fprintf(stderr, "lnet-relay: %s\n", strerror(-err));
	fputs("{\"a\":", stdout);
	print_side(&r, 0);
	fputs(",\"b\":", stdout);
	print_side(&r, 1);
	puts("}");
	while (r.n_heap > 0)
		free(heap_pop(&r));
	free(r.heap);
	free(r.spare);
	return err < 0 ? 1 : 0;
}
