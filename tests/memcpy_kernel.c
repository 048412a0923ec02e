// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of AFU drivers, with kernel addresses. The tests themselves are code
 * in cxl_test_api.
 */
#include "lib/api_test.h"

#define IN_KERNEL(test)							\
static void test(void)							\
{									\
	api_run(#test, NULL);						\
}

IN_KERNEL(all_kinds_of_kernel_memory)
IN_KERNEL(bad_kernel_addresses_are_address_errors)
IN_KERNEL(constants_are_not_written)
IN_KERNEL(no_atomics_on_kernel_addresses)
IN_KERNEL(wed_of_0_is_harmless)
IN_KERNEL(driver_needs_no_mapping)

#define TEST(name) { "memcpy_kernel." #name, name }

static const struct tap_test tests[] = {
	TEST(all_kinds_of_kernel_memory),
	TEST(bad_kernel_addresses_are_address_errors),
	TEST(constants_are_not_written),
	TEST(no_atomics_on_kernel_addresses),
	TEST(wed_of_0_is_harmless),
	TEST(driver_needs_no_mapping),
};

static const struct api_setup setup = {
	.module = "cxl_test_api",
	.device = CXL_TEST_API_DEVICE,
};

int main(int argc, char **argv)
{
	return api_main(argc, argv, __FILE__, tests, ARRAY_SIZE(tests), &setup);
}
