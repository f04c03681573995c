#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mintedge_fuzz::targets::client_document::run(input));
