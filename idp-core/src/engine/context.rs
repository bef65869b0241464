//! What is a person asked to decide about, and what speaks against it?

use std::net::IpAddr;

use super::{
    Engine,
    record::{OpenSignIn, Run},
};
use crate::{
    Error, Fault, Refusal,
    method::{About, Approval, OwnedSubject},
    signin::Origin,
};
use idp_protocol::{
    context::{self, Confirm, Context, Purpose, Risk},
    prompt::show_user_code,
};

impl Engine {
    /// What a person is asked to decide about.
    pub(super) async fn context_for(
        &self,
        run: &Run,
        open: Option<&OpenSignIn>,
        about: &About,
        (what, how): (Approval, Confirm),
        device: IpAddr,
    ) -> Result<Context, Error> {
        let OwnedSubject::User(user) = &about.subject else { return Err(Refusal::NotFound.into()) };
        let from = run.body.from.as_ref().ok_or(Fault::Setup("a ceremony without an origin"))?;
        let mut risks = Vec::new();
        if matches!(what, Approval::SignIn | Approval::Push) && !about.context.known_browser {
            risks.push(Risk::UnknownBrowser);
        }
        // An application asks from a server: where that stands tells the person nothing.
        if what != Approval::Backchannel {
            risks.extend(self.risks(from, device).await?);
        }
        let place = match from.same_network(device) {
            true if !from.address.to_canonical().is_loopback() => "same network".to_owned(),
            _ => from.place.clone(),
        };
        let purpose = self.purpose(run, open, what)?;
        Ok(Context {
            ceremony: run.row.id.octets(),
            account: user.id.octets(),
            account_name: user.login.clone(),
            purpose,
            from: context::From { address: from.named(), place, browser: from.browser.clone() },
            requested_at: run.row.created_at.0,
            expires_at: run.row.expires_at.0,
            risks,
            confirm: how,
            uv: self.settings.user_verification,
        })
    }

    /// What the decision is about.
    fn purpose(&self, run: &Run, open: Option<&OpenSignIn>, what: Approval) -> Result<Purpose, Fault> {
        Ok(match (what, open) {
            (Approval::SignIn, Some(open)) => Purpose::SignIn {
                client: open.sign_in.ask.client.clone(),
                redirect_host: open.sign_in.ask.redirect_host.clone(),
                opens: open.sign_in.ask.opens,
            },
            (Approval::Push, Some(open)) => Purpose::Push {
                client: open.sign_in.ask.client.clone(),
                redirect_host: open.sign_in.ask.redirect_host.clone(),
                opens: open.sign_in.ask.opens,
            },
            (Approval::DeviceGrant, Some(open)) => Purpose::DeviceGrant {
                client: open.sign_in.ask.client.clone(),
                scopes: open.sign_in.ask.scopes.clone(),
                user_code: show_user_code(&self.tools.user_code(run.row.id)),
            },
            (Approval::Backchannel, Some(open)) => Purpose::Backchannel {
                client: open.sign_in.ask.client.clone(),
                scopes: open.sign_in.ask.scopes.clone(),
                binding_message: open.sign_in.ask.message.clone(),
            },
            (Approval::SignIn | Approval::Push | Approval::DeviceGrant | Approval::Backchannel, None) => {
                return Err(Fault::Setup("a sign-in without a sign-in"));
            }
            (Approval::FirstApproval, _) => Purpose::FirstApproval,
            (Approval::AddAuthenticator, _) => Purpose::AddAuthenticator,
        })
    }

    /// What speaks against whoever began there, for who decides elsewhere: with a device, or in a browser about a device.
    pub(super) async fn risks(&self, from: &Origin, decides: IpAddr) -> Result<Vec<Risk>, Fault> {
        let is_elsewhere = !from.is_terminal() && !from.same_network(decides);
        let elsewhere = is_elsewhere.then_some(Risk::OtherNetwork);
        let key = self.reported_key(&from.address.to_string());
        let reported = self.store.mark(key, self.now()).await?.map(|_| Risk::ReportedAddress);
        Ok(elsewhere.into_iter().chain(reported).collect())
    }

    /// The mark of an address that somebody reported.
    pub(super) fn reported_key(&self, address: &str) -> [u8; 32] {
        self.keys().digest("reported", &[address.as_bytes()])
    }
}
