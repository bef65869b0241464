//! Is metadata read as real products write it?

use std::time::Duration;

use symbolon_saml::{Attribute, Localized, Logo, ServiceProvider, binding, name_format, name_id};

use super::{lines, read};
use crate::actors::{EC, MALLORY, RSA};

/// Apache with mod_auth_mellon: default namespaces, a signing and an encryption key.
pub fn mellon() -> String {
    let (signing, encryption) = (lines(RSA.signer.certificate()), lines(MALLORY.signer.certificate()));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<EntityDescriptor
 entityID="https://mellon.example/metadata"
 xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
 <SPSSODescriptor
   AuthnRequestsSigned="true"
   WantAssertionsSigned="true"
   protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
   <KeyDescriptor use="signing">
     <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
       <ds:X509Data>
         <ds:X509Certificate>{signing}</ds:X509Certificate>
       </ds:X509Data>
     </ds:KeyInfo>
   </KeyDescriptor>
   <KeyDescriptor use="encryption">
     <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
       <ds:X509Data>
         <ds:X509Certificate>{encryption}</ds:X509Certificate>
       </ds:X509Data>
     </ds:KeyInfo>
   </KeyDescriptor>
   <SingleLogoutService
     Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
     Location="https://mellon.example/mellon/logout" />
   <SingleLogoutService
     Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
     Location="https://mellon.example/mellon/logout" />
   <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</NameIDFormat>
   <AssertionConsumerService
     index="0"
     isDefault="true"
     Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
     Location="https://mellon.example/mellon/postResponse" />
   <AssertionConsumerService
     index="1"
     Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
     Location="https://mellon.example/mellon/artifactResponse" />
   <AssertionConsumerService
     index="2"
     Binding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
     Location="https://mellon.example/mellon/paosResponse" />
 </SPSSODescriptor>
</EntityDescriptor>
"#
    )
}

#[test]
fn of_mod_auth_mellon() {
    let provider = read(&mellon()).unwrap();
    assert_eq!(provider.entity_id, "https://mellon.example/metadata");
    assert!(provider.signs_requests && provider.wants_signed_assertions);
    assert_eq!(provider.signing, [RSA.signer.certificate()]);
    assert_eq!(provider.encryption.len(), 1);
    assert_eq!(provider.encryption[0].certificate, MALLORY.signer.certificate());
    assert_eq!(provider.name_id_formats, [name_id::TRANSIENT]);
    let bindings: Vec<&str> = provider.consumers.iter().map(|it| it.binding.as_str()).collect();
    assert_eq!(bindings, [binding::POST, binding::ARTIFACT]);
    let logout: Vec<&str> = provider.single_logout.iter().map(|it| it.binding.as_str()).collect();
    assert_eq!(logout, [binding::SOAP, binding::REDIRECT]);
    assert_eq!(provider.single_logout[0].answers(), "https://mellon.example/mellon/logout");
}

