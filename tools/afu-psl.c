// SPDX-License-Identifier: GPL-2.0-only
/*
 * afu-psl: the power service layer between a software card and the simulator that
 * its AFU runs in.
 */
#include "common/common.h"

#include <stdlib.h>
#include <string.h>

#include <psl_card.h>

const char *const tool_name = "afu-psl";

#define AFU_PSL_VERSION	"1.0"

enum {
	OPTION_SIMULATOR = 256,
	OPTION_VERSION,
	/* From here on, options of libpsl */
	OPTION_CARD,
	OPTION_NODE,
	OPTION_CREDITS,
	OPTION_CYCLES,
	OPTION_IDLE,
	OPTION_SEED,
	OPTION_DELAY,
	OPTION_REORDER,
	OPTION_PAGED,
	OPTION_BOGUS,
};

static const struct option long_options[] = {
	{ "simulator", required_argument, NULL, OPTION_SIMULATOR },
	{ "card", required_argument, NULL, OPTION_CARD },
	{ "node", required_argument, NULL, OPTION_NODE },
	{ "credits", required_argument, NULL, OPTION_CREDITS },
	{ "cycles", required_argument, NULL, OPTION_CYCLES },
	{ "idle", required_argument, NULL, OPTION_IDLE },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "delay", required_argument, NULL, OPTION_DELAY },
	{ "reorder", required_argument, NULL, OPTION_REORDER },
	{ "paged", required_argument, NULL, OPTION_PAGED },
	{ "bogus", required_argument, NULL, OPTION_BOGUS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL }
};

static const char help[] =
"usage: afu-psl --simulator HOST:PORT {--card NAME | --node PATH} [OPTION]...\n"
"\n"
"Make the AFU that runs in a simulator the AFU of a software card, for whoever\n"
"uses that. The simulator has the afu_driver of PSLSE in it and waits for a\n"
"connection.\n"
"\n"
"      --simulator HOST:PORT  where the simulator waits\n"
"      --card NAME        make the card NAME, with the numbers that the AFU says,\n"
"                         and remove it at the end\n"
"      --node PATH        use the card that has this node, /dev/cxl-sim/CARD.afuM\n"
"      --credits N        commands that the AFU may have at a time (64)\n"
"      --cycles N         end after N cycles (0: do not)\n"
"      --idle N           let time stand still after N cycles in which a running\n"
"                         job did nothing (100000; 0: do not)\n"
"      --seed N           seed of what follows; the same seed, the same order\n"
"      --delay PERCENT    of the cycles in which a response waits (0)\n"
"      --reorder PERCENT  of the responses that are out of order (0)\n"
"      --paged PERCENT    of the accesses that find no page at first (0)\n"
"      --bogus PERCENT    of the reads whose first data are wrong (0)\n"
"  -h, --help             show this help\n"
"      --version          show the version\n"
"\n"
"Exit status: 0 the simulation has ended; 1 it has failed, or the simulator has\n"
"ended; 2 wrong usage.\n";

/**
 * struct arguments - the command line
 * @simulator: HOST:PORT
 * @has_card: one of @card is --card
 * @has_node: one of @card is --node
 * @card: the options of libpsl, as psl_card_open() wants them
 * @count: how many of them
 */
struct arguments {
	const char *simulator;
	bool has_card;
	bool has_node;
	char *card[64];
	int count;
};

static const char *name_of(int value)
{
	const struct option *option = long_options;

	while (option->val != value)
		option++;
	return option->name;
}

static void add_text(struct arguments *arguments, int option, const char *text)
{
	if (!*text)
		die(EXIT_USAGE, "--%s '': must not be empty", name_of(option));
	if (arguments->count == ARRAY_SIZE(arguments->card))
		die(EXIT_USAGE, "too many options");
	if (asprintf(&arguments->card[arguments->count++], "+psl-%s=%s",
		     name_of(option), text) < 0)
		die_errno(EXIT_FAILURE, "options");
}

static void add_card(struct arguments *arguments, const char *name)
{
	/* It becomes a folder of configfs. */
	if (*name == '.' || strchr(name, '/'))
		die(EXIT_USAGE, "invalid card name '%s'", name);
	add_text(arguments, OPTION_CARD, name);
	arguments->has_card = true;
}

static unsigned long long max_of(int option)
{
	switch (option) {
	case OPTION_CREDITS:
		return UINT8_MAX;
	case OPTION_DELAY:
	case OPTION_PAGED:
		return 99;
	case OPTION_REORDER:
	case OPTION_BOGUS:
		return 100;
	default:
		return UINT64_MAX;
	}
}

static void add_number(struct arguments *arguments, int option, const char *text)
{
	unsigned long long value;
	char what[16], digits[24];

	snprintf(what, sizeof(what), "--%s", name_of(option));
	if (option == OPTION_CREDITS)
		value = parse_count(what, text, max_of(option));
	else
		value = parse_number(what, text, max_of(option));
	/* libpsl knows more bases. */
	snprintf(digits, sizeof(digits), "%llu", value);
	add_text(arguments, option, digits);
}

static void parse_option(struct arguments *arguments, int c)
{
	switch (c) {
	case OPTION_SIMULATOR:
		arguments->simulator = optarg;
		break;
	case OPTION_CARD:
		add_card(arguments, optarg);
		break;
	case OPTION_NODE:
		add_text(arguments, OPTION_NODE, optarg);
		arguments->has_node = true;
		break;
	case 'h':
		print_and_exit(help);
	case OPTION_VERSION:
		print_and_exit("afu-psl " AFU_PSL_VERSION "\n");
	default:
		add_number(arguments, c, optarg);
	}
}

static void parse_options(int argc, char **argv, struct arguments *arguments)
{
	int c;

	while ((c = next_long_option(argc, argv, "h", long_options)) != -1)
		parse_option(arguments, c);
	if (argc != optind)
		die(EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
	if (!arguments->simulator)
		die(EXIT_USAGE, "--simulator is needed; see afu-psl --help");
	if (arguments->has_card == arguments->has_node)
		die(EXIT_USAGE, "either --card or --node is needed; see afu-psl --help");
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.card = { "+psl-prefix=afu-psl" },
		.count = 1,
	};
	struct psl_card *card;
	int ret;

	open_standard_files();
	parse_options(argc, argv, &arguments);
	card = psl_card_open(arguments.count, arguments.card);
	if (!card)
		return EXIT_FAILURE;
	ret = psl_card_simulate(card, arguments.simulator);
	psl_card_close(card);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
