#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| mintedge_fuzz::targets::document_url::run(input));