/// Shibboleth: algorithms and names in extensions, a key for both with the algorithms that it decrypts, many bindings, and
/// endpoints that SAML 2.0 has no use for.
pub fn shibboleth() -> String {
    let certificate = lines(RSA.signer.certificate());
    format!(
        r##"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_66c5" entityID="https://shib.example/shibboleth" validUntil="2026-12-01T00:00:00Z" cacheDuration="P7D">
  <md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport">
    <alg:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>
    <alg:SigningMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"/>
    <mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute">
      <saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="http://macedir.org/entity-category" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">
        <saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string" xmlns:xs="http://www.w3.org/2001/XMLSchema">http://refeds.org/category/research-and-scholarship</saml:AttributeValue>
        <saml:AttributeValue>https://refeds.org/category/personalized</saml:AttributeValue>
      </saml:Attribute>
    </mdattr:EntityAttributes>
  </md:Extensions>
  <md:SPSSODescriptor cacheDuration="PT1H" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol">
    <md:Extensions>
      <init:RequestInitiator xmlns:init="urn:oasis:names:tc:SAML:profiles:SSO:request-init" Binding="urn:oasis:names:tc:SAML:profiles:SSO:request-init" Location="https://shib.example/Shibboleth.sso/Login"/>
      <mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">
        <mdui:DisplayName xml:lang="en">Library &amp; archive</mdui:DisplayName>
        <mdui:DisplayName xml:lang="de">Bibliothek</mdui:DisplayName>
        <mdui:Description xml:lang="en">Books</mdui:Description>
        <mdui:Logo height="16" width="16">https://shib.example/icon.png</mdui:Logo>
        <mdui:Logo height="60" width="80" xml:lang="de">data:image/png;base64,AAAA</mdui:Logo>
        <mdui:InformationURL xml:lang="en">http://shib.example/about</mdui:InformationURL>
        <mdui:PrivacyStatementURL xml:lang="en">https://shib.example/privacy</mdui:PrivacyStatementURL>
        <mdui:PrivacyStatementURL xml:lang="de">javascript:alert(1)</mdui:PrivacyStatementURL>
      </mdui:UIInfo>
    </md:Extensions>
    <md:KeyDescriptor>
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
        <ds:KeyName>shib.example</ds:KeyName>
        <ds:X509Data>
          <ds:X509SubjectName>CN=shib.example</ds:X509SubjectName>
          <ds:X509Certificate>{certificate}
</ds:X509Certificate>
        </ds:X509Data>
      </ds:KeyInfo>
      <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>
      <md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep"><ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/></md:EncryptionMethod>
    </md:KeyDescriptor>
    <md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://shib.example/Shibboleth.sso/Artifact/SOAP" index="1"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://shib.example/Shibboleth.sso/SLO/Redirect" ResponseLocation="https://shib.example/Shibboleth.sso/SLO/Done"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://shib.example/Shibboleth.sso/SLO/Artifact"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:1.0:profiles:browser-post" Location="https://shib.example/Shibboleth.sso/SAML/POST" index="5"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://shib.example/Shibboleth.sso/SAML2/POST" index="1"/>
    <md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:persistent </md:NameIDFormat>
    <md:NameIDFormat/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="http://shib.example/Shibboleth.sso/SAML2/POST" index="2"/>
  </md:SPSSODescriptor>
  <md:Organization>
    <md:OrganizationName xml:lang="en">Example</md:OrganizationName>
    <md:OrganizationDisplayName xml:lang="en">Example library</md:OrganizationDisplayName>
    <md:OrganizationURL xml:lang="en">http://library.example/</md:OrganizationURL>
  </md:Organization>
  <md:ContactPerson contactType="other" xmlns:remd="http://refeds.org/metadata" remd:contactType="http://refeds.org/metadata/contactType/security"><md:GivenName>Security</md:GivenName></md:ContactPerson>
</md:EntityDescriptor>"##
    )
}

#[test]
fn of_shibboleth() {
    let provider = read(&shibboleth()).unwrap();
    assert_eq!(provider.lifetime.cache_duration, Some(Duration::from_secs(3_600)));
    assert!(provider.lifetime.valid_until.is_some());
    assert!(!provider.signs_requests);
    assert_eq!(provider.signing, [RSA.signer.certificate()]);
    let algorithms =
        ["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#rsa-oaep"];
    assert_eq!(provider.encryption[0].methods, algorithms);
    let places: Vec<&str> = provider.consumers.iter().map(|it| it.location.as_str()).collect();
    assert_eq!(places, ["https://shib.example/Shibboleth.sso/SAML2/POST"]);
    assert_eq!(provider.single_logout.len(), 1);
    assert_eq!(provider.single_logout[0].answers(), "https://shib.example/Shibboleth.sso/SLO/Done");
    assert_eq!(provider.name_id_formats, [name_id::PERSISTENT]);
    names_of_shibboleth(&provider);
}

