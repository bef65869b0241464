# Alles, was ein Mensch liest. Eine Zeile je Satz; ein Fehler sagt, was geschah und was zu tun ist.
skip = Zum Inhalt springen
back-to-account = Zu Ihrem Konto
back-to-client = Zurück zu { $client }
keep = So lassen

login-title = Anmelden
login-to = für { $client }
login-again = Noch ein Schritt: Zeigen Sie noch einmal, dass Sie es sind.
login-no-way = Keine Art der Anmeldung passt zu dieser Anfrage. Fragen Sie Ihren Helpdesk.
login-cancel = Abbrechen
login-continue = Weiter
login-back = Zurück zur Anmeldung

qr-title = Mit Ihrem Gerät
qr-scan = Scannen Sie diesen Code mit Ihrem Authenticator.
qr-name = QR-Code für die Anmeldung mit Ihrem Authenticator
qr-too-long = Der Code kann hier nicht gezeigt werden. Melden Sie sich auf andere Art an.
qr-same-device = Der Authenticator ist auf diesem Gerät
qr-user-code = Keine Kamera? Geben Sie diesen Code im Authenticator ein:
qr-claimed = Schauen Sie auf Ihr Gerät und entscheiden Sie dort.
qr-code-label = Geben Sie den Code ein, den Ihr Gerät zeigt
qr-code-hint = Nur Ziffern; Leerzeichen stören nicht. Versuche übrig: { $tries }
qr-code-submit = Anmelden
qr-approved = Bestätigt. Sie werden angemeldet.
qr-done = Dieser Code wurde benutzt.
qr-denied = Die Anmeldung wurde auf dem Gerät abgelehnt. Es ist nichts geschehen.
qr-expired = Der Code ist abgelaufen.
qr-burned = Der Code wurde zu Ihrer Sicherheit beendet.
qr-new-code = Neuer Code
qr-noscript = Den Code auf einer Seite zeigen, die sich selbst erneuert
qr-trouble = Das Scannen klappt nicht?
qr-tip-app = Scannen Sie im Authenticator selbst: Die Kamera-App des Telefons kann Sie nicht anmelden.
qr-tip-light = Stellen Sie diesen Bildschirm heller.
qr-tip-whole = Der ganze Code mit seinem weißen Rand muss zu sehen sein.

password-title = Mit Ihrem Passwort
password-login = Benutzername
password-password = Passwort
password-submit = Weiter
password-wrong = Benutzername oder Passwort ist falsch, oder es gab zu viele falsche Versuche. Prüfen Sie beides oder warten Sie ein wenig.

confirm-title = Sind Sie das?
confirm-you-are = Sie sind
confirm-why = Dieser Browser wurde zuletzt nicht für dieses Konto benutzt. Steht hier ein fremder Name, dann machen Sie nicht weiter.
confirm-not-me = Das bin ich nicht

return-title = Zurück vom Authenticator
return-text = Ihr Authenticator hat Sie mit einem Code hierher geschickt, der die Anmeldung abschließt.
return-label = Code hinter dem # der Adresse
return-nothing = Keine Anmeldung dieses Browsers wartet auf einen Code. Öffnen Sie Ihre Anwendung neu und melden Sie sich von dort an.
return-several = Mehrere Anmeldungen dieses Browsers warten auf einen Code. Gehen Sie zu der begonnenen und fügen Sie den Code dort ein.

cancelled-title = Anmeldung abgebrochen
cancelled-text = Es ist nichts geschehen, und niemand wurde angemeldet.
finished-title = Diese Anmeldung ist abgeschlossen
finished-text = Sie können diese Seite schließen oder unten weitergehen.

scan-title = Scannen Sie diesen Code mit Ihrem Authenticator
scan-sign-in = Diese Adresse ist für den Scanner in Ihrem Authenticator gedacht. Öffnen Sie sie dort; hier bewirkt sie nichts.
scan-same-device = Diese Adresse ist für den Authenticator auf diesem Gerät gedacht. Hat er sich nicht geöffnet, dann kopieren Sie den Link auf der Anmeldeseite und fügen ihn dort ein.
scan-enrol = Diese Adresse registriert ein Gerät. Öffnen Sie Ihren Authenticator und scannen Sie dort den Code von Ihrer Kontoseite.
scan-warning = Wir schicken einen solchen Code nie per Mail oder Chat. Hat ihn Ihnen jemand geschickt, dann benutzen Sie ihn nicht.

