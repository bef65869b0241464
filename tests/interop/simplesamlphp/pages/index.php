<?php
// A page for people who are known; more of them where it asks for more.
require '/usr/share/simplesamlphp/lib/_autoload.php';

const MFA = 'https://refeds.org/profile/mfa';
$people = new SimpleSAML\Auth\Simple('default-sp');
$people->requireAuth();
$more = isset($_GET['more']);
if ($more && $people->getAuthData('saml:sp:AuthnContext') !== MFA) {
    $people->login(['saml:AuthnContextClassRef' => MFA]);
}
if (isset($_GET['leave'])) {
    $people->logout(getenv('ORIGIN') . '/goodbye.html');
}
$attributes = $people->getAttributes();
$told = fn (string $name) => htmlspecialchars($attributes[$name][0] ?? '(none)');
?>
<!doctype html>
<html lang="en">
<title>A page for people who are known</title>
<h1><?= $more ? 'Surely' : 'Hello,' ?> <?= $told('displayName') ?></h1>
<dl>
<dt>name</dt><dd><?= htmlspecialchars($people->getAuthData('saml:sp:NameID')->getValue()) ?></dd>
<dt>mail</dt><dd><?= $told('mail') ?></dd>
<dt>class</dt><dd><?= htmlspecialchars($people->getAuthData('saml:sp:AuthnContext')) ?></dd>
</dl>
<p><a href="/index.php?more">More</a></p>
<p><a href="/index.php?leave">Sign out</a></p>
</html>
