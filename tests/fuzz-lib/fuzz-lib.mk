# SPDX-License-Identifier: GPL-2.0-only
#
# Targets of libFuzzer: tests/fuzz-lib/<target>.c, each with a folder
# seeds/<target>. The other files there are shared by the targets.

FUZZ_LIB	:= $(OUT)/fuzz-lib
FUZZ_LIB_TARGETS := $(notdir $(wildcard tests/fuzz-lib/seeds/*))
FUZZ_LIB_COMMON	:= $(FUZZ_LIB)/input.o $(FUZZ_LIB)/tree.o
FUZZ_LIB_LIB	:= $(patsubst lib/%.c,$(FUZZ_LIB)/lib/%.o,$(wildcard lib/*.c))
FUZZ_LIB_TOOL	:= $(FUZZ_LIB)/tool.o \
		   $(patsubst tools/%.c,$(FUZZ_LIB)/tools/%.o,tools/afuctl.c $(wildcard tools/afuctl/*.c tools/common/*.c))

CLANG		?= clang
FUZZ_LIB_SANITIZE := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_LIB_CFLAGS	:= $(FUZZ_LIB_SANITIZE) -g -O1 -std=gnu11 -pthread -Wall -Wextra -Werror \
		   -Wno-missing-field-initializers -MMD -MP \
		   $(TRACE_CFLAGS) -Ilib -Ilib/include -Iinclude/uapi -Itools -Itests/fuzz-lib
# Renamed so that tool.c can start afuctl, and gets control back from it
FUZZ_LIB_RENAMES := -Dmain=afuctl_main -Dexit=tool_exit -Datexit=tool_atexit
FUZZ_LIB_WRAPS	:= access fopen fork ioctl kill mkdir nanosleep open opendir poll \
		   readlink rmdir signalfd sigprocmask stat

# Libraries that open files are static: --wrap only reaches what is linked here.
FUZZ_LIB_LIBS	:= -ljson-c -lncursesw -ltinfo -Wl,-Bstatic -ltracefs -ltraceevent -Wl,-Bdynamic

.PHONY: fuzz-lib
fuzz-lib: $(FUZZ_LIB_TARGETS:%=$(FUZZ_LIB)/fuzz-%)	## parsers of the library and of afuctl under libFuzzer
	$(Q)tests/fuzz-lib/run '$(SECONDS)' '$(SEED)' $(FUZZ_LIB_TARGETS)

$(FUZZ_LIB)/lib/%.o: FUZZ_LIB_CFLAGS += -D_FILE_OFFSET_BITS=64
$(FUZZ_LIB)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call quiet,CLANG,$@)$(CLANG) $(FUZZ_LIB_CFLAGS) -c -o $@ $<

$(FUZZ_LIB)/tools/%.o: FUZZ_LIB_CFLAGS += $(FUZZ_LIB_RENAMES)
$(FUZZ_LIB)/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(call quiet,CLANG,$@)$(CLANG) $(FUZZ_LIB_CFLAGS) -c -o $@ $<

$(FUZZ_LIB)/%.o: tests/fuzz-lib/%.c
	@mkdir -p $(@D)
	$(call quiet,CLANG,$@)$(CLANG) $(FUZZ_LIB_CFLAGS) -c -o $@ $<

$(FUZZ_LIB)/fuzz-events $(FUZZ_LIB)/fuzz-attributes: $(FUZZ_LIB)/fuzz-%: $(FUZZ_LIB)/%.o $(FUZZ_LIB_COMMON) $(FUZZ_LIB_LIB)
	$(call quiet,LD,$@)$(CLANG) $(FUZZ_LIB_SANITIZE) -pthread -o $@ $^

$(FUZZ_LIB)/fuzz-afuctl $(FUZZ_LIB)/fuzz-afuctl_monitor: $(FUZZ_LIB_TOOL)
$(FUZZ_LIB)/fuzz-afuctl $(FUZZ_LIB)/fuzz-afuctl_monitor: $(FUZZ_LIB)/fuzz-%: $(FUZZ_LIB)/%.o $(FUZZ_LIB_COMMON) $(FUZZ_LIB_LIB)
	$(call quiet,LD,$@)$(CLANG) $(FUZZ_LIB_SANITIZE) -pthread $(FUZZ_LIB_WRAPS:%=-Wl,--wrap=%) \
		-o $@ $^ $(FUZZ_LIB_LIBS)

-include $(wildcard $(FUZZ_LIB)/*.d $(FUZZ_LIB)/lib/*.d $(FUZZ_LIB)/tools/*.d $(FUZZ_LIB)/tools/*/*.d)
