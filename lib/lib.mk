# SPDX-License-Identifier: GPL-2.0-only
#
# libcxl, shared and static, in $(OUT)/lib. One set of objects serves both, so
# libcxl.a can also be linked into position-independent code. The tests that run
# on the build machine have a libcxl.a in $(OUT)/host-lib.

LIB_SONAME	:= libcxl.so.1
LIB_FILE	:= libcxl.so.1.8
LIB_CPPFLAGS	:= -Ilib/include -Iinclude/uapi -D_FILE_OFFSET_BITS=64 -MMD -MP
LIB_CFLAGS	:= -O2 -g -std=gnu11 -fPIC -pthread -Wall -Wextra $(WERROR)
LIB_LDFLAGS	:= -shared -pthread -Wl,-soname,$(LIB_SONAME) -Wl,-z,defs \
		   -Wl,-z,relro -Wl,-z,now -Wl,--version-script=lib/libcxl.map

LIB_SOURCES	:= $(wildcard lib/*.c)
LIB_OBJECTS	:= $(LIB_SOURCES:lib/%.c=$(OUT)/lib/%.o)
LIB_HOST_OBJECTS := $(LIB_SOURCES:lib/%.c=$(OUT)/host-lib/%.o)

##@ The library
.PHONY: lib lib-host-tests check-lib-sanitizers check-lib-machines
lib: $(OUT)/lib/libcxl.a $(OUT)/lib/libcxl.so $(OUT)/lib/libafu.a $(OUT)/lib/libafu.so	## libcxl and libafu, shared and static, in build/ARCH-KERNEL/lib

$(OUT)/lib/%.o: lib/%.c lib/lib.mk
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/host-lib/%.o: lib/%.c lib/lib.mk
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/lib/libcxl.a: $(LIB_OBJECTS)
$(OUT)/host-lib/libcxl.a: $(LIB_HOST_OBJECTS)
%/libcxl.a:
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

$(OUT)/lib/$(LIB_FILE): $(LIB_OBJECTS) lib/libcxl.map
	$(call quiet,LD,$@)$(CC) $(LIB_LDFLAGS) -o $@ $(filter %.o,$^)

$(OUT)/lib/libcxl.so: $(OUT)/lib/$(LIB_FILE)
	@ln -sf $(LIB_FILE) $(@D)/$(LIB_SONAME)
	@ln -sf $(LIB_SONAME) $@

# libafu: programs as AFUs
LIBAFU_SONAME	:= libafu.so.1
LIBAFU_FILE	:= libafu.so.1.0
LIBAFU_OBJECTS	:= $(patsubst lib/afu/%.c,$(OUT)/lib/afu/%.o,$(wildcard lib/afu/*.c))

$(OUT)/lib/afu/%.o: lib/afu/%.c lib/lib.mk
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/lib/libafu.a: $(LIBAFU_OBJECTS)
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

$(OUT)/lib/$(LIBAFU_FILE): $(LIBAFU_OBJECTS) lib/afu/libafu.map
	$(call quiet,LD,$@)$(CC) -shared -pthread -Wl,-soname,$(LIBAFU_SONAME) -Wl,-z,defs \
		-Wl,-z,relro -Wl,-z,now -Wl,--version-script=lib/afu/libafu.map -o $@ $(filter %.o,$^)

$(OUT)/lib/libafu.so: $(OUT)/lib/$(LIBAFU_FILE)
	@ln -sf $(LIBAFU_FILE) $(@D)/$(LIBAFU_SONAME)
	@ln -sf $(LIBAFU_SONAME) $@

# Examples of such programs, static for the guest; tests use them as well.
AFU_EXAMPLES	:= $(patsubst examples/afu/%.c,$(OUT)/tests/lib/afu-%,$(wildcard examples/afu/*.c))

$(OUT)/tests/lib/afu-%: examples/afu/%.c $(OUT)/lib/libafu.a lib/include/afu.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc -Ilib/include -Iinclude/uapi -O2 -g -Wall -Wextra -Werror \
		-static -pthread -o $@ $(filter %.c %.a,$^)

test-programs: $(AFU_EXAMPLES)

$(OUT)/tests/user_library: $(OUT)/lib/libafu.a lib/include/afu.h
$(OUT)/tests/user_library: TEST_CPPFLAGS += -Ilib/include

# tests/lib_*.c use it in the guest, tests/host/lib_*.c with a fake device.
LIB_TESTS	:= $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/lib_*.c))
LIB_HOST_TESTS	:= $(patsubst tests/host/%.c,$(OUT)/host/%,$(wildcard tests/host/lib_*.c))
FAKE_SOURCES	:= $(wildcard tests/host/fake/*.c)
FAKE_WRAPS	:= ioctl read preadv64v2 poll mmap64

$(LIB_TESTS): $(OUT)/lib/libcxl.a
$(LIB_HOST_TESTS): $(FAKE_SOURCES) $(OUT)/host-lib/libcxl.a tests/host/fake/fake.h
$(LIB_TESTS) $(LIB_HOST_TESTS): TEST_CPPFLAGS += -Ilib/include
$(LIB_HOST_TESTS): TEST_CPPFLAGS += -Itests/host/fake
$(LIB_HOST_TESTS): HOST_LDLIBS := $(FAKE_WRAPS:%=-Wl,--wrap=%)

# The programs in the manual pages, which tests/lib_examples.sh runs.
EXAMPLES	:= $(patsubst man/man3/%.3,%,$(shell grep -l '^\.Bd -literal' man/man3/*.3))
EXAMPLE_PROGRAMS := $(EXAMPLES:%=$(OUT)/tests/lib/example-%)

$(OUT)/tests/lib_examples.sh: $(EXAMPLE_PROGRAMS)

$(OUT)/examples/%.c: man/man3/%.3 scripts/man-example.awk
	@mkdir -p $(@D)
	$(Q)awk -f scripts/man-example.awk $< >$@

$(EXAMPLE_PROGRAMS): $(OUT)/tests/lib/example-%: $(OUT)/examples/%.c $(OUT)/lib/libcxl.a lib/include/libcxl.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc -Ilib/include -Iinclude/uapi -O2 -Wall -Wextra -Werror \
		-static -pthread -o $@ $(filter %.c %.a,$^)

.SECONDARY: $(EXAMPLES:%=$(OUT)/examples/%.c)

# This test looks at the library itself.
$(OUT)/host/lib.sh: $(OUT)/lib/libcxl.a $(OUT)/lib/libcxl.so

lib-host-tests: $(LIB_HOST_TESTS)

export SANITIZE	:= -fsanitize=address,undefined -fno-sanitize-recover=all

check-lib-sanitizers:	## its host tests with sanitizers and under valgrind: no finding
	$(Q)+$(MAKE) --no-print-directory -j$(JOBS) lib-host-tests
	$(Q)+$(MAKE) --no-print-directory -j$(JOBS) BUILD=$(OUT)/sanitized \
		HOSTCC="$(HOSTCC) $(SANITIZE)" lib-host-tests
	$(Q)tests/check-lib-sanitizers

check-lib-machines:	## its host tests as programs of other machines, emulated
	$(Q)env -u MAKEFLAGS -u MFLAGS tests/check-lib-machines

-include $(LIB_OBJECTS:.o=.d) $(LIBAFU_OBJECTS:.o=.d) $(LIB_HOST_OBJECTS:.o=.d)

include lib/psl/psl.mk
