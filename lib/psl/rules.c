// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules of the interface that an AFU can break. The first time that a rule is
 * broken is reported, with the clock and the values of the signals; each time is
 * counted. The simulation goes on.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

static const char *const rules[RULES] = {
	[RULE_NO_JOB] = "a command while no job is running",
	[RULE_TAG_IN_USE] = "a command with a tag that waits for its response",
	[RULE_NO_CREDIT] = "a command without a credit",
	[RULE_PARITY_COMMAND] = "wrong parity of a command",
	[RULE_PARITY_DATA] = "wrong parity of the data of a write",
	[RULE_PARITY_MMIO] = "wrong parity of the data of an MMIO read",
	[RULE_CODE] = "a command that this PSL does not have",
	[RULE_ABORT_MODE] = "an abort mode that does not exist",
	[RULE_SIZE] = "a size that is not a power of two from 1 to 128",
	[RULE_ALIGNMENT] = "an address that is not a multiple of the size",
	[RULE_INTERRUPT] = "an interrupt that the context does not have",
	[RULE_UNLOCK] = "the end of a lock that is not held",
	[RULE_BRLAT] = "a buffer read latency that is not 1 or 3",
	[RULE_LINE_UNASKED] = "data of a buffer read that was not asked for",
	[RULE_MMIO_UNASKED] = "an acknowledgment without an MMIO access",
	[RULE_MMIO_TIME] = "no acknowledgment of an MMIO access",
	[RULE_MMIO_HALVES] = "a 32-bit MMIO read whose data are not on both halves",
	[RULE_CACK_UNASKED] = "jcack without an LLCMD",
	[RULE_CACK_TIME] = "no jcack for an LLCMD",
	[RULE_RESET_TIME] = "no jdone after a reset",
	[RULE_RESET_RUNNING] = "jrunning at the end of a reset",
	[RULE_START_TIME] = "no jrunning after a start",
	[RULE_START_DONE] = "jdone instead of jrunning after a start",
	[RULE_DONE_RUNNING] = "jdone while jrunning stays 1",
	[RULE_DONE_LONG] = "jdone for more than one cycle",
	[RULE_STOPPED] = "jrunning falls without jdone",
};

void rule_broken(struct psl *psl, enum rule rule, const char *values, ...)
{
	char text[160];
	va_list args;

	if (psl->broken[rule]++)
		return;
	va_start(args, values);
	vsnprintf(text, sizeof(text), values, args);
	va_end(args);
	report(psl, "cycle %llu: the AFU breaks a rule: %s: %s",
	       (unsigned long long)psl->cycle, rules[rule], text);
}

void report(struct psl *psl, const char *text, ...)
{
	char line[320];
	va_list args;

	if (!psl->ops->report)
		return;
	va_start(args, text);
	vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	psl->ops->report(psl->host, line);
}

uint64_t psl_rules_broken(const struct psl *psl)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < RULES; i++)
		sum += psl->broken[i];
	return sum;
}
