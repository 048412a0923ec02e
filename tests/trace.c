// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints of contexts; E15 has those of events.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/module_test.h"
#include "lib/sim_test.h"

#define EVENTS		"/sys/kernel/tracing/events/cxl"
#define TRACING		"/sys/kernel/tracing/instances/cxl-trace"

static void start_tracing(void)
{
	if (mkdir(TRACING, 0700))
		skip("no tracing: %s", strerror(errno));
	require_ok(file_write("1", TRACING "/events/cxl/enable"));
}

static void stop_tracing(void)
{
	file_write("0", TRACING "/events/cxl/enable");
	rmdir(TRACING);
	test_card_unload();
	sim_cards_remove();
}

/* Count an event's lines with this text; the last one is copied to @line. */
static int count(const char *event, const char *text, char *line)
{
	char buf[512], name[64];
	FILE *f = fopen(TRACING "/trace", "re");
	int n = 0;

	require(f);
	snprintf(name, sizeof(name), " %s: ", event);
	while (fgets(buf, sizeof(buf), f)) {
		if (!strstr(buf, name) || !strstr(buf, text))
			continue;
		n++;
		if (line)
			strcpy(line, buf);
	}
	fclose(f);
	return n;
}

/* The number after KEY= */
static unsigned long long value(const char *line, const char *key)
{
	char text[32];
	const char *p;

	snprintf(text, sizeof(text), " %s=", key);
	p = strstr(line, text);
	require(p, "%s in %s", key, line);
	return strtoull(p + strlen(text), NULL, 0);
}

/* Check a field by which programs select. */
static void check_field(const char *event, const char *field)
{
	char format[4096], text[64];

	require(file_read(format, sizeof(format), EVENTS "/%s/format",
			  event) > 0);
	snprintf(text, sizeof(text), " %s;", field);
	check(strstr(format, text), "%s has a field %s", event, field);
}

static void every_event_names_its_context(void)
{
	static const char *const events[] = {
		"cxl_attach", "cxl_detach", "cxl_afu_irq", "cxl_pte_miss",
		"cxl_event_post", "cxl_event_fetch", "cxl_event_deliver",
		"cxl_event_end",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		check_field(events[i], "card");
		check_field(events[i], "afu");
		check_field(events[i], "pe");
	}
	check_field("cxl_pte_miss", "dsisr");
	check_field("cxl_pte_miss", "dar");
}

static void a_context_is_attached_and_detached(void)
{
	char who[32], line[512];
	struct sim_card card;
	struct queue q;
	int fd;

	sim_card_make(&card, NULL);
	start_tracing();
	queue_init(&q, 1);
	snprintf(who, sizeof(who), "afu%d.0 pe=1 ", card.num);
	node_open_ok(card.slave);
	fd = node_open_ok(card.slave);
	check_eq(count("cxl_attach", "", NULL), 0);
	require_ok(node_start(fd, queue_wed(&q), 7, CXL_START_WORK_NUM_IRQS));
	require_eq(count("cxl_attach", who, line), 1);
	check_eq(value(line, "pid"), getpid());
	check_eq(value(line, "wed"), queue_wed(&q));
	check_eq(value(line, "irqs"), 7);
	check_eq(value(line, "rc"), 0);

	check_eq(count("cxl_detach", "", NULL), 0);
	check_ok(close(fd));
	snprintf(who, sizeof(who), "afu%d.0 pe=1\n", card.num);
	check_eq(count("cxl_detach", who, NULL), 1);
	check_eq(count("cxl_attach", "", NULL), 1);
}

static void an_attach_that_fails_says_why(void)
{
	int fd;

	require_ok(test_card_load("attach_rc=-16"));
	start_tracing();
	fd = node_open_ok("afu1.0m");
	check_errno(node_start(fd, 0x1234, -1, 0), EBUSY);
	check_eq(count("cxl_attach", "afu1.0 pe=0 ", NULL), 1);
	check_eq(count("cxl_attach", " rc=-16\n", NULL), 1);
	check_ok(close(fd));
	check_eq(count("cxl_detach", "", NULL), 0);
}

static void interrupts_and_faults_are_seen(void)
{
	char line[512];
	void *page = no_access_page();
	struct afu afu;

	start_tracing();
	afu_start(&afu, "afu0.0s", 4);
	afu_irq(&afu, 3);
	afu_irq(&afu, 1);
	check_eq(count("cxl_afu_irq", " irq=3\n", NULL), 1);
	check_eq(count("cxl_afu_irq", " irq=1\n", NULL), 1);
	check_eq(count("cxl_afu_irq", "", NULL), 2);

	check(!(afu_load_byte(&afu, page) & WE_COMPLETE));
	require(count("cxl_pte_miss", "", line) > 0);
	check_eq(value(line, "dar"), (unsigned long)page);
	check_eq(value(line, "pe"), afu.pe);
	check(value(line, "dsisr") & 1ULL << 62, "a page miss: %s", line);
	afu_stop(&afu);
}

static const struct tap_test tests[] = {
	{ "trace.every_event_names_its_context",
	  every_event_names_its_context },
	{ "trace.a_context_is_attached_and_detached",
	  a_context_is_attached_and_detached, stop_tracing },
	{ "trace.an_attach_that_fails_says_why",
	  an_attach_that_fails_says_why, stop_tracing },
	{ "trace.interrupts_and_faults_are_seen",
	  interrupts_and_faults_are_seen, stop_tracing },
};

TAP_MAIN(tests)
