#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The Python package: each test in cxl_afu_test.py and cxl_afu_model_test.py,
# run in one guest.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=$(sed -n 's/^    def test_\([a-z_]*\)(.*/\1/p' tests/host/cxl_afu*_test.py)

# Not with another Python that comes before Debian's: some start slowly.
run_all() {
	[ ! -f "$work/log" ] || return 0
	# shellcheck disable=SC2016
	./guest --module examples/afu-driver sh -c '
		for file in tests/host/cxl_afu*_test.py; do
			/usr/bin/python3 -B "$file" -v
		done' >"$work/log" 2>&1 || :
}

for name in $names; do
	eval "$name() {
		[ -z '${cross_compile-}' ] || skip 'the package is tested with programs of this machine'
		run_all
		grep -q '^test_$name .*ok\$' $work/log || fail \"\$(cat $work/log)\"
	}"
done

# Its documentation strings cover everything that it has.
needs_nothing_but_python() {
	imports=$(sed -n 's/^ *import \([a-z_.]*\).*/\1/p; s/^ *from \([a-z_]*\) import.*/\1/p' \
		python/cxl_afu/*.py | sort -u)
	for module in $imports; do
		case $module in cxl_afu) continue ;; esac
		python3 -S -c "import $module, sys; sys.exit('site-packages' in str(getattr($module, '__file__', '')))" ||
			fail "$module is no part of Python"
	done
}

# An AFU in Python runs without libcxl; only a client reports that it is
# missing.
model_needs_no_library() {
	CXL_AFU_LIBCXL=/nowhere PYTHONPATH=python python3 -S -B - <<'EOF' || fail "exit status $?"
from cxl_afu import model
try:
    model.Model("/nowhere/node")
except FileNotFoundError as error:
    assert error.filename == "/nowhere/node"
import cxl_afu
try:
    cxl_afu.Afu
except ImportError as error:
    assert "libcxl is not found" in str(error)
else:
    raise SystemExit("a client without the library")
EOF
}

# A loop may be left early, by break or by an exception.
loop_over_afus_frees_all() {
	[ -z "${cross_compile-}" ] || skip "the package is tested with programs of this machine"
	LD_LIBRARY_PATH=$out/lib PYTHONPATH=python python3 -S -B - <<'EOF' || fail "exit status $?"
import cxl_afu
from cxl_afu import _libcxl

held = set()

class Library:
    def cxl_afu_next(self, handle):
        held.discard(handle)
        handle = (handle or 0) + 1
        if handle > 3:
            return None
        held.add(handle)
        return handle

    def cxl_afu_dev_name(self, handle):
        return b"afu%d.0" % handle

    def cxl_afu_free(self, handle):
        held.remove(handle)

_libcxl.library = Library()
assert list(cxl_afu.afus()) == ["afu1.0", "afu2.0", "afu3.0"]
assert not held, held
for name in cxl_afu.afus():
    assert len(held) == 1, held
    if name == "afu2.0":
        break
assert not held, held
EOF
}

model_speaks_the_abi() {
	cat >"$work/abi.c" <<'EOF'
#include <stdio.h>
#include <misc/cxl-sim.h>
#include <misc/cxl.h>

#define SHOW(name, value) printf("%s %llu\n", name, (unsigned long long)(value))

int main(void)
{
	SHOW("_sim.ABI_VERSION", CXL_SIM_ABI_VERSION);
	SHOW("_sim.GET_INFO", CXL_SIM_GET_INFO);
	SHOW("_sim.OPEN_CONTEXT", CXL_SIM_OPEN_CONTEXT);
	SHOW("_sim.WRITE_ERR_BUFF", CXL_SIM_WRITE_ERR_BUFF);
	SHOW("_sim.COPY_MEMORY", CXL_SIM_COPY);
	SHOW("_sim.FILL_MEMORY", CXL_SIM_FILL);
	SHOW("_sim.COMPARE_SWAP", CXL_SIM_COMPARE_SWAP);
	SHOW("_sim.COPY_FROM_CONTEXT", CXL_SIM_COPY_FROM);
	SHOW("_sim.MESSAGE.size", sizeof(struct cxl_sim_message));
	SHOW("_sim.REQUEST.size", sizeof(struct cxl_sim_request));
	SHOW("_sim.Message.STOP", CXL_SIM_STOP);
	SHOW("_sim.Message.MMIO", CXL_SIM_MMIO);
	SHOW("_sim.Request.ERROR", CXL_SIM_ERROR);
	SHOW("_sim.Request.MMIO_DONE", CXL_SIM_MMIO_DONE);
	SHOW("_sim.MAX_LENGTH", CXL_SIM_MAX_LENGTH);
	SHOW("model.MODE_DEDICATED", CXL_MODE_DEDICATED);
	SHOW("model.MODE_DIRECTED", CXL_MODE_DIRECTED);
	return 0;
}
EOF
	gcc -Iinclude/uapi -o "$work/abi" "$work/abi.c" || fail "it does not build"
	"$work/abi" | PYTHONPATH=python python3 -S -B -c '
import operator, sys
from cxl_afu import _sim, model
for line in sys.stdin:
    name, value = line.split()
    if operator.attrgetter(name)(sys.modules["__main__"]) != int(value):
        raise SystemExit(name + " is " + value)' || fail "see above"
}

# A message about a register access, and its answer: big-endian numbers for the
# model, on machines of either byte order
trapped_registers_are_numbers() {
	PYTHONPATH=python python3 -S -B - <<'EOF' || fail "exit status $?"
import os
import types
from cxl_afu import _sim, model

class Recorder(model.Model):
    def __init__(self, fd):
        self._fd, self._workers, self.seen = fd, {}, []

    def mmio_read(self, context, offset, size):
        self.seen.append((offset, size))
        return 0x11223344

    def mmio_write(self, context, offset, size, value):
        self.seen.append((offset, size, value))

    def __del__(self):
        pass

context = types.SimpleNamespace(process_element=3, _id=9)
read_end, write_end = os.pipe()
for order in "little", "big":
    model._BYTE_ORDER = order
    afu = Recorder(write_end)
    for value, size, write in (0x11223344, 4, 1), (0x11223344, 8, 1), (0, 4, 0), (0, 8, 0):
        raw = int.from_bytes(value.to_bytes(size, "big"), order)
        afu._handle_mmio(context, _sim.MMIO.pack(77, 0x108, raw, size, write))
        answer = _sim.REQUEST.unpack(os.read(read_end, 1000))
        value = 0 if write else int.from_bytes((0x11223344).to_bytes(size, "big"), order)
        assert answer == (_sim.Request.MMIO_DONE, 3, 77, value, 0), answer
    assert afu.seen == [(0x108, 4, 0x11223344), (0x108, 8, 0x11223344), (0x108, 4), (0x108, 8)], afu.seen
EOF
}

everything_is_typed_and_documented() {
	python3 - <<'EOF'
import ast, glob, sys
bad = []
for path in glob.glob("python/cxl_afu/*.py"):
    tree = ast.parse(open(path).read())
    if not ast.get_docstring(tree):
        bad.append(path)
    for node in ast.walk(tree):
        name = getattr(node, "name", "")
        if isinstance(node, ast.FunctionDef):
            arguments = [a for a in node.args.args if a.arg not in ("self", "cls")]
            if node.returns is None or any(a.annotation is None for a in arguments):
                bad.append("%s: %s has no types" % (path, name))
        if isinstance(node, ast.ClassDef) and not name.startswith("_") and not ast.get_docstring(node):
            bad.append("%s: %s has no docstring" % (path, name))
for line in bad:
    print("#", line)
sys.exit(bool(bad))
EOF
}

# shellcheck disable=SC2086
tap_run python $names needs_nothing_but_python model_needs_no_library loop_over_afus_frees_all \
	model_speaks_the_abi trapped_registers_are_numbers everything_is_typed_and_documented
