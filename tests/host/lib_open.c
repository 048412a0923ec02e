// SPDX-License-Identifier: GPL-2.0-only
/* Handles: opening AFUs in all ways, with a fake device. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <libcxl.h>

#include "fake.h"
#include "tap.h"

#define CLASS	"sys/class/cxl"

static struct cxl_afu_h *open_ok(const char *node)
{
	struct cxl_afu_h *afu;

	errno = 0;
	afu = cxl_afu_open_dev(fake_path("dev/cxl/%s", node));
	require(afu, "%s: %m", node);
	check_eq(errno, 0);
	return afu;
}

static void check_not_opened(struct cxl_afu_h *afu, int error)
{
	int got = errno;

	check(!afu);
	check_eq(got, error);
}

static void node_is_opened(void)
{
	struct cxl_afu_h *afu;
	long size;
	int fds;

	fake_start_with_one();
	fds = fake_open_fds();
	afu = open_ok("afu0.0s");
	check_eq(cxl_afu_opened(afu), 1);
	check(cxl_afu_fd(afu) >= 0);
	check(fcntl(cxl_afu_fd(afu), F_GETFD) & FD_CLOEXEC);
	check_eq(fcntl(cxl_afu_fd(afu), F_GETFL) & O_ACCMODE, O_RDWR);
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0s");
	check_eq(cxl_get_mmio_size(afu, &size), 0);
	check_eq(size, FAKE_MMIO_SIZE);
	check_errno(cxl_get_pp_mmio_len(afu, &size), ENODEV);
	check_errno(cxl_get_pp_mmio_off(afu, &size), ENODEV);
	cxl_afu_free(afu);
	check_eq(fake_open_fds(), fds);
}

static void master_sees_all(void)
{
	struct cxl_afu_h *afu;
	long value;

	fake_start_with_one();
	fake_device.id.flags = 0;
	afu = open_ok("afu0.0m");
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0m");
	check_eq(cxl_get_mmio_size(afu, &value), 0);
	check_eq(value, FAKE_PSA_SIZE);
	check_eq(cxl_get_pp_mmio_len(afu, &value), 0);
	check_eq(value, 16384);
	check_eq(cxl_get_pp_mmio_off(afu, &value), 0);
	check_eq(value, 32768);
	check_eq(cxl_get_irqs_min(afu, &value), 0);
	check_eq(value, 4);
	cxl_afu_free(afu);
}

static void dedicated_node_is_found(void)
{
	struct cxl_afu_h *afu;
	char *path;

	fake_start();
	fake_add_card(1);
	fake_add_afu(1, 2);
	fake_add_node(1, 2, 'd');
	fake_device.id = (struct cxl_afu_id) {
		.card_id = 1,
		.afu_offset = 2,
		.afu_mode = CXL_MODE_DEDICATED,
	};
	afu = open_ok("afu1.2d");
	check_str_eq(cxl_afu_dev_name(afu), "afu1.2d");
	check_eq(cxl_afu_sysfs_pci(afu, &path), 0);
	check_str_eq(path, fake_path(CLASS "/afu1.2d/device/device/device"));
	free(path);
	cxl_afu_free(afu);
}

static void symbolic_link_is_opened(void)
{
	struct cxl_afu_h *afu;

	fake_start_with_one();
	fake_symlink("cxl/afu0.0s", "dev/mine");
	afu = cxl_afu_open_dev(fake_path("dev/mine"));
	require(afu, "%m");
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0s");
	cxl_afu_free(afu);
}

/* All nodes of the fake are links, so these are looked at first. */
static void node_has_the_name_rather_than_links(void)
{
	struct cxl_afu_h *afu;
	struct stat st;
	unsigned int i;

	fake_start_with_one();
	require_ok(stat(fake_path("dev/cxl/afu0.0s"), &st));
	fake_delete("dev/cxl/afu0.0s");
	if (mknod(fake_path("dev/cxl/afu0.0s"), S_IFCHR | 0600, st.st_rdev))
		skip("mknod: %m");
	for (i = 0; i < 20; i++)
		fake_symlink("afu0.0s", "dev/cxl/link%u", i);
	afu = cxl_afu_open_dev(fake_path("dev/cxl/link3"));
	if (!afu && errno == EACCES)
		skip("a file system without devices");
	require(afu, "%m");
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0s");
	cxl_afu_free(afu);
}

