// SPDX-License-Identifier: GPL-3.0-or-later
#include "gdb/terminal/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000
#define AGAIN_MS 100
#define WIDTH	 40

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
	char bar[WIDTH + 1];
	int64_t now = now_ms();
	unsigned filled;

	if (!progress->started)
		progress->started = now;
	if (now - progress->started < FIRST_MS || now - progress->drawn < AGAIN_MS || !total ||
	    !isatty(STDERR_FILENO))
		return;
	if (done > total)
		done = total;
	filled = (unsigned)((double)done / (double)total * WIDTH);
	memset(bar, '#', filled);
	memset(bar + filled, '.', WIDTH - filled);
	bar[WIDTH] = '\0';
	dprintf(STDERR_FILENO, "\r%s [%s] %3u%%", what, bar,
		(unsigned)((double)done / (double)total * 100));
	progress->drawn = now;
	progress->visible = true;
}

void progress_hide(struct progress *progress)
{
	if (progress->visible)
		dprintf(STDERR_FILENO, "\r\033[K");
	progress->visible = false;
}
