# SPDX-License-Identifier: GPL-2.0-only
#
# ./run lists the targets; ./run TARGET installs what is missing before.
#
# help: KERNEL=NAME     the stock kernel, a file of vm/kernels; default: what fits this machine
# help: ARCH=amd64      the guest's architecture, a file of vm/arch
# help: BUILD=build     where everything is built
# help: T=PREFIX        check: only the tests whose names begin so
# help: HOSTS=RELEASES  check-hosts: bookworm, trixie, sid; only these
# help: DIRS=FOLDERS    modules: only those of these folders
# help: MODEL=user      check: with the AFUs as programs (their tests only)
# help: V=1             show the commands, and the kernel's messages

ifeq ($(KERNEL),)
KERNEL	:= $(shell vm=vm; . vm/lib.sh; default_kernel)
endif
ARCH	?= amd64
BUILD	?= $(CURDIR)/build
T	?=
MODEL	?=
V	?=
JOBS	?= $(shell nproc)
HOSTCC	?= gcc

# The kernel's makefiles cannot either.
ifneq ($(words $(CURDIR) $(BUILD)),2)
$(error make cannot work in a path with a blank: $(CURDIR), BUILD=$(BUILD))
endif
override BUILD := $(abspath $(BUILD))
override ARCH := $(patsubst x86_64,amd64,$(ARCH))
# Prefix of the compiler for the guest's programs; empty for the machine's own
CROSS_COMPILE := $(shell sed -n 's/^cross_compile=//p' vm/arch/$(ARCH))

# The compiler of what is installed, unless another is named
ifeq ($(origin CC),default)
CC	:= $(CROSS_COMPILE)gcc
endif
# A warning is an error for those who work on it, not for those who install it.
INSTALL_GOALS := install install-% uninstall installed-programs
WERROR	:= $(if $(filter $(INSTALL_GOALS),$(MAKECMDGOALS)),,-Werror)

# The scripts of vm/ want to know too, whoever set them.
export KERNEL ARCH BUILD V MODEL

OUT	:= $(BUILD)/$(ARCH)-$(KERNEL)
Q	:= $(if $(V),,@)
quiet	= $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2:$(CURDIR)/%=%)';)

.DEFAULT_GOAL := help
.PHONY: help kernel modules sparse tools tests test-programs check check-docs check-debug check-hosts matrix soak demo demo-programs model vm-shell lint series series-patches clean
.DELETE_ON_ERROR:

##@ Building
help:			## this list
	@awk -f scripts/help.awk Makefile

kernel:			## fetch the stock kernel KERNEL, or build it, into the cache
	$(Q)mkdir -p $(OUT)
	$(Q)dir=$$(vm/fetch-kernel) && ln -sfn "$$dir" $(OUT)/kernel

# The links keep what kbuild writes out of the source folders.
KBUILD	= flock $(OUT)/modules/.lock vm/kbuild $(OUT)/modules -j$(JOBS) \
	  $(if $(V),V=1) $(if $(DIRS),DIRS="$(DIRS)")

modules: kernel		## cxl.ko, cxl-sim.ko, cxl-copy.ko and the test modules
	$(Q)scripts/mirror.sh $(OUT)/modules Kbuild drivers include tests/modules bench/modules examples/afu-driver
	$(Q)$(KBUILD) $(KBUILD_ARGS) modules

sparse: modules		## what sparse says of the modules
	$(Q)scripts/sparse $(KBUILD_ARGS)

tests:			## the test programs, of the guest and of the host
	$(Q)+$(MAKE) --no-print-directory -j$(JOBS) test-programs

