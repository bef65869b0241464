//! Does the device follow the protocol, and notice each lie of a server or a network?

#[cfg(test)]
mod clocks;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod order;

#[cfg(test)]
mod journeys {
    use std::sync::{Arc, atomic::Ordering};

    use idp_protocol::{
        ErrorCode, Prompt,
        context::{Confirm, Opens, Purpose},
        message::{EnrolDecision, Hello, Message, Pending, PushDecision, QrClaim, Register, Update, Verdict},
        push::PushSubscription,
        server,
    };
    use symbolon_authenticator::{
        Account, Answer, Clock as _, Details, Enrolled, Error, Scripted, Stage, Ticket,
    };

    use super::fake::{self, Fake, Fault, NUMBER, PIN, Phone, Waits};

    fn details() -> Details {
        Details::new("Laptop".parse().unwrap(), "Linux, terminal".parse().unwrap()).pin(PIN)
    }

    fn alice(verdict: Verdict) -> Scripted {
        Scripted::new(verdict).pin(PIN).number(NUMBER)
    }

    const NUMBER_ASKED: Confirm = Confirm::NumberFromBrowser { digits: 6, tries_left: 3 };

    async fn register(fake: &Fake, phone: &Phone) -> Result<Enrolled, Error> {
        phone.enrol(&fake.enrolment_link()).await?.register(&details()).await
    }

    pub async fn enrolled(fake: &Arc<Fake>, phone: &Phone) -> Account {
        let enrolled = register(fake, phone).await.unwrap();
        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        phone.finish_enrolment(&enrolled.account, &alice(Verdict::Approve)).await.unwrap();
        phone.accounts().unwrap().remove(0)
    }

    #[tokio::test]
    async fn a_device_enrols_and_approves_for_the_first_time() {
        let (fake, phone, _) = fake::start();
        let mut offered = phone.enrol(&fake.enrolment_link()).await.unwrap();
        assert_eq!((offered.organisation(), offered.account()), ("Example", "a…e@example.org"));
        assert_eq!(offered.pin_rules().unwrap().min_length, 6);
        let enrolled = offered.register(&details()).await.unwrap();
        assert_eq!(enrolled.code, fake.state.lock().unwrap().code);
        assert_eq!(enrolled.account.stage, Stage::Unconfirmed { code: enrolled.code.clone() });
        assert!(phone.accounts_for(&Ticket::from_scan(&fake.ticket()).unwrap()).is_err());

        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        phone.finish_enrolment(&enrolled.account, &alice(Verdict::Approve)).await.unwrap();
        let account = phone.accounts().unwrap().remove(0);
        assert!(account.is_active());
        assert_eq!(account.name, "alice@example.org", "the full name comes with the first approval");
    }

    #[tokio::test]
    async fn a_scan_shows_the_facts_and_then_the_code() {
        let (fake, phone, _) = fake::start();
        enrolled(&fake, &phone).await;
        let code = Prompt::ShowCode { code: "123456".to_owned() };
        fake.state.lock().unwrap().prompt = Some(code.clone());
        let alice = alice(Verdict::Approve);
        let ticket = Ticket::from_scan(&fake.ticket()).unwrap();
        let decided = phone.sign_in(&ticket, &alice).await.unwrap();
        assert_eq!(decided.prompt, Some(code.clone()));
        assert_eq!(alice.seen()[0].purpose, Fake::sign_in());
        assert_eq!(alice.shown(), [code]);
    }

    #[tokio::test]
    async fn deny_and_report_need_no_pin() {
        let (fake, phone, _) = fake::start();
        enrolled(&fake, &phone).await;
        for verdict in [Verdict::Deny, Verdict::Report] {
            let decided = phone.sign_in_by_code("bcdf-ghjk", &Scripted::new(verdict)).await.unwrap();
            assert_eq!(decided.outcome, verdict);
        }
        let made = fake.state.lock().unwrap().decisions.clone();
        assert_eq!(made, [Verdict::Approve, Verdict::Deny, Verdict::Report]);
    }

