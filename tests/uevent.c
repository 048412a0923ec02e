// SPDX-License-Identifier: GPL-2.0-only
/*
 * What udev is told of cards, AFUs and nodes; by then all attributes exist.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cxl_test.h"
#include "lib/sysfs_test.h"
#include "lib/module_test.h"

#define MAX_MESSAGE	4096

/* The test card is card1, with two records and an error buffer */
#define PARAMS	"num_crs=2 err_buff_size=8192"

/**
 * struct uevent - a message of the kernel: strings that end with NUL
 * @text: the first is ACTION@DEVPATH, the others are KEY=VALUE
 * @len: bytes
 */
struct uevent {
	char text[MAX_MESSAGE];
	ssize_t len;
};

/* Value of a key, or "" */
static const char *uevent_get(const struct uevent *event, const char *key)
{
	size_t len = strlen(key);
	const char *s;

	for (s = event->text; s < event->text + event->len; s += strlen(s) + 1) {
		if (!strncmp(s, key, len) && s[len] == '=')
			return s + len + 1;
	}
	return "";
}

static int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int size = 1 << 20;
	int fd;

	fd = require_ok(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			       NETLINK_KOBJECT_UEVENT));
	require_ok(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* The next event of our class, if one comes soon */
static bool uevent_next(int fd, struct uevent *event)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (poll(&pfd, 1, SOON_MS) == 1) {
		event->len = require_ok(recv(fd, event->text,
					     MAX_MESSAGE - 1, 0));
		event->text[event->len] = '\0';
		if (!strcmp(uevent_get(event, "SUBSYSTEM"), "cxl"))
			return true;
	}
	return false;
}

/* Check that the next event is ACTION of a device; its message. */
static void check_event(int fd, struct uevent *event, const char *action,
			const char *name)
{
	require(uevent_next(fd, event), "%s of %s", action, name);
	check_str_eq(uevent_get(event, "ACTION"), action);
	check_str_eq(last_component(uevent_get(event, "DEVPATH")), name);
}

static void check_node(const struct uevent *event, const char *name)
{
	char devname[64], dev[ATTR_MAX], numbers[ATTR_MAX];

	snprintf(devname, sizeof(devname), "cxl/%s", name);
	check_str_eq(uevent_get(event, "DEVNAME"), devname);
	check(file_exists("/dev/%s", devname));
	attr_text(dev, SYSFS_CXL "/%s/dev", name);
	snprintf(numbers, sizeof(numbers), "%s:%s",
		 uevent_get(event, "MAJOR"), uevent_get(event, "MINOR"));
	check_str_eq(numbers, dev);
}

static void check_no_node(const struct uevent *event)
{
	check_str_eq(uevent_get(event, "DEVNAME"), "");
	check_str_eq(uevent_get(event, "MAJOR"), "");
}

static void check_no_event(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct uevent event;

	while (poll(&pfd, 1, QUIET_MS) == 1) {
		event.len = require_ok(recv(fd, event.text, MAX_MESSAGE - 1,
					    0));
		event.text[event.len] = '\0';
		check(strcmp(uevent_get(&event, "SUBSYSTEM"), "cxl"), "%s",
		      event.text);
	}
}

static void a_card_comes_from_the_outside_in(void)
{
	struct uevent event;
	int fd = uevent_open();

	require_ok(test_card_load(PARAMS));
	check_event(fd, &event, "add", "card1");
	check_no_node(&event);
	check_event(fd, &event, "add", "afu1.0");
	check_no_node(&event);
	check_event(fd, &event, "add", "afu1.0m");
	check_node(&event, "afu1.0m");
	check_event(fd, &event, "add", "afu1.0s");
	check_node(&event, "afu1.0s");
	/* Records are not devices: there is no event for them. */
	check_no_event(fd);
	close(fd);
}

static void a_card_goes_from_the_inside_out(void)
{
	struct uevent event;
	int fd;

	require_ok(test_card_load(PARAMS));
	fd = uevent_open();
	test_card_unload();
	check_event(fd, &event, "remove", "afu1.0m");
	check_str_eq(uevent_get(&event, "DEVNAME"), "cxl/afu1.0m");
	check_event(fd, &event, "remove", "afu1.0s");
	check_event(fd, &event, "remove", "afu1.0");
	check_event(fd, &event, "remove", "card1");
	check_no_event(fd);
	close(fd);
}

static void a_mode_replaces_the_nodes(void)
{
	struct uevent event;
	int fd;

	require_ok(test_card_load(PARAMS));
	fd = uevent_open();
	require_ok(file_write("dedicated_process",
			      SYSFS_CXL "/afu1.0/mode"));
	check_event(fd, &event, "remove", "afu1.0m");
	check_event(fd, &event, "remove", "afu1.0s");
	check_event(fd, &event, "add", "afu1.0d");
	check_node(&event, "afu1.0d");
	require_ok(file_write("none", SYSFS_CXL "/afu1.0/mode"));
	check_event(fd, &event, "remove", "afu1.0d");
	check_no_event(fd);
	close(fd);
}

static void a_mode_that_is_refused_is_silent(void)
{
	int fd = uevent_open();

	check_attr_refuses("dedicated_process", EINVAL, AFU "/mode");
	check_attr_refuses("rubbish", EINVAL, AFU "/mode");
	check_no_event(fd);
	close(fd);
}

/*
 * A child looks at the AFU as soon as its event comes, while the module is
 * still being loaded.
 */
static void attributes_are_there_before_the_event(void)
{
	static const char *const names[] = {
		"mode", "irqs_max", "afu_err_buff", "cr0/vendor", "cr1/config",
	};
	struct uevent event;
	int fd = uevent_open();
	unsigned int i;
	pid_t child;

	child = require_ok(fork());
	if (!child) {
		test_card_load(PARAMS);
		_exit(0);
	}
	check_event(fd, &event, "add", "card1");
	check(file_exists(SYSFS_CXL "/card1/reset"));
	check_event(fd, &event, "add", "afu1.0");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		check(file_exists("/sys%s/%s", uevent_get(&event, "DEVPATH"),
				  names[i]), "%s", names[i]);
	check_event(fd, &event, "add", "afu1.0m");
	check(file_exists("/sys%s/pp_mmio_len",
			  uevent_get(&event, "DEVPATH")));
	check_event(fd, &event, "add", "afu1.0s");
	require_eq(waitpid(child, NULL, 0), child);
	close(fd);
}

static const struct tap_test tests[] = {
	{ "uevent.a_card_comes_from_the_outside_in",
	  a_card_comes_from_the_outside_in, test_card_unload },
	{ "uevent.a_card_goes_from_the_inside_out",
	  a_card_goes_from_the_inside_out, test_card_unload },
	{ "uevent.a_mode_replaces_the_nodes", a_mode_replaces_the_nodes,
	  test_card_unload },
	{ "uevent.a_mode_that_is_refused_is_silent",
	  a_mode_that_is_refused_is_silent },
	{ "uevent.attributes_are_there_before_the_event",
	  attributes_are_there_before_the_event, test_card_unload },
};

TAP_MAIN(tests)
