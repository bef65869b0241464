//! Do the signatures of the RFCs verify, and does nothing else?

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use super::*;
use crate::SeededRandom;

fn b64(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn seeded() -> AwsLc {
    AwsLc { random: Arc::new(SeededRandom::new(b"signatures")) }
}

/// The claims set of RFC 7515, appendix A.
const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

#[test]
fn rfc_7515_a_3_es256() {
    let key = PublicKey::P256 {
        x: b64("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").try_into().unwrap(),
        y: b64("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").try_into().unwrap(),
    };
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}");
    let mut signature =
        b64("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    let verify = |signature: &[u8]| seeded().verify(Algorithm::Es256, &key, message.as_bytes(), signature);
    assert_eq!(verify(&signature), Ok(()));
    assert!(verify(&signature[..63]).is_err());
    assert!(verify(&[0; 64]).is_err(), "r = s = 0 signed anything in Java's implementation of 2022");
    signature[10] ^= 1;
    assert_eq!(verify(&signature), Err(CryptoError::Unauthentic));
}

#[test]
fn rfc_7515_a_2_rs256() {
    let key = PublicKey::Rsa {
        n: b64(concat!(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4Ql",
            "L-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs",
            "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoud",
            "F8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        )),
        e: b64("AQAB"),
    };
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{CLAIMS}");
    let signature = b64(concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG",
        "bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K",
        "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6",
        "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ));
    let verify = |message: &str| seeded().verify(Algorithm::Rs256, &key, message.as_bytes(), &signature);
    assert_eq!(verify(&message), Ok(()));
    assert_eq!(verify(&message[1..]), Err(CryptoError::Unauthentic));
}

#[test]
fn rfc_8032_test_2() {
    let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let expected = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    let pkcs8 = [hex("302e020100300506032b657004220420"), seed].concat();
    let key = seeded().load(Algorithm::EdDsa, &pkcs8).unwrap();
    assert_eq!(*key.public(), PublicKey::Ed25519 { x: public.try_into().unwrap() });
    assert_eq!(key.sign(&[0x72]).unwrap(), expected);
    assert_eq!(seeded().verify(Algorithm::EdDsa, key.public(), &[0x72], &expected), Ok(()));
}

#[test]
fn every_algorithm_signs_loads_and_refuses() {
    let all = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Ps256];
    for algorithm in all {
        let pkcs8 = seeded().generate(algorithm).unwrap();
        let key = seeded().load(algorithm, &pkcs8).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let signature = key.sign(b"message").unwrap();
        assert_eq!(seeded().verify(algorithm, key.public(), b"message", &signature), Ok(()));
        assert!(seeded().verify(algorithm, key.public(), b"massage", &signature).is_err());
        let is_rsa = |algorithm| matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256);
        for other in all {
            if other != algorithm {
                // The numbers of an RSA key do not say for which padding they are.
                let loads = is_rsa(algorithm) && is_rsa(other);
                assert_eq!(seeded().load(other, &pkcs8).is_ok(), loads, "{algorithm:?} as {other:?}");
                assert!(seeded().verify(other, key.public(), b"message", &signature).is_err());
            }
        }
        assert!(seeded().load(algorithm, &pkcs8[1..]).is_err());
    }
}

#[test]
fn a_seed_makes_the_same_elliptic_keys() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        assert_eq!(seeded().generate(algorithm), seeded().generate(algorithm));
    }
}