    #[tokio::test]
    async fn a_foreign_code_is_rejected_before_any_network_call() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        let before = fake.state.lock().unwrap().requests.len();
        let evil = fake.ticket().replace("ID.EXAMPLE.ORG", "ID.EXAMPLE.ORG.EVIL.EXAMPLE");
        let ticket = Ticket::from_scan(&evil).unwrap();
        assert!(matches!(phone.sign_in(&ticket, &alice(Verdict::Approve)).await, Err(Error::Foreign(_))));
        assert!(matches!(phone.claim(&account, &ticket).await, Err(Error::Foreign(_))));
        assert_eq!(fake.state.lock().unwrap().requests.len(), before);
    }

    #[test]
    fn qr_phishing_by_link_and_same_device_by_scan() {
        let (fake, _, _) = fake::start();
        assert!(matches!(Ticket::from_link(&fake.ticket()), Err(Error::NeedsScan)));
        assert!(matches!(Ticket::from_scan(&fake.same_device()), Err(Error::NeedsLink)));
        assert!(matches!(Ticket::from_picture(&fake.same_device()), Err(Error::NeedsLink)));
        assert!(matches!(Ticket::from_picture(&fake.enrolment_link()), Err(Error::IsEnrolment)));
        assert!(Ticket::from_link(&fake.same_device()).is_ok());
        assert!(matches!(Ticket::from_link(&fake.television()), Err(Error::NeedsScan)));
        assert!(Ticket::from_scan(&fake.television()).is_ok());
        assert!(Ticket::from_picture(&fake.television()).is_ok());
    }

    #[tokio::test]
    async fn a_lost_answer_is_fetched_by_the_same_bytes() {
        let (fake, phone, _) = fake::start();
        for path in [Hello::PATH, Register::PATH] {
            fake.fail(path, Fault::Lost);
            fake.fail(path, Fault::Busy);
        }
        register(&fake, &phone).await.unwrap();
        for path in [Hello::PATH, Register::PATH] {
            let bodies = fake.bodies(path);
            assert_eq!(bodies.len(), 3, "{path}");
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{path}");
        }
    }

    #[tokio::test]
    async fn a_registration_survives_a_longer_outage() {
        let (fake, phone, _) = fake::start();
        let mut offered = phone.enrol(&fake.enrolment_link()).await.unwrap();
        for _ in 0..3 {
            fake.fail(Register::PATH, Fault::Lost);
        }
        assert!(matches!(offered.register(&details()).await, Err(Error::Network(_))));
        offered.register(&details()).await.unwrap();
        let bodies = fake.bodies(Register::PATH);
        assert_eq!(bodies.len(), 4);
        assert!(bodies.iter().all(|body| *body == bodies[0]), "another E2 would burn the enrolment");
    }

    #[tokio::test]
    async fn a_wrong_clock_is_corrected_once() {
        for off in [-5_000, 5_000] {
            let (fake, phone, clock) = fake::start();
            clock.advance(off);
            enrolled(&fake, &phone).await;
            let bodies = fake.bodies(Hello::PATH);
            assert_eq!(bodies.len(), 2);
            let (first, second) = (fake::claims_of(&bodies[0]), fake::claims_of(&bodies[1]));
            assert_ne!(first["jti"], second["jti"]);
            assert_eq!(second["iat"], fake::NOW);
            assert_eq!(fake.bodies(Register::PATH).len(), 1, "the correction stays");
        }
    }

    #[tokio::test]
    async fn fake_server_without_the_root_key() {
        let (fake, phone, _) = fake::start();
        let mut payload = fake.payload();
        payload.root = [0; 16];
        let link = idp_protocol::link::Link {
            origin: fake.origin.clone(),
            target: idp_protocol::link::Target::Enrol(payload),
        };
        assert!(matches!(phone.enrol(&link.to_qr()).await, Err(Error::NotAuthentic)));
        assert_eq!(fake.bodies(Hello::PATH).len(), 0, "the secret is not proved to a stranger");
    }

    #[tokio::test]
    async fn statements_of_somebody_else() {
        let (fake, phone, _) = fake::start();
        fake.fail(Hello::PATH, Fault::ForeignKey);
        assert!(matches!(register(&fake, &phone).await, Err(Error::NotAuthentic)));

        let (fake, phone, _) = fake::start();
        fake.fail(Register::PATH, Fault::OtherTranscript);
        assert!(matches!(register(&fake, &phone).await, Err(Error::OutOfStep)));
        assert!(phone.accounts().unwrap().is_empty());

        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        fake.fail(QrClaim::PATH, Fault::ForeignKey);
        let ticket = Ticket::from_scan(&fake.ticket()).unwrap();
        assert!(matches!(phone.claim(&account, &ticket).await, Err(Error::NotAuthentic)));
    }

    #[tokio::test]
    async fn key_list_rollback() {
        let (fake, phone, clock) = fake::start();
        let account = enrolled(&fake, &phone).await;
        fake.serial.store(2, Ordering::Relaxed);
        phone.pending(&account).await.unwrap();
        fake.clock.advance(90_000);
        clock.advance(90_000);
        assert!(matches!(phone.pending(&account).await, Err(Error::OldKeyList)), "asked again after a day");
    }

    #[tokio::test]
    async fn a_new_server_key_is_fetched_when_it_is_first_seen() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        let lists = fake.bodies(server::PATH).len();
        assert_eq!(lists, 1, "one list for the whole enrolment");
        *fake.key.lock().unwrap() = fake::new_key(&fake.crypto);
        fake.serial.store(4, Ordering::Relaxed);
        phone.claim_code(&account, "BCDFGHJK").await.unwrap();
        assert_eq!(fake.bodies(server::PATH).len(), lists + 1);
        assert_eq!(phone.accounts().unwrap()[0].serial, 4, "remembered beyond the next start");
    }

    #[tokio::test]
    async fn a_wrong_number_is_asked_again_and_a_wrong_pin_says_so() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        let claimed = phone.claim_code(&account, "BCDF GHJK").await.unwrap();
        let wrong = phone.decide(&claimed, &Answer::new(Verdict::Approve).pin("000001")).await;
        assert_eq!(wrong.unwrap_err().code(), Some(ErrorCode::Wrong));
        let none = phone.decide(&claimed, &Answer::new(Verdict::Approve)).await;
        assert!(matches!(none, Err(Error::PinNeeded)));

        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        let short = Scripted::new(Verdict::Approve).pin(PIN).number("1");
        let end = phone.finish_enrolment(&account, &short).await;
        assert!(matches!(end, Err(Error::NumberNeeded(6))));
        let asked = Scripted::new(Verdict::Approve).pin(PIN).number("999999");
        let end = phone.finish_enrolment(&account, &asked).await;
        assert_eq!(end.unwrap_err().code(), Some(ErrorCode::Wrong));
        assert!(asked.seen().len() > 1);
    }

    #[tokio::test]
    async fn a_return_address_of_another_host() {
        let (fake, phone, _) = fake::start();
        enrolled(&fake, &phone).await;
        let ticket = Ticket::from_link(&fake.same_device()).unwrap();
        fake.state.lock().unwrap().confirm = Some(Confirm::ReturnToBrowser);
        for (url, good) in [
            ("https://id.example.org/login/return#abc", true),
            ("https://id.example.org.evil.example/login/return#abc", false),
            ("https://id.example.org@evil.example/", false),
        ] {
            fake.state.lock().unwrap().prompt = Some(Prompt::Return { url: url.to_owned() });
            let end = phone.sign_in(&ticket, &alice(Verdict::Approve)).await;
            assert_eq!(end.is_ok(), good, "{url}");
        }
    }

    #[tokio::test]
    async fn a_denied_first_approval_leaves_no_account() {
        let (fake, phone, _) = fake::start();
        let enrolled = register(&fake, &phone).await.unwrap();
        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        phone.finish_enrolment(&enrolled.account, &alice(Verdict::Report)).await.unwrap();
        assert!(phone.accounts().unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_code_that_nobody_types() {
        let (fake, phone, _) = fake::start();
        let enrolled = register(&fake, &phone).await.unwrap();
        let end = phone.finish_enrolment(&enrolled.account, &alice(Verdict::Approve)).await;
        assert!(matches!(end, Err(Error::TooLate)));
    }

    #[tokio::test]
    async fn the_code_that_comes_late_and_the_enrolment_that_is_burned() {
        let (fake, phone, _) = fake::start();
        let account = register(&fake, &phone).await.unwrap().account;
        let silent = Fault::Refuse(ErrorCode::DeviceNotActive);
        fake.fail(Pending::PATH, silent);
        fake.fail(Pending::PATH, silent);
        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        phone.finish_enrolment(&account, &alice(Verdict::Approve)).await.unwrap();

        let (fake, phone, _) = fake::start();
        let account = register(&fake, &phone).await.unwrap().account;
        fake.ask(Purpose::FirstApproval, NUMBER_ASKED);
        fake.fail(EnrolDecision::PATH, Fault::Refuse(ErrorCode::Wrong));
        fake.fail(Pending::PATH, silent);
        let end = phone.finish_enrolment(&account, &alice(Verdict::Approve)).await;
        assert_eq!(end.unwrap_err().code(), Some(ErrorCode::DeviceNotActive), "no ten minutes of waiting");
    }

    fn push() -> Purpose {
        Purpose::Push {
            client: "Shop".to_owned(),
            redirect_host: "shop.example.org".to_owned(),
            opens: Opens::AllApplications,
        }
    }

    #[tokio::test]
    async fn a_device_waits_for_a_request_and_sends_the_number() {
        let (fake, phone, clock) = fake::start();
        let account = enrolled(&fake, &phone).await;
        fake.state.lock().unwrap().waiting.clear();
        for fault in [Fault::Busy, Fault::Lost, Fault::Refuse(ErrorCode::TooMany)] {
            fake.fail(Pending::PATH, fault);
        }
        let asked = || fake.asked(Pending::PATH);
        let (before, began) = (asked(), clock.now());
        assert!(matches!(phone.wait(&account, 600).await, Err(Error::NothingCame)));
        assert!(clock.now() - began == 600, "no longer than that");
        assert!((40..60).contains(&(asked() - before)), "{} questions in ten minutes", asked() - before);

        fake.ask(push(), Confirm::NumberFromBrowser { digits: 6, tries_left: 1 });
        let human = alice(Verdict::Approve);
        let decided = phone.wait_and_answer(&account, 600, &human).await.unwrap();
        assert_eq!(decided.outcome, Verdict::Approve);
        assert_eq!(human.seen()[0].purpose, push());
        let sent = fake.state.lock().unwrap().requests.last().unwrap().0.clone();
        assert_eq!(sent, PushDecision::PATH);
    }

    #[tokio::test]
    async fn a_server_that_keeps_its_answer_is_asked_again_when_it_has_answered() {
        let (fake, phone, clock) = fake::start();
        let account = enrolled(&fake, &phone).await;
        for (waits, questions) in [(Waits::AsAsked, 24..=25), (Waits::OnlySaysSo, 40..=60)] {
            fake.state.lock().unwrap().waits = waits;
            fake.state.lock().unwrap().waiting.clear();
            let (before, began) = (fake.asked(Pending::PATH), clock.now());
            assert!(matches!(phone.wait(&account, 600).await, Err(Error::NothingCame)));
            assert_eq!(clock.now() - began, 600, "no longer than that");
            let asked = fake.asked(Pending::PATH) - before;
            assert!(questions.contains(&asked), "{waits:?}: {asked} questions in ten minutes");
            fake.ask(push(), Confirm::NumberFromBrowser { digits: 6, tries_left: 1 });
            let claimed = phone.wait(&account, 600).await.unwrap();
            assert_eq!(claimed.context().purpose, push());
        }
    }

    #[tokio::test]
    async fn a_device_that_is_stopped_does_not_go_on_waiting() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        fake.state.lock().unwrap().waiting.clear();
        fake.fail(Pending::PATH, Fault::Refuse(ErrorCode::DeviceNotActive));
        let end = phone.wait(&account, 600).await;
        assert_eq!(end.unwrap_err().code(), Some(ErrorCode::DeviceNotActive));
    }

    #[tokio::test]
    async fn a_device_says_where_it_is_woken() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        assert_eq!(phone.push_key(&account).await.unwrap(), None, "this server wakes nobody");
        let subscription =
            PushSubscription::new("https://push.example/1".to_owned(), [4; 65], [7; 16]).unwrap();
        phone.subscribe(&account, subscription.clone()).await.unwrap();
        phone.unsubscribe(&account).await.unwrap();
        let updates = fake.state.lock().unwrap().updates.clone();
        assert_eq!(updates, [Update::Subscribe { subscription }, Update::Unsubscribe]);
    }

    #[tokio::test]
    async fn rename_and_revoke() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        let renamed = phone.rename(&account, "Phone".parse().unwrap()).await.unwrap();
        assert_eq!(phone.accounts().unwrap()[0].device_name, renamed.device_name);
        phone.revoke(&renamed).await.unwrap();
        assert!(phone.accounts().unwrap().is_empty());
        let updates = fake.state.lock().unwrap().updates.clone();
        assert_eq!(updates, [Update::Rename { name: renamed.device_name }, Update::Revoke]);
    }

    #[tokio::test]
    async fn nothing_secret_is_printed() {
        let (fake, phone, _) = fake::start();
        let account = enrolled(&fake, &phone).await;
        let ticket = Ticket::from_scan(&fake.ticket()).unwrap();
        let printed = format!(
            "{account:?} {:?} {ticket:?} {:?} {:?}",
            details(),
            Answer::new(Verdict::Approve).pin(PIN),
            phone
        );
        assert!(!printed.contains(PIN));
        assert!(printed.contains("Keys { .. }") && !printed.contains("[9, 9"));
    }
}
