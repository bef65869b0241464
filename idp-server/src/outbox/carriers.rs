//! What carries a message, and did it get there?

use std::time::{Duration, SystemTime};

use idp_core::{
    Fault, Time,
    outbox::{Channel, Message, MessageRow},
};
use idp_protocol::Crypto;
use serde_json::{Value, json};
use symbolon_outbound::Outbound;
use symbolon_smtp::{Failure, Mail, Mailer, Picture};
use symbolon_webhook::Webhook;

use super::{
    trouble::Troubles,
    words::{House, PICTURE, Words},
};
use crate::{App, Config, config::CarrierError, pages::Moment, text::Language};

/// What the settings say that messages are carried by.
pub(crate) struct Carriers {
    mail: Option<Mailer>,
    webhook: Option<Webhook>,
    troubles: Troubles,
}

/// Why a message did not get there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undelivered {
    #[error(transparent)]
    Mail(#[from] symbolon_smtp::Failure),
    #[error(transparent)]
    Webhook(#[from] symbolon_webhook::Failure),
    #[error("the settings have nothing that carries it any more")]
    NoCarrier,
    #[error("it is of no use any more: what it leads to has ended")]
    OfNoUse,
    #[error("it cannot be put into words: {0}")]
    Words(#[from] askama::Error),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Undelivered {
    /// Whether another try is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Mail(failure) => failure.is_final(),
            Self::OfNoUse => true,
            Self::Webhook(_) | Self::NoCarrier | Self::Words(_) | Self::Fault(_) => false,
        }
    }

    /// Whether the carrier is in trouble, and not this message.
    fn is_of_the_carrier(&self) -> bool {
        match self {
            Self::Mail(failure) => failure.is_of_the_server(),
            Self::Webhook(_) | Self::NoCarrier => true,
            Self::OfNoUse | Self::Words(_) | Self::Fault(_) => false,
        }
    }
}

impl Carriers {
    pub(crate) fn start(config: &Config, outbound: &Outbound, crypto: &Crypto) -> Result<Self, CarrierError> {
        Ok(Self {
            mail: config.mail.start(&config.server.issuer)?,
            webhook: config.webhook.start(outbound, crypto)?,
            troubles: Troubles::default(),
        })
    }

    /// What there is.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let mail = self.mail.as_ref().map(|_| Channel::Mail);
        mail.into_iter().chain(self.webhook.as_ref().map(|_| Channel::Webhook)).collect()
    }

    pub(super) async fn carry(&self, app: &App, row: &MessageRow) -> Result<(), Undelivered> {
        let carried = match row.channel {
            Channel::Mail => self.by_mail(app, row).await,
            Channel::Webhook => self.to_the_webhook(app, row).await,
        };
        match &carried {
            Err(why) if why.is_of_the_carrier() => {
                self.troubles.began(row.channel, &why.to_string());
            }
            // Its server spoke to us, whatever it said of this one.
            Ok(()) | Err(Undelivered::Mail(Failure::Refused(_) | Failure::Later(_))) => {
                self.troubles.ended(row.channel);
            }
            Err(_) => {}
        }
        carried
    }

    async fn by_mail(&self, app: &App, row: &MessageRow) -> Result<(), Undelivered> {
        let mailer = self.mail.as_ref().ok_or(Undelivered::NoCarrier)?;
        let message = useful(app, row).await?;
        let to = message.to.email.as_deref().unwrap_or_default();
        let mail = mail(&row.id.to_string(), row.created_at, to, &words(app, &message))?;
        Ok(mailer.send(&mail).await?)
    }

    async fn to_the_webhook(&self, app: &App, row: &MessageRow) -> Result<(), Undelivered> {
        let webhook = self.webhook.as_ref().ok_or(Undelivered::NoCarrier)?;
        let message = useful(app, row).await?;
        let body = told(&message, row.created_at, &words(app, &message)).map_err(Fault::from)?;
        Ok(webhook.send(&row.id.to_string(), app.engine().now().0, &body).await?)
    }
}

/// The message, unless what it leads to has ended since it was written.
async fn useful(app: &App, row: &MessageRow) -> Result<Message, Undelivered> {
    let message = app.engine().open_message(row)?;
    if app.engine().is_of_use(&message).await? { Ok(message) } else { Err(Undelivered::OfNoUse) }
}

fn words(app: &App, message: &Message) -> Words {
    let language = Language::preferred(message.to.locale.as_deref().unwrap_or_default());
    Words::of(message, language, &House::of(app.config()))
}

/// The mail with these words. `id` makes it recognisable when it arrives twice.
pub(crate) fn mail(id: &str, written: Time, to: &str, words: &Words) -> Result<Mail, askama::Error> {
    let since_1970 = Duration::from_secs(u64::try_from(written.0).unwrap_or_default());
    Ok(Mail {
        id: id.to_owned(),
        written: SystemTime::UNIX_EPOCH + since_1970,
        to: to.to_owned(),
        subject: words.subject().into(),
        text: words.text()?,
        html: words.html()?,
        picture: words.picture().map(|png| Picture { id: PICTURE, png: png.bytes.clone() }),
    })
}

/// What the program hears: the facts, and the words of the mail for whatever it passes them on by.
fn told(message: &Message, at: Time, words: &Words) -> Result<Value, serde_json::Error> {
    let mut data = serde_json::to_value(&message.template)?;
    if let Some(facts) = data.as_object_mut() {
        facts.remove("template");
        facts.insert("user".to_owned(), serde_json::to_value(&message.to)?);
        facts.insert("subject".to_owned(), words.subject().into());
        facts.insert("text".to_owned(), words.short().into());
    }
    Ok(json!({ "type": message.template.name(), "timestamp": Moment(at).machine(), "data": data }))
}
