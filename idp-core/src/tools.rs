//! What the engine lends to methods: randomness, digests, password hashing, tickets, statements.

use std::{fmt, sync::Arc};

use idp_protocol::{
    Crypto,
    context::Statement,
    enrol,
    link::{EnrolPayload, Link, Origin, Target},
    offline, offline_codes,
    prompt::{USER_CODE_ALPHABET, USER_CODE_LEN},
    typed::{self, Serial, TypedOffer},
};
use zeroize::Zeroizing;

use crate::{
    Fault, Id, Time,
    ceremony::CeremonyRow,
    device::DeviceSecrets,
    engine::device_aad,
    keys::CurrentKeys,
    method::Device,
    passwords::Passwords,
    seal::Sealer,
    ticket::{self, Ticket, TicketKind},
};

/// The tools of a method.
#[derive(Clone)]
pub struct Tools {
    keys: CurrentKeys,
    passwords: Arc<dyn Passwords>,
    sealer: Sealer,
    origin: Origin,
}

/// An offline ticket with the codes that answer it.
pub struct OfflineTicket {
    /// The text of the QR code.
    pub link: String,
    /// The code that approves.
    pub approval: String,
    /// The code that reports.
    pub report: String,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tools { .. }")
    }
}

impl Tools {
    /// Tools for the issuer of the keys.
    ///
    /// # Errors
    /// [`Fault::Setup`] if the issuer is no origin that a QR code may lead to.
    pub fn new(keys: CurrentKeys, passwords: Arc<dyn Passwords>, sealer: Sealer) -> Result<Self, Fault> {
        let origin = Origin::parse(keys.issuer())
            .map_err(|_| Fault::Setup("the issuer must be https://host[:port], or http on loopback"))?;
        Ok(Self { keys, passwords, sealer, origin })
    }

    /// The crypto port: randomness, digests, key agreement.
    #[must_use]
    pub fn crypto(&self) -> &Crypto {
        self.keys.crypto()
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.keys.issuer()
    }

    /// Whether the password is the one of the hash (PHC string); without a hash the same work is done, and
    /// the answer is no.
    ///
    /// # Errors
    /// [`Fault`] if the hash cannot be read, or too many wait already.
    pub async fn verify_password(&self, hash: Option<&[u8]>, password: &str) -> Result<bool, Fault> {
        self.passwords.verify(hash, password).await
    }

    /// The text of an enrolment QR, or the link that stands for it on the same device.
    #[must_use]
    pub fn enrol_link(&self, payload: EnrolPayload) -> String {
        Link { origin: self.origin.clone(), target: Target::Enrol(payload) }.to_qr()
    }

    /// The text of the QR code for a phone without network.
    #[must_use]
    pub fn codes_link(&self, payload: offline_codes::Payload) -> String {
        Link { origin: self.origin.clone(), target: Target::Codes(payload) }.to_qr()
    }

    /// What an enrolment QR carries.
    #[must_use]
    pub fn enrol_payload(&self, enrolment: Id<CeremonyRow>, secret: [u8; 16], flags: u8) -> EnrolPayload {
        EnrolPayload { enrolment: *enrolment.bytes(), secret, root: self.keys.get().pin(), flags }
    }

    /// The same enrolment for typing. Its code is derived from the secret of the QR, so that one state stands for both.
    ///
    /// # Errors
    /// [`Fault::Setup`] never: a serial is made of the letters that a serial has.
    pub fn enrol_typed(&self, enrolment: Id<CeremonyRow>, secret: [u8; 16]) -> Result<TypedOffer, Fault> {
        let derived = self.crypto().hash.hkdf(&[], &secret, b"enr/typed-code/1");
        let code = derived.first_chunk().copied().unwrap_or_default();
        let serial = self.serial(enrolment)?;
        Ok(TypedOffer { origin: self.origin.clone(), serial, code: Zeroizing::new(code) })
    }

    /// The serial of an enrolment, the same on every node.
    ///
    /// # Errors
    /// As [`Tools::enrol_typed`].
    pub fn serial(&self, enrolment: Id<CeremonyRow>) -> Result<Serial, Fault> {
        let letters = self.letters("enrolment-serial", enrolment);
        letters.parse().map_err(|_| Fault::Setup("a serial could not be drawn"))
    }

