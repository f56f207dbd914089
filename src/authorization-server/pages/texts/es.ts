import type { Texts } from './texts';

export const spanish: Texts = {
  logIn: 'Iniciar sesión',
  continueTo: 'Para continuar a {app}',
  username: 'Usuario',
  password: 'Contraseña',
  logInButton: 'Iniciar sesión',
  cancel: 'Cancelar',
  wrongPassword: 'El usuario o la contraseña no son correctos.',
  wrongPasswordTitle: 'Usuario o contraseña incorrectos: {title}',

  allowTitle: '¿Permitir {app}?',
  loggedInAs: 'Has iniciado sesión como {user}.',
  permissions: {
    one: '{app} solicita este permiso:',
    other: '{app} solicita estos permisos:',
  },
  goBackTo: 'Después volverás a {destination}.',
  goBackToDevice: 'Después volverás a una aplicación de este dispositivo ({destination}).',
  allow: 'Permitir',
  deny: 'Rechazar',
  unverified: 'Aplicación no verificada',
  unverifiedHost:
    'Lo único que sabemos de esta aplicación es que procede de {host}. Permite el acceso solo si confías en ese sitio.',
  unverifiedApp:
    'Nadie ha comprobado quién ha creado esta aplicación. Permite el acceso solo si has iniciado tú este proceso.',

  failedTitle: 'Algo no ha funcionado',
  beginAgain: 'Vuelve a la aplicación desde la que has llegado y empieza de nuevo.',
  unknownApp: 'Este sitio no conoce la aplicación desde la que has llegado.',
  removedApp: 'Este sitio ya no conoce la aplicación desde la que has llegado.',
  unknownDestination:
    'La aplicación desde la que has llegado quiere enviarte a una dirección que no está registrada para ella.',
  badRequest:
    'La aplicación desde la que has llegado ha enviado una solicitud que este sitio no puede aceptar.',
  technicalDetails: 'Detalles para desarrolladores',
  serverError: 'Se ha producido un error en nuestro sitio.',
  expired: 'Esta página ha caducado o pertenece a otro navegador.',
  foreignForm: 'Este formulario no se ha enviado desde nuestra página.',
  tryAgainTitle: 'Inténtalo de nuevo',
  unavailable:
    'No podemos responder en este momento. Vuelve a cargar esta página en unos instantes.',

  deviceTitle: 'Conectar un dispositivo',
  deviceIntro: 'Introduce el código que muestra tu dispositivo.',
  deviceCode: 'Código',
  next: 'Continuar',
  deviceWrongCode: 'Este código no es correcto. Compruébalo e inténtalo de nuevo.',
  deviceExpiredCode: 'Este código ha caducado. Solicita uno nuevo en tu dispositivo.',
  deviceUsedCode: 'Este código ya se ha utilizado. Solicita uno nuevo en tu dispositivo.',
  deviceFailed: 'Algo no ha funcionado. Vuelve a introducir el código.',
  deviceFailedTitle: 'Error: {title}',
  deviceConfirmTitle: '¿Muestra tu dispositivo este código?',
  deviceConfirm: '{app} se conectará a tu cuenta.',
  deviceWarning:
    'Continúa solo si has iniciado tú este proceso y tienes delante el dispositivo que muestra el código.',
  deviceDoneTitle: 'Tu dispositivo está conectado',
  deviceDone: 'Vuelve a {app} en tu dispositivo. Puedes cerrar esta página.',
  deviceStoppedTitle: 'Tu dispositivo no se ha conectado',
  deviceStopped: 'No se ha permitido ningún acceso. Puedes cerrar esta página.',
};
