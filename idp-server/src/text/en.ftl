# Everything that a person reads. One line a sentence; the words of errors say what happened and what to do.
skip = Skip to the content
back-to-account = To your account
back-to-client = Back to { $client }
keep = Leave it as it is

login-title = Sign in
login-to = to continue to { $client }
login-again = One more step: show again that it is you.
login-no-way = No way to sign in fits this request. Ask your help desk.
login-cancel = Cancel
login-continue = Continue
login-back = Back to the sign-in page

qr-title = With your device
qr-scan = Scan this code with your authenticator.
qr-name = QR code for signing in with your authenticator
qr-too-long = The code cannot be shown here. Use another way to sign in.
qr-same-device = The authenticator is on this device
qr-user-code = No camera? Type this code in the authenticator:
qr-claimed = Look at your device and decide there.
qr-code-label = Type the code that your device shows
qr-code-hint = Digits only; spaces do not matter. Tries left: { $tries }
qr-code-submit = Sign in
qr-approved = Approved. You are being signed in.
qr-done = This code has been used.
qr-denied = The sign-in was denied on the device. Nothing happened.
qr-expired = The code is over.
qr-burned = The code was ended for your safety.
qr-new-code = New code
qr-noscript = Show the code on a page that renews itself
qr-trouble = Trouble with scanning?
qr-tip-app = Scan from inside your authenticator: the camera app of a phone cannot sign you in.
qr-tip-light = Turn up the brightness of this screen.
qr-tip-whole = Make sure that the whole code with its white border is visible.

password-title = With your password
password-login = User name
password-password = Password
password-submit = Continue
password-wrong = The user name or the password is wrong, or there were too many wrong tries. Check both, or wait a little.

confirm-title = Is this you?
confirm-you-are = You are
confirm-why = This browser has not been used for this account lately. If somebody else's name stands here, do not continue.
confirm-not-me = This is not me

return-title = Back from your authenticator
return-text = Your authenticator sent you back here with a code that finishes the sign-in.
return-label = Code behind the # of the address
return-nothing = No sign-in of this browser waits for a code. Open your application again and sign in from there.
return-several = Several sign-ins of this browser wait for a code. Go to the one you began and paste the code there.

cancelled-title = Sign-in cancelled
cancelled-text = Nothing happened, and nobody was signed in.
finished-title = This sign-in is finished
finished-text = You can close this page, or go on below.

scan-title = Scan this code with your authenticator
scan-sign-in = This address is meant for the scanner inside your authenticator. Open it there; here it does nothing.
scan-same-device = This address is meant for the authenticator on this device. If it did not open, copy the link on the sign-in page and paste it there.
scan-enrol = This address registers a device. Open your authenticator and scan the code from your account page there.
scan-warning = We never send such a code by mail or chat. If somebody sent it to you, do not use it.

account-title = Your account
account-name = your account
account-hello = Hello,
sign-out = Sign out
signed-out-title = You are signed out
signed-out-text = Your session on this browser has ended.
signed-out-again = Sign in again

devices-title = Your devices
devices-add = Add a device
devices-none = No device yet
devices-why = With a registered device you sign in by scanning a code, without typing a password.
device-name = Name
device-platform = Platform
device-says = (as the device says)
device-registered = Registered
device-seen = Last seen
device-address = Address
device-place = Place
device-actions = Actions

state-pending = Not finished
state-active = Active
state-suspended = Suspended
state-lost = Lost
state-revoked = Removed

action-rename = Rename
action-suspend = Suspend
action-activate = Activate again
action-lost = Report as lost
action-revoke = Remove
explain-rename = Choose a name by which you recognise the device.
explain-suspend = The device cannot sign in until you activate it again.
explain-activate = The device can sign in again.
explain-lost = The device can never sign in again. If you find it, remove it and register it anew.
explain-revoke = The device is taken off your account. To use it again, register it anew.
rename-label = New name
rename-wrong = A name has 1 to 64 characters that can be shown. Choose another one.

notices-title = What happened
notices-none = Nothing yet.
notices-not-you = Was something not you? Suspend the device and ask your help desk.
notice-device-added = A device was added:
notice-device-changed = A device was changed:
notice-enrolment-attacked = Somebody else answered your registration code. The registration was ended. Address:
notice-sign-in-stopped = A sign-in was stopped for your safety. Address of the browser:
notice-new-browser = You signed in with a new browser:
notice-password-changed = Your password was changed.
notice-locked = Locked after too many wrong tries:
notice-other = Your account was changed.

enrol-title = Add a device
enrol-intro = Have the device at hand, with the authenticator open. If you have an active device already, it has to approve first.
enrol-begin = Begin
enrol-approve = Approve on a device that you have already. Type this number there:
enrol-approve-why = So nobody can add a device of their own, even with your password.
enrol-scan = Scan this code with the new device.
enrol-qr-name = QR code for registering a device
enrol-link = The authenticator is on this device: open or copy this link
enrol-scan-hint = Show it to nobody. The code can be used once, within ten minutes.
enrol-compare = Is this the device in your hand?
enrol-not-yours = If anything here is not your device, stop and cancel.
enrol-code-label = Type the { $digits } digits that it shows
enrol-tries = Spaces do not matter. Tries left: { $tries }
enrol-code-submit = This is my device
enrol-code-wrong = These are not the digits that the device shows. Compare them and type them again.
enrol-first = Last step: type this number on
enrol-first-hint = It proves that the device works.
enrol-done = The device is active.
enrol-denied = It was denied on the device. Nothing was added.
enrol-expired = The time for this step is over. Nothing was added.
enrol-over = This registration is over. Nothing was added.
enrol-second = A second device answered the same code. The registration was ended, and nothing was added. Somebody may have seen the code: begin again where nobody can look at your screen.
enrol-again = Begin again
enrol-cancel = Cancel

error-title = That did not work
error-unavailable = The server cannot answer right now. Try again in a moment.
error-wrong = That was not right. Check it and try again.
error-malformed = The request cannot be read. Go back and fill in the form again.
error-not-found = There is nothing here for this browser. Open your application again and sign in from there.
error-expired = This took too long and is over. Begin again.
error-out-of-step = This does not fit what was asked last. Look at the other screen and go on from there.
error-unauthentic = The message is not signed by a key of this account. Register the device again.
error-clock = The clock of the device is wrong. Set it, then try again.
error-wrong-account = This account belongs to another device. Choose the account of this one.
error-device-not-active = The device is not active any more. Look at your devices, or use another way to sign in.
error-uv-required = The device has to check that it is you. Unlock it and try again.
error-fresh-sign-in = Your sign-in is too old for this change. Sign in again, then repeat it.
error-not-allowed = This is not allowed for this account. Ask your help desk.
error-too-many = That was too often. Wait a little, then try again.
error-second-claimant = Two devices answered the same code, so it was ended. Ask for a new code and show it to nobody.
error-second-registration = Two devices answered the same code, so the registration was ended. Begin again where nobody can look at your screen.
error-denied = It was denied on the device. Nothing happened.
error-reported = It was reported as an attempt to trick you. Nothing happened.
error-wrong-number = The number was wrong, so the request was ended. Ask for a new code.
error-no-tries-left = That was wrong too often, so the request was ended. Begin again.
error-cancelled = It was cancelled, or another way to sign in was faster.
error-outdated = The server was updated in between. Begin again.

oidc-bad-request-title = This request cannot be answered
oidc-unknown-client = The application that sent you here is not known. Tell its owner, or go back and try another way.
oidc-unknown-address = The application wants you to go on at an address that it did not register. Tell its owner.
