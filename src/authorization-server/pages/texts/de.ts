import type { Texts } from './texts';

export const german: Texts = {
  logIn: 'Anmelden',
  continueTo: 'Weiter zu {app}',
  username: 'Name',
  password: 'Passwort',
  logInButton: 'Anmelden',
  cancel: 'Abbrechen',
  wrongPassword: 'Name oder Passwort ist falsch.',
  wrongPasswordTitle: 'Name oder Passwort falsch: {title}',

  allowTitle: '{app} Zugriff erlauben?',
  loggedInAs: 'Sie sind als {user} angemeldet.',
  permissions: {
    one: '{app} bittet um diese Berechtigung:',
    other: '{app} bittet um diese Berechtigungen:',
  },
  goBackTo: 'Danach geht es zurück zu {destination}.',
  goBackToDevice: 'Danach geht es zurück zu einer App auf diesem Gerät ({destination}).',
  allow: 'Erlauben',
  deny: 'Ablehnen',
  unverified: 'Nicht geprüfte App',
  unverifiedHost:
    'Über diese App wissen wir nur, dass sie von {host} kommt. Erlauben Sie den Zugriff nur, wenn Sie dieser Website vertrauen.',
  unverifiedApp:
    'Niemand hat geprüft, von wem diese App stammt. Erlauben Sie den Zugriff nur, wenn Sie den Vorgang selbst gestartet haben.',

  failedTitle: 'Das hat nicht funktioniert',
  beginAgain: 'Gehen Sie zurück zur App, die Sie hierher geschickt hat, und beginnen Sie von vorn.',
  unknownApp: 'Die App, die Sie hierher geschickt hat, ist hier nicht bekannt.',
  removedApp: 'Die App, die Sie hierher geschickt hat, ist hier nicht mehr bekannt.',
  unknownDestination:
    'Die App, die Sie hierher geschickt hat, möchte Sie an eine Adresse weiterleiten, die nicht für sie registriert ist.',
  badRequest:
    'Die App, die Sie hierher geschickt hat, hat eine Anfrage gestellt, die wir nicht annehmen können.',
  technicalDetails: 'Einzelheiten für Entwickler',
  serverError: 'Bei uns ist ein Fehler aufgetreten.',
  expired: 'Diese Seite ist abgelaufen oder gehört zu einem anderen Browser.',
  foreignForm: 'Dieses Formular wurde nicht von unserer Seite gesendet.',
  tryAgainTitle: 'Bitte versuchen Sie es noch einmal',
  unavailable:
    'Wir können gerade nicht antworten. Laden Sie diese Seite in einigen Augenblicken neu.',

  deviceTitle: 'Gerät verbinden',
  deviceIntro: 'Geben Sie den Code ein, den Ihr Gerät anzeigt.',
  deviceCode: 'Code',
  next: 'Weiter',
  deviceWrongCode: 'Dieser Code stimmt nicht. Prüfen Sie ihn und versuchen Sie es noch einmal.',
  deviceExpiredCode: 'Dieser Code ist abgelaufen. Fordern Sie auf Ihrem Gerät einen neuen an.',
  deviceUsedCode:
    'Dieser Code wurde bereits verwendet. Fordern Sie auf Ihrem Gerät einen neuen an.',
  deviceFailed: 'Das hat nicht funktioniert. Geben Sie den Code noch einmal ein.',
  deviceFailedTitle: 'Fehler: {title}',
  deviceConfirmTitle: 'Zeigt Ihr Gerät diesen Code an?',
  deviceConfirm: '{app} wird mit Ihrem Konto verbunden.',
  deviceWarning:
    'Fahren Sie nur fort, wenn Sie den Vorgang selbst gestartet haben und das Gerät mit dem Code vor sich haben.',
  deviceDoneTitle: 'Ihr Gerät ist verbunden',
  deviceDone: 'Kehren Sie zu {app} auf Ihrem Gerät zurück. Sie können diese Seite schließen.',
  deviceStoppedTitle: 'Ihr Gerät wurde nicht verbunden',
  deviceStopped: 'Es wurde kein Zugriff erlaubt. Sie können diese Seite schließen.',
};
