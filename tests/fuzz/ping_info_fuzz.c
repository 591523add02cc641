/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzz target: the contents of a ping's REPLY or of a push. What is kept is within bounds, and the same in both byte orders. */
#include "lnet/base/check.h"
#include "lnet/ping_info.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ping_info info;
	char text[LNET_NID_STR_MAX];
	unsigned int i;
	int rc;

	if (size > UINT32_MAX)
		return 0;
	rc = ping_info_decode(data, (uint32_t)size, &info);
	CHECK(rc == 0 || rc == -EPROTO);
	if (rc < 0)
		return 0;
	CHECK(info.n >= 1 && info.n <= PING_NIDS_MAX);
	CHECK((info.features & PING_FEAT_NI_STATUS) != 0);
	CHECK(info.nids[0].type == LNET_TYPE_LO);
	for (i = 0; i < info.n; i++)
		lnet_nid_format(&info.nids[i], text);
	return 0;
}
