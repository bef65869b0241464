//! Which rows do the suites write? One of each, different in every field for every number.

use idp_protocol::{Octets, P256Key};

use crate::{
    Id, Time,
    audit::{AuditRow, Event},
    browser::KnownBrowser,
    ceremony::{CeremonyRow, Phase},
    credential::CredentialRow,
    device::{DeviceRow, DeviceState, Facts},
    evidence::{Approver, Assurance, Evidence, Factor, Protection, Uv},
    keys::KeyRow,
    mark::MarkRow,
    notify::{Notice, NoticeRow},
    outbox::{Channel, MessageRow},
    seal::Sealed,
    session::{SessionFacts, SessionRow},
    signin::SignInRow,
    users::{Profile, User, UserState},
};

pub(super) const NOW: Time = Time(1_800_000_000);

pub(super) fn id<T>(number: u8) -> Id<T> {
    Id::from_bytes([number; 16])
}

pub(super) fn digest(number: u8) -> [u8; 32] {
    [number; 32]
}

pub(super) fn sealed(number: u8) -> Sealed {
    Sealed(vec![number, 0, 255, number])
}

pub(super) fn ceremony(number: u8) -> CeremonyRow {
    CeremonyRow {
        id: id(number),
        kind: format!("kind-{number}"),
        sign_in: Some(id(number)),
        user: Some(id(number)),
        device: Some(id(number)),
        phase: Phase::Open,
        tries_left: number,
        revision: 1,
        user_code: Some(digest(number)),
        created_at: NOW + i64::from(number),
        expires_at: NOW + 600,
        body: sealed(number),
    }
}

/// A ceremony that belongs to nobody yet.
pub(super) fn bare_ceremony(number: u8) -> CeremonyRow {
    CeremonyRow { sign_in: None, user: None, device: None, user_code: None, ..ceremony(number) }
}

pub(super) fn sign_in(number: u8) -> SignInRow {
    SignInRow {
        id: id(number),
        revision: 1,
        browser: digest(number),
        address: format!("192.0.2.{number}"),
        open: true,
        created_at: NOW + i64::from(number),
        expires_at: NOW + 600,
        body: sealed(number),
    }
}

pub(super) fn mark(number: u8) -> MarkRow {
    MarkRow { key: digest(number), answer: Some(sealed(number)), expires_at: NOW + 60 }
}

pub(super) fn device(number: u8) -> DeviceRow {
    DeviceRow {
        id: id(number),
        user: id(number),
        thumbprint: digest(number),
        state: DeviceState::Registered,
        revision: 1,
        created_at: NOW + i64::from(number),
        seen_at: NOW,
        facts: Facts {
            name: format!("phone {number}: \"Łódź\" 'quoted' 😀"),
            platform: "Android 17".to_owned(),
            signing_key: P256Key::new(digest(number), digest(1)),
            agreement_key: P256Key::new(digest(number), digest(2)),
            enrolment: Octets([number; 16]),
            address: "2001:db8::1".to_owned(),
            place: "this network".to_owned(),
            has_pin: true,
            activated_at: Some(Time(5)),
            assurance: Assurance::Usual,
            stopped_at: None,
            pin_locked: false,
        },
        secrets: sealed(number),
    }
}

pub(super) fn credential(number: u8) -> CredentialRow {
    CredentialRow {
        id: id(number),
        user: id(number),
        kind: "passkey".to_owned(),
        handle: Some(vec![number; 20]),
        counter: 7,
        drift: -1,
        consumed_at: None,
        created_at: NOW + i64::from(number),
        assurance: Assurance::Usual,
        secret: sealed(number),
    }
}

pub(super) fn session(number: u8) -> SessionRow {
    SessionRow {
        id: id(number),
        secret: digest(number),
        sign_in: id(number),
        user: id(number),
        created_at: NOW + i64::from(number),
        used_at: NOW + i64::from(number),
        idle_expires_at: NOW + 3_600,
        expires_at: NOW + 36_000,
        ended_at: None,
        browser: digest(number),
        facts: SessionFacts {
            ledger: vec![Evidence {
                user: id(number),
                credential: id(number),
                kind: "qr".to_owned(),
                factor: Factor::Key(Protection::Hardware),
                uv: Uv::Pin,
                code_typed: true,
                at: NOW,
                assurance: Assurance::Usual,
                approved_by: Some(Approver { device: id(number), address: [192, 0, 2, number].into() }),
            }],
            address: format!("192.0.2.{number}"),
            place: "Köln".to_owned(),
            browser_name: "Firefox on Linux".to_owned(),
            only_client: Some("shop".to_owned()),
        },
    }
}

pub(super) fn known(browser: u8, user: u8) -> KnownBrowser {
    KnownBrowser { browser: digest(browser), user: id(user), created_at: NOW, expires_at: NOW + 600 }
}

pub(super) fn user(number: u8) -> User {
    User {
        id: id(number),
        login: format!("user{number}@example.org"),
        state: UserState::Active,
        created_at: NOW + i64::from(number),
        profile: Profile {
            name: Some(format!("Zoë {number}")),
            email: Some("zoe@example.org".to_owned()),
            email_verified: true,
            locale: Some("nl-NL".to_owned()),
            attributes: [("nickname".to_owned(), "Zo".into())].into(),
        },
    }
}

pub(super) fn key(number: u8) -> KeyRow {
    KeyRow {
        purpose: "root".to_owned(),
        number: i64::from(number),
        private: sealed(number),
        created_at: NOW + i64::from(number),
        not_before: NOW,
        not_after: NOW + 86_400,
    }
}

pub(super) fn notice(number: u8, user: u8) -> NoticeRow {
    NoticeRow {
        id: id(number),
        user: id(user),
        notice: Notice::NewBrowser {
            address: format!("192.0.2.{number}"),
            browser: "Firefox on Linux".to_owned(),
        },
        created_at: NOW + i64::from(number),
        delivered_at: None,
    }
}

pub(super) fn message(number: u8) -> MessageRow {
    MessageRow {
        id: id(number),
        user: id(1),
        channel: Channel::Mail,
        body: sealed(number),
        created_at: NOW,
        expires_at: NOW + 86_400,
        tries: 0,
        due_at: NOW + i64::from(number),
    }
}

pub(super) fn audit(number: u8, user: Option<u8>) -> AuditRow {
    AuditRow {
        id: id(number),
        at: NOW + i64::from(number),
        user: user.map(id),
        event: Event::new("qr.double_claim").from("192.0.2.1").with("number", number),
    }
}
