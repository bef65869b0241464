//! Does a server that runs show a new certificate, and keep the old one where the new one will not do?

use rcgen::{CertificateParams, date_time_ymd};
use symbolon_tls::Renewed;

use super::*;
use crate::serve::certificates;

async fn answers(host: &Host) -> bool {
    host.client(|builder| builder).get(host.url(host.main, "/healthz")).send().await.is_ok()
}

/// A client that trusts one authority sees whose certificate is shown.
#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_bad_one_is_not() {
    let mut host = Host::start().await;
    assert!(answers(&host).await);
    host.folder.write("server.pem", b"rubbish");
    let error = host.certificates.renew().unwrap_err().to_string();
    assert!(error.contains("server.pem"), "{error}");
    assert!(answers(&host).await, "the one of before is shown");

    let another = Authority::named("Another");
    host.folder.put(&another.vouch_for(NAME));
    assert_eq!(host.certificates.renew().unwrap(), Renewed::Anew);
    assert!(!answers(&host).await);
    host.root = another;
    assert!(answers(&host).await);
    assert_eq!(host.certificates.renew().unwrap(), Renewed::Same);
}

/// One bad file does not hold up the other.
#[tokio::test]
async fn authorities_of_clients_are_renewed_although_the_certificate_cannot_be() {
    let host = Host::start().await;
    let others = Authority::named("Others");
    let paper = others.vouch(papers::of_client("app"));
    let mirror = host.mirror().await;
    assert_eq!(text(&host.with(&paper), &mirror).await, "CN=app unverified, 0 headers");
    host.folder.write("server.pem", b"rubbish");
    host.folder.write("clients.pem", others.pem().as_bytes());
    host.certificates.renew().unwrap_err();
    assert_eq!(text(&host.with(&paper), &mirror).await, "CN=app verified, 0 headers");
}

#[tokio::test]
async fn the_files_are_looked_at_again_and_again_also_after_a_bad_one() {
    let host = Host::start().await;
    let certificates = Certificates::load(&host.app.config().server).unwrap();
    let every = Duration::from_millis(5);
    let looking = certificates::keep_renewing(host.app.clone(), certificates.clone(), every);
    let looking = tokio::spawn(looking);
    host.folder.write("server.pem", b"rubbish");
    time::sleep(2 * every).await;
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.not_after = date_time_ymd(2028, 1, 1);
    host.folder.put(&host.root.vouch(params));
    while certificates.tls().unwrap().not_after() != 1_830_297_600 {
        time::sleep(every).await;
    }
    looking.abort();
}

#[tokio::test]
async fn the_end_of_a_certificate_is_known_two_weeks_ahead() {
    let host = Host::start().await;
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.not_after = date_time_ymd(2027, 2, 1);
    host.folder.put(&host.root.vouch(params));
    host.certificates.renew().unwrap();
    let end = Time(1_801_440_000);
    let cases = [
        (end + -15 * 86_400, None),
        (end + -14 * 86_400, Some(14)),
        (end + -1, Some(0)),
        (end + 1, Some(-1)),
    ];
    for (now, days) in cases {
        assert_eq!(host.certificates.ending(now), days);
    }
}
