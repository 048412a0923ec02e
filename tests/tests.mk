# SPDX-License-Identifier: GPL-2.0-only
#
# tests/<subject>.c	each a static program that runs in the guest
# tests/<subject>.sh	runs in the guest under busybox sh
# tests/host/<subject>.c	runs on the build machine; .sh too, from the top folder
# tests/lib/*.c		linked into all of them; *.sh are for the shell tests
# tests/psl/*.c	linked into tests/host/psl_*.c, see lib/psl/psl.mk
# tests/schema/	schemas of the tools' JSON output, and their checker
# tests/debug/	tests of both kinds that only a debug kernel can run
# tests/modules/	test-only kernel modules, see the Kbuild there

TEST_CPPFLAGS	:= -Itests -Iinclude/uapi -MMD -MP
# %llu must fit __u64, on powerpc, too.
USER_CFLAGS	:= -D__SANE_USERSPACE_TYPES__ -O2 -g -std=gnu11 -Wall -Wextra $(WERROR) -Wno-missing-field-initializers

TEST_PROGRAMS	:= $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/*.c)) \
		   $(patsubst tests/%.sh,$(OUT)/tests/%.sh,$(wildcard tests/*.sh)) \
		   $(patsubst tests/%.sh,$(OUT)/tests/%.sh,$(wildcard tests/lib/*.sh))
ifneq ($(filter %-debug,$(KERNEL)),)
TEST_PROGRAMS	+= $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/debug/*.c)) \
		   $(patsubst tests/%.sh,$(OUT)/tests/%.sh,$(wildcard tests/debug/*.sh))
endif
HOST_PROGRAMS	:= $(patsubst tests/host/%.c,$(OUT)/host/%,$(wildcard tests/host/*.c)) \
		   $(patsubst tests/host/%.sh,$(OUT)/host/%.sh,$(wildcard tests/host/*.sh))
TEST_LIB	:= $(patsubst tests/lib/%.c,$(OUT)/tests/lib/%.o,$(wildcard tests/lib/*.c))
HOST_LIB	:= $(patsubst tests/lib/%.c,$(OUT)/host/lib/%.o,$(wildcard tests/lib/*.c))

$(OUT)/tests/%: tests/%.c $(OUT)/tests/lib.a
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(TEST_CPPFLAGS) $(USER_CFLAGS) -static -pthread -o $@ $(filter %.c %.a,$^) $(LDLIBS)

$(OUT)/tests/%.sh: tests/%.sh
	@mkdir -p $(@D)
	$(call quiet,CP,$@)install -m 755 $< $@

$(OUT)/tests/lib/%.o: tests/lib/%.c
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(TEST_CPPFLAGS) $(USER_CFLAGS) -pthread -c -o $@ $<

$(OUT)/host/%: tests/host/%.c $(OUT)/host/lib.a
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(TEST_CPPFLAGS) $(USER_CFLAGS) -pthread -o $@ $(filter %.c %.a,$^) $(HOST_LDLIBS)

$(OUT)/host/%.sh: tests/host/%.sh
	@mkdir -p $(@D)
	$(call quiet,CP,$@)install -m 755 $< $@

$(OUT)/host/lib/%.o: tests/lib/%.c
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(TEST_CPPFLAGS) $(USER_CFLAGS) -pthread -c -o $@ $<

$(OUT)/tests/lib.a: $(TEST_LIB)
$(OUT)/host/lib.a: $(HOST_LIB)
%/lib.a:
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

# The program shown on a page, which tests/memcpy_page.sh runs.
$(OUT)/tests/memcpy_page.sh: $(OUT)/tests/lib/example-memcpy-afu

$(OUT)/examples/memcpy-afu.c: Documentation/memcpy-afu.md
	@mkdir -p $(@D)
	$(Q)awk '/^```c/ { on = 1; next } /^```/ { on = 0 } on' $< >$@

$(OUT)/tests/lib/example-memcpy-afu: $(OUT)/examples/memcpy-afu.c
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(TEST_CPPFLAGS) $(USER_CFLAGS) -static -o $@ $<

SCHEMAS	:= $(patsubst tests/%,$(OUT)/tests/%,$(wildcard tests/schema/*.json)) $(OUT)/tests/schema/json-check

$(OUT)/tests/schema/%.json: tests/schema/%.json
	@mkdir -p $(@D)
	$(call quiet,CP,$@)cp $< $@

$(OUT)/tests/schema/json-check: tests/schema/json-check.c
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(USER_CFLAGS) $(CROSS_FLAGS) -static -o $@ $< -ljson-c

# A program whose source is gone would be run for ever: remove it.
test-programs: $(TEST_PROGRAMS) $(HOST_PROGRAMS) $(SCHEMAS)
	@rm -f $(filter-out $(TEST_PROGRAMS) %.d %/lib %/lib.a %/debug %/schema,$(wildcard $(OUT)/tests/* $(OUT)/tests/debug/*))
	@rm -f $(filter-out $(HOST_PROGRAMS) %.d %/lib %/lib.a,$(wildcard $(OUT)/host/*))

# The flags are set here: when they change, everything is built again.
$(TEST_LIB) $(HOST_LIB): tests/tests.mk
$(TEST_PROGRAMS) $(HOST_PROGRAMS): tests/tests.mk

-include $(wildcard $(OUT)/tests/*.d $(OUT)/tests/debug/*.d $(OUT)/tests/lib/*.d $(OUT)/host/*.d $(OUT)/host/lib/*.d)

include tests/debug/debug.mk
