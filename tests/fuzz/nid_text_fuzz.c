/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target: texts of NIDs and nets. What is accepted prints as something that is accepted and means the same. */
#include "lnet/base/check.h"
#include "lnet/nid.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], out[LNET_NID_STR_MAX], net_out[LNET_NET_STR_MAX];
	struct lnet_nid nid, again;
	struct ipaddr a;
	uint32_t net, net_again;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (lnet_nid_parse(text, &nid) == 0) {
		lnet_nid_format(&nid, out);
		CHECK(strlen(out) < sizeof(out));
		CHECK(lnet_nid_parse(out, &again) == 0);
		CHECK(lnet_nid_equal(&nid, &again));
	}
	if (lnet_net_parse(text, &net) == 0) {
		lnet_net_format(net, net_out);
		CHECK(lnet_net_parse(net_out, &net_again) == 0);
		CHECK(net == net_again);
	}
	/* any 20 bytes from the wire print without harm */
	if (size >= sizeof(nid)) {
		memcpy(&nid, data, sizeof(nid));
		CHECK(strlen(lnet_nid_format(&nid, out)) < sizeof(out));
		CHECK(strlen(lnet_net_format(lnet_nid_net(&nid), net_out)) < sizeof(net_out));
		(void)lnet_nid_to_ip(&nid, &a);
		(void)lnet_nid_hash(&nid);
	}
	return 0;
}
