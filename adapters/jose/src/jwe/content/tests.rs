//! Is content encrypted as in RFC 7518, and is every manipulation noticed?

use super::*;

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

const PLAIN: &[u8] =
    b"A cipher system must not be required to be secret, and it must be able to fall into the hands of \
                       the enemy without inconvenience";
const AAD: &[u8] = b"The second principle of Auguste Kerckhoffs";
const IV: &str = "1af38c2dc2b96ffdd86694092341bc04";

fn check(content: ContentEncryption, ciphertext: &str, tag: &str) {
    let key: Vec<u8> = (0..64).take(content.key_len()).collect();
    let sealed = content.seal(&key, &hex(IV), AAD, PLAIN).unwrap();
    assert_eq!(sealed.ciphertext, hex(ciphertext));
    assert_eq!(sealed.tag, hex(tag));
    assert_eq!(content.open(&key, &hex(IV), AAD, &sealed).unwrap().as_slice(), PLAIN);
}

#[test]
fn aes_128_cbc_hmac_sha_256_of_rfc_7518_b_1() {
    check(
        ContentEncryption::A128CbcHs256,
        "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9\
         a94ac9b47ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c7032336\
         09d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b\
         384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade5\
         4b8851ffb598f7f80074b9473c82e2db",
        "652c3fa36b0a7c5b3219fab3a30bc1c4",
    );
}

#[test]
fn aes_256_cbc_hmac_sha_512_of_rfc_7518_b_3() {
    check(
        ContentEncryption::A256CbcHs512,
        "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd\
         822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b\
         36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3\
         a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b\
         be2638d09dd7a4930930806d0703b1f6",
        "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
    );
}

#[test]
fn every_manipulation_is_noticed() {
    for content in ContentEncryption::ALL {
        let (key, iv) = (vec![1; content.key_len()], vec![2; content.iv_len()]);
        let seal = || content.seal(&key, &iv, b"for", b"secret").unwrap();
        let refused = |iv: &[u8], aad: &[u8], sealed: &Sealed| content.open(&key, iv, aad, sealed).is_err();
        let sealed = seal();
        assert!(!refused(&iv, b"for", &sealed));
        assert!(refused(&iv, b"to", &sealed));
        assert!(refused(&vec![3; iv.len()], b"for", &sealed));
        assert!(refused(&iv[1..], b"for", &sealed));
        assert!(content.open(&vec![9; key.len()], &iv, b"for", &sealed).is_err());
        assert!(content.open(&key[1..], &iv, b"for", &sealed).is_err());
        for at in 0..sealed.ciphertext.len() {
            let mut sealed = seal();
            sealed.ciphertext[at] ^= 1;
            assert!(refused(&iv, b"for", &sealed), "{content} {at}");
        }
        for at in 0..sealed.tag.len() {
            let mut sealed = seal();
            sealed.tag[at] ^= 1;
            assert!(refused(&iv, b"for", &sealed), "{content} {at}");
        }
    }
}

#[test]
fn a_shortened_tag_is_refused() {
    for content in ContentEncryption::ALL {
        let (key, iv) = (vec![1; content.key_len()], vec![2; content.iv_len()]);
        let sealed = content.seal(&key, &iv, b"", b"secret").unwrap();
        for length in 0..sealed.tag.len() {
            let short = Sealed { ciphertext: sealed.ciphertext.clone(), tag: sealed.tag[..length].to_vec() };
            assert!(content.open(&key, &iv, b"", &short).is_err(), "{content} {length}");
        }
        // The same bytes with the boundary elsewhere.
        let mut moved = content.seal(&key, &iv, b"", b"secret").unwrap();
        moved.tag.insert(0, moved.ciphertext.pop().unwrap());
        assert!(content.open(&key, &iv, b"", &moved).is_err(), "{content}");
    }
}
