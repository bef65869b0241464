<?php
$config = [
    'default-sp' => [
        'saml:SP',
        'entityID' => getenv('ORIGIN') . '/simplesaml/',
        'idp' => getenv('ENTITY_ID'),
        'name' => ['en' => 'The Pages'],
        'privatekey' => 'sp.key',
        'certificate' => 'sp.crt',
        'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'sign.authnrequest' => true,
        'sign.logout' => true,
        'WantAssertionsSigned' => true,
        'assertion.encryption' => true,
        'NameIDPolicy' => [
            'Format' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
            'AllowCreate' => true,
        ],
        'attributes' => [
            'mail' => 'urn:oid:0.9.2342.19200300.100.1.3',
            'displayName' => 'urn:oid:2.16.840.1.113730.3.1.241',
        ],
        'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
        'authproc' => [
            50 => ['class' => 'core:AttributeMap', 'oid2name'],
        ],
    ],
];