TOOLS	:= $(patsubst tools/%.c,$(OUT)/tools/%,$(wildcard tools/*.c))

tools: $(TOOLS)		## the programs, static for the guest

# A tool is one file, or has more of them in a folder of its name. Those of
# tools/common are for all: what a tool does not use is not linked.
AFUCTL_LIBS := -ljson-c -lncursesw -ltinfo -ltracefs -ltraceevent
TRACE_CFLAGS := $(foreach folder,tracefs traceevent,-isystem /usr/include/$(folder))
# libtraceevent can load plugins: static programs do not, and ld warns all the same.
LD_QUIET := $(shell ld --help | grep -q -- --no-warnings && echo -Wl,--no-warnings)
TOOL_COMMON := $(patsubst tools/common/%.c,$(OUT)/tools/common/%.o,$(wildcard tools/common/*.c))
$(TOOL_COMMON): $(OUT)/tools/common/%.o: tools/common/%.c tools/common/common.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(USER_CFLAGS) $(CROSS_FLAGS) -c -o $@ $<

$(OUT)/tools/common/common.a: $(TOOL_COMMON)
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

.SECONDEXPANSION:
$(OUT)/tools/%: tools/%.c $$(wildcard tools/%/*.[ch]) tools/common/common.h $(OUT)/tools/common/common.a
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc -Iinclude/uapi -Ilib/include $(USER_CFLAGS) \
		$(CROSS_FLAGS) $(TRACE_CFLAGS) -static -pthread -o $@ $(filter %.c %.a,$^) $(TOOL_LIBS)

$(OUT)/tools/afu-cp: TOOL_LIBS := -ljson-c
$(OUT)/tools/afuctl: TOOL_LIBS := $(AFUCTL_LIBS) $(LD_QUIET)
$(OUT)/tools/afu-psl: TOOL_LIBS := $(LD_QUIET)
$(OUT)/tools/afu-psl: $(OUT)/lib/libpsl.a $(OUT)/lib/libafu.a lib/include/psl_card.h
$(OUT)/tools/afuctl: $(OUT)/lib/libcxl.a lib/include/libcxl.h
$(OUT)/tools/afu-flash: TOOL_LIBS := -ljson-c
$(OUT)/tools/afu-flash: $(OUT)/lib/libafu.a lib/include/afu.h
$(TOOLS): $(wildcard include/uapi/misc/*.h)

# Another architecture's libraries are not installed, but unpacked in the cache.
ifneq ($(CROSS_COMPILE),)
CROSS_FLAGS := $(foreach folder,. tracefs traceevent,-isystem $(OUT)/sysroot/usr/include/$(folder)) \
	       -L$(OUT)/sysroot/usr/lib/$(CROSS_COMPILE:-=)
$(TOOLS) $(TOOL_COMMON) $(OUT)/tests/schema/json-check: | $(OUT)/sysroot
endif

$(OUT)/sysroot:
	@mkdir -p $(@D)
	$(Q)dir=$$(vm/fetch-sysroot) && ln -sfn "$$dir" $@

##@ Running
demo:			## the main job: copy a file through the software card
	$(Q)+vm/run-demo

demo-programs: DIRS := drivers/misc/cxl drivers/misc/cxl-sim drivers/misc/cxl-copy
demo-programs: modules $(OUT)/tools/afu-cp

ifeq ($(MODEL),user)
export PROGRAMS	?= memcpy_atomic memcpy_copy memcpy_fault memcpy_many memcpy_queue memcpy_regs crc_afu
endif

# The tests are built by another make, after what they share with the rest.
check: modules tools bench-program guest-parts	## host tests and guest tests, TAP in build/check.tap
	$(Q)+$(MAKE) --no-print-directory tests
	$(Q)tests/run-check '$(T)'

check-docs:		## run the commands of README.md and the users' pages in a fresh copy
	@mkdir -p $(OUT)
	$(Q). scripts/tap-report.sh; export CXL_DOCS=1 CXL_TEST_PREFIX=; \
		as_tap docs sh tests/host/docs.sh | tap_report $(OUT)/docs.tap

check-debug:		## the same, KUnit and leaks on a kernel with KASAN, lockdep and more
	$(Q)+$(MAKE) --no-print-directory KERNEL=6.1-debug check

matrix:			## check on each kernel of each architecture, and one table of all
	$(Q)scripts/matrix '$(T)'

check-hosts:		## the demo and a short check on fresh Debian systems; needs root
	$(Q)scripts/check-hosts $(HOSTS)

EVENTS	?= 1e8
soak: modules tests	## EVENTS driver events from all contexts at once, none lost (1e8: hours)
	$(Q)vm/run-guest --name soak --limit 360000 --load 'cxl cxl-sim' \
		'CXL_SOAK_EVENTS=$(EVENTS) /tests/soak'

model:			## search a model of the event protocol in full, with spin
	$(Q)model/run-model $(BUILD)/model

vm-shell:		## a shell in the guest, as ./guest without a command
	$(Q)./guest

##@ Looking after the source
lint:			## W=1, sparse, checkpatch --strict, shellcheck: all must be silent
	$(Q)scripts/lint

series:			## patches for a kernel tree in build/series, applied, built and tested there
	$(Q)scripts/series

series-patches:		## the same patches, checked and applied, not built
	$(Q)scripts/series patches

clean:			## remove build/ (the cache of kernels stays)
	$(Q)rm -rf $(BUILD)

include lib/lib.mk
include lib/rtl/rtl.mk
include vm/guest.mk
include packaging/install.mk
include tests/tests.mk
include tests/flash/flash.mk
include bench/bench.mk
