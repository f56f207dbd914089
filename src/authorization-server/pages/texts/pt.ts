import type { Texts } from './texts';

export const portuguese: Texts = {
  logIn: 'Entrar',
  continueTo: 'Para continuar em {app}',
  username: 'Usuário',
  password: 'Senha',
  logInButton: 'Entrar',
  cancel: 'Cancelar',
  wrongPassword: 'Usuário ou senha incorretos.',
  wrongPasswordTitle: 'Usuário ou senha incorretos: {title}',

  allowTitle: 'Permitir {app}?',
  loggedInAs: 'Você entrou como {user}.',
  permissions: {
    one: '{app} solicita esta permissão:',
    other: '{app} solicita estas permissões:',
  },
  goBackTo: 'Depois, você voltará para {destination}.',
  goBackToDevice: 'Depois, você voltará para um aplicativo neste dispositivo ({destination}).',
  allow: 'Permitir',
  deny: 'Recusar',
  unverified: 'Aplicativo não verificado',
  unverifiedHost:
    'Tudo o que sabemos sobre este aplicativo é que ele vem de {host}. Permita o acesso somente se você confia nesse site.',
  unverifiedApp:
    'Ninguém verificou quem criou este aplicativo. Permita o acesso somente se foi você quem iniciou este processo.',

  failedTitle: 'Algo deu errado',
  beginAgain: 'Volte ao aplicativo de onde você veio e comece de novo.',
  unknownApp: 'O aplicativo de onde você veio não é conhecido por este site.',
  removedApp: 'O aplicativo de onde você veio não é mais conhecido por este site.',
  unknownDestination:
    'O aplicativo de onde você veio quer enviar você a um endereço que não está registrado para ele.',
  badRequest:
    'O aplicativo de onde você veio enviou uma solicitação que este site não pode aceitar.',
  technicalDetails: 'Detalhes para desenvolvedores',
  serverError: 'Ocorreu um erro do nosso lado.',
  expired: 'Esta página expirou ou pertence a outro navegador.',
  foreignForm: 'Este formulário não foi enviado a partir da nossa página.',
  tryAgainTitle: 'Tente novamente',
  unavailable: 'Não podemos responder no momento. Recarregue esta página em alguns instantes.',

  deviceTitle: 'Conectar um dispositivo',
  deviceIntro: 'Digite o código exibido no seu dispositivo.',
  deviceCode: 'Código',
  next: 'Continuar',
  deviceWrongCode: 'Este código não está correto. Confira e tente novamente.',
  deviceExpiredCode: 'Este código expirou. Solicite um novo no seu dispositivo.',
  deviceUsedCode: 'Este código já foi usado. Solicite um novo no seu dispositivo.',
  deviceFailed: 'Algo deu errado. Digite o código novamente.',
  deviceFailedTitle: 'Erro: {title}',
  deviceConfirmTitle: 'Seu dispositivo mostra este código?',
  deviceConfirm: '{app} será conectado à sua conta.',
  deviceWarning:
    'Continue somente se foi você quem iniciou este processo e se o dispositivo que mostra o código está na sua frente.',
  deviceDoneTitle: 'Seu dispositivo está conectado',
  deviceDone: 'Volte para {app} no seu dispositivo. Você pode fechar esta página.',
  deviceStoppedTitle: 'Seu dispositivo não foi conectado',
  deviceStopped: 'Nenhum acesso foi permitido. Você pode fechar esta página.',
};
