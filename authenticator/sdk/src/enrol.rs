//! How does a device become an authenticator of an account?
//!
//! `enrol` says hello (E1) and returns an [`Offered`]; its `register` sends the keys (E2) and returns an
//! [`Enrolled`] with the code that the person types into the portal; then the server puts the first
//! approval into `pending`, and a decision about it makes the device active.

use std::fmt;

use idp_protocol::{
    Octets, P256Key, Text,
    context::{self, Offer, PinRules, UserVerification},
    crypto::Digest,
    enrol::{self, Agreed, Parts, Right, Secrets},
    link::{Link, Origin, Target},
    message::{Hello, Named, Posted, Register},
    pin,
    typed::{self, TypedOffer},
};
use zeroize::Zeroizing;

use crate::{
    Account, Authenticator, Error, Keys, Signer, Stage, Transport,
    account::CodeKey,
    trust::{Root, Trusted, text},
};

/// What the person says about a new device.
#[non_exhaustive]
pub struct Details {
    /// What the person calls it.
    pub name: Text<64>,
    /// What it is, such as `Linux, terminal`.
    pub platform: Text<64>,
    /// The new PIN, where the offer asks for one.
    pub pin: Option<Zeroizing<String>>,
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Details").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Details {
    /// A device with a name and a platform.
    #[must_use]
    pub fn new(name: Text<64>, platform: Text<64>) -> Self {
        Self { name, platform, pin: None }
    }

    /// With this PIN.
    #[must_use]
    pub fn pin(mut self, pin: &str) -> Self {
        self.pin = Some(Zeroizing::new(pin.to_owned()));
        self
    }
}

/// An enrolment that the server offered, and whose offer was checked.
pub struct Offered<'a, T> {
    authenticator: &'a Authenticator<T>,
    origin: Origin,
    right: Right,
    trusted: Trusted,
    keys: Keys,
    signer: Signer,
    offer: Offer,
    /// SHA-256 of E1 and of E1r.
    digests: (Digest, Digest),
    /// E2, as it was sent: another one by the same key would burn the enrolment.
    sent: Option<Posted>,
}

impl<T> fmt::Debug for Offered<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offered").field("offer", &self.offer).finish_non_exhaustive()
    }
}

/// A device that is registered and waits for the code to be typed into the portal.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The account, as it was put into the store.
    pub account: Account,
    /// The ten digits that the person types into the portal.
    pub code: String,
}

