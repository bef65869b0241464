//! What else is in a program that reads SAML?

/// samael depends on openssl, which looks for its headers while it is built. With a library of it in the process there would be
/// a second one for crypto, with holes of its own, that nobody here knows of.
#[test]
#[cfg(target_os = "linux")]
fn neither_openssl_nor_libxml2() {
    let own = std::env::current_exe().unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains(own.to_str().unwrap()), "{maps}");
    for library in ["libssl", "libcrypto", "libxml", "libxslt", "libclang"] {
        assert!(!maps.contains(library), "{library} in {maps}");
    }
}
