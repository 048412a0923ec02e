# The tests come in a patch of their own.
/^config CXL_KUNIT_TEST/,$d
/^# Unit tests/,/CXL_KUNIT_TEST/d
