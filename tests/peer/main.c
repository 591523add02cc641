/* SPDX-License-Identifier: BSD-3-Clause */
/* lnet-peer: an LNet end node on kernel sockets, for tests. */
#include "command.h"

int
main(int argc, char **argv)
{
	struct options opt;
	int r = options_parse(&opt, argc, argv);

	if (r != 0)
		return r < 0 ? EXIT_USAGE : EXIT_GOOD;
	switch (opt.command) {
	case CMD_SELFTEST:
		return selftest_run(opt.files, opt.n_files);
	case CMD_PROBE:
		return probe_run(&opt);
	default:
		return command_run(&opt);
	}
}
