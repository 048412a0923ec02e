# SPDX-License-Identifier: GPL-2.0-only
#
# libpsl: the card's half of a CAPI accelerator, for simulators.

LIBPSL_SONAME	:= libpsl.so.1
LIBPSL_FILE	:= libpsl.so.1.0
LIBPSL_SOURCES	:= $(wildcard lib/psl/*.c)
LIBPSL_OBJECTS	:= $(LIBPSL_SOURCES:lib/psl/%.c=$(OUT)/lib/psl/%.o)
LIBPSL_HOST_OBJECTS := $(LIBPSL_SOURCES:lib/psl/%.c=$(OUT)/host-lib/psl/%.o)

lib: $(OUT)/lib/libpsl.a $(OUT)/lib/libpsl.so

$(OUT)/lib/psl/%.o: lib/psl/%.c lib/lib.mk lib/psl/psl.mk
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/host-lib/psl/%.o: lib/psl/%.c lib/lib.mk lib/psl/psl.mk
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(LIB_CPPFLAGS) $(LIB_CFLAGS) -c -o $@ $<

$(OUT)/lib/libpsl.a: $(LIBPSL_OBJECTS)
$(OUT)/host-lib/libpsl.a: $(LIBPSL_HOST_OBJECTS)
%/libpsl.a:
	@rm -f $@
	$(call quiet,AR,$@)$(CROSS_COMPILE)ar rcs $@ $^

$(OUT)/lib/$(LIBPSL_FILE): $(LIBPSL_OBJECTS) lib/psl/libpsl.map $(OUT)/lib/libafu.so
	$(call quiet,LD,$@)$(CC) -shared -pthread -Wl,-soname,$(LIBPSL_SONAME) -Wl,-z,defs \
		-Wl,-z,relro -Wl,-z,now -Wl,-rpath,'$$ORIGIN' \
		-Wl,--version-script=lib/psl/libpsl.map -o $@ \
		$(filter %.o,$^) $(OUT)/lib/libafu.so

$(OUT)/lib/libpsl.so: $(OUT)/lib/$(LIBPSL_FILE)
	@ln -sf $(LIBPSL_FILE) $(@D)/$(LIBPSL_SONAME)
	@ln -sf $(LIBPSL_SONAME) $@

# tests/host/psl_*.c have it on a bench: plain memory, and an AFU that does what
# it is told.
PSL_HOST_TESTS	:= $(patsubst tests/host/%.c,$(OUT)/host/%,$(wildcard tests/host/psl_*.c))

lib-host-tests: $(PSL_HOST_TESTS)

PSL_PLAYER	:= tests/psl/player.c tests/psl/afu.c

$(OUT)/host/psl_socket: tests/psl/player.c
$(OUT)/host/psl_socket: TEST_CPPFLAGS += -Ilib/psl -DSIMULATOR='"$(OUT)/host/lib/psl-simulator"'
$(OUT)/host/psl_socket: | $(OUT)/host/lib/psl-simulator

# A simulator without a simulator, for the machine and for the guest
PSL_SIMULATOR	:= $(PSL_PLAYER) tests/psl/simulator.c tests/psl/driver.c
PSL_SIMULATOR_FLAGS = $(USER_CFLAGS) -Ilib/include -Itests/psl

$(OUT)/host/lib/psl-simulator: $(PSL_SIMULATOR) $(wildcard tests/psl/*.h) lib/include/psl.h
	@mkdir -p $(@D)
	$(call quiet,HOSTCC,$@)$(HOSTCC) $(PSL_SIMULATOR_FLAGS) -o $@ $(filter %.c,$^)

$(OUT)/tests/lib/psl-simulator: $(PSL_SIMULATOR) $(wildcard tests/psl/*.h) lib/include/psl.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(PSL_SIMULATOR_FLAGS) -static -o $@ $(filter %.c,$^)

# The AFU of examples/rtl at the other end of a socket, built if Verilator is there
RTL_SIMULATOR	:= tests/psl/rtl_simulator.cpp lib/rtl/psl_verilator.hpp

$(OUT)/tests/lib/rtl-simulator: $(OUT)/tests/lib/psl-driver.o $(wildcard examples/rtl/*.v examples/rtl/*.vh) $(RTL_SIMULATOR) tests/psl/driver.h
	@mkdir -p $(@D) $(OUT)/rtl
	@rm -f $@
	$(call quiet,RTL,$@)verilator --cc --exe --build -j $(JOBS) -O3 -Iexamples/rtl --top-module afu \
		--prefix Vafu -Mdir $(OUT)/rtl/socket -MAKEFLAGS 'OPT_FAST=-O2 OPT_GLOBAL=-O2' \
		-CFLAGS '$(patsubst %,-I$(CURDIR)/%,lib/include lib/rtl tests/psl)' \
		-LDFLAGS '-static -pthread' -o $(abspath $@) \
		$(sort $(wildcard examples/rtl/*.v)) $(CURDIR)/tests/psl/rtl_simulator.cpp $(OUT)/tests/lib/psl-driver.o \
		>$(OUT)/rtl/socket.log 2>&1 || { cat $(OUT)/rtl/socket.log; exit 1; }

$(OUT)/tests/lib/psl-driver.o: tests/psl/driver.c tests/psl/driver.h lib/include/psl.h
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc $(PSL_SIMULATOR_FLAGS) -c -o $@ $<

# tests/psl_*.c use these in the guest.
PSL_GUEST_TESTS	:= $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/psl_*.c))

$(PSL_GUEST_TESTS): tests/psl/guest.c $(OUT)/lib/libcxl.a $(OUT)/tools/afu-psl $(OUT)/tests/lib/psl-simulator
$(PSL_GUEST_TESTS): TEST_CPPFLAGS += -Ilib/include -Itests/psl
$(PSL_GUEST_TESTS): $(wildcard tests/psl/*.h)

$(PSL_HOST_TESTS): tests/psl/afu.c tests/psl/bench.c $(OUT)/host-lib/libpsl.a $(wildcard tests/psl/*.h)
$(PSL_HOST_TESTS): TEST_CPPFLAGS += -Ilib/include -Itests/psl

-include $(LIBPSL_OBJECTS:.o=.d) $(LIBPSL_HOST_OBJECTS:.o=.d)
