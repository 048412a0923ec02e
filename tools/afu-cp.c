// SPDX-License-Identifier: GPL-2.0-only
/*
 * afu-cp SRC DST: copy a file through the memcpy AFU of a coherent accelerator.
 */
#include "afu-cp/afu-cp.h"

#include <stdlib.h>

const char *const tool_name = "afu-cp";

enum {
	OPTION_VERIFY = 256,
	OPTION_NO_VERIFY,
	OPTION_JSON,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "chunk", required_argument, NULL, 'c' },
	{ "device", required_argument, NULL, 'd' },
	{ "events", no_argument, NULL, 'e' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "verify", no_argument, NULL, OPTION_VERIFY },
	{ "no-verify", no_argument, NULL, OPTION_NO_VERIFY },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL }
};

static const char help[] =
"usage: afu-cp [OPTION]... SRC DST\n"
"\n"
"Copy the file SRC to DST through the copy service of an accelerator\n"
"(/dev/cxl-copyN), and compare the two. DST appears, or is replaced, only when\n"
"the copy is complete. Holes stay holes. As with cp, a new file gets the\n"
"permissions of SRC, less the umask; a replaced file keeps its own.\n"
"\n"
"  -c, --chunk SIZE    bytes per request, with the suffix K for KiB or M for\n"
"                      MiB; at most, and by default, 1M\n"
"  -d, --device PATH   copy service to use (default: the first /dev/cxl-copy*)\n"
"  -e, --events        print each event of the accelerator as it arrives\n"
"      --json          print a summary as a JSON object; with --events, also each\n"
"                      event, one object per line; an error is an object on\n"
"                      standard error\n"
"      --no-verify     do not compare the files after the copy\n"
"      --verify        compare them (the default)\n"
"  -h, --help          show this help\n"
"      --version       show the version\n"
"\n"
"Exit status: 0 copied; 1 a file cannot be read or written; 2 wrong usage;\n"
"3 no copy service; 4 the AFU could not copy everything; 5 the copy differs;\n"
"6 an event was lost.\n";

static size_t parse_chunk(const char *text)
{
	unsigned long long size;
	char *end;

	size = strtoull(text, &end, 10);
	if ((*end == 'K' || *end == 'k') && size <= CXL_COPY_MAX_LENGTH) {
		size *= 1024;
		end++;
	} else if (*end == 'M' && size <= CXL_COPY_MAX_LENGTH) {
		size *= 1024 * 1024;
		end++;
	}
	if (end == text || *text == '-' || *end || !size ||
	    size > CXL_COPY_MAX_LENGTH)
		die(EXIT_USAGE, "--chunk %s: must be from 1 to %d bytes", text,
		    CXL_COPY_MAX_LENGTH);
	return size;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	int c;

	*options = (struct options) {
		.chunk = CXL_COPY_MAX_LENGTH,
		.verify = true,
	};
	look_for_json(argc, argv, NULL);
	while ((c = next_long_option(argc, argv, "c:d:eh", long_options)) != -1) {
		switch (c) {
		case 'c':
			options->chunk = parse_chunk(optarg);
			break;
		case 'd':
			options->device = optarg;
			break;
		case 'e':
			options->events = true;
			break;
		case OPTION_JSON:
			options->json = true;
			errors_as_json();
			break;
		case OPTION_VERIFY:
			options->verify = true;
			break;
		case OPTION_NO_VERIFY:
			options->verify = false;
			break;
		case 'h':
			print_and_exit(help);
		case OPTION_VERSION:
			print_and_exit("afu-cp " AFU_CP_VERSION "\n");
		}
	}
	if (argc - optind != 2)
		die(EXIT_USAGE, "SRC and DST are needed; see afu-cp --help");
	options->source = argv[optind];
	options->destination = argv[optind + 1];
}

int main(int argc, char **argv)
{
	struct copy_result result;
	struct service service;
	struct options options;
	struct files files;
	off_t difference;
	double start, seconds;

	open_standard_files();
	parse_options(argc, argv, &options);
	signals_defer();
	files_open(&files, options.source, options.destination);
	service_open(&service, options.device);

	start = seconds_now();
	copy_file(&options, &files, &service, &result);
	seconds = seconds_now() - start;

	files_flush(&files);
	difference = options.verify ? files_compare(&files) : -1;
	if (difference >= 0)
		die(EXIT_VERIFY, "%s and its copy differ at byte %lld",
		    options.source, (long long)difference);
	signals_check();
	destination_commit();
	report_summary(&(struct summary) {
		.options = &options,
		.files = &files,
		.service = &service,
		.result = &result,
		.seconds = seconds,
	});
	return EXIT_SUCCESS;
}
