//! Is every rule for attributes read or refused, and is one that is read the same after it is written?
#![no_main]

use idp_server::saml::attributes::Rule;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(rule) = text.parse::<Rule>() {
        assert_eq!(rule.to_string().parse::<Rule>().as_ref(), Ok(&rule));
    }
});
