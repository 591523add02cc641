/* SPDX-License-Identifier: BSD-3-Clause */
/* Run and undo a list of start steps. */
#include "app/router/app.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
app_fail(struct app *app, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(app->why, sizeof(app->why), fmt, ap);
	va_end(ap);
	return rc;
}

int
start_run(const struct start_step *steps, struct app *app)
{
	const struct start_step *s;
	int rc;

	for (s = steps; s->name != NULL; s++) {
		app->why[0] = '\0';
		rc = s->start(app);
		if (rc == 0)
			continue;
		LOG(ERR, "start of %s failed: %s", s->name,
		    app->why[0] != '\0' ? app->why : strerror(-rc));
		while (s-- > steps)
			s->stop(app);
		return rc;
	}
	return 0;
}

void
start_undo(const struct start_step *steps, struct app *app)
{
	const struct start_step *s = steps;

	while (s->name != NULL)
		s++;
	while (s-- > steps)
		s->stop(app);
}
