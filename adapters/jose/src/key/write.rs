//! How is a key written? With every member that was read, so that a client gets back what it registered (RFC 7591, 3.2.1).

use serde::{Serialize, Serializer};

use super::Key;

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut jwk = self.material.members();
        let stated = [
            ("kid", self.kid.as_deref()),
            ("use", self.usage.map(super::Use::name)),
            ("alg", self.algorithm.as_deref()),
        ];
        for (name, value) in stated {
            if let Some(value) = value {
                jwk.insert(name.to_owned(), value.into());
            }
        }
        if let Some(operations) = &self.operations {
            jwk.insert("key_ops".to_owned(), operations.clone().into());
        }
        self.certificates.write(&mut jwk);
        jwk.serialize(serializer)
    }
}