account-title = Ihr Konto
account-name = Ihr Konto
account-hello = Guten Tag,
sign-out = Abmelden
signed-out-title = Sie sind abgemeldet
signed-out-text = Ihre Sitzung in diesem Browser ist beendet.
signed-out-again = Neu anmelden

devices-title = Ihre Geräte
devices-add = Gerät hinzufügen
devices-none = Noch kein Gerät
devices-why = Mit einem registrierten Gerät melden Sie sich an, indem Sie einen Code scannen, ohne ein Passwort zu tippen.
device-name = Name
device-platform = Plattform
device-says = (sagt das Gerät)
device-registered = Registriert
device-seen = Zuletzt gesehen
device-address = Adresse
device-place = Ort
device-actions = Aktionen

state-pending = Nicht abgeschlossen
state-active = Aktiv
state-suspended = Gesperrt
state-lost = Verloren
state-revoked = Entfernt

action-rename = Umbenennen
action-suspend = Sperren
action-activate = Wieder aktivieren
action-lost = Als verloren melden
action-revoke = Entfernen
explain-rename = Wählen Sie einen Namen, an dem Sie das Gerät erkennen.
explain-suspend = Das Gerät kann nichts mehr anmelden, bis Sie es wieder aktivieren.
explain-activate = Das Gerät kann wieder anmelden.
explain-lost = Das Gerät kann nie wieder anmelden. Finden Sie es, dann entfernen Sie es und registrieren es neu.
explain-revoke = Das Gerät wird von Ihrem Konto genommen. Um es wieder zu benutzen, registrieren Sie es neu.
rename-label = Neuer Name
rename-wrong = Ein Name hat 1 bis 64 darstellbare Zeichen. Wählen Sie einen anderen.

notices-title = Was geschehen ist
notices-none = Noch nichts.
notices-not-you = Waren Sie das nicht? Sperren Sie das Gerät und fragen Sie Ihren Helpdesk.
notice-device-added = Ein Gerät wurde hinzugefügt:
notice-device-changed = Ein Gerät wurde geändert:
notice-enrolment-attacked = Jemand anders hat auf Ihren Registrierungscode geantwortet. Die Registrierung wurde beendet. Adresse:
notice-sign-in-stopped = Eine Anmeldung wurde zu Ihrer Sicherheit gestoppt. Adresse des Browsers:
notice-new-browser = Sie haben sich mit einem neuen Browser angemeldet:
notice-password-changed = Ihr Passwort wurde geändert.
notice-locked = Gesperrt nach zu vielen falschen Versuchen:
notice-other = Ihr Konto wurde geändert.

enrol-title = Gerät hinzufügen
enrol-intro = Halten Sie das Gerät mit geöffnetem Authenticator bereit. Haben Sie schon ein aktives Gerät, dann muss es zuerst zustimmen.
enrol-begin = Beginnen
enrol-approve = Bestätigen Sie auf einem Gerät, das Sie schon haben. Tippen Sie dort diese Zahl:
enrol-approve-why = So kann niemand ein eigenes Gerät hinzufügen, auch nicht mit Ihrem Passwort.
enrol-scan = Scannen Sie diesen Code mit dem neuen Gerät.
enrol-qr-name = QR-Code zum Registrieren eines Geräts
enrol-link = Der Authenticator ist auf diesem Gerät: diesen Link öffnen oder kopieren
enrol-scan-hint = Zeigen Sie ihn niemandem. Der Code gilt einmal, zehn Minuten lang.
enrol-compare = Ist das das Gerät in Ihrer Hand?
enrol-not-yours = Ist hier etwas nicht Ihr Gerät, dann hören Sie auf und brechen Sie ab.
enrol-code-label = Tippen Sie die { $digits } Ziffern, die es zeigt
enrol-tries = Leerzeichen stören nicht. Versuche übrig: { $tries }
enrol-code-submit = Das ist mein Gerät
enrol-code-wrong = Das sind nicht die Ziffern, die das Gerät zeigt. Vergleichen Sie und tippen Sie sie noch einmal.
enrol-first = Letzter Schritt: Tippen Sie diese Zahl auf
enrol-first-hint = Das beweist, dass das Gerät funktioniert.
enrol-done = Das Gerät ist aktiv.
enrol-denied = Es wurde auf dem Gerät abgelehnt. Nichts wurde hinzugefügt.
enrol-expired = Die Zeit für diesen Schritt ist vorbei. Nichts wurde hinzugefügt.
enrol-over = Diese Registrierung ist vorbei. Nichts wurde hinzugefügt.
enrol-second = Ein zweites Gerät hat auf denselben Code geantwortet. Die Registrierung wurde beendet und nichts hinzugefügt. Vielleicht hat jemand den Code gesehen: Beginnen Sie neu, wo niemand auf Ihren Bildschirm schaut.
enrol-again = Neu beginnen
enrol-cancel = Abbrechen