impl<T: Transport> Authenticator<T> {
    /// E1: reads an enrolment code (a link, the text of a QR, or the text for the clipboard), checks the server's root
    /// key against it, says hello and checks the offer. Nothing is stored yet.
    ///
    /// # Errors
    /// [`Error::Link`], [`Error::Typed`] or [`Error::NotEnrolment`] for another text, [`Error::NotAuthentic`] if the
    /// server is not the one that made the code, [`Error::Refused`] if the code is used up or over.
    pub async fn enrol(&self, code: &str) -> Result<Offered<'_, T>, Error> {
        if code.trim_start().starts_with(typed::PREFIX) {
            return self.enrol_typed(&TypedOffer::parse(&self.crypto, code)?).await;
        }
        let Link { origin, target: Target::Enrol(payload) } = Link::parse(code)? else {
            return Err(Error::NotEnrolment);
        };
        let trusted = self.fetch_list(&origin, Root::Pinned(&payload.root)).await?;
        self.say_hello(&origin, Right::scanned(&payload), Named::Id(Octets(payload.enrolment)), trusted).await
    }

    /// E1 with what the person typed. It pins no key of the server, so [`Offered::fingerprint`] is there for
    /// comparison; and a server that does not know the code cannot make the transcript of [`Offered::register`].
    ///
    /// # Errors
    /// As [`Authenticator::enrol`].
    pub async fn enrol_typed(&self, typed: &TypedOffer) -> Result<Offered<'_, T>, Error> {
        let trusted = self.fetch_list(&typed.origin, Root::AtFirstSight).await?;
        let right = Right::typed(&self.crypto, typed);
        self.say_hello(&typed.origin, right, Named::Serial(typed.serial.clone()), trusted).await
    }

    async fn say_hello(
        &self,
        origin: &Origin,
        right: Right,
        named: Named,
        trusted: Trusted,
    ) -> Result<Offered<'_, T>, Error> {
        let origin = origin.clone();
        let keys = Keys::generate(&self.crypto)?;
        // A serial is not the id that the PIN is bound to; the offer tells it.
        let id = match &named {
            Named::Id(id) => *id,
            Named::Serial(_) => Octets([0; 16]),
        };
        let signer = Signer::new(&self.crypto, origin.clone(), &keys, id)?;
        let mut sent = None;
        let hello = |now| self.hello(&signer, &right, named.clone(), now);
        let body = self.post::<Hello>(&origin, &mut sent, hello).await?;
        let hello = self.digest(sent.map(|posted| posted.message).unwrap_or_default().as_bytes());
        let answer = text(body)?;
        let said = trusted.list.read_statement::<Offer>(&self.crypto, &answer, &signer.thumbprint())?;
        self.not_before(&origin, said.iat);
        let offer = said.msg;
        let is_other = matches!(named, Named::Id(id) if id != offer.enrolment);
        if is_other || offer.hello.0 != hello {
            return Err(Error::OutOfStep);
        }
        let signer = Signer::new(&self.crypto, origin.clone(), &keys, offer.enrolment)?;
        let digests = (hello, self.digest(answer.as_bytes()));
        Ok(Offered { authenticator: self, origin, right, trusted, keys, signer, offer, digests, sent: None })
    }

    fn hello(&self, signer: &Signer, right: &Right, named: Named, now: i64) -> Result<Posted, Error> {
        let nonce: [u8; 16] = self.crypto.random();
        let mac = enrol::hello_mac(&self.crypto, right, &signer.thumbprint(), &nonce);
        let hello = Hello { enrolment: named, nonce: Octets(nonce), mac: Octets(mac) };
        let message = signer.sign(&signer.claims(now, hello))?;
        Ok(Posted { message, mac: None, pin_proof: None })
    }

    pub(crate) fn digest(&self, bytes: &[u8]) -> Digest {
        self.crypto.hash.sha256(bytes)
    }
}

impl<T> Offered<'_, T> {
    /// Who offers, in words.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.offer.organisation
    }

    /// Where.
    #[must_use]
    pub fn issuer(&self) -> &Origin {
        &self.origin
    }

    /// The server's root key for comparison by eye with the page that the person typed from.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        typed::fingerprint(&self.trusted.root.0)
    }

    /// For whom, masked.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.offer.account
    }

    /// The rules for the new PIN, where the account asks for one.
    #[must_use]
    pub fn pin_rules(&self) -> Option<PinRules> {
        (self.offer.uv == UserVerification::Pin).then_some(self.offer.pin)
    }
}