fn names_of_shibboleth(provider: &ServiceProvider) {
    let texts = |all: &[Localized]| -> Vec<(String, String)> {
        all.iter().map(|it| (it.lang.clone(), it.text.clone())).collect()
    };
    let expected = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(lang, text)| ((*lang).to_owned(), (*text).to_owned())).collect()
    };
    let ui = &provider.ui;
    assert_eq!(texts(&ui.display_names), expected(&[("en", "Library & archive"), ("de", "Bibliothek")]));
    assert_eq!(texts(&ui.descriptions), expected(&[("en", "Books")]));
    let icon = Logo { url: "https://shib.example/icon.png".to_owned(), width: 16, height: 16 };
    assert_eq!(ui.logos, [icon]);
    assert_eq!(texts(&ui.information), expected(&[("en", "http://shib.example/about")]));
    let privacy = expected(&[("en", "https://shib.example/privacy")]);
    assert_eq!(texts(&ui.privacy_statements), privacy, "javascript: is no address to follow");
    let organization = provider.organization.as_ref().unwrap();
    assert_eq!(organization.display_name.text, "Example library");
    assert_eq!(organization.url.text, "http://library.example/");
    let category = Attribute {
        name: "http://macedir.org/entity-category".to_owned(),
        name_format: Some(name_format::URI.to_owned()),
        friendly_name: None,
        values: vec![
            "http://refeds.org/category/research-and-scholarship".to_owned(),
            "https://refeds.org/category/personalized".to_owned(),
        ],
    };
    assert_eq!(provider.entity_attributes, [category]);
}

/// SimpleSAMLphp: two keys in one `KeyInfo` while it changes them, and attributes that it wants.
pub fn simplesamlphp() -> String {
    let (old, new) = (lines(RSA.signer.certificate()), lines(EC.signer.certificate()));
    format!(
        r#"<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="urn:example:ssp" validUntil="2026-12-01T00:00:00">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo>
        <ds:X509Data><ds:X509Certificate>{old}</ds:X509Certificate></ds:X509Data>
        <ds:X509Data><ds:X509Certificate>{new}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://ssp.example/simplesaml/module.php/saml/sp/saml2-logout.php/default-sp"/>
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://ssp.example/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp" index="0"/>
    <md:AttributeConsumingService index="0">
      <md:ServiceName xml:lang="en">Shop</md:ServiceName>
      <md:ServiceDescription xml:lang="en">Sells things</md:ServiceDescription>
      <md:RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="mail" isRequired="true"/>
      <md:RequestedAttribute Name="role"><saml:AttributeValue xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">admin</saml:AttributeValue></md:RequestedAttribute>
    </md:AttributeConsumingService>
  </md:SPSSODescriptor>
  <md:ContactPerson contactType="technical"><md:GivenName>Administrator</md:GivenName><md:EmailAddress>mailto:it@ssp.example</md:EmailAddress></md:ContactPerson>
</md:EntityDescriptor>"#
    )
}

#[test]
fn of_simplesamlphp() {
    let provider = read(&simplesamlphp()).unwrap();
    assert_eq!(provider.signing, [RSA.signer.certificate(), EC.signer.certificate()]);
    assert!(provider.encryption.is_empty());
    assert!(provider.lifetime.valid_until.is_some(), "a time without a zone is in UTC");
    let service = provider.attribute_service(None).unwrap();
    assert_eq!((service.names[0].lang.as_str(), service.names[0].text.as_str()), ("en", "Shop"));
    let [mail, role] = service.requested.as_slice() else { panic!("{service:?}") };
    assert_eq!(mail.friendly_name.as_deref(), Some("mail"));
    assert_eq!(mail.name_format.as_deref(), Some(name_format::URI));
    assert!(mail.is_required && !role.is_required);
    assert_eq!(role.name, "role");
}

