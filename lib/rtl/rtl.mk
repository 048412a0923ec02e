# SPDX-License-Identifier: GPL-2.0-only
#
# AFUs in hardware description languages: psl.vpi for Icarus Verilog, and the
# example, examples/rtl, for both simulators. A part is built only if its simulator
# is installed and the guest has this machine's architecture; otherwise its tests
# are skipped.

RTL_BUILD	:= $(OUT)/rtl
# The test bench is the same for all kernels.
RTL_BENCH	:= $(BUILD)/$(ARCH)-rtl
RTL_MAKE	= $(MAKE) --no-print-directory -s -C examples/rtl O=$(@D) LIB=$(OUT)/lib \
		  CC=$(CROSS_COMPILE)gcc JOBS=$(JOBS)
RTL_MACHINE	:= $(OUT)/host/lib/rtl-machine
RTL_EXAMPLE	:= $(wildcard examples/rtl/*.v examples/rtl/*.vh examples/rtl/Makefile)
RTL_TESTS	:= $(wildcard examples/rtl/test/*)
VPI_INCLUDE	:= /usr/include/iverilog

RTL_NATIVE	:= $(if $(CROSS_COMPILE),,yes)
HAVE_VERILATOR	:= $(and $(RTL_NATIVE),$(shell command -v verilator))
HAVE_ICARUS	:= $(and $(RTL_NATIVE),$(wildcard $(VPI_INCLUDE)/vpi_user.h))

.PHONY: rtl demo-rtl demo-rtl-programs
rtl: $(if $(HAVE_VERILATOR),$(OUT)/tests/lib/afu-copycrc $(OUT)/tests/lib/rtl-simulator $(RTL_MACHINE) $(RTL_BENCH)/bench) \
     $(if $(HAVE_ICARUS),$(OUT)/lib/psl.vpi $(RTL_BUILD)/copycrc.vvp $(RTL_BENCH)/bench.vvp)

$(OUT)/lib/psl.vpi: lib/rtl/psl_vpi.c $(OUT)/lib/libpsl.a $(OUT)/lib/libafu.a lib/include/psl.h lib/include/psl_card.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -I$(VPI_INCLUDE) -shared \
		-Wl,-z,relro -Wl,-z,now -o $@ $(filter %.c %.a,$^)

# Verilator's messages are shown if it fails.
$(RTL_BUILD)/copycrc: $(RTL_EXAMPLE) lib/rtl/psl_verilator.cpp lib/rtl/psl_verilator.hpp \
		lib/include/psl.h lib/include/psl_card.h $(OUT)/lib/libpsl.a $(OUT)/lib/libafu.a
$(RTL_BUILD)/copycrc.vvp: $(RTL_EXAMPLE) lib/rtl/psl_top.v
$(RTL_BENCH)/bench $(RTL_BENCH)/bench.vvp: $(RTL_EXAMPLE) $(RTL_TESTS)
$(RTL_BUILD)/rtl-cp: examples/rtl/rtl-cp.c examples/rtl/copycrc.h $(OUT)/lib/libcxl.a

# The lock is for the test bench, which is shared: builds for two kernels may run at
# the same time.
$(addprefix $(RTL_BUILD)/,copycrc copycrc.vvp rtl-cp) $(addprefix $(RTL_BENCH)/,bench bench.vvp):
	@mkdir -p $(@D)
	+$(call quiet,RTL,$@)flock $@.lock $(RTL_MAKE) $@ >$@.log 2>&1 || { cat $@.log; exit 1; }

$(OUT)/tests/lib/afu-copycrc: $(RTL_BUILD)/copycrc
	@mkdir -p $(@D)
	$(call quiet,CP,$@)install -m 755 $< $@

# Copies on the machine itself; built from what Verilator made for the program.
VERILATOR_INCLUDE = $(shell verilator --getenv VERILATOR_ROOT)/include

$(RTL_MACHINE): tests/psl/rtl_machine.cpp lib/rtl/psl_verilator.hpp lib/psl/simulator.h \
		$(RTL_BUILD)/copycrc $(OUT)/host-lib/libpsl.a
	@mkdir -p $(@D)
	$(call quiet,HOSTCXX,$@)g++ -O2 -g -Wall -Wextra $(WERROR) -faligned-new -pthread \
		$(patsubst %,-I%,lib/include include/uapi lib/rtl lib/psl examples/rtl) \
		$(patsubst %,-isystem %,$(RTL_BUILD)/verilated $(VERILATOR_INCLUDE)) \
		-DVM_TRACE=1 -DVM_TRACE_FST=1 -o $@ $< $(RTL_BUILD)/verilated/Vafu__ALL.a \
		$(RTL_BUILD)/verilated/verilated*.o $(OUT)/host-lib/libpsl.a -lz

test-programs: rtl
##@ Running
demo-rtl:		## copy a file through an AFU in Verilog; WAVES=1 or --waves shows its signals
	$(Q)+vm/run-demo-rtl

demo-rtl-programs: DIRS := drivers/misc/cxl drivers/misc/cxl-sim
demo-rtl-programs: modules $(OUT)/tests/lib/afu-copycrc $(RTL_BUILD)/rtl-cp
