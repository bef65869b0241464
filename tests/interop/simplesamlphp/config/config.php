<?php
// What of SimpleSAMLphp is other than Debian has it. The variables come from simplesamlphp.mjs.
$folder = getenv('FOLDER') . '/';
$config = [
    'baseurlpath' => getenv('ORIGIN') . '/simplesamlphp/',
    'certdir' => $folder,
    'loggingdir' => $folder,
    'datadir' => $folder,
    'tempdir' => $folder . 'tmp',
    'metadatadir' => $folder . 'metadata',
    'attributenamemapdir' => '/etc/simplesamlphp/attributemap/',
    'secretsalt' => getenv('SALT'),
    'auth.adminpassword' => getenv('SALT'),
    'technicalcontact_name' => 'Administrator',
    'technicalcontact_email' => 'na@example.org',
    'timezone' => 'UTC',
    'showerrors' => true,
    'errorreporting' => false,
    'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => true],
    'logging.handler' => 'file',
    'logging.level' => SimpleSAML\Logger::NOTICE,
    'logging.logfile' => 'simplesamlphp.log',
    'trusted.url.domains' => [],
    // http on this computer; elsewhere both stay as they are.
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $folder . 'tmp',
    'session.phpsession.cookiename' => 'SimpleSAML',
    'language.default' => 'en',
    'metadata.sources' => [
        ['type' => 'xml', 'file' => $folder . 'metadata/idp.xml'],
    ],
];
