# SPDX-License-Identifier: GPL-2.0-only
#
# bench/*.c		the program that measures, in the guest
# bench/modules/	what it drives from inside the kernel
# bench/baseline	instructions that "make check" allows the cheap rows

BENCH	:= $(OUT)/bench/bench

$(BENCH): $(wildcard bench/*.[ch]) bench/modules/cxl_bench.h $(OUT)/tests/lib.a bench/bench.mk
	@mkdir -p $(@D)
	$(call quiet,CC,$@)$(CROSS_COMPILE)gcc -Ibench $(TEST_CPPFLAGS) $(USER_CFLAGS) -static -pthread \
		-o $@ $(filter %.c %.a,$^)

bench-program: $(BENCH)

bench: modules bench-program	## what events cost, beside the alternatives: table, bench.json, bench.svg
	$(Q)bench/run-bench

bench-accept: modules bench-program	## the instructions of the cheap rows as they are now become the baseline
	$(Q)bench/run-bench --baseline

.PHONY: bench bench-program bench-accept
