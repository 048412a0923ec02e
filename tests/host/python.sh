#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The Python package: each test of cxl_afu_test.py, which run in one guest.

. tests/lib/tap.sh
vm=$PWD/vm
. vm/lib.sh

load_target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=$(sed -n 's/^    def test_\([a-z_]*\)(.*/\1/p' tests/host/cxl_afu_test.py)

# Not by another Python that stands before Debian's: some begin slowly.
run_all() {
	[ ! -f "$work/log" ] || return 0
	./guest --module examples/afu-driver /usr/bin/python3 -B tests/host/cxl_afu_test.py -v >"$work/log" 2>&1 || :
}

for name in $names; do
	eval "$name() {
		[ -z '${cross_compile-}' ] || skip 'the package is tested with programs of this machine'
		run_all
		grep -q '^test_$name .*ok\$' $work/log || fail \"\$(cat $work/log)\"
	}"
done

# What is said in its documentation strings is all that there is to it.
needs_nothing_but_python() {
	imports=$(sed -n 's/^ *import \([a-z_.]*\).*/\1/p; s/^ *from \([a-z_]*\) import.*/\1/p' \
		python/cxl_afu/__init__.py python/cxl_afu/_libcxl.py python/cxl_afu/[abem]*.py | sort -u)
	for module in $imports; do
		case $module in cxl_afu) continue ;; esac
		python3 -S -c "import $module, sys; sys.exit('site-packages' in str(getattr($module, '__file__', '')))" ||
			fail "$module is no part of Python"
	done
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
tap_run python $names needs_nothing_but_python everything_is_typed_and_documented
