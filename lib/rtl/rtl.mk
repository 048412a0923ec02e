# SPDX-License-Identifier: GPL-2.0-only
#
# AFUs in hardware description languages: the test bench of the example,
# examples/rtl, for both simulators. A part is made where its simulator
# is there and is that of the guest's architecture; tests of it are skipped else.

RTL_BUILD	:= $(OUT)/rtl
RTL_MAKE	= $(MAKE) --no-print-directory -s -C examples/rtl O=$(RTL_BUILD) LIB=$(OUT)/lib \
		  CC=$(CROSS_COMPILE)gcc JOBS=$(JOBS)
RTL_EXAMPLE	:= $(wildcard examples/rtl/*.v examples/rtl/*.vh examples/rtl/Makefile)
RTL_TESTS	:= $(wildcard examples/rtl/test/*)

RTL_NATIVE	:= $(if $(CROSS_COMPILE),,yes)
HAVE_VERILATOR	:= $(and $(RTL_NATIVE),$(shell command -v verilator))
HAVE_ICARUS	:= $(and $(RTL_NATIVE),$(shell command -v iverilog))

.PHONY: rtl
rtl: $(if $(HAVE_VERILATOR),$(RTL_BUILD)/bench) $(if $(HAVE_ICARUS),$(RTL_BUILD)/bench.vvp)

# Verilator's messages are shown if it fails.
$(RTL_BUILD)/bench $(RTL_BUILD)/bench.vvp: $(RTL_EXAMPLE) $(RTL_TESTS)
$(addprefix $(RTL_BUILD)/,bench bench.vvp):
	@mkdir -p $(@D)
	+$(call quiet,RTL,$@)$(RTL_MAKE) $@ >$@.log 2>&1 || { cat $@.log; exit 1; }

test-programs: rtl
