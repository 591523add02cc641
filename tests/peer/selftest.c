#include "command.h"
int selftest_run(char **files, int n_files){(void)files;(void)n_files;return 1;}
