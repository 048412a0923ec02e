// SPDX-License-Identifier: GPL-2.0-only
/*
 * afu-flash NODE: be a flash card, to which Linux's cxlflash driver binds.
 */
#include "afu-flash/afu-flash.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

const char *const tool_name = "afu-flash";

/* How often the main thread looks at registers; the driver waits in units of 100 ms. */
#define LOOK_MS		10

#define DEFAULT_SIZE	(4ULL << 30)

struct options options = {
	.ports = 2,
	.luns = 1,
	.block_size = 4096,
};

enum {
	OPTION_BACKING = 256,
	OPTION_SIZE,
	OPTION_PORTS,
	OPTION_LUNS,
	OPTION_BLOCK_SIZE,
	OPTION_LATENCY,
	OPTION_INJECT,
	OPTION_CONTROL,
	OPTION_JSON,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "backing", required_argument, NULL, OPTION_BACKING },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "ports", required_argument, NULL, OPTION_PORTS },
	{ "luns", required_argument, NULL, OPTION_LUNS },
	{ "block-size", required_argument, NULL, OPTION_BLOCK_SIZE },
	{ "latency", required_argument, NULL, OPTION_LATENCY },
	{ "inject", required_argument, NULL, OPTION_INJECT },
	{ "control", required_argument, NULL, OPTION_CONTROL },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL }
};

static const char help[] =
"usage: afu-flash [OPTION]... NODE\n"
"\n"
"Be a flash card, to which the cxlflash driver of Linux binds: the AFU behind\n"
"NODE, /dev/cxl-sim/CARD.afuM of a card made by 'afuctl create --flash CARD'. It\n"
"ends when the AFU goes away.\n"
"\n"
"      --backing FILE     where the blocks are stored (default: in memory)\n"
"      --size SIZE        bytes of each LUN, with the suffix K, M, G or T for KiB\n"
"                         and so on (default: what FILE has, or 4G)\n"
"      --ports N          1 to 4; each leads to all LUNs (default: 2)\n"
"      --luns N           1 to 256 (default: 1)\n"
"      --block-size N     512 or 4096 (default: 4096)\n"
"      --latency US       microseconds that each command takes at least\n"
"      --inject REQUEST   something fails; can be given several times\n"
"      --control FIFO     read requests from a FIFO, line by line\n"
"      --json             print the status, at the end and when it is requested,\n"
"                         as a JSON object; an error is one on standard error\n"
"  -h, --help             show this help\n"
"      --version          show the version\n"
"\n"
"A REQUEST is one of\n"
"  link PORT up|down        a port's link comes and goes\n"
"  event PORT NAME          login, login-failed, login-retry, crc, logout or other\n"
"  medium LUN BLOCK BLOCKS  these cannot be read, each until it is written to\n"
"  busy N                   so many commands fail, and may be tried again\n"
"  lose N                   so many commands are never completed\n"
"  crash N PLACE            end at the N-th command from now, as if killed: when it\n"
"                           is fetched, executed, stored or completed\n"
"  status                   print the status\n"
"\n"
"Exit status: 0 the AFU is gone; 1 the blocks cannot be stored; 2 wrong usage;\n"
"3 it cannot be that AFU; 4 that AFU is no flash card; 5 the AFU has failed.\n";

static uint64_t parse_size(const char *text)
{
	static const char suffixes[] = "KMGT";
	uint64_t size;
	char *end;
	const char *suffix;

	errno = 0;
	size = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix && end > text) {
		end++;
		while (suffix-- >= suffixes)
			size = size > UINT64_MAX >> 10 ? UINT64_MAX : size << 10;
	}
	if (end == text || *text == '-' || *end || errno || !size ||
	    size > INT64_MAX)
		die(EXIT_USAGE, "--size %s: must be bytes, for example 512M", text);
	return size;
}

/* What is to fail; not more than there are arguments */
static const char **requests;
static int request_count;

static void parse_option(int c)
{
	switch (c) {
	case OPTION_BACKING:
		options.backing = optarg;
		break;
	case OPTION_SIZE:
		options.size = parse_size(optarg);
		break;
	case OPTION_PORTS:
		options.ports = parse_count("--ports", optarg, SISL_MAX_PORTS);
		break;
	case OPTION_LUNS:
		options.luns = parse_count("--luns", optarg, MAX_LUNS);
		break;
	case OPTION_BLOCK_SIZE:
		options.block_size = parse_number("--block-size", optarg, 4096);
		if (options.block_size != 512 && options.block_size != 4096)
			die(EXIT_USAGE, "--block-size %s: must be 512 or 4096",
			    optarg);
		break;
	case OPTION_LATENCY:
		options.latency_ns = NSEC_PER_USEC *
			parse_number("--latency", optarg, 10 * 1000 * 1000);
		break;
	case OPTION_INJECT:
		requests[request_count++] = optarg;
		break;
	case OPTION_CONTROL:
		options.control = optarg;
		break;
	case OPTION_JSON:
		options.json = true;
		errors_as_json();
		break;
	case 'h':
		print_and_exit(help);
	case OPTION_VERSION:
		print_and_exit("afu-flash " AFU_FLASH_VERSION "\n");
	}
}

static void parse_options(int argc, char **argv)
{
	int c, i;

	requests = calloc(argc, sizeof(*requests));
	if (!requests)
		die_errno(EXIT_STORE, "arguments");
	look_for_json(argc, argv, NULL);
	while ((c = next_long_option(argc, argv, "h", long_options)) != -1)
		parse_option(c);
	if (argc - optind != 1)
		die(EXIT_USAGE, "one NODE is needed; see afu-flash --help");
	options.node = argv[optind];
	/* Which ports and LUNs there are is known now. */
	for (i = 0; i < request_count; i++)
		if (!inject(requests[i]))
			die(EXIT_USAGE, "--inject '%s': not understood; see afu-flash --help",
			    requests[i]);
	free(requests);
	if (!options.size && !options.backing)
		options.size = DEFAULT_SIZE;
}

static struct afu *be_the_card(void)
{
	struct afu *afu = afu_open(options.node, &card_ops, NULL);

	if (!afu)
		die_errno(EXIT_NODE, "%s", options.node);
	if (afu_psa_size(afu) < SISL_PSA_SIZE)
		die(EXIT_LAYOUT, "%s: the problem state area has %zu bytes, a flash card's has %d",
		    options.node, afu_psa_size(afu), SISL_PSA_SIZE);
	return afu;
}

/* Wait for what may happen, and handle it. Return: false at the end. */
static bool handle(struct afu *afu)
{
	struct pollfd fds[] = {
		{ .fd = afu_fd(afu), .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = inject_fd(), .events = POLLIN },
	};
	bool typed;
	int number;

	poll(fds, ARRAY_SIZE(fds), card_is_in_use() ? LOOK_MS : -1);
	number = signals_take(&typed);
	if (number) {
		status_print();
		end_by_signal(number);
	}
	if (afu_handle(afu, 0) < 0)
		return false;
	if (fds[2].revents)
		inject_read();
	ports_poll();
	return true;
}

int main(int argc, char **argv)
{
	struct afu *afu;

	open_standard_files();
	parse_options(argc, argv);
	signals_defer();
	store_open();
	inject_open();
	/* Of all threads: some deadlines are short. */
	prctl(PR_SET_TIMERSLACK, 1UL);
	afu = be_the_card();
	while (handle(afu))
		continue;
	if (errno != ENODEV)
		die_errno(EXIT_AFU, "%s", options.node);
	afu_close(afu);
	status_print();
	return EXIT_SUCCESS;
}