impl<T: Transport> Offered<'_, T> {
    /// E2: registers the keys, checks the server's transcript against ours, puts the account into the store
    /// and returns the code for the portal.
    ///
    /// After [`Error::Network`] call it again: the same bytes are sent, whatever the details say.
    ///
    /// # Errors
    /// [`Error::PinNeeded`] and [`Error::BadPin`] before anything is sent, [`Error::NotAuthentic`] or
    /// [`Error::OutOfStep`] if the server saw another registration than ours, [`Error::Refused`].
    pub async fn register(&mut self, details: &Details) -> Result<Enrolled, Error> {
        let pin = self.checked_pin(details)?;
        let (authenticator, mut sent) = (self.authenticator, self.sent.take());
        let answer = authenticator
            .post::<Register>(&self.origin, &mut sent, |now| self.message(details, pin, now))
            .await;
        if matches!(&answer, Err(Error::Network(_) | Error::Unexpected(_))) {
            self.sent = sent;
            return Err(answer.err().unwrap_or(Error::OutOfStep));
        }
        let registered = sent.map(|posted| posted.message).unwrap_or_default();
        let enrolled = self.check(&text(answer?)?, &registered, details.name.clone())?;
        authenticator.store.put(&enrolled.account)?;
        Ok(enrolled)
    }

    fn checked_pin<'d>(&self, details: &'d Details) -> Result<Option<&'d str>, Error> {
        match self.offer.uv {
            UserVerification::None => Ok(None),
            UserVerification::Pin => {
                let pin = details.pin.as_ref().ok_or(Error::PinNeeded)?;
                pin::check(pin, self.offer.pin)?;
                Ok(Some(pin))
            }
            UserVerification::Platform => Err(Error::NoPlatformVerification),
        }
    }

    fn message(&self, details: &Details, pin: Option<&str>, now: i64) -> Result<Posted, Error> {
        let crypto = &self.authenticator.crypto;
        let enrolment = self.offer.enrolment;
        let dh = P256Key::from_point(&crypto.agreement.public(&self.keys.agreement)?)?;
        let register = Register {
            enrolment,
            offer: Octets(self.digests.1),
            dh,
            name: details.name.clone(),
            platform: details.platform.clone(),
            sealed: self.seal(pin, now)?,
        };
        let message = self.signer.sign(&self.signer.claims(now, register))?;
        let mac = enrol::register_mac(crypto, &self.right.secret, &message);
        Ok(Posted { message, mac: Some(Octets(mac)), pin_proof: None })
    }

    fn seal(&self, pin: Option<&str>, now: i64) -> Result<Vec<u8>, Error> {
        let crypto = &self.authenticator.crypto;
        let recipient = self.trusted.list.agreement_key(now).ok_or(Error::NotAuthentic)?;
        let secrets = Secrets { pin_key: pin.map(|pin| Octets(*self.signer.pin_key(pin))) };
        let plain = Zeroizing::new(serde_json::to_vec(&secrets).map_err(|_| Error::OutOfStep)?);
        let info = enrol::secrets_info(self.origin.as_str());
        Ok(crypto.agreement.hpke_seal(&recipient.point(), &info, &self.offer.enrolment.0, &plain)?)
    }

    /// E3 and E4: both sides hash the same transcript, or somebody stands between them.
    fn check(&self, answer: &str, registered: &str, name: Text<64>) -> Result<Enrolled, Error> {
        let crypto = &self.authenticator.crypto;
        let said = self.trusted.list.read_statement::<context::Registered>(
            crypto,
            answer,
            &self.signer.thumbprint(),
        )?;
        let (hello, offer) = self.digests;
        let register = self.authenticator.digest(registered.as_bytes());
        let payload = self.authenticator.digest(&self.right.payload);
        let transcript = enrol::transcript(crypto, &Parts { payload, hello, offer, register });
        if said.msg.transcript.0 != transcript {
            return Err(Error::OutOfStep);
        }
        let peer = self.offer.ephemeral.point();
        let agreed = Agreed::derive(crypto, &self.keys.agreement, &peer, &transcript)?;
        let code = agreed.code(crypto, &transcript);
        let mut keys = self.keys.clone();
        keys.codes = Some(CodeKey(agreed.otp.clone()));
        let account = Account {
            issuer: self.origin.clone(),
            organisation: self.offer.organisation.clone(),
            id: said.msg.account,
            name: self.offer.account.clone(),
            device: said.msg.device,
            device_name: name,
            root: self.trusted.root,
            serial: self.trusted.list.serial,
            server_keys: Account::keys_to_keep(&self.trusted.list),
            enrolment: self.offer.enrolment,
            uv: self.offer.uv,
            pin: self.offer.pin,
            stage: Stage::Unconfirmed { code: code.clone() },
            keys,
        };
        Ok(Enrolled { account, code })
    }
}