    /// The server's root key for comparison by eye.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        typed::fingerprint(&self.keys.get().pin())
    }

    /// The text of a sign-in QR, of the QR of a device without a keyboard or of an application, or a same-device link.
    #[must_use]
    pub fn ticket_link(&self, kind: TicketKind, ticket: Ticket, now: Time) -> String {
        let ticket = ticket::seal(&self.keys.get(), kind, ticket, now);
        let target = match kind {
            TicketKind::Scan => Target::Scan(ticket),
            TicketKind::SameDevice => Target::SameDevice(ticket),
            TicketKind::Grant => Target::Grant(ticket),
            TicketKind::Backchannel => Target::Backchannel(ticket),
        };
        Link { origin: self.origin.clone(), target }.to_qr()
    }

    /// Seals a request to one of the subject's devices (O2), or to nobody: whoever may not sign in gets a ticket that no
    /// device opens, and nobody can tell the two apart, by their looks or by the work that they cost. A code that
    /// approves and reports at once is drawn anew.
    ///
    /// The device's PIN key goes into the codes and does not leave this call.
    ///
    /// # Errors
    /// [`Fault`] if a key or what is stored of the device cannot be used.
    pub fn offline_ticket(
        &self,
        to: Option<&Device>,
        nobody: &[u8],
        request: &offline::Request,
        now: Time,
    ) -> Result<OfflineTicket, Fault> {
        let keys = self.keys.get();
        // Both are made for everybody, so that a name that nobody has costs the same.
        let decoy = self.decoy_device(nobody)?;
        let (recipient, pin_key) = match to {
            Some(device) => (device.agreement_key.point(), self.pin_key(device)?),
            None => decoy,
        };
        let pin_key = Some(pin_key).filter(|_| request.with == offline::With::Pin);
        loop {
            let asked = keys.ask_offline(&recipient, request, now)?;
            let approval = asked.approval(self.crypto(), pin_key.as_deref());
            let report = asked.report(self.crypto());
            if approval != report {
                let target = Target::Offline(asked.ticket);
                let link = Link { origin: self.origin.clone(), target }.to_qr();
                return Ok(OfflineTicket { link, approval, report });
            }
        }
    }

    /// K_p of a device; of one without a PIN a key that nobody has.
    fn pin_key(&self, device: &Device) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let secrets: DeviceSecrets = self.sealer.open_json(&device_aad(device.id), &device.secrets)?;
        let none = || self.keys.get().digest("no-pin", &[device.id.bytes()]);
        Ok(Zeroizing::new(secrets.pin_key.map_or_else(none, |key| key.0)))
    }

    /// The agreement key and K_p of a device that is not there.
    fn decoy_device(&self, nobody: &[u8]) -> Result<([u8; 65], Zeroizing<[u8; 32]>), Fault> {
        let keys = self.keys.get();
        let draw = |round: u8| Zeroizing::new(keys.digest("offline-decoy", &[nobody, &[round]]));
        // One in 2^32 is no scalar of the curve.
        let point = (0..4).find_map(|round| self.crypto().agreement.public(&draw(round)).ok());
        let point = point.ok_or(Fault::Setup("the agreement of the crypto port refuses all scalars"))?;
        Ok((point, Zeroizing::new(keys.digest("offline-decoy-pin", &[nobody]))))
    }

    /// The user code of a ceremony: eight letters of RFC 8628's alphabet, the same on every node.
    #[must_use]
    pub fn user_code(&self, ceremony: Id<CeremonyRow>) -> String {
        self.letters("user-code", ceremony)
    }

    fn letters(&self, usage: &str, ceremony: Id<CeremonyRow>) -> String {
        let digest = self.keys.get().digest(usage, &[ceremony.bytes()]);
        // A byte below 240 picks a letter without bias; 32 bytes hold 8 such bytes but once in 10^17.
        let letters = digest.iter().filter(|byte| **byte < 240);
        letters
            .filter_map(|byte| USER_CODE_ALPHABET.get(usize::from(byte % 20)))
            .take(USER_CODE_LEN)
            .map(|letter| char::from(*letter))
            .collect()
    }

    /// Signs a statement to the device with this thumbprint.
    ///
    /// # Errors
    /// [`Fault::Key`] if the key cannot sign.
    pub fn state<T: Statement>(&self, device: [u8; 32], now: Time, msg: T) -> Result<String, Fault> {
        self.keys.get().state(device, now, msg)
    }

    /// Opens what a registering device sealed to the server's agreement key.
    #[must_use]
    pub fn open_secrets(&self, enrolment: Id<CeremonyRow>, sealed: &[u8]) -> Option<enrol::Secrets> {
        self.keys.get().open_secrets(enrolment.bytes(), sealed)
    }

    /// A fresh key pair for one key agreement: the scalar and the uncompressed point.
    ///
    /// # Errors
    /// [`Fault::Key`] if the implementation cannot.
    pub fn ephemeral(&self) -> Result<(Zeroizing<[u8; 32]>, [u8; 65]), Fault> {
        let private = self.crypto().agreement.generate();
        let public = self.crypto().agreement.public(&private)?;
        Ok((private, public))
    }
}
