#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(init: hamiltone_fuzz::silence_panics(), |bytes: &[u8]| hamiltone_fuzz::model_file(bytes));
