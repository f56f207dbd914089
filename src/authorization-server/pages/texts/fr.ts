import type { Texts } from './texts';

export const french: Texts = {
  logIn: 'Se connecter',
  continueTo: 'Pour continuer vers {app}',
  username: 'Identifiant',
  password: 'Mot de passe',
  logInButton: 'Se connecter',
  cancel: 'Annuler',
  wrongPassword: 'Identifiant ou mot de passe incorrect.',
  wrongPasswordTitle: 'Identifiant ou mot de passe incorrect : {title}',

  allowTitle: 'Autoriser {app} ?',
  loggedInAs: 'Vous êtes connecté en tant que {user}.',
  permissions: {
    one: '{app} demande l’autorisation suivante :',
    other: '{app} demande les autorisations suivantes :',
  },
  goBackTo: 'Vous reviendrez ensuite sur {destination}.',
  goBackToDevice: 'Vous reviendrez ensuite à une application de cet appareil ({destination}).',
  allow: 'Autoriser',
  deny: 'Refuser',
  unverified: 'Application non vérifiée',
  unverifiedHost:
    'Nous savons seulement que cette application provient de {host}. Ne l’autorisez que si vous faites confiance à ce site.',
  unverifiedApp:
    'Personne n’a vérifié l’origine de cette application. Ne l’autorisez que si vous êtes à l’origine de cette demande.',

  failedTitle: 'Un problème est survenu',
  beginAgain: 'Revenez à l’application d’où vous venez et recommencez.',
  unknownApp: 'L’application d’où vous venez n’est pas connue de ce site.',
  removedApp: 'L’application d’où vous venez n’est plus connue de ce site.',
  unknownDestination:
    'L’application d’où vous venez veut vous diriger vers une adresse qui n’est pas enregistrée pour elle.',
  badRequest:
    'L’application d’où vous venez a envoyé une demande que ce site ne peut pas accepter.',
  technicalDetails: 'Détails pour les développeurs',
  serverError: 'Une erreur s’est produite de notre côté.',
  expired: 'Cette page a expiré ou appartient à un autre navigateur.',
  foreignForm: 'Ce formulaire n’a pas été envoyé depuis notre page.',
  tryAgainTitle: 'Veuillez réessayer',
  unavailable:
    'Nous ne pouvons pas répondre pour le moment. Rechargez cette page dans quelques instants.',

  deviceTitle: 'Connecter un appareil',
  deviceIntro: 'Saisissez le code affiché sur votre appareil.',
  deviceCode: 'Code',
  next: 'Continuer',
  deviceWrongCode: 'Ce code est incorrect. Vérifiez-le et réessayez.',
  deviceExpiredCode: 'Ce code a expiré. Demandez-en un nouveau sur votre appareil.',
  deviceUsedCode: 'Ce code a déjà été utilisé. Demandez-en un nouveau sur votre appareil.',
  deviceFailed: 'Un problème est survenu. Saisissez le code à nouveau.',
  deviceFailedTitle: 'Erreur : {title}',
  deviceConfirmTitle: 'Votre appareil affiche-t-il ce code ?',
  deviceConfirm: '{app} sera connectée à votre compte.',
  deviceWarning:
    'Ne continuez que si vous êtes à l’origine de cette demande et si l’appareil qui affiche le code est devant vous.',
  deviceDoneTitle: 'Votre appareil est connecté',
  deviceDone: 'Revenez à {app} sur votre appareil. Vous pouvez fermer cette page.',
  deviceStoppedTitle: 'Votre appareil n’a pas été connecté',
  deviceStopped: 'Aucun accès n’a été autorisé. Vous pouvez fermer cette page.',
};