static void others_are_refused(void)
{
	int fds;

	fake_start_with_one();
	fds = fake_open_fds();
	check_not_opened(cxl_afu_open_dev(NULL), EINVAL);
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu9.0s")), ENOENT);
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl")), EISDIR);
	fake_write("", "dev/cxl/file");
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/file")), ENODEV);
	/* A device, but not an AFU's */
	check_not_opened(cxl_afu_open_dev("/dev/full"), ENODEV);
	fake_delete(CLASS "/afu0.0s");
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s")), ENODEV);
	fake_delete("dev/cxl");
	check_not_opened(cxl_afu_open_dev("/dev/null"), ENODEV);
	check_eq(fake_open_fds(), fds);
}

static void newer_kernel_is_refused(void)
{
	int fds;

	fake_start_with_one();
	fds = fake_open_fds();
	fake_write("2\n", CLASS "/afu0.0/api_version_compatible");
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s")), EPROTO);
	fake_write("0\n", CLASS "/afu0.0/api_version_compatible");
	cxl_afu_free(open_ok("afu0.0s"));
	fake_delete(CLASS "/afu0.0/api_version_compatible");
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s")), ENODEV);
	check_eq(fake_open_fds(), fds);
}

static void link_down_is_told(void)
{
	fake_start_with_one();
	fake_device.link_down = true;
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s")), EIO);
}

/* The oldest kernels do not tell which AFU it is. */
static void old_kernel_is_understood(void)
{
	struct cxl_afu_h *afu, *master;
	long value;

	fake_start_with_one();
	fake_device.no_afu_id = true;
	afu = open_ok("afu0.0s");
	check_eq(cxl_get_mmio_size(afu, &value), 0);
	check_eq(value, FAKE_MMIO_SIZE);
	master = cxl_afu_open_h(afu, CXL_VIEW_MASTER);
	require(master, "%m");
	check_eq(cxl_get_mmio_size(master, &value), 0);
	check_eq(value, FAKE_PSA_SIZE);
	cxl_afu_free(master);
	cxl_afu_free(afu);
	fake_delete("sys/dev/char");
	check_not_opened(cxl_afu_open_dev(fake_path("dev/cxl/afu0.0s")), ENODEV);
}

static void views_are_opened(void)
{
	struct cxl_afu_h *enumerated, *master, *slave;

	fake_start_with_one();
	enumerated = cxl_afu_next(NULL);
	require(enumerated);
	fake_device.id.flags = 0;
	errno = 0;
	master = cxl_afu_open_h(enumerated, CXL_VIEW_MASTER);
	require(master, "%m");
	check_eq(errno, 0);
	fake_device.id.flags = CXL_AFUID_FLAG_SLAVE;
	slave = cxl_afu_open_h(master, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_str_eq(cxl_afu_dev_name(enumerated), "afu0.0");
	check_str_eq(cxl_afu_dev_name(master), "afu0.0m");
	check_str_eq(cxl_afu_dev_name(slave), "afu0.0s");
	check_eq(cxl_afu_opened(enumerated), 0);
	check(cxl_afu_fd(master) != cxl_afu_fd(slave));
	check_not_opened(cxl_afu_open_h(enumerated, CXL_VIEW_DEDICATED), ENODEV);
	check_not_opened(cxl_afu_open_h(slave, CXL_VIEW_DEDICATED), ENODEV);
	check_not_opened(cxl_afu_open_h(slave, (enum cxl_views)3), EINVAL);
	check_not_opened(cxl_afu_open_h(slave, (enum cxl_views)-1), EINVAL);
	check_not_opened(cxl_afu_open_h(NULL, CXL_VIEW_SLAVE), EINVAL);
	/* The handles do not need each other. */
	cxl_afu_free(enumerated);
	cxl_afu_free(master);
	check_eq(cxl_afu_opened(slave), 1);
	check_eq(cxl_afu_get_process_element(slave), FAKE_PE);
	cxl_afu_free(slave);
}

/* A link such as udev leaves for a moment */
static void dangling_link_is_passed_by(void)
{
	struct cxl_afu_h *afu, *slave;

	fake_start_with_one();
	fake_symlink("nowhere", "dev/cxl/dangling");
	afu = cxl_afu_next(NULL);
	require(afu);
	check_eq(errno, 0);
	slave = cxl_afu_open_h(afu, CXL_VIEW_SLAVE);
	require(slave, "%m");
	check_eq(errno, 0);
	check_str_eq(cxl_afu_dev_name(slave), "afu0.0s");
	cxl_afu_free(slave);
	cxl_afu_free(afu);
}

static void odd_device_number_is_refused(void)
{
	static const char *const odd[] = { "", "1\n", "1:\n", ":3\n", "a:b\n" };
	struct cxl_afu_h *afu;
	unsigned int i;

	fake_start_with_one();
	afu = cxl_afu_next(NULL);
	require(afu);
	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		fake_write(odd[i], CLASS "/afu0.0s/dev");
		check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENODEV);
	}
	fake_write("1:300\n", CLASS "/afu0.0s/dev");
	check_not_opened(cxl_afu_open_h(afu, CXL_VIEW_SLAVE), ENODEV);
	cxl_afu_free(afu);
}