/// python3-saml: no key if it does not sign, a lifetime, and an organization.
#[test]
fn of_python3_saml() {
    let text = r#"<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" validUntil="2026-12-01T00:00:00Z" cacheDuration="PT604800S" entityID="https://py.example/metadata/">
    <md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="false" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="http://localhost:8000/?sls" />
        <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
        <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="http://localhost:8000/?acs" index="1" />
    </md:SPSSODescriptor>
    <md:Organization><md:OrganizationName xml:lang="en-US">sp_test</md:OrganizationName><md:OrganizationDisplayName xml:lang="en-US">SP test</md:OrganizationDisplayName><md:OrganizationURL xml:lang="en-US">http://sp.example.com</md:OrganizationURL></md:Organization>
</md:EntityDescriptor>"#;
    let provider = read(text).unwrap();
    assert!(provider.signing.is_empty() && provider.encryption.is_empty());
    assert_eq!(provider.consumers[0].location, "http://localhost:8000/?acs", "a program on this computer");
    assert_eq!(provider.organization.unwrap().name.lang, "en-US");
}

/// pysaml2: prefixes by number, and names before everything else.
#[test]
fn of_pysaml2() {
    let certificate = lines(EC.signer.certificate());
    let text = format!(
        r#"<?xml version='1.0' encoding='UTF-8'?>
<ns0:EntityDescriptor xmlns:ns0="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ns1="http://www.w3.org/2000/09/xmldsig#" xmlns:ns2="urn:oasis:names:tc:SAML:metadata:ui" entityID="https://pysaml2.example/sp.xml"><ns0:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><ns0:Extensions><ns2:UIInfo><ns2:DisplayName xml:lang="en">Rolf</ns2:DisplayName></ns2:UIInfo></ns0:Extensions><ns0:KeyDescriptor use="signing"><ns1:KeyInfo><ns1:X509Data><ns1:X509Certificate>{certificate}</ns1:X509Certificate></ns1:X509Data></ns1:KeyInfo></ns0:KeyDescriptor><ns0:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://pysaml2.example/slo/post" /><ns0:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://pysaml2.example/acs/post" index="1" /><ns0:AttributeConsumingService index="1"><ns0:ServiceName xml:lang="en">urn:mace:example.com:saml:rolf:sp</ns0:ServiceName><ns0:RequestedAttribute Name="urn:oid:2.5.4.4" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="surName" isRequired="true" /></ns0:AttributeConsumingService></ns0:SPSSODescriptor></ns0:EntityDescriptor>"#
    );
    let provider = read(&text).unwrap();
    assert_eq!(provider.signing, [EC.signer.certificate()]);
    assert_eq!(provider.ui.display_names[0].text, "Rolf");
    assert_eq!(provider.attribute_services[0].requested[0].name, "urn:oid:2.5.4.4");
    assert_eq!(provider.single_logout[0].binding, binding::POST);
}

/// node-saml: default namespace, an id made of the entity id, and the algorithms that it decrypts.
#[test]
fn of_node_saml() {
    let certificate = lines(RSA.signer.certificate());
    let text = format!(
        r#"<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://node.example" ID="https___node_example">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" AuthnRequestsSigned="true" WantAssertionsSigned="true">
    <KeyDescriptor use="encryption">
      <ds:KeyInfo>
        <ds:X509Data>
          <ds:X509Certificate>{certificate}</ds:X509Certificate>
        </ds:X509Data>
      </ds:KeyInfo>
      <EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>
      <EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>
    </KeyDescriptor>
    <SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://node.example/logout"/>
    <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</NameIDFormat>
    <AssertionConsumerService index="1" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://node.example/login/callback"/>
  </SPSSODescriptor>
</EntityDescriptor>"#
    );
    let provider = read(&text).unwrap();
    assert!(provider.signing.is_empty() && provider.signs_requests);
    assert_eq!(provider.encryption[0].methods.len(), 2);
    assert_eq!(provider.name_id_formats, [name_id::EMAIL]);
}