error-title = Das hat nicht geklappt
error-unavailable = Der Server kann gerade nicht antworten. Versuchen Sie es gleich noch einmal.
error-wrong = Das stimmte nicht. Prüfen Sie es und versuchen Sie es noch einmal.
error-malformed = Die Anfrage ist nicht lesbar. Gehen Sie zurück und füllen Sie das Formular noch einmal aus.
error-not-found = Für diesen Browser gibt es hier nichts. Öffnen Sie Ihre Anwendung neu und melden Sie sich von dort an.
error-expired = Das hat zu lange gedauert und ist vorbei. Beginnen Sie neu.
error-out-of-step = Das passt nicht zur letzten Frage. Schauen Sie auf den anderen Bildschirm und machen Sie dort weiter.
error-unauthentic = Die Nachricht ist mit keinem Schlüssel dieses Kontos unterschrieben. Registrieren Sie das Gerät neu.
error-clock = Die Uhr des Geräts geht falsch. Stellen Sie sie und versuchen Sie es noch einmal.
error-wrong-account = Dieses Konto gehört zu einem anderen Gerät. Wählen Sie das Konto dieses Geräts.
error-device-not-active = Das Gerät ist nicht mehr aktiv. Schauen Sie nach Ihren Geräten oder melden Sie sich auf andere Art an.
error-uv-required = Das Gerät muss prüfen, dass Sie es sind. Entsperren Sie es und versuchen Sie es noch einmal.
error-fresh-sign-in = Ihre Anmeldung ist für diese Änderung zu alt. Melden Sie sich neu an und wiederholen Sie sie.
error-not-allowed = Das ist für dieses Konto nicht erlaubt. Fragen Sie Ihren Helpdesk.
error-too-many = Das war zu oft. Warten Sie ein wenig und versuchen Sie es noch einmal.
error-second-claimant = Zwei Geräte haben auf denselben Code geantwortet, darum wurde er beendet. Holen Sie einen neuen Code und zeigen Sie ihn niemandem.
error-second-registration = Zwei Geräte haben auf denselben Code geantwortet, darum wurde die Registrierung beendet. Beginnen Sie neu, wo niemand auf Ihren Bildschirm schaut.
error-denied = Es wurde auf dem Gerät abgelehnt. Es ist nichts geschehen.
error-reported = Es wurde als Täuschungsversuch gemeldet. Es ist nichts geschehen.
error-wrong-number = Die Zahl war falsch, darum wurde die Anfrage beendet. Holen Sie einen neuen Code.
error-no-tries-left = Das war zu oft falsch, darum wurde die Anfrage beendet. Beginnen Sie neu.
error-cancelled = Es wurde abgebrochen, oder eine andere Art der Anmeldung war schneller.
error-outdated = Der Server wurde zwischendurch erneuert. Beginnen Sie neu.

oidc-bad-request-title = Diese Anfrage kann nicht beantwortet werden
oidc-unknown-client = Die Anwendung, die Sie hierher geschickt hat, ist nicht bekannt. Sagen Sie es ihrem Betreiber, oder gehen Sie zurück und versuchen Sie es auf anderem Weg.
oidc-unknown-address = Die Anwendung will Sie an eine Adresse weiterleiten, die sie nicht angemeldet hat. Sagen Sie es ihrem Betreiber.
