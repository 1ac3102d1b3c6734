// What AddressSanitizer has to know of tests that interpret flows in their own process.

// Freed memory that AddressSanitizer holds back (256 MB by default) would count against the limit of
// the interpreter, which looks at the whole process.
extern "C" const char* __asan_default_options() {
    return "quarantine_size_mb=8:print_suppressions=0";
}

// The engine never frees the strings that it makes once, and marks its pointers to them.
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libjavascriptcoregtk\n";
}
