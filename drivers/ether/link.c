/* SPDX-License-Identifier: BSD-3-Clause */
/* Hold-down of a port's link state. */
#include "drivers/ether/link.h"

void
link_filter_init(struct link_filter *f, bool up, uint64_t now)
{
	*f = (struct link_filter){.up = up, .raw = up, .since = now};
}

bool
link_filter_poll(struct link_filter *f, bool up, uint64_t now)
{
	if (up && !f->raw)
		f->since = now;
	f->raw = up;
	if (!up && f->up) {
		f->up = false;
		return true;
	}
	if (up && !f->up && now - f->since >= LINK_UP_DELAY_NS) {
		f->up = true;
		return true;
	}
	return false;
}
