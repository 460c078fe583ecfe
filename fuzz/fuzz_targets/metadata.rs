#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: hamiltone_fuzz_targets::silence_panics(), |bytes: &[u8]| hamiltone_fuzz_targets::metadata(bytes));
