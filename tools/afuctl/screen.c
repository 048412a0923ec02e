// SPDX-License-Identifier: GPL-2.0-only
/*
 * The screen of afuctl top.
 */
#include "afuctl.h"

#include <curses.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static SCREEN *screen;

static void close_screen(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void screen_open(void)
{
	const char *terminal = getenv("TERM");

	screen = newterm(terminal, stdout, stdin);
	if (!screen)
		die(EXIT_FAILED, "unknown terminal (%s); --batch works without",
		    terminal ?: "TERM is not set");
	at_end(close_screen);
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
}

static void draw(const struct top_line *lines, size_t count)
{
	unsigned long long posted = 0, delivered = 0;
	char text[TOP_WIDTH];
	size_t i;

	for (i = 0; i < count; i++) {
		posted += lines[i].posted_per_second;
		delivered += lines[i].delivered_per_second;
	}
	erase();
	mvprintw(0, 0, "afuctl top: %zu contexts, %llu events/s posted, %llu delivered   (q: end)",
		 count, posted, delivered);
	top_header(text, sizeof(text));
	attron(A_REVERSE);
	mvprintw(2, 0, "%-*s", COLS, text);
	attroff(A_REVERSE);
	for (i = 0; i < count && (int)i < LINES - 3; i++) {
		top_format(&lines[i], text, sizeof(text));
		/* Lost events should catch the eye. */
		if (lines[i].context.counters[LOST])
			attron(A_BOLD);
		mvaddnstr(i + 3, 0, text, COLS);
		attroff(A_BOLD);
	}
	refresh();
}

bool screen_show(const struct top_line *lines, size_t count, int ms)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	int64_t end = now_ns() / 1000000 + ms, left;
	int n, key;

	draw(lines, count);
	for (left = ms; left > 0; left = end - (int64_t)(now_ns() / 1000000)) {
		n = poll(fds, 2, left);
		if (n == 0)
			break;
		/* A signal came, or the terminal is gone. */
		if (fds[1].revents || fds[0].revents & (POLLHUP | POLLERR))
			return false;
		key = getch();
		/* The end of a file stays readable: do not look at it again. */
		if (key == ERR && n > 0)
			fds[0].fd = -1;
		if (key == 'q' || key == 'Q')
			return false;
		if (key == KEY_RESIZE)
			draw(lines, count);
	}
	return true;
}