static void opened_handle_is_no_loop_variable(void)
{
	struct cxl_afu_h *afu;

	fake_start_with_one();
	afu = open_ok("afu0.0s");
	check_not_opened(cxl_afu_next(afu), EINVAL);
	check_not_opened(cxl_adapter_afu_next(NULL, afu), EINVAL);
	check_eq(cxl_afu_opened(afu), 1);
	cxl_afu_free(afu);
}

static void descriptor_is_taken_over(void)
{
	struct cxl_afu_h *afu;
	int fd;

	fake_start_with_one();
	fd = require_ok(open(fake_path("dev/cxl/afu0.0s"), O_RDWR | O_CLOEXEC));
	errno = 0;
	afu = cxl_afu_fd_to_h(fd);
	require(afu, "%m");
	check_eq(errno, 0);
	check_eq(cxl_afu_fd(afu), fd);
	check_str_eq(cxl_afu_dev_name(afu), "afu0.0s");
	cxl_afu_free(afu);
	check_errno(fcntl(fd, F_GETFD), EBADF);
}

/* A descriptor from an AFU driver has no node. */
static void anonymous_descriptor_is_taken_over(void)
{
	struct cxl_afu_h *afu;
	long value;
	int fd;

	fake_start_with_one();
	fd = require_ok(eventfd(0, EFD_CLOEXEC));
	fake_adopt(fd);
	fake_device.id.flags = 0;
	afu = cxl_afu_fd_to_h(fd);
	require(afu, "%m");
	check(!cxl_afu_dev_name(afu));
	check_eq(cxl_get_mmio_size(afu, &value), 0);
	check_eq(value, FAKE_PSA_SIZE);
	check_eq(cxl_afu_get_process_element(afu), FAKE_PE);
	cxl_afu_free(afu);
	check_errno(fcntl(fd, F_GETFD), EBADF);
}

static void other_descriptors_are_left_alone(void)
{
	int event, null;

	fake_start_with_one();
	check_not_opened(cxl_afu_fd_to_h(-1), EBADF);
	check_not_opened(cxl_afu_fd_to_h(12345), EBADF);
	event = require_ok(eventfd(0, EFD_CLOEXEC));
	check_not_opened(cxl_afu_fd_to_h(event), ENODEV);
	fake_adopt(event);
	fake_device.no_afu_id = true;
	check_not_opened(cxl_afu_fd_to_h(event), ENODEV);
	fake_device.no_afu_id = false;
	fake_device.closed = true;
	check_not_opened(cxl_afu_fd_to_h(event), EIO);
	fake_device.closed = false;
	fake_write("2\n", CLASS "/afu0.0/api_version_compatible");
	check_not_opened(cxl_afu_fd_to_h(event), EPROTO);
	check(fcntl(event, F_GETFD) >= 0);

	null = require_ok(open("/dev/full", O_RDWR | O_CLOEXEC));
	check_not_opened(cxl_afu_fd_to_h(null), ENODEV);
	check(fcntl(null, F_GETFD) >= 0);
	close(null);
	close(event);
}

static const struct tap_test tests[] = {
	{ "lib_open.node_is_opened", node_is_opened },
	{ "lib_open.master_sees_all", master_sees_all },
	{ "lib_open.dedicated_node_is_found", dedicated_node_is_found },
	{ "lib_open.symbolic_link_is_opened", symbolic_link_is_opened },
	{ "lib_open.node_has_the_name_rather_than_links",
	  node_has_the_name_rather_than_links },
	{ "lib_open.others_are_refused", others_are_refused },
	{ "lib_open.newer_kernel_is_refused", newer_kernel_is_refused },
	{ "lib_open.link_down_is_told", link_down_is_told },
	{ "lib_open.old_kernel_is_understood", old_kernel_is_understood },
	{ "lib_open.views_are_opened", views_are_opened },
	{ "lib_open.dangling_link_is_passed_by", dangling_link_is_passed_by },
	{ "lib_open.odd_device_number_is_refused", odd_device_number_is_refused },
	{ "lib_open.opened_handle_is_no_loop_variable",
	  opened_handle_is_no_loop_variable },
	{ "lib_open.descriptor_is_taken_over", descriptor_is_taken_over },
	{ "lib_open.anonymous_descriptor_is_taken_over",
	  anonymous_descriptor_is_taken_over },
	{ "lib_open.other_descriptors_are_left_alone",
	  other_descriptors_are_left_alone },
};

TAP_MAIN(tests)
