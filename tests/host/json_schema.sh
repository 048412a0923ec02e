#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The schemas of the tools' JSON output, and the program that checks it in the
# guest: it accepts and refuses what it should, like another validator.

. tests/lib/tap.sh

schemas=tests/schema
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${HOSTCC:-gcc} -O2 -Wall -Wextra -o "$work/json-check" "$schemas/json-check.c" -ljson-c || exit

# verdict SCHEMA DEFINITION TEXT: of both validators, if there are two
verdict() {
	echo "$3" | "$work/json-check" "$schemas/$1.json" "$2" >"$work/out"
	ours=$?
	[ "$ours" -ne 2 ] || fail "$(cat "$work/out")"
	# shellcheck disable=SC2016
	[ -z "${python-}" ] || echo "$3" | python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
schema["$ref"] = "#/$defs/" + sys.argv[2]
try:
    jsonschema.validate(json.load(sys.stdin), schema, jsonschema.Draft202012Validator)
except (jsonschema.ValidationError, ValueError):
    sys.exit(1)
' "$schemas/$1.json" "$2" || {
		[ "$ours" -ne 0 ] || fail "only python refuses: $3"
		return "$ours"
	}
	[ -z "${python-}" ] || [ "$ours" -eq 0 ] || fail "only json-check refuses: $3: $(cat "$work/out")"
	return "$ours"
}

accepts() {
	verdict "$@" || fail "refused: $3: $(cat "$work/out")"
}

refuses() {
	! verdict "$@" || fail "accepted: $3"
}

check_verdicts() {
	accepts afuctl mode '{"name":"afu0.0","mode":"none"}'
	refuses afuctl mode '{"name":"afu0.0"}'
	refuses afuctl mode '{"name":"afu0","mode":"none"}'
	refuses afuctl mode '{"name":"afu0.0","mode":"fast"}'
	refuses afuctl mode '{"name":"afu0.0","mode":"none","more":1}'
	refuses afuctl mode '["afu0.0"]'
	refuses afuctl mode '{"name":'
	accepts afuctl list '{"cards":[]}'
	refuses afuctl list '{"cards":{}}'
	refuses afuctl list '{"cards":[{"name":"card0"}]}'
	accepts afuctl error '{"error":"no","status":3,"errno":"ENOENT"}'
	refuses afuctl error '{"error":"no","status":0}'
	refuses afuctl error '{"error":"","status":1}'
	refuses afuctl error '{"error":"no","status":"3"}'
	event='"event":"data_storage","time_ns":1,"afu":"afu0.0","pe":0'
	accepts afuctl monitor "{$event,\"address\":\"0x1000\"}"
	refuses afuctl monitor "{$event,\"address\":4096}"
	refuses afuctl monitor "{$event,\"address\":\"0x10000000000000000\"}"
	accepts afuctl monitor '{"event":"lost","time_ns":1,"count":5}'
	refuses afuctl monitor '{"event":"lost","time_ns":1,"count":5,"pe":1}'
	accepts afuctl info '{"name":"card0","caia_version":"1.0","psl_revision":1,"base_image":1,"image_loaded":"user"}'
	refuses afuctl info '{"name":"card0"}'
	accepts afu-cp error '{"error":"no","status":1}'
	refuses afu-cp line '{"event":"copy"}'
}

texts_are_accepted_and_refused() {
	check_verdicts
	refuses afuctl destroy "$(printf '{"software":"\377","destroyed":true}')"
	echo '{"error":"a","status":1} {"error":"b","status":0}' |
		"$work/json-check" "$schemas/afuctl.json" error >"$work/out" && fail "the second one is wrong"
	grep -q '^text 1/status: is less than 1$' "$work/out" || fail "$(cat "$work/out")"
	! "$work/json-check" "$schemas/afuctl.json" error </dev/null || fail "nothing is accepted"
	! "$work/json-check" "$schemas/afuctl.json" nonsense </dev/null 2>"$work/out" || fail "no such definition"
}

another_validator_agrees() {
	python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema"
	python3 -c '
import json, sys, jsonschema
for path in sys.argv[1:]:
    jsonschema.Draft202012Validator.check_schema(json.load(open(path)))
' "$schemas"/*.json || fail "not a JSON Schema"
	python=yes
	check_verdicts
}

tap_run json_schema texts_are_accepted_and_refused another_validator_agrees
