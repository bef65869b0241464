//! What does this device do with an account that came to be without a network, and gives one-time codes only?

use idp_protocol::link::{Link, Target};
use serde_json::json;
use symbolon_authenticator::OfflineAccount;

use super::{Outcome, otp};
use crate::{
    failure::Failure,
    home::Device,
    show,
    terminal::find_account,
    voice::{Voice, clean},
};

/// Whether a text is the code for a phone without network.
pub fn is_code(text: &str) -> bool {
    Link::parse(text).is_ok_and(|link| matches!(link.target, Target::Codes(_)))
}

/// Makes the account, shows the digits for the portal, and then the codes that it asks for next.
pub async fn enrol(device: &Device, voice: &Voice, text: &str) -> Result<Outcome, Failure> {
    let activated = device.enrol_offline(text)?;
    let account = &activated.account;
    voice.event("offline_account", &show::offline_account_event(account));
    voice.event("registration_code", &json!({ "code": activated.code }));
    voice.say(&format!(
        "One-time codes for {} at {} ({}).\n\nType these digits into the portal, on the page where you scanned the code, and press \
         Complete:\n\n    {}\n\nThe page then asks for a code. It is this one:\n",
        clean(account.name.as_str()),
        clean(account.organisation.as_str()),
        account.issuer,
        show::grouped(&activated.code)
    ));
    let clock = otp::clock_of(device, voice, &account.issuer);
    otp::show(voice, &device.offline_codes(account), &clock).await;
    voice.say(
        "\nUse it until this device has a network: then begin its upgrade in the portal, where it is listed, and enrol again.",
    );
    Ok(Outcome::Done)
}

/// The account with codes only that a command is about: the one that was named, or the only one where no other is ready.
pub fn chosen(device: &Device, wanted: Option<&str>) -> Result<Option<OfflineAccount>, Failure> {
    let (accounts, mut own) = (device.accounts()?, device.offline_accounts()?);
    let index = match wanted {
        Some(wanted) if find_account(&accounts, wanted).is_some() => None,
        Some(wanted) => find(&own, accounts.len(), wanted),
        None if own.is_empty() || accounts.iter().any(symbolon_authenticator::Account::is_active) => None,
        None if own.len() == 1 => Some(0),
        None => {
            let why =
                "There are several accounts with codes only: say which by its number, see `accounts list`.";
            return Err(Failure::Usage(why.to_owned()));
        }
    };
    Ok(index.map(|index| own.swap_remove(index)))
}

/// The list goes on behind the other accounts.
fn find(own: &[OfflineAccount], before: usize, wanted: &str) -> Option<usize> {
    let by_number =
        wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(before)?.checked_sub(1));
    if let Some(index) = by_number.filter(|index| *index < own.len()) {
        return Some(index);
    }
    let mut named = own.iter().enumerate().filter(|(_, account)| account.name.as_str() == wanted);
    let found = named.next().map(|(index, _)| index);
    if named.next().is_some() { None } else { found }
}

/// At a contact with the network the person is offered a device in place of the codes.
pub async fn offer_upgrade(device: &Device, voice: &Voice, account: &OfflineAccount) {
    if device.can_be_upgraded(account).await {
        voice.event("upgrade", &json!({ "account": account.id, "issuer": account.issuer.as_str() }));
        voice.say(&format!(
            "This device has a network now. Make it a device of your account, which can do more and is safer: sign in at {}, \
             choose \"Upgrade\" at this entry, and enrol with the code that you see there.",
            account.issuer
        ));
    }
}

/// Deletes the key here.
pub fn remove(device: &Device, voice: &Voice, account: &OfflineAccount) -> Result<Outcome, Failure> {
    device.forget_offline(account)?;
    voice.event("removed", &show::offline_account_event(account));
    voice.say(
        "Removed: the key of these codes is deleted here. Take them off your account in the portal, too.",
    );
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use idp_protocol::{Octets, link::Origin};
    use symbolon_authenticator::account::CodeKey;

    use super::*;

    fn account(name: &str) -> OfflineAccount {
        OfflineAccount {
            issuer: Origin::parse("https://id.example.org").unwrap(),
            organisation: "Example".parse().unwrap(),
            name: name.parse().unwrap(),
            id: Octets([1; 16]),
            enrolment: Octets([2; 16]),
            codes: CodeKey([3; 32].into()),
        }
    }

    #[test]
    fn an_account_is_found_by_its_number_behind_the_others_or_by_a_name_of_its_own() {
        let own = [account("alice"), account("bob"), account("bob")];
        assert_eq!(
            [2, 3, 4, 5, 6].map(|number: u8| find(&own, 2, &number.to_string())),
            [None, Some(0), Some(1), Some(2), None]
        );
        assert_eq!(find(&own, 2, "alice"), Some(0));
        assert_eq!(find(&own, 2, "bob"), None, "the number must say which");
        assert_eq!(find(&own, 2, "0"), None);
    }

    #[test]
    fn only_the_code_for_a_phone_without_network_is_taken_for_one() {
        let vectors = include_str!("../../../../idp-protocol/vectors/offline-codes.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        assert!(is_code(vectors["cases"][0]["qr"].as_str().unwrap()));
        let links = include_str!("../../../../idp-protocol/vectors/links.json");
        let links: serde_json::Value = serde_json::from_str(links).unwrap();
        assert!(!is_code(links["good"][0]["qr"].as_str().unwrap()));
    }
}
