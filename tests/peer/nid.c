/* SPDX-License-Identifier: BSD-3-Clause */
/* NIDs of the test peer: text, 8-byte form, order, socket address. */
#include "nid.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
net_parse(const char *text, uint32_t *net)
{
	unsigned long num = 0;
	char *end;

	if (strcmp(text, "lo") == 0) {
		*net = NID_TYPE_LO << 16;
		return 0;
	}
	if (strncmp(text, "tcp", 3) != 0)
		return -EINVAL;
	if (text[3] != '\0') {
		if (text[3] < '0' || text[3] > '9')
			return -EINVAL;
		num = strtoul(text + 3, &end, 10);
		if (*end != '\0' || num > 0xffff)
			return -EINVAL;
	}
	*net = NID_TYPE_TCP << 16 | (uint32_t)num;
	return 0;
}

int
nid_parse(const char *text, struct nid *nid)
{
	const char *at = strchr(text, '@');
	size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
	uint32_t net = NID_TYPE_TCP << 16;
	char addr[INET6_ADDRSTRLEN + 1];

	if (at != NULL && net_parse(at + 1, &net) < 0)
		return -EINVAL;
	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	memset(nid, 0, sizeof(*nid));
	nid->type = (uint8_t)(net >> 16);
	nid->num[0] = (uint8_t)(net >> 8);
	nid->num[1] = (uint8_t)net;
	if (nid->type == NID_TYPE_LO)
		return 0;
	if (inet_pton(AF_INET, addr, nid->addr) == 1)
		return 0;
	if (inet_pton(AF_INET6, addr, nid->addr) != 1)
		return -EINVAL;
	nid->size = 12;
	return 0;
}

const char *
nid_text(const struct nid *nid, char buf[NID_TEXT_MAX])
{
	unsigned int num = (unsigned int)nid->num[0] << 8 | nid->num[1];
	char addr[INET6_ADDRSTRLEN] = "?";
	char digits[8] = "";

	if (nid_is_any(nid))
		return strcpy(buf, "<?>");
	if (nid->type == NID_TYPE_LO)
		return strcpy(buf, "0@lo");
	inet_ntop(nid_is_small(nid) ? AF_INET : AF_INET6, nid->addr, addr, sizeof(addr));
	if (num != 0)
		snprintf(digits, sizeof(digits), "%u", num);
	snprintf(buf, NID_TEXT_MAX, "%s@%s%s", addr, nid->type == NID_TYPE_TCP ? "tcp" : "?type?",
		 digits);
	return buf;
}

uint32_t
nid_net(const struct nid *nid)
{
	return (uint32_t)nid->type << 16 | (uint32_t)nid->num[0] << 8 | nid->num[1];
}

uint64_t
nid_to4(const struct nid *nid)
{
	uint64_t v = nid_net(nid);
	int i;

	if (nid_is_any(nid))
		return UINT64_MAX;
	for (i = 0; i < 4; i++)
		v = v << 8 | nid->addr[i];
	return v;
}

struct nid
nid_from4(uint64_t nid4)
{
	struct nid nid = {.size = 0};
	int i;

	if (nid4 == UINT64_MAX) {
		memset(&nid, 0xff, sizeof(nid));
		return nid;
	}
	nid.type = (uint8_t)(nid4 >> 48);
	nid.num[0] = (uint8_t)(nid4 >> 40);
	nid.num[1] = (uint8_t)(nid4 >> 32);
	for (i = 0; i < 4; i++)
		nid.addr[i] = (uint8_t)(nid4 >> (24 - 8 * i));
	return nid;
}

int
nid_compare(const struct nid *a, const struct nid *b)
{
	return memcmp(a, b, sizeof(*a));
}

socklen_t
nid_sockaddr(const struct nid *nid, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *in4 = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (nid_is_small(nid)) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		memcpy(&in4->sin_addr, nid->addr, 4);
		return sizeof(*in4);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, nid->addr, 16);
	return sizeof(*in6);
}
