import type { Texts } from './texts';

export const english: Texts = {
  logIn: 'Log in',
  continueTo: 'To continue to {app}',
  username: 'Name',
  password: 'Password',
  logInButton: 'Log in',
  cancel: 'Cancel',
  wrongPassword: 'Wrong name or password.',
  wrongPasswordTitle: 'Wrong name or password: {title}',

  allowTitle: 'Allow {app}?',
  loggedInAs: 'You are logged in as {user}.',
  permissions: {
    one: '{app} requests this permission:',
    other: '{app} requests these permissions:',
  },
  goBackTo: 'Then you go back to {destination}.',
  goBackToDevice: 'Then you go back to an app on this device ({destination}).',
  allow: 'Allow',
  deny: 'Deny',
  unverified: 'Unverified app',
  unverifiedHost:
    'All we know about this app is that it comes from {host}. Allow it only if you trust that site.',
  unverifiedApp:
    'Nobody has checked who made this app. Allow it only if you started this yourself.',

  failedTitle: 'This did not work',
  beginAgain: 'Go back to the app that sent you here, and begin again.',
  unknownApp: 'The app that sent you here is not known to this site.',
  removedApp: 'The app that sent you here is not known any more.',
  unknownDestination:
    'The app that sent you here named a return address that is not registered for it.',
  badRequest: 'The app that sent you here made a request that this site cannot accept.',
  technicalDetails: 'Details for developers',
  serverError: 'Something went wrong on our side.',
  expired: 'This page has expired, or belongs to another browser.',
  foreignForm: 'This form was not sent from our page.',
  tryAgainTitle: 'Please try again',
  unavailable: 'This site is not available at the moment. Load this page again in a while.',

  deviceTitle: 'Connect a device',
  deviceIntro: 'Enter the code that your device shows.',
  deviceCode: 'Code',
  next: 'Continue',
  deviceWrongCode: 'This code is not correct. Check it and try again.',
  deviceExpiredCode: 'This code has expired. Get a new one on your device.',
  deviceUsedCode: 'This code was already used. Get a new one on your device.',
  deviceFailed: 'This did not work. Enter the code again.',
  deviceFailedTitle: 'Error: {title}',
  deviceConfirmTitle: 'Does your device show this code?',
  deviceConfirm: '{app} will be connected to your account.',
  deviceWarning:
    'Continue only if you started this yourself, and the code is on a device in front of you.',
  deviceDoneTitle: 'Your device is connected',
  deviceDone: 'Go back to {app} on your device. You can close this page.',
  deviceStoppedTitle: 'Your device was not connected',
  deviceStopped: 'Nothing was allowed. You can close this page.',
};
